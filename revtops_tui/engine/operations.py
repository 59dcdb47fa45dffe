"""Asking a system, writing to it, acting in it. What is declared is what is accepted."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.errors import ConnectorError, OutcomeUnknownError
from connectors.parameters import Parameter, coerce_text, parse_parameters, validate_arguments
from connectors.registry import Capability, ConnectorAction, WriteOperation
from revtops_tui.engine.cancelling import cancelled_by
from revtops_tui.engine.connections import connector_class, find, use
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace
from store import ledger

if TYPE_CHECKING:
    from connectors.base import BaseConnector

_HIDDEN = "••••"


@dataclass(frozen=True)
class OperationResult:
    """How a write or an action ended: `status` is ok, failed, or unknown when no answer came."""

    status: str
    result: Any
    error: EngineError | None
    ledger_id: int


def schema(ws: Workspace, selector: str, *, cancel: threading.Event | None = None) -> list[dict[str, Any]]:
    """What a connection can be asked about. Raises EngineError; cancelled when `cancel` is set meanwhile."""

    async def call(connector: BaseConnector) -> list[dict[str, Any]]:
        async with cancelled_by(cancel):
            return await connector.get_schema()

    needs(ws, selector, Capability.QUERY)
    return use(ws, selector, call)


def query(ws: Workspace, selector: str, request: str, *, cancel: threading.Event | None = None) -> Any:
    """A connection's live answer; `{"columns", "rows", "truncated"}` when it is tabular.

    Set `cancel` from another thread to stop waiting; the connector is told, and tells its system where that can stop.
    Raises EngineError.
    """

    async def call(connector: BaseConnector) -> Any:
        async with cancelled_by(cancel):
            return await connector.query(request)

    needs(ws, selector, Capability.QUERY)
    return use(ws, selector, call)


def write(
    ws: Workspace, selector: str, operation: str, data: Mapping[str, Any], *, textual: bool = False, who: str = "person"
) -> OperationResult:
    """Carry out a declared write. `textual`: values are text as typed. Raises EngineError before anything is sent."""
    cls = needs(ws, selector, Capability.WRITE)
    return _operate(ws, selector, "write", _declared(cls.meta.write_operations, operation), data, textual, who)


def action(
    ws: Workspace, selector: str, name: str, data: Mapping[str, Any], *, textual: bool = False, who: str = "person"
) -> OperationResult:
    """Carry out a declared action, once. Raises EngineError before anything is sent."""
    cls = needs(ws, selector, Capability.ACTION)
    return _operate(ws, selector, "action", _declared(cls.meta.actions, name), data, textual, who)


def _operate(
    ws: Workspace,
    selector: str,
    kind: str,
    declared: WriteOperation | ConnectorAction,
    data: Mapping[str, Any],
    textual: bool,
    who: str,
) -> OperationResult:
    connection = find(ws, selector)
    parameters = parse_parameters(declared.parameters)
    try:
        arguments = validate_arguments(parameters, coerce_text(parameters, data) if textual else data)
    except ConnectorError as error:
        raise people(error) from error
    entry = ledger.intend(ws.database, connection, kind, declared.name, _shown(parameters, arguments), who)

    async def call(connector: BaseConnector) -> Any:
        dispatch = connector.write if kind == "write" else connector.execute_action
        return await dispatch(declared.name, copy.deepcopy(arguments))

    try:
        result = use(ws, selector, call)
    except EngineError as error:
        # A bug may strike before the call or after it; a write can be repeated then, an action cannot.
        unknown = error.kind == OutcomeUnknownError.kind or (kind == "action" and error.kind == "bug")
        status = "unknown" if unknown else "failed"
        ledger.conclude(ws.database, entry, status=status, error=error.message)
        return OperationResult(status, None, error, entry)
    ledger.conclude(ws.database, entry, status="ok", result=result)
    return OperationResult("ok", result, None, entry)


def _shown(parameters: Sequence[Parameter], arguments: Mapping[str, Any]) -> dict[str, Any]:
    secret = {name for parameter in parameters if parameter.secret for name in parameter.names}
    return {name: _HIDDEN if name in secret else value for name, value in arguments.items()}


def _declared(operations: Sequence[Any], name: str) -> Any:
    by_name = {operation.name: operation for operation in operations}
    if name not in by_name:
        hint = did_you_mean(name, by_name) or f"There are: {', '.join(by_name)}."
        raise EngineError("usage", f"There is no operation {name}.", hint=hint)
    return by_name[name]


def needs(ws: Workspace, selector: str, capability: Capability) -> type[BaseConnector]:
    """The connector behind a connection, where it declares the capability. Raises EngineError."""
    cls = connector_class(ws, selector.partition(":")[0])
    if capability not in cls.meta.capabilities:
        can = ", ".join(cls.meta.capabilities)
        raise EngineError("usage", f"{cls.meta.name} does not do {capability}.", hint=f"It does: {can}.")
    return cls
