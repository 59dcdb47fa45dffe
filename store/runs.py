"""Sync runs and what carries over from one to the next: watermarks, checkpoints, page digests, rejected records."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.clock import now_text
from store.database import Database
from store.rowset import RowSet
from store.upsert import Scope

ABANDONED = "The process ended in the middle."
"""The error of a run that was killed."""


@dataclass(frozen=True)
class SyncRun:
    """A row of `sync_runs`; `entities` has the counts per entity."""

    id: int
    connection_id: int
    mode: str
    status: str
    started_at: str
    finished_at: str | None
    error: str | None
    entities: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Checkpoint:
    """Where an unfinished sync of an entity goes on; `started_at` is when its first attempt began."""

    mode: str
    started_at: str
    since: str | None
    cursor: Any
    seen: RowSet


@dataclass(frozen=True)
class StoredPage:
    """A page of an earlier full listing: its digest, the run that stored it, and the rows it covers."""

    digest: bytes
    run_id: int
    runs: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Rejection:
    """A record that is set aside. `payload` is JSON text of what the connector gave."""

    source_id: str
    field: str | None
    reason: str
    payload: str


def start_run(database: Database, connection_id: int, organization_id: str, mode: str) -> int:
    """Begin a run; runs of this connection that a killed process left behind are closed as aborted."""

    def start(connection: sqlite3.Connection) -> int:
        connection.execute(
            "UPDATE sync_runs SET status = 'aborted', finished_at = ?, error = ? "
            "WHERE connection_id = ? AND status = 'running'",
            (now_text(), ABANDONED, connection_id),
        )
        cursor = connection.execute(
            "INSERT INTO sync_runs(connection_id, organization_id, mode, status, started_at, entities) "
            "VALUES (?, ?, ?, 'running', ?, '{}')",
            (connection_id, organization_id, mode, now_text()),
        )
        return int(cursor.lastrowid or 0)

    return database.writer.run(start)


def finish_run(
    database: Database, run_id: int, *, status: str, error: str | None, entities: Mapping[str, Mapping[str, int]]
) -> None:
    """Keep how a run ended."""
    values = (status, error, json.dumps(entities), now_text(), run_id)
    database.writer.run(
        lambda c: (
            c.execute(
                "UPDATE sync_runs SET status = ?, error = ?, entities = ?, finished_at = ? WHERE id = ?", values
            ).rowcount
        )
    )


def recent_runs(database: Database, connection_ids: Sequence[int], limit: int) -> list[SyncRun]:
    """The newest runs of these connections, newest first."""
    rows = database.reader().execute(
        "SELECT id, connection_id, mode, status, started_at, finished_at, error, entities FROM sync_runs "
        "WHERE connection_id IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?",
        (json.dumps(list(connection_ids)), limit),
    )
    return [SyncRun(*columns, entities=json.loads(entities)) for *columns, entities in rows]  # type: ignore[misc]


def watermark(database: Database, connection_id: int, entity: str) -> str | None:
    """The start time up to which the entity is known complete, or None."""
    row = (
        database.reader()
        .execute("SELECT value FROM watermarks WHERE connection_id = ? AND entity = ?", (connection_id, entity))
        .fetchone()
    )
    return None if row is None else str(row[0])


def has_watermark(database: Database, connection_id: int) -> bool:
    """Whether any entity of the connection was ever complete."""
    query = "SELECT 1 FROM watermarks WHERE connection_id = ? LIMIT 1"
    return database.reader().execute(query, (connection_id,)).fetchone() is not None


def bookmark(database: Database, connection_id: int, entity: str) -> Any:
    """Where the vendor's feed of changes goes on behind the watermark, or None."""
    query = "SELECT bookmark FROM watermarks WHERE connection_id = ? AND entity = ?"
    row = database.reader().execute(query, (connection_id, entity)).fetchone()
    return json.loads(row[0]) if row and row[0] is not None else None


def set_watermark(
    connection: sqlite3.Connection, connection_id: int, entity: str, value: str, bookmark: Any = None
) -> None:
    """Move the watermark forward (never back), and with it the bookmark, where there is one."""
    connection.execute(
        "INSERT INTO watermarks(connection_id, entity, value, bookmark) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET "
        "value = max(value, excluded.value), bookmark = coalesce(excluded.bookmark, bookmark)",
        (connection_id, entity, value, None if bookmark is None else json.dumps(bookmark)),
    )


def checkpoint(database: Database, connection_id: int, entity: str) -> Checkpoint | None:
    """The last committed checkpoint of an unfinished sync of the entity, or None."""
    row = (
        database.reader()
        .execute(
            "SELECT mode, started_at, since, cursor, seen FROM checkpoints WHERE connection_id = ? AND entity = ?",
            (connection_id, entity),
        )
        .fetchone()
    )
    if row is None:
        return None
    mode, started_at, since, cursor, seen = row
    return Checkpoint(mode, started_at, since, json.loads(cursor), RowSet(seen))


