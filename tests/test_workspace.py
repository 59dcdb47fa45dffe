"""Connections, organizations, backups and the doctor: what is kept, and what a refusal leaves behind."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from revtops_tui.engine.connections import connect, connection, connections, disconnect, test, try_credentials
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.maintenance import backup, doctor
from revtops_tui.engine.organizations import create_organization, organizations, use_organization
from revtops_tui.engine.rejected import rejected, retry_rejected
from revtops_tui.engine.sync import sync
from revtops_tui.engine.workspace import Workspace
from tests.support.bench import Bench, deals, vendor

pytest_plugins = ("tests.support.bench_fixtures",)

try_stored = test
del test  # or pytest takes it for one of its own

STREAM = "async def sync_deals(self):\n    yield vendor.items"


# -- connecting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["USER", "ORGANIZATION"])
def test_a_connection_knows_whose_it_is(bench: Bench, scope: str) -> None:
    bench.write(STREAM, scope=scope)
    made = connect(bench.ws, "bench", {"key": "good"}, base_url="https://crm.example")
    assert (made.selector, made.identity, made.status) == ("bench", "Ada at Bench", "connected")
    assert (made.organization_id, made.base_url, made.counts, made.last_sync_at) == (
        "acme",
        "https://crm.example",
        {},
        None,
    )
    assert connections(bench.ws) == [made]
    assert connections(bench.workspace("globex")) == []
    assert bench.credentials.get("acme/bench/default") == {"key": "good"}
    assert "good" not in bench.dump()


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str, int]] = [
    ({"key": "wrong"}, {}, "not known here", 4),
    ({"colour": "red"}, {}, "colour", 2),
    ({"key": 5}, {}, "key", 2),
    ({"key": "good"}, {"name": "a/b"}, "name has only letters", 2),
    ({"key": "good"}, {"name": ""}, "name has only letters", 2),
]


@pytest.mark.parametrize(("values", "options", "sentence", "code"), REFUSED)
def test_a_refused_connection_leaves_nothing(
    bench: Bench, values: dict[str, Any], options: dict[str, Any], sentence: str, code: int
) -> None:
    bench.write(STREAM)
    before = bench.dump()
    with pytest.raises(EngineError, match=sentence) as failure:
        connect(bench.ws, "bench", values, **options)
    assert failure.value.exit_code == code
    assert bench.dump() == before
    assert bench.credentials.get(f"acme/bench/{options.get('name', 'default')}") is None


def test_a_refused_renewal_leaves_what_there_was(bench: Bench) -> None:
    bench.write(STREAM)
    made = connect(bench.ws, "bench", {"key": "good"})
    with pytest.raises(EngineError):
        connect(bench.ws, "bench", {"key": "wrong"})
    assert (connection(bench.ws, "bench"), bench.credentials.get("acme/bench/default")) == (made, {"key": "good"})


@pytest.mark.parametrize("before", [None, {"key": "old"}])
def test_credentials_of_a_connection_that_cannot_be_saved_are_not_kept(bench: Bench, before: Any) -> None:
    bench.write(STREAM)
    if before:
        connect(bench.ws, "bench", before)
    bench.change("CREATE TRIGGER full BEFORE INSERT ON connections BEGIN SELECT raise(ABORT, 'disk is full'); END")
    with pytest.raises(EngineError) as failure:
        connect(bench.ws, "bench", {"key": "new"})
    assert failure.value.kind == "disk_full"
    assert bench.credentials.get("acme/bench/default") == before


def test_trying_keeps_nothing(bench: Bench) -> None:
    bench.write(STREAM)
    before = bench.dump()
    assert try_credentials(bench.ws, "bench", {"key": "good"}) == "Ada at Bench"
    assert (bench.dump(), bench.credentials.get("acme/bench/default")) == (before, None)


def test_testing_keeps_the_outcome(bench: Bench) -> None:
    bench.connector(STREAM)
    bench.credentials.set("acme/bench/default", {"key": "wrong"})
    with pytest.raises(EngineError):
        try_stored(bench.ws, "bench")
    assert (connection(bench.ws, "bench").status, connection(bench.ws, "bench").last_error) == (
        "error", "The key is not known here.",
    )  # fmt: skip
    bench.credentials.set("acme/bench/default", {"key": "good"})
    assert try_stored(bench.ws, "bench") == "Ada at Bench"
    assert (connection(bench.ws, "bench").status, connection(bench.ws, "bench").last_error) == ("connected", None)


def test_a_selector_has_to_say_which(bench: Bench) -> None:
    bench.write(STREAM)
    connect(bench.ws, "bench", {}, name="eu")
    assert connection(bench.ws, "bench").name == "eu"  # the only one
    connect(bench.ws, "bench", {}, name="us")
    with pytest.raises(EngineError, match="does not say which") as failure:
        connection(bench.ws, "bench")
    assert (failure.value.exit_code, failure.value.hint) == (2, "One of: bench:eu, bench:us.")
    with pytest.raises(EngineError, match="bench:asia is not connected") as failure:
        connection(bench.ws, "bench:asia")
    assert failure.value.exit_code == 4
    assert failure.value.hint == "There is: bench:eu, bench:us. A further one: revtops connect bench:asia"


def test_a_connector_that_broke_since_is_a_sentence(bench: Bench) -> None:
    bench.connector(STREAM)
    assert "bench" in bench.ws.catalog
    (bench.home / "connectors" / "bench.py").write_text("import nothing_like_this")
    with pytest.raises(EngineError, match="nothing_like_this"):
        sync(bench.ws, ["bench"])
    bench.ws.__dict__.pop("catalog")
    with pytest.raises(EngineError, match="The connector bench is broken"):
        try_stored(bench.ws, "bench")


# -- disconnecting ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delete_data", [False, True])
def test_disconnecting_forgets_the_credentials_and_what_else_was_asked(bench: Bench, delete_data: bool) -> None:
    bench.connector(STREAM)
    connect(bench.ws, "bench", {}, name="other")
    vendor.items = [*deals(1, 2), {"source_id": "bad"}]
    sync(bench.ws)
    assert disconnect(bench.ws, "bench:default", delete_data=delete_data) == (2 if delete_data else 0)
    assert bench.credentials.get("acme/bench/default") is None
    assert [c.name for c in connections(bench.ws)] == ["other"]
    left = 1 if delete_data else 2
    for table in ("deals", "rejected_records", "watermarks"):
        assert bench.ask(f"SELECT count(DISTINCT connection_id) FROM {table}") == [(left,)], table
    assert bench.ask("SELECT count(DISTINCT connection_id) FROM sync_runs") == [(2,)], "what was done stays on record"


def test_the_rows_of_what_was_disconnected_can_be_deleted_still(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = deals(1, 2)
    sync(bench.ws)
    disconnect(bench.ws, "bench")
    assert disconnect(bench.ws, "bench", delete_data=True) == 2
    assert bench.ask("SELECT count(*) FROM deals") == [(0,)]
    with pytest.raises(EngineError, match="is not connected"):
        disconnect(bench.ws, "bench", delete_data=True)
    with pytest.raises(EngineError) as failure:
        connection(bench.ws, "bench:default")
    assert failure.value.exit_code in (2, 4)


def test_connecting_again_finds_the_rows_that_were_kept(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = deals(1, 2)
    sync(bench.ws)
    disconnect(bench.ws, "bench")
    assert connect(bench.ws, "bench", {}).counts == {"deals": 2}
    (again,) = sync(bench.ws)
    assert again.entities["deals"]["unchanged"] == 2


def test_a_connection_cannot_be_taken_from_under_its_sync(bench: Bench) -> None:
    methods = (
        "async def sync_deals(self):\n    yield vendor.items\n    vendor.begun.set()\n    await asyncio.Event().wait()"
    )
    bench.connector(methods)
    vendor.items, vendor.begun, cancel = deals(1), threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: sync(bench.ws, cancel=cancel))
    thread.start()
    assert vendor.begun.wait(20)
    with pytest.raises(EngineError, match="sync of bench is running") as failure:
        disconnect(bench.ws, "bench", delete_data=True)
    assert failure.value.exit_code == 5
    cancel.set()
    thread.join()
    assert disconnect(bench.ws, "bench", delete_data=True) == 1


# -- rejected records ------------------------------------------------------------------------------------------------


def test_rejected_records_are_shown_and_tried_again(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = [{"source_id": "1", "name": "a", "amount": "much"}, {"source_id": "2", "custom_fields": {"x": 1}}]
    sync(bench.ws)
    by_id = {record.source_id: record for record in rejected(bench.ws)}
    assert [(r.field, r.slug, r.entity) for r in by_id.values()] == [
        ("name", "bench", "deals"),
        ("amount", "bench", "deals"),
    ]
    assert by_id["1"].payload == vendor.items[0]
    assert rejected(bench.workspace("globex")) == []
    assert retry_rejected(bench.ws) == (0, 2)
    bench.change("UPDATE rejected_records SET payload = json_set(payload, '$.name', 'mended') WHERE source_id = '2'")
    assert retry_rejected(bench.ws, [by_id["1"].id]) == (0, 1)
    assert retry_rejected(bench.ws) == (1, 1)
    assert (bench.names(), [r.source_id for r in rejected(bench.ws)]) == ({"2": "mended"}, ["1"])


# -- organizations ---------------------------------------------------------------------------------------------------


def test_organizations_are_made_and_chosen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REVTOPS_ORG", raising=False)
    assert Workspace(bench.home).organization_id == "default"
    for name in ("Acme & Söhne", "o'brien\"; --"):
        create_organization(bench.ws, name)
        use_organization(bench.ws, name)
        with Workspace(bench.home) as ws:
            assert ws.organization_id == name
            assert [o.id for o in organizations(ws) if o.current] == [name]
    monkeypatch.setenv("REVTOPS_ORG", "from the environment")
    assert Workspace(bench.home).organization_id == "from the environment"


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\nb", "\x1b[31m", "taken"])
def test_a_bad_name_of_an_organization_is_refused(bench: Bench, name: str) -> None:
    create_organization(bench.ws, "taken")
    with pytest.raises(EngineError) as failure:
        create_organization(bench.ws, name)
    assert failure.value.exit_code == 2
    assert [o.id for o in organizations(bench.ws)] == ["taken"]


def test_an_unknown_organization_cannot_be_used(bench: Bench) -> None:
    with pytest.raises(EngineError, match="no organization nobody"):
        use_organization(bench.ws, "nobody")


# -- backup and doctor -----------------------------------------------------------------------------------------------


def test_a_backup_is_a_database_and_overwrites_nothing(bench: Bench, tmp_path: Path) -> None:
    bench.connector(STREAM)
    vendor.items = deals(1)
    sync(bench.ws)
    copy = tmp_path / "copy.db"
    assert backup(bench.ws, copy) == copy.stat().st_size
    before = copy.read_bytes()
    for target, sentence in ((copy, "exists already"), (tmp_path / "no" / "folder.db", "cannot be written")):
        with pytest.raises(EngineError, match=sentence) as failure:
            backup(bench.ws, target)
        assert failure.value.exit_code == 2
    assert copy.read_bytes() == before
    restored = tmp_path / "restored"
    restored.mkdir()
    shutil.copy(copy, restored / "revtops.db")
    with Workspace(restored, "acme", credentials=bench.credentials) as ws:
        assert doctor(ws)[3].ok
    connection = sqlite3.connect(restored / "revtops.db")
    assert connection.execute("SELECT name FROM deals").fetchall() == [("deal 1",)]
    connection.close()


def test_the_doctor_finds_all_in_order(bench: Bench) -> None:
    bench.write(STREAM)
    findings = {check.name: check for check in doctor(bench.ws)}
    assert {name for name, check in findings.items() if check.ok} == {"database", "credentials", "connectors"}
    assert all(check.ok is not False for check in findings.values())
    assert "bench" in findings["connectors"].message


def test_the_doctor_finds_what_is_wrong(bench: Bench) -> None:
    (bench.home / "connectors" / "broken.py").write_text("import nothing_like_this")
    (bench.home / "revtops.db").chmod(0o644)
    wrong = {check.name: check for check in doctor(bench.ws) if check.ok is False}
    assert set(wrong) == {"database", "connector"}
    assert "can be read by others" in wrong["database"].message
    assert "nothing_like_this" in wrong["connector"].message


def test_the_doctor_finds_a_damaged_file(bench: Bench) -> None:
    path = bench.home / "revtops.db"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 8] = b"\xff" * 4096 * 5
    path.write_bytes(content)
    (found,) = [check for check in doctor(bench.ws) if check.name == "database"]
    assert (found.ok, bool(found.hint)) == (False, True)
