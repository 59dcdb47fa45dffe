"""A data directory that is connected to a simulated vendor, and short ways to use the connection."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.webhooks import WebhookReply, WebhookRequest
from revtops_tui.engine import inbox, operations
from revtops_tui.engine.connections import connect
from revtops_tui.engine.sync import RunResult, SyncOptions, sync
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.server import serve
from revtops_tui.simulators.vendor import VendorSimulator
from store.credentials import MemoryCredentials
from store.database import FILE_NAME


class Connected:
    """`simulator` served at `url`, and a workspace `ws` with a connection to it."""

    def __init__(self, ws: Workspace, simulator: VendorSimulator, url: str) -> None:
        self.ws, self.simulator, self.url = ws, simulator, url
        self.slug = simulator.slug

    def sync(self, **options: Any) -> RunResult:
        """Sync the connection."""
        (result,) = sync(self.ws, [self.slug], SyncOptions(**options))
        return result

    def synced(self, **options: Any) -> dict[str, dict[str, int]]:
        """Sync it; returns what happened to each entity, once it is sure that the run succeeded."""
        result = self.sync(**options)
        assert (result.status, result.error) == ("success", None)
        return result.entities

    def rows(self, entity: str, *, deleted: bool = False) -> dict[str, dict[str, Any]]:
        """The live rows of an entity by `source_id`, or those marked deleted; JSON columns are read."""
        file = sqlite3.connect(self.ws.home / FILE_NAME)
        file.row_factory = sqlite3.Row
        try:
            marked = "not null" if deleted else "null"
            found = file.execute(f"SELECT * FROM {entity} WHERE deleted_at IS {marked}").fetchall()
        finally:
            file.close()
        return {row["source_id"]: {name: _read(value) for name, value in dict(row).items()} for row in found}

    def counts(self) -> dict[str, int]:
        """Live rows per entity, of those that the simulator counts."""
        return {entity: len(self.rows(entity)) for entity in self.simulator.counts()}

    def query(self, request: str) -> Any:
        """Ask the connection."""
        return operations.query(self.ws, self.slug, request)

    def write(self, operation: str, **data: Any) -> Any:
        """Write; returns the result, once it is sure that it went well."""
        done = operations.write(self.ws, self.slug, operation, data)
        assert (done.status, done.error) == ("ok", None)
        return done.result

    def action(self, name: str, **data: Any) -> Any:
        """Act; returns the result, once it is sure that it went well."""
        done = operations.action(self.ws, self.slug, name, data)
        assert (done.status, done.error) == ("ok", None)
        return done.result

    def receive(self, body: bytes, headers: Mapping[str, str], url: str = "https://hooks.example/in") -> WebhookReply:
        """Take a webhook, and handle what is in it. Raises EngineError where it is refused."""
        lowered = {name.lower(): value for name, value in headers.items()}
        reply = inbox.take(self.ws, self.slug, WebhookRequest("POST", url, lowered, body))
        self.handle_events()
        return reply

    def handle_events(self) -> None:
        """Handle what is in the inbox, once it is sure that all of it could be."""
        assert inbox.handle_due(self.ws)
        assert [event.error for event in inbox.events(self.ws) if event.status != "handled"] == []


def _read(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


@contextmanager
def connected(home: Path, simulator: VendorSimulator, **credentials: Any) -> Iterator[Connected]:
    """Serve the simulator, and connect to it in the data directory `home`."""
    with serve(simulator.app) as server, Workspace(home, "acme", credentials=MemoryCredentials()) as ws:
        connect(ws, simulator.slug, {**simulator.credentials, **credentials}, base_url=server.url)
        yield Connected(ws, simulator, server.url)
