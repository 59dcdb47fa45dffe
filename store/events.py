"""The inbox: events as they arrived, each stored once, and what became of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from store.clock import now_text
from store.connections import Connection
from store.database import Database

DUE = ("failed", "waiting")
"""The statuses of events that are still to be handled."""


@dataclass(frozen=True)
class Arrival:
    """An event that is to be stored. `event_id` is the vendor's, or a digest; `payload` is JSON text."""

    event_id: str
    type: str
    payload: str


@dataclass(frozen=True)
class Event:
    """A row of `events`. `status`: waiting, handled, failed (tried again at `next_attempt_at`) or set_aside."""

    id: int
    connection_id: int
    event_id: str
    type: str
    payload: str
    status: str
    attempts: int
    received_at: str
    next_attempt_at: str | None
    handled_at: str | None
    error: str | None


_COLUMNS = ", ".join(Event.__dataclass_fields__)


def add(database: Database, connection: Connection, arrivals: Sequence[Arrival]) -> Future[int]:
    """Store events of a connection, all in one transaction; the future has how many of them were new.

    One that is there already, handled or not, is left as it is.
    """
    moment = now_text()
    whose = (connection.id, connection.organization_id)
    rows = [(*whose, one.event_id, one.type, one.payload, moment, moment) for one in arrivals]

    def insert(writing: sqlite3.Connection) -> int:
        return writing.executemany(
            "INSERT OR IGNORE INTO events(connection_id, organization_id, event_id, type, payload, status, attempts, "
            "received_at, next_attempt_at) VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?, ?)",
            rows,
        ).rowcount

    return database.writer.submit(insert)


def due(database: Database, connection_id: int, limit: int) -> list[Event]:
    """The oldest events of a connection whose time has come, in the order in which they arrived."""
    found: list[Event] = []
    for status in DUE:  # one at a time: so each is read from the index, however many are waiting
        rows = database.reader().execute(
            f"SELECT {_COLUMNS} FROM events WHERE connection_id = ? AND status = ? AND next_attempt_at <= ? "
            "ORDER BY next_attempt_at, id LIMIT ?",
            (connection_id, status, now_text(), limit),
        )
        found += [Event(*row) for row in rows]
    return sorted(found, key=lambda event: event.id)[:limit]


def handled(database: Database, event_id: int) -> Future[None]:
    """Keep that an event was handled."""
    return _set(database, event_id, status="handled", handled_at=now_text(), next_attempt_at=None, error=None)


def failed(database: Database, event_id: int, *, error: str, next_attempt_at: str | None) -> Future[None]:
    """Keep that an event could not be handled, and when it is tried again; None sets it aside."""
    status = "set_aside" if next_attempt_at is None else "failed"
    return _set(database, event_id, status=status, next_attempt_at=next_attempt_at, error=error)


def _set(database: Database, event_id: int, **values: str | None) -> Future[None]:
    changes = ", ".join(f"{column} = ?" for column in values)

    def update(writing: sqlite3.Connection) -> None:
        writing.execute(
            f"UPDATE events SET {changes}, attempts = attempts + 1 WHERE id = ?", (*values.values(), event_id)
        )

    return database.writer.submit(update)


def replay(database: Database, event_ids: Iterable[int]) -> None:
    """Let these events be handled again, as if they had just come."""
    values = (now_text(), json.dumps(list(event_ids)))
    database.writer.run(
        lambda writing: (
            writing.execute(
                "UPDATE events SET status = 'waiting', attempts = 0, next_attempt_at = ?, handled_at = NULL, "
                "error = NULL WHERE id IN (SELECT value FROM json_each(?))",
                values,
            ).rowcount
        )
    )


def forget_handled(database: Database, organization_id: str, before: str) -> int:
    """Delete events that were handled before that moment; returns how many. The same one would be taken anew."""
    return database.writer.run(
        lambda writing: (
            writing.execute(
                "DELETE FROM events WHERE organization_id = ? AND status = 'handled' AND handled_at < ?",
                (organization_id, before),
            ).rowcount
        )
    )


def listed(
    database: Database,
    organization_id: str,
    *,
    connection_id: int | None = None,
    status: str | None = None,
    event_ids: Iterable[int] | None = None,
    limit: int = -1,
) -> list[Event]:
    """The organization's newest events, newest first; only those of a connection, of a status, or with these ids."""
    conditions, values = ["organization_id = ?"], [organization_id]
    for column, value in (("connection_id = ?", connection_id), ("status = ?", status)):
        if value is not None:
            conditions.append(column)
            values.append(str(value))
    if event_ids is not None:
        conditions.append("id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(event_ids)))
    rows = database.reader().execute(
        f"SELECT {_COLUMNS} FROM events WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?", (*values, limit)
    )
    return [Event(*row) for row in rows]


def counts(database: Database, organization_id: str) -> dict[str, int]:
    """How many events have which status."""
    rows = database.reader().execute(
        "SELECT status, count(*) FROM events WHERE organization_id = ? GROUP BY status", (organization_id,)
    )
    return dict(rows.fetchall())
