"""Reading for one organization: the only reader that faces ever get.

The file is attached under a name that nobody is told, and each entity's name resolves to a view that shows the
organization's live rows and nothing else. So whatever a query says, it cannot even name the table behind the view;
the authorizer of `store.console` denies the rest.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from store.connections import entity_tables
from store.errors import store_error

_LAST = ("source_system", "source_id", "connection_id", "synced_at")
_HIDDEN = frozenset({"run_id", "deleted_at", "organization_id"})
_BOOKS = {
    "connections": "id slug name source_system status identity base_url created_at last_sync_at last_error",
    "sync_runs": "id connection_id mode status started_at finished_at error entities",
    "rejected_records": "id connection_id run_id entity source_id field reason payload created_at",
    "ledger": "id connection_id kind operation arguments requested_by status result error created_at finished_at "
    "before undoes vendor_id url",
    "approvals": "id connection_id kind operation arguments requested_by reason status created_at expires_at "
    "decided_at decided_by note ledger_id",
    "events": "id connection_id event_id type payload status attempts received_at next_attempt_at handled_at error",
    "schedules": "connection_id spec enabled next_due_at last_run_at last_status",
}
"""What may be read besides the entities: the product's own books."""


@dataclass(frozen=True)
class Scoped:
    """A read-only connection on which `tables` (name -> columns) are the organization's.

    `secret` names the file, `stored` is what it holds: the tables behind the views, indexes and all the rest.
    """

    connection: sqlite3.Connection
    tables: dict[str, tuple[str, ...]]
    secret: str
    stored: frozenset[str]


def open_scoped(path: Path, organization_id: str, only: str | None = None) -> Scoped:
    """A connection of its own for one organization's rows. The caller closes it. Raises StoreError.

    `only`: the one table that is asked for; half of the time would go into making the others' views.
    """
    connection = sqlite3.connect("file::memory:", uri=True, isolation_level=None, check_same_thread=False)
    try:
        return _scoped(connection, path, organization_id, only)
    except sqlite3.Error as error:
        connection.close()
        raise store_error(error) from error


def _scoped(connection: sqlite3.Connection, path: Path, organization_id: str, only: str | None) -> Scoped:
    secret = f"file_{secrets.token_hex(16)}"
    connection.execute(f'ATTACH ? AS "{secret}"', (f"{path.absolute().as_uri()}?mode=ro",))
    connection.execute(f'PRAGMA "{secret}".cache_size=-16384')
    connection.execute("PRAGMA case_sensitive_like=OFF")
    whose = organization_id.replace("'", "''")
    tables: dict[str, tuple[str, ...]] = {}
    for name in _asked(_entity_names(path), only):
        tables[name] = _entity_columns(connection, secret, name)
        _view(connection, secret, name, tables[name], f"organization_id = '{whose}' AND deleted_at IS NULL")
    for name in _asked(_BOOKS, only):
        tables[name] = tuple(_BOOKS[name].split())
        _view(connection, secret, name, tables[name], f"organization_id = '{whose}'")
    stored = frozenset(name.lower() for (name,) in connection.execute(f'SELECT name FROM "{secret}".sqlite_schema'))
    return Scoped(connection, tables, secret, stored)


def _asked(names: Iterable[str], only: str | None) -> list[str]:
    return [name for name in names if only is None or name == only]


def _entity_names(path: Path) -> list[str]:
    direct = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return entity_tables(direct)
    finally:
        direct.close()


def _entity_columns(connection: sqlite3.Connection, secret: str, name: str) -> tuple[str, ...]:
    """The entity's columns as people want them: its id, its own fields, where it is from."""
    columns = [row[1] for row in connection.execute(f'PRAGMA "{secret}".table_info("{name}")')]
    own = [column for column in columns if column not in _HIDDEN and column not in _LAST and column != "id"]
    return ("id", *own, *_LAST)


def _view(connection: sqlite3.Connection, secret: str, name: str, columns: tuple[str, ...], where: str) -> None:
    listed = ", ".join(f'"{column}"' for column in columns)
    connection.execute(f'CREATE TEMP VIEW "{name}" AS SELECT {listed} FROM "{secret}"."{name}" WHERE {where}')
