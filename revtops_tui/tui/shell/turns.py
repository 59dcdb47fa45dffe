"""Whose turn it is: the thread that draws goes before those that sync.

Python runs one thread at a time, and takes the turn from one that does not give it up once another has waited for 5 ms.
Between a sync and the screen that is wrong both ways: a key waits those 5 ms before it is looked at, again and again,
and what it changes is drawn in pieces, between which a sync and the database's writer each work for as long.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
from collections.abc import Callable

_WHILE_IT_WAITS = 0.001
"""Seconds until the event loop gets its turn when it has something to do."""
_WHILE_IT_WORKS = 0.02
"""Seconds that it may work before others get theirs: it draws a screen in less."""


class _Polite(selectors.DefaultSelector):
    """Gives the turn away while it waits, and takes it back soon."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What can be read or written, as any selector."""
        sys.setswitchinterval(_WHILE_IT_WAITS)
        try:
            return super().select(timeout)
        finally:
            sys.setswitchinterval(_WHILE_IT_WORKS)


def loop_that_goes_first() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """How to make such an event loop; None where a selector's loop cannot do all that the app needs (Windows)."""
    return None if sys.platform == "win32" else lambda: asyncio.SelectorEventLoop(_Polite())
