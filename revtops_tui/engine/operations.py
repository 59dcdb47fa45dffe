"""Asking a system, writing to it, acting in it. What is declared is what is accepted."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from connectors.registry import Capability
from revtops_tui.engine import approvals
from revtops_tui.engine.cancelling import cancelled_by
from revtops_tui.engine.connections import use
from revtops_tui.engine.dispatch import OperationResult, carry_out, checked, needs
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.secrets import data_masked
from revtops_tui.engine.workspace import Workspace

if TYPE_CHECKING:
    from connectors.base import BaseConnector

__all__ = ["OperationResult", "action", "needs", "query", "schema", "submit", "write"]


def schema(ws: Workspace, selector: str, *, cancel: threading.Event | None = None) -> list[dict[str, Any]]:
    """What a connection can be asked about. Raises EngineError; cancelled when `cancel` is set meanwhile."""

    async def call(connector: BaseConnector) -> list[dict[str, Any]]:
        async with cancelled_by(cancel):
            return cast("list[dict[str, Any]]", data_masked(await connector.get_schema()))

    needs(ws, selector, Capability.QUERY)
    return use(ws, selector, call, purposes=("query",))


def query(ws: Workspace, selector: str, request: str, *, cancel: threading.Event | None = None) -> Any:
    """A connection's live answer; `{"columns", "rows", "truncated"}` when it is tabular.

    Set `cancel` from another thread to stop waiting; the connector is told, and tells its system where that can stop.
    Raises EngineError.
    """

    async def call(connector: BaseConnector) -> Any:
        async with cancelled_by(cancel):
            return data_masked(await connector.query(request))

    needs(ws, selector, Capability.QUERY)
    return use(ws, selector, call, purposes=("query",))


def submit(
    ws: Workspace,
    selector: str,
    kind: str,
    name: str,
    data: Mapping[str, Any],
    *,
    requested_by: str = "person",
    reason: str | None = None,
    textual: bool = False,
) -> OperationResult:
    """Carry out a declared write or action (`kind`) for a person, an agent or the API, or let it wait for approval.

    `textual`: values are text as typed. `reason`: why, for whoever is asked to agree. Raises EngineError, before
    anything is sent, for what does not fit the declaration.
    """
    request = checked(ws, selector, kind, name, data, requested_by=requested_by, textual=textual)
    decision = approvals.decision(ws, selector, name, requested_by)
    if decision == "ask":
        return OperationResult("waiting", approval_id=approvals.ask(ws, request, reason))
    if decision == "deny":
        error = EngineError("denied", f"The policy of {selector} does not allow {name} for this asker: {requested_by}.")
        return OperationResult("denied", error=error)
    return carry_out(ws, request)


def write(
    ws: Workspace, selector: str, operation: str, data: Mapping[str, Any], *, textual: bool = False
) -> OperationResult:
    """Carry out a declared write for a person. Raises EngineError before anything is sent; see `submit`."""
    return submit(ws, selector, "write", operation, data, textual=textual)


def action(
    ws: Workspace, selector: str, name: str, data: Mapping[str, Any], *, textual: bool = False
) -> OperationResult:
    """Carry out a declared action for a person, once. Raises EngineError before anything is sent; see `submit`."""
    return submit(ws, selector, "action", name, data, textual=textual)
