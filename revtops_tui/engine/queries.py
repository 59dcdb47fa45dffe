"""The queries of an organization: what was run, and what was saved under a name to be run again."""

from __future__ import annotations

from dataclasses import dataclass

from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace
from store import queries as store
from store.errors import StoreError

LONGEST = 100_000
"""Characters of a query that is kept: what is longer was pasted data, and is run without being remembered."""
_LONGEST_NAME = 80


@dataclass(frozen=True)
class KeptQuery:
    """A query. `connection` is the selector of the system that it asks, None for the local data.

    `name` is None where it was only run; `at` is when that was, or when it was saved (UTC text).
    """

    id: int
    name: str | None
    connection: str | None
    text: str
    at: str


def history(ws: Workspace, connection: str | None) -> list[KeptQuery]:
    """What was run against a connection, or against the local data: newest first, each once."""
    return [_kept(row) for row in store.history(ws.database, ws.organization_id, connection or "")]


def saved(ws: Workspace) -> list[KeptQuery]:
    """The saved queries, by name."""
    return [_kept(row) for row in store.saved(ws.database, ws.organization_id)]


def remember(ws: Workspace, connection: str | None, text: str) -> None:
    """Put a query at the top of the history. Raises EngineError."""
    if len(text) > LONGEST:
        return
    try:
        store.remember(ws.database, ws.organization_id, connection or "", text)
    except StoreError as error:
        raise people(error) from error


def save(ws: Workspace, name: str, text: str, *, connection: str | None = None, replace: bool = False) -> KeptQuery:
    """Save a query. Raises EngineError: a name that cannot be one, or is taken and not to be replaced."""
    if not text.strip() or len(text) > LONGEST:
        raise EngineError("invalid_input", f"A saved query has 1 to {LONGEST:,} characters.")
    name = _name(name)
    try:
        return _kept(store.save(ws.database, ws.organization_id, connection or "", name, text, replace=replace))
    except StoreError as error:
        raise people(error) from error


def find(ws: Workspace, name: str) -> KeptQuery:
    """The saved query of this name. Raises EngineError."""
    known = {query.name or "": query for query in saved(ws)}
    if name not in known:
        hint = did_you_mean(name, known) or "revtops queries lists those there are."
        raise EngineError("invalid_input", f"There is no saved query {name}.", hint=hint)
    return known[name]


def rename(ws: Workspace, name: str, new: str) -> KeptQuery:
    """Give a saved query another name. Raises EngineError: there is none, or the new name is taken."""
    query, new = find(ws, name), _name(new)
    if new != name:
        try:
            store.rename(ws.database, ws.organization_id, name, new)
        except StoreError as error:
            raise people(error) from error
    return KeptQuery(query.id, new, query.connection, query.text, query.at)


def forget(ws: Workspace, query: KeptQuery) -> None:
    """Delete a query, saved or run. Raises EngineError."""
    try:
        store.delete(ws.database, ws.organization_id, query.id)
    except StoreError as error:
        raise people(error) from error


def _name(name: str) -> str:
    name = name.strip()
    if not name or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise EngineError("invalid_input", f"A name is one line of 1 to {_LONGEST_NAME} characters.")
    return name


def _kept(row: store.StoredQuery) -> KeptQuery:
    return KeptQuery(row.id, row.name, row.target or None, row.text, row.ran_at)
