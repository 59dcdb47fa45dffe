"""What goes on with the connections, whoever does it: other processes sync, connect and schedule too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from revtops_tui.engine.history import RunInfo, runs_of
from revtops_tui.engine.locks import run_holder
from revtops_tui.engine.workspace import Workspace
from store import connections as store
from store.connections import Connection
from store.schedules import next_due


@dataclass(frozen=True)
class Activity:
    """The connections, when each is due next, and by selector the runs that other processes make."""

    connections: tuple[Connection, ...]
    due: tuple[str | None, ...]
    elsewhere: Mapping[str, RunInfo]


def activity(ws: Workspace) -> Activity:
    """How it stands. No record is read or counted: it is cheap enough to be asked for once a second."""
    connections = tuple(store.connections(ws.database, ws.organization_id))
    due = tuple(next_due(ws.database, connection.id) for connection in connections)
    running = {connection.selector: _elsewhere(ws, connection) for connection in connections}
    return Activity(connections, due, {selector: run for selector, run in running.items() if run})


def _elsewhere(ws: Workspace, connection: Connection) -> RunInfo | None:
    """The run of a connection that another process makes now."""
    holder = run_holder(ws.home, connection.id)
    if holder is None or holder.pid == os.getpid():
        return None
    return next((run for run in runs_of(ws, [connection], 1) if run.status == "running"), None)
