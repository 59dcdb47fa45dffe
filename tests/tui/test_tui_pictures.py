"""Pictures: the ready ones of the local data, and any rows as a chart."""

from __future__ import annotations

import datetime as dt
import sqlite3
from asyncio import to_thread
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from revtops_tui.engine import pictures as engine
from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.charts.figure import COUNT, Choice, Figure
from revtops_tui.tui.dialogs.chart import ChartDialog
from tests.support.command_line import Shop
from tests.tui.driver import Driver, Visit
from tests.tui.pictures import SIZES, Compare, picture
from tests.tui.shops import hold_times_still, synced
from tests.tui.test_tui_hostile_text import HOSTILE, NEVER_SHOWN

STAGES = [("q", "Qualified", 1, 0, 0), ("p", "Proposal", 2, 0, 0), ("w", "Signed", 3, 1, 0), ("l", "Gone", 4, 0, 1)]
MONTHS = ["2025-11", "2025-12", "2026-01", "2026-03"]


def _stock(ws: Workspace, shop: Shop) -> None:
    """Deals in two currencies, stages that are ids, calls on Mondays at nine and Fridays at five, three sync runs."""
    deals = [
        {
            "source_id": f"{stage}{n}",
            "name": f"Deal {n}",
            "amount": 1000.0 * (n + 1),
            "stage": stage,
            "close_date": f"{MONTHS[n % 4]}-15",
            "currency": "EUR" if n % 3 else "USD",
        }
        for stage in "qpwl"
        for n in range(8)
    ]
    synced(ws, shop, deals=deals)
    hold_times_still(ws)
    with closing(sqlite3.connect(ws.database.path)) as database, database:
        (connection, organization) = database.execute("SELECT id, organization_id FROM connections").fetchone()
        entity = (connection, organization, "shop", "2026-03-02T09:25:00.000000Z")
        for source_id, *values in STAGES:
            database.execute(
                "INSERT INTO pipeline_stages (connection_id, organization_id, source_system, synced_at, source_id, "
                "name, display_order, is_closed_won, is_closed_lost) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*entity, source_id, *values),
            )
        for n in range(9):
            when = f"2026-02-{2 + 7 * (n % 3):02}T09:10:00.000000Z" if n < 6 else "2026-02-27T17:30:00.000000Z"
            database.execute(
                "INSERT INTO activities (connection_id, organization_id, source_system, synced_at, source_id, "
                "activity_date) VALUES (?, ?, ?, ?, ?, ?)",
                (*entity, str(n), when),
            )
        for day, inserted, rejected in ((1, 40, 0), (2, 0, 3)):
            database.execute(
                "INSERT INTO sync_runs (connection_id, organization_id, mode, status, started_at, entities) "
                "VALUES (?, ?, 'incremental', ?, ?, ?)",
                (
                    connection,
                    organization,
                    "partial" if rejected else "success",
                    f"2026-03-0{day}T10:00:00.000000Z",
                    f'{{"deals": {{"inserted": {inserted}, "updated": 0, "deleted": 0, "rejected": {rejected}}}}}',
                ),
            )


@pytest.fixture
def stocked(ws: Workspace, shop: Shop) -> Workspace:
    _stock(ws, shop)
    return ws


# -- what they count ---------------------------------------------------------------------------------------------------


def test_the_pipeline_has_names_of_stages_in_their_order_and_never_adds_up_currencies(stocked: Workspace) -> None:
    parts = engine.pipeline(stocked)
    assert [(part.heading, part.unit, part.tone) for part in parts] == [
        ("Open in EUR", "EUR", ""),
        ("Open in USD", "USD", ""),
        ("Won in EUR", "EUR", "good"),
        ("Won in USD", "USD", "good"),
        ("Lost in EUR", "EUR", "bad"),
        ("Lost in USD", "USD", "bad"),
    ]
    assert parts[0].rows == [("Qualified", 24_000.0), ("Proposal", 24_000.0)]
    assert parts[1].notes == ["3 deals", "3 deals"]
    assert parts[2].note == "amount of 5 deals by stage"


def test_months_without_a_won_deal_are_there(stocked: Workspace) -> None:
    euros, dollars = engine.won_by_month(stocked)
    assert dict(euros.rows) == {
        "2025-11": 5_000.0,
        "2025-12": 8_000.0,
        "2026-01": 3_000.0,
        "2026-02": 0.0,
        "2026-03": 8_000.0,
    }
    assert dollars.unit == "USD"


def test_activity_is_by_weekday_and_hour(stocked: Workspace) -> None:
    (part,) = engine.activity(stocked)
    cells = dict(part.rows)
    assert (cells["Mon"][9], cells["Fri"][17], sum(map(sum, cells.values()))) == (6, 3, 9)
    assert "9 activities" in part.note


