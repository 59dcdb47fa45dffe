"""Data directories with a connected, synced shop in them, whose times are always the same."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

from revtops_tui.engine import connections, sync
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import Shop


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
