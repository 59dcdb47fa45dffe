"""The ledger as faces show it: what was sent, for whom, how it ended; and taking a change back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from revtops_tui.engine import approvals
from revtops_tui.engine.connections import find
from revtops_tui.engine.dispatch import OperationResult, Request, carry_out, checked
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.preview import Preview, preview_of
from revtops_tui.engine.workspace import Workspace
from store import ledger as store
from store.clock import moment_of
from store.connections import Connection, connections
from store.ledger import Entry

_MAY_HAVE_HAPPENED = ("ok", "unknown")


@dataclass(frozen=True)
class LedgerInfo:
    """An entry of the ledger: a write or an action.

    `status`: ok, failed, or unknown while it is under way and where no answer came. `before` is what the record was,
    under the operation's own parameter names, where that is known; `undoes` is the entry that this one took back, and
    `undone_by` the one that took this one back.
    """

    id: int
    selector: str
    kind: str
    operation: str
    arguments: dict[str, Any]
    requested_by: str
    status: str
    result: Any
    error: str | None
    created_at: dt.datetime
    finished_at: dt.datetime | None
    before: dict[str, Any] | None
    undoes: int | None
    undone_by: int | None
    vendor_id: str | None
    url: str | None

    @property
    def seconds(self) -> float | None:
        """How long it took; None where it is not known to have ended."""
        return (self.finished_at - self.created_at).total_seconds() if self.finished_at else None


def entries(
    ws: Workspace,
    selector: str | None = None,
    *,
    search: str = "",
    status: str | None = None,
    older_than: int | None = None,
    limit: int = 100,
) -> list[LedgerInfo]:
    """The ledger, newest first: of one connection or of all, of one status, with all the words of `search` in it.

    `older_than`: the id from which on to go back, for the next page. Raises EngineError.
    """
    mine = [find(ws, selector)] if selector else connections(ws.database, ws.organization_id)
    by_id = {connection.id: connection for connection in mine}
    wanted = store.Wanted(tuple(by_id), search.split(), status, older_than)
    return [_info(entry, by_id[entry.connection_id]) for entry in store.entries(ws.database, wanted, limit)]


def entry(ws: Workspace, entry_id: int) -> LedgerInfo:
    """One entry. Raises EngineError."""
    found = store.entry(ws.database, ws.organization_id, entry_id)
    by_id = {connection.id: connection for connection in connections(ws.database, ws.organization_id)}
    if found is None or found.connection_id not in by_id:
        raise EngineError("not_found", f"The ledger has no entry {entry_id}.", hint="revtops ledger lists them.")
    return _info(found, by_id[found.connection_id])


# -- undo --------------------------------------------------------------------------------------------------------------


def undo_preview(ws: Workspace, entry_id: int) -> Preview:
    """What `undo` would send and change. Raises EngineError where the entry cannot be undone."""
    return preview_of(ws, _reversed(ws, entry(ws, entry_id), "person"))


def undo(ws: Workspace, entry_id: int, *, requested_by: str = "person") -> OperationResult:
    """Write back what the record was before; it is an entry of the ledger itself.

    An agent and the API may only where they need not ask. Raises EngineError where the entry cannot be undone.
    """
    undone = entry(ws, entry_id)
    request = _reversed(ws, undone, requested_by)
    if approvals.decision(ws, undone.selector, undone.operation, requested_by) != "allow":
        error = EngineError("denied", f"An undo cannot wait for approval, and {requested_by} would have to ask.")
        return OperationResult("denied", error=error)
    return carry_out(ws, request, undoes=entry_id)


def _reversed(ws: Workspace, undone: LedgerInfo, requested_by: str) -> Request:
    """The request that takes an entry back: what it named, with the values from before."""
    if undone.before is None:
        raise _cannot(undone, "it is not known what was there before")
    if undone.status not in _MAY_HAVE_HAPPENED:
        raise _cannot(undone, f"it {undone.status}")
    if undone.undone_by is not None:
        raise _cannot(undone, f"the entry {undone.undone_by} undid it already")
    done = checked(ws, undone.selector, undone.kind, undone.operation, undone.arguments)
    which = {p.name: done.own[p.name] for p in done.parameters if p.required}
    if lost := sorted(done.own.keys() - which.keys() - undone.before.keys()):
        raise _cannot(undone, f"what `{lost[0]}` was before is not known")
    _check_empty(undone, done, undone.before)
    return checked(
        ws,
        undone.selector,
        undone.kind,
        undone.operation,
        {**which, **undone.before},
        requested_by=requested_by,
    )


def _check_empty(undone: LedgerInfo, done: Request, before: Mapping[str, Any]) -> None:
    for parameter in done.parameters:
        if parameter.name in before and before[parameter.name] is None and not parameter.nullable:
            raise _cannot(undone, f"`{parameter.name}` was empty, and {undone.operation} cannot empty it")


def _cannot(undone: LedgerInfo, why: str) -> EngineError:
    return EngineError("not_undoable", f"The entry {undone.id} ({undone.operation}) cannot be undone: {why}.")


def _info(found: Entry, connection: Connection) -> LedgerInfo:
    return LedgerInfo(
        found.id,
        connection.selector,
        found.kind,
        found.operation,
        found.arguments,
        found.requested_by,
        found.status,
        found.result,
        found.error,
        moment_of(found.created_at),
        moment_of(found.finished_at) if found.finished_at else None,
        found.before,
        found.undoes,
        found.undone_by,
        found.vendor_id,
        found.url,
    )