def test_syncs_have_rows_and_rejected_records(stocked: Workspace) -> None:
    changed, rejected = engine.sync_history(stocked)
    assert [value for _, value in changed.rows] == [32, 40, 0]
    assert [value for _, value in rejected.rows] == [0, 0, 3]


def test_nothing_is_no_picture_but_what_would_fill_it(ws: Workspace) -> None:
    for one in engine.PICTURES:
        assert one.load(ws) == []
        assert one.empty.endswith(".")


def test_stages_of_a_vendor_without_a_list_of_them(ws: Workspace, shop: Shop) -> None:
    synced(
        ws, shop, deals=[{"source_id": str(n), "name": "x", "stage": s} for n, s in enumerate(("Closed Won", "New"))]
    )
    assert [(part.heading, part.rows) for part in engine.pipeline(ws)] == [
        ("Open", [("New", 0.0)]),
        ("Won", [("Closed Won", 0.0)]),
    ]


def test_stages_of_one_name_are_told_apart_by_pipeline_and_system(stocked: Workspace) -> None:
    others = ("shop", "second"), ("bell", "default")
    with closing(sqlite3.connect(stocked.database.path)) as database, database:
        (first, organization) = database.execute("SELECT id, organization_id FROM connections").fetchone()
        copied = "organization_id, source_system, status, created_at"
        made = [
            database.execute(
                f"INSERT INTO connections (slug, name, {copied}) SELECT ?, ?, {copied} FROM connections WHERE id = ?",
                (slug, name, first),
            ).lastrowid
            for slug, name in others
        ]
        entity = "organization_id, source_system, synced_at, connection_id, source_id, name"
        for connection, source_id, name in ((made[0], "n", "New business"), (made[0], "r", "Renewals")):
            database.execute(
                f"INSERT INTO pipelines ({entity}) VALUES (?, 'shop', '2026-03-02T09:25:00.000000Z', ?, ?, ?)",
                (organization, connection, source_id, name),
            )
        database.execute("DELETE FROM deals")
        rows = [(made[0], "n", "Demo"), (made[0], "r", "Demo"), (made[0], "r", "Talk"), (made[1], None, "Demo")]
        for number, (connection, pipeline, stage) in enumerate(rows):
            database.execute(
                f"INSERT INTO deals ({entity}, pipeline_source_id, stage) "
                "VALUES (?, 'shop', '2026-03-02T09:25:00.000000Z', ?, ?, 'x', ?, ?)",
                (organization, connection, str(number), pipeline, stage),
            )
    (part,) = engine.pipeline(stocked)
    assert [label for label, _ in part.rows] == [
        "Demo · New business · shop:second",
        "Demo · Renewals · shop:second",
        "Talk",
        "Demo · bell",
    ]


# -- in the app --------------------------------------------------------------------------------------------------------


async def test_they_are_reached_from_anywhere_and_leafed_through(driver: Driver, shop: Shop) -> None:
    await to_thread(_stock, driver.ws, shop)
    async with driver() as visit:
        await visit.press("P")
        await visit.sees("[Pipeline by stage]", "Open in EUR", "Qualified")
        await visit.press("right")
        await visit.sees("[Won by month]", "2025-11")
        await visit.press("3")
        await visit.sees("[Activity]", "Mon", "activities of half a year")
        await visit.press("4")
        await visit.sees("[Syncs]", "shop", "rows that the last 3 runs changed")
        await visit.press("escape", "P")
        await visit.sees("[Syncs]")
        await visit.press("right")
        await visit.sees("[Pipeline by stage]")


PICTURE = pytest.mark.parametrize("key", ["1", "2", "3", "4"], ids=["pipeline", "won", "activity", "syncs"])


@SIZES
@PICTURE
def test_picture(compare: Compare, stocked: Workspace, size: tuple[int, int], key: str) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("P", key)
        await visit.settle()

    assert picture(compare, stocked, size, walk)


