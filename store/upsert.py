"""The bulk write path: rows in, what changed out. No write without a change.

A batch costs one indexed look-up of its keys, a comparison in Python, and one prepared statement each for the new
and the changed rows. Everything here runs inside a transaction of the writer's.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from store.changes import DELETED, Note
from store.clock import now_text
from store.errors import StoreError
from store.rowset import RowSet

_NO_ID_REACHES = 2**63 - 1

Row = tuple[Any, ...]
"""One record's values, in the order of the batch's fields; the first field is always `source_id`."""


@dataclass(frozen=True)
class Scope:
    """Whose rows are written, and by which sync run (None: outside of one, as for an event).

    `events_since`: what an event stored or deleted from then on is newer than what is written here, and is left alone.
    By default that never comes.
    """

    connection_id: int
    organization_id: str
    source_system: str
    run_id: int | None = None
    events_since: str = "9999"


@dataclass
class Applied:
    """What a batch did. `rows`: source id -> row id of all it covered; `refused`: what the database would not take.

    `new_from` is the first row id that was not in use before the batch.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    new_from: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)


class SweepRefusedError(StoreError):
    """A full listing would mark more than half of an entity's rows deleted."""

    def __init__(self, entity: str, gone: int, live: int) -> None:
        super().__init__(
            "sweep_refused",
            f"The vendor no longer returned {gone:,} of {live:,} {entity}; none of them was marked deleted.",
            hint="If that is right, run the full sync again and confirm (--allow-deletes).",
        )


@dataclass(frozen=True)
class _Statements:
    """The statements for one table and one set of fields."""

    table: str
    fields: tuple[str, ...]

    @cached_property
    def select(self) -> str:
        columns = ", ".join(f'"{name}"' for name in self.fields)
        return (
            f'SELECT id, deleted_at, {columns} FROM "{self.table}" '
            "WHERE connection_id = ? AND source_id IN (SELECT value FROM json_each(?))"
        )

    @cached_property
    def insert(self) -> str:
        columns = ", ".join(f'"{name}"' for name in self.fields)
        marks = ", ".join("?" * (len(self.fields) + 6))
        return (
            f'INSERT INTO "{self.table}"({columns}, id, connection_id, run_id, synced_at, organization_id, '
            f"source_system) VALUES ({marks})"
        )

    @cached_property
    def update(self) -> str:
        changes = ", ".join(f'"{name}" = ?' for name in self.fields)
        return (
            f'UPDATE "{self.table}" SET {changes}, run_id = ?, synced_at = ?, deleted_at = NULL '
            "WHERE id = ? AND (run_id IS NOT NULL OR max(synced_at, coalesce(deleted_at, '')) < ?)"
        )


@lru_cache(maxsize=256)
def _statements(table: str, fields: tuple[str, ...]) -> _Statements:
    return _Statements(table, fields)


def apply(
    connection: sqlite3.Connection, table: str, scope: Scope, fields: tuple[str, ...], rows: Sequence[Row]
) -> Applied:
    """Insert what is new and update what differs; of two rows with one `source_id` the last wins.

    Fields that are not among `fields` keep their stored values.
    """
    statements = _statements(table, fields)
    latest = {row[0]: row for row in rows}
    stored = {
        old[2]: old for old in connection.execute(statements.select, (scope.connection_id, json.dumps(list(latest))))
    }
    (next_id,) = connection.execute(f'SELECT coalesce(max(id), 0) + 1 FROM "{table}"').fetchone()
    applied = Applied(new_from=next_id)
    moment = now_text()
    tail = (scope.connection_id, scope.run_id, moment, scope.organization_id, scope.source_system)
    inserts: list[Row] = []
    updates: list[Row] = []
    before: dict[int, dict[str, Any]] = {}
    for source_id, row in latest.items():
        old = stored.get(source_id)
        if old is None:
            inserts.append((*row, next_id, *tail))
            applied.rows[source_id] = next_id
            next_id += 1
        elif old[1] is None and old[2:] == row:
            applied.rows[source_id] = old[0]
        else:
            updates.append((*row, scope.run_id, moment, old[0], scope.events_since))
            before[old[0]] = _differences(fields, old, row)
            applied.rows[source_id] = old[0]
    updates.sort(key=lambda update: update[-2])  # neighbours share a database page
    applied.inserted = _execute(connection, statements.insert, inserts, applied)
    applied.updated = _execute(connection, statements.update, updates, applied)
    if applied.updated < len(updates):  # refused, or an event's
        before = {row: before[row] for row in _written(connection, table, moment, before)}
    _note(table, scope, moment).updates(connection, before)
    applied.unchanged = len(latest) - applied.inserted - applied.updated - len(applied.refused)
    return applied


