"""Tier 3: a connector brings an entity of its own. The store creates its table and widens it, and never narrows it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable

from sqlalchemy.dialects import sqlite
from sqlmodel import SQLModel

from store.database import Database
from store.errors import StoreError
from store.tables import EntityRow

_OURS = frozenset(EntityRow.model_fields)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def ensure_table(database: Database, name: str, table: type[SQLModel], fields: Iterable[str] = ()) -> None:
    """Make sure that the entity's table exists and has every column of its model.

    The bookkeeping columns of `EntityRow` are added where the model leaves them out, and so are the keys that bind a
    row to its own organization's connection. `fields` are those of the entity's record, each of which needs a column.
    Raises StoreError for a model without `organization_id` or without one of the fields, for a name that belongs to a
    table of the product's own, and for names that are more than lower-case letters, digits and underscores.
    """
    columns = {column.name: column for column in table.__table__.columns}  # type: ignore[attr-defined]
    if "organization_id" not in columns:
        raise StoreError("bad_entity", f"The table of {name} has no organization_id.", hint="Every entity needs one.")
    if name in SQLModel.metadata.tables and SQLModel.metadata.tables[name] is not table.__table__:  # type: ignore[attr-defined]
        raise StoreError("bad_entity", f"{name} is a table of revtops itself.", hint="Give the entity another name.")
    _check_names(name, columns)
    if missing_columns := [field for field in fields if field not in columns and field not in _OURS]:
        raise StoreError("bad_entity", f"The table of {name} has no column for: {', '.join(missing_columns)}.")
    own = {
        column: str(definition.type.compile(dialect=sqlite.dialect()))
        for column, definition in columns.items()
        if column not in _OURS
    }
    if _missing(database.reader(), name, own):
        database.writer.run(lambda connection: _change(connection, name, own))


def _check_names(name: str, columns: Iterable[str]) -> None:
    """Names become part of statements, and SQLite takes names that differ in case alone for the same."""
    for given in (name, *columns):
        if not _NAME.fullmatch(given) or given.startswith("sqlite_"):
            hint = "Use lower-case letters, digits and underscores."
            raise StoreError("bad_entity", f"{given!r} cannot be the name of an entity or a column.", hint=hint)


def _missing(connection: sqlite3.Connection, name: str, own: dict[str, str]) -> dict[str, str]:
    present = {row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')}
    if present and not present >= _OURS:
        raise StoreError("bad_entity", f"There is a table {name} that holds no records.", hint="Rename the entity.")
    return {column: kind for column, kind in {**dict.fromkeys(_OURS, ""), **own}.items() if column not in present}


def _change(connection: sqlite3.Connection, name: str, own: dict[str, str]) -> None:
    missing = _missing(connection, name, own)  # looked at again: another process may have been faster
    if "id" in missing:
        _create(connection, name, own)
    else:
        _widen(connection, name, missing)


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
