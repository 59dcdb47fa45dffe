"""What has to wait for somebody to agree, and what becomes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from revtops_tui.engine import approvals, operations
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.operations import OperationResult
from tests.support.bench import Bench, vendor

pytest_plugins = ("tests.support.bench_fixtures",)

DECLARED = """
capabilities=[Capability.WRITE, Capability.ACTION],
write_operations=[WriteOperation("update_deal", "deals", "", [
    {"name": "id", "required": True}, {"name": "amount", "type": "number"},
])],
actions=[
    ConnectorAction("send", "", [{"name": "text", "required": True}]),
    ConnectorAction("look", "", [], read_only=True),
    ConnectorAction("set_password", "", [{"name": "password", "type": "password"}]),
],
"""
METHODS = """
async def write(self, operation, data):
    return await vendor.answer(operation, data)

async def execute_action(self, action, params):
    return await vendor.answer(action, params)
"""


@pytest.fixture
def calls(bench: Bench) -> list[tuple[str, dict[str, Any]]]:
    """A connection with operations, and what its connector was called with."""
    seen: list[tuple[str, dict[str, Any]]] = []

    async def answer(operation: str, data: dict[str, Any]) -> Any:
        seen.append((operation, data))
        if isinstance(outcome := getattr(vendor, "outcome", {"id": "9"}), Exception):
            raise outcome
        return outcome

    vendor.answer = answer
    bench.connector(METHODS, entities=[], declared=DECLARED)
    return seen


def asked(bench: Bench, who: str = "agent", **data: Any) -> OperationResult:
    given = data or {"id": "7", "amount": 5}
    return operations.submit(bench.ws, "bench", "write", "update_deal", given, requested_by=who, reason="They asked.")


def waiting(bench: Bench, who: str = "agent") -> int:
    request = asked(bench, who).approval_id
    assert request is not None
    return request


# -- policies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "kind", "name", "status"),
    [
        ("person", "write", "update_deal", "ok"),
        ("person", "action", "send", "ok"),
        ("agent", "write", "update_deal", "waiting"),
        ("agent", "action", "send", "waiting"),
        ("agent", "action", "look", "ok"),
        ("api", "write", "update_deal", "waiting"),
        ("api", "action", "send", "waiting"),
        ("api", "action", "look", "ok"),
    ],
)
def test_who_has_to_ask_when_nothing_was_set(
    bench: Bench, calls: list[Any], who: str, kind: str, name: str, status: str
) -> None:
    data = {"update_deal": {"id": "7"}, "send": {"text": "x"}, "look": {}}[name]
    assert operations.submit(bench.ws, "bench", kind, name, data, requested_by=who).status == status
    assert len(calls) == (status == "ok")


def test_a_policy_of_an_operation_goes_before_that_of_all(bench: Bench, calls: list[Any]) -> None:
    approvals.set_policy(bench.ws, "bench", "*", "agent", "deny")
    denied = asked(bench)
    assert (denied.status, denied.error and denied.error.kind, calls) == ("denied", "denied", [])
    approvals.set_policy(bench.ws, "bench", "update_deal", "agent", "allow")
    assert asked(bench).status == "ok"
    assert asked(bench, "api").status == "waiting"
    assert [(p.operation, p.requested_by, p.decision) for p in approvals.policies(bench.ws)] == [
        ("*", "agent", "deny"),
        ("update_deal", "agent", "allow"),
    ]
    approvals.set_policy(bench.ws, "bench", "update_deal", "agent", None)
    assert asked(bench).status == "denied"


def test_a_policy_may_bind_a_person_too(bench: Bench, calls: list[Any]) -> None:
    approvals.set_policy(bench.ws, "bench", "send", "person", "ask")
    assert operations.action(bench.ws, "bench", "send", {"text": "x"}).status == "waiting"
    assert approvals.table(bench.ws, "bench")["send"] == {"person": "ask", "agent": "ask", "api": "ask"}


@pytest.mark.parametrize(
    ("operation", "who", "decision", "named"),
    [
        ("sned", "agent", "allow", "sned"),
        ("send", "robot", "allow", "robot"),
        ("send", "agent", "maybe", "maybe"),
    ],
)
def test_a_policy_names_what_there_is(
    bench: Bench, calls: list[Any], operation: str, who: str, decision: str, named: str
) -> None:
    with pytest.raises(EngineError, match=named) as refused:
        approvals.set_policy(bench.ws, "bench", operation, who, decision)
    assert refused.value.exit_code == 2
    assert approvals.policies(bench.ws) == []


# -- waiting -----------------------------------------------------------------------------------------------------------


def test_a_request_waits_with_all_that_one_decides_by(bench: Bench, calls: list[Any]) -> None:
    result = asked(bench)
    (one,) = approvals.waiting(bench.ws)
    assert (result.status, result.approval_id, result.ledger_id) == ("waiting", one.id, None)
    assert (one.selector, one.kind, one.operation, one.arguments) == (
        "bench", "write", "update_deal", {"id": "7", "amount": 5},
    )  # fmt: skip
    assert (one.requested_by, one.reason) == ("agent", "They asked.")
    assert (one.expires_at - one.created_at).total_seconds() == pytest.approx(24 * 3600, abs=60)
    assert approvals.outcome(bench.ws, one.id).status == "waiting"
    assert (calls, bench.ask("SELECT id FROM ledger")) == ([], [])


def test_what_does_not_fit_the_declaration_does_not_wait(bench: Bench, calls: list[Any]) -> None:
    with pytest.raises(EngineError, match="amount"):
        asked(bench, id="7", amount="much")
    assert approvals.waiting(bench.ws) == []


def test_a_secret_cannot_wait(bench: Bench, calls: list[Any]) -> None:
    secret = {"password": "hunter2-very-secret"}
    with pytest.raises(EngineError, match="takes a secret, which is never stored") as refused:
        operations.submit(bench.ws, "bench", "action", "set_password", secret, requested_by="agent")
    assert "revtops policy bench" in refused.value.hint
    assert "hunter2" not in bench.dump()


def test_requests_are_seen_by_their_organization_alone(bench: Bench, calls: list[Any]) -> None:
    one = waiting(bench)
    other = bench.workspace("globex")
    assert approvals.approvals(other) == []
    for look in (approvals.find, approvals.outcome):
        with pytest.raises(EngineError, match="no request"):
            look(other, one)
    with pytest.raises(EngineError, match="no request"):
        approvals.approve(other, one, decided_by="mallory")
    assert calls == []


# -- deciding ----------------------------------------------------------------------------------------------------------


def test_what_is_approved_is_carried_out_and_told(bench: Bench, calls: list[Any]) -> None:
    one = waiting(bench)
    done = approvals.approve(bench.ws, one, decided_by="ada", note="Go on.")
    assert (done.status, done.approval_id, done.note, done.vendor_id) == ("ok", one, "Go on.", "9")
    assert calls == [("update_deal", {"id": "7", "amount": 5})]
    told = approvals.outcome(bench.ws, one)
    assert (told.status, told.result, told.ledger_id, told.note) == ("ok", {"id": "9"}, done.ledger_id, "Go on.")
    kept = approvals.find(bench.ws, one)
    assert (kept.status, kept.decided_by, kept.ledger_id) == ("approved", "ada", done.ledger_id)
    assert bench.ask("SELECT requested_by, status FROM ledger") == [("agent", "ok")]
    assert approvals.waiting(bench.ws) == []


def test_it_can_be_approved_with_other_values(bench: Bench, calls: list[Any]) -> None:
    one = waiting(bench)
    with pytest.raises(EngineError, match="amount"):
        approvals.approve(bench.ws, one, decided_by="ada", data={"id": "7", "amount": "less"})
    assert approvals.find(bench.ws, one).status == "waiting"
    approvals.approve(bench.ws, one, decided_by="ada", data={"id": "7", "amount": 4})
    assert calls == [("update_deal", {"id": "7", "amount": 4})]
    assert approvals.find(bench.ws, one).arguments == {"id": "7", "amount": 5}  # what was asked for
    assert json.loads(bench.ask("SELECT arguments FROM ledger")[0][0]) == {"id": "7", "amount": 4}  # what was sent


def test_what_is_rejected_is_told_with_the_reason(bench: Bench, calls: list[Any]) -> None:
    one = waiting(bench)
    approvals.reject(bench.ws, one, decided_by="ada", note="The customer has left.")
    told = approvals.outcome(bench.ws, one)
    assert (told.status, told.note, calls) == ("denied", "The customer has left.", [])
    assert told.error is not None
    assert (told.error.kind, told.error.message) == (
        "rejected", f"ada rejected the request {one}: The customer has left.",
    )  # fmt: skip


def test_what_nobody_decides_expires(bench: Bench, calls: list[Any]) -> None:
    approvals.set_patience(bench.ws, 1e-9)
    one = waiting(bench)
    with pytest.raises(EngineError, match="it is expired"):
        approvals.approve(bench.ws, one, decided_by="ada")
    with pytest.raises(EngineError, match="it is expired"):
        approvals.reject(bench.ws, one, decided_by="ada")
    told = approvals.outcome(bench.ws, one)
    assert (told.status, told.error and told.error.kind) == ("denied", "expired")
    assert (approvals.waiting(bench.ws), calls, bench.ask("SELECT id FROM ledger")) == ([], [], [])
    assert bench.ask("SELECT status FROM approvals") == [("expired",)]


@pytest.mark.parametrize("hours", [0, -1, 1e9, float("nan")])
def test_a_request_waits_for_some_time(bench: Bench, hours: float) -> None:
    with pytest.raises(EngineError, match="waits longer than no time"):
        approvals.set_patience(bench.ws, hours)
    assert approvals.patience(bench.ws) == 24


@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_the_one_who_asked_is_told_how_it_ended(bench: Bench, calls: list[Any], outcome: str) -> None:
    from connectors.errors import InvalidInputError, OutcomeUnknownError

    vendor.outcome = InvalidInputError("No.") if outcome == "failed" else OutcomeUnknownError("No answer came.")
    one = waiting(bench)
    done = approvals.approve(bench.ws, one, decided_by="ada")
    told = approvals.outcome(bench.ws, one)
    assert done.status == told.status == outcome
    assert told.error is not None
    assert told.error.message == vendor.outcome.message
    with pytest.raises(EngineError, match="was approved already, by ada"):
        approvals.approve(bench.ws, one, decided_by="grace")
    assert len(calls) == 1


def test_what_cannot_be_sent_goes_on_waiting(bench: Bench, calls: list[Any]) -> None:
    one = waiting(bench)
    bench.credentials.delete("acme/bench/default")
    with pytest.raises(EngineError, match="credentials"):
        approvals.approve(bench.ws, one, decided_by="ada")
    assert (approvals.find(bench.ws, one).status, bench.ask("SELECT id FROM ledger")) == ("waiting", [])


_APPROVE = """
import sys
from pathlib import Path
from revtops_tui.engine import approvals
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from store.credentials import MemoryCredentials
from tests.support.bench import vendor

