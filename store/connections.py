"""Organizations and their connections."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from store.clock import now_text
from store.database import Database
from store.errors import StoreError

DEFAULT_ORGANIZATION = "default"
DEFAULT_NAME = "default"


@dataclass(frozen=True)
class Organization:
    """An organization; `id` is opaque text."""

    id: str
    name: str


def selector_of(slug: str, name: str) -> str:
    """How people name a connection: `slug`, or `slug:name` where it is not the default one."""
    return slug if name == DEFAULT_NAME else f"{slug}:{name}"


@dataclass(frozen=True)
class Connection:
    """A row of `connections`. `status`: connected, error, revoked or disconnected (its rows kept).

    `granted_scopes` is a JSON list; None where nobody knows them.
    """

    id: int
    organization_id: str
    slug: str
    name: str
    source_system: str
    user_id: str | None
    base_url: str | None
    status: str
    identity: str | None
    created_at: str
    last_sync_at: str | None
    last_error: str | None
    granted_scopes: str | None = None

    @property
    def selector(self) -> str:
        """How people name it."""
        return selector_of(self.slug, self.name)

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it may do, as it was last known; empty where nobody knows."""
        return tuple(json.loads(self.granted_scopes or "[]"))

    @property
    def credentials_key(self) -> str:
        """The name under which its credentials are kept."""
        return credentials_key(self.organization_id, self.slug, self.name)


def credentials_key(organization_id: str, slug: str, name: str) -> str:
    """The name under which a connection's credentials are kept."""
    return f"{organization_id}/{slug}/{name}"


_COLUMNS = ", ".join(Connection.__dataclass_fields__)


def organizations(database: Database) -> list[Organization]:
    """Every organization of this data directory, oldest first."""
    rows = database.reader().execute("SELECT id, name FROM organizations ORDER BY created_at, id")
    return [Organization(*row) for row in rows]


def ensure_organization(database: Database, organization_id: str, name: str | None = None) -> None:
    """Make sure that the organization exists."""
    row = database.reader().execute("SELECT 1 FROM organizations WHERE id = ?", (organization_id,)).fetchone()
    if row is None:
        database.writer.run(lambda connection: _insert_organization(connection, organization_id, name))


def _insert_organization(connection: sqlite3.Connection, organization_id: str, name: str | None) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO organizations(id, name, created_at) VALUES (?, ?, ?)",
        (organization_id, name or organization_id, now_text()),
    )


def connections(database: Database, organization_id: str) -> list[Connection]:
    """The organization's connections, those that were disconnected left out."""
    rows = database.reader().execute(
        f"SELECT {_COLUMNS} FROM connections WHERE organization_id = ? AND status <> 'disconnected' "
        "ORDER BY slug, name",
        (organization_id,),
    )
    return [Connection(*row) for row in rows]


def disconnected(database: Database, organization_id: str, slug: str, name: str) -> Connection | None:
    """The connection of that slug and name that was disconnected; its rows may be there still."""
    row = (
        database.reader()
        .execute(
            f"SELECT {_COLUMNS} FROM connections WHERE organization_id = ? AND slug = ? AND name = ? "
            "AND status = 'disconnected'",
            (organization_id, slug, name),
        )
        .fetchone()
    )
    return Connection(*row) if row else None


def find_connection(database: Database, organization_id: str, slug: str, name: str = DEFAULT_NAME) -> Connection | None:
    """The organization's connection of that slug and name, or None."""
    return next((c for c in connections(database, organization_id) if (c.slug, c.name) == (slug, name)), None)


def save_connection(
    database: Database,
    organization_id: str,
    slug: str,
    *,
    name: str = DEFAULT_NAME,
    source_system: str = "",
    user_id: str | None = None,
    base_url: str | None = None,
    identity: str | None = None,
    granted_scopes: Sequence[str] = (),
) -> Connection:
    """Create the connection, or renew the one of that slug and name with its rows kept.

    Renewed for another account or server, its next sync fetches everything: what was known complete was the other's.
    """
    ensure_organization(database, organization_id)
    source_system, scopes = source_system or slug, _listed(granted_scopes)
    values = (organization_id, slug, name, source_system, user_id, base_url, identity, scopes, now_text())

    def save(connection: sqlite3.Connection) -> None:
        before = connection.execute(
            "SELECT id, identity, base_url FROM connections WHERE organization_id = ? AND slug = ? AND name = ?",
            (organization_id, slug, name),
        ).fetchone()
        if before and before[1:] != (identity, base_url):
            for table in ("watermarks", "checkpoints"):
                connection.execute(f"DELETE FROM {table} WHERE connection_id = ?", before[:1])
        connection.execute(
            "INSERT INTO connections(organization_id, slug, name, source_system, user_id, base_url, identity, "
            "granted_scopes, created_at, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'connected') "
            "ON CONFLICT(organization_id, slug, name) DO UPDATE SET source_system = excluded.source_system, "
            "user_id = excluded.user_id, base_url = excluded.base_url, identity = excluded.identity, "
            "granted_scopes = excluded.granted_scopes, status = 'connected', last_error = NULL",
            values,
        )

    database.writer.run(save)
    saved = find_connection(database, organization_id, slug, name)
    if saved is None:
        raise StoreError("database", f"The connection {slug} could not be saved.")
    return saved


