"""Counting requests against a limit, as vendors do."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """At most `requests` in any `per` seconds."""

    requests: int
    per: float


class Meter:
    """One limit and what was spent of it, in a rolling window."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._taken: deque[float] = deque()

    def take(self) -> float:
        """Spend one request; returns 0, or the seconds until the next one would pass: then nothing was spent."""
        now = time.monotonic()
        self._forget(now)
        if len(self._taken) >= self.limit.requests:
            return max(0.001, self.resets_in)
        self._taken.append(now)
        return 0.0

    @property
    def remaining(self) -> int:
        """How many requests are left now."""
        self._forget(time.monotonic())
        return max(0, self.limit.requests - len(self._taken))

    @property
    def resets_in(self) -> float:
        """Seconds until the oldest request no longer counts; a whole window where none ever passes."""
        if not self._taken:
            return 0.0 if self.limit.requests else self.limit.per
        return max(0.0, self._taken[0] + self.limit.per - time.monotonic())

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0] <= now - self.limit.per:
            self._taken.popleft()
