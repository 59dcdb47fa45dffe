"""The code sandbox at E2B, against the simulator: made for the job, ended with it, and not trusted in between."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from revtops_tui.engine import operations
from revtops_tui.engine.builtin import connect_builtin
from revtops_tui.engine.connections import connections
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.code_sandbox import CodeSandboxSimulator
from revtops_tui.simulators.code_sandbox.machine import Machine, Process
from revtops_tui.simulators.code_sandbox.simulator import API_KEY
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.server import serve
from store.credentials import MemoryCredentials
from tests.support.vendors import Connected, connected


@pytest.fixture
def simulator() -> CodeSandboxSimulator:
    return CodeSandboxSimulator(size=1)


@pytest.fixture
def office(home: Path, simulator: CodeSandboxSimulator) -> Iterator[Connected]:
    with connected(home, simulator) as office:
        yield office


def failed(office: Connected, name: str, **given: Any) -> str:
    """Why an action was not carried out."""
    done = operations.action(office.ws, "code_sandbox", name, given)
    assert done.status in ("failed", "unknown")
    return str(done.error)


def test_connecting_tries_a_sandbox_and_ends_it(office: Connected, simulator: CodeSandboxSimulator) -> None:
    (info,) = connections(office.ws)
    assert info.identity == "E2B, away from this machine"
    assert (simulator.sandboxes, len(simulator.ended)) == ({}, 1)


def test_the_key_of_the_environment_is_enough_where_e2b_is_chosen(home: Path, simulator: CodeSandboxSimulator) -> None:
    platform = {"CODE_SANDBOX_PROVIDER": "e2b", "E2B_API_KEY": API_KEY}
    with serve(simulator.app) as server, Workspace(home, "acme", credentials=MemoryCredentials()) as ws:
        info = connect_builtin(ws, "code_sandbox", base_url=server.url, environment=platform)
        assert info.identity == "E2B, away from this machine"


def test_a_key_alone_sends_nothing_away(home: Path, simulator: CodeSandboxSimulator) -> None:
    with serve(simulator.app) as server, Workspace(home, "acme", credentials=MemoryCredentials()) as ws:
        info = connect_builtin(ws, "code_sandbox", base_url=server.url, environment={"E2B_API_KEY": API_KEY})
        assert info.identity == "bubblewrap on this machine"
        operations.action(ws, "code_sandbox", "execute_code", {"code": "print(1)"})
    assert simulator.traffic.requests.total() == 0


@pytest.mark.parametrize(
    ("credentials", "words"),
    [({"e2b_api_key": "e2b_wrong"}, "Invalid API key"), ({"e2b_api_key": ""}, "needs an API key")],
)
def test_without_the_right_key_it_says_so(
    home: Path, simulator: CodeSandboxSimulator, credentials: dict[str, str], words: str
) -> None:
    with pytest.raises(EngineError, match=words), connected(home, simulator, **credentials):
        pass


def test_code_runs_there_with_its_files(office: Connected, simulator: CodeSandboxSimulator) -> None:
    code = "values = open('in/values.txt').read()\nopen('out.txt', 'w').write(values * 2)\nprint('é')"
    result = office.action("execute_code", code=code, files={"in/values.txt": "ab", "kept.bin": {"base64": "/wA="}})
    assert (result["ok"], result["stdout"], result["exit_code"], result["provider"]) == (True, "é\n", 0, "e2b")
    assert result["files"] == [{"path": "out.txt", "size": 4, "text": "abab"}]
    assert simulator.sandboxes == {}


def test_a_sandbox_is_made_without_a_way_out_and_ends_by_itself(
    office: Connected, simulator: CodeSandboxSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look(machine: Machine, *given: Any) -> Process:
        seen.extend(sandbox for sandbox in simulator.sandboxes.values() if sandbox.machine is machine)
        return Process()

    monkeypatch.setattr(Machine, "run", look)
    office.action("execute_command", command="true", timeout=20)
    (sandbox,) = seen
    assert (sandbox.internet, (sandbox.ends - sandbox.started).total_seconds()) == (False, 80.0)


def test_a_command_runs_there(office: Connected) -> None:
    result = office.action("execute_command", command="echo one > a.txt; cat a.txt && ls nowhere")
    assert (result["stdout"], result["exit_code"], result["ok"]) == ("one\n", 2, False)
    assert "nowhere" in result["stderr"]
    assert result["files"] == [{"path": "a.txt", "size": 4, "text": "one\n"}]
    assert office.action("execute_code", code="1", language="javascript")["exit_code"] == 127


def test_a_timeout_is_a_result_with_what_was_printed(office: Connected, simulator: CodeSandboxSimulator) -> None:
    result = office.action("execute_code", code="print('began')\nwhile True: pass", timeout=0.5)
    assert (result["ok"], result["exit_code"], result["stdout"]) == (False, None, "began\n")
    assert result["stopped"] == "It was stopped after 0.5 s, the time limit."
    assert simulator.sandboxes == {}


def test_what_is_printed_without_end_is_read_up_to_a_bound(
    office: Connected, simulator: CodeSandboxSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Process(output=[("stdout", b"x" * 20_000_000)])
    monkeypatch.setattr(Machine, "run", lambda *_: endless)
    result = office.action("execute_command", command="yes")
    assert (result["stopped"], result["truncated"]) == ("It was stopped because it printed more than 8 MB.", True)
    assert len(result["stdout"]) < 140_000
    assert simulator.sandboxes == {}


def envelope(message: Any, flags: int = 0) -> bytes:
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack(">BI", flags, len(data)) + data


@pytest.mark.parametrize(
    ("stream", "stdout", "stopped"),
    [
        (b"", "", "ended before the program did"),
        (b"\x00\x00", "", "ended before"),
        (envelope(b"no json"), "", "ended before"),
        (envelope([1]), "", "ended before"),
        (b"\x00\xff\xff\xff\xff{}", "", "ended before"),
        (envelope({"event": "none"}) + envelope({"event": {"data": {"stdout": 5}}}), "", "ended before"),
        (envelope({"event": {"data": {"stdout": "not base64!"}}}), "", "ended before"),
        (envelope({"event": {"data": {"stdout": "aGk="}}}), "hi", "ended before"),
        (envelope({"error": {"code": "unavailable", "message": "gone"}}, 2), "", "E2B ended it: gone."),
        (envelope({"error": "odd"}, 2), "", "ended before"),
        (envelope({"event": {"end": {"exitCode": "seven"}}}), "", None),
    ],
)
def test_a_sandbox_that_answers_nonsense_does_no_harm(
    office: Connected,
    monkeypatch: pytest.MonkeyPatch,
    stream: bytes,
    stdout: str,
    stopped: str | None,
) -> None:
    from starlette.responses import Response

    from revtops_tui.simulators.code_sandbox import envd

    monkeypatch.setattr(envd, "Response", lambda *_, **__: Response(stream, media_type="application/connect+json"))
    result = office.action("execute_command", command="true")
    assert result["stdout"] == stdout
    assert (stopped or "") in str(result["stopped"])
    assert (result["stopped"] is None) == (stopped is None)


def test_a_working_directory_that_the_job_removed_has_no_files(
    office: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove(machine: Machine, *_: Any) -> Process:
        machine.directories.discard("/home/user/work")
        return Process()

    monkeypatch.setattr(Machine, "run", remove)
    result = office.action("execute_command", command="rm -rf /home/user/work")
    assert (result["ok"], "files" in result) == (True, False)


def test_files_are_fetched_within_bounds(office: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(machine: Machine, *_: Any) -> Process:
        for number in range(60):
            machine.write(f"/home/user/work/{number:02}", b"\xff")
        machine.write("/home/user/work/00", bytes(300_000))
        return Process()

    monkeypatch.setattr(Machine, "run", fill)
    result = office.action("execute_command", command="fill")
    assert ([file["path"] for file in result["files"]], result["truncated"]) == ([f"{n:02}" for n in range(50)], True)
    assert ("left_out" in result["files"][0], result["files"][1]["base64"]) == (True, "/w==")


def test_a_job_is_sent_once_and_its_sandbox_ended_when_the_answer_is_lost(
    office: Connected, simulator: CodeSandboxSimulator
) -> None:
    fault = Fault("lost_reply", path="/envd/process.Process/Start", times=5)
    simulator.traffic.faults.append(fault)
    assert "may or may not have carried out" in failed(office, "execute_command", command="echo once")
    assert (fault.hits, simulator.sandboxes) == (1, {})


@pytest.mark.parametrize(("kind", "words"), [("500", "Internal server error"), ("expired_token", "Invalid API key")])
def test_a_refusal_is_told_in_e2bs_words(
    office: Connected, simulator: CodeSandboxSimulator, kind: Any, words: str
) -> None:
    simulator.traffic.faults.append(Fault(kind))
    assert words in failed(office, "execute_command", command="true")
    assert simulator.sandboxes == {}


def test_the_token_of_a_sandbox_goes_to_its_own_server_only(office: Connected, simulator: CodeSandboxSimulator) -> None:
    from revtops_tui.simulators.server import ServedExchange, observers

    seen: list[ServedExchange] = []
    observers.append(seen.append)
    try:
        office.action("execute_code", code="print(1)")
    finally:
        observers.remove(seen.append)
    inside = [exchange for exchange in seen if exchange.path.startswith("/envd/")]
    assert len(inside) >= 4
    for exchange in inside:
        assert exchange.request_headers["x-access-token"]
        assert base64.b64decode(exchange.request_headers["authorization"].removeprefix("Basic ")) == b"user:"
    assert not [e for e in seen if not e.path.startswith("/envd/") and "x-access-token" in e.request_headers]
