"""What waits for somebody to agree, and the policies that say what has to wait."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from store.clock import now_text
from store.connections import Connection
from store.database import Database

EVERY_OPERATION = "*"


@dataclass(frozen=True)
class Approval:
    """A row of `approvals`, its arguments read. `status`: waiting, approved, rejected or expired."""

    id: int
    connection_id: int
    kind: str
    operation: str
    arguments: dict[str, Any]
    requested_by: str
    reason: str | None
    status: str
    created_at: str
    expires_at: str
    decided_at: str | None
    decided_by: str | None
    note: str | None
    ledger_id: int | None


@dataclass(frozen=True)
class Decision:
    """What somebody said about a request: approved or rejected, and a note for the one who asked."""

    status: str
    decided_by: str
    note: str | None = None


_COLUMNS = ", ".join(Approval.__dataclass_fields__)


def ask(
    database: Database,
    connection: Connection,
    kind: str,
    operation: str,
    arguments: Mapping[str, Any],
    *,
    requested_by: str,
    reason: str | None,
    expires_at: str,
) -> int:
    """Keep a request until somebody decides; returns its id."""
    values = (
        connection.id,
        connection.organization_id,
        kind,
        operation,
        json.dumps(arguments),
        requested_by,
        reason,
        now_text(),
        expires_at,
    )
    return database.writer.run(
        lambda writing: int(
            writing.execute(
                "INSERT INTO approvals(connection_id, organization_id, kind, operation, arguments, requested_by, "
                "reason, created_at, expires_at, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')",
                values,
            ).lastrowid
            or 0
        )
    )


def approvals(database: Database, organization_id: str, *, status: str | None = None, limit: int) -> list[Approval]:
    """The organization's requests, newest first; all of them, or those of one status."""
    rows = database.reader().execute(
        f"SELECT {_COLUMNS} FROM approvals WHERE organization_id = ? AND status = coalesce(?, status) "
        "ORDER BY id DESC LIMIT ?",
        (organization_id, status, limit),
    )
    return [_approval(row) for row in rows]


def approval(database: Database, organization_id: str, approval_id: int) -> Approval | None:
    """One of the organization's requests, or None."""
    row = (
        database.reader()
        .execute(
            f"SELECT {_COLUMNS} FROM approvals WHERE organization_id = ? AND id = ?", (organization_id, approval_id)
        )
        .fetchone()
    )
    return None if row is None else _approval(row)


def _approval(row: tuple[Any, ...]) -> Approval:
    fields = dict(zip(Approval.__dataclass_fields__, row, strict=True))
    return Approval(**{**fields, "arguments": json.loads(fields["arguments"])})


def expire(database: Database, organization_id: str) -> None:
    """Mark the requests that waited too long. Writes only where there is one."""
    moment = now_text()
    due = "organization_id = ? AND status = 'waiting' AND expires_at <= ?"
    found = database.reader().execute(f"SELECT 1 FROM approvals WHERE {due} LIMIT 1", (organization_id, moment))
    if found.fetchone():
        statement = f"UPDATE approvals SET status = 'expired', decided_at = ? WHERE {due}"
        database.writer.run(lambda writing: writing.execute(statement, (moment, organization_id, moment)).rowcount)


def decide(writing: sqlite3.Connection, approval_id: int, decision: Decision, ledger_id: int | None = None) -> bool:
    """Settle a request that still waits, inside the caller's transaction; False where it does not wait any more."""
    moment = now_text()
    changed = writing.execute(
        "UPDATE approvals SET status = ?, decided_by = ?, note = ?, decided_at = ?, ledger_id = ? "
        "WHERE id = ? AND status = 'waiting' AND expires_at > ?",
        (decision.status, decision.decided_by, decision.note, moment, ledger_id, approval_id, moment),
    )
    return changed.rowcount == 1


# -- policies ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Policy:
    """A row of `policies`; `operation` is `*` for every operation. `decision`: allow, ask or deny."""

    connection_id: int
    operation: str
    requested_by: str
    decision: str


def policies(database: Database, organization_id: str) -> list[Policy]:
    """The organization's policies."""
    rows = database.reader().execute(
        "SELECT connection_id, operation, requested_by, decision FROM policies WHERE organization_id = ? "
        "ORDER BY connection_id, operation, requested_by",
        (organization_id,),
    )
    return [Policy(*row) for row in rows]


def set_policy(
    database: Database, connection: Connection, operation: str, requested_by: str, decision: str | None
) -> None:
    """Make the decision hold from now on; None goes back to the default."""
    key = (connection.id, operation, requested_by)

    def save(writing: sqlite3.Connection) -> None:
        writing.execute("DELETE FROM policies WHERE connection_id = ? AND operation = ? AND requested_by = ?", key)
        if decision is not None:
            writing.execute(
                "INSERT INTO policies(connection_id, operation, requested_by, organization_id, decision) "
                "VALUES (?, ?, ?, ?, ?)",
                (*key, connection.organization_id, decision),
            )

    database.writer.run(save)
