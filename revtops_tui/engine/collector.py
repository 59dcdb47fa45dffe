"""When Python looks for cyclic garbage, in a process that syncs or shows the app.

A page of records is a thousand short-lived objects that reference counting frees by itself. Python's collector would
look at everything alive again and again because of them: it took two thirds of the CPU of an unchanged re-sync. The
lines of a screen are as many, and for each look at everything the app stood still: 0.15 s, every 15 keys or so.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ALLOCATIONS = 50_000
"""So many objects does a collection look at, each for about 1 us, while every thread waits: seldom, but not long."""
_lock = threading.Lock()
_users = 0
_usual = gc.get_threshold()
_modules = 0


@contextmanager
def calm_collector() -> Iterator[None]:
    """Collect rarely inside; the last to leave restores what was usual. Cycles are still collected, later."""
    global _users, _usual  # noqa: PLW0603 - the collector is the process's own
    with _lock:
        if _users == 0:
            _usual = gc.get_threshold()
            gc.set_threshold(_ALLOCATIONS, *_usual[1:])
        _users += 1
    keep_modules()
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                gc.set_threshold(*_usual)


def keep_modules() -> None:
    """Where modules were imported since the last time, never look again at what is alive now: most of it is theirs, and
    stays until the end. Cheap enough to be asked now and then.
    """
    global _modules  # noqa: PLW0603 - likewise
    with _lock:
        if len(sys.modules) != _modules:
            _modules = len(sys.modules)
            gc.freeze()
