"""Times along an axis: found in values, put into months, weeks, days or hours, and the gaps between filled."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, Literal

Unit = Literal["year", "month", "day", "hour"]
Moment = dt.datetime
_ISO = re.compile(r"\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?)?")
_LONGEST = 40
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PATTERNS: dict[Unit, str] = {"year": "%Y", "month": "%Y-%m", "day": "%m-%d", "hour": "%d %H:00"}
_MOST = 400
_MOST_WEEKS = 53


def moment_in(value: Any) -> Moment | None:
    """A value as a time, without its zone: shown is what the value says. A month is its first day."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    if not isinstance(value, str) or len(value) > _LONGEST or not _ISO.fullmatch(value):
        return None
    try:
        return dt.datetime.fromisoformat(f"{value}-01" if len(value) == len("2026-01") else value).replace(tzinfo=None)
    except ValueError:
        return None


def unit_of(moments: Sequence[Moment]) -> Unit:
    """The unit in which these times make a chart of a readable number of steps."""
    span = max(moments) - min(moments)
    if span > dt.timedelta(days=12 * 366):
        return "year"
    if span > dt.timedelta(days=92) or all(m.day == 1 and not m.hour and not m.minute for m in moments):
        return "month"
    return "day" if span > dt.timedelta(days=3) or all(not m.hour and not m.minute for m in moments) else "hour"


def period_of(moment: Moment, unit: Unit) -> str:
    """The label of the step that a time is in."""
    return moment.strftime(_PATTERNS[unit])


def fill(first: Moment, last: Moment, unit: Unit) -> list[str]:
    """The labels of every step from the first to the last; of very many, the last ones."""
    labels: list[str] = []
    at = last
    while len(labels) < _MOST:
        labels.append(period_of(at, unit))
        start = _start(at, unit)
        if start <= first or start.year == dt.MINYEAR:
            break
        at = start - dt.timedelta(microseconds=1)
    return labels[::-1]


def _start(moment: Moment, unit: Unit) -> Moment:
    start = moment.replace(minute=0, second=0, microsecond=0)
    if unit == "hour":
        return start
    start = start.replace(hour=0)
    if unit == "day":
        return start
    return start.replace(day=1) if unit == "month" else start.replace(day=1, month=1)


def by_hour(
    pairs: Sequence[tuple[Moment, float]],
) -> tuple[list[tuple[str, list[float | None]]], list[str], str]:
    """Numbers added up by weekday and hour, or where no time of day is known by weekday and week.

    Returns rows, the labels of their columns, and what those are.
    """
    if any(moment.hour or moment.minute for moment, _ in pairs):
        columns = [f"{hour:02}" for hour in range(24)]
        cells: list[list[float | None]] = [[0.0] * 24 for _ in _DAYS]
        for moment, value in pairs:
            cells[moment.weekday()][moment.hour] = (cells[moment.weekday()][moment.hour] or 0.0) + value
        return list(zip(_DAYS, cells, strict=True)), columns, "weekday and hour"
    weeks = sorted({_week(moment) for moment, _ in pairs})[-_MOST_WEEKS:]
    places = {week: at for at, week in enumerate(weeks)}
    cells = [[0.0] * len(weeks) for _ in _DAYS]
    for moment, value in pairs:
        if (at := places.get(_week(moment))) is not None:
            cells[moment.weekday()][at] = (cells[moment.weekday()][at] or 0.0) + value
    return list(zip(_DAYS, cells, strict=True)), [week[5:] for week in weeks], "weekday and week"


def _week(moment: Moment) -> str:
    """The Monday of a time's week."""
    return f"{moment.date() - dt.timedelta(days=moment.weekday()):%Y-%m-%d}"
