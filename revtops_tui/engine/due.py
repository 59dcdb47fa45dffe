"""When a schedule is due next: a pure function of what was asked for, the clock and the zone.

Elapsed intervals are counted in UTC. Wall times follow the zone through both changes of the clocks: a time that does
not exist that day is due at the first moment after the gap, and one that exists twice is due once, at the first. A cron
expression for every hour means elapsed hours, as it does to cron: the repeated hour has its runs, the missing one none.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from revtops_tui.engine.errors import EngineError
from store.clock import moment_of, text_of

_DURATION = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SIZES = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_QUIET = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_CRON_FIELDS = 5
_HOURS_OF_A_DAY = 24
_SHORTEST = dt.timedelta(minutes=1)
_LONGEST = dt.timedelta(days=366)
_LONGEST_JITTER = dt.timedelta(hours=1)
_SECOND = dt.timedelta(seconds=1)


@dataclass(frozen=True)
class Quiet:
    """Wall times between which nothing starts; `end` may be on the next day."""

    start: dt.time
    end: dt.time

    def covers(self, time: dt.time) -> bool:
        """Whether a wall time is in it; its end is not."""
        if self.start < self.end:
            return self.start <= time < self.end
        return time >= self.start or time < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True)
class Spec:
    """What was asked for: `every` from `anchor` on, or the times of a `cron` expression on the clocks of `zone`.

    `jitter` puts each run off by up to that much; in `quiet` hours nothing starts; a run is a full one where the last
    full one is `full_every` ago.
    """

    zone: str
    every: dt.timedelta | None = None
    anchor: dt.datetime | None = None
    cron: str | None = None
    jitter: dt.timedelta = dt.timedelta()
    quiet: Quiet | None = None
    full_every: dt.timedelta | None = None

    def document(self) -> dict[str, Any]:
        """As it is stored, and as `--json` shows it: durations in seconds."""
        return {
            "every": _seconds(self.every),
            "anchor": text_of(self.anchor) if self.anchor else None,
            "cron": self.cron,
            "jitter": _seconds(self.jitter),
            "quiet": str(self.quiet) if self.quiet else None,
            "zone": self.zone,
            "full_every": _seconds(self.full_every),
        }

    def __str__(self) -> str:
        """In a few words: `every 15m, not 22:00-06:00 (Europe/Berlin)`."""
        parts = [f"every {short(self.every)}" if self.every else str(self.cron)]
        if self.jitter:
            parts.append(f"up to {short(self.jitter)} later")
        if self.quiet:
            parts.append(f"not {self.quiet}")
        if self.full_every:
            parts.append(f"in full every {short(self.full_every)}")
        on_the_clocks = f" ({self.zone})" if self.cron or self.quiet else ""
        return ", ".join(parts) + on_the_clocks

    @classmethod
    def of(cls, document: dict[str, Any]) -> Spec:
        """The spec that `document` wrote."""
        return cls(
            document["zone"],
            _timedelta(document["every"]),
            moment_of(document["anchor"]) if document["anchor"] else None,
            document["cron"],
            _timedelta(document["jitter"]) or dt.timedelta(),
            quiet_hours(document["quiet"]) if document["quiet"] else None,
            _timedelta(document["full_every"]),
        )


def _seconds(length: dt.timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())


def _timedelta(seconds: int | None) -> dt.timedelta | None:
    return None if seconds is None else dt.timedelta(seconds=seconds)


# -- what people write -------------------------------------------------------------------------------------------------


def duration(text: str) -> dt.timedelta:
    """`90s`, `15m`, `2h`, `7d` or `1w`. Raises EngineError."""
    found = _DURATION.fullmatch(text.strip())
    length = dt.timedelta(**{_UNITS[found[2].lower()]: int(found[1])}) if found else dt.timedelta()
    if not dt.timedelta() < length <= _LONGEST:
        raise EngineError("usage", f"{text!r} is no length of time.", hint="Such as 15m, 2h or 7d; a year at most.")
    return length


def short(length: dt.timedelta) -> str:
    """A length of time as `duration` reads it, in the largest unit that it is whole in."""
    seconds = int(length.total_seconds())
    unit, size = next((unit, size) for unit, size in _SIZES if seconds % size == 0)
    return f"{seconds // size}{unit}"


def quiet_hours(text: str) -> Quiet:
    """`22:00-06:00`. Raises EngineError."""
    found = _QUIET.fullmatch(text.strip())
    try:
        start, end = (dt.time(int(found[n]), int(found[n + 1])) for n in (1, 3)) if found else (dt.time(), dt.time())
    except ValueError:
        start = end = dt.time()
    if start == end:
        raise EngineError("usage", f"{text!r} is no span of the day.", hint="Such as 22:00-06:00.")
    return Quiet(start, end)


def checked(spec: Spec) -> Spec:
    """The spec, once it is sure that it makes sense and comes due some time. Raises EngineError."""
    _zone(spec.zone)
    if (spec.every is None) == (spec.cron is None):
        raise EngineError("usage", "A schedule is either an interval or a cron expression.", hint="--every or --cron.")
    if spec.every is not None and spec.every < _SHORTEST:
        raise EngineError("usage", "A schedule runs once a minute at most.", hint="--every 1m")
    if spec.jitter > min(spec.every or _LONGEST_JITTER, _LONGEST_JITTER):
        raise EngineError("usage", "The jitter is too long.", hint="The interval at most, and no more than an hour.")
    if spec.cron is not None:
        spec = replace(spec, cron=" ".join(spec.cron.split()))
        next_due(spec, dt.datetime.now(dt.UTC))
    return spec


# -- the function ------------------------------------------------------------------------------------------------------


def next_due(spec: Spec, after: dt.datetime, *, seed: str = "") -> dt.datetime:
    """The first moment after `after` at which the schedule is due, in UTC, in whole seconds.

    The same `seed` gives a due time the same jitter, on every machine. Raises EngineError for an expression that is
    none, or that never comes.
    """
    zone = _zone(spec.zone)
    after = after.astimezone(dt.UTC)
    if spec.every is not None:
        due = _next_of_interval(spec.every, spec.anchor or dt.datetime.fromtimestamp(0, dt.UTC), after)
    else:
        due = _next_of_cron(spec.cron or "", zone, after)
    due = _awake(due, spec.quiet, zone)
    put_off = _jitter(spec.jitter, due, seed)
    late = _awake(due + put_off, spec.quiet, zone)
    if late == due + put_off:
        return late
    # Pushed into the quiet hours, it would start at their end together with everything else that waited for it.
    return _awake(late + put_off, spec.quiet, zone)


def _next_of_interval(every: dt.timedelta, anchor: dt.datetime, after: dt.datetime) -> dt.datetime:
    return anchor + ((after - anchor) // every + 1) * every


def _next_of_cron(expression: str, zone: ZoneInfo, after: dt.datetime) -> dt.datetime:
    moments = _moments(expression, zone, after)
    due = next((moment for moment in moments if moment > after), None)
    if due is None:
        raise EngineError("usage", f"{expression} never comes.", hint="Is there such a day?")
    return due


def _moments(expression: str, zone: ZoneInfo, after: dt.datetime) -> Iterator[dt.datetime]:
    """The moments of an expression in UTC, in their order, from about `after` on.

    The library is asked about plain wall times, or about elapsed ones: what it does about changes of the clocks for
    anything in between depends on how an expression is written (`0 */2 * * *`, `0 0-22/2 * * *`).
    """
    fields = expression.split()
    if len(fields) != _CRON_FIELDS:
        raise EngineError("usage", f"{expression!r} has not five fields.", hint='Such as "*/15 8-18 * * 1-5".')
    local = after.astimezone(zone)
    try:
        walls = CronSim(expression, local.replace(tzinfo=None))
        if len(walls.hours) < _HOURS_OF_A_DAY:
            return (_at(wall, zone) for wall in walls)
        fields[1] = "*"  # however it was written: that is how the library knows it
        return (moment.astimezone(dt.UTC) for moment in CronSim(" ".join(fields), local))
    except CronSimError as error:
        hint = "Minute, hour, day of the month, month, day of the week."
        raise EngineError("usage", f"{expression!r} is no cron expression: {error}.", hint=hint) from None


def _at(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The moment of a wall time: the first where there are two, the end of the gap where there is none."""
    moment = wall.replace(tzinfo=zone).astimezone(dt.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # Read with the offset from after the gap it lies before the change, with the one from before it behind.
    before, behind = wall.replace(tzinfo=zone, fold=1).astimezone(dt.UTC), moment
    offset = before.astimezone(zone).utcoffset()
    while behind - before > _SECOND:
        middle = before + (behind - before) // 2
        middle -= dt.timedelta(microseconds=middle.microsecond)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            behind = middle
    return behind


def _awake(due: dt.datetime, quiet: Quiet | None, zone: ZoneInfo) -> dt.datetime:
    """`due`, or the end of the quiet hours that it falls into."""
    local = due.astimezone(zone)
    if quiet is None or not quiet.covers(local.time()):
        return due
    end = dt.datetime.combine(local.date(), quiet.end)
    if local.time() >= quiet.end:
        end += dt.timedelta(days=1)
    first = _at(end, zone)
    return first if first >= due else end.replace(tzinfo=zone, fold=1).astimezone(dt.UTC)


def _jitter(longest: dt.timedelta, due: dt.datetime, seed: str) -> dt.timedelta:
    digest = hashlib.blake2b(f"{seed} {text_of(due)}".encode(), digest_size=8).digest()
    share = int.from_bytes(digest) / 2**64
    return dt.timedelta(seconds=int(longest.total_seconds() * share))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise EngineError("usage", f"There is no time zone {name!r}.", hint="Such as Europe/Berlin or UTC.") from None
