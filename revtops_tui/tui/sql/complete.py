"""What may stand where somebody is typing, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from revtops_tui.tui.sql.names import Name, Source, sources
from revtops_tui.tui.sql.scan import Token, scan, statement_at
from revtops_tui.tui.sql.words import CLAUSES, Language, quoted

_MOST = 50
_WORD = re.compile(r"[^\W\d][\w$]*\Z")
_TABLES_FOLLOW = frozenset({"FROM", "JOIN"})
_SHORTEST_INNER = 3
"""Letters that are looked for in the middle of a name."""


@dataclass(frozen=True)
class Candidate:
    """Something that may stand there: `text` is put in place of what was typed, `kind` and `note` say what it is."""

    label: str
    text: str
    kind: str
    note: str = ""


@dataclass(frozen=True)
class Completion:
    """The candidates for the word that starts at `start`, at least one."""

    start: int
    candidates: Sequence[Candidate]


def complete(text: str, at: int, names: Sequence[Name], language: Language) -> Completion | None:
    """What may stand at the place `at`, where a word is being typed; None where nothing is known to."""
    tokens = list(scan(text))
    if any(t.start < at < t.end or (t.start < at == t.end and _is_open(t)) for t in tokens if t.kind not in _TYPED):
        return None
    match = _WORD.search(text, 0, at)
    word, start = (match[0], match.start()) if match else ("", at)
    statement = statement_at(tokens, at)
    before = [token for token in statement if token.end <= start]
    qualified = len(before) > 1 and before[-1].text == "." and before[-1].end == start
    if not word and not qualified:
        return None
    others = [token for token in statement if not token.start <= start < token.end]
    found = sources(others, names, language)
    offered = _members(before[-2].name, found, names) if qualified else _offered(before, found, names, language, word)
    ranked = _ranked(word, offered, _KINDS if found else _KINDS_OF_NO_TABLE)
    if not ranked or (len(ranked) == 1 and ranked[0].text.casefold() == word.casefold()):
        return None
    return Completion(start, ranked)


_TYPED = frozenset({"word", "sign"})


def _is_open(token: Token) -> bool:
    """Whether what is typed right behind a token still belongs to it: a number, a line comment, an open string."""
    if token.kind == "comment":
        return not token.text.endswith("*/")
    return token.kind == "number" or len(token.text) < 2 or token.text[-1] != token.text[0]


def _members(qualifier: str, found: Sequence[Source], names: Sequence[Name]) -> Iterator[Candidate]:
    """What stands behind a dot: the columns of a table, by its alias or its name, or the tables of a schema."""
    wanted = qualifier.casefold()
    tables = [source.table for source in found if source.alias.casefold() == wanted]
    for table in tables or [name for name in names if name.label.casefold() == wanted]:
        yield from (Candidate(column.label, column.text, "column", column.note) for column in table.columns)
    for name in names:
        if name.schema.casefold() == wanted and wanted:
            yield Candidate(name.label, quoted(name.label), "table", name.note)


def _offered(
    before: Sequence[Token], found: Sequence[Source], names: Sequence[Name], language: Language, word: str
) -> Iterator[Candidate]:
    last = before[-1] if before else None
    if last and last.upper == "AS":
        return
    lists_tables = last is not None and _clause(before) in _TABLES_FOLLOW
    tables = [Candidate(name.label, name.text, "table", name.note) for name in names]
    if last is not None and lists_tables and (last.upper in _TABLES_FOLLOW or last.text == ","):
        yield from tables
        return
    if not (last is not None and lists_tables and last.name and last.upper not in language.keywords):
        yield from _columns(found, names)
        yield from tables
        yield from (Candidate(name, f"{name}(", "function") for name in language.functions)
    for keyword in sorted(language.keywords):  # behind a table's name too, where nothing else may follow
        text = keyword if word.isupper() else keyword.lower()
        yield Candidate(text, text, "keyword")


def _clause(before: Sequence[Token]) -> str:
    """The word that says what is being listed here: the last one outside of closed parentheses."""
    depth = 0
    for token in reversed(before):
        depth += {")": 1, "(": -1}.get(token.text, 0)
        if depth < 0:
            return ""
        if depth == 0 and token.upper in CLAUSES:
            return token.upper
    return ""


def _columns(found: Sequence[Source], names: Sequence[Name]) -> Iterator[Candidate]:
    """The columns of the tables that are named, or of all while none is; what two of them have is qualified."""
    tables = list(found) or [Source("", name) for name in names]
    owners: dict[str, set[str]] = {}
    for source in tables:
        for column in source.table.columns:
            owners.setdefault(column.label, set()).add(source.alias)
    seen: set[str] = set()
    for source in tables:
        for column in source.table.columns:
            text = f"{quoted(source.alias)}.{column.text}" if len(owners[column.label]) > 1 else column.text
            if text not in seen:
                seen.add(text)
                note = column.note if found else source.table.label
                yield Candidate(column.label if text == column.text else text, text, "column", note)


_KINDS = ("column", "table", "function", "keyword")
_KINDS_OF_NO_TABLE = ("table", "column", "function", "keyword")


def _ranked(word: str, offered: Iterator[Candidate], kinds: Sequence[str]) -> list[Candidate]:
    wanted = word.casefold()
    scored = []
    for position, candidate in enumerate(offered):
        score = _score(wanted, candidate)
        if score is not None:
            scored.append((score, kinds.index(candidate.kind), position, candidate))
    return [candidate for *_, candidate in sorted(scored, key=lambda each: each[:3])[:_MOST]]


def _score(wanted: str, candidate: Candidate) -> int | None:
    """How well it fits: 0 when it begins so; for names also 1 when a part of them does, 2 when it is inside."""
    label = candidate.label.casefold()
    if candidate.kind == "column":
        label = label.rpartition(".")[2]
    if label.startswith(wanted):
        return 0
    if candidate.kind not in ("column", "table"):
        return None
    if any(part.startswith(wanted) for part in re.split(r"[_.\s]", label)):
        return 1
    return 2 if len(wanted) >= _SHORTEST_INNER and wanted in label else None
