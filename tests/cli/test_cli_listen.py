"""`revtops listen`, `events`, `serve` and `api`, as a user has them."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.linear import LinearSimulator
from revtops_tui.simulators.linear.simulator import signature
from revtops_tui.simulators.samples import sample
from revtops_tui.simulators.server import serve
from tests.support.command_line import CommandLine


@pytest.fixture
def linear(revtops: CommandLine) -> Iterator[LinearSimulator]:
    """A Linear workspace that is connected."""
    simulator = LinearSimulator(size=4)
    with serve(simulator.app) as server:
        secrets = json.dumps(simulator.credentials)
        done = revtops("connect", "linear", "--base-url", server.url, "--stdin", stdin=secrets)
        assert done.code == 0, done.stderr
        yield simulator


@contextmanager
def running(revtops: CommandLine, *arguments: str) -> Iterator[dict[str, Any]]:
    """What a server says when it serves; Ctrl-C ends it, well."""
    process: subprocess.Popen[str] = revtops.in_background(*arguments, "--port", "0", "--json")
    assert process.stdout
    text = ""
    while not text.endswith("\n}\n"):
        line = process.stdout.readline()
        assert line, process.communicate()
        text += line
    try:
        yield json.loads(text)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_webhook_is_taken_and_is_in_the_inbox(revtops: CommandLine, linear: LinearSimulator) -> None:
    secret = linear.credentials["webhook_secret"]
    with running(revtops, "listen") as told:
        (address,) = told["connections"]
        assert address["connection"] == "linear"
        assert address["url"] == f"{told['url']}/api/connectors/webhook/linear/default"
        made = sample("linear", "issue_updated", address["url"], secret)
        assert httpx2.post(address["url"], headers=made.headers, content=made.body).status_code == 200
        refused = httpx2.post(address["url"], headers={"Linear-Signature": signature("x", b"{}")}, content=b"{}")
        assert refused.status_code == 401
    (event,) = revtops("events", "--json").json
    assert (event["connection"], event["type"]) == ("linear", "issue_updated")
    shown = revtops("events", str(event["id"]))
    assert event["payload"]["data"]["id"] in shown.stdout


def test_the_public_address_is_kept(revtops: CommandLine, linear: LinearSimulator) -> None:
    with running(revtops, "listen", "--public-url", "https://hooks.example/") as told:
        assert told["connections"][0]["url"].startswith("https://hooks.example/api/")
    with running(revtops, "listen") as told:
        assert told["connections"][0]["url"].startswith("https://hooks.example/api/")
    with running(revtops, "listen", "--public-url", "") as told:
        assert told["connections"][0]["url"].startswith(told["url"])


def test_an_event_is_tried_out_and_replayed(revtops: CommandLine, linear: LinearSimulator) -> None:
    issue = linear.account.issues[0]
    (event,) = revtops("events", "simulate", "linear", "issue_updated", "--record", issue["id"], "--json").json
    assert (event["status"], event["attempts"]) == ("handled", 1)
    found = revtops("sql", "SELECT title FROM tracker_issues", "--json").json["rows"]
    assert found == [[issue["title"]]]
    (again,) = revtops("events", str(event["id"]), "replay", "--json").json
    assert (again["id"], again["status"], again["attempts"]) == (event["id"], "handled", 1)
    assert revtops("events", "replay", "--status", "handled").code == 0
    assert "issue_updated" in revtops("events").stdout


def test_what_fails_is_said_in_the_exit_code(revtops: CommandLine, linear: LinearSimulator) -> None:
    linear.traffic.faults.append(Fault("expired_token"))
    failed = revtops("events", "simulate", "linear", "issue_updated")
    assert failed.code == 1
    assert "failed" in failed.stdout


WRONG: list[tuple[list[str], int, str]] = [
    (["events", "simulate", "linear"], 2, "Which connection, and which event?"),
    (["events", "simulate", "linear", "issue_updatd"], 2, "issue_updated"),
    (["events", "7"], 1, "There is no event 7"),
    (["events", "seven"], 2, "seven is no event's ID"),
    (["listen", "--public-url", "nonsense"], 2, "no address to send webhooks to"),
    (["listen", "--port", "99999"], 2, "no whole number from 0 to 65,535"),
    (["serve", "--port", "-1"], 2, "no whole number from 0 to 65,535"),
]


def test_what_is_wrong_is_said(revtops: CommandLine, linear: LinearSimulator) -> None:
    for arguments, code, said in WRONG:
        done = revtops(*arguments)
        assert (done.code, said in done.stderr) == (code, True), (arguments, done.stderr)


def test_the_api_is_served_to_who_has_the_token(revtops: CommandLine, home: Path) -> None:
    token = revtops("api", "token").stdout.strip()
    with running(revtops, "serve") as told:
        assert httpx2.get(f"{told['url']}/api/connections").status_code == 401
        reply = httpx2.get(f"{told['url']}/api/connections", headers={"Authorization": f"Bearer {token}"})
        assert reply.json() == []
    assert revtops("api", "token", "--json").json == {"token": token}
    assert revtops("api", "token", "--renew").stdout.strip() != token
    assert token not in "".join(file.read_text(errors="replace") for file in home.rglob("*") if file.is_file())
