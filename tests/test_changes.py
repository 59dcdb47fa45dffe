"""What changed and when: the old values of a row's fields, noted with the change itself."""

from __future__ import annotations

from typing import Any

import pytest

from store import changes, connections, upsert
from store.connections import Connection
from store.database import Database
from tests.support.bench import Bench

pytest_plugins = ("tests.support.bench_fixtures",)

FIELDS = ("source_id", "name", "amount")


@pytest.fixture
def database(bench: Bench) -> Database:
    return bench.ws.database


@pytest.fixture
def connection(database: Database) -> Connection:
    return connections.save_connection(database, "acme", "crm")


class Deals:
    """Stores deals as sync runs do."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self.database = database
        self.connection = connection

    def store(self, run: int | None, *rows: tuple[Any, ...], events_since: str = "9999") -> upsert.Applied:
        scope = upsert.Scope(self.connection.id, "acme", "crm", run, events_since)
        return self.database.writer.run(lambda c: upsert.apply(c, "deals", scope, FIELDS, rows))

    def delete(self, run: int, source_id: str) -> None:
        scope = upsert.Scope(self.connection.id, "acme", "crm", run)
        self.database.writer.run(lambda c: upsert.mark_deleted(c, "deals", scope, [source_id]))

    def changes(self, row_id: int, organization: str = "acme") -> list[tuple[int | None, dict[str, Any]]]:
        found = changes.changes(self.database, organization, "deals", row_id)
        return [(change.run_id, dict(change.before)) for change in found]


@pytest.fixture
def deals(database: Database, connection: Connection) -> Deals:
    return Deals(database, connection)


def test_only_what_differs_is_noted_and_the_last_change_comes_first(deals: Deals) -> None:
    rows = deals.store(1, ("a", "First", 5.0), ("b", "Other", None)).rows
    deals.store(2, ("a", "First", 7.0), ("b", "Other", None))
    deals.store(None, ("a", "Second", None), ("b", "Other", 3.0))
    assert deals.changes(rows["a"]) == [(None, {"name": "First", "amount": 7.0}), (2, {"amount": 5.0})]
    assert deals.changes(rows["b"]) == [(None, {"amount": None})]


def test_new_and_unchanged_rows_have_no_changes(deals: Deals) -> None:
    rows = deals.store(1, ("a", "First", 5.0)).rows
    deals.store(2, ("a", "First", 5.0))
    assert deals.changes(rows["a"]) == []


def test_a_deletion_and_a_return_are_changes(deals: Deals) -> None:
    rows = deals.store(1, ("a", "First", 5.0)).rows
    deals.delete(2, "a")
    deals.delete(3, "a")
    deals.store(4, ("a", "First", 6.0))
    (returned, back), (deleted, gone) = deals.changes(rows["a"])
    assert (deleted, gone) == (2, {"deleted_at": None})
    assert (returned, back["amount"], back["deleted_at"] > "2026") == (4, 5.0, True)


def test_what_a_sync_run_may_not_overwrite_did_not_change(deals: Deals) -> None:
    rows = deals.store(None, ("a", "Event", 1.0)).rows
    applied = deals.store(2, ("a", "Sync", 1.0), events_since="2000")
    assert (applied.updated, deals.changes(rows["a"])) == (0, [])


def test_what_the_database_refuses_did_not_change(deals: Deals) -> None:
    rows = deals.store(1, ("a", "First", 1.0), ("b", "First", 1.0)).rows
    applied = deals.store(2, ("a", 2**70, 1.0), ("b", "Second", 1.0))
    assert [source_id for source_id, _ in applied.refused] == ["a"]
    assert deals.changes(rows["a"]) == []
    assert deals.changes(rows["b"]) == [(2, {"name": "First"})]


def test_another_organization_sees_none_of_it(deals: Deals) -> None:
    rows = deals.store(1, ("a", "First", 1.0)).rows
    deals.store(2, ("a", "Second", 1.0))
    assert deals.changes(rows["a"], "globex") == []


def test_the_newest_changes_of_a_row_are_kept(deals: Deals) -> None:
    rows = deals.store(0, ("busy", "0", 0.0), ("calm", "0", 0.0)).rows
    deals.store(1, ("calm", "1", 0.0))
    for run in range(1, changes.KEPT_OF_A_ROW + 11):
        deals.store(run, ("busy", str(run), 0.0))
    kept = deals.changes(rows["busy"])
    assert (len(kept), kept[0][1]) == (changes.KEPT_OF_A_ROW, {"name": str(changes.KEPT_OF_A_ROW + 9)})
    assert deals.changes(rows["calm"]) == [(1, {"name": "0"})]


def test_the_newest_changes_of_the_file_are_kept(deals: Deals, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "KEPT_IN_ALL", 3)
    rows = deals.store(0, ("a", "0", 0.0), ("b", "0", 0.0)).rows
    deals.store(1, ("a", "1", 0.0))
    for run in range(2, 5):
        deals.store(run, ("b", str(run), 0.0))
    assert (deals.changes(rows["a"]), len(deals.changes(rows["b"]))) == ([], 3)


def test_with_a_connection_s_records_their_changes_go(deals: Deals) -> None:
    rows = deals.store(1, ("a", "First", 1.0)).rows
    deals.store(2, ("a", "Second", 1.0))
    connections.remove_connection(deals.database, deals.connection, delete_data=True)
    assert deals.changes(rows["a"]) == []
