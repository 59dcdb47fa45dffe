"""Where in a query a mistake is, as far as the database said it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.tui.sql.names import Name
from revtops_tui.tui.sql.scan import scan

_NAMED = re.compile(
    r'near "(?P<near>.+?)": syntax error|no such (?:column|table|function): (?P<missing>[^\s]+?)\.?$', re.MULTILINE
)
_DRAWN = re.compile(r"^(line (\d+): )(.*)\n( *)\^", re.MULTILINE)

Place = tuple[int, int]
"""Where it begins and ends, in characters."""


def place_of(query: str, message: str) -> Place | None:
    """The place in `query` that an error's `message` is about; None where it does not say, or it could be several."""
    if drawn := _DRAWN.search(message):
        return _drawn(query, drawn)
    if named := _NAMED.search(message):
        return _near(query, named["near"]) if named["near"] else _missing(query, named["missing"])
    return None


def meant(message: str, names: Sequence[Name]) -> str:
    """What may have been meant by a name that is not there; nothing where the message is about none."""
    named = _NAMED.search(message)
    if named is None or not named["missing"]:
        return ""
    known = {name.label for name in names} | {column.label for name in names for column in name.columns}
    return did_you_mean(named["missing"].rpartition(".")[2], sorted(known))


def _drawn(query: str, drawn: re.Match[str]) -> Place | None:
    """The place that PostgreSQL's caret points at: a line's number, what of it was shown, and a column of that."""
    label, number, shown, margin = drawn.groups()
    lines = query.split("\n")
    if int(number) > len(lines):
        return None
    begin = lines[int(number) - 1].find(shown.strip("…"))
    start = sum(len(line) + 1 for line in lines[: int(number) - 1]) + max(begin, 0) + len(margin) - len(label)
    return next(((token.start, token.end) for token in scan(query) if token.start <= start < token.end), None)


def _missing(query: str, name: str) -> Place | None:
    """What is not there, with its qualifier or without."""
    parts = name.casefold().split(".")
    tokens = [token for token in scan(query) if token.kind != "comment"]
    places = []
    for n, token in enumerate(tokens):
        words = tokens[n : n + 2 * len(parts) - 1]
        if [word.name.casefold() for word in words[::2]] == parts and all(word.text == "." for word in words[1::2]):
            places.append((token.start, words[-1].end))
    return places[0] if places else None


def _near(query: str, text: str) -> Place | None:
    """The token at which SQLite gave up: the first such one up to which it gives up too."""
    places = [(token.start, token.end) for token in scan(query) if token.text.casefold() == text.casefold()]
    if len(places) < 2:
        return places[0] if places else None
    with closing(sqlite3.connect(":memory:")) as parser:
        return next((place for place in places if _gives_up(parser, query[: place[1]])), None)


def _gives_up(parser: sqlite3.Connection, beginning: str) -> bool:
    try:
        parser.execute(f"EXPLAIN {beginning}")
    except sqlite3.Error as error:
        return "syntax error" in str(error)
    return False
