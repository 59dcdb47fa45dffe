"""The ledger: every write and action, its intent committed before the call and its outcome after it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from store.clock import now_text
from store.connections import Connection
from store.database import Database


def intend(
    database: Database, connection: Connection, kind: str, operation: str, arguments: Mapping[str, Any], who: str
) -> int:
    """Commit what is about to be sent; until `conclude`, its status is unknown. Returns the entry's id."""
    values = (
        connection.id,
        connection.organization_id,
        kind,
        operation,
        _document(arguments),
        who,
        now_text(),
    )

    def insert(writing: sqlite3.Connection) -> int:
        cursor = writing.execute(
            "INSERT INTO ledger(connection_id, organization_id, kind, operation, arguments, requested_by, status, "
            "created_at) VALUES (?, ?, ?, ?, ?, ?, 'unknown', ?)",
            values,
        )
        return int(cursor.lastrowid or 0)

    return database.writer.run(insert)


def conclude(database: Database, entry: int, *, status: str, result: Any = None, error: str | None = None) -> None:
    """Keep the outcome: ok, failed or unknown."""
    values = (status, None if result is None else _document(result), error, now_text(), entry)
    database.writer.run(
        lambda c: (
            c.execute(
                "UPDATE ledger SET status = ?, result = ?, error = ?, finished_at = ? WHERE id = ?", values
            ).rowcount
        )
    )


def _document(value: Any) -> str:
    """As JSON, whatever a connector returned: what was carried out must not stay unknown for the look of its answer."""
    try:
        return json.dumps(value, default=str)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(repr(value))
