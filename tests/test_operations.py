"""Writes and actions: checked and in the ledger before they are sent, and honest about their outcome."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from revtops_tui.engine import operations
from revtops_tui.engine.connections import connect, connection
from revtops_tui.engine.data import sql
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.operations import OperationResult, action, query, schema, submit, write
from tests.support.bench import Bench, vendor

pytest_plugins = ("tests.support.bench_fixtures",)

DECLARED = """
capabilities=[Capability.WRITE, Capability.ACTION, Capability.QUERY],
query_description="anything",
write_operations=[WriteOperation("update_deal", "deals", "", [
    {"name": "id", "type": "string", "required": True},
    {"name": "amount", "type": "number"},
    {"name": "tags", "type": "array", "items": "string"},
]), WriteOperation("create_deal", "deals", "", [{"name": "name"}, {"name": "key"}],
    Idempotency.CLIENT_ID, client_id="key",
), WriteOperation("create_note", "activities", "", [{"name": "text"}], Idempotency.NONE)],
actions=[
    ConnectorAction("send", "", [{"name": "text", "type": "string", "required": True}]),
    ConnectorAction("set_password", "", [{"name": "password", "type": "password"}, {"name": "text"}]),
],
"""

METHODS = """
async def write(self, operation, data):
    return await vendor.answer(operation, data)

async def execute_action(self, action, params):
    return await vendor.answer(action, params)

async def get_schema(self):
    return [{"name": "deals"}]

async def query(self, request):
    return {"columns": ["asked"], "rows": [[request]], "truncated": False}
