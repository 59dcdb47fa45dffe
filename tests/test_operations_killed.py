"""kill -9 between intent and outcome: a real process, and a vendor that takes the request and never answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from revtops_tui.engine import approvals, ledger, operations
from revtops_tui.engine.connections import connect
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.catalog import simulator_class
from revtops_tui.simulators.server import serve
from tests.support.command_line import SECONDS, CommandLine

DEAL = "30000000001"


class Hanging:
    """A vendor that takes requests which change something, and answers none of them."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path
        self.sent: list[str] = []
        self.taken = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "GET" or self._path not in scope["path"]:
            await self._app(scope, receive, send)
            return
        self.sent.append(scope["path"])
        self.taken.set()
        while (await receive())["type"] != "http.disconnect":
            pass


@contextmanager
def hanging(slug: str, path: str) -> Iterator[Hanging]:
    """`slug` connected in the data directory of the environment, with a simulator that hangs at `path`."""
    simulator = simulator_class(slug)(size=20)
    vendor = Hanging(simulator.app, path)
    with serve(vendor) as server, Workspace() as ws:
        connect(ws, slug, simulator.credentials, base_url=server.url)
        yield vendor


CASES: list[Any] = [
    pytest.param("hubspot", "/objects/deals", ["write", "hubspot", "create_deal", "dealname=x"], id="create"),
    pytest.param(
        "hubspot", f"/deals/{DEAL}", ["write", "hubspot", "update_deal", f"id={DEAL}", "amount=5"], id="update"
    ),
    pytest.param(
        "slack",
        "/chat.postMessage",
        ["action", "slack", "send_message", "channel=#sales", "text=x", "--yes"],
        id="action",
    ),
]


@pytest.mark.parametrize(("slug", "path", "command"), CASES)
def test_its_outcome_stays_unknown_and_nothing_is_sent_again(
    revtops: CommandLine, home: Path, slug: str, path: str, command: list[str]
) -> None:
    with hanging(slug, path) as vendor:
        process = revtops.in_background(*command)
        assert vendor.taken.wait(SECONDS)
        process.kill()
        process.communicate(timeout=SECONDS)
        (entry,) = revtops("ledger", "--json").json
        assert (entry["operation"], entry["status"], entry["finished_at"]) == (command[2], "unknown", None)
        assert "Look in" in revtops("ledger", str(entry["id"])).stderr
        assert revtops("doctor").code == 0
        assert len(vendor.sent) == 1


def test_an_approved_request_whose_process_was_killed_is_not_carried_out_again(
    revtops: CommandLine, home: Path
) -> None:
    with hanging("hubspot", "/objects/deals") as vendor:
        with Workspace() as ws:
            asked = operations.submit(ws, "hubspot", "write", "create_deal", {"dealname": "x"}, requested_by="agent")
        assert asked.approval_id is not None
        process = revtops.in_background("approvals", str(asked.approval_id), "approve")
        assert vendor.taken.wait(SECONDS)
        process.kill()
        process.communicate(timeout=SECONDS)
        with Workspace() as ws:
            with pytest.raises(EngineError, match="was approved already"):
                approvals.approve(ws, asked.approval_id, decided_by="grace")
            told = approvals.outcome(ws, asked.approval_id)
            assert (told.status, [one.status for one in ledger.entries(ws)]) == ("unknown", ["unknown"])
        assert len(vendor.sent) == 1
