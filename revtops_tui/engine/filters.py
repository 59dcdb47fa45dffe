"""The small language of filters: texts that rows contain, and conditions on columns. `HELP` has all of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.suggestions import did_you_mean
from store.filters import Clause, Condition, Operator

HELP: Mapping[str, str] = {
    "renewal": "some column contains it, in any case of its letters",
    '"a:b"': "quotes keep a text together, also one with a colon",
    "stage:won": "the column contains it",
    "stage:=won": "the column is it",
    "stage:won,lost": "it contains one of them",
    'name:"two words"': "it contains all of that",
    "stage:=": "the column is empty",
    "-stage:won": "not so: a minus before any condition",
    "amount:>1000": "numbers: = < <= > >=",
    "amount:10k..1.5m": "from, to, or both; k are thousands, m millions",
    "close_date:2026-03..": "dates by their beginning: from March on",
    "close_date:<2026": "before a year, a month, a day",
}
"""Every kind of word, and what it lets through."""

_CONDITION = re.compile(r'(?<!\S)(?P<minus>-?)(?P<column>[A-Za-z_]\w*):(?P<value>"[^"]*"(?!\S)|\S*)')
_QUOTED = re.compile(r'"([^"]+)"')
_NUMBER = re.compile(r"(-?\d+(?:\.\d*)?|-?\.\d+)([km]?)", re.IGNORECASE)
_COMPARED = re.compile(r"(<=|>=|<|>|=)(.*)", re.DOTALL)
_THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}
_TRUTHS = {"yes": 1, "true": 1, "1": 1, "no": 0, "false": 0, "0": 0}
_UNFINISHED = frozenset({"", "<", ">", "<=", ">=", "..", '"'})
_KEYS = frozenset({"id", "connection_id", "synced_at"})


@dataclass(frozen=True)
class Filter:
    """Clauses that all hold, and the same in words for a title."""

    clauses: tuple[Clause, ...] = ()
    words: str = ""


def parse(text: str, types: Mapping[str, str]) -> Filter:
    """What a person typed. `types`: the table's columns, with SQLite's names of their types.

    A condition that is not typed to its end yet is none. Raises EngineError (kind "usage"), which names the column.
    """
    clauses: list[Clause] = []
    words: list[str] = []

    def contains(phrase: str) -> None:
        if phrase := phrase.strip():
            phrase = quoted[1] if (quoted := _QUOTED.fullmatch(phrase)) else phrase
            searched = tuple(column for column in types if column not in _KEYS)
            clauses.append(Clause(((Condition(searched, "contains", phrase),),)))
            words.append(f"contains “{phrase}”")

    start = 0
    for match in _CONDITION.finditer(text):
        column = match["column"].lower()
        if column not in types and (not match["value"] or match["value"].startswith("//")):
            continue  # a text with a colon in it, such as an address
        contains(text[start : match.start()])
        start = match.end()
        if clause := _clause(column, match["value"], types, negated=bool(match["minus"])):
            clauses.append(clause)
            words.append(match[0])
    contains(text[start:])
    return Filter(tuple(clauses), " · ".join(words))


def _clause(column: str, value: str, types: Mapping[str, str], *, negated: bool) -> Clause | None:
    if column not in types:
        hint = did_you_mean(column, types) or f"There are: {', '.join(types)}."
        raise EngineError(
            "usage", f"There is no column {column}.", hint=f'{hint} To search for the text, quote it: "{column}:…".'
        )
    if quoted := _QUOTED.fullmatch(value):
        alternatives = [quoted[1]]
    else:
        alternatives = [part for part in value.split(",") if part not in _UNFINISHED]
    kind = _kind(types[column])
    met = tuple(_conditions(column, part, kind) for part in alternatives)
    return Clause(met, negated) if met else None


def _kind(declared: str) -> str:
    declared = declared.upper()
    if "BOOL" in declared:
        return "boolean"
    return "number" if any(word in declared for word in ("INT", "REAL", "FLOA", "DOUB", "NUM", "DEC")) else "text"


def _conditions(column: str, part: str, kind: str) -> tuple[Condition, ...]:
    if part == "=":
        return (Condition((column,), "empty"),)
    low, dots, high = part.partition("..")
    if dots and kind != "boolean":
        bounds: list[tuple[Operator, str]] = [(">=", low), ("<=", high)]
        return tuple(Condition((column,), operator, _value(column, end, kind)) for operator, end in bounds if end)
    if compared := _COMPARED.fullmatch(part):
        operator: Operator = compared[1]  # type: ignore[assignment]  # the pattern knows these only
        return (Condition((column,), operator, _value(column, compared[2], kind)),)
    return (Condition((column,), "contains" if kind == "text" else "=", _value(column, part, kind)),)


def _value(column: str, text: str, kind: str) -> str | float:
    if kind == "number":
        if (match := _NUMBER.fullmatch(text)) is None:
            hint = f"Such as {column}:>1000, {column}:10..20, or {column}:= for empty."
            raise EngineError("usage", f"{column} holds numbers, and “{text}” is none.", hint=hint)
        return float(match[1]) * _THOUSANDS[match[2].lower()]
    if kind == "boolean":
        if text.lower() not in _TRUTHS:
            raise EngineError("usage", f"{column} is yes or no, and “{text}” is neither.", hint=f"{column}:yes")
        return _TRUTHS[text.lower()]
    return text
