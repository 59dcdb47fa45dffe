"""Syncing connections: the same function for the command line, the terminal app and schedules.

Blocking: a face with an event loop of its own calls it in a thread, where it runs its own loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from revtops_tui.engine.choice import chosen
from revtops_tui.engine.collector import calm_collector, keep_modules
from revtops_tui.engine.connections import find
from revtops_tui.engine.history import RunInfo, runs_of
from revtops_tui.engine.run import SyncOptions
from revtops_tui.engine.sync_job import EntityProgress, Job, Progress, RunResult
from revtops_tui.engine.workspace import Workspace
from store import connections as store

if TYPE_CHECKING:
    from connectors.http import Exchange

__all__ = ["EntityProgress", "Progress", "RunInfo", "RunResult", "SyncOptions", "runs", "sync"]

_TICK = 0.1
_CONNECTIONS_AT_ONCE = 4


def sync(
    ws: Workspace,
    selectors: Sequence[str] = (),
    options: SyncOptions | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    on_exchange: Callable[[Exchange], None] | None = None,
    cancel: threading.Event | None = None,
) -> list[RunResult]:
    """Sync the named connections, or every one that can; a vendor's failure is in its result.

    Args:
        on_progress: called from this thread, at most ten times a second for each connection.
        cancel: set it to stop; what was committed is kept.

    Raises EngineError for bad input and for connections that do not exist.
    """
    options = options or SyncOptions()
    jobs = [Job(ws, connection, options, on_exchange) for connection in chosen(ws, selectors, options)]
    with calm_collector():
        return asyncio.run(_run_all(jobs, on_progress or (lambda _: None), cancel or threading.Event()))


def runs(ws: Workspace, selector: str | None = None, limit: int = 20) -> list[RunInfo]:
    """The newest runs, of one connection or of all, newest first."""
    mine = [find(ws, selector)] if selector else store.connections(ws.database, ws.organization_id)
    return runs_of(ws, mine, limit)


async def _run_all(
    jobs: list[Job], on_progress: Callable[[Progress], None], cancel: threading.Event
) -> list[RunResult]:
    gate = asyncio.Semaphore(_CONNECTIONS_AT_ONCE)

    tasks = [asyncio.create_task(job.run(gate)) for job in jobs]
    ticker = asyncio.create_task(_tick(jobs, tasks, on_progress, cancel))
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        ticker.cancel()
        for job in jobs:
            on_progress(job.progress())


async def _tick(
    jobs: list[Job],
    tasks: list[asyncio.Task[RunResult]],
    on_progress: Callable[[Progress], None],
    cancel: threading.Event,
) -> None:
    """Ten times a second: tell who listens, and hear whether it should stop."""
    while True:
        await asyncio.sleep(_TICK)
        keep_modules()  # the connector's, and what it imports where that is used
        for job in jobs:
            on_progress(job.progress())
        if cancel.is_set():
            for job, task in zip(jobs, tasks, strict=True):
                if not job.cancelled:
                    job.cancelled = True
                    task.cancel()
