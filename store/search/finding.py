"""Asking the index, and reading what it found through the organization's own views."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from store.errors import StoreError, store_error
from store.scoped import Scoped, open_scoped
from store.search.index import LONGEST, SHOWN, Shape, forget, index_path, is_damaged, read_index, shapes, states
from store.search.text import Question, excerpt, question

_KEYS = ("id", "connection_id", "source_system", "source_id")
_STEPS_BETWEEN_LOOKS = 20_000
_RANKED = 1_000
"""Of an entity's matches, so many are put in order: the newest ones, where a million begin with an "a"."""

_EXACT, _BEGINS, _ALL_IN_NAME, _NAMED, _MENTIONED = range(5)
_PLACES_LOST = (0, 0, 0, 1, 4)
"""How far a hit stands behind those of other entities that are called so."""


@dataclass(frozen=True)
class Found:
    """A record that was found. `fields`: what it is called, and its address at the vendor where it has one.

    `excerpt`: the part of its description where the words are, of one that is not called so.
    """

    entity: str
    id: int
    connection_id: int
    source_system: str
    source_id: str
    fields: dict[str, Any]
    excerpt: str = ""


@dataclass(frozen=True)
class _Candidate:
    """A row that the index has; `closeness`: how well it fits, its length, its age, the smaller the better."""

    id: int
    closeness: tuple[int, int, int]


def search(
    path: Path,
    organization_id: str,
    text: str,
    *,
    within: Sequence[str] = (),
    limit: int,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[list[Found], bool]:
    """At most `limit` records with words that begin like those of `text`, and whether there are more.

    Best first: a record that is called just so, then those whose name begins so, whose name has every word, that are
    otherwise named so (an e-mail address, a domain), that mention it. Entities take turns, so that the many of one do
    not hide the few of another. A vendor's own id finds its record, too. Only what is indexed is found: see `catch_up`.
    `within`: only these entities. Raises StoreError.
    """
    known = shapes(path)
    index = index_path(path, organization_id)
    scoped = open_scoped(path, organization_id)
    try:
        with closing(scoped.connection), _words(index, cancelled) as words:
            scoped.connection.set_progress_handler(cancelled, _STEPS_BETWEEN_LOOKS)
            looking = _Looking(scoped, words, question(text), text.strip(), limit + 1)
            ranked = [hit for entity in within or known for hit in looking.within(known[entity])]
    except sqlite3.Error as error:
        if cancelled():
            raise StoreError("cancelled", "The search was cancelled.") from error
        if is_damaged(error):
            forget(index)
            raise StoreError(
                "damaged_index", "The search index was damaged, and is made anew.", hint="Search again."
            ) from error
        raise store_error(error) from error
    ranked.sort(key=lambda hit: hit[0])
    return [found for _, found in ranked[:limit]], len(ranked) > limit


@contextmanager
def _words(index: Path, cancelled: Callable[[], bool]) -> Iterator[sqlite3.Connection]:
    """The index as it is now, or an empty one."""
    connection = read_index(index) or sqlite3.connect(":memory:")
    with closing(connection):
        connection.set_progress_handler(cancelled, _STEPS_BETWEEN_LOOKS)
        yield connection


_Rank = tuple[int, int, int]


class _Looking:
    """One question, asked of one entity after the other."""

    def __init__(self, scoped: Scoped, words: sqlite3.Connection, asked: Question, text: str, limit: int) -> None:
        self._records, self._tables, self._words = scoped.connection, scoped.tables, words
        self._asked, self._text, self._limit = asked, text, limit
        self._tables_of_words = states(words) if words.execute("SELECT 1 FROM sqlite_schema").fetchone() else {}
        self._connections = [row[0] for row in self._records.execute("SELECT id FROM connections")]

    def within(self, shape: Shape) -> list[tuple[_Rank, Found]]:
        """The entity's hits, best first, each with its place among those of all entities."""
        candidates = [*self._with_that_id(shape.entity), *self._with_these_words(shape.entity)]
        hits: list[tuple[_Rank, Found]] = []
        taken: set[int] = set()
        for start in range(0, len(candidates), self._limit):
            batch = candidates[start : start + self._limit]
            found = self._read(shape, [one.id for one in batch])
            for one in batch:
                if one.id in found and one.id not in taken and len(hits) < self._limit:
                    taken.add(one.id)
                    fit, length, _ = one.closeness
                    hit = found[one.id] if fit != _MENTIONED else self._with_excerpt(shape, found[one.id])
                    hits.append(((len(hits) + _PLACES_LOST[fit], fit, length), hit))
            if len(hits) >= self._limit:
                break
        return hits

    def _with_that_id(self, entity: str) -> list[_Candidate]:
        marks = ", ".join("?" * len(self._connections))
        rows = self._records.execute(
            f'SELECT id FROM "{entity}" WHERE connection_id IN ({marks}) AND source_id = ?',
            (*self._connections, self._text),
        )
        return [_Candidate(row, (_EXACT, 0, 0)) for (row,) in rows]

    def _with_these_words(self, entity: str) -> list[_Candidate]:
        state = self._tables_of_words.get(entity)
        if state is None or not self._asked.expression:
            return []
        body = "coalesce(body, '')" if self._asked.literal else "''"
        rows = self._words.execute(
            f"SELECT rowid, coalesce(head, ''), coalesce(also, ''), {body} FROM {state.table} "
            f"WHERE {state.table} MATCH ? ORDER BY rowid DESC LIMIT {_RANKED:d}",
            (self._asked.expression,),
        )
        return sorted(self._candidates(rows), key=lambda one: one.closeness)

    def _candidates(self, rows: Iterable[tuple[int, str, str, str]]) -> Iterator[_Candidate]:
        literal = self._asked.literal
        for row, head, also, body in rows:
            if not literal or all(word in f"{head} {also} {body}" for word in literal):
                yield _Candidate(row, (_fit(self._asked, head, also), len(head), -row))

    def _with_excerpt(self, shape: Shape, hit: Found) -> Found:
        if not shape.body:
            return hit
        column = f'substr("{shape.body[0]}", 1, {LONGEST["body"]:d})'
        row = self._records.execute(f'SELECT {column} FROM "{shape.entity}" WHERE id = ?', (hit.id,)).fetchone()
        return replace(hit, excerpt=excerpt(row[0], self._text) if row and isinstance(row[0], str) else "")

    def _read(self, shape: Shape, rows: Sequence[int]) -> dict[int, Found]:
        """Those of the rows that are there, as the organization sees them."""
        columns = self._tables[shape.entity]
        named = [column for column in SHOWN if column in columns] or list(shape.head)
        shown = [*named, *(["url"] if "url" in columns else [])]
        listed = ", ".join(f'"{column}"' for column in (*_KEYS, *shown))
        marks = ", ".join("?" * len(rows))
        read = self._records.execute(f'SELECT {listed} FROM "{shape.entity}" WHERE id IN ({marks})', rows)
        return {
            row_id: Found(shape.entity, row_id, connection_id, system, source_id, dict(zip(shown, values, strict=True)))
            for row_id, connection_id, system, source_id, *values in read
        }


def _fit(asked: Question, head: str, also: str) -> int:
    if head.startswith(asked.whole):
        return _EXACT if head == asked.whole else _BEGINS
    spaced = f" {head}"
    if all(f" {word}" in spaced for word in asked.words):
        return _ALL_IN_NAME
    return _NAMED if all(word in head or word in also for word in asked.words) else _MENTIONED
