"""What the fields of a record were before they changed: noted in the transaction that changes them, and read again.

Bounded twice, so that a field which changes with every sync crowds out nothing else: the newest changes of a row, and
the newest of the file, are kept.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.database import Database

KEPT_OF_A_ROW = 50
KEPT_IN_ALL = 1_000_000

DELETED = "deleted_at"
"""The field under which a deletion, or a return, is noted."""


@dataclass(frozen=True)
class Change:
    """A row was changed then, by this sync run (None: by an event); `before` has the old values of what differs."""

    changed_at: str
    run_id: int | None
    before: Mapping[str, Any]


@dataclass(frozen=True)
class Note:
    """Who changes rows of `entity`, and when."""

    connection_id: int
    organization_id: str
    entity: str
    run_id: int | None
    moment: str

    def updates(self, connection: sqlite3.Connection, before: Mapping[int, Mapping[str, Any]]) -> None:
        """Note what these rows were: row id -> the old values of what differs."""
        if before:
            changes = [(row_id, json.dumps(before[row_id], ensure_ascii=False)) for row_id in sorted(before)]
            self._insert(connection, changes)
            _forget_old_of(connection, self.entity, before)
            _forget_oldest(connection)

    def deletions(self, connection: sqlite3.Connection, rows: Iterable[int]) -> None:
        """Note that these rows were live until now."""
        self._insert(connection, [(row_id, json.dumps({DELETED: None})) for row_id in rows])
        _forget_oldest(connection)

    def _insert(self, connection: sqlite3.Connection, changes: Sequence[tuple[int, str]]) -> None:
        # VALUES of one row: an INSERT that could fail halfway would copy every page it touches, ten kilobytes a change.
        connection.executemany(
            "INSERT INTO record_changes(connection_id, organization_id, entity, row_id, run_id, changed_at, before) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (self.connection_id, self.organization_id, self.entity, row_id, self.run_id, self.moment, before)
                for row_id, before in changes
            ),
        )


def _forget_old_of(connection: sqlite3.Connection, entity: str, rows: Iterable[int]) -> None:
    """Only counting costs anything as a rule, and it reads nothing but the index."""
    crowded = connection.execute(
        "SELECT row_id FROM record_changes WHERE entity = ? AND row_id IN (SELECT value FROM json_each(?)) "
        "GROUP BY row_id HAVING count(*) > ?",
        (entity, json.dumps(list(rows)), KEPT_OF_A_ROW),
    ).fetchall()
    connection.executemany(
        "DELETE FROM record_changes WHERE entity = ?1 AND row_id = ?2 AND id NOT IN "
        "(SELECT id FROM record_changes WHERE entity = ?1 AND row_id = ?2 ORDER BY id DESC LIMIT ?3)",
        ((entity, row_id, KEPT_OF_A_ROW) for (row_id,) in crowded),
    )


def _forget_oldest(connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM record_changes WHERE id <= (SELECT max(id) FROM record_changes) - ?", (KEPT_IN_ALL,)
    )


def changes(database: Database, organization_id: str, entity: str, row_id: int) -> list[Change]:
    """What is known of a row's changes, the last one first."""
    rows = database.reader().execute(
        "SELECT changed_at, run_id, before FROM record_changes "
        "WHERE entity = ? AND row_id = ? AND organization_id = ? ORDER BY id DESC",
        (entity, row_id, organization_id),
    )
    return [Change(changed_at, run_id, json.loads(before)) for changed_at, run_id, before in rows]
