"""Reading what was recorded of the traffic: one organization's, filtered, newest first. See `store.traffic`."""

from __future__ import annotations

import sqlite3
import threading
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from store.errors import store_error
from store.traffic import FILE_NAME, open_traffic, unpack

_CHAIN_BITS = 24
_MOST_IN_CHAIN = (1 << _CHAIN_BITS) - 1
_IDS_AT_ONCE = 500


@dataclass(frozen=True)
class Summary:
    """An exchange without its headers and bodies. `chain` is the id of the first attempt of the same request.

    `seconds` is how long it took, `waited` how long it was held back before; `started_at` is the store's text; `budget`
    is what the vendor said is left of its limit, and sizes are bytes of bodies as they are kept (None: there was none).
    """

    id: int
    chain: int
    selector: str
    connection_id: int | None
    run_id: int | None
    ledger_id: int | None
    entity: str | None
    attempt: int
    waited: float
    started_at: str
    seconds: float
    method: str
    url: str
    status: int | None
    error: str | None
    may_change: bool
    budget: int | None
    request_size: int | None
    response_size: int | None
    marked: bool


@dataclass(frozen=True)
class Contents:
    """The headers and bodies of an exchange. A body is None where there was none."""

    request_headers: dict[str, str]
    response_headers: dict[str, str]
    request_body: bytes | None
    response_body: bytes | None


@dataclass(frozen=True)
class Wanted:
    """Which exchanges: conditions that all hold. Of several systems, methods or statuses any one does.

    `statuses` are ranges, both ends included; `slower` and `faster` seconds; `since` the store's text; `failed` those
    without an answer or with one from 400 on; `texts` stand in the address or the error, `bodies` in a body.
    """

    systems: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    statuses: tuple[tuple[int, int], ...] = ()
    texts: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    connection_id: int | None = None
    run_id: int | None = None
    ledger_id: int | None = None
    entity: str | None = None
    slower: float | None = None
    faster: float | None = None
    since: str | None = None
    until: str | None = None
    failed: bool = False
    unanswered: bool = False
    marked: bool = False
    changing: bool = False
    waited: bool = False
    ids: tuple[int, ...] | None = None

    def sql(self, organization_id: str) -> tuple[str, list[Any]]:
        """The condition, and the values for its marks; those on bodies come last, being the dearest."""
        terms: list[tuple[str, list[Any]]] = [("e.organization_id = ?", [organization_id])]
        terms += [_any("e.selector = ? OR e.selector LIKE ? || ':%'", [(one, one) for one in self.systems])]
        terms += [_any("e.method = ?", [(one,) for one in self.methods])]
        terms += [_any("e.status BETWEEN ? AND ?", list(self.statuses))]
        terms += [
            ("(e.url LIKE ? ESCAPE '\\' OR e.error LIKE ? ESCAPE '\\')", [_pattern(text)] * 2) for text in self.texts
        ]
        terms += [(sql, [value]) for sql, value in self._compared() if value is not None]
        terms += [(sql, []) for sql, asked in self._flags() if asked]
        if self.ids is not None:
            terms.append((f"e.id IN ({','.join('?' * len(self.ids))})", list(self.ids)))
        terms += [("(has(c.response_body, ?) OR has(c.request_body, ?))", [text, text]) for text in self.bodies]
        kept = [(sql, values) for sql, values in terms if sql]
        return " AND ".join(sql for sql, _ in kept), [value for _, values in kept for value in values]

    def _compared(self) -> Sequence[tuple[str, Any]]:
        return (
            ("e.connection_id = ?", self.connection_id),
            ("e.run_id = ?", self.run_id),
            ("e.ledger_id = ?", self.ledger_id),
            ("e.entity = ?", self.entity),
            ("e.seconds > ?", self.slower),
            ("e.seconds < ?", self.faster),
            ("e.started_at >= ?", self.since),
            ("e.started_at < ?", self.until),
        )

    def _flags(self) -> Sequence[tuple[str, bool]]:
        return (
            ("(e.status IS NULL OR e.status >= 400)", self.failed),
            ("e.status IS NULL", self.unanswered),
            ("e.marked", self.marked),
            ("e.may_change", self.changing),
            ("(e.waited > 0 OR e.attempt > 1)", self.waited),
        )


