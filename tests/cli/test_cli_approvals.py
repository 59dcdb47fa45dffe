"""`revtops approvals` and `revtops policy`, in processes of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from revtops_tui.engine import operations
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import CommandLine, Shop


@pytest.fixture
def asked(home: Path, connected_shop: Shop) -> str:
    """The id of what an agent asked for."""
    return ask(home, {"id": "42", "amount": 7})


def ask(home: Path, data: dict[str, Any]) -> str:
    with Workspace(home) as ws:
        result = operations.submit(
            ws, "shop", "write", "update_deal", data, requested_by="agent", reason="The customer said so."
        )
    assert result.status == "waiting"
    return str(result.approval_id)


def test_what_waits_is_listed_and_shown(revtops: CommandLine, asked: str) -> None:
    (one,) = revtops("approvals", "--json").json
    assert (one["operation"], one["arguments"], one["requested_by"]) == (
        "update_deal", {"id": "42", "amount": 7}, "agent",
    )  # fmt: skip
    assert revtops("approvals").stdout.splitlines()[1].split()[:5] == [asked, "shop", "update_deal", "agent", "waiting"]
    shown = revtops("approvals", asked).stdout
    assert shown.startswith(f"{asked}: shop update_deal (write)\nstatus: waiting\nasked by: agent\n")
    assert "reason: The customer said so." in shown
    assert "  amount: 7" in shown
    assert revtops("approvals", asked, "--json").json == one


def test_it_is_approved(revtops: CommandLine, asked: str) -> None:
    done = revtops("approvals", asked, "approve", "--note", "Fine.", "--json")
    assert (done.code, done.json["status"], done.json["approval_id"]) == (0, "ok", int(asked))
    assert done.json["result"] == {"written": {"id": "42", "amount": 7}}
    again = revtops("approvals", asked, "approve", "--json")
    assert (again.code, again.json["error"]["kind"]) == (1, "decided")
    assert "Nothing waits for approval." in revtops("approvals").stderr
    (kept,) = revtops("approvals", "--all", "--json").json
    assert (kept["status"], kept["note"], kept["ledger_id"]) == ("approved", "Fine.", done.json["ledger_id"])
    assert [one["requested_by"] for one in revtops("ledger", "--json").json] == ["agent"]


def test_it_is_approved_with_other_values(revtops: CommandLine, asked: str) -> None:
    wrong = revtops("approvals", asked, "edit", "amount=much")
    assert (wrong.code, "`amount` must be a number" in wrong.stderr) == (2, True)
    done = revtops("approvals", asked, "edit", "amount=6.5", "--json")
    assert done.json["result"] == {"written": {"id": "42", "amount": 6.5}}


def test_it_is_rejected_with_a_reason(revtops: CommandLine, asked: str) -> None:
    done = revtops("approvals", asked, "reject", "--note", "The customer has left.", "--json")
    assert (done.code, done.json["status"], done.json["note"]) == (0, "rejected", "The customer has left.")
    assert done.json["decided_by"]
    assert revtops("ledger", "--json").json == []


def test_mistakes(revtops: CommandLine, asked: str) -> None:
    for arguments in (
        (asked, "edit"),
        (asked, "approve", "amount=1"),
        (asked, "agree"),
        ("x",),
    ):
        assert revtops("approvals", *arguments).code == 2, arguments
    assert revtops("approvals", "99").code == 1
    assert [one["status"] for one in revtops("approvals", "--json").json] == ["waiting"]


def test_a_policy(revtops: CommandLine, home: Path, connected_shop: Shop) -> None:
    unset = revtops("policy")
    assert "No policy was set" in unset.stderr
    assert "Requests wait 24 h" in unset.stderr
    assert revtops("policy", "shop", "update_deal", "allow").code == 0
    assert revtops("policy", "shop", "all", "deny", "--for", "api").code == 0
    assert revtops("policy", "--json").json == [
        {"selector": "shop", "operation": "*", "requested_by": "api", "decision": "deny"},
        {"selector": "shop", "operation": "update_deal", "requested_by": "agent", "decision": "allow"},
    ]
    rows = [line.split() for line in revtops("policy", "shop").stdout.splitlines()]
    assert rows[:3] == [
        ["operation", "person", "agent", "api"],
        ["update_deal", "allow", "allow", "deny"],
        ["fail", "allow", "ask", "deny"],
    ]
    revtops("policy", "shop", "update_deal", "default")
    assert revtops("policy", "shop", "--json").json[0] == {
        "operation": "update_deal", "person": "allow", "agent": "ask", "api": "deny",
    }  # fmt: skip
    assert "Requests wait 48 h" in revtops("policy", "--expire", "48").stderr
    for arguments in (
        ("shop", "update_deal"),
        ("shop", "nothing", "allow"),
        ("shop", "all", "perhaps"),
        ("--expire", "0"),
    ):
        assert revtops("policy", *arguments).code == 2, arguments


def test_a_person_may_have_to_wait_too(revtops: CommandLine, connected_shop: Shop) -> None:
    revtops("policy", "shop", "update_deal", "ask", "--for", "person")
    done = revtops("write", "shop", "update_deal", "id=1", "--json")
    assert (done.code, done.json["status"], done.json["ledger_id"]) == (3, "waiting", None)
    said = revtops("write", "shop", "update_deal", "id=1")
    assert "waiting for approval: revtops approvals 2" in said.stderr
    revtops("policy", "shop", "update_deal", "deny", "--for", "person")
    denied = revtops("write", "shop", "update_deal", "id=1", "--json")
    assert (denied.code, denied.json["status"], denied.json["error"]["kind"]) == (1, "denied", "denied")
