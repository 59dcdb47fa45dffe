"""The types a declared parameter can have, and how a value of each is checked and read from text.

Values are JSON values: dates and datetimes are ISO 8601 text.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_MAX_DEPTH = 100
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True)
class Kind:
    """One type: its name in a sentence, its check, its JSON Schema, and its reader of text (ValueError: it is none)."""

    expected: str
    accepts: Callable[[Any], bool]
    schema: Mapping[str, Any]
    read: Callable[[str], Any] = field(default=str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_scalar(value: Any) -> bool:
    """Whether a value is neither a list, an object nor null: what may be a choice."""
    return isinstance(value, str | bool) or _is_number(value)


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_datetime(value: Any) -> bool:
    try:
        return isinstance(value, str) and value[10:11] in ("T", " ") and bool(dt.datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_url(value: Any) -> bool:
    try:
        parts = urllib.parse.urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and bool(parts.scheme and parts.netloc)


def _is_json(value: Any, depth: int = _MAX_DEPTH) -> bool:
    """Plain JSON all the way down: it will be sent, and kept in the ledger, as JSON."""
    if isinstance(value, list):
        return depth > 0 and all(_is_json(item, depth - 1) for item in value)
    if isinstance(value, Mapping):
        return depth > 0 and all(_is_text(key) and _is_json(item, depth - 1) for key, item in value.items())
    return value is None or is_scalar(value)


def _is_array(value: Any) -> bool:
    return isinstance(value, list) and _is_json(value)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping) and _is_json(value)


def _read_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise ValueError(text)
    return int(text)


def _read_number(text: str) -> float:
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(text)
    return int(text) if _INTEGER.fullmatch(text.strip()) else float(text)


def _read_boolean(text: str) -> bool:
    if (word := text.strip().lower()) not in _BOOLEANS:
        raise ValueError(text)
    return _BOOLEANS[word]


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(text) from error


def _read_array(text: str) -> Any:
    if text.lstrip().startswith("["):
        return _read_json(text)
    return [part.strip() for part in text.split(",") if part.strip()]


KINDS: dict[str, Kind] = {
    "string": Kind("text", _is_text, {"type": "string"}),
    "text": Kind("text", _is_text, {"type": "string"}),
    "integer": Kind("a whole number", _is_integer, {"type": "integer"}, _read_integer),
    "number": Kind("a number", _is_number, {"type": "number"}, _read_number),
    "boolean": Kind("true or false", lambda value: isinstance(value, bool), {"type": "boolean"}, _read_boolean),
    "choice": Kind("one of its choices", is_scalar, {}),
    "date": Kind("a date like 2026-01-31", _is_date, {"type": "string", "format": "date"}),
    "datetime": Kind("a time like 2026-01-31T09:30:00Z", _is_datetime, {"type": "string", "format": "date-time"}),
    "array": Kind("a list", _is_array, {"type": "array"}, _read_array),
    "object": Kind("an object", _is_object, {"type": "object"}, _read_json),
    "password": Kind("text", _is_text, {"type": "string", "writeOnly": True}),
    "url": Kind("an address like https://example.com", _is_url, {"type": "string", "format": "uri"}),
}