def _note(table: str, scope: Scope, moment: str) -> Note:
    return Note(scope.connection_id, scope.organization_id, table, scope.run_id, moment)


def _written(connection: sqlite3.Connection, table: str, moment: str, rows: Iterable[int]) -> list[int]:
    """Those of the rows that were written at that moment."""
    found = connection.execute(
        f'SELECT id FROM "{table}" WHERE id IN (SELECT value FROM json_each(?)) AND synced_at = ?',
        (json.dumps(list(rows)), moment),
    )
    return [row for (row,) in found]


def _differences(fields: tuple[str, ...], old: Row, row: Row) -> dict[str, Any]:
    """The stored values (id, deleted_at, then those of the fields) that the new ones replace."""
    differ = {name: was for name, was, becomes in zip(fields, old[2:], row, strict=True) if was != becomes}
    return differ if old[1] is None else {DELETED: old[1], **differ}


def _execute(connection: sqlite3.Connection, statement: str, rows: list[Row], applied: Applied) -> int:
    """Execute for every row; a row the database cannot take is refused alone. Returns the rows that went in."""
    if not rows:
        return 0
    connection.execute("SAVEPOINT batch")
    try:
        return connection.executemany(statement, rows).rowcount
    except sqlite3.OperationalError:
        raise  # the disk, a lock: nothing to do with one row
    except (sqlite3.Error, OverflowError, UnicodeError):
        connection.execute("ROLLBACK TO batch")
        return sum(_execute_one(connection, statement, row, applied) for row in rows)
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE batch")


def _execute_one(connection: sqlite3.Connection, statement: str, row: Row, applied: Applied) -> bool:
    try:
        return connection.execute(statement, row).rowcount == 1
    except sqlite3.OperationalError:
        raise
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        applied.refused.append((row[0], f"the database cannot store it: {error}"))
        return False


def row_ids(connection: sqlite3.Connection, table: str, scope: Scope, source_ids: Iterable[str]) -> list[int]:
    """The ids of the rows that are stored for these records."""
    rows = connection.execute(
        f'SELECT id FROM "{table}" WHERE connection_id = ? AND source_id IN (SELECT value FROM json_each(?))',
        (scope.connection_id, json.dumps(list(source_ids))),
    )
    return [row for (row,) in rows]


def mark_deleted(connection: sqlite3.Connection, table: str, scope: Scope, source_ids: Iterable[str]) -> int:
    """Mark rows as deleted at the vendor; returns how many were live until now."""
    rows = connection.execute(
        f'SELECT id FROM "{table}" WHERE connection_id = ? AND deleted_at IS NULL '
        "AND (run_id IS NOT NULL OR synced_at < ?) AND source_id IN (SELECT value FROM json_each(?))",
        (scope.connection_id, scope.events_since, json.dumps(list(source_ids))),
    )
    return _mark(connection, table, scope, [row for (row,) in rows])


def _mark(connection: sqlite3.Connection, table: str, scope: Scope, gone: list[int]) -> int:
    moment = now_text()
    _note(table, scope, moment).deletions(connection, gone)
    connection.executemany(
        f'UPDATE "{table}" SET deleted_at = ?, run_id = ? WHERE id = ?',
        ((moment, scope.run_id, row) for row in gone),
    )
    return len(gone)


def sweep(
    connection: sqlite3.Connection,
    table: str,
    scope: Scope,
    seen: RowSet,
    *,
    started_at: str,
    allow: bool,
    new_from: int | None = None,
) -> int:
    """After a complete full listing: mark the rows it did not meet as deleted; returns how many.

    Rows that something else wrote since `started_at` are left alone. Raises SweepRefusedError when that would be more
    than half of the entity as it was before the listing, unless `allow`: rows from `new_from` on are new, and however
    many a listing of another account brings, they make up for none that is gone.
    """
    before = _NO_ID_REACHES if new_from is None else new_from
    known = seen.count_below(before)
    count = f'SELECT count(*) FROM "{table}" WHERE connection_id = ? AND +id < ?'  # by the index, which has the ids
    if connection.execute(count, (scope.connection_id, before)).fetchone() == (known,):
        return 0  # what was met is all there: rows from `before` on were written since, and are left alone
    everything = connection.execute(f'SELECT id FROM "{table}" WHERE connection_id = ?', (scope.connection_id,))
    missing = json.dumps([row for (row,) in everything if row not in seen])
    gone = [
        row
        for (row,) in connection.execute(
            f'SELECT id FROM "{table}" WHERE id IN (SELECT value FROM json_each(?)) '
            "AND deleted_at IS NULL AND synced_at < ?",
            (missing, started_at),
        )
    ]
    live = known + len(gone)
    if gone and len(gone) * 2 > live and not allow:
        raise SweepRefusedError(table, len(gone), live)
    return _mark(connection, table, scope, gone)
