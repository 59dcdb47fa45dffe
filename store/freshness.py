"""How recent what is stored of a record is."""

from __future__ import annotations

from store.connections import entity_tables
from store.database import Database


def known_until(database: Database, connection_id: int, entity: str, source_id: str) -> str | None:
    """The time up to which the stored row is known to be what the system had; None where there is no row.

    That is when the row was written, or when the last complete sync of its entity began: a sync writes no row that is
    as it was.
    """
    reader = database.reader()
    if entity not in entity_tables(reader):
        return None
    row = reader.execute(
        f"SELECT max(e.synced_at, coalesce(w.value, '')) FROM {entity} e LEFT JOIN watermarks w "
        "ON w.connection_id = e.connection_id AND w.entity = ? WHERE e.connection_id = ? AND e.source_id = ?",
        (entity, connection_id, source_id),
    ).fetchone()
    return None if row is None else str(row[0])
