"""The runs of connections, past and under way: read from the database alone, and nothing heavy is imported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from revtops_tui.engine.locks import run_holder
from revtops_tui.engine.workspace import Workspace
from store import runs as store
from store.clock import moment_of
from store.connections import Connection, selector_of


@dataclass(frozen=True)
class RunInfo:
    """A run of the past, or one that is under way."""

    id: int
    slug: str
    name: str
    status: str
    mode: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    seconds: float | None
    error: str | None
    entities: dict[str, dict[str, int]]

    @property
    def selector(self) -> str:
        """How commands name its connection."""
        return selector_of(self.slug, self.name)


def runs_of(ws: Workspace, connections: Iterable[Connection], limit: int) -> list[RunInfo]:
    """The newest runs of these connections, newest first."""
    by_id = {connection.id: connection for connection in connections}
    found = store.recent_runs(ws.database, list(by_id), limit)
    return [_run_info(ws, run, by_id[run.connection_id]) for run in found]


def _run_info(ws: Workspace, run: store.SyncRun, connection: Connection) -> RunInfo:
    if run.status == "running" and run_holder(ws.home, connection.id) is None:  # its process was killed
        run = replace(run, status="aborted", error=store.ABANDONED)
    started = moment_of(run.started_at)
    finished = moment_of(run.finished_at) if run.finished_at else None
    seconds = (finished - started).total_seconds() if finished else None
    return RunInfo(
        run.id,
        connection.slug,
        connection.name,
        run.status,
        run.mode,
        started,
        finished,
        seconds,
        run.error,
        run.entities,
    )
