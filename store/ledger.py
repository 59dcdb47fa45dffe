"""The ledger: every write and action, its intent committed before the call and its outcome after it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.clock import now_text
from store.connections import Connection
from store.database import Database


@dataclass(frozen=True)
class Intent:
    """What is about to be sent, and for whom. `before`: what its record is now, where that is known."""

    kind: str
    operation: str
    arguments: Mapping[str, Any]
    requested_by: str
    before: Mapping[str, Any] | None = None
    undoes: int | None = None


@dataclass(frozen=True)
class Outcome:
    """How it ended: `status` is ok, failed or unknown. `vendor_id` and `url` name what was made or changed."""

    status: str
    result: Any = None
    error: str | None = None
    vendor_id: str | None = None
    url: str | None = None


def intend(
    database: Database,
    connection: Connection,
    intent: Intent,
    claim: Callable[[sqlite3.Connection, int], None] = lambda _writing, _entry: None,
) -> int:
    """Commit what is about to be sent; until `conclude`, its status is unknown. Returns the entry's id.

    `claim` runs in the same transaction, with the entry's id: what it raises, keeps the entry from being made.
    """
    values = (
        connection.id,
        connection.organization_id,
        intent.kind,
        intent.operation,
        document(intent.arguments),
        intent.requested_by,
        now_text(),
        None if intent.before is None else document(intent.before),
        intent.undoes,
    )

    def insert(writing: sqlite3.Connection) -> int:
        cursor = writing.execute(
            "INSERT INTO ledger(connection_id, organization_id, kind, operation, arguments, requested_by, created_at, "
            "before, undoes, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'unknown')",
            values,
        )
        entry = int(cursor.lastrowid or 0)
        claim(writing, entry)
        return entry

    return database.writer.run(insert)


def conclude(database: Database, entry: int, outcome: Outcome) -> None:
    """Keep the outcome."""
    result = None if outcome.result is None else document(outcome.result)
    values = (outcome.status, result, outcome.error, outcome.vendor_id, outcome.url, now_text(), entry)
    database.writer.run(
        lambda c: (
            c.execute(
                "UPDATE ledger SET status = ?, result = ?, error = ?, vendor_id = ?, url = ?, finished_at = ? "
                "WHERE id = ?",
                values,
            ).rowcount
        )
    )


@dataclass(frozen=True)
class Entry:
    """A row of the ledger, its JSON read. `finished_at` is None while, and where, the outcome is not known.

    `undone_by` is the entry that took this one back.
    """

    id: int
    connection_id: int
    kind: str
    operation: str
    arguments: dict[str, Any]
    requested_by: str
    status: str
    result: Any
    error: str | None
    created_at: str
    finished_at: str | None
    before: dict[str, Any] | None
    undoes: int | None
    vendor_id: str | None
    url: str | None
    undone_by: int | None


@dataclass(frozen=True)
class Wanted:
    """Which entries: of these connections, with all the words in them, of a status, older than an entry."""

    connection_ids: Sequence[int]
    words: Sequence[str] = ()
    status: str | None = None
    older_than: int | None = None


_COLUMNS = ", ".join(f"l.{name}" for name in Entry.__dataclass_fields__ if name != "undone_by")
_UNDOS = "SELECT undoes, max(id) AS id FROM ledger WHERE undoes IS NOT NULL AND status = 'ok' GROUP BY undoes"
_SELECT = f"SELECT {_COLUMNS}, u.id FROM ledger l LEFT JOIN ({_UNDOS}) u ON u.undoes = l.id"
_SEARCHED = ("operation", "arguments", "requested_by", "result", "error", "before", "vendor_id", "url")
_TEXT = " || ' ' || ".join(f"coalesce(l.{name}, '')" for name in _SEARCHED)


def entries(database: Database, wanted: Wanted, limit: int) -> list[Entry]:
    """The entries that are wanted, newest first."""
    likes = "".join(f" AND ({_TEXT}) LIKE ? ESCAPE '\\'" for _ in wanted.words)
    rows = database.reader().execute(
        f"{_SELECT} WHERE l.connection_id IN (SELECT value FROM json_each(?)) AND l.status = coalesce(?, l.status) "
        f"AND l.id < coalesce(?, l.id + 1){likes} ORDER BY l.id DESC LIMIT ?",
        (json.dumps(wanted.connection_ids), wanted.status, wanted.older_than, *map(_pattern, wanted.words), limit),
    )
    return [_entry(row) for row in rows]


def entry(database: Database, organization_id: str, entry_id: int) -> Entry | None:
    """One of the organization's entries, or None."""
    query = f"{_SELECT} WHERE l.organization_id = ? AND l.id = ?"
    row = database.reader().execute(query, (organization_id, entry_id)).fetchone()
    return None if row is None else _entry(row)


def _pattern(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _entry(row: tuple[Any, ...]) -> Entry:
    fields = dict(zip(Entry.__dataclass_fields__, row, strict=True))
    read = {name: json.loads(fields[name]) for name in ("arguments", "result", "before") if fields[name] is not None}
    return Entry(**fields | read)


def document(value: Any) -> str:
    """As JSON, whatever a connector returned: what was carried out must not stay unknown for the look of its answer."""
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)  # as it is read: it is searched
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, default=str)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(repr(value))
    return text
