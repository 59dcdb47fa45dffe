"""From a row to the exchanges that brought it, and from an exchange to the rows that it brought.

Nothing notes that while a sync runs: it would cost every record. What is stored says enough, because an answer has the
vendor's ids of all that is in it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import orjson

from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.workspace import Workspace
from store.clock import moment_of, text_of
from store.errors import StoreError
from store.exchanges import Exchanges, Summary, Wanted
from store.scoped import Scoped, open_scoped

_SHOWN = 20
_LOOKED_AT = 60
_ROWS = 500
_LONGEST_ID = 200
_NAMES = ("name", "title", "subject", "identifier", "email")
_COMMITTED_WITHIN = dt.timedelta(seconds=2)


@dataclass(frozen=True)
class Brought:
    """The exchanges whose answers have a row in them, the one that brought what is stored first.

    `note` says what to make of it when there is none.
    """

    entity: str
    row_id: int
    source_id: str
    exchanges: list[Summary]
    note: str = ""


@dataclass(frozen=True)
class RowRef:
    """A row that came with an exchange: its table and id, the vendor's id, and what it is called."""

    entity: str
    id: int
    source_id: str
    name: str


def exchanges_of_record(ws: Workspace, entity: str, row_id: int) -> Brought:
    """The recorded exchanges of a row's connection that have the row in their answer. Raises EngineError."""
    source_id, connection_id, synced_at = _row(ws, entity, row_id)
    if ws.recorder is not None:
        ws.recorder.flush()
    with closing(Exchanges(ws.home, ws.organization_id)) as log:
        try:
            found = _searched(log, connection_id, _at_vendor(source_id), synced_at)
        except StoreError as error:
            raise people(error) from error
    note = "" if found else _why_none(ws, source_id)
    return Brought(entity, row_id, source_id, found, note)


def ids_of_record(ws: Workspace, entity: str, row_id: int) -> tuple[int, ...]:
    """The ids of those exchanges. Raises EngineError."""
    return tuple(summary.id for summary in exchanges_of_record(ws, entity, row_id).exchanges)


def records_of_exchange(ws: Workspace, exchange_id: int) -> list[RowRef]:
    """The rows of the exchange's connection that are in its answer, at most 500. Raises EngineError."""
    with closing(Exchanges(ws.home, ws.organization_id)) as log:
        try:
            summary = log.summaries([exchange_id]).get(exchange_id)
            contents = log.contents(exchange_id)
        except StoreError as error:
            raise people(error) from error
    if summary is None or contents is None:
        raise EngineError(
            "not_found", f"There is no exchange {exchange_id}.", hint="revtops traffic lists those there are."
        )
    ids = _ids_in(contents.response_body or b"")
    if not ids or summary.connection_id is None:
        return []
    with closing(_scoped(ws).connection) as connection:
        return _rows_of(connection, ids, summary)


def _row(ws: Workspace, entity: str, row_id: int) -> tuple[str, int, str]:
    reading = _scoped(ws)
    with closing(reading.connection) as connection:
        if "source_id" not in reading.tables.get(entity, ()):
            raise EngineError("usage", f"There is no table {entity} whose rows come from a vendor.")
        query = f'SELECT source_id, connection_id, synced_at FROM "{entity}" WHERE id = ?'  # noqa: S608 - a known name
        row: tuple[str, int, str] | None = connection.execute(query, (row_id,)).fetchone()
    if row is None:
        raise EngineError("not_found", f"There is no row {row_id} in {entity}.", hint="It may have been deleted.")
    return row


def _scoped(ws: Workspace) -> Scoped:
    try:
        return open_scoped(ws.database.path, ws.organization_id)
    except StoreError as error:
        raise people(error) from error


def _at_vendor(source_id: str) -> str:
    """The vendor's own id: where its ids are not unique, a connector puts a kind or a place in front (`call:17`)."""
    return source_id.rpartition(":")[2]


def _searched(log: Exchanges, connection_id: int, vendor_id: str, synced_at: str) -> list[Summary]:
    """The last ones before the row was stored first, then those from later on."""
    stored = text_of(moment_of(synced_at) + _COMMITTED_WITHIN)
    alone = re.compile(rb"(?<![\w-])" + re.escape(vendor_id.encode()) + rb"(?![\w-])", re.IGNORECASE)
    found: list[Summary] = []
    for wanted in (
        Wanted(connection_id=connection_id, bodies=(vendor_id,), until=stored),
        Wanted(connection_id=connection_id, bodies=(vendor_id,), since=stored),
    ):
        for summary in log.newest(wanted, _LOOKED_AT):
            contents = log.contents(summary.id)
            if contents is not None and alone.search(contents.response_body or b""):
                found.append(summary)
    return found[:_SHOWN]


def _why_none(ws: Workspace, source_id: str) -> str:
    if not ws.settings.traffic.record:
        return "Traffic is not recorded: traffic.record is off in the settings."
    return (
        f"No exchange that is kept has {source_id} in its answer. It came before traffic was recorded, with a "
        "`revtops sync` without --record, or so long ago that it has made room for newer ones."
    )


def _rows_of(connection: Any, ids: list[str], summary: Summary) -> list[RowRef]:
    tables = connection.execute(
        "SELECT name FROM temp.sqlite_schema WHERE type = 'view' ORDER BY name <> ?, name", (summary.entity,)
    )
    found: list[RowRef] = []
    for (table,) in tables.fetchall():
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
        if "source_id" in columns:
            found += _rows_in(connection, table, columns, ids, summary)
        if len(found) >= _ROWS:
            break
    return found[:_ROWS]


def _rows_in(connection: Any, table: str, columns: list[str], ids: list[str], summary: Summary) -> Iterator[RowRef]:
    names = [f'"{name}"' for name in _NAMES if name in columns]
    called = f"coalesce({', '.join(names)}, '')" if len(names) > 1 else names[0] if names else "''"
    query = (
        f'SELECT id, source_id, {called} FROM "{table}" WHERE connection_id = ? '  # noqa: S608 - names of our own views
        "AND {key} IN (SELECT value FROM json_each(?)) LIMIT ?"
    )
    wanted = (summary.connection_id, orjson.dumps(ids).decode(), _ROWS)
    rows = connection.execute(query.format(key="source_id"), wanted).fetchall()
    if not rows:
        rows = connection.execute(query.format(key="substr(source_id, instr(source_id, ':') + 1)"), wanted).fetchall()
    return (RowRef(table, row_id, source_id, str(name or "")) for row_id, source_id, name in rows)


def _ids_in(body: bytes) -> list[str]:
    """Everything in an answer that may be an id, in its order."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    return list(dict.fromkeys(_scalars(document)))


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item)
    elif isinstance(value, str):
        if 0 < len(value) <= _LONGEST_ID:
            yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
