"""Moments of the past as people write them."""

from __future__ import annotations

import datetime as dt
import re

from revtops_tui.engine.errors import EngineError

_AGO = re.compile(r"(\d{1,6})\s*(m|h|d|w)", re.IGNORECASE)
_UNITS = {
    "m": dt.timedelta(minutes=1),
    "h": dt.timedelta(hours=1),
    "d": dt.timedelta(days=1),
    "w": dt.timedelta(weeks=1),
}
_DAYS = {"today": 0, "yesterday": 1}


def moment(text: str) -> dt.datetime:
    """An aware moment from `2026-01-31`, `2026-01-31T09:30`, `7d`, `12h`, `today` or `yesterday`.

    Dates and times without an offset are local. Raises EngineError for what is none, or lies in the future.
    """
    now = dt.datetime.now().astimezone()
    try:
        found = _read(text.strip().lower(), now)
    except (ValueError, OverflowError):
        raise EngineError(
            "usage", f"{text!r} is no time: use a date (2026-01-31), a date and time, 12h, 7d, today or yesterday"
        ) from None
    if found > now:
        raise EngineError("usage", f"{text!r} is in the future")
    return found


def _read(text: str, now: dt.datetime) -> dt.datetime:
    if text in _DAYS:
        day = now.date() - dt.timedelta(days=_DAYS[text])
        return dt.datetime.combine(day, dt.time()).astimezone()
    if ago := _AGO.fullmatch(text):
        return now - int(ago[1]) * _UNITS[ago[2]]
    found = dt.datetime.fromisoformat(text.upper())
    return found if found.tzinfo else found.astimezone()
