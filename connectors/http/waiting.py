"""Waiting that can be seen and cancelled."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from connectors.errors import SyncCancelledError

_CHECK_EVERY = 0.2
"""Seconds between two looks at whether the run was cancelled."""


class Waiting:
    """Lets time pass for the requests of one client.

    `on_wait` gets the reason when requests wait, and None when none does any more.
    """

    def __init__(
        self,
        on_wait: Callable[[str | None], None] | None,
        cancelled: Callable[[], bool],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._on_wait = on_wait
        self._cancelled = cancelled
        self._clock = clock
        self._sleep = sleep
        self._waiters = 0

    def stop_if_cancelled(self) -> None:
        """Raise SyncCancelledError when the run was asked to stop."""
        if self._cancelled():
            raise SyncCancelledError("The run was cancelled.")

    async def pause(self, seconds: float, why: str) -> float:
        """Wait; returns the seconds that it took. Raises SyncCancelledError as soon as the run is cancelled."""
        self.stop_if_cancelled()
        began = self._clock()
        self._waiters += 1
        self._tell(f"{why}: {math.ceil(seconds)} s")
        try:
            while (left := began + seconds - self._clock()) > 0:
                await self._sleep(min(left, _CHECK_EVERY))
                self.stop_if_cancelled()
        finally:
            self._waiters -= 1
            if not self._waiters:
                self._tell(None)
        return self._clock() - began

    def _tell(self, reason: str | None) -> None:
        if self._on_wait is not None:
            self._on_wait(reason)
