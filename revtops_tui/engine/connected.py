"""What an organization is connected to, to be listed: read from the database alone, and nothing heavy is imported."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass, field

from revtops_tui.engine.oauth.scopes import missing
from revtops_tui.engine.workspace import Workspace
from store import connections as store
from store.clock import moment_of
from store.connections import Connection
from store.schedules import next_due

DEFAULT_NAME = store.DEFAULT_NAME
"""Of a connection that was given none: its selector is the slug alone."""


@dataclass(frozen=True)
class Proof:
    """What the vendor said when credentials were tried: whose they are, what they may do, and how often.

    `missing`: the scopes that the connector declares, and that the credentials were not given.
    """

    identity: str
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    limits: str = ""


@dataclass(frozen=True)
class ConnectionInfo:
    """A connection as faces show it. `counts`: live rows per entity; `next_sync_at` is None without a schedule.

    `user_id`: who made it, where its connector's scope is USER: each may have one of their own.
    `granted_scopes`: what it may do, as it was last known, and `missing_scopes`, what its connector could use besides;
    both are empty where the vendor does not say.
    `proof` is there when the credentials were just tried.
    """

    id: int
    slug: str
    name: str
    organization_id: str
    status: str
    identity: str | None
    base_url: str | None
    last_sync_at: dt.datetime | None
    last_error: str | None
    counts: dict[str, int]
    next_sync_at: dt.datetime | None = None
    user_id: str | None = None
    granted_scopes: tuple[str, ...] = ()
    missing_scopes: tuple[str, ...] = ()
    proof: Proof | None = field(default=None, compare=False)

    @property
    def selector(self) -> str:
        """How commands name it."""
        return self.slug if self.name == DEFAULT_NAME else f"{self.slug}:{self.name}"


def connections(ws: Workspace) -> list[ConnectionInfo]:
    """The organization's connections."""
    return [info_of(ws, found) for found in store.connections(ws.database, ws.organization_id)]


def info_of(ws: Workspace, found: Connection) -> ConnectionInfo:
    """A stored connection as faces show it."""
    last_sync_at = None
    with suppress(TypeError, ValueError):
        last_sync_at = moment_of(found.last_sync_at or "")
    due = next_due(ws.database, found.id)
    granted = found.scopes
    return ConnectionInfo(
        found.id,
        found.slug,
        found.name,
        found.organization_id,
        found.status,
        found.identity,
        found.base_url,
        last_sync_at,
        _trouble(ws, found),
        store.counts(ws.database, found.id),
        moment_of(due) if due else None,
        found.user_id,
        granted,
        _missing(ws, found.slug, granted),
    )


def _trouble(ws: Workspace, found: Connection) -> str | None:
    if found.credentials_key in ws.unstored:
        return (
            f"{ws.credentials.name} did not take the renewed token, so it is held in memory, and lost when this "
            "program ends: unlock it, then test the connection."
        )
    return found.last_error


def _missing(ws: Workspace, slug: str, granted: tuple[str, ...]) -> tuple[str, ...]:
    connector = ws.catalog.get(slug) if granted else None
    return missing(connector.manifest["oauth_scopes"], granted) if connector else ()
