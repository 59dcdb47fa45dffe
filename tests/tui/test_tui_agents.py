"""An agent, in a process of its own with the official client, wants to write; somebody agrees in the app."""

from __future__ import annotations

import os
import sys
from asyncio import to_thread
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp import StdioServerParameters

from revtops_tui.engine.connections import connect
from revtops_tui.engine.data import sql
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.linear import LinearSimulator
from revtops_tui.simulators.server import serve
from tests.support.agents import Agent, agent
from tests.tui.driver import Driver

ISSUE = {"team": "ENG", "title": "The export times out"}


@pytest.fixture
def shared(home: Path) -> Iterator[Workspace]:
    """A workspace with a Linear, whose credentials other processes find too."""
    with serve(LinearSimulator(size=10).app) as server, Workspace(home) as ws:
        connect(ws, "linear", LinearSimulator(size=10).credentials, base_url=server.url)
        yield ws


@pytest.fixture
def asks(shared: Workspace) -> Iterator[Agent]:
    """The official client, which started `revtops mcp`."""
    server = StdioServerParameters(command=sys.executable, args=["-m", "revtops_tui", "mcp"], env=dict(os.environ))
    with agent(server) as client:
        yield client


async def test_an_agents_write_waits_is_approved_in_the_app_and_is_in_the_ledger(
    shared: Workspace, asks: Agent
) -> None:
    async with Driver(shared)() as visit:
        told = await to_thread(
            lambda: asks("write_to_system", system="linear", operation="create_issue", data=ISSUE, reason="A customer.")
        )
        assert told.head["status"] == "waiting"
        assert sql(shared, "SELECT count(*) FROM ledger").rows == [(0,)]
        await visit.sees("Inbox (1)")
        await visit.press("4")
        await visit.sees("create_issue", "The export times out", "A customer.")
        await visit.press("a")
        await visit.sees("✓ Done", "ENG-")
        answer = await to_thread(lambda: asks("get_approval", approval_id=told.head["approval_id"]))
    assert answer.head["status"] == "ok"
    (row,) = sql(shared, "SELECT operation, requested_by, status, url FROM ledger").rows
    assert row[:3] == ("create_issue", "agent", "ok")
    assert row[3].startswith("https://linear.app/")


async def test_an_agent_hears_why_it_was_refused(shared: Workspace, asks: Agent) -> None:
    async with Driver(shared)() as visit:
        told = await to_thread(lambda: asks("write_to_system", system="linear", operation="create_issue", data=ISSUE))
        await visit.sees("Inbox (1)")
        await visit.press("4")
        await visit.sees("create_issue")
        await visit.press("x")
        await visit.sees("Reject")
        await visit.type("not this week")
        await visit.press("enter")
        await visit.until(lambda: "Inbox (" not in visit.screen)
        answer = await to_thread(lambda: asks("get_approval", approval_id=told.head["approval_id"]))
    assert "not this week" in str(answer.head)
    assert sql(shared, "SELECT count(*) FROM ledger").rows == [(0,)]
