"""What can be named in a query, and which of it a statement names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from revtops_tui.tui.sql.scan import Token, scan
from revtops_tui.tui.sql.words import SQLITE, Language

_BEFORE_TABLES = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE"})


@dataclass(frozen=True)
class Name:
    """Something that can be named in a query: `text` is how. A table has `columns`, maybe a `schema` and `count`."""

    label: str
    text: str
    note: str = ""
    columns: Sequence[Name] = ()
    schema: str = ""
    count: str = ""


@dataclass(frozen=True)
class Source:
    """A table that a statement reads, under the name that its columns are qualified with."""

    alias: str
    table: Name


def sources(statement: Sequence[Token], names: Sequence[Name], language: Language) -> list[Source]:
    """The tables that a statement names and that are known; whoever speaks no SQL names them anywhere."""
    known = {name.label.casefold(): name for name in names}
    if not language.is_sql:
        return [Source(t.text, known[t.name.casefold()]) for t in statement if t.name.casefold() in known]
    return list(_sources(statement, known, language))


_MIXES = frozenset({"JOIN", "GROUP", "UNION", "DISTINCT", "EXCEPT", "INTERSECT", "WITH"})


def only_table(query: str, names: Sequence[Name]) -> Name | None:
    """The one table whose rows a query shows as they are; None where it joins, groups or computes them."""
    statement = [token for token in scan(query) if token.kind != "comment"]
    words = [token.upper for token in statement]
    if words.count("FROM") != 1 or _MIXES & set(words):
        return None
    found = sources(statement, names, SQLITE)
    return found[0].table if len(found) == 1 else None


def _sources(statement: Sequence[Token], known: Mapping[str, Name], language: Language) -> Iterator[Source]:
    at = 0
    while at < len(statement):
        if statement[at].upper not in _BEFORE_TABLES:
            at += 1
            continue
        at += 1
        while at < len(statement) and statement[at].name:
            table, at = _table(statement, at)
            alias, at = _alias(statement, at, language)
            if found := known.get(table.casefold()):
                yield Source(alias or table, found)
            if at >= len(statement) or statement[at].text != ",":
                break
            at += 1


def _table(statement: Sequence[Token], at: int) -> tuple[str, int]:
    """The last part of a name that may have a schema before it, and the place behind it."""
    while at + 2 < len(statement) and statement[at + 1].text == "." and statement[at + 2].name:
        at += 2
    return statement[at].name, at + 1


def _alias(statement: Sequence[Token], at: int, language: Language) -> tuple[str, int]:
    if at < len(statement) and statement[at].upper == "AS":
        at += 1
    if at < len(statement) and statement[at].name and statement[at].upper not in language.keywords:
        return statement[at].name, at + 1
    return "", at
