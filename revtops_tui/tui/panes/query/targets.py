"""What can be asked: the local data, and every connection whose connector answers queries. Functions here block."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from revtops_tui.tui.panes.connectors.inventory import Entry, load
from revtops_tui.tui.sql.names import Name
from revtops_tui.tui.sql.words import SQLITE, Language, language_of, quoted

if TYPE_CHECKING:
    from revtops_tui.engine.workspace import Workspace

FIRST_ROWS = 500
"""Rows of the local data that a query brings at first; of a system, its connector says how many."""


@dataclass(frozen=True)
class Target:
    """Where a query goes. `id` is the connection's selector; `example` says what a query looks like.

    `connection` is its number, which stays when it gets another name; 0 where there is none, or nobody knows it yet.
    """

    id: str
    title: str
    example: str
    identity: str = ""
    connection: int = 0

    @property
    def is_live(self) -> bool:
        """Whether a system is asked, and not the file here."""
        return bool(self.id)

    @property
    def manner(self) -> str:
        """Its name, and what asking it means."""
        return f"{self.title}, {'live' if self.is_live else 'read-only'}"

    @property
    def language(self) -> Language:
        """What its queries are written in."""
        return language_of(self.example) if self.is_live else SQLITE


LOCAL = Target("", "local data", "select stage, count(*), sum(amount) from deals group by stage order by 3 desc")


@dataclass(frozen=True)
class Reply:
    """An answer: `columns` and `rows`, or the `document` that is no table. `notice`: what to do about more rows."""

    seconds: float
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    truncated: bool = False
    notice: str = ""
    document: Mapping[str, Any] | None = None


def target_of(entry: Entry) -> Target | None:
    """The target that a listed connection is; None where its connector answers no queries."""
    if entry.connection is None or entry.manifest is None or not entry.can_query:
        return None
    connection = entry.connection
    return Target(entry.id, entry.title, entry.manifest["query_description"], connection.identity or "", connection.id)


def as_it_is_now(target: Target, found: Sequence[Target]) -> Target:
    """The target among those there are now, though it be renamed; the local data where it was disconnected."""
    renamed = (one for one in found if one.is_live and one.connection == target.connection)
    named = (one for one in found if one.id == target.id)
    return next(renamed, None) or next(named, LOCAL)


def targets(ws: Workspace) -> list[Target]:
    """Everything that can be asked, the local data first."""
    return [LOCAL, *(target for entry in load(ws) if (target := target_of(entry)))]


def ask(ws: Workspace, target: Target, request: str, cancel: threading.Event, *, limit: int = FIRST_ROWS) -> Reply:
    """Ask, until there is an answer or `cancel` is set; `limit` is for the local data. Raises EngineError."""
    return _ask_connection(ws, target, request, cancel) if target.is_live else _ask_here(ws, request, cancel, limit)


def _ask_here(ws: Workspace, request: str, cancel: threading.Event, limit: int) -> Reply:
    from revtops_tui.engine.data import sql

    answer = sql(ws, request, limit=limit, cancel=cancel)
    return Reply(answer.seconds, answer.columns, answer.rows, answer.truncated)


def _ask_connection(ws: Workspace, target: Target, request: str, cancel: threading.Event) -> Reply:
    from revtops_tui.engine.answers import table_of
    from revtops_tui.engine.operations import query

    started = time.monotonic()
    answer = query(ws, target.id, request, cancel=cancel)
    seconds = time.monotonic() - started
    table = table_of(answer)
    if table is None:
        return Reply(seconds, document=answer if isinstance(answer, Mapping) else {"result": answer})
    rows = [[_cell(value) for value in row] for row in table.rows]
    return Reply(seconds, table.columns, rows, table.truncated, table.notice)


def _cell(value: Any) -> Any:
    """What is nested becomes JSON, once and here: a grid draws it again and again."""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list | tuple) else value


def names(ws: Workspace, target: Target, cancel: threading.Event) -> list[Name]:
    """What a query can name: tables or objects, with their columns. Raises EngineError."""
    if target.is_live:
        from revtops_tui.engine.operations import schema

        return [_object(one) for one in schema(ws, target.id, cancel=cancel)]
    from revtops_tui.engine.agents import table_columns

    return [
        Name(table, quoted(table), columns=[Name(name, quoted(name), kind.lower()) for name, kind in columns.items()])
        for table, columns in table_columns(ws).items()
    ]


def row_counts(ws: Workspace, cancel: threading.Event) -> dict[str, str]:  # noqa: ARG001 - as `names` is called
    """How many rows each local table has, in words. Raises EngineError."""
    from revtops_tui.engine.data import counts

    return {table: f"{count:,}" for table, count in counts(ws).items()}


def _object(one: Mapping[str, Any]) -> Name:
    """A table or object as its connector describes it; the first list of objects in it are its columns.

    Only databases have schemas, and only there a name is quoted as SQL does it.
    """
    from revtops_tui.engine.answers import is_objects

    is_sql = "schema" in one
    columns: Sequence[Mapping[str, Any]] = next((value for value in one.values() if is_objects(value)), [])
    name, schema = str(one.get("name", "")), str(one.get("schema") or "")
    text = f"{quoted(schema)}.{quoted(name)}" if is_sql else name
    rows = one.get("estimated_rows")
    count = f"~{rows:,}" if isinstance(rows, int) else ""
    return Name(name, text, str(one.get("type") or ""), [_column(column, is_sql) for column in columns], schema, count)


def _column(column: Mapping[str, Any], is_sql: bool) -> Name:
    name = str(column.get("name", ""))
    return Name(name, quoted(name) if is_sql else name, str(column.get("type") or ""))
