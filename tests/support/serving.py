"""The listener and the local API as they are served, in a thread of the test's own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from revtops_tui import api
from revtops_tui.engine import inbox
from revtops_tui.engine.workspace import Workspace

_SECONDS = 30


@contextmanager
def served(serve: Callable[..., None], ws: Workspace) -> Iterator[str]:
    """`api.serve` or `api.listen` at a free port, until the block ends: its address."""
    cancel = threading.Event()
    address: queue.SimpleQueue[str] = queue.SimpleQueue()
    thread = threading.Thread(target=serve, args=(ws,), kwargs={"port": 0, "cancel": cancel, "on_serving": address.put})
    thread.start()
    try:
        yield address.get(timeout=_SECONDS)
    finally:
        cancel.set()
        thread.join(_SECONDS)
        assert not thread.is_alive()


@contextmanager
def listening(ws: Workspace) -> Iterator[str]:
    """A listener whose inbox is worked on, until the block ends: its address."""
    cancel = threading.Event()
    worker = threading.Thread(target=inbox.work, args=(ws, cancel))
    with served(api.listen, ws) as address:
        worker.start()
        try:
            yield address
        finally:
            cancel.set()
            worker.join(_SECONDS)
            assert not worker.is_alive()
