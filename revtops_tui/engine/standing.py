"""How an organization stands beyond its connections: what waits for somebody, and who sees to schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from revtops_tui.engine.locks import daemon_holder
from revtops_tui.engine.organizations import Organization, organizations
from revtops_tui.engine.workspace import Workspace
from store import approvals, connections, events
from store.rejections import rejected_counts


@dataclass(frozen=True)
class Standing:
    """`rejected`: records set aside, by their connection's selector. `failed`: events that could not be handled."""

    organizations: tuple[Organization, ...]
    rejected: Mapping[str, int]
    waiting: int
    failed: int
    has_daemon: bool


def standing(ws: Workspace) -> Standing:
    """Count what there is to see to. No record is read."""
    mine, database = ws.organization_id, ws.database
    selectors = {one.id: one.selector for one in connections.connections(database, mine)}
    rejected = rejected_counts(database, mine)
    approvals.expire(database, mine)
    told = events.counts(database, mine)
    return Standing(
        organizations=tuple(organizations(ws)),
        rejected={selectors[one]: count for one, count in rejected.items() if one in selectors},
        waiting=len(approvals.approvals(database, mine, status="waiting", limit=1000)),
        failed=told.get("failed", 0) + told.get("set_aside", 0),
        has_daemon=daemon_holder(ws.home) is not None,
    )
