"""Looking at what was synced: windows on tables, and free SQL. Both see the workspace's organization only."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass
from typing import Any

from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.filters import Filter, parse
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace
from store import browse, console, related
from store.browse import Selection
from store.changes import DELETED
from store.changes import changes as kept_changes
from store.clock import moment_of
from store.console import Answer
from store.errors import StoreError

__all__ = [
    "Answer",
    "Browser",
    "Changed",
    "Filter",
    "Selection",
    "TableInfo",
    "changes",
    "counts",
    "record",
    "sql",
    "tables",
]


@dataclass(frozen=True)
class TableInfo:
    """A table to look at; `label` is its name for people."""

    name: str
    label: str
    columns: list[str]


def tables(ws: Workspace) -> list[TableInfo]:
    """The tables of the organization: entities, and the product's own books."""
    found = browse.tables(ws.database.path, ws.organization_id)
    return [TableInfo(name, name.replace("_", " ").capitalize(), list(columns)) for name, columns in found.items()]


def types(ws: Workspace, table: str) -> dict[str, str]:
    """The columns of a table with the types of their values, as SQLite calls them; empty for no table."""
    return browse.column_types(ws.database.path, ws.organization_id, table).get(table, {})


def counts(ws: Workspace) -> dict[str, int]:
    """How many rows each table of the organization has; deleted ones are not counted. Raises EngineError."""
    try:
        return browse.counts(ws.database.path, ws.organization_id)
    except StoreError as error:
        raise people(error) from error


def sql(ws: Workspace, query: str, *, limit: int = 500, cancel: threading.Event | None = None) -> Answer:
    """Run one SELECT; at most `limit` rows come back, and `truncated` says when there are more."""
    try:
        return console.run_sql(
            ws.database.path,
            ws.organization_id,
            query,
            limit=limit,
            cancelled=cancel.is_set if cancel else lambda: False,
        )
    except StoreError as error:
        raise people(error) from error


def record(ws: Workspace, entity: str, row_id: int) -> dict[str, Any]:
    """One whole record of the organization; empty when it is gone. Raises EngineError."""
    try:
        with related.looking(ws.database.path, ws.organization_id) as looking:
            return looking.record(entity, row_id) if entity in looking.tables else {}
    except StoreError as error:
        raise people(error) from error


@dataclass(frozen=True)
class Changed:
    """Fields of a record that changed together: name -> (old value, new value).

    `run_id` is the sync run that brought the change; None where an event did.
    """

    at: dt.datetime
    run_id: int | None
    fields: dict[str, tuple[Any, Any]]


def changes(ws: Workspace, entity: str, row_id: int) -> list[Changed]:
    """What changed in a record and when, the last change first; as far back as is kept (`store.changes`)."""
    now = record(ws, entity, row_id)
    now[DELETED] = None if now else "deleted"
    found = []
    for change in kept_changes(ws.database, ws.organization_id, entity, row_id):
        fields = {name: (old, now.get(name)) for name, old in change.before.items()}
        found.append(Changed(moment_of(change.changed_at), change.run_id, fields))
        now.update(change.before)
    return found


class Browser:
    """One table of the organization, of any size."""

    def __init__(self, ws: Workspace, table: str) -> None:
        found = types(ws, table)
        if not found:
            known = browse.tables(ws.database.path, ws.organization_id)
            hint = did_you_mean(table, known) or f"There are: {', '.join(known)}."
            raise EngineError("usage", f"There is no table {table}.", hint=hint)
        self._ws = ws
        self.table = table
        self.types = found
        self.columns = list(self.types)

    def filter(self, text: str) -> Filter:
        """What a person typed as a filter of this table (`engine.filters`). Raises EngineError."""
        return parse(text, self.types)

    def open(self, sort: str | None = None, *, descending: bool = False, filter: str | Filter = "") -> Selection:  # noqa: A002 - what it is
        """The rows that pass `filter`, in the order of `sort`. Raises EngineError.

        Returns when the first rows are there: at once without a sort, after a look at all of them with one.
        """
        clauses = (self.filter(filter) if isinstance(filter, str) else filter).clauses
        try:
            return Selection(self._ws.database.path, self._ws.organization_id, self.table, sort, descending, clauses)
        except StoreError as error:
            raise people(error) from error
