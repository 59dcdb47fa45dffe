"""Who may do what without being asked, and the requests that wait for somebody to agree."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.registry import ConnectorAction
from revtops_tui.engine.connections import connector_class
from revtops_tui.engine.connections import find as find_connection
from revtops_tui.engine.dispatch import ASKERS, OperationResult, Request, carry_out, checked, operations_of
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.secrets import without_known
from revtops_tui.engine.workspace import Workspace
from store import approvals as store
from store import ledger
from store.approvals import EVERY_OPERATION, Approval, Decision
from store.clock import moment_of, now, text_of
from store.connections import Connection, connections, save_setting, setting

DECISIONS = ("allow", "ask", "deny")
_PATIENCE = 24.0
"""Hours that a request waits for somebody to decide, unless something else is set."""
_PATIENCE_SETTING = "approval_hours"
_LONGEST_PATIENCE = 24.0 * 365


@dataclass(frozen=True)
class ApprovalInfo:
    """A request as faces show it.

    `status`: waiting, approved, rejected or expired. `reason` is why it was asked for, `note` what the one who decided
    had to say, `ledger_id` the entry of what was sent then.
    """

    id: int
    slug: str
    name: str
    selector: str
    kind: str
    operation: str
    arguments: dict[str, Any]
    requested_by: str
    reason: str | None
    status: str
    created_at: dt.datetime
    expires_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str | None
    note: str | None
    ledger_id: int | None


@dataclass(frozen=True)
class PolicyInfo:
    """What a kind of asker may do with an operation (`*`: every one) of a connection: allow, ask or deny."""

    selector: str
    operation: str
    requested_by: str
    decision: str


# -- policies ----------------------------------------------------------------------------------------------------------


def decision(ws: Workspace, selector: str, operation: str, requested_by: str) -> str:
    """allow, ask or deny: the operation's own policy, else that of every operation, else the default.

    By default a person may do everything; an agent and the API may look, and ask for the rest. Raises EngineError.
    """
    connection = find_connection(ws, selector)
    mine = {
        policy.operation: policy.decision
        for policy in store.policies(ws.database, ws.organization_id)
        if (policy.connection_id, policy.requested_by) == (connection.id, requested_by)
    }
    for name in (operation, EVERY_OPERATION):
        if name in mine:
            return mine[name]
    return "allow" if requested_by == "person" or _only_reads(ws, selector, operation) else "ask"


def _only_reads(ws: Workspace, selector: str, operation: str) -> bool:
    cls = connector_class(ws, find_connection(ws, selector).slug)
    named = [one for one in operations_of(cls) if one.name == operation]
    return bool(named) and all(isinstance(one, ConnectorAction) and one.read_only for one in named)


def policies(ws: Workspace) -> list[PolicyInfo]:
    """The policies that were set; where there is none, the default holds."""
    selectors = {c.id: c.selector for c in connections(ws.database, ws.organization_id)}
    return [
        PolicyInfo(selectors[policy.connection_id], policy.operation, policy.requested_by, policy.decision)
        for policy in store.policies(ws.database, ws.organization_id)
        if policy.connection_id in selectors
    ]


def set_policy(ws: Workspace, selector: str, operation: str, requested_by: str, decision: str | None) -> None:
    """Set what an asker may do with an operation (`*`: every one); None goes back to the default.

    Raises EngineError for what there is not.
    """
    if requested_by not in ASKERS:
        raise EngineError("usage", f"Nobody is called {requested_by}.", hint=f"It is one of {', '.join(ASKERS)}.")
    if decision is not None and decision not in DECISIONS:
        raise EngineError("usage", f"{decision} is no decision.", hint=f"It is one of {', '.join(DECISIONS)}.")
    connection = find_connection(ws, selector)
    if operation != EVERY_OPERATION:
        known = [one.name for one in operations_of(connector_class(ws, connection.slug))]
        if operation not in known:
            raise EngineError("usage", f"There is no operation {operation}.", hint=f"There are: {', '.join(known)}.")
    store.set_policy(ws.database, connection, operation, requested_by, decision)


def table(ws: Workspace, selector: str) -> dict[str, dict[str, str]]:
    """What holds for each operation of a connection: its name -> who asks -> decision. Raises EngineError."""
    known = operations_of(connector_class(ws, find_connection(ws, selector).slug))
    return {one.name: {asker: decision(ws, selector, one.name, asker) for asker in ASKERS} for one in known}


def patience(ws: Workspace) -> float:
    """How many hours a request waits for somebody to decide."""
    return float(setting(ws.database, _PATIENCE_SETTING) or _PATIENCE)


def set_patience(ws: Workspace, hours: float) -> None:
    """Let requests from now on wait this long. Raises EngineError."""
    if not 0 < hours <= _LONGEST_PATIENCE:
        raise EngineError("usage", "A request waits longer than no time, and a year at most.", hint="Give hours.")
    save_setting(ws.database, _PATIENCE_SETTING, str(hours))


# -- requests ----------------------------------------------------------------------------------------------------------


def ask(ws: Workspace, request: Request, reason: str | None) -> int:
    """Let a request wait for somebody to decide; returns its id. Raises EngineError for one that holds a secret."""
    if request.has_secrets:
        raise EngineError(
            "cannot_wait",
            f"{request.operation.name} takes a secret, which is never stored, so it cannot wait for approval.",
            hint=f"A person can run it, or allow it: revtops policy {request.connection.selector}",
        )
    return store.ask(
        ws.database,
        request.connection,
        request.kind,
        request.operation.name,
        request.arguments,
        requested_by=request.requested_by,
        reason=reason and without_known(reason),
        expires_at=text_of(now() + dt.timedelta(hours=patience(ws))),
    )


def waiting(ws: Workspace) -> list[ApprovalInfo]:
    """The requests that wait, newest first."""
    return approvals(ws, status="waiting")


def approvals(ws: Workspace, *, status: str | None = None, limit: int = 1000) -> list[ApprovalInfo]:
    """The requests there were, newest first; all of them, or those of one status."""
    store.expire(ws.database, ws.organization_id)
    found = store.approvals(ws.database, ws.organization_id, status=status, limit=limit)
    by_id = {c.id: c for c in connections(ws.database, ws.organization_id)}
    return [_info(one, by_id[one.connection_id]) for one in found if one.connection_id in by_id]


def find(ws: Workspace, approval_id: int) -> ApprovalInfo:
    """One request. Raises EngineError."""
    store.expire(ws.database, ws.organization_id)
    found = store.approval(ws.database, ws.organization_id, approval_id)
    by_id = {c.id: c for c in connections(ws.database, ws.organization_id)}
    if found is None or found.connection_id not in by_id:
        raise EngineError("not_found", f"There is no request {approval_id}.", hint="revtops approvals lists them.")
    return _info(found, by_id[found.connection_id])


def approve(
    ws: Workspace, approval_id: int, *, decided_by: str, data: Mapping[str, Any] | None = None, note: str | None = None
) -> OperationResult:
    """Agree to a request and carry it out, with other arguments where `data` gives them.

    However many people agree, in however many processes: it is carried out once. Raises EngineError where it does not
    wait any more, and for what keeps it from being sent; then it goes on waiting.
    """
    asked = _still_waiting(find(ws, approval_id))
    request = checked(
        ws,
        asked.selector,
        asked.kind,
        asked.operation,
        asked.arguments if data is None else data,
        requested_by=asked.requested_by,
    )
    agreed = Decision("approved", decided_by, note)

    def claim(writing: sqlite3.Connection, entry: int) -> None:
        if not store.decide(writing, approval_id, agreed, entry):
            raise EngineError("decided", f"The request {approval_id} does not wait any more.")

    return replace(carry_out(ws, request, claim=claim), approval_id=approval_id, note=note)


def reject(ws: Workspace, approval_id: int, *, decided_by: str, note: str | None = None) -> None:
    """Say no; the one who asked is told the note. Raises EngineError where it does not wait any more."""
    _still_waiting(find(ws, approval_id))
    refused = Decision("rejected", decided_by, note)
    if not ws.database.writer.run(lambda writing: store.decide(writing, approval_id, refused)):
        _still_waiting(find(ws, approval_id))


def outcome(ws: Workspace, approval_id: int) -> OperationResult:
    """What became of a request, for the one who asked. Raises EngineError for one that there never was."""
    asked = find(ws, approval_id)
    if asked.ledger_id is not None:
        return _carried_out(ws, asked, asked.ledger_id)
    if asked.status == "waiting":
        return OperationResult("waiting", approval_id=asked.id)
    return OperationResult("denied", error=_no(asked), approval_id=asked.id, note=asked.note)


def _carried_out(ws: Workspace, asked: ApprovalInfo, entry_id: int) -> OperationResult:
    entry = ledger.entry(ws.database, ws.organization_id, entry_id)
    if entry is None:
        raise EngineError("not_found", f"The ledger has no entry {entry_id}.")
    return OperationResult(
        entry.status,
        entry.result,
        EngineError("failed" if entry.status == "failed" else "outcome_unknown", entry.error) if entry.error else None,
        entry.id,
        asked.id,
        entry.vendor_id,
        entry.url,
        asked.note,
    )


def _no(asked: ApprovalInfo) -> EngineError:
    if asked.status == "expired":
        return EngineError("expired", f"Nobody decided about the request {asked.id} in time.", hint="Ask again.")
    said = f": {asked.note}" if asked.note else "."
    return EngineError("rejected", f"{asked.decided_by} rejected the request {asked.id}{said}")


def _still_waiting(asked: ApprovalInfo) -> ApprovalInfo:
    if asked.status == "waiting":
        return asked
    if asked.status == "approved":
        raise EngineError("decided", f"The request {asked.id} was approved already, by {asked.decided_by}.")
    raise EngineError("decided", f"The request {asked.id} does not wait any more: it is {asked.status}.")


def _info(found: Approval, connection: Connection) -> ApprovalInfo:
    return ApprovalInfo(
        found.id,
        connection.slug,
        connection.name,
        connection.selector,
        found.kind,
        found.operation,
        found.arguments,
        found.requested_by,
        found.reason,
        found.status,
        moment_of(found.created_at),
        moment_of(found.expires_at),
        moment_of(found.decided_at) if found.decided_at else None,
        found.decided_by,
        found.note,
        found.ledger_id,
    )
