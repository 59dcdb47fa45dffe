"""`revtops ledger`, `revtops undo` and `--dry-run`, in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from revtops_tui.engine.connections import connect
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.hubspot import HubSpotSimulator
from revtops_tui.simulators.server import serve
from tests.support.command_line import CommandLine, Shop, ended

DEAL = "30000000001"


@pytest.fixture
def hubspot_here(home: Path) -> Iterator[HubSpotSimulator]:
    """HubSpot, connected in `home`."""
    simulator = HubSpotSimulator(size=20)
    with serve(simulator.app) as server:
        with Workspace(home) as ws:
            connect(ws, "hubspot", simulator.credentials, base_url=server.url)
        yield simulator


def amount(revtops: CommandLine) -> str:
    (row,) = revtops("query", "hubspot", f"deals where hs_object_id = {DEAL}", "--json").json["rows"]
    return str(row)


def test_an_empty_ledger(revtops: CommandLine, connected_shop: Shop) -> None:
    done = revtops("ledger")
    assert (done.code, done.stdout) == (0, "")
    assert "The ledger is empty." in done.stderr
    assert revtops("ledger", "--json").json == []
    assert revtops("ledger", "7").code == 1
    assert revtops("undo", "7", "--yes", "--json").json["error"]["kind"] == "not_found"
    assert revtops("undo", "x").code == 2


def test_what_was_sent_is_listed_searched_and_shown(revtops: CommandLine, connected_shop: Shop) -> None:
    revtops("write", "shop", "update_deal", "id=42", "amount=7")
    revtops("write", "shop", "fail")
    revtops("action", "shop", "lose_answer", "--yes")
    found = revtops("ledger", "--json").json
    assert [(one["operation"], one["status"], one["requested_by"]) for one in found] == [
        ("lose_answer", "unknown", "person"),
        ("fail", "failed", "person"),
        ("update_deal", "ok", "person"),
    ]
    assert found[2]["arguments"] == {"id": "42", "amount": 7}
    assert found[2]["seconds"] is not None
    listed = revtops("ledger", "shop").stdout.splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [
        ["3", "shop", "lose_answer"], ["2", "shop", "fail"], ["1", "shop", "update_deal"],
    ]  # fmt: skip
    assert [one["id"] for one in revtops("ledger", "--search", "42 amount", "--json").json] == [1]
    assert [one["id"] for one in revtops("ledger", "--status", "failed", "--json").json] == [2]
    assert [one["id"] for one in revtops("ledger", "--before", "3", "--limit", "1", "--json").json] == [2]
    shown = revtops("ledger", "3")
    assert shown.stdout.startswith("3: shop lose_answer (action)\nstatus: unknown\nasked by: person\n")
    assert "Look in shop whether it happened" in shown.stderr
    assert revtops("ledger", "1", "--json").json == found[2]
    refused = revtops("undo", "1", "--yes")
    assert (refused.code, "it is not known what was there before" in refused.stderr) == (1, True)


def test_a_dry_run_sends_nothing(revtops: CommandLine, hubspot_here: HubSpotSimulator) -> None:
    before = amount(revtops)
    command = ["write", "hubspot", "update_deal", f"id={DEAL}", "amount=5", "closedate=", "--dry-run"]
    shown = revtops(*command)
    assert shown.code == 0
    first, *lines = shown.stdout.splitlines()
    assert (first.split()[0], first.endswith(f"/crm/v3/objects/deals/{DEAL}")) == ("PATCH", True)
    assert "    amount: 5" in lines
    rows = {line.split()[0]: line.split()[1:] for line in lines if not line.startswith(" ")}
    assert (rows["amount"][-1], rows["closedate"][-1]) == ("5", "(empty)")
    assert "Nothing was sent." in shown.stderr
    document = revtops(*command, "--json").json
    assert (document["status"], document["request"]["method"]) == ("not_sent", "PATCH")
    assert document["request"]["body"] == {"properties": {"amount": "5", "closedate": ""}}
    assert {change["name"]: change["after"] for change in document["changes"]} == {"amount": 5, "closedate": None}
    assert (amount(revtops), revtops("ledger", "--json").json) == (before, [])
    look = revtops("action", "hubspot", "list_marketing_emails", "limit=1", "--dry-run")
    assert "It would change nothing. Its answer:" in look.stderr


def test_what_cannot_be_held_back_is_not_tried(revtops: CommandLine, connected_shop: Shop) -> None:
    done = revtops("write", "shop", "update_deal", "id=42", "--dry-run", "--json")
    assert (done.code, "without doing it" in done.json["error"]["message"]) == (2, True)
    assert revtops("ledger", "--json").json == []


def test_an_undo_shows_what_it_changes_and_asks(revtops: CommandLine, hubspot_here: HubSpotSimulator) -> None:
    before = amount(revtops)
    entry = str(revtops("write", "hubspot", "update_deal", f"id={DEAL}", "amount=5", "--json").json["ledger_id"])
    assert amount(revtops) != before
    nobody = revtops("undo", entry, "--json")
    assert (nobody.code, nobody.json["error"]["hint"]) == (2, "Add --yes to do it.")
    shown = revtops("undo", entry, "--dry-run", "--json").json
    assert [(change["name"], change["before"]) for change in shown["changes"]] == [("amount", 5)]
    for answer, code in (("n", 130), ("y", 0)):
        with revtops.terminal("undo", entry) as screen:
            screen.expect("amount +5 +")
            screen.expect("Write this back\\? \\[y/N\\] ")
            screen.sendline(answer)
            assert ended(screen) == code
    listed = revtops("ledger").stdout
    assert f"ok, undoes {entry}" in listed
    assert "ok, undone by 2" in listed
    again = revtops("undo", entry, "--yes", "--json")
    assert (again.code, again.json["error"]["kind"]) == (1, "not_undoable")
