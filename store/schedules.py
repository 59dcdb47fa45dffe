"""When connections are synced by themselves, and which process has taken a due one on.

A lease is a row's `leased_by` and `leased_until`: taken in one transaction, so that of several processes one gets it,
and over when its time is, so that a killed process keeps nobody off for long.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from store.connections import Connection
from store.database import Database


@dataclass(frozen=True)
class Schedule:
    """A row of `schedules` with the names of its connection. Moments are UTC text, as `store.clock` writes it."""

    connection_id: int
    organization_id: str
    slug: str
    name: str
    spec: dict[str, Any]
    enabled: bool
    next_due_at: str
    leased_by: str | None
    leased_until: str | None
    last_run_at: str | None
    last_status: str | None


_SELECT = (
    "SELECT s.connection_id, s.organization_id, c.slug, c.name, s.spec, s.enabled, s.next_due_at, s.leased_by, "
    "s.leased_until, s.last_run_at, s.last_status FROM schedules s JOIN connections c ON c.id = s.connection_id "
)
_DUE = (
    "WHERE s.enabled AND s.next_due_at <= ?1 AND coalesce(s.leased_until, '') <= ?1 "
    "AND c.status NOT IN ('disconnected', 'revoked') ORDER BY s.next_due_at LIMIT 1"
)


def _schedule(row: tuple[Any, ...]) -> Schedule:
    connection_id, organization_id, slug, name, spec, enabled, *rest = row
    return Schedule(connection_id, organization_id, slug, name, json.loads(spec), bool(enabled), *rest)


def schedules(database: Database, organization_id: str | None = None) -> list[Schedule]:
    """The schedules of an organization, or of all; those of disconnected connections left out."""
    rows = database.reader().execute(
        f"{_SELECT} WHERE c.status <> 'disconnected' AND s.organization_id = coalesce(?, s.organization_id) "
        "ORDER BY s.organization_id, c.slug, c.name",
        (organization_id,),
    )
    return [_schedule(row) for row in rows]


def find_schedule(database: Database, connection_id: int) -> Schedule | None:
    """The schedule of a connection, or None."""
    row = database.reader().execute(f"{_SELECT} WHERE s.connection_id = ?", (connection_id,)).fetchone()
    return row and _schedule(row)


def next_due(database: Database, connection_id: int) -> str | None:
    """When the connection is due next, or None where it is not synced by itself."""
    row = (
        database.reader()
        .execute("SELECT next_due_at FROM schedules WHERE connection_id = ? AND enabled", (connection_id,))
        .fetchone()
    )
    return None if row is None else str(row[0])


def save_schedule(database: Database, connection: Connection, spec: dict[str, Any], next_due_at: str) -> None:
    """Give the connection this schedule, switched on, in place of the one it has; a run under way is not disturbed."""
    values = (connection.id, connection.organization_id, json.dumps(spec), next_due_at)
    database.writer.run(
        lambda c: (
            c.execute(
                "INSERT INTO schedules(connection_id, organization_id, spec, enabled, next_due_at) "
                "VALUES (?, ?, ?, 1, ?) ON CONFLICT(connection_id) DO UPDATE SET "
                "spec = excluded.spec, enabled = 1, next_due_at = excluded.next_due_at",
                values,
            ).rowcount
        )
    )


def switch_schedule(database: Database, connection_id: int, *, enabled: bool, next_due_at: str) -> None:
    """Switch a schedule on or off."""
    database.writer.run(
        lambda c: (
            c.execute(
                "UPDATE schedules SET enabled = ?, next_due_at = ? WHERE connection_id = ?",
                (enabled, next_due_at, connection_id),
            ).rowcount
        )
    )


def remove_schedule(database: Database, connection_id: int) -> bool:
    """Forget a schedule; False where there was none."""
    removed = database.writer.run(
        lambda c: c.execute("DELETE FROM schedules WHERE connection_id = ?", (connection_id,)).rowcount
    )
    return removed > 0


def last_full_run(database: Database, connection_id: int) -> str | None:
    """When the last full run of a connection that brought everything began, or None."""
    row = (
        database.reader()
        .execute(
            "SELECT started_at FROM sync_runs WHERE connection_id = ? AND mode = 'full' AND status = 'success' "
            "ORDER BY id DESC LIMIT 1",
            (connection_id,),
        )
        .fetchone()
    )
    return None if row is None else str(row[0])


# -- leases ------------------------------------------------------------------------------------------------------------


def lease_due(database: Database, owner: str, *, moment: str, until: str) -> Schedule | None:
    """Take on the schedule that has been due longest and that nobody works on; None where there is none."""
    if database.reader().execute(f"{_SELECT} {_DUE}", (moment,)).fetchone() is None:
        return None  # the write lock is asked for only when there is something to have

    def take(connection: sqlite3.Connection) -> Schedule | None:
        row = connection.execute(f"{_SELECT} {_DUE}", (moment,)).fetchone()
        if row is None:
            return None
        connection.execute(
            "UPDATE schedules SET leased_by = ?, leased_until = ? WHERE connection_id = ?", (owner, until, row[0])
        )
        return _schedule(row)

    return database.writer.run(take)


def renew_lease(database: Database, connection_id: int, owner: str, until: str) -> bool:
    """Keep a lease until then; False where it ran out and somebody else has it."""
    renewed = database.writer.run(
        lambda c: (
            c.execute(
                "UPDATE schedules SET leased_until = ? WHERE connection_id = ? AND leased_by = ?",
                (until, connection_id, owner),
            ).rowcount
        )
    )
    return renewed > 0


def end_lease(
    database: Database,
    connection_id: int,
    owner: str,
    *,
    ran_at: str,
    status: str,
    next_due_at: Callable[[dict[str, Any]], str] | None,
) -> None:
    """Give a lease back and keep how the run ended.

    `next_due_at` is asked for the next time of the spec as it is now: it may have been changed during the run. Without
    it the schedule stays due, for whoever comes next.
    """

    def end(connection: sqlite3.Connection) -> None:
        mine = (connection_id, owner)
        row = connection.execute(
            "SELECT spec FROM schedules WHERE connection_id = ? AND leased_by = ?", mine
        ).fetchone()
        if row is None:
            return
        connection.execute(
            "UPDATE schedules SET leased_by = NULL, leased_until = NULL, last_run_at = ?, last_status = ?, "
            "next_due_at = coalesce(?, next_due_at) WHERE connection_id = ?",
            (ran_at, status, next_due_at and next_due_at(json.loads(row[0])), connection_id),
        )

    database.writer.run(end)