"""

LEDGER = "SELECT kind, operation, arguments, status, result, error, finished_at IS NOT NULL FROM ledger"


@pytest.fixture
def calls(bench: Bench) -> list[tuple[str, dict[str, Any]]]:
    """A connection that can be written to, and what its connector was called with."""
    seen: list[tuple[str, dict[str, Any]]] = []

    async def answer(operation: str, data: dict[str, Any]) -> Any:
        seen.append((operation, data))
        vendor.ledger = bench.ask(LEDGER)  # as another program sees it while the call is under way
        outcome = (
            vendor.next_outcome() if hasattr(vendor, "next_outcome") else getattr(vendor, "outcome", {"done": True})
        )
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    vendor.answer = answer
    bench.connector(METHODS, entities=[], declared=DECLARED)
    return seen


def _send(bench: Bench, kind: str) -> OperationResult:
    if kind == "write":
        return write(bench.ws, "bench", "update_deal", {"id": "7", "amount": 5})
    return action(bench.ws, "bench", "send", {"text": "hello"})


def test_a_write_is_in_the_ledger_before_it_is_sent_and_concluded_after(bench: Bench, calls: list[Any]) -> None:
    done = _send(bench, "write")
    assert (done.status, done.result, done.error) == ("ok", {"done": True}, None)
    assert calls == [("update_deal", {"id": "7", "amount": 5})]
    ((kind, operation, arguments, *rest),) = vendor.ledger
    assert (kind, operation, json.loads(arguments), rest) == (
        "write", "update_deal", {"id": "7", "amount": 5}, ["unknown", None, None, 0],
    )  # fmt: skip
    ((*_, status, result, error, finished),) = bench.ask(LEDGER)
    assert (status, json.loads(result), error, finished) == ("ok", {"done": True}, None, 1)
    assert bench.ask("SELECT id FROM ledger") == [(done.ledger_id,)]


BAD: list[tuple[str, str, dict[str, Any], str]] = [
    ("write", "update_deal", {}, "id"),
    ("write", "update_deal", {"id": None}, "id"),
    ("write", "update_deal", {"id": "7", "amount": "much"}, "amount"),
    ("write", "update_deal", {"id": "7", "amount": float("nan")}, "amount"),
    ("write", "update_deal", {"id": "7", "colour": "red"}, "colour"),
    ("write", "update_deal", {"id": "7", "tags": "a"}, "tags"),
    ("write", "update_deals", {"id": "7"}, "update_deals"),
    ("write", "send", {"text": "x"}, "send"),
    ("action", "send", {}, "text"),
    ("action", "send", {"text": ["x"]}, "text"),
    ("action", "update_deal", {"id": "7"}, "update_deal"),
]


@pytest.mark.parametrize(("kind", "operation", "data", "named"), BAD)
def test_what_is_not_as_declared_never_reaches_the_connector(
    bench: Bench, calls: list[Any], kind: str, operation: str, data: dict[str, Any], named: str
) -> None:
    with pytest.raises(EngineError, match=named) as failure:
        getattr(operations, kind)(bench.ws, "bench", operation, data)
    assert failure.value.exit_code == 2
    assert (calls, bench.ask(LEDGER)) == ([], [])


def test_text_as_typed_becomes_what_is_declared(bench: Bench, calls: list[Any]) -> None:
    write(bench.ws, "bench", "update_deal", {"id": "7", "amount": "12.5", "tags": "a,b"}, textual=True)
    assert calls == [("update_deal", {"id": "7", "amount": 12.5, "tags": ["a", "b"]})]


def test_the_connector_gets_a_copy(bench: Bench, calls: list[Any]) -> None:
    given = {"id": "7", "tags": ["a"]}
    write(bench.ws, "bench", "update_deal", given)
    calls[0][1].pop("id")
    calls[0][1]["tags"].append("b")
    assert given == {"id": "7", "tags": ["a"]}
    assert json.loads(bench.ask("SELECT arguments FROM ledger")[0][0]) == {"id": "7", "tags": ["a"]}


def _outcomes() -> list[Any]:
    from connectors import errors

    return [
        pytest.param(errors.InvalidInputError("No such deal."), "failed", "failed", id="refused"),
        pytest.param(errors.AuthenticationError("No."), "failed", "failed", id="credentials"),
        pytest.param(errors.OutcomeUnknownError("No answer came."), "unknown", "unknown", id="no answer"),
        pytest.param(KeyError("id"), "failed", "unknown", id="bug"),
    ]


@pytest.mark.parametrize(("outcome", "write_status", "action_status"), _outcomes())
@pytest.mark.parametrize("kind", ["write", "action"])
def test_a_failure_says_whether_it_may_have_happened(
    bench: Bench, calls: list[Any], kind: str, outcome: Exception, write_status: str, action_status: str
) -> None:
    vendor.outcome = outcome
    result = _send(bench, kind)
    assert result.status == (write_status if kind == "write" else action_status)
    assert result.error is not None
    assert len(calls) == 1  # nothing is sent a second time
    assert bench.ask("SELECT status, error FROM ledger") == [(result.status, result.error.message)]


def _passing(times: int) -> Callable[[], Any]:
    """A vendor that is not there at first."""
    from connectors.errors import VendorUnavailableError

    left = [VendorUnavailableError("Nobody is there.") for _ in range(times)]
    return lambda: left.pop() if left else {"id": 7, "url": "https://bench.example/7"}


def test_a_write_is_tried_again_while_the_vendor_is_away(bench: Bench, calls: list[Any]) -> None:
    vendor.next_outcome = _passing(times=2)
    done = write(bench.ws, "bench", "update_deal", {"id": "7"})
    assert (done.status, len(calls)) == ("ok", 3)
    assert bench.ask("SELECT status FROM ledger") == [("ok",)]


def test_the_vendor_may_stay_away(bench: Bench, calls: list[Any]) -> None:
    vendor.next_outcome = _passing(times=9)
    done = write(bench.ws, "bench", "update_deal", {"id": "7"})
    assert (done.status, done.error and done.error.kind, len(calls)) == ("failed", "vendor_unavailable", 3)


@pytest.mark.parametrize(("kind", "name"), [("write", "create_note"), ("action", "send")])
def test_what_would_happen_twice_is_sent_once(bench: Bench, calls: list[Any], kind: str, name: str) -> None:
    vendor.next_outcome = _passing(times=1)
    assert submit(bench.ws, "bench", kind, name, {"text": "x"}).status == "failed"
    assert len(calls) == 1


def test_every_attempt_carries_the_same_id_of_ours(bench: Bench, calls: list[Any]) -> None:
    vendor.next_outcome = _passing(times=1)
    write(bench.ws, "bench", "create_deal", {"name": "x"})
    (first, second) = [data["key"] for _, data in calls]
    assert first == second == json.loads(bench.ask("SELECT arguments FROM ledger")[0][0])["key"]
    write(bench.ws, "bench", "create_deal", {"name": "x"})
    assert calls[-1][1]["key"] != first
    write(bench.ws, "bench", "create_deal", {"name": "x", "key": "mine"})
    assert calls[-1][1]["key"] == "mine"


def test_an_answer_tells_what_was_made(bench: Bench, calls: list[Any]) -> None:
    vendor.outcome = {"id": 7, "url": "https://bench.example/7", "more": 1}
    done = _send(bench, "write")
    assert (done.vendor_id, done.url, done.result) == ("7", "https://bench.example/7", vendor.outcome)
    assert bench.ask("SELECT vendor_id, url FROM ledger") == [("7", "https://bench.example/7")]


def test_a_declared_secret_is_sent_and_not_kept(bench: Bench, calls: list[Any]) -> None:
    vendor.outcome = {"id": "1"}
    assert action(bench.ws, "bench", "set_password", {"password": "hunter2-very-secret"}).status == "ok"
    assert calls == [("set_password", {"password": "hunter2-very-secret"})]
    assert "hunter2" not in bench.dump()


def test_a_credential_among_the_values_is_not_kept(bench: Bench, calls: list[Any]) -> None:
    bench.write(METHODS, "keyed", entities=[], declared=DECLARED)
    connector = bench.home / "connectors" / "keyed.py"
    connector.write_text(connector.read_text().replace('AuthField("key", ', 'AuthField("key", type="password", '))
    connect(bench.ws, "keyed", {"key": "sk-very-secret-key"})
    action(bench.ws, "keyed", "send", {"text": "my key is sk-very-secret-key"})
    assert calls == [("send", {"text": "my key is sk-very-secret-key"})]
    assert "sk-very-secret-key" not in bench.dump()


def test_nobody_else_may_ask(bench: Bench, calls: list[Any]) -> None:
    with pytest.raises(EngineError, match="Nobody is called robot"):
        submit(bench.ws, "bench", "action", "send", {"text": "x"}, requested_by="robot")


class Odd:
    """No JSON, and its text is its own."""

    def __str__(self) -> str:
        return "odd"


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize("answer", [None, 3, "text", {"a": Odd()}, {("a", "b"): 1}, LOOP, {"s": "\ud800"}])
def test_any_answer_is_concluded(bench: Bench, calls: list[Any], answer: Any) -> None:
    vendor.outcome = answer
    result = _send(bench, "action")
    assert (result.status, result.result) == ("ok", answer)
    assert bench.ask("SELECT status FROM ledger") == [("ok",)]


_KILLED = """
import os, signal, sys
from pathlib import Path
from revtops_tui.engine.operations import action
from revtops_tui.engine.workspace import Workspace
from store.credentials import MemoryCredentials
from tests.support.bench import vendor