def save_checkpoint(connection: sqlite3.Connection, connection_id: int, entity: str, value: Checkpoint) -> None:
    """Keep a checkpoint, in the transaction of the rows it covers."""
    connection.execute(
        "INSERT OR REPLACE INTO checkpoints(connection_id, entity, mode, started_at, since, cursor, seen) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (connection_id, entity, value.mode, value.started_at, value.since, json.dumps(value.cursor), value.seen.pack()),
    )


def clear_checkpoint(connection: sqlite3.Connection, connection_id: int, entity: str) -> None:
    """Forget the checkpoint: the entity finished, or its cursor is no longer good."""
    connection.execute("DELETE FROM checkpoints WHERE connection_id = ? AND entity = ?", (connection_id, entity))


def stored_page(database: Database, connection_id: int, entity: str, page: str) -> StoredPage | None:
    """What an earlier full listing stored under this page key, or None."""
    row = (
        database.reader()
        .execute(
            "SELECT digest, run_id, rows FROM page_digests WHERE connection_id = ? AND entity = ? AND page = ?",
            (connection_id, entity, page),
        )
        .fetchone()
    )
    return None if row is None else StoredPage(row[0], row[1], json.loads(row[2]))


def page_is_intact(database: Database, entity: str, connection_id: int, page: StoredPage) -> bool:
    """Whether the rows of a page are all there, live, and untouched since that page was stored."""
    expected = sum(last - first + 1 for first, last in page.runs)
    found = 0
    for first, last in page.runs:
        (n,) = (
            database.reader()
            .execute(
                f'SELECT count(*) FROM "{entity}" WHERE id BETWEEN ? AND ? AND +connection_id = ? AND run_id <= ? '
                "AND deleted_at IS NULL",
                (first, last, connection_id, page.run_id),
            )
            .fetchone()
        )
        found += n
    return found == expected


def save_pages(
    connection: sqlite3.Connection, connection_id: int, entity: str, pages: Iterable[tuple[str, StoredPage]]
) -> None:
    """Keep pages of a full listing, in the transaction of the rows they cover."""
    connection.executemany(
        "INSERT OR REPLACE INTO page_digests(connection_id, entity, page, digest, run_id, rows) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        ((connection_id, entity, key, p.digest, p.run_id, json.dumps(p.runs)) for key, p in pages),
    )


def forget_pages(connection: sqlite3.Connection, connection_id: int, entity: str, pages: Iterable[str]) -> None:
    """Drop the digests of these pages, so that they are mapped again when they come."""
    connection.executemany(
        "DELETE FROM page_digests WHERE connection_id = ? AND entity = ? AND page = ?",
        ((connection_id, entity, page) for page in pages),
    )


def forget_other_pages(connection: sqlite3.Connection, connection_id: int, entity: str, pages: Iterable[str]) -> None:
    """Drop the digests of pages that a complete full listing no longer has."""
    connection.execute(
        "DELETE FROM page_digests WHERE connection_id = ? AND entity = ? "
        "AND page NOT IN (SELECT value FROM json_each(?))",
        (connection_id, entity, json.dumps(list(pages))),
    )


def count_rejected(database: Database, connection_id: int, entity: str) -> int:
    """How many records of the entity are set aside."""
    (n,) = (
        database.reader()
        .execute(
            "SELECT count(*) FROM rejected_records WHERE connection_id = ? AND entity = ?", (connection_id, entity)
        )
        .fetchone()
    )
    return int(n)


def reject(connection: sqlite3.Connection, scope: Scope, entity: str, rejections: Iterable[Rejection]) -> None:
    """Set records aside. One that was set aside before is renewed.

    Lone surrogates, which no database takes, may be in the id and in the reason too: there they are escaped.
    """
    moment = now_text()
    whose = (scope.connection_id, scope.organization_id, scope.run_id, entity)
    connection.executemany(
        "INSERT INTO rejected_records(connection_id, organization_id, run_id, entity, source_id, field, reason, "
        "payload, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(connection_id, entity, source_id) "
        "DO UPDATE SET run_id = excluded.run_id, field = excluded.field, reason = excluded.reason, "
        "payload = excluded.payload, created_at = excluded.created_at",
        (
            (*whose, _writable(r.source_id), r.field and _writable(r.field), _writable(r.reason), r.payload, moment)
            for r in rejections
        ),
    )  # fmt: skip


def _writable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def accept(connection: sqlite3.Connection, connection_id: int, entity: str, source_ids: Iterable[str]) -> None:
    """Forget rejections of records that were stored after all."""
    connection.execute(
        "DELETE FROM rejected_records WHERE connection_id = ? AND entity = ? "
        "AND source_id IN (SELECT value FROM json_each(?))",
        (connection_id, entity, json.dumps(list(source_ids))),
    )
