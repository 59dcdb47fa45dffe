"""What can be asked: the local data, and every connection whose connector answers queries. Functions here block."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from revtops_tui.tui.inventory import Entry, load

if TYPE_CHECKING:
    from revtops_tui.engine.workspace import Workspace

_ROWS = 500
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Target:
    """Where a query goes. `id` is the connection's selector; `example` says what a query looks like."""

    id: str
    title: str
    example: str
    identity: str = ""

    @property
    def is_live(self) -> bool:
        """Whether a system is asked, and not the file here."""
        return bool(self.id)

    @property
    def manner(self) -> str:
        """Its name, and what asking it means."""
        return f"{self.title}, {'live' if self.is_live else 'read-only'}"


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


@dataclass(frozen=True)
class Name:
    """Something that can be named in a query: `text` is how; `columns` are those of a table."""

    label: str
    text: str
    note: str = ""
    columns: Sequence[Name] = ()


def target_of(entry: Entry) -> Target | None:
    """The target that a listed connection is; None where its connector answers no queries."""
    if entry.connection is None or entry.manifest is None or not entry.can_query:
        return None
    return Target(entry.id, entry.title, entry.manifest["query_description"], entry.connection.identity or "")


def targets(ws: Workspace) -> list[Target]:
    """Everything that can be asked, the local data first."""
    return [LOCAL, *(target for entry in load(ws) if (target := target_of(entry)))]


def ask(ws: Workspace, target: Target, request: str, cancel: threading.Event) -> Reply:
    """Ask, until there is an answer or `cancel` is set. Raises EngineError."""
    return _ask_connection(ws, target, request, cancel) if target.is_live else _ask_here(ws, request, cancel)


def _ask_here(ws: Workspace, request: str, cancel: threading.Event) -> Reply:
    from revtops_tui.engine.data import sql

    answer = sql(ws, request, limit=_ROWS, cancel=cancel)
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
    from revtops_tui.engine.data import tables

    return [Name(t.name, t.name, columns=[Name(column, column) for column in t.columns]) for t in tables(ws)]


def _object(one: Mapping[str, Any]) -> Name:
    """A table or object as its connector describes it; the first list of objects in it are its columns.

    Only databases have schemas, and only there a name is quoted as SQL does it.
    """
    from revtops_tui.engine.answers import is_objects

    is_sql = "schema" in one
    columns: Sequence[Mapping[str, Any]] = next((value for value in one.values() if is_objects(value)), [])
    name = str(one.get("name", ""))
    text = f"{_quoted(str(one['schema']))}.{_quoted(name)}" if is_sql else name
    return Name(name, text, str(one.get("type") or ""), [_column(column, is_sql) for column in columns])


def _column(column: Mapping[str, Any], is_sql: bool) -> Name:
    name = str(column.get("name", ""))
    return Name(name, _quoted(name) if is_sql else name, str(column.get("type") or ""))


def _quoted(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else '"{}"'.format(name.replace('"', '""'))