credentials = MemoryCredentials()
credentials.set("acme/bench/default", {})

async def answer(*_):
    os.kill(os.getpid(), signal.SIGKILL)

vendor.answer = answer
action(Workspace(Path(sys.argv[1]), "acme", credentials=credentials), "bench", "send", {"text": "hello"})
"""


def test_a_process_killed_during_a_call_leaves_its_outcome_unknown(bench: Bench, calls: list[Any]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(bench.home)], env=environment, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert bench.ask("SELECT kind, operation, status, finished_at FROM ledger") == [("action", "send", "unknown", None)]


def test_the_ledger_is_seen_by_its_organization_alone(bench: Bench, calls: list[Any]) -> None:
    _send(bench, "action")
    assert sql(bench.ws, "SELECT operation, status, requested_by FROM ledger").rows == [("send", "ok", "person")]
    assert sql(bench.workspace("globex"), "SELECT * FROM ledger").rows == []


def test_asking_live(bench: Bench, calls: list[Any]) -> None:
    assert schema(bench.ws, "bench") == [{"name": "deals"}]
    assert query(bench.ws, "bench", "x")["rows"] == [["x"]]
    assert bench.ask(LEDGER) == []


@pytest.mark.parametrize("ask", [lambda ws: query(ws, "plain", "x"), lambda ws: write(ws, "plain", "x", {})])
def test_what_a_connector_does_not_do_is_refused(bench: Bench, ask: Any) -> None:
    bench.connector("async def sync_deals(self):\n    return []", slug="plain")
    with pytest.raises(EngineError, match="Plain does not do") as failure:
        ask(bench.ws)
    assert (failure.value.exit_code, failure.value.hint) == (2, "It does: sync.")


def test_a_withdrawn_connection_is_marked(bench: Bench, calls: list[Any]) -> None:
    from connectors.errors import ConnectionRevokedError

    vendor.outcome = ConnectionRevokedError("Uninstalled.")
    assert _send(bench, "write").status == "failed"
    assert connection(bench.ws, "bench").status == "revoked"