credentials = MemoryCredentials()
credentials.set("acme/bench/default", {})

async def answer(*_):
    with Path(sys.argv[1], "sent").open("a") as sent:
        sent.write("once\\n")
    return {"id": "9"}

vendor.answer = answer
ws = Workspace(Path(sys.argv[1]), "acme", credentials=credentials)
approvals.find(ws, int(sys.argv[2]))  # all that is slow is done before the others are waited for
print("ready", flush=True)
sys.stdin.readline()
try:
    print(approvals.approve(ws, int(sys.argv[2]), decided_by="somebody").status)
except EngineError as error:
    print(error.kind)
"""


def test_however_many_agree_in_however_many_processes_it_is_carried_out_once(bench: Bench, calls: list[Any]) -> None:
    one = waiting(bench)
    several = [
        subprocess.Popen(
            [sys.executable, "-c", _APPROVE, str(bench.home), str(one)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            cwd=Path(__file__).parents[1],
        )
        for _ in range(4)
    ]
    for process in several:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = [process.communicate(timeout=60)[0].strip() for process in _all_told(several)]
    assert sorted(said) == ["decided", "decided", "decided", "ok"]
    assert (bench.home / "sent").read_text() == "once\n"
    assert bench.ask("SELECT status FROM ledger") == [("ok",)]


def _all_told(processes: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    """Let them all go on before the first one is waited for."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()
    return processes
