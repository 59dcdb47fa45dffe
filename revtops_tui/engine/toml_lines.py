"""Where something stands in a TOML file: the reader of Python's library does not tell."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[+\s*([\w.\-\"' ]+?)\s*\]+")


def line_of(text: str, section: str, name: str = "") -> int:
    """The line of a field, counted from 1; its section's where it has none of its own, and 0 where neither is found."""
    field = _assignment(name) if name else None
    inline = _assignment(section)
    here, at = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            here = re.sub("[\"']", "", header[1])
            if here == f"{section}.{name}" or (here == section and not name):
                return number
            at = at or (number if here == section else 0)
        elif (here == section and field and field.match(line)) or (not here and inline.match(line)):
            return number
    return at


def _assignment(name: str) -> re.Pattern[str]:
    return re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[.=]")
