"""Data directories with a connected, synced shop in them, whose times are always the same."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from connectors.webhooks import WebhookRequest
from revtops_tui.engine import connections, inbox, operations, sync
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import DROP_INS, Shop


def connect(ws: Workspace, shop: Shop) -> None:
    """Connect the shop."""
    connections.connect(ws, "shop", json.loads(shop.fields))


def synced(ws: Workspace, shop: Shop, **content: Any) -> None:
    """Connect the shop with this content, and sync it."""
    shop.change(**content)
    connect(ws, shop)
    (result,) = sync.sync(ws)
    assert result.status in ("success", "partial"), result.error


def hold_times_still(ws: Workspace) -> None:
    """Give everything that was stored the same time: five minutes before the driver's clock."""
    with closing(sqlite3.connect(ws.database.path)) as database, database:
        database.execute("UPDATE connections SET last_sync_at = '2026-03-02T09:25:00.000000Z'")
        database.execute("UPDATE connections SET created_at = '2026-03-01T12:00:00.000000Z'")
        database.execute("UPDATE sync_runs SET started_at = '2026-03-02T09:24:50.000000Z'")
        database.execute("UPDATE sync_runs SET finished_at = '2026-03-02T09:25:00.000000Z'")
        for table in ("accounts", "deals"):
            database.execute(f"UPDATE {table} SET synced_at = '2026-03-02T09:25:00.000000Z'")


def ask(ws: Workspace, kind: str, name: str, data: Mapping[str, Any], reason: str = "") -> int:
    """An agent asks the shop for something, in a workspace of its own as another process has one; its request's id."""
    with Workspace(ws.home, credentials=ws.credentials) as others:
        asked = operations.submit(others, "shop", kind, name, data, requested_by="agent", reason=reason or None)
    assert asked.status == "waiting"
    assert asked.approval_id is not None
    return asked.approval_id


def hang_bell(ws: Workspace) -> None:
    """Install the connector that listens, and connect it."""
    shutil.copy(DROP_INS / "bell.py", ws.home / "connectors")
    connections.connect(ws, "bell", {"word": "ding"})


def ring(ws: Workspace, event_type: str, **payload: Any) -> None:
    """An event arrives as a webhook, and is handled."""
    body = json.dumps({"type": event_type, **payload}).encode()
    inbox.take(ws, "bell", WebhookRequest("POST", "https://hooks.example/in", {"x-word": "ding"}, body))
    assert inbox.handle_due(ws)
