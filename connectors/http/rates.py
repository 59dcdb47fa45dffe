"""How fast a vendor may be asked: declared budgets, and the limits it states in its answers, in one unit (seconds)."""

from __future__ import annotations

import datetime as dt
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

_EPOCH_MILLISECONDS = 1e11
_EPOCH_SECONDS = 1e9
"""Above these a reset value is a point in time (1973 in milliseconds, 2001 in seconds); below, a span in seconds."""

_REMAINING = b"-remaining"

RawHeaders = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class RateBudget:
    """At most `requests` in any span of `per` seconds. Several budgets of one `name` hold together."""

    requests: int
    per: float
    name: str = "default"


@dataclass(frozen=True)
class Limit:
    """What an answer says of a limit: `remaining` requests for another `seconds`.

    With `is_window`, `seconds` is the length of the vendor's counting window, not the time until it ends.
    """

    name: bytes
    remaining: int
    seconds: float
    is_window: bool = False


@dataclass(frozen=True)
class BudgetLeft:
    """`requests` more may be sent, until something frees up in `seconds`; of how many, where that is declared."""

    requests: int
    seconds: float
    of: int | None = None


def parse_retry_after(value: str | None, now: dt.datetime) -> float | None:
    """The seconds that a Retry-After header asks for, or None where it says nothing one can wait for.

    Vendors send whole seconds, fractions, and HTTP dates (RFC 9110, 10.2.3). Zero, negative values, past dates and
    garbage are None: repeating at once is what the refusal was about.
    """
    if value is None:
        return None
    seconds = _number(value)
    if seconds is None:
        moment = _http_date(value)
        seconds = None if moment is None else (moment - now).total_seconds()
    return seconds if seconds is not None and seconds > 0 else None


def answered_at(date_header: str | None) -> dt.datetime:
    """The vendor's own time of an answer: spans are reckoned on its clock, so that ours may be wrong."""
    return _http_date(date_header or "") or dt.datetime.now(dt.UTC)


def read_limits(headers: RawHeaders) -> list[Limit]:
    """The limits that an answer's headers state, each with the time until it is lifted.

    Known forms: `X-HubSpot-RateLimit-Remaining` with `-Interval-Milliseconds` (the window's length), and
    `[X-]RateLimit[-Scope]-Remaining` with `-Reset` in relative seconds (Pipedrive), epoch seconds (GitHub) or epoch
    milliseconds (Linear). A limit without its time, like HubSpot's daily one, is left out: it cannot be waited for.
    """
    found = {low: value.decode("latin-1") for name, value in headers if b"ratelimit" in (low := name.lower())}
    named = [name for name in found if name.endswith(_REMAINING)]
    limits = [_limit(name[: -len(_REMAINING)], found, headers) for name in named]
    return [limit for limit in limits if limit is not None]


def _limit(name: bytes, found: Mapping[bytes, str], headers: RawHeaders) -> Limit | None:
    remaining = _number(found[name + _REMAINING])
    window = _number(found.get(name + b"-interval-milliseconds", ""))
    reset = _number(found.get(name + b"-reset", ""))
    if remaining is None:
        return None
    if reset is not None:
        return Limit(name, int(remaining), _until(reset, headers))
    return Limit(name, int(remaining), window / 1000, is_window=True) if window else None


def _until(reset: float, headers: RawHeaders) -> float:
    if reset < _EPOCH_SECONDS:
        return reset
    if reset >= _EPOCH_MILLISECONDS:
        reset /= 1000
    date = next((value.decode("latin-1") for name, value in headers if name.lower() == b"date"), None)
    return reset - answered_at(date).timestamp()


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _http_date(value: str) -> dt.datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


class _Window:
    """One budget, counted exactly: the last `requests` send times, the oldest of which frees the next place."""

    def __init__(self, budget: RateBudget) -> None:
        self.per = budget.per
        self.sent: deque[float] = deque(maxlen=budget.requests)

    def opens(self) -> float:
        """When the next request may go."""
        return self.sent[0] + self.per if len(self.sent) == self.sent.maxlen else -math.inf

    def left(self, now: float) -> BudgetLeft:
        """What is left of it."""
        since = [sent for sent in self.sent if sent > now - self.per]
        frees_up = since[0] + self.per - now if since else 0.0
        of = self.sent.maxlen or 0
        return BudgetLeft(of - len(since), frees_up, of)

    def oldest_since(self, moment: float, now: float) -> float:
        """The first send time after `moment`; `now` where there is none."""
        return next((sent for sent in self.sent if sent > moment), now)


class Pacer:
    """Says how long the next request of one budget has to wait. Waits for nothing itself, and holds no lock.

    Declared windows are kept exactly; what the vendor states corrects them downwards, because other programs may be
    spending the same account's budget.
    """

    def __init__(self, budgets: Iterable[RateBudget], clock: Callable[[], float]) -> None:
        self._windows = [_Window(budget) for budget in budgets]
        self._clock = clock
        self._closed_until = -math.inf
        self._stated: dict[bytes, tuple[int, float]] = {}
        self._in_flight = 0

    def delay(self) -> float:
        """Seconds until the next request may go; 0 when it may go now."""
        now = self._clock()
        opens = max((window.opens() for window in self._windows), default=-math.inf)
        for left, until in self._stated.values():
            if left <= 0:
                opens = max(opens, until)
        return max(0.0, max(opens, self._closed_until) - now)

    def left(self) -> BudgetLeft | None:
        """The tightest of what is declared and what the vendor stated; None where neither says anything."""
        now = self._clock()
        known = [window.left(now) for window in self._windows if window.sent]
        known += [BudgetLeft(max(0, left), until - now) for left, until in self._stated.values() if until > now]
        return min(known, key=lambda budget: budget.requests, default=None)

    def start(self) -> None:
        """Count a request that is sent now."""
        now = self._clock()
        self._in_flight += 1
        for window in self._windows:
            window.sent.append(now)
        if self._stated:
            self._stated = {name: (left - 1, until) for name, (left, until) in self._stated.items() if until > now}

    def finish(self) -> None:
        """A started request has its answer, or will get none."""
        self._in_flight -= 1

    def learn(self, limits: Iterable[Limit]) -> None:
        """Take in what an answer states."""
        now = self._clock()
        for limit in limits:
            # Those under way are spending what this answer called remaining.
            self._stated[limit.name] = (limit.remaining - self._in_flight, now + self._lifted_in(limit, now))

    def close_for(self, seconds: float) -> None:
        """Hold every further request back: the vendor has just refused one."""
        self._closed_until = max(self._closed_until, self._clock() + seconds)

    def _lifted_in(self, limit: Limit, now: float) -> float:
        if not limit.is_window:
            return limit.seconds
        # A place frees up when our own oldest request leaves the vendor's window, not a whole window from now.
        begins = now - limit.seconds
        oldest = min((window.oldest_since(begins, now) for window in self._windows), default=now)
        return limit.seconds - (now - oldest)
