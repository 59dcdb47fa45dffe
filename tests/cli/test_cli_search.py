"""`revtops search`: from what was synced to a line on the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.command_line import CommandLine, Shop, ended

DEALS: list[dict[str, Any]] = [
    {"source_id": "d1", "name": "Übernahme Acme"},
    {"source_id": "d2", "name": "Globex \x1b[2J renewal"},
    *({"source_id": f"n{n}", "name": f"Many {n}"} for n in range(30)),
]
ACCOUNTS = [{"source_id": "a1", "name": "Acme", "domain": "acme.example"}]


@pytest.fixture
def synced(revtops: CommandLine, connected_shop: Shop) -> CommandLine:
    """The command line, with records in the database."""
    connected_shop.change(deals=DEALS, accounts=ACCOUNTS)
    assert revtops("sync").code == 0
    return revtops


def test_records_are_found_best_first(synced: CommandLine) -> None:
    found = synced("search", "acme", "--json").json
    assert [(one["entity"], one["source_id"], one["system"]) for one in found["records"]] == [
        ("accounts", "a1", "shop"),
        ("deals", "d1", "shop"),
    ]
    assert found["records"][0]["fields"] == {"name": "Acme", "domain": "acme.example"}
    assert not found["truncated"]
    only = synced("search", "ACM uber", "--entity", "deals", "--json").json
    assert [one["source_id"] for one in only["records"]] == ["d1"]


def test_for_people_it_is_a_table(synced: CommandLine) -> None:
    shown = synced("search", "acme")
    head, first, second = shown.stdout.splitlines()
    assert head.split() == ["entity", "id", "system", "name", "known", "as"]
    assert first.split() == ["accounts", "1", "shop", "Acme", "acme.example"]
    assert second.split() == ["deals", "1", "shop", "Übernahme", "Acme", "d1"]
    hostile = synced("search", "globex")
    assert "\\x1b[2J" in hostile.stdout
    assert "\x1b" not in hostile.stdout


def test_what_is_left_out_is_said(synced: CommandLine) -> None:
    shown = synced("search", "many", "--limit", "3")
    assert len(shown.stdout.splitlines()) == 4
    assert "the first 3" in shown.stderr
    nothing = synced("search", "zebra")
    assert (nothing.code, nothing.stdout) == (0, "")
    assert "Nothing is called so." in nothing.stderr
    assert synced("search", "zebra", "--json").json == {"records": [], "truncated": False}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((" ",), "nothing to search for"),
        (("acme", "--entity", "dels"), "Did you mean deals?"),
        (("acme", "--limit", "0"), "--limit"),
    ],
)
def test_mistakes(synced: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    done = synced("search", *arguments)
    assert done.code == 2
    assert said in done.stderr


def test_another_organization_finds_nothing(synced: CommandLine) -> None:
    assert synced("search", "acme", "--org", "other", "--json").json["records"] == []


def test_on_a_terminal(synced: CommandLine) -> None:
    terminal = synced.terminal("search", "acme")
    terminal.expect_exact("acme.example")
    assert ended(terminal) == 0
