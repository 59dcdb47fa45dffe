"""Fewer garbage collections while a sync runs.

A page of records is a thousand short-lived objects that reference counting frees by itself. Python's collector would
look at everything alive again and again because of them: it took two thirds of the CPU of an unchanged re-sync.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ALLOCATIONS = 100_000
_lock = threading.Lock()
_users = 0
_usual = gc.get_threshold()


@contextmanager
def calm_collector() -> Iterator[None]:
    """Collect rarely inside; the last to leave restores what was usual. Cycles are still collected, later."""
    global _users, _usual  # noqa: PLW0603 - the collector is the process's own
    with _lock:
        if _users == 0:
            _usual = gc.get_threshold()
            gc.freeze()  # modules and classes: alive until the end, no need to look at them
            gc.set_threshold(_ALLOCATIONS, *_usual[1:])
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                gc.set_threshold(*_usual)
                gc.unfreeze()
