"""The simulated E2B account, asked as E2B's documents say."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from revtops_tui.simulators.code_sandbox import CodeSandboxSimulator
from revtops_tui.simulators.code_sandbox.simulator import API_KEY
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.server import serve


@pytest.fixture
def simulator() -> CodeSandboxSimulator:
    return CodeSandboxSimulator(size=1)


@pytest.fixture
def api(simulator: CodeSandboxSimulator) -> Iterator[httpx2.Client]:
    with (
        serve(simulator.app) as server,
        httpx2.Client(base_url=server.url, headers={"X-API-Key": API_KEY}, timeout=30) as client,
    ):
        yield client


@pytest.fixture
def sandbox(api: httpx2.Client) -> dict[str, str]:
    """The headers that speak to a new sandbox's envd."""
    made = api.post("/sandboxes", json={"templateID": "base", "timeout": 60}).json()
    return {"E2b-Sandbox-Id": made["sandboxID"], "X-Access-Token": made["envdAccessToken"]}


def start(api: httpx2.Client, sandbox: dict[str, str], script: str, **headers: str) -> list[tuple[int, Any]]:
    """The events of a process."""
    message = json.dumps({"process": {"cmd": "/bin/bash", "args": ["-l", "-c", script]}}).encode()
    answer = api.post(
        "/envd/process.Process/Start",
        content=struct.pack(">BI", 0, len(message)) + message,
        headers={**sandbox, "Content-Type": "application/connect+json", "Connect-Protocol-Version": "1", **headers},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/connect+json")
    events, at = [], 0
    while at < len(answer.content):
        flags, length = struct.unpack_from(">BI", answer.content, at)
        events.append((flags, json.loads(answer.content[at + 5 : at + 5 + length])))
        at += 5 + length
    return events


def test_a_sandbox_is_made_listed_changed_and_ended(api: httpx2.Client, simulator: CodeSandboxSimulator) -> None:
    made = api.post("/sandboxes", json={"templateID": "base", "timeout": 60, "metadata": {"job": "1"}})
    assert made.status_code == 201
    identifier = made.json()["sandboxID"]
    detail = api.get(f"/sandboxes/{identifier}").json()
    assert (detail["state"], detail["metadata"]) == ("running", {"job": "1"})
    assert [each["sandboxID"] for each in api.get("/sandboxes").json()] == [identifier]
    assert api.post(f"/sandboxes/{identifier}/timeout", json={"timeout": 600}).status_code == 204
    assert api.get(f"/sandboxes/{identifier}").json()["endAt"] > detail["endAt"]
    assert api.get(f"/sandboxes/{identifier}/metrics").json()[0]["cpuCount"] == 2
    assert api.delete(f"/sandboxes/{identifier}").status_code == 204
    assert [api.delete(f"/sandboxes/{identifier}").status_code, api.get(f"/sandboxes/{identifier}").status_code] == [
        404
    ] * 2
    assert simulator.ended == [identifier]


def test_lists_come_in_pages(api: httpx2.Client) -> None:
    made = [api.post("/sandboxes", json={"templateID": "base", "timeout": 60}).json()["sandboxID"] for _ in range(3)]
    first = api.get("/v2/sandboxes", params={"limit": 2})
    assert (first.headers["x-total-running"], first.headers["x-next-token"]) == ("3", "2")
    second = api.get("/v2/sandboxes", params={"limit": 2, "nextToken": first.headers["x-next-token"]})
    assert "x-next-token" not in second.headers
    assert [each["sandboxID"] for each in (*first.json(), *second.json())] == made[::-1]


def test_a_sandbox_whose_time_is_over_is_gone(api: httpx2.Client) -> None:
    identifier = api.post("/sandboxes", json={"templateID": "base", "timeout": 0}).json()["sandboxID"]
    assert api.get("/sandboxes").json() == []
    gone = api.get(f"/sandboxes/{identifier}")
    assert (gone.status_code, gone.json()["code"]) == (404, 404)


def test_refusals(api: httpx2.Client, sandbox: dict[str, str], simulator: CodeSandboxSimulator) -> None:
    assert api.get("/sandboxes", headers={"X-API-Key": "other"}).status_code == 401
    assert api.post("/sandboxes", json={"templateID": "nope", "timeout": 5}).status_code == 400
    assert api.post("/sandboxes", json={"templateID": "base", "timeout": 999_999}).status_code == 400
    assert api.get("/nowhere").json() == {"code": 404, "message": "no matching operation was found"}
    stranger = {**sandbox, "X-Access-Token": "other"}
    refused = api.post("/envd/filesystem.Filesystem/ListDir", json={"path": "/"}, headers=stranger)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert api.get("/envd/files", params={"path": "x"}, headers=stranger).status_code == 401
    assert api.get("/envd/files", params={"path": "x"}, headers={"E2b-Sandbox-Id": "none"}).status_code == 502
    simulator.traffic.faults.append(Fault("429", retry_after="7"))
    limited = api.get("/sandboxes")
    assert (limited.status_code, limited.headers["retry-after"], limited.json()["code"]) == (429, "7", 429)


def test_files_are_written_read_and_listed(api: httpx2.Client, sandbox: dict[str, str]) -> None:
    raw = {**sandbox, "Content-Type": "application/octet-stream"}
    written = api.post("/envd/files", params={"path": "a/b.bin"}, content=b"\x00\xff", headers=raw)
    assert written.json() == [{"path": "/home/user/a/b.bin", "name": "b.bin", "type": "file"}]
    form = api.post("/envd/files", params={"path": "c.txt"}, files={"file": ("c.txt", b"text")}, headers=sandbox)
    assert form.json()[0]["path"] == "/home/user/c.txt"
    assert api.get("/envd/files", params={"path": "/home/user/a/b.bin"}, headers=sandbox).content == b"\x00\xff"
    assert api.get("/envd/files", params={"path": "c.txt"}, headers=sandbox).text == "text"
    missing = api.get("/envd/files", params={"path": "no"}, headers=sandbox)
    assert (missing.status_code, missing.json()["message"]) == (404, "path '/home/user/no' does not exist")
    assert api.get("/envd/files", params={"path": "a"}, headers=sandbox).status_code == 400

    def call(method: str, **message: Any) -> tuple[int, Any]:
        answer = api.post(f"/envd/filesystem.Filesystem/{method}", json=message, headers=sandbox)
        return answer.status_code, answer.json()

    listed = call("ListDir", path="/home/user", depth=2)[1]["entries"]
    kinds = {entry["path"]: (entry["type"], entry.get("size")) for entry in listed}
    assert kinds["/home/user/a"][0] == "FILE_TYPE_DIRECTORY"
    assert kinds["/home/user/a/b.bin"] == ("FILE_TYPE_FILE", "2")
    assert "/home/user/a/b.bin" not in {e["path"] for e in call("ListDir", path="/home/user", depth=1)[1]["entries"]}
    assert call("MakeDir", path="/home/user/d")[0] == 200
    assert call("MakeDir", path="/home/user/d")[1]["code"] == "already_exists"
    assert call("Stat", path="c.txt")[1]["entry"]["name"] == "c.txt"
    assert call("Remove", path="/home/user/a") == (200, {})
    assert (call("Stat", path="a/b.bin")[0], call("ListDir", path="/home/user/a")[0]) == (404, 404)


def test_a_process_is_told_as_events(api: httpx2.Client, sandbox: dict[str, str]) -> None:
    events = start(api, sandbox, "echo hi; nope")
    assert [flags for flags, _ in events] == [0, 0, 0, 0, 2]
    (_, began), (_, out), (_, err), (_, ended), (_, last) = events
    assert began["event"]["start"]["pid"] > 0
    assert base64.b64decode(out["event"]["data"]["stdout"]) == b"hi\n"
    assert b"command not found" in base64.b64decode(err["event"]["data"]["stderr"])
    assert (ended["event"]["end"]["exitCode"], ended["event"]["end"]["exited"], last) == (127, True, {})
    assert "exitCode" not in start(api, sandbox, "true")[-2][1]["event"]["end"]


def test_a_process_that_takes_too_long_ends_with_an_error(api: httpx2.Client, sandbox: dict[str, str]) -> None:
    late = start(api, sandbox, "echo first; sleep 600", **{"Connect-Timeout-Ms": "300"})
    assert base64.b64decode(late[1][1]["event"]["data"]["stdout"]) == b"first\n"
    assert late[-1] == (2, {"error": {"code": "deadline_exceeded", "message": "context deadline exceeded"}})


@pytest.mark.parametrize(
    "script",
    [
        "cat /etc/passwd",
        "python3 -c \"open('/etc/passwd').read()\"",
        "python3 -c 'import subprocess'",
        "curl http://x/",
    ],
)
def test_nothing_of_it_runs_on_this_machine(api: httpx2.Client, sandbox: dict[str, str], script: str) -> None:
    events = start(api, sandbox, script)
    assert events[-2][1]["event"]["end"]["exitCode"] != 0
    assert not [event for _, event in events if "stdout" in event.get("event", {}).get("data", {})]
