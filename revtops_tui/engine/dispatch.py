"""Carrying out a write or an action: checked first, its intent in the ledger, sent, its outcome in the ledger."""

from __future__ import annotations

import copy
import logging
import sqlite3
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.errors import ConnectorError, OutcomeUnknownError, VendorUnavailableError
from connectors.parameters import Parameter, coerce_text, own_names, parse_parameters, validate_arguments
from connectors.registry import Capability, ConnectorAction, Idempotency, WriteOperation
from revtops_tui.engine.connections import connector_class, find, use
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.recording import doing
from revtops_tui.engine.secrets import data_masked, masked
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace
from store import ledger
from store.connections import Connection

if TYPE_CHECKING:
    from connectors.base import BaseConnector
    from connectors.changes import RecordState

_log = logging.getLogger("revtops")

ASKERS = ("person", "agent", "api")
"""Who may ask for a write or an action."""

_HIDDEN = "••••"
_ATTEMPTS = 3
_PATIENCE = 10.0
"""Seconds after which a write is not tried again: whoever took so long has tried for itself."""


@dataclass(frozen=True)
class OperationResult:
    """How a write or an action ended.

    `status`: ok; failed; unknown, when no answer came; waiting, when somebody has to agree first (`approval_id`);
    denied, when a policy or a person said no, or nobody said anything in time. `result` is the connector's answer,
    `vendor_id` and `url` name what was made or changed, and `note` is what the one who decided had to say.
    """

    status: str
    result: Any = None
    error: EngineError | None = None
    ledger_id: int | None = None
    approval_id: int | None = None
    vendor_id: str | None = None
    url: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Request:
    """A write or an action that is as its connector declared it, and who asks for it."""

    connection: Connection
    kind: str
    operation: WriteOperation | ConnectorAction
    arguments: dict[str, Any]
    requested_by: str

    @property
    def parameters(self) -> list[Parameter]:
        """What the operation takes."""
        return parse_parameters(self.operation.parameters)

    @property
    def read_only(self) -> bool:
        """Whether it changes nothing."""
        return isinstance(self.operation, ConnectorAction) and self.operation.read_only

    @property
    def has_secrets(self) -> bool:
        """Whether an argument is declared to be a secret, or quotes one: neither is ever stored."""
        declared = _secret_names(self.parameters)
        return any(name in declared or data_masked(value) is not value for name, value in self.arguments.items())

    @property
    def shown(self) -> dict[str, Any]:
        """The arguments without what is declared to be a secret, and without the secrets that this process knows."""
        secret = _secret_names(self.parameters)
        return {name: _HIDDEN if name in secret else masked(value) for name, value in self.arguments.items()}

    @property
    def own(self) -> dict[str, Any]:
        """A copy of the arguments, each under its parameter's own name."""
        return copy.deepcopy(own_names(self.operation.parameters, self.arguments))

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return isinstance(self.operation, WriteOperation) and self.operation.idempotency is not Idempotency.NONE


def checked(
    ws: Workspace,
    selector: str,
    kind: str,
    name: str,
    data: Mapping[str, Any],
    *,
    requested_by: str = "person",
    textual: bool = False,
) -> Request:
    """The request, its values read (where they are `textual`) and validated. Raises EngineError."""
    if requested_by not in ASKERS:
        raise EngineError("usage", f"Nobody is called {requested_by}.", hint=f"It is one of {', '.join(ASKERS)}.")
    operation = declared(needs(ws, selector, Capability(kind)), kind, name)
    parameters = parse_parameters(operation.parameters)
    try:
        arguments = validate_arguments(parameters, coerce_text(parameters, data) if textual else data)
    except ConnectorError as error:
        raise people(error) from error
    if isinstance(operation, WriteOperation) and operation.client_id:
        # Given here, and not by the connector: every attempt has to carry the same one, and the ledger knows it.
        arguments.setdefault(operation.client_id, str(uuid.uuid4()))
    return Request(find(ws, selector), kind, operation, arguments, requested_by)


def needs(ws: Workspace, selector: str, capability: Capability) -> type[BaseConnector]:
    """The connector behind a connection, where it declares the capability. Raises EngineError."""
    cls = connector_class(ws, selector.partition(":")[0])
    if capability not in cls.meta.capabilities:
        can = ", ".join(cls.meta.capabilities)
        raise EngineError("usage", f"{cls.meta.name} does not do {capability}.", hint=f"It does: {can}.")
    return cls


def operations_of(cls: type[BaseConnector]) -> list[WriteOperation | ConnectorAction]:
    """Everything that a connector declares to do: writes, then actions."""
    return [*cls.meta.write_operations, *cls.meta.actions]


