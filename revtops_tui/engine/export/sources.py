"""Where exported rows come from. Each can be read more than once, a chunk of rows at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import islice
from operator import itemgetter
from typing import Any, Protocol

from revtops_tui.engine.data import Browser
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace
from store.console import open_query
from store.errors import StoreError

CHUNK = 5_000
Row = Sequence[Any]
Chunks = Iterator[Sequence[Row]]


class Source(Protocol):
    """Columns, and rows in chunks."""

    @property
    def total(self) -> int | None:
        """How many rows there are, once that is known."""

    def open(self) -> AbstractContextManager[tuple[list[str], Chunks]]:
        """Begin to read, from the first row. Raises EngineError."""


class QuerySource:
    """What one SELECT gives."""

    total = None

    def __init__(self, ws: Workspace, query: str, limit: int | None, cancelled: Callable[[], bool]) -> None:
        self._ws = ws
        self._query = query
        self._limit = limit
        self._cancelled = cancelled

    @contextmanager
    def open(self) -> Iterator[tuple[list[str], Chunks]]:
        """Run the query."""
        ws = self._ws
        try:
            with open_query(ws.database.path, ws.organization_id, self._query, cancelled=self._cancelled) as asked:
                yield told_apart(asked.columns), _chunks(islice(asked.rows, self._limit))
        except StoreError as error:
            raise people(error) from error


class TableSource:
    """The rows of a table that pass a filter, in an order."""

    def __init__(
        self,
        ws: Workspace,
        table: str,
        columns: Sequence[str] | None,
        sort: str | None,
        descending: bool,
        filtered: str,
        cancelled: Callable[[], bool],
    ) -> None:
        self._browser = Browser(ws, table)
        self._columns = list(columns or self._browser.columns)
        for column in self._columns:
            if column not in self._browser.types:
                hint = did_you_mean(column, self._browser.types) or f"There are: {', '.join(self._browser.columns)}."
                raise EngineError("usage", f"{table} has no column {column}.", hint=hint)
        self._sort, self._descending = sort, descending
        self._filter = self._browser.filter(filtered)
        self._cancelled = cancelled
        self.total: int | None = None

    @contextmanager
    def open(self) -> Iterator[tuple[list[str], Chunks]]:
        """Find the rows, all of them before the first is read."""
        with closing(self._browser.open(self._sort, descending=self._descending, filter=self._filter)) as selection:
            while not selection.exact and not self._cancelled():
                if selection.error:
                    raise people(selection.error) from selection.error
                time.sleep(0.01)  # a thread of its own gathers them
            self.total = selection.count
            places = [self._browser.columns.index(column) for column in self._columns]
            take: Callable[[Row], Row] = itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
            flags = [at for at, column in enumerate(self._columns) if self._browser.types[column] == "BOOLEAN"]
            yield (
                list(self._columns),
                (
                    _with_flags(list(map(take, selection.rows(first, CHUNK))), flags)
                    for first in range(0, selection.count, CHUNK)
                ),
            )


class RowsSource:
    """Rows in memory."""

    def __init__(self, columns: Sequence[str], rows: Collection[Row]) -> None:
        self._columns = told_apart(columns)
        self._rows = rows
        self.total = len(rows)

    @contextmanager
    def open(self) -> Iterator[tuple[list[str], Chunks]]:
        """Begin at the first row."""
        yield self._columns, _chunks(iter(self._rows))


def _chunks(rows: Iterator[Row]) -> Chunks:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _with_flags(rows: list[Row], flags: Sequence[int]) -> list[Row]:
    """Rows with true and false where SQLite, which has neither, says 1 and 0."""
    if not flags:
        return rows
    changed = [list(row) for row in rows]
    for row in changed:
        for at in flags:
            row[at] = None if row[at] is None else bool(row[at])
    return list(changed)


def told_apart(columns: Sequence[str]) -> list[str]:
    """Names of which no two are the same: the second `name` is `name_2`."""
    names: dict[str, None] = {}
    for column in columns:
        name, number = column, 2
        while name in names or (name != column and name in columns):
            name, number = f"{column}_{number}", number + 1
        names[name] = None
    return list(names)
