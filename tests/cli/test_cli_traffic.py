"""`revtops traffic`: what a recorded sync exchanged, listed, shown, exported, followed and forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from revtops_tui.simulators.server import SimulatorServer
from tests.support.command_line import CommandLine

TOKEN = json.dumps({"access_token": "simulated-token"})


@pytest.fixture
def connected(revtops: CommandLine, hubspot: SimulatorServer) -> CommandLine:
    """HubSpot, connected."""
    assert revtops("connect", "hubspot", "--base-url", hubspot.url, "--stdin", stdin=TOKEN).code == 0
    return revtops


@pytest.fixture
def recorded(connected: CommandLine) -> CommandLine:
    """A sync of the deals, recorded."""
    assert connected("sync", "hubspot", "--entity", "deals", "--record").code == 0
    return connected


def test_a_sync_is_recorded_on_request_only(connected: CommandLine) -> None:
    before = len(connected("traffic", "--json").json)
    assert connected("sync", "hubspot", "--entity", "deals").code == 0
    assert len(connected("traffic", "--json").json) == before
    assert connected("sync", "hubspot", "--entity", "deals", "--full", "--record").code == 0
    assert connected("traffic", "run:2", "--json").json


def test_exchanges_are_listed_and_shown(recorded: CommandLine) -> None:
    found = recorded("traffic", "entity:deals", "path:/objects/deals", "--limit", "1", "--json").json
    assert [one["entity"] for one in found] == ["deals"]
    shown = recorded("traffic", "show", str(found[0]["id"]), "--json").json
    assert shown["request_headers"]["authorization"] == "***"
    assert json.loads(shown["response_body"])["results"]
    text = recorded("traffic", "show", str(found[0]["id"])).stdout
    assert "authorization: ***" in text
    assert '"results": [' in text
    listed = recorded("traffic", "entity:deals").stdout
    assert "hubspot" in listed
    assert "simulated-token" not in listed + text


def test_one_is_printed_as_curl(recorded: CommandLine) -> None:
    first = recorded("traffic", "--json").json[0]["id"]
    command = recorded("traffic", "show", str(first), "--curl").stdout
    assert command.startswith("curl ")
    assert "Bearer $AUTHORIZATION" in command
    assert recorded("traffic", "show", str(first), "--curl", "--json").json["curl"] == command.strip()


def test_they_are_exported(recorded: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "out.har"
    done = recorded("traffic", "export", str(file), "entity:deals", "--json").json
    assert len(json.loads(file.read_bytes())["log"]["entries"]) == done["exchanges"] > 0
    again = recorded("traffic", "export", str(file), "--json")
    assert (again.code, again.json["error"]["kind"]) == (2, "usage")


def test_they_are_forgotten(recorded: CommandLine) -> None:
    assert recorded("traffic", "clear", "--json").json["forgotten"] > 0
    assert recorded("traffic", "--json").json == []
    assert "Nothing was recorded yet" in recorded("traffic").stderr


def test_what_comes_is_followed(recorded: CommandLine) -> None:
    tail = recorded.terminal("traffic", "tail", "entity:deals")
    tail.expect("Following what comes")
    assert recorded("sync", "hubspot", "--entity", "deals", "--full", "--record").code == 0
    tail.expect("hubspot GET 200")
    tail.sendintr()
    tail.wait()
    assert tail.exitstatus in (0, 130)


@pytest.mark.parametrize("words", [("show",), ("show", "x"), ("export",), ("clear", "err"), ("status:red",)])
def test_a_misuse_is_told(revtops: CommandLine, words: tuple[str, ...]) -> None:
    told = revtops("traffic", *words, "--json")
    assert (told.code, told.json["error"]["kind"]) == (2, "usage")
    assert told.json["error"]["hint"]


def test_what_can_follow_is_completed(revtops: CommandLine) -> None:
    offered = revtops("_complete", "fish", "traffic", "").stdout
    assert "show" in offered
    assert "status:" in offered
