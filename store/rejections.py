"""Rejected records, to be looked at and tried again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store.database import Database


@dataclass(frozen=True)
class RejectedRecord:
    """A record that was set aside. `payload` is what the connector gave."""

    id: int
    connection_id: int
    run_id: int | None
    entity: str
    source_id: str
    field: str | None
    reason: str
    payload: Any
    created_at: str


def rejected_records(database: Database, connection_ids: Sequence[int], limit: int) -> list[RejectedRecord]:
    """The records set aside for these connections, newest first."""
    rows = database.reader().execute(
        "SELECT id, connection_id, run_id, entity, source_id, field, reason, payload, created_at FROM rejected_records "
        "WHERE connection_id IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?",
        (json.dumps(list(connection_ids)), limit),
    )
    return [
        RejectedRecord(row, connection, run, entity, source_id, column, reason, json.loads(payload), created)
        for row, connection, run, entity, source_id, column, reason, payload, created in rows
    ]


def rejected_counts(database: Database, organization_id: str) -> dict[int, int]:
    """How many records are set aside, by connection."""
    rows = database.reader().execute(
        "SELECT connection_id, count(*) FROM rejected_records WHERE organization_id = ? GROUP BY connection_id",
        (organization_id,),
    )
    return dict(rows.fetchall())


def forget_rejected(database: Database, organization_id: str, ids: Sequence[int]) -> int:
    """Forget records that were set aside; returns how many there were."""
    values = (organization_id, json.dumps(list(ids)))
    return database.writer.run(
        lambda c: (
            c.execute(
                "DELETE FROM rejected_records WHERE organization_id = ? AND id IN (SELECT value FROM json_each(?))",
                values,
            ).rowcount
        )
    )
