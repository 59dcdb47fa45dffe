"""`revtops mcp` as a process of its own: over stdin and stdout, and over HTTP on loopback with a token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from revtops_tui.engine import approvals, tokens
from revtops_tui.engine.agent_clients import CLIENTS, address, snippet
from revtops_tui.engine.connections import connect
from revtops_tui.engine.data import sql
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.mcp.tools import TOOLS
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.server import serve
from revtops_tui.simulators.slack import SlackSimulator
from store.credentials import MemoryCredentials
from tests.support.agents import Agent, agent
from tests.support.command_line import SECONDS, CommandLine, Shop, ended

_HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "a test", "version": "1"},
}


_MESSAGE = {"channel": "#general", "text": "Deal closed!"}


@pytest.fixture
def slack() -> SlackSimulator:
    return SlackSimulator(size=20)


@pytest.fixture
def ws(home: Path, slack: SlackSimulator) -> Iterator[Workspace]:
    """A workspace with a Slack, whose credentials other processes find too."""
    with serve(slack.app) as server, Workspace(home) as ws:
        connect(ws, "slack", slack.credentials, base_url=server.url)
        yield ws


def _started(*arguments: str) -> StdioServerParameters:
    """The server as a process of the client."""
    return StdioServerParameters(
        command=sys.executable, args=["-m", "revtops_tui", *arguments, "mcp"], env=dict(os.environ)
    )


@pytest.fixture
def plain(home: Path) -> Iterator[Workspace]:
    """A workspace with nothing in it, whose credentials are this process's own."""
    with Workspace(home, credentials=MemoryCredentials()) as ws:
        yield ws


@contextmanager
def _serving(revtops: CommandLine) -> Iterator[str]:
    """The HTTP server in a process of its own; its address."""
    process = revtops.in_background("mcp", "--http", "0", "--json")
    assert process.stdout is not None
    try:
        yield json.loads("".join(process.stdout.readline() for _ in range(3)))["url"]
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)
        assert process.returncode == 143


def _call_every_tool(ask: Agent, ws: Workspace) -> None:
    told = {
        "list_connected_systems": ask("list_connected_systems"),
        "get_system_docs": ask("get_system_docs", system="slack"),
        "query_system": ask("query_system", system="slack", query="channels"),
        "search_records": ask("search_records", query="a"),
        "run_sql": ask("run_sql", query="SELECT count(*) FROM activities"),
        "write_to_system": ask("write_to_system", system="slack", operation="nothing", data={}),
        "run_action": ask("run_action", system="slack", action="send_message", params=_MESSAGE),
    }
    assert [name for name, one in told.items() if one.failed] == ["write_to_system"]
    approval = told["run_action"].head["approval_id"]
    approvals.approve(ws, approval, decided_by="Ada")
    told["get_approval"] = ask("get_approval", approval_id=approval)
    assert told["get_approval"].head["status"] == "ok"
    assert sql(ws, "SELECT operation, requested_by, status FROM ledger").rows == [("send_message", "agent", "ok")]
    assert told.keys() == {tool.name for tool in ask.do("list_tools").tools} == TOOLS.keys()


def test_a_client_that_starts_the_server_calls_every_tool(ws: Workspace) -> None:
    with agent(_started()) as ask:
        _call_every_tool(ask, ws)


def test_a_client_that_calls_the_server_calls_every_tool(ws: Workspace, revtops: CommandLine) -> None:
    token = revtops("mcp", "token").stdout.strip()
    with _serving(revtops) as url:
        bearer = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS)
        with agent(streamable_http_client(url, http_client=bearer)) as ask:
            _call_every_tool(ask, ws)


def test_over_http_nobody_is_served_without_the_token_or_from_elsewhere(revtops: CommandLine) -> None:
    token = revtops("mcp", "token").stdout.strip()
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": _HELLO}
    with _serving(revtops) as url:

        def status(**headers: str) -> int:
            ours = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
            return httpx2.post(url, json=hello, headers={**ours, **headers}).status_code

        assert status() == 200
        assert status(authorization="") == 401
        assert status(authorization="Bearer wrong") == 401
        assert status(authorization=f"Basic {token}") == 401
        assert status(host="evil.example") == 421
        assert status(origin="https://evil.example") == 403

        taken = revtops("mcp", "--http", url.rpartition(":")[2].partition("/")[0])
        assert (taken.code, taken.stdout) == (2, "")
        assert "cannot be used" in taken.stderr


def test_the_token_is_kept_and_can_be_renewed(revtops: CommandLine, ws: Workspace) -> None:
    first = tokens.token(ws, "mcp")
    assert len(first) >= 40
    assert revtops("mcp", "token").stdout.strip() == first
    renewed = revtops("mcp", "token", "--renew", "--json").json["token"]
    assert renewed != first
    assert tokens.token(ws, "mcp") == renewed


