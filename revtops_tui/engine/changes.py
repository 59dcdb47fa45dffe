"""Noticing that something was stored, by whichever process: so that a face shows at once what others do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

from revtops_tui.engine.errors import people
from revtops_tui.engine.workspace import Workspace
from store.database import connect

LOOK_SECONDS = 1.0


def watch(
    ws: Workspace, on_change: Callable[[], object], cancel: threading.Event, *, every: float = LOOK_SECONDS
) -> None:
    """Call `on_change` whenever something was committed since the last look, by anyone, until `cancel` is set.

    The first call comes at once: what was stored before the look began is news as well. A look, every so many seconds,
    reads SQLite's own counter and no table. Calls are made from this thread. Raises EngineError.
    """
    try:
        with closing(connect(ws.database.path, read_only=True)) as reader:
            last = -1
            while not cancel.is_set():
                # Only changes on one connection: that is why it is kept, and is nobody else's.
                (counter,) = reader.execute("PRAGMA data_version").fetchone()
                if counter != last:
                    last = counter
                    on_change()
                cancel.wait(every)
    except Exception as error:
        raise people(error) from error
