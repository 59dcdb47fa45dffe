"""What was exchanged with vendors, in a file of its own: redacted before it comes here, bounded, the oldest goes first.

Written by `store.recorder`, read by `store.exchanges`.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import zlib
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from store.clock import text_of
from store.home import make_private

FILE_NAME = "traffic.db"
_VERSION = 1
_BUSY_SECONDS = 5.0
_SMALLEST_PACKED = 512
_FASTEST = 1
"""zlib's level: pages of records shrink to a tenth with it, and the higher ones cost four times as much."""
_TRIMMED_SHARE = 0.1

_SCHEMA = """
CREATE TABLE exchanges (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chain INTEGER NOT NULL,
    organization_id TEXT NOT NULL,
    connection_id INTEGER,
    selector TEXT NOT NULL,
    run_id INTEGER,
    ledger_id INTEGER,
    entity TEXT,
    attempt INTEGER NOT NULL,
    waited REAL NOT NULL,
    started_at TEXT NOT NULL,
    seconds REAL NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    status INTEGER,
    error TEXT,
    may_change INTEGER NOT NULL,
    budget INTEGER,
    request_size INTEGER,
    response_size INTEGER,
    marked INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX ix_exchanges_organization ON exchanges (organization_id, chain, id);
CREATE INDEX ix_exchanges_run ON exchanges (run_id);
CREATE TABLE contents (
    exchange_id INTEGER PRIMARY KEY REFERENCES exchanges (id) ON DELETE CASCADE,
    request_headers TEXT NOT NULL,
    response_headers TEXT NOT NULL,
    request_body BLOB,
    response_body BLOB
) STRICT;
"""
_SUMMARY = (
    "organization_id", "connection_id", "selector", "run_id", "ledger_id", "entity", "attempt", "waited", "started_at",
    "seconds", "method", "url", "status", "error", "may_change", "budget", "request_size", "response_size",
)  # fmt: skip
_INSERT = f"INSERT INTO exchanges (id, chain, {', '.join(_SUMMARY)}) VALUES (?, ?{', ?' * len(_SUMMARY)})"


@dataclass(frozen=True)
class Recorded:
    """One exchange on its way into the file. `call`: those of one recorder with the same number are one chain."""

    organization_id: str
    connection_id: int | None
    selector: str
    run_id: int | None
    ledger_id: int | None
    entity: str | None
    call: int
    attempt: int
    waited: float
    started_at: dt.datetime
    seconds: float
    method: str
    url: str
    status: int | None
    error: str | None
    may_change: bool
    budget: int | None
    request_headers: Mapping[str, str]
    response_headers: Mapping[str, str]
    request_body: bytes | None
    response_body: bytes | None

    @property
    def size(self) -> int:
        """Bytes of both bodies."""
        return len(self.request_body or b"") + len(self.response_body or b"")


def open_traffic(path: Path) -> sqlite3.Connection:
    """A connection that writes; the file is made, or made anew where another version wrote it. Raises sqlite3.Error."""
    if not path.exists():
        make_private(path.parent)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _set_up(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    if connection.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:  # another process may have been quicker
        connection.execute("DROP TABLE IF EXISTS contents")
        connection.execute("DROP TABLE IF EXISTS exchanges")
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={_VERSION}")
    connection.execute("COMMIT")


def insert(connection: sqlite3.Connection, batch: list[Recorded], chains: dict[int, int]) -> None:
    """Write all of them or, raising sqlite3.Error, none. `chains` remembers with which exchange each call began."""
    contents = [_contents(exchange) for exchange in batch]
    connection.execute("BEGIN IMMEDIATE")
    try:
        (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()
        for number, (exchange, content) in enumerate(zip(batch, contents, strict=True), last + 1):
            connection.execute(_INSERT, (number, _chain_of(exchange, number, chains), *_values(exchange)))
            connection.execute("INSERT INTO contents VALUES (?, ?, ?, ?, ?)", (number, *content))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _contents(exchange: Recorded) -> tuple[str, str, bytes | None, bytes | None]:
    return (
        orjson.dumps(dict(exchange.request_headers)).decode(),
        orjson.dumps(dict(exchange.response_headers)).decode(),
        pack(exchange.request_body),
        pack(exchange.response_body),
    )


def _chain_of(exchange: Recorded, number: int, chains: dict[int, int]) -> int:
    """The number of the first exchange of the same call. Most calls have but one: few are remembered."""
    if exchange.attempt == 1 and exchange.call not in chains:
        chains[exchange.call] = number
        if len(chains) > 1000:
            del chains[next(iter(chains))]
        return number
    return chains.setdefault(exchange.call, number)


def _values(exchange: Recorded) -> tuple[object, ...]:
    return (
        exchange.organization_id,
        exchange.connection_id,
        exchange.selector,
        exchange.run_id,
        exchange.ledger_id,
        exchange.entity,
        exchange.attempt,
        exchange.waited,
        text_of(exchange.started_at),
        exchange.seconds,
        exchange.method,
        exchange.url,
        exchange.status,
        exchange.error,
        exchange.may_change,
        exchange.budget,
        None if exchange.request_body is None else len(exchange.request_body),
        None if exchange.response_body is None else len(exchange.response_body),
    )


def pack(body: bytes | None) -> bytes | None:
    """A body as it is stored: small ones as they are, behind a zero."""
    if body is None:
        return None
    return b"\0" + body if len(body) < _SMALLEST_PACKED else zlib.compress(body, _FASTEST)


def unpack(stored: bytes | None) -> bytes | None:
    """The body that `pack` stored."""
    if stored is None:
        return None
    return stored[1:] if stored[:1] == b"\0" else zlib.decompress(stored)


def trim(connection: sqlite3.Connection, keep_bytes: int) -> int:
    """Drop the oldest exchanges where the file holds more than `keep_bytes`; returns how many."""
    if _used(connection) <= keep_bytes:
        return 0
    dropped = 0
    while _used(connection) > keep_bytes * (1 - _TRIMMED_SHARE):
        (count,) = connection.execute("SELECT count(*) FROM exchanges").fetchone()
        if not count:
            break
        share = max(1, int(count * _TRIMMED_SHARE))
        oldest = "SELECT id FROM exchanges ORDER BY id LIMIT ?"
        dropped += connection.execute(f"DELETE FROM exchanges WHERE id IN ({oldest})", (share,)).rowcount
    if _pages(connection, "page_count") > keep_bytes * (1 + 2 * _TRIMMED_SHARE):  # less may be kept than before
        connection.execute("PRAGMA incremental_vacuum").fetchall()
    return dropped


def _used(connection: sqlite3.Connection) -> int:
    return _pages(connection, "page_count") - _pages(connection, "freelist_count")


def _pages(connection: sqlite3.Connection, which: str) -> int:
    """Bytes of all pages, or of those that are free."""
    size, count = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_size", which))
    return size * count


def clear(path: Path, organization_id: str) -> int:
    """Forget every exchange of an organization, and give its room back to the disk; returns how many there were."""
    if not path.exists():
        return 0
    with closing(open_traffic(path)) as connection:
        connection.execute("PRAGMA secure_delete=ON").fetchall()
        where = "DELETE FROM exchanges WHERE organization_id = ?"
        dropped = connection.execute(where, (organization_id,)).rowcount
        connection.execute("PRAGMA incremental_vacuum").fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return dropped
