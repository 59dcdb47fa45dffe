"""Records that belong together: looked up by the natural keys that they carry, within their connection.

There is no index on those keys: it would cost every sync more than it saves here. A million rows are looked through in
under half a second, so this belongs into a thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.errors import StoreError, store_error
from store.scoped import Scoped, open_scoped

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEPS_BETWEEN_LOOKS = 20_000
_CALLED = ("name", "title", "subject", "identifier", "email", "type")
"""The columns that a record is called by, the best first."""

MOST = 10_000
"""So many related rows are counted; of more it is only known that there are more."""


@dataclass(frozen=True)
class Row:
    """A related record, and what it is called."""

    id: int
    name: str


@dataclass(frozen=True)
class Rows:
    """Related rows of `table`: the ids of all (at most `MOST`, then `more`), and the first ones by name."""

    ids: list[int]
    first: list[Row]
    more: bool = False


class Related:
    """Looks for related rows of one organization. Use as a context manager."""

    def __init__(self, scoped: Scoped) -> None:
        self._scoped = scoped

    @property
    def tables(self) -> Mapping[str, tuple[str, ...]]:
        """The tables there are, with their columns."""
        return self._scoped.tables

    def find(self, table: str, connection_id: int, match: Mapping[str, Any], *, named: int) -> Rows:
        """The rows of a connection whose columns have these values; the first `named` of them with their names.

        A value of a column that holds lists (JSON) is met by a list that contains it: give it as a set.
        """
        where = "connection_id = ?"
        values: list[Any] = [connection_id]
        for column, value in match.items():
            if isinstance(value, frozenset):
                where += f' AND json_valid("{column}") AND EXISTS (SELECT 1 FROM json_each("{column}") WHERE value = ?)'
                values += value
            else:
                where += f' AND "{column}" = ?'
                values.append(value)
        query = f'SELECT id FROM "{table}" WHERE {where} ORDER BY id LIMIT {MOST + 1}'
        ids = [row for (row,) in self._scoped.connection.execute(query, values)]
        return Rows(ids[:MOST], self.named(table, ids[:named]), len(ids) > MOST)

    def named(self, table: str, ids: Iterable[int]) -> list[Row]:
        """These rows with what they are called, in this order; those that are gone left out."""
        columns = [column for column in _CALLED if column in self.tables[table]]
        called = ", ".join(f"nullif(\"{column}\", '')" for column in (*columns, "source_id"))
        query = f'SELECT coalesce({called}) FROM "{table}" WHERE id = ?'
        found = ((row_id, self._scoped.connection.execute(query, (row_id,)).fetchone()) for row_id in ids)
        return [Row(row_id, str(row[0])) for row_id, row in found if row]

    def record(self, table: str, row_id: int) -> dict[str, Any]:
        """One whole row; empty when it is gone."""
        columns = self.tables[table]
        listed = ", ".join(f'"{column}"' for column in columns)
        row = self._scoped.connection.execute(f'SELECT {listed} FROM "{table}" WHERE id = ?', (row_id,)).fetchone()
        return dict(zip(columns, row, strict=True)) if row else {}


@contextmanager
def looking(path: Path, organization_id: str, cancelled: Callable[[], bool] = lambda: False) -> Iterator[Related]:
    """A connection for looking up related rows. Raises StoreError: cancelled, or the file cannot be read."""
    scoped = open_scoped(path, organization_id)
    scoped.connection.set_progress_handler(cancelled, _STEPS_BETWEEN_LOOKS)
    try:
        yield Related(scoped)
    except sqlite3.Error as error:
        raise StoreError("cancelled", "Cancelled.") if cancelled() else store_error(error) from error
    finally:
        scoped.connection.close()
