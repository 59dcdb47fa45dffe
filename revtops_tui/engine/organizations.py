"""Organizations: whose data is seen."""

from __future__ import annotations

from dataclasses import dataclass

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import CURRENT_ORGANIZATION, Workspace
from store import connections as store


@dataclass(frozen=True)
class Organization:
    """An organization, and how many connections it has; `current` is the one in use."""

    id: str
    name: str
    current: bool
    connections: int


def organizations(ws: Workspace) -> list[Organization]:
    """Every organization of the data directory."""
    return [
        Organization(o.id, o.name, o.id == ws.organization_id, len(store.connections(ws.database, o.id)))
        for o in store.organizations(ws.database)
    ]


def create_organization(ws: Workspace, name: str) -> Organization:
    """Create an organization; its id is its name. Raises EngineError when the name is taken or empty."""
    name = name.strip()
    if not name or not name.isprintable() or "/" in name:
        raise EngineError("invalid_input", "An organization needs a name without control characters and slashes.")
    if any(o.id == name for o in store.organizations(ws.database)):
        raise EngineError("invalid_input", f"There is an organization {name} already.", hint=f"revtops org use {name}")
    store.ensure_organization(ws.database, name, name)
    return Organization(name, name, current=name == ws.organization_id, connections=0)


def use_organization(ws: Workspace, organization_id: str) -> Organization:
    """Make an organization the current one. Raises EngineError when it does not exist."""
    for organization in store.organizations(ws.database):
        if organization.id == organization_id:
            store.save_setting(ws.database, CURRENT_ORGANIZATION, organization_id)
            count = len(store.connections(ws.database, organization_id))
            return Organization(organization.id, organization.name, current=True, connections=count)
    known = ", ".join(o.id for o in store.organizations(ws.database)) or "none yet"
    raise EngineError("invalid_input", f"There is no organization {organization_id}.", hint=f"There are: {known}.")
