"""The organization, the sides of a connection, runs and rejected records; see `test_tui_snapshots`."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from revtops_tui.engine import connections
from revtops_tui.engine.organizations import create_organization
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import DROP_INS, Shop, deals
from tests.tui.driver import Visit
from tests.tui.pictures import SIZES, Compare, picture
from tests.tui.shops import hang_bell, hold_times_still, synced

NEXT = "right_square_bracket"
BAD = [
    {"source_id": "17", "name": "Rollout 17", "amount": "plenty"},
    {"source_id": "23", "name": "Renewal 23", "amount": "[red]lots[/red]"},
    {"source_id": "31", "amount": 1200},
]


@pytest.fixture
def three(ws: Workspace, shop: Shop) -> Workspace:
    """A bell; a shop after three syncs, with records that were rejected; a counter; another organization."""
    (ws.home / "connectors" / "torn.py").write_text("import nothing_of_this_name\n")
    shutil.copy(DROP_INS / "counter.py", ws.home / "connectors")
    hang_bell(ws)
    connections.connect(ws, "counter", {})
    for count in (40, 52, 60):
        synced(ws, shop, accounts=[{"source_id": "1", "name": "Acme"}], deals=deals(count) + BAD)
    hold_times_still(ws)
    with closing(sqlite3.connect(ws.database.path)) as database, database:
        database.execute("UPDATE rejected_records SET created_at = '2026-03-02T09:25:00.000000Z'")
    create_organization(ws, "acme")
    return ws


async def _shop(visit: Visit, *keys: str) -> None:
    await visit.sees("Needs attention")
    await visit.press("slash", *"shop", "enter", "slash", "escape")
    await visit.sees("Overview", "╭─ Shop")
    for key in keys:
        await visit.press(key)
        await visit.settle()


@SIZES
def test_home(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.sees("Needs attention", "3 records of Shop rejected")

    assert picture(compare, three, size, walk)


@SIZES
def test_the_syncs_of_a_connection(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _shop(visit, NEXT)
        await visit.sees("Rows by run")

    assert picture(compare, three, size, walk)


@SIZES
def test_a_side_that_a_connection_has_not(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _shop(visit, NEXT, NEXT, NEXT)
        await visit.sees("does not listen")

    assert picture(compare, three, size, walk)


@SIZES
def test_what_was_rejected_of_a_connection(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _shop(visit, NEXT, NEXT, NEXT, NEXT, "tab")
        await visit.sees("2 in Deals", "Payload")

    assert picture(compare, three, size, walk)


@SIZES
def test_what_can_be_asked(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _shop(visit, NEXT, NEXT, NEXT, NEXT, NEXT)
        await visit.sees("Schema", "deals")

    assert picture(compare, three, size, walk)


@SIZES
def test_a_sync_of_some(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _shop(visit, "S")
        await visit.press("tab", *"someday", "ctrl+s")
        await visit.sees("is no time")

    assert picture(compare, three, size, walk)


@SIZES
def test_a_schedule(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _shop(visit, "h")
        await visit.sees("Say how often")
        await visit.type("15m")
        await visit.sees("next", "09:45")

    assert picture(compare, three, size, walk)


@SIZES
def test_the_organizations(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.sees("Needs attention")
        await visit.press("O")
        await visit.sees("default · 3 connections", "acme")

    assert picture(compare, three, size, walk)


@SIZES
def test_nothing_ran(compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("6")
        await visit.sees("Nothing has been synced yet")

    assert picture(compare, ws, size, walk)


@SIZES
def test_runs(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("6")
        await visit.sees("Shop: success", "2 in Shop")

    assert picture(compare, three, size, walk)


@SIZES
def test_rejected_records(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("6")
        await visit.sees("2 in Shop")
        await visit.press("tab")
        await visit.sees("Rejected record")

    assert picture(compare, three, size, walk)


@SIZES
def test_a_payload(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("6")
        await visit.sees("2 in Shop")
        await visit.press("tab", "enter")
        await visit.sees('"source_id"')

    assert picture(compare, three, size, walk)


@SIZES
def test_the_question_before_ignoring(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("6")
        await visit.sees("2 in Shop")
        await visit.press("tab", "i")
        await visit.sees("Ignore all 2")

    assert picture(compare, three, size, walk)


@SIZES
def test_a_form_of_every_kind(compare: Compare, three: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.sees("Needs attention")
        await visit.press("j", "j", "w", "enter")
        await visit.sees("Will be sent")
        await visit.type("Green tea")
        await visit.press(*["tab"] * 10)
        await visit.paste('{"sugar": {"lumps": 2},\n "milk": no')
        await visit.sees("Line 2, column 10")

    assert picture(compare, three, size, walk)
