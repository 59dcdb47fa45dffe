"""Time as the store writes it: ISO-8601 UTC text of one width, so that text order is time order."""

from __future__ import annotations

import datetime as dt


def text_of(moment: dt.datetime) -> str:
    """An aware datetime as `2026-11-23T08:15:00.000000Z`."""
    if moment.tzinfo is not dt.UTC:
        moment = moment.astimezone(dt.UTC)
    return f"{moment.isoformat(timespec='microseconds')[:-6]}Z"


def moment_of(text: str) -> dt.datetime:
    """The aware datetime that `text_of` wrote."""
    return dt.datetime.fromisoformat(text)


def now() -> dt.datetime:
    """The current time, aware."""
    return dt.datetime.now(dt.UTC)


def now_text() -> str:
    """The current time as stored."""
    return text_of(now())