def declared(cls: type[BaseConnector], kind: str, name: str) -> WriteOperation | ConnectorAction:
    """A connector's declared operation. Raises EngineError."""
    operations: Sequence[WriteOperation | ConnectorAction]
    operations = cls.meta.write_operations if kind == "write" else cls.meta.actions
    by_name = {operation.name: operation for operation in operations}
    if name not in by_name:
        hint = did_you_mean(name, by_name) or f"There are: {', '.join(by_name)}."
        raise EngineError("usage", f"There is no operation {name}.", hint=hint)
    return by_name[name]


def carry_out(
    ws: Workspace,
    request: Request,
    *,
    undoes: int | None = None,
    claim: Callable[[sqlite3.Connection, int], None] = lambda _writing, _entry: None,
) -> OperationResult:
    """Send it. Its intent is in the ledger before, and its outcome after.

    `claim` runs in the transaction of the intent, with the entry's id: where it raises, nothing is sent.
    Raises EngineError for what keeps it from being sent.
    """
    entries: list[int] = []

    async def call(connector: BaseConnector) -> Any:
        await connector.get_credentials()  # known from here on, and so masked in what is kept
        state = await state_before(connector, request)
        intent = ledger.Intent(
            request.kind,
            request.operation.name,
            request.shown,
            request.requested_by,
            before=None if state is None else _without_secrets(state.values),
            undoes=undoes,
        )
        entries.append(ledger.intend(ws.database, request.connection, intent, claim))
        with doing(ledger_id=entries[0]):
            return await _sent(connector, request)

    try:
        answer = use(ws, request.connection.selector, call, purposes=(request.operation.name, request.kind))
    except EngineError as error:
        if not entries:
            raise
        return _failed(ws, request, entries[0], error)
    result = data_masked(answer)
    outcome = ledger.Outcome("ok", result, None, *_names(result))
    ledger.conclude(ws.database, entries[0], outcome)
    return OperationResult("ok", result, None, entries[0], vendor_id=outcome.vendor_id, url=outcome.url)


def _failed(ws: Workspace, request: Request, entry: int, error: EngineError) -> OperationResult:
    # A bug may strike before the call or after it; a write can be repeated then, an action cannot.
    unknown = error.kind == OutcomeUnknownError.kind or (request.kind == "action" and error.kind == "bug")
    status = "unknown" if unknown else "failed"
    ledger.conclude(ws.database, entry, ledger.Outcome(status, error=error.message))
    return OperationResult(status, None, error, entry)


async def state_before(connector: BaseConnector, request: Request) -> RecordState | None:
    """What the record is that a write is about to change; None where nobody can tell."""
    if request.kind != "write":
        return None
    try:
        return await connector.before(request.operation.name, request.own)
    except Exception:  # noqa: BLE001 - a courtesy: what is wrong is for the write itself to find
        _log.info("what %s would change cannot be told", request.operation.name, exc_info=True)
        return None


async def attempt(connector: BaseConnector, request: Request) -> Any:
    """Ask the connector once; returns its answer."""
    dispatch = connector.write if request.kind == "write" else connector.execute_action
    return await dispatch(request.operation.name, copy.deepcopy(request.arguments))


async def _sent(connector: BaseConnector, request: Request) -> Any:
    """What the connector answers. What may be repeated is, after a passing failure."""
    if not request.repeatable:
        return await attempt(connector, request)
    import tenacity

    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(_ATTEMPTS) | tenacity.stop_after_delay(_PATIENCE),
        wait=tenacity.wait_exponential_jitter(multiplier=0.5),
        retry=tenacity.retry_if_exception(_is_passing),
        reraise=True,
    )
    return await retrying(attempt, connector, request)


def _is_passing(error: BaseException) -> bool:
    """Whether the vendor was not there, and surely did nothing that a repetition would do twice."""
    return isinstance(error, VendorUnavailableError) and not isinstance(error, OutcomeUnknownError)


def _secret_names(parameters: Sequence[Parameter]) -> set[str]:
    return {name for parameter in parameters if parameter.secret for name in parameter.names}


def _without_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """What can be put back: not what would be put back masked."""
    return {name: value for name, value in values.items() if data_masked(value) is value}


def _names(result: Any) -> tuple[str | None, str | None]:
    """The vendor's id of what was made or changed and its address, where an answer tells them."""
    if not isinstance(result, Mapping):
        return None, None
    identity, address = (result.get(name) for name in ("id", "url"))
    return _text(identity), _text(address)


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) else None
