"""A late poll never overwrites what a newer event stored: a run leaves alone what came after it began."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from store import upsert
from store.clock import now_text
from store.connections import save_connection
from store.database import Database
from store.upsert import Applied, Scope

FIELDS = ("source_id", "name")


class Deals:
    """The deals of one connection: what a run and events write, and what stands there."""

    def __init__(self, database: Database) -> None:
        connection = save_connection(database, "acme", "hubspot")
        self._database = database
        self._event = Scope(connection.id, "acme", "hubspot")
        self.run = replace(self._event, run_id=1)

    def begin(self) -> None:
        """A sync run begins."""
        self.run = replace(self._event, run_id=(self.run.run_id or 0) + 1, events_since=now_text())

    def poll(self, name: str) -> Applied:
        """The run stores what its page says."""
        return self._store(self.run, name)

    def event(self, name: str) -> Applied:
        """An event stores what the record is now."""
        return self._store(self._event, name)

    def delete(self, *, by_event: bool) -> int:
        scope = self._event if by_event else self.run
        return self._database.writer.run(lambda c: upsert.mark_deleted(c, "deals", scope, ["1"]))

    @property
    def live(self) -> list[str]:
        rows = self._database.reader().execute("SELECT name FROM deals WHERE deleted_at IS NULL")
        return [name for (name,) in rows]

    def _store(self, scope: Scope, name: str) -> Applied:
        return self._database.writer.run(lambda c: upsert.apply(c, "deals", scope, FIELDS, [("1", name)]))


@pytest.fixture
def deals(home: Path) -> Iterator[Deals]:
    """A deal that an earlier run stored, and a run that has just begun."""
    with Database.open(home) as database:
        deals = Deals(database)
        deals.poll("as it was")
        deals.begin()
        yield deals


def test_what_an_event_stored_since_the_run_began_stands(deals: Deals) -> None:
    deals.event("changed a moment ago")
    late = deals.poll("as the page says")
    assert (late.updated, late.unchanged) == (0, 1)
    assert deals.live == ["changed a moment ago"]


def test_the_next_run_writes_again(deals: Deals) -> None:
    deals.event("changed a moment ago")
    deals.begin()
    assert deals.poll("changed since").updated == 1
    assert deals.live == ["changed since"]


def test_what_an_event_stored_before_the_run_began_is_overwritten(deals: Deals) -> None:
    deals.event("changed")
    deals.begin()
    deals.poll("changed again")
    assert deals.live == ["changed again"]


def test_what_an_event_deleted_since_the_run_began_does_not_come_back(deals: Deals) -> None:
    assert deals.delete(by_event=True) == 1
    assert deals.poll("as the page says").updated == 0
    assert deals.live == []
    deals.begin()
    deals.poll("restored")
    assert deals.live == ["restored"]


def test_a_run_does_not_delete_what_an_event_brought_since(deals: Deals) -> None:
    deals.event("restored a moment ago")
    assert deals.delete(by_event=False) == 0
    assert deals.live == ["restored a moment ago"]


def test_an_event_overwrites_whatever_is_there(deals: Deals) -> None:
    deals.event("first")
    assert deals.event("second").updated == 1
    deals.poll("as the page says")
    assert deals.live == ["second"]
