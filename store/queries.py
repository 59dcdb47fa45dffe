"""Queries that were run, bounded and each once, and those that were saved under a name. Both belong to a target.

A target is what was asked: a connection's selector, or the empty text for the local data.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from store.clock import now_text
from store.connections import ensure_organization
from store.database import Database
from store.errors import StoreError

KEPT = 500
"""How many queries of a target are remembered; older ones go. Saved ones stay."""


@dataclass(frozen=True)
class StoredQuery:
    """A row of `queries`; `name` is None for one that was only run. `ran_at` is UTC text: run or saved last."""

    id: int
    target: str
    name: str | None
    text: str
    ran_at: str


_SELECT = "SELECT id, target, name, text, ran_at FROM queries WHERE organization_id = ?"


def history(database: Database, organization_id: str, target: str) -> list[StoredQuery]:
    """What was run against a target, newest first."""
    rows = database.reader().execute(
        f"{_SELECT} AND target = ? AND name IS NULL ORDER BY ran_at DESC, id DESC", (organization_id, target)
    )
    return [StoredQuery(*row) for row in rows]


def saved(database: Database, organization_id: str) -> list[StoredQuery]:
    """The saved queries of all targets, by name."""
    rows = database.reader().execute(f"{_SELECT} AND name IS NOT NULL ORDER BY name COLLATE NOCASE", (organization_id,))
    return [StoredQuery(*row) for row in rows]


def remember(database: Database, organization_id: str, target: str, text: str) -> None:
    """Note that a query is being run; one that is known moves to the top."""
    at = now_text()
    ensure_organization(database, organization_id)  # what is asked before anything is connected belongs to one too

    def job(connection: sqlite3.Connection) -> None:
        whose = (organization_id, target)
        unnamed = "organization_id = ? AND target = ? AND name IS NULL"
        connection.execute(f"DELETE FROM queries WHERE {unnamed} AND text = ?", (*whose, text))
        connection.execute(
            "INSERT INTO queries (organization_id, target, text, ran_at) VALUES (?, ?, ?, ?)", (*whose, text, at)
        )
        connection.execute(
            f"DELETE FROM queries WHERE {unnamed} AND id NOT IN (SELECT id FROM queries WHERE {unnamed} "
            "ORDER BY ran_at DESC, id DESC LIMIT ?)",
            (*whose, *whose, KEPT),
        )

    database.writer.run(job)


def save(database: Database, organization_id: str, target: str, name: str, text: str, *, replace: bool) -> StoredQuery:
    """Keep a query under a name, which is the organization's only one of that name.

    Raises StoreError (`name_taken`) where there is one already and it is not to be replaced.
    """
    at = now_text()
    ensure_organization(database, organization_id)  # what is asked before anything is connected belongs to one too

    def job(connection: sqlite3.Connection) -> StoredQuery:
        if replace:
            connection.execute("DELETE FROM queries WHERE organization_id = ? AND name = ?", (organization_id, name))
        else:
            _refuse_twin(connection, organization_id, name)
        cursor = connection.execute(
            "INSERT INTO queries (organization_id, target, name, text, ran_at) VALUES (?, ?, ?, ?, ?)",
            (organization_id, target, name, text, at),
        )
        return StoredQuery(cursor.lastrowid or 0, target, name, text, at)

    return database.writer.run(job)


def rename(database: Database, organization_id: str, name: str, new: str) -> bool:
    """Give a saved query another name; False where there is none of that name. Raises StoreError (`name_taken`)."""

    def job(connection: sqlite3.Connection) -> bool:
        _refuse_twin(connection, organization_id, new)
        changed = connection.execute(
            "UPDATE queries SET name = ? WHERE organization_id = ? AND name = ?", (new, organization_id, name)
        )
        return changed.rowcount > 0

    return database.writer.run(job)


def delete(database: Database, organization_id: str, query_id: int) -> bool:
    """Forget a query, saved or run; False where it is gone already."""

    def job(connection: sqlite3.Connection) -> bool:
        gone = connection.execute(
            "DELETE FROM queries WHERE organization_id = ? AND id = ?", (organization_id, query_id)
        )
        return gone.rowcount > 0

    return database.writer.run(job)


def _refuse_twin(connection: sqlite3.Connection, organization_id: str, name: str) -> None:
    twin = connection.execute(
        "SELECT 1 FROM queries WHERE organization_id = ? AND name = ?", (organization_id, name)
    ).fetchone()
    if twin:
        raise StoreError("name_taken", f"There is a query named {name} already.", hint="Take another name.")