def _any(condition: str, choices: Sequence[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    return " OR ".join([condition] * len(choices)).join("()") if choices else "", [v for one in choices for v in one]


def _pattern(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def id_of(key: int) -> int:
    """The exchange of a key (see `Exchanges.keys`)."""
    return (key >> _CHAIN_BITS) + _MOST_IN_CHAIN - (key & _MOST_IN_CHAIN)


class Exchanges:
    """What was recorded for one organization, in the data directory `home`. `close` it."""

    def __init__(self, home: Path, organization_id: str) -> None:
        self._path = home / FILE_NAME
        self._organization_id = organization_id
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def state(self) -> tuple[int, int, int]:
        """The oldest id, the newest, and a number that changes with every change: to see whether there is news."""
        oldest = "SELECT id FROM exchanges WHERE organization_id = ? ORDER BY id LIMIT 1"
        rows = self._rows(f"SELECT ({oldest}), (SELECT max(seq) FROM sqlite_sequence)", [self._organization_id])
        first, last = rows[0] if rows else (None, None)
        version = self._rows("PRAGMA data_version")
        return first or 0, last or 0, version[0][0] if version else 0

    def keys(self, wanted: Wanted, after: int = 0) -> array[int]:
        """A key of each that is wanted and has a greater id than `after`; ascending, the newest chain is the last.

        Read from its end, the attempts of a request follow one another. `id_of` makes an id of a key.
        """
        where, values = wanted.sql(self._organization_id)
        key = f"(e.chain << {_CHAIN_BITS}) | ({_MOST_IN_CHAIN} - min(e.id - e.chain, {_MOST_IN_CHAIN}))"
        rows = self._rows(
            f"SELECT {key} FROM {_tables(wanted)} WHERE {where} AND e.id > ? ORDER BY 1", [*values, after]
        )
        return array("q", (row[0] for row in rows))

    def newest(self, wanted: Wanted, limit: int, older_than: int | None = None) -> list[Summary]:
        """The newest that are wanted, newest first; `older_than` (an id) is where a further page begins."""
        where, values = wanted.sql(self._organization_id)
        below = "" if older_than is None else " AND e.id < ?"
        values += [] if older_than is None else [older_than]
        sql = f"SELECT {_COLUMNS} FROM {_tables(wanted)} WHERE {where}{below} ORDER BY e.id DESC LIMIT ?"
        return [_summary(row) for row in self._rows(sql, [*values, limit])]

    def summaries(self, ids: Sequence[int]) -> dict[int, Summary]:
        """Those of these ids that are still there."""
        found: dict[int, Summary] = {}
        for start in range(0, len(ids), _IDS_AT_ONCE):
            some = ids[start : start + _IDS_AT_ONCE]
            marks = ",".join("?" * len(some))
            sql = f"SELECT {_COLUMNS} FROM exchanges e WHERE e.organization_id = ? AND e.id IN ({marks})"
            found.update((row[0], _summary(row)) for row in self._rows(sql, [self._organization_id, *some]))
        return found

    def chain(self, chain: int) -> list[Summary]:
        """The attempts of one request, the first one first."""
        sql = f"SELECT {_COLUMNS} FROM exchanges e WHERE e.organization_id = ? AND e.chain = ? ORDER BY e.id"
        return [_summary(row) for row in self._rows(sql, [self._organization_id, chain])]

    def contents(self, exchange_id: int) -> Contents | None:
        """Headers and bodies of one; None when it is gone."""
        sql = (
            "SELECT c.request_headers, c.response_headers, c.request_body, c.response_body FROM exchanges e "
            "JOIN contents c ON c.exchange_id = e.id WHERE e.organization_id = ? AND e.id = ?"
        )
        rows = self._rows(sql, [self._organization_id, exchange_id])
        if not rows:
            return None
        asked, answered, request, response = rows[0]
        return Contents(orjson.loads(asked), orjson.loads(answered), unpack(request), unpack(response))

    def answers(self, wanted: Wanted) -> Iterator[tuple[int, bytes]]:
        """The ids and response bodies of those that are wanted, newest first."""
        ids = [summary.id for summary in self.newest(wanted, -1)]
        for exchange_id in ids:
            found = self.contents(exchange_id)
            if found is not None and found.response_body is not None:
                yield exchange_id, found.response_body

    def mark(self, exchange_id: int, *, marked: bool) -> None:
        """Mark an exchange, or take the mark off. Raises StoreError."""
        try:
            with self._lock:
                connection = open_traffic(self._path)
                try:
                    sql = "UPDATE exchanges SET marked = ? WHERE organization_id = ? AND id = ?"
                    connection.execute(sql, (marked, self._organization_id, exchange_id))
                finally:
                    connection.close()
        except sqlite3.Error as error:
            raise store_error(error) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query finds; nothing while nothing was ever recorded. Raises StoreError."""
        try:
            with self._lock:
                if self._connection is None:
                    self._connection = _open(self._path)
                return self._connection.execute(sql, values).fetchall() if self._connection else []
        except sqlite3.Error as error:
            raise store_error(error) from error


_NAMES = [field.name for field in fields(Summary)]
_COLUMNS = ", ".join(f"e.{name}" for name in _NAMES)


def _open(path: Path) -> sqlite3.Connection | None:
    if not path.exists() or not path.stat().st_size:
        return None
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    try:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'contents'").fetchall():
            connection.close()
            return None
        connection.create_function("has", 2, _has, deterministic=True)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _tables(wanted: Wanted) -> str:
    return "exchanges e JOIN contents c ON c.exchange_id = e.id" if wanted.bodies else "exchanges e"


def _has(stored: bytes | None, text: str) -> bool:
    body = unpack(stored)
    return body is not None and text.lower().encode() in body.lower()


def _summary(row: tuple[Any, ...]) -> Summary:
    values = dict(zip(_NAMES, row, strict=True))
    return Summary(**{**values, "may_change": bool(values["may_change"]), "marked": bool(values["marked"])})
