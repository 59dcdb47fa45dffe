"""HubSpot's rate limits: so many requests in ten seconds, so many searches a second, so many requests a day."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

_DAY = 86_400.0


@dataclass(frozen=True)
class RateLimit:
    """The limits of an account. `interval` is in seconds."""

    requests: int = 100
    interval: float = 10.0
    searches_per_second: int = 5
    daily: int = 250_000


class Limiter:
    """Counts requests against a limit, in rolling windows."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._burst: deque[float] = deque()
        self._searches: deque[float] = deque()
        self._today = 0
        self._day_began = time.monotonic()

    def refusal(self, *, is_search: bool) -> str | None:
        """The policy that refuses this request, None when it may pass; only a request that passes is counted."""
        now = time.monotonic()
        if now - self._day_began >= _DAY:
            self._today, self._day_began = 0, now
        _forget(self._burst, now - self._limit.interval)
        _forget(self._searches, now - 1.0)
        if self._today >= self._limit.daily:
            return "DAILY"
        if is_search and len(self._searches) >= self._limit.searches_per_second:
            return "SECONDLY"
        if len(self._burst) >= self._limit.requests:
            return "TEN_SECONDLY_ROLLING"
        self._today += 1
        self._burst.append(now)
        if is_search:
            self._searches.append(now)
        return None

    def headers(self, *, is_search: bool) -> dict[str, str]:
        """The headers that tell what is left; HubSpot's search endpoints send none."""
        if is_search:
            return {}
        return {
            "X-HubSpot-RateLimit-Max": str(self._limit.requests),
            "X-HubSpot-RateLimit-Remaining": str(max(0, self._limit.requests - len(self._burst))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(self._limit.interval * 1000)),
            "X-HubSpot-RateLimit-Daily": str(self._limit.daily),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, self._limit.daily - self._today)),
        }


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
