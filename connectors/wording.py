"""How values and names stand in sentences for people: short, harmless in a terminal, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

_SHOWN_LENGTH = 40
_LARGEST_SHOWN = 10**20


def shown(value: Any) -> str:
    """A value in an error: enough to recognise it, never long, never with control characters."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text '{printable(value)}'"
    if isinstance(value, int | float):
        return "a very large number" if abs(value) >= _LARGEST_SHOWN else f"the number {value}"
    if isinstance(value, list | tuple | Mapping):
        return "an object" if isinstance(value, Mapping) else "a list"
    return "`...`" if value is ... else f"a Python {type(value).__name__}"


def printable(text: str, length: int = _SHOWN_LENGTH) -> str:
    """Text that is safe in a terminal: one line of at most `length` characters, control characters escaped."""
    cut = text if len(text) <= length else f"{text[:length]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)


def suggestion(name: str, known: Iterable[str]) -> str:
    """The ending of an error about an unknown name: the one that was probably meant, or nothing."""
    close = difflib.get_close_matches(name[:_SHOWN_LENGTH], list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
