"""`revtops simulate`: vendors in a process of their own, used as the real ones are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from tests.support.command_line import CommandLine


@contextmanager
def simulated(*arguments: str) -> Iterator[list[dict[str, Any]]]:
    """What a running `revtops simulate --json` says; it ends with its stdin."""
    command = [sys.executable, "-m", "revtops_tui", "simulate", *arguments, "--json", "--exit-with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        text = ""
        while not text.endswith("\n}\n"):
            line = process.stdout.readline()
            assert line, "it ended before it served"
            text += line
        yield json.loads(text)["simulators"]
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_simulated_vendor_is_connected_and_synced_like_the_real_one(revtops: CommandLine) -> None:
    with simulated("hubspot", "--size", "30") as (hubspot,):
        secrets = json.dumps(hubspot["credentials"])
        done = revtops("connect", "hubspot", "--base-url", hubspot["url"], "--stdin", stdin=secrets)
        assert done.code == 0, done.stderr
        (run,) = revtops("sync", "hubspot", "--json").json["runs"]
        held = httpx2.get(f"{hubspot['url']}/_simulator/counts").json()
    assert run["entities"]["deals"]["inserted"] == 30
    assert {entity: of["inserted"] for entity, of in run["entities"].items()} == held


def test_faults_are_done_on_request(revtops: CommandLine) -> None:
    with simulated("hubspot", "--size", "5", "--fault", "500,path=/crm/v3/objects/deals,times=1") as (hubspot,):
        headers = {"Authorization": f"Bearer {hubspot['credentials']['access_token']}"}
        replies = [httpx2.get(f"{hubspot['url']}/crm/v3/objects/deals", headers=headers) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [500, 200]


def test_several_vendors_have_addresses_of_their_own() -> None:
    with simulated("hubspot", "customer_postgres", "--size", "10") as (hubspot, postgres):
        assert hubspot["url"].startswith("http://127.0.0.1:")
        assert postgres["url"].startswith("postgresql://127.0.0.1:")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hubspott"], "There is no simulator of hubspott."),
        (["hubspot", "--fault", "bored"], "Unknown fault 'bored'"),
        (["hubspot", "--fault", "500,after"], "after in --fault 500,after is not NAME=VALUE."),
        (["hubspot", "--fault", "500,when=now"], "Unknown field 'when'"),
    ],
)
def test_what_cannot_be_simulated_is_refused(revtops: CommandLine, arguments: list[str], message: str) -> None:
    done = revtops("simulate", *arguments, "--json")
    assert done.code == 2
    assert message in done.json["error"]["message"]


def test_a_taken_port_is_a_clear_error(revtops: CommandLine) -> None:
    with simulated("hubspot", "--size", "5") as (hubspot,):
        port = hubspot["url"].rsplit(":", 1)[1]
        done = revtops("simulate", "hubspot", "--port", port)
    assert done.code == 2
    assert port in done.stderr
