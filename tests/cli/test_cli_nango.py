"""Connecting through Nango from the command line: a simulated broker, and a simulated HubSpot that takes its tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from revtops_tui.engine.nango import SECRET_KEY
from revtops_tui.engine.settings_file import save
from revtops_tui.simulators.nango import NangoSimulator
from revtops_tui.simulators.server import SimulatorServer, serve
from store.credentials import open_credentials
from tests.conftest import PASSPHRASE
from tests.support.command_line import CommandLine, ended


@pytest.fixture
def broker(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NangoSimulator]:
    simulator = NangoSimulator({"hubspot": {"type": "OAUTH2", "access_token": "simulated-token"}})
    monkeypatch.setenv(SECRET_KEY, simulator.secret_key)
    with serve(simulator.app) as server:
        save(home, {"nango.host": server.url})
        yield simulator


def sign_in(revtops: CommandLine, *arguments: str) -> str:
    """Connect in a terminal over SSH, and agree in a browser elsewhere; what the terminal said at the end."""
    with revtops.terminal("connect", *arguments, "--nango", env={"SSH_CONNECTION": "1"}) as screen:
        screen.expect(r"(http://\S+/connect/\w+)")
        assert screen.match
        link = str(screen.match.group(1))
        screen.expect("Open it in any browser")
        screen.expect("waiting for you, [23][0-9]:")
        assert httpx2.post(link).status_code == 200
        screen.expect("Connected (.+)\r\n")
        said = str(screen.match.group(1))
        assert ended(screen) == 0
    return said


def status(revtops: CommandLine) -> str:
    (connection,) = revtops("connections", "--json").json
    return str(connection["status"])


def run(revtops: CommandLine) -> dict[str, object]:
    (done,) = revtops("sync", "--json").json["runs"]
    return dict(done)


def test_a_connection_from_its_first_token_to_its_second_grant(
    revtops: CommandLine, broker: NangoSimulator, hubspot: SimulatorServer, home: Path
) -> None:
    assert sign_in(revtops, "hubspot", "--base-url", hubspot.url).startswith("hubspot")
    (grant,) = broker.connections.values()
    kept = open_credentials(home, passphrase=PASSPHRASE).get("default/hubspot/default")
    assert kept == {"nango_connection_id": "connection-2", "nango_integration_id": "hubspot"}
    assert (run(revtops)["status"], grant.renewals) == ("success", 0)

    grant.stale = True
    assert (run(revtops)["status"], grant.renewals) == ("success", 1)

    grant.revoked = True
    failed = run(revtops)
    assert (failed["status"], "could not renew the grant" in str(failed["error"])) == ("failed", True)
    assert status(revtops) == "revoked"
    hint = revtops("test", "hubspot", "--json")
    assert (hint.code, "revtops connect hubspot --nango" in hint.json["error"]["hint"]) == (4, True)

    sign_in(revtops, "hubspot")
    assert len(broker.connections) == 1, "the grant was given anew, not a second one"
    assert (run(revtops)["status"], status(revtops)) == ("success", "connected")
    assert open_credentials(home, passphrase=PASSPHRASE).get("default/hubspot/default") == kept
    assert not any(b"simulated-token" in file.read_bytes() for file in home.rglob("*") if file.is_file())

    assert revtops("disconnect", "hubspot").code == 0
    assert list(broker.connections.values()) == [grant], "the grant is the broker's to end"


def test_two_portals(revtops: CommandLine, broker: NangoSimulator, hubspot: SimulatorServer) -> None:
    sign_in(revtops, "hubspot", "--base-url", hubspot.url)
    assert sign_in(revtops, "hubspot", "--name", "emea", "--base-url", hubspot.url).startswith("hubspot:emea")
    assert len(broker.connections) == 2
    assert revtops("test", "hubspot:emea").code == 0


def test_ctrl_c_ends_the_wait(revtops: CommandLine, broker: NangoSimulator) -> None:
    with revtops.terminal("connect", "hubspot", "--nango", env={"SSH_CONNECTION": "1"}) as screen:
        screen.expect("waiting for you")
        screen.sendintr()
        assert ended(screen) == 130
    assert revtops("connections", "--json").json == []


def test_without_a_key_and_without_an_integration(revtops: CommandLine, broker: NangoSimulator) -> None:
    without = revtops("connect", "hubspot", "--nango", "--json", env={SECRET_KEY: ""})
    assert (without.code, SECRET_KEY in without.json["error"]["hint"]) == (4, True)
    other = revtops("connect", "customer_postgres", "--nango", "--json")
    assert (other.code, "no integration at Nango" in other.json["error"]["message"]) == (2, True)
    assert json.loads(other.stdout)["error"]["kind"] == "usage"
