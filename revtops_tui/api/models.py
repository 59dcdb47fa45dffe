"""What goes in and comes out: the OpenAPI document is made from these."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from revtops_tui.engine.approvals import ApprovalInfo
from revtops_tui.engine.connections import ConnectionInfo
from revtops_tui.engine.dispatch import OperationResult
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.sync import RunResult

Selector = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="Which connection: its slug, or `slug:name` where there are several.",
        examples=["hubspot"],
    ),
]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
SyncStatus = Literal["running", "success", "partial", "aborted", "failed"]
Data = Annotated[dict[str, Any], Field(description="The operation's parameters by name.")]


class Given(BaseModel):
    """What somebody sends: exactly what is declared, of exactly that type."""

    model_config = ConfigDict(extra="forbid", strict=True)


# -- answers -------------------------------------------------------------------------------------------------------


class Problem(BaseModel):
    """What went wrong: a stable kind, a sentence, and what to do next."""

    kind: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: EngineError) -> Problem:
        """An error as it is shown."""
        return cls(kind=error.kind, message=error.message, hint=error.hint)


class Failure(BaseModel):
    """The answer to every request that fails."""

    error: Problem


class Operation(BaseModel):
    """A declared write or action; `input_schema` is the JSON Schema of its `data`."""

    model_config = ConfigDict(extra="allow")

    name: str
    description: str
    parameters: list[dict[str, Any]]
    input_schema: dict[str, Any]


class Connector(BaseModel):
    """What can be connected. `auth_fields` are the fields of its credentials."""

    model_config = ConfigDict(extra="allow")

    slug: str
    name: str
    description: str
    auth_type: str
    scope: str
    entity_types: list[str]
    capabilities: list[str]
    write_operations: list[Operation]
    actions: list[Operation]
    event_types: list[dict[str, Any]]
    query_description: str
    auth_fields: list[dict[str, Any]]
    icon: str
    builtin: bool


class BrokenConnector(BaseModel):
    """A connector that cannot be used: `error` says why."""

    slug: str
    name: str
    error: str
    source: str


class Connection(BaseModel):
    """A connector that is connected. `counts`: records per entity."""

    connection: str
    slug: str
    name: str
    organization_id: str
    status: str
    identity: str | None
    base_url: str | None
    last_sync_at: dt.datetime | None
    last_error: str | None
    counts: dict[str, int]

    @classmethod
    def of(cls, info: ConnectionInfo) -> Connection:
        """A connection as it is shown."""
        return cls(
            connection=info.selector,
            slug=info.slug,
            name=info.name,
            organization_id=info.organization_id,
            status=info.status,
            identity=info.identity,
            base_url=info.base_url,
            last_sync_at=info.last_sync_at,
            last_error=info.last_error,
            counts=info.counts,
        )


class Run(BaseModel):
    """How the sync of one connection ended. `entities`: what happened to the records of each."""

    slug: str
    name: str
    run_id: int | None
    status: Literal["success", "partial", "aborted", "failed"]
    error: str | None
    error_kind: str | None
    hint: str | None
    seconds: float
    entities: dict[str, dict[str, int]]

    @classmethod
    def of(cls, result: RunResult) -> Run:
        """A run as it is shown."""
        return cls.model_validate(asdict(result))


class RunningEntity(BaseModel):
    """How far the sync of an entity is. `total` is the vendor's own, where it says one."""

    state: str
    fetched: int
    total: int | None


class RunningSync(BaseModel):
    """How far the sync of a connection is. `waiting_for` is a phrase such as "rate limit: 3 s"."""

    slug: str
    name: str
    seconds: float
    waiting_for: str | None
    entities: dict[str, RunningEntity]


class Sync(BaseModel):
    """A sync that was started here: `progress` while it runs, `runs` when it is done, `error` where it never began."""

    id: str
    status: SyncStatus
    progress: list[RunningSync]
    runs: list[Run]
    error: Problem | None


class Answer(BaseModel):
    """A system's answer: a table, or under `result` whatever else it is."""

    columns: list[str] | None = None
    rows: list[list[Any]] | None = None
    truncated: bool | None = None
    result: Any = None


class Outcome(BaseModel):
    """How a write or an action ended.

    `ok`; `failed`; `unknown`, when no answer came; `waiting`, when somebody has to agree first (`approval_id`, and
    nothing was sent); `denied`. `ledger_id` is its entry in the ledger.
    """

    status: Literal["ok", "failed", "unknown", "waiting", "denied"]
    result: Any
    error: Problem | None
    ledger_id: int | None
    approval_id: int | None
    vendor_id: str | None
    url: str | None
    note: str | None

    @classmethod
    def of(cls, outcome: OperationResult) -> Outcome:
        """An outcome as it is shown."""
        error = Problem.of(outcome.error) if outcome.error else None
        return cls.model_validate({**vars(outcome), "error": error})


class Approval(BaseModel):
    """A request that waits for somebody to agree, or waited."""

    id: int
    connection: str
    kind: Literal["write", "action"]
    operation: str
    arguments: dict[str, Any]
    requested_by: str
    reason: str | None
    status: Literal["waiting", "approved", "rejected", "expired"]
    created_at: dt.datetime
    expires_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str | None
    note: str | None
    ledger_id: int | None

    @classmethod
    def of(cls, info: ApprovalInfo) -> Approval:
        """A request as it is shown."""
        shown: Mapping[str, Any] = {**asdict(info), "connection": info.selector}
        return cls.model_validate(shown)


# -- requests ------------------------------------------------------------------------------------------------------


class ConnectBuiltin(Given):
    """Connect a built-in connector with the credentials that this machine has."""

    slug: Annotated[str, Field(min_length=1, max_length=200, examples=["web_search"])]
    base_url: Annotated[str | None, Field(description="Another address of the vendor's API, such as a simulator.")] = (
        None
    )


class StartSync(Given):
    """What to sync: without `connections`, everything that is connected."""

    connections: list[Selector] = []
    full: Annotated[bool, Field(description="Fetch everything, and mark what is gone as deleted.")] = False
    entities: Annotated[list[str], Field(description="Only these entities.")] = []


class Query(Given):
    """A question to a connected system, in the words that its connector understands."""

    connection: Selector
    query: Annotated[str, Field(min_length=1, max_length=100_000)]


class Write(Given):
    """A declared write. `reason` is shown to whoever is asked to agree."""

    connection: Selector
    operation: Annotated[str, Field(min_length=1, max_length=200)]
    data: Data = {}
    reason: Annotated[str | None, Field(max_length=10_000)] = None


class Action(Given):
    """A declared action. `reason` is shown to whoever is asked to agree."""

    connection: Selector
    action: Annotated[str, Field(min_length=1, max_length=200)]
    data: Data = {}
    reason: Annotated[str | None, Field(max_length=10_000)] = None


class Approve(Given):
    """Agree; with `data`, to other arguments than those asked for."""

    data: dict[str, Any] | None = None
    note: Annotated[str | None, Field(max_length=10_000)] = None


class Reject(Given):
    """Say no; `note` is told to whoever asked."""

    note: Annotated[str | None, Field(max_length=10_000)] = None
