"""Answers as JSON text that does nothing to whoever shows it: what does not print is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON for people and programs. Values JSON does not know become text; a number that is none becomes null."""
    try:
        text = json.dumps(value, ensure_ascii=False, indent=indent, default=_as_json, allow_nan=False)
    except ValueError:
        text = json.dumps(_without_nan(value), ensure_ascii=False, indent=indent, default=_as_json)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else escaped(c) for c in text)


def escaped(character: str) -> str:
    """A character as it may stand in a JSON text in any case."""
    return json.dumps(character)[1:-1]


def _as_json(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value
