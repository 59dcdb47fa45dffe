"""HubSpot's rate limits: so many requests in ten seconds, so many searches a second, so many requests a day."""

from __future__ import annotations

from dataclasses import dataclass

from revtops_tui.simulators.limits import Limit, Meter

_DAY = 86_400.0


@dataclass(frozen=True)
class RateLimit(Limit):
    """The limits of an account."""

    requests: int = 100
    per: float = 10.0
    searches_per_second: int = 5
    daily: int = 250_000


class Limiter:
    """Counts requests against the limits of an account."""

    def __init__(self, limit: RateLimit) -> None:
        self._burst = Meter(limit)
        self._searches = Meter(Limit(limit.searches_per_second, 1.0))
        self._today = Meter(Limit(limit.daily, _DAY))

    def refusal(self, *, is_search: bool) -> str | None:
        """The policy that refuses this request, None when it may pass; only a request that passes is counted."""
        meters = {"DAILY": self._today, "TEN_SECONDLY_ROLLING": self._burst}
        if is_search:
            meters["SECONDLY"] = self._searches
        for policy, meter in meters.items():
            if not meter.remaining:
                return policy
        for meter in meters.values():
            meter.take()
        return None

    def headers(self, *, is_search: bool) -> dict[str, str]:
        """The headers that tell what is left; HubSpot's search endpoints send none."""
        if is_search:
            return {}
        return {
            "X-HubSpot-RateLimit-Max": str(self._burst.limit.requests),
            "X-HubSpot-RateLimit-Remaining": str(self._burst.remaining),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(self._burst.limit.per * 1000)),
            "X-HubSpot-RateLimit-Daily": str(self._today.limit.requests),
            "X-HubSpot-RateLimit-Daily-Remaining": str(self._today.remaining),
        }
