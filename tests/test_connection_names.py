"""Several connections of one connector: told apart by a name, renamed, and whose they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from revtops_tui.engine import connections, operations, queries
from revtops_tui.engine.connections import connect
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.locks import run_lock
from revtops_tui.engine.person import whoever_this_is
from revtops_tui.engine.renaming import rename
from revtops_tui.engine.sync import sync
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.google_drive import GoogleDriveSimulator
from revtops_tui.simulators.server import serve
from store.connections import credentials_key
from store.credentials import MemoryCredentials
from tests.support.command_line import CommandLine, Shop, deals


@pytest.fixture
def ws(home: Path, shop: Shop) -> Iterator[Workspace]:
    shop.change(deals=deals(3))
    with Workspace(home, credentials=MemoryCredentials()) as workspace:
        connect(workspace, "shop", json.loads(Shop.fields))
        yield workspace


def selectors(ws: Workspace) -> list[str]:
    return [one.selector for one in connections.connections(ws)]


def test_a_renamed_connection_keeps_what_is_its_own(ws: Workspace) -> None:
    sync(ws, ["shop"])
    queries.remember(ws, "shop", "what is new?")
    renamed = rename(ws, "shop", "emea")
    assert (renamed.selector, renamed.counts, selectors(ws)) == ("shop:emea", {"deals": 3}, ["shop:emea"])
    assert [one.text for one in queries.history(ws, "shop:emea")] == ["what is new?"]
    assert ws.credentials.get(credentials_key("default", "shop", "default")) is None
    (run,) = sync(ws, ["shop:emea"])
    assert (run.status, run.entities["deals"]["unchanged"]) == ("success", 3)
    assert operations.query(ws, "shop:emea", "anything") == {}


def test_a_name_that_is_taken(ws: Workspace) -> None:
    connect(ws, "shop", {**json.loads(Shop.fields), "port": 81}, name="emea")
    for taken in ("connected", "disconnected"):
        with pytest.raises(EngineError, match=taken) as refused:
            rename(ws, "shop:default", "emea")
        assert refused.value.kind == "in_use"
        if taken == "connected":
            assert connections.test(ws, "shop:emea").endswith("port 81"), "the other's credentials are untouched"
            connections.disconnect(ws, "shop:emea")
    assert connections.test(ws, "shop").endswith("port 80")


def test_not_while_it_is_synced_and_not_to_anything(ws: Workspace) -> None:
    with run_lock(ws.home, connections.find(ws, "shop").id, "shop"), pytest.raises(EngineError) as busy:
        rename(ws, "shop", "emea")
    assert busy.value.kind == "busy"
    with pytest.raises(EngineError) as wrong:
        rename(ws, "shop", "a/b")
    assert (wrong.value.kind, selectors(ws)) == ("invalid_input", ["shop"])


def test_two_peoples_drives_are_theirs(ws: Workspace) -> None:
    simulator = GoogleDriveSimulator(size=5)
    with serve(simulator.app) as server:
        for name in ("default", "grace"):
            connect(ws, "google_drive", simulator.credentials, name=name, base_url=server.url)
    mine = [one for one in connections.connections(ws) if one.slug == "google_drive"]
    assert [(one.selector, one.user_id) for one in mine] == [
        ("google_drive", whoever_this_is()),
        ("google_drive:grace", whoever_this_is()),
    ]
    assert connections.open_connector(ws, connections.find(ws, "google_drive:grace")).user_id == whoever_this_is()
    assert connections.connection(ws, "shop").user_id is None, "it is the whole organization's"


def test_commands_take_slug_and_name(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=deals(2))
    assert revtops("connect", "shop:emea", "--stdin", stdin=Shop.fields).code == 0
    assert revtops("connect", "shop:emea", "--name", "apac", "--stdin", stdin=Shop.fields).code == 2
    for command in (
        ("test", "shop:emea"),
        ("sync", "shop:emea"),
        ("query", "shop:emea", "any"),
        ("schema", "shop:emea"),
        ("write", "shop:emea", "update_deal", "id=1", "amount=5"),
        ("action", "shop:emea", "send_message", "text=hello", "--yes"),
        ("rejected", "shop:emea"),
        ("schedule", "shop:emea", "--every", "1h"),
        ("policy", "shop:emea"),
    ):
        done = revtops(*command)
        assert done.code == 0, f"{command}: {done.stderr}"
    assert len(revtops("ledger", "shop:emea", "--json").json) == 2
    assert revtops("ledger", "shop", "--json").json == []
    renamed = revtops("rename", "shop:emea", "apac", "--json")
    assert (renamed.code, renamed.json["name"]) == (0, "apac")
    assert revtops("test", "shop:apac").code == 0
    assert revtops("test", "shop:emea").code != 0


def test_what_is_listed_says_which_of_them(revtops: CommandLine, connected_shop: Shop) -> None:
    connected_shop.change(deals=[*deals(2), {"source_id": "17", "name": "Rollout", "amount": "plenty"}])
    assert revtops("connect", "shop:emea", "--stdin", stdin=Shop.fields).code == 0
    told = revtops("sync").stdout
    for listed in (
        told,
        revtops("rejected").stdout,
        revtops("connections").stdout,
    ):
        assert re.search(r"\bshop\b(?!:)", listed)
        assert "shop:emea" in listed
    ambiguous = revtops("rename", "shop", "apac")
    assert ambiguous.code == 0, "the one that is called default"
    unclear = revtops("test", "shop", "--json")
    assert (unclear.code, unclear.json["error"]["kind"]) == (2, "usage")
    assert "shop:apac, shop:emea" in unclear.json["error"]["hint"]
