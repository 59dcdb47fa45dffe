"""Stopping a task of the event loop from another thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from revtops_tui.engine.errors import EngineError

_LOOK_SECONDS = 0.05
"""How often the event is looked at: an event of a thread cannot be awaited."""


@asynccontextmanager
async def cancelled_by(cancel: threading.Event | None) -> AsyncIterator[None]:
    """Cancel the task inside when `cancel` is set, so that a connector can tell its system to stop too.

    Raises EngineError (cancelled) then, after the task has put things in order.
    """
    task = asyncio.current_task()
    if cancel is None or task is None:
        yield
        return
    watcher = asyncio.create_task(_watch(cancel, task))
    try:
        yield
    except asyncio.CancelledError:
        if not cancel.is_set():
            raise
        task.uncancel()
        raise EngineError("cancelled", "The request was cancelled.") from None
    finally:
        watcher.cancel()


async def _watch(cancel: threading.Event, task: asyncio.Task[object]) -> None:
    while not cancel.is_set():  # noqa: ASYNC110 - see _LOOK_SECONDS
        await asyncio.sleep(_LOOK_SECONDS)
    task.cancel()
