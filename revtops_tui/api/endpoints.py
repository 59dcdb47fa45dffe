"""The endpoints: each is one function of the engine's, and says what goes in and comes out."""

from __future__ import annotations

import threading
from typing import Annotated, Any

from fastapi import APIRouter, Path

from connectors.parameters import json_schema, parse_parameters
from revtops_tui.api import models
from revtops_tui.api.answers import Document, status_of
from revtops_tui.api.models import Outcome
from revtops_tui.api.syncs import Syncs
from revtops_tui.engine import approvals, builtin, connections, operations
from revtops_tui.engine.answers import table_of
from revtops_tui.engine.dispatch import OperationResult
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace

_ApprovalId = Annotated[models.Id, Path(description="The id of the request.")]
_SyncId = Annotated[str, Path(description="The id that starting it answered.", max_length=64)]
_WAITING: dict[int | str, dict[str, Any]] = {202: {"model": Outcome, "description": "It waits for approval."}}


class Endpoints:
    """The API over one workspace; `router` has its routes."""

    def __init__(self, ws: Workspace, syncs: Syncs, cancel: threading.Event) -> None:
        self._ws, self._syncs, self._cancel = ws, syncs, cancel
        self.router = router = APIRouter(default_response_class=Document)
        router.add_api_route("/api/connectors", self.connectors, tags=["systems"])
        router.add_api_route("/api/connections", self.connections, tags=["systems"])
        router.add_api_route("/integrations/connect-builtin", self.connect_builtin, methods=["POST"], tags=["systems"])
        router.add_api_route("/api/sync", self.start_sync, methods=["POST"], status_code=202, tags=["data"])
        router.add_api_route("/api/sync/{sync_id}", self.sync, tags=["data"])
        router.add_api_route(
            "/api/query", self.query, methods=["POST"], response_model_exclude_unset=True, tags=["data"]
        )
        for path, operate in (("/api/write", self.write), ("/api/action", self.action)):
            router.add_api_route(
                path, operate, methods=["POST"], response_model=Outcome, responses=_WAITING, tags=["changes"]
            )
        router.add_api_route("/api/approvals", self.approvals, tags=["changes"])
        router.add_api_route("/api/approvals/{approval_id}", self.approval, tags=["changes"])
        router.add_api_route(
            "/api/approvals/{approval_id}/approve",
            self.approve,
            methods=["POST"],
            response_model=Outcome,
            tags=["changes"],
        )
        router.add_api_route("/api/approvals/{approval_id}/reject", self.reject, methods=["POST"], tags=["changes"])

    # -- systems ---------------------------------------------------------------------------------------------------

    def connectors(self) -> list[models.Connector | models.BrokenConnector]:
        """What can be connected, and what each connector can do."""
        found = [models.Connector.model_validate(_with_schemas(info.manifest)) for info in self._ws.catalog.values()]
        broken = [
            models.BrokenConnector(slug=one.name, name=one.name, error=one.reason, source=one.source)
            for one in self._ws.catalog.broken
        ]
        return [*found, *broken]

    def connections(self) -> list[models.Connection]:
        """What is connected, and how it is doing."""
        return [models.Connection.of(info) for info in connections.connections(self._ws)]

    def connect_builtin(self, given: models.ConnectBuiltin) -> models.Connection:
        """Connect a built-in connector with the credentials that this machine has, or with none."""
        return models.Connection.of(builtin.connect_builtin(self._ws, given.slug, base_url=given.base_url))

    # -- data ------------------------------------------------------------------------------------------------------

    def start_sync(self, given: models.StartSync) -> models.Sync:
        """Start to bring new and changed records into the local database; ask for the id how it is going."""
        return self._syncs.start(given)

    def sync(self, sync_id: _SyncId) -> models.Sync:
        """How a sync that was started here is going, or how it ended."""
        return self._syncs.find(sync_id)

    def query(self, given: models.Query) -> models.Answer:
        """Ask a connected system, live."""
        answer = operations.query(self._ws, given.connection, given.query, cancel=self._cancel)
        table = table_of(answer)
        if table is None:
            return models.Answer(result=answer)
        return models.Answer(columns=table.columns, rows=table.rows, truncated=table.truncated)

    # -- changes ---------------------------------------------------------------------------------------------------

    def write(self, given: models.Write) -> Document:
        """Create or change a record in a connected system, now or once somebody has agreed."""
        return self._submit(given, "write", given.operation)

    def action(self, given: models.Action) -> Document:
        """Have a connected system do something, once; now or once somebody has agreed."""
        return self._submit(given, "action", given.action)

    def approvals(self) -> list[models.Approval]:
        """The requests that wait for somebody to agree."""
        return [models.Approval.of(info) for info in approvals.waiting(self._ws)]

    def approval(self, approval_id: _ApprovalId) -> models.Approval:
        """One request, whatever became of it."""
        return models.Approval.of(approvals.find(self._ws, approval_id))

    def approve(self, approval_id: _ApprovalId, given: models.Approve) -> Document:
        """Agree to a request, and carry it out."""
        return _outcome(approvals.approve(self._ws, approval_id, decided_by="api", data=given.data, note=given.note))

    def reject(self, approval_id: _ApprovalId, given: models.Reject) -> models.Approval:
        """Say no to a request."""
        approvals.reject(self._ws, approval_id, decided_by="api", note=given.note)
        return models.Approval.of(approvals.find(self._ws, approval_id))

    def _submit(self, given: models.Write | models.Action, kind: str, name: str) -> Document:
        return _outcome(
            operations.submit(
                self._ws, given.connection, kind, name, given.data, requested_by="api", reason=given.reason
            )
        )


def _outcome(result: OperationResult) -> Document:
    """An outcome, with the status of its error where it failed."""
    document = Outcome.of(result).model_dump(mode="json")
    return Document(document, _status(result.status, result.error))


def _status(status: str, error: EngineError | None) -> int:
    if error is not None:
        return status_of(error)
    return 202 if status == "waiting" else 200


def _with_schemas(manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        **manifest,
        **{
            kind: [
                {**operation, "input_schema": json_schema(parse_parameters(operation["parameters"]))}
                for operation in manifest[kind]
            ]
            for kind in ("write_operations", "actions")
        },
    }