# -- the process -------------------------------------------------------------------------------------------------------


class Wire:
    """The server's process, and the lines that go in and out."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "revtops_tui", "mcp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.send(method="initialize", id=1, params=_HELLO)
        assert self.answer()["id"] == 1
        self.send(method="notifications/initialized")

    def send(self, **message: Any) -> None:
        """A message to the server."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def call(self, tool: str, **arguments: Any) -> None:
        """Call a tool, and do not wait."""
        self.send(method="tools/call", id=2, params={"name": tool, "arguments": arguments})

    def answer(self) -> Any:
        """The server's next message."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def leave(self) -> tuple[str, str]:
        """Close stdin and wait for the end, which has to be a good one; what came on stdout and stderr."""
        rest = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, rest
        return rest


@pytest.fixture
def wire(ws: Workspace) -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.process.kill()
    wire.process.communicate()


def _until(happened: Callable[[], bool]) -> None:
    ends = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_stdout_has_nothing_but_the_protocol(revtops: CommandLine, connected_shop: Shop) -> None:
    connector = revtops.home / "connectors" / "shop.py"
    connector.write_text(connector.read_text() + "\nprint('noise', flush=True)\n")
    wire = Wire()
    wire.call("query_system", system="shop", query="x")
    answer = wire.answer()
    assert (answer["id"], answer["result"]["isError"]) == (2, False)
    out, talk = wire.leave()
    assert out == ""
    assert "noise" in talk


def test_what_was_sent_gets_its_outcome_although_the_client_leaves(
    ws: Workspace, slack: SlackSimulator, wire: Wire
) -> None:
    slow = Fault("slow", path="chat.postMessage", delay_ms=500)
    slack.traffic.faults.append(slow)
    approvals.set_policy(ws, "slack", "*", "agent", "allow")
    wire.call("run_action", system="slack", action="send_message", params=_MESSAGE)
    _until(lambda: slow.hits == 1)
    wire.leave()
    assert sql(ws, "SELECT status FROM ledger").rows == [("ok",)]


def test_a_question_that_nobody_answers_ends_with_the_client(slack: SlackSimulator, wire: Wire) -> None:
    silence = Fault("timeout")
    slack.traffic.faults.append(silence)
    wire.call("query_system", system="slack", query="channels")
    _until(lambda: silence.hits == 1)
    wire.leave()
    assert silence.hits == 1, "it was given up, not tried again"


# -- what clients are told ---------------------------------------------------------------------------------------------


def test_what_a_client_is_told_starts_the_server(ws: Workspace, revtops: CommandLine) -> None:
    told = revtops("mcp", "config", "--client", "claude-code").json
    assert told == json.loads(snippet(ws, "claude-code").text)
    entry = told["mcpServers"]["revtops"]
    # As the client would: without this process's environment, but with the passphrase that the snippet does not hold.
    env = {**entry.get("env", {}), "REVTOPS_KEYRING_PASSPHRASE": os.environ["REVTOPS_KEYRING_PASSPHRASE"]}
    with agent(StdioServerParameters(command=entry["command"], args=entry["args"], env=env)) as ask:
        assert [one["slug"] for one in ask("list_connected_systems").head["systems"]] == ["slack"]


def _entry(ws: Workspace, client: str, url: str | None = None) -> dict[str, Any]:
    text = snippet(ws, client, url=url).text
    told = tomllib.loads(text) if client == "codex" else json.loads(text)
    servers: dict[str, Any] = next(told[key] for key in ("mcpServers", "servers", "mcp_servers") if key in told)
    return dict(servers["revtops"])


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_is_told_the_same_command(client: str, plain: Workspace) -> None:
    told, usual = _entry(plain, client), _entry(plain, "claude-code")
    assert {name: told.get(name) for name in ("command", "args", "env")} == {
        name: usual.get(name) for name in ("command", "args", "env")
    }


@pytest.mark.parametrize("client", [name for name, form in CLIENTS.items() if form.called])
def test_what_a_client_is_told_about_the_http_server_holds_no_token(client: str, plain: Workspace) -> None:
    token = tokens.token(plain, "mcp")
    assert _entry(plain, client, address(8765))["url"] == "http://127.0.0.1:8765/mcp"
    assert token not in snippet(plain, client, url=address(8765)).text


def test_a_client_that_only_starts_servers_is_told_so(plain: Workspace) -> None:
    with pytest.raises(EngineError, match="only starts servers"):
        snippet(plain, "claude-desktop", url=address(8765))


def test_a_person_who_starts_it_in_a_terminal_is_told_what_it_is_for(revtops: CommandLine) -> None:
    with revtops.terminal("mcp") as screen:
        screen.expect("revtops mcp config")
        assert ended(screen) == 2
