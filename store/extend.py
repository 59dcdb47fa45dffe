"""Tier 3: a connector brings an entity of its own. The store creates its table and widens it, and never narrows it."""

from __future__ import annotations

import sqlite3

from sqlalchemy.dialects import sqlite
from sqlmodel import SQLModel

from store.database import Database
from store.errors import StoreError
from store.tables import EntityRow

_OURS = frozenset(EntityRow.model_fields)


def ensure_table(database: Database, name: str, table: type[SQLModel]) -> None:
    """Make sure that the entity's table exists and has every column of its model.

    The bookkeeping columns of `EntityRow` are added where the model leaves them out, and so are the keys that bind a
    row to its own organization's connection. Raises StoreError for a model without `organization_id`, and for a name
    that belongs to a table of the product's own.
    """
    columns = {column.name: column for column in table.__table__.columns}  # type: ignore[attr-defined]
    if "organization_id" not in columns:
        raise StoreError("bad_entity", f"The table of {name} has no organization_id.", hint="Every entity needs one.")
    if name in SQLModel.metadata.tables and SQLModel.metadata.tables[name] is not table.__table__:  # type: ignore[attr-defined]
        raise StoreError("bad_entity", f"{name} is a table of revtops itself.", hint="Give the entity another name.")
    own = {
        column: str(definition.type.compile(dialect=sqlite.dialect()))
        for column, definition in columns.items()
        if column not in _OURS
    }
    present = {row[1] for row in database.reader().execute(f'PRAGMA table_info("{name}")')}
    if not present:
        database.writer.run(lambda connection: _create(connection, name, own))
    elif missing := {column: kind for column, kind in own.items() if column not in present}:
        database.writer.run(lambda connection: _widen(connection, name, missing))


def _create(connection: sqlite3.Connection, name: str, own: dict[str, str]) -> None:
    fields = "".join(f', "{column}" {kind}' for column, kind in own.items())
    connection.execute(
        f'CREATE TABLE "{name}" (id INTEGER PRIMARY KEY, connection_id INTEGER NOT NULL, run_id INTEGER, '
        "deleted_at TEXT, synced_at TEXT NOT NULL, organization_id TEXT NOT NULL, source_system TEXT NOT NULL, "
        f"source_id TEXT NOT NULL{fields}, UNIQUE (connection_id, source_id), "
        "FOREIGN KEY (connection_id, organization_id) REFERENCES connections (id, organization_id) ON DELETE CASCADE)"
    )


def _widen(connection: sqlite3.Connection, name: str, missing: dict[str, str]) -> None:
    for column, kind in missing.items():
        connection.execute(f'ALTER TABLE "{name}" ADD COLUMN "{column}" {kind}')
