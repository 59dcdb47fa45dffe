"""No secret is in what others are answered: by the listener, the local API and the agents' server."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import httpx2
import pexpect
import pytest
from mcp import StdioServerParameters

from revtops_tui.simulators.server import SimulatorServer
from tests.support.agents import agent
from tests.support.canaries import (
    KINDS,
    Parrot,
    Watched,
    connect,
)
from tests.support.command_line import SECONDS

pytestmark = pytest.mark.xdist_group("canary")


@contextlib.contextmanager
def serving(watched: Watched, command: str) -> Iterator[str]:
    """The address of a server that runs meanwhile; what it says is searched."""
    with watched.terminal(command, "--port", "0", "-v", "--json") as screen:
        screen.logfile_read = shown = StringIO()
        screen.expect(r'"url": "(http://127\.0\.0\.1:\d+)"')
        assert screen.match
        yield screen.match.group(1)
        screen.sendintr()
        screen.expect(pexpect.EOF)
    watched.heard(command, shown.getvalue())


def ring(watched: Watched, address: str, secrets: dict[str, Any]) -> None:
    """A webhook that is signed, and one that is not."""
    place = f"{address}/api/connectors/webhook/parrot/default"
    word = {"x-word": secrets["signing_secret"], "x-note": secrets["password"]}
    told = httpx2.post(place, headers=word, json={"said": secrets["api_token"]})
    wrong = httpx2.post(place, headers={"x-word": secrets["password"]}, json={})
    assert wrong.status_code >= 400
    watched.heard("the answers to webhooks", told.text + wrong.text)


@pytest.mark.usefixtures("in_keyring")
def test_what_serves_others(watched: Watched, server: SimulatorServer, parrot: Parrot) -> None:
    secrets = connect(watched, server.url, "parrot")
    with serving(watched, "listen") as address:
        ring(watched, address, secrets)
    token = {"Authorization": f"Bearer {watched('api', 'token').strip()}", "Connection": "close"}
    with serving(watched, "serve") as address, httpx2.Client(base_url=address, headers=token, timeout=SECONDS) as api:
        ring(watched, address, secrets)
        answers = [api.post("/api/query", json={"connection": "parrot", "query": kind}) for kind in (*KINDS, "/rows")]
        for operation in ("note", "fail"):
            asked = {"connection": "parrot", "operation": operation, "data": {"text": "hello"}}
            waiting = api.post("/api/write", json=asked)
            assert waiting.status_code == 202
            answers += [waiting, api.post(f"/api/approvals/{waiting.json()['approval_id']}/approve", json={})]
        parrot.mood = "stumble"
        answers += synced(api)
        answers += [api.get(f"/api/{what}") for what in ("connections", "connectors", "approvals")]
        watched.heard("the API", "\n".join(answer.text for answer in answers))
    assert answers[0].status_code == 500
    watched("events", "--json")
    watched("approvals", "--json")
    assert watched.search() == ""


def synced(api: httpx2.Client) -> list[httpx2.Response]:
    """Sync by the API: what it says of that, from the first to the last."""
    told = [api.post("/api/sync", json={"connections": ["parrot"], "full": True})]
    deadline = time.monotonic() + SECONDS
    while told[-1].json()["status"] == "running":
        assert time.monotonic() < deadline
        told.append(api.get(f"/api/sync/{told[0].json()['id']}"))
    assert told[-1].json()["status"] == "partial", told[-1].text
    return told


@pytest.mark.usefixtures("in_keyring")
def test_an_agent(watched: Watched, server: SimulatorServer) -> None:
    secrets = connect(watched, server.url, "parrot")
    process = StdioServerParameters(command=sys.executable, args=["-m", "revtops_tui", "mcp"], env=dict(os.environ))
    with agent(process) as ask:
        answers = [ask("query_system", system="parrot", query=path) for path in ("/echo", "/status/400", *KINDS)]
        answers += [ask("run_action", system="parrot", action="shout", params={"text": secrets["password"]})]
    watched.heard("the agent", repr(answers))
    watched("approvals", "--json")
    assert watched.search() == ""
