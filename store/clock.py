"""Time as the store writes it: ISO-8601 UTC text of one width, so that text order is time order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import orjson

_WIDTH = len("2026-11-23T08:15:00.000000Z")


def text_of(moment: dt.datetime) -> str:
    """An aware datetime as `2026-11-23T08:15:00.000000Z`."""
    if moment.tzinfo is not dt.UTC:
        moment = moment.astimezone(dt.UTC)
    return _wide(orjson.dumps(moment, None, orjson.OPT_UTC_Z)[1:-1].decode())  # a fifth of what isoformat costs


def texts_of(moments: Sequence[dt.datetime | None]) -> list[str | None]:
    """Many at once, for a third of that; without a zone they are UTC."""
    texts = orjson.loads(orjson.dumps(moments, None, orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC))
    return [
        None if moment is None else _wide(text) if text.endswith("Z") else text_of(moment)
        for moment, text in zip(moments, texts, strict=True)
    ]


def _wide(text: str) -> str:
    return text if len(text) == _WIDTH else f"{text[:-1]}.000000Z"


def moment_of(text: str) -> dt.datetime:
    """The aware datetime that `text_of` wrote."""
    return dt.datetime.fromisoformat(text)


def now() -> dt.datetime:
    """The current time, aware."""
    return dt.datetime.now(dt.UTC)


def now_text() -> str:
    """The current time as stored."""
    return text_of(now())