@SIZES
def test_no_picture_yet(compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("P")
        await visit.sees("No deals yet")

    assert picture(compare, ws, size, walk)


# -- any rows as a chart -----------------------------------------------------------------------------------------------

DAY = dt.date(2026, 1, 1)
FIRST: dict[str, tuple[list[str], list[list[Any]], Choice]] = {
    "a text and a number": (["stage", "amount"], [["won", 1], ["lost", 2]], Choice("bars", 0, 1)),
    "a number and a text": (["amount", "stage"], [[1, "won"], [2, "lost"]], Choice("bars", 1, 0)),
    "times and numbers": (["month", "won"], [["2026-01", 1], ["2026-02", 2]], Choice("columns", 0, 1)),
    "days and texts": (["name", "day"], [["a", DAY], ["b", DAY]], Choice("columns", 1, COUNT)),
    "texts alone": (["stage"], [["won"], ["won"], ["lost"]], Choice("bars", 0, COUNT)),
    "keys come last": (["id", "name", "amount"], [[1, "a", 5.5], [2, "b", 6.5]], Choice("bars", 1, 2)),
    "numbers alone": (["x", "y"], [[1, 2], [2, 3]], Choice("line", 0, 1)),
    "numbers as text": (["name", "total"], [["a", "12.5"], ["b", Decimal(3)]], Choice("bars", 0, 1)),
    "one row of numbers": (["deals", "amount"], [[3, 4.5]], Choice("bars", 0, 1)),
}


@pytest.mark.parametrize(("columns", "rows", "choice"), FIRST.values(), ids=FIRST.keys())
def test_what_is_drawn_first(columns: list[str], rows: list[list[Any]], choice: Choice) -> None:
    figure = Figure(columns, rows)
    assert figure.first() == choice
    assert figure.draw(choice, 60, 20).plain


def test_rows_of_one_label_are_added_up_and_that_is_said() -> None:
    figure = Figure(["stage", "amount"], [["won", 1], ["won", 2], ["lost", None]])
    text = figure.draw(figure.first(), 60, 20).plain
    assert "sum of amount, 2 values of 3 rows" in text
    assert "won   3" in text


def test_steps_of_time_without_rows_are_drawn() -> None:
    figure = Figure(["day", "n"], [["2026-01-30", 1], ["2026-02-02", 4]])
    assert "by day, 4 values of 2 rows" in figure.draw(figure.first(), 60, 20).plain


def test_every_choice_of_every_column_can_be_drawn() -> None:
    rows = [["a", "2026-01-01T08:00:00Z", 5, None], ["b", "9999-12-31", -3.5, ""], [None, "0001-01-01", None, None]]
    figure = Figure(["name", "when", "n", "empty"], rows)
    choice, seen = figure.first(), set()
    for _ in range(len(figure.xs)):
        for _ in range(len(figure.ys)):
            for _ in range(4):
                seen.add(choice)
                assert figure.draw(choice, 60, 20).lines
                choice = figure.other_kind(choice)
            choice = figure.other_y(choice)
        choice = figure.other_x(choice)
    assert {choice.kind for choice in seen} == {"bars", "columns", "line", "heat"}
    assert {choice.x for choice in seen} == {0, 1, 2}


def test_days_without_hours_are_heat_by_week() -> None:
    figure = Figure(["day"], [["2026-01-05"], ["2026-01-12"], ["2026-01-12"]])
    text = figure.draw(Choice("heat", 0, COUNT), 60, 20).plain
    assert "weekday and week" in text
    assert "01-05" in text


COLUMNS = ["month", "stage", "amount"]
ROWS = [[f"2025-{month:02}", stage, month * 1500 + len(stage)] for month in range(1, 13) for stage in ("Open", "Won")]


def _show(columns: list[str], rows: list[list[Any]], *keys: str, part: bool = False) -> Any:
    async def walk(visit: Visit) -> None:
        visit.app.push_screen(ChartDialog("Result", columns, rows, is_part=part))
        await visit.settle()
        await visit.press(*keys)
        await visit.settle()

    return walk


@SIZES
@pytest.mark.parametrize("keys", [(), ("c",), ("c", "c"), ("x",)], ids=["columns", "line", "heat", "bars"])
def test_chart(compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    assert picture(compare, ws, size, _show(COLUMNS, ROWS, *keys, part=True))


@SIZES
def test_chart_of_nothing(compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int]) -> None:
    assert picture(compare, ws, size, _show(["a"], []))


async def test_keys_choose_the_kind_and_the_columns(driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        visit.app.push_screen(ChartDialog("Result", COLUMNS, ROWS))
        await visit.sees("columns of amount by month", "sum of amount, by month, 12 values of 24 rows")
        await visit.press("c")
        await visit.sees("line of amount by month")
        await visit.press("y")
        await visit.sees("line of rows by month")
        await visit.press("x", "y")
        await visit.sees("bars of amount by stage", "Won")
        await visit.press("q")
        await visit.until(lambda: len(visit.app.screen_stack) == 1)


async def test_a_hundred_thousand_rows_are_summed_up(driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        rows = [[f"name {n}", n] for n in range(100_000)]
        visit.app.push_screen(ChartDialog("Result", ["name", "n"], rows))
        await visit.sees("100,000 values of 100,000 rows", "99,961")
        await visit.press("G")
        await visit.sees("99,961 others together")


@pytest.mark.parametrize("text", [text for name, text in HOSTILE.items() if name != "long"])
async def test_anybody_s_text_in_a_chart(driver: Driver, shop: Shop, text: str) -> None:
    async with driver() as visit:
        visit.app.push_screen(ChartDialog(text, [text, "n"], [[text, 1], ["b", 2]]))
        await visit.sees("2 values of 2 rows")
        for _ in range(3):
            lines = visit.screen.splitlines()
            assert len(lines) == 30
            assert not any(NEVER_SHOWN.search(line) for line in lines)
            await visit.press("c")
            await visit.settle()