def ensure_connection(database: Database, organization_id: str, source_system: str) -> Connection:
    """The organization's own connection for a source system, found or made: where records without one belong."""
    mine = [c for c in connections(database, organization_id) if c.source_system == source_system]
    by_default = [c for c in mine if c.name == DEFAULT_NAME]
    if found := (by_default or mine):
        return found[0]
    return save_connection(database, organization_id, source_system, source_system=source_system)


def note_status(
    database: Database, connection_id: int, *, status: str, error: str | None, synced_at: str | None = None
) -> None:
    """Keep how the last use of a connection ended; `synced_at` when that was a whole sync."""

    def note(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE connections SET status = ?, last_error = ?, last_sync_at = coalesce(?, last_sync_at) WHERE id = ?",
            (status, error, synced_at, connection_id),
        )

    database.writer.run(note)


def note_proof(database: Database, connection_id: int, *, identity: str, granted_scopes: Sequence[str]) -> None:
    """Keep whose the credentials of a connection are and what they may do; what is empty now stays as it was."""

    def note(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE connections SET identity = coalesce(?, identity), "
            "granted_scopes = coalesce(?, granted_scopes) WHERE id = ?",
            (identity or None, _listed(granted_scopes), connection_id),
        )

    database.writer.run(note)


def _listed(scopes: Sequence[str]) -> str | None:
    return json.dumps(list(scopes)) if scopes else None


def refuse_taken_name(database: Database, connection: Connection, name: str) -> None:
    """Raises StoreError where the connector has another connection of that name."""
    _refuse_taken_name(database.reader(), replace(connection, name=name))


def rename_connection(database: Database, connection: Connection, name: str) -> Connection:
    """Give a connection another name; its rows, runs and queries stay its own. Raises StoreError where it is taken."""
    renamed = replace(connection, name=name)

    def rename(writing: sqlite3.Connection) -> None:
        _refuse_taken_name(writing, renamed)
        writing.execute("UPDATE connections SET name = ? WHERE id = ?", (name, connection.id))
        writing.execute(
            "UPDATE queries SET target = ? WHERE organization_id = ? AND target = ?",
            (renamed.selector, connection.organization_id, connection.selector),
        )

    database.writer.run(rename)
    return renamed


def _refuse_taken_name(reading: sqlite3.Connection, wanted: Connection) -> None:
    taken = reading.execute(
        "SELECT status FROM connections WHERE organization_id = ? AND slug = ? AND name = ?",
        (wanted.organization_id, wanted.slug, wanted.name),
    ).fetchone()
    if taken:
        what = "disconnected, with its records kept" if taken[0] == "disconnected" else "connected"
        raise StoreError("in_use", f"There is a {wanted.selector} already; it is {what}.", hint="Choose another name.")


_OF_RECORDS = ("watermarks", "checkpoints", "page_digests", "rejected_records", "record_changes")


def remove_connection(database: Database, connection: Connection, *, delete_data: bool) -> int:
    """Disconnect; with `delete_data` its records go too. Returns how many entity rows were deleted.

    What was done stays on record either way: the runs, and the ledger of writes and actions.
    """

    def remove(writing: sqlite3.Connection) -> int:
        writing.execute("UPDATE connections SET status = 'disconnected' WHERE id = ?", (connection.id,))
        if not delete_data:
            return 0
        for table in _OF_RECORDS:
            writing.execute(f"DELETE FROM {table} WHERE connection_id = ?", (connection.id,))
        return sum(
            writing.execute(f'DELETE FROM "{table}" WHERE connection_id = ?', (connection.id,)).rowcount
            for table in entity_tables(writing)
        )

    return database.writer.run(remove)


def entity_tables(connection: sqlite3.Connection) -> list[str]:
    """The names of the tables that hold records: those with the bookkeeping columns of an entity."""
    rows = connection.execute(
        "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c ON c.name = 'synced_at' "
        "WHERE m.type = 'table' ORDER BY m.name"
    )
    return [name for (name,) in rows]


def counts(database: Database, connection_id: int) -> dict[str, int]:
    """Live rows per entity of one connection, entities without rows left out."""
    reader = database.reader()
    found: dict[str, int] = {}
    for table in entity_tables(reader):
        (n,) = reader.execute(
            f'SELECT count(*) FROM "{table}" WHERE connection_id = ? AND deleted_at IS NULL',
            (connection_id,),
        ).fetchone()
        if n:
            found[table] = n
    return found


def setting(database: Database, key: str) -> str | None:
    """A choice kept in this data directory, or None."""
    row = database.reader().execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def save_setting(database: Database, key: str, value: str) -> None:
    """Keep a choice in this data directory."""
    database.writer.run(
        lambda c: (
            c.execute(
                "INSERT INTO settings(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
                (key, value),
            ).rowcount
        )
    )
