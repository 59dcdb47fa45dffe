"""Windows on a table of any size: the ids of a selection are gathered in the background, rows are fetched by id.

A page of rows costs the same at the end of a million as at the beginning, sorted or not; there is no OFFSET.
"""

from __future__ import annotations

import sqlite3
import threading
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from store.errors import StoreError, store_error
from store.filters import Clause, where
from store.scoped import Scoped, open_scoped

_CHUNK = 5_000
_PAUSE_SECONDS = 0.1


class Selection:
    """The rows of a table that pass a filter, in an order. Ids arrive while `exact` is still False."""

    def __init__(
        self,
        path: Path,
        organization_id: str,
        table: str,
        sort: str | None,
        descending: bool,
        clauses: Sequence[Clause],
    ) -> None:
        self._path, self._organization_id, self._table = path, organization_id, table
        self._lock = threading.Lock()
        self._reading = open_scoped(path, organization_id, table)
        try:
            self._start(table, sort, descending, clauses)
        except StoreError:
            self._reading.connection.close()
            raise

    def _start(self, table: str, sort: str | None, descending: bool, clauses: Sequence[Clause]) -> None:
        if table not in self._reading.tables:
            every = tables(self._path, self._organization_id)
            raise StoreError("invalid_input", f"There is no table {table}.", hint=_there_are(every))
        self.columns = self._reading.tables[table]
        self._query, self._values = _ids_query(self._reading, table, sort, descending, clauses)
        self._listed = ", ".join(f'"{column}"' for column in self.columns)
        self._ids = array("q")
        self._stop = threading.Event()
        self._first = threading.Event()
        self.exact = False
        self.error: StoreError | None = None
        self._thread = threading.Thread(target=self._gather, name=f"browse-{table}", daemon=True)
        self._thread.start()
        self._first.wait()
        if self.error:
            raise self.error

    @property
    def count(self) -> int:
        """How many rows are known so far; all of them once `exact`."""
        return len(self._ids)

    def rows(self, first: int, n: int) -> list[tuple[Any, ...]]:
        """The rows at these positions, in order; a row that is gone by now is missing. The first value is the id."""
        wanted = self._ids[first : first + n]
        marks = ",".join("?" * len(wanted))
        query = f'SELECT {self._listed} FROM "{self._table}" WHERE id IN ({marks})'
        with self._lock:
            found = {row[0]: row for row in self._reading.connection.execute(query, wanted.tolist())}
        return [found[row] for row in wanted if row in found]

    def record(self, row_id: int) -> dict[str, Any]:
        """One whole row by its id; empty when it is gone."""
        with self._lock:
            query = f'SELECT {self._listed} FROM "{self._table}" WHERE id = ?'
            row = self._reading.connection.execute(query, (row_id,)).fetchone()
        return dict(zip(self.columns, row, strict=True)) if row else {}

    def wait(self) -> None:
        """Wait until every id is known."""
        self._thread.join()

    def close(self) -> None:
        """Stop gathering and let go of the file."""
        self._stop.set()
        self._thread.join()
        with self._lock:
            self._reading.connection.close()

    def _gather(self) -> None:
        try:
            scoped = open_scoped(self._path, self._organization_id, self._table)
            scoped.connection.set_progress_handler(self._stop.is_set, 20_000)
            try:
                cursor = scoped.connection.execute(self._query, self._values)
                while chunk := cursor.fetchmany(_CHUNK):
                    self._ids.extend(row for (row,) in chunk)
                    if not self._first.is_set():
                        self._first.set()
                        if len(chunk) == _CHUNK:  # the first rows go to the screen before the rest is gathered
                            self._stop.wait(_PAUSE_SECONDS)
                self.exact = True
            finally:
                scoped.connection.close()
        except StoreError as error:
            self.error = error
        except sqlite3.Error as error:
            if not self._stop.is_set():
                self.error = store_error(error)
        finally:
            self._first.set()


def _ids_query(
    scoped: Scoped, table: str, sort: str | None, descending: bool, clauses: Sequence[Clause]
) -> tuple[str, list[str | float]]:
    columns = scoped.tables[table]
    if sort is not None and sort not in columns:
        raise StoreError("invalid_input", f"{table} has no column {sort}.", hint=_there_are(columns))
    condition, values = where(clauses)
    direction = "DESC" if descending else "ASC"
    order = f'"{sort}" {direction} NULLS LAST, id' if sort else f"id {direction}"
    return f'SELECT id FROM "{table}"{condition} ORDER BY {order}', values


def _there_are(names: Iterable[str]) -> str:
    return f"There are: {', '.join(names)}."


def tables(path: Path, organization_id: str) -> dict[str, tuple[str, ...]]:
    """The tables an organization can look at, with their columns."""
    scoped = open_scoped(path, organization_id)
    scoped.connection.close()
    return scoped.tables


def column_types(path: Path, organization_id: str, only: str | None = None) -> dict[str, dict[str, str]]:
    """The tables an organization can look at: each column with the type of its values, as SQLite calls it.

    `only`: the one table that is asked for.
    """
    scoped = open_scoped(path, organization_id, only)
    try:
        return {
            table: {row[1]: row[2] for row in scoped.connection.execute(f'PRAGMA temp.table_info("{table}")')}
            for table in scoped.tables
        }
    finally:
        scoped.connection.close()


def counts(path: Path, organization_id: str) -> dict[str, int]:
    """How many live rows each of these tables has. Raises StoreError."""
    scoped = open_scoped(path, organization_id)
    try:
        return {name: _count(scoped, name) for name in scoped.tables}
    except sqlite3.Error as error:
        raise store_error(error) from error
    finally:
        scoped.connection.close()


def _count(scoped: Scoped, table: str) -> int:
    (count,) = scoped.connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
    return int(count)
