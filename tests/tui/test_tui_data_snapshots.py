"""Pictures of tables and records in every state that they have."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from revtops_tui.engine.workspace import Workspace
from store import upsert
from store.connections import ensure_connection
from tests.support.related import STORY, store, tell
from tests.tui.driver import Visit
from tests.tui.pictures import SIZES, Compare, picture

MOMENT = "2026-03-02T09:25:00.000000Z"
LONG = {
    **STORY["deals"][0],
    "custom_fields": '{"region": "EMEA", "tags": ["a", "b"], "name": "日本語の取引先"}',
    "close_date": "2026-03-31T00:00:00.000000Z",
    "probability": 0.75,
}


@pytest.fixture
def told(ws: Workspace) -> Workspace:
    """The story, with a deal that changed three times."""
    tell(ws)
    connection = ensure_connection(ws.database, ws.organization_id, "crm")
    for run, fields in [(3, {"stage": "open"}), (None, {"amount": 250.0, "stage": "won"}), (8, {"amount": 300.0})]:
        store(
            ws,
            upsert.Scope(connection.id, ws.organization_id, "crm", run),
            "deals",
            {**LONG, "amount": 100.0, **fields},
        )
    with closing(sqlite3.connect(ws.database.path)) as database, database:
        for table in STORY:
            database.execute(f"UPDATE {table} SET synced_at = '{MOMENT}'")
        database.execute(f"UPDATE record_changes SET changed_at = '{MOMENT}'")
        database.execute(f"UPDATE connections SET created_at = '{MOMENT}'")
    return ws


async def _rows(visit: Visit, table: str = "deals") -> None:
    await visit.press("2")
    await visit.sees("Tables", "Deals")
    await visit.press("slash")
    await visit.type(table)
    await visit.press("enter", "enter")
    await visit.settle()


@SIZES
def test_a_record_and_what_belongs_to_it(compare: Compare, told: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _rows(visit)
        await visit.press("enter")
        await visit.sees("Account: Acme", "Activities")

    assert picture(compare, told, size, walk)


@SIZES
def test_what_changed(compare: Compare, told: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _rows(visit)
        await visit.press("enter")
        await visit.sees("Activities")
        await visit.press("pagedown", "pagedown", "pagedown", "pagedown")
        await visit.sees("Changes")

    assert picture(compare, told, size, walk)


@SIZES
def test_related_records_on_the_way(compare: Compare, told: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _rows(visit)
        await visit.press("enter")
        await visit.sees("Account: Acme")
        await visit.press("enter")
        await visit.sees("› Account", "Contacts")
        await visit.press("j", "enter")
        await visit.sees("Ada", "Bob")

    assert picture(compare, told, size, walk)


@SIZES
def test_a_record_that_is_gone(compare: Compare, told: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _rows(visit)
        await visit.app.open_record("deals", 4711)
        await visit.sees("This record is gone")

    assert picture(compare, told, size, walk)


@SIZES
def test_choosing_columns(compare: Compare, told: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _rows(visit)
        await visit.press("c")
        await visit.sees("Deals · columns")
        await visit.press("right", "j", "space", "j", "J")

    assert picture(compare, told, size, walk)


@SIZES
def test_a_filter_with_conditions(compare: Compare, told: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _rows(visit)
        await visit.press("slash")
        await visit.type("stage:won amount:>100")
        await visit.sees("Deals · stage:won · amount:>100")

    assert picture(compare, told, size, walk)


@SIZES
def test_a_mistake_in_a_filter(compare: Compare, told: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _rows(visit)
        await visit.press("slash")
        await visit.type("amount:much")
        await visit.sees("amount holds numbers")

    assert picture(compare, told, size, walk)


@SIZES
def test_a_table_scrolled_sideways(compare: Compare, told: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _rows(visit)
        await visit.press("end")

    assert picture(compare, told, size, walk)


@SIZES
def test_what_can_be_copied(compare: Compare, told: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _rows(visit)
        await visit.press("y")
        await visit.sees("The record as Markdown")

    assert picture(compare, told, size, walk)
