"""The demo: every system connected, synced and alive, and nothing left of it."""

from __future__ import annotations

import time
from pathlib import Path

from connectors.discovery import discover
from revtops_tui.engine import operations
from revtops_tui.engine.connections import connections
from revtops_tui.engine.demo import Demo
from revtops_tui.engine.sync import sync
from tests.test_every_connector import SYNCING


def test_every_system_is_connected_and_works(home: Path) -> None:
    with Demo(size=20, pace=None) as ws:
        assert {one.slug for one in connections(ws)} == set(discover())
        assert all(one.status == "connected" and one.identity for one in connections(ws))
        runs = {run.slug: run for run in sync(ws)}
        assert runs.keys() == set(SYNCING)
        assert {run.slug: run.error for run in runs.values() if run.status != "success"} == {}
        assert all(any(of["inserted"] for of in run.entities.values()) for run in runs.values())
        assert operations.query(ws, "customer_postgres", "SELECT count(*) FROM accounts")["rows"] == [[4]]
        assert (
            operations.action(ws, "code_sandbox", "execute_code", {"code": "print(6 * 7)"}).result["stdout"] == "42\n"
        )


def test_its_people_go_on_working(home: Path) -> None:
    with Demo(size=20, pace=0.02) as ws:
        sync(ws)
        changed: set[str] = set()
        ends = time.monotonic() + 60
        while len(changed) < 3 and time.monotonic() < ends:
            changed |= {
                run.slug for run in sync(ws) if any(of["inserted"] or of["updated"] for of in run.entities.values())
            }
        assert len(changed) >= 3


def test_nothing_is_left_of_it(new_home: Path) -> None:
    with Demo(size=5) as ws:
        place = ws.home
        assert place.is_dir()
    assert not place.exists()
    assert not new_home.exists()
