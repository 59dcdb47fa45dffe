"""The sides from which a connection is looked at, and the organization itself."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from asyncio import to_thread
from contextlib import closing
from types import ModuleType

import pytest

from connectors.http import BudgetLeft
from revtops_tui.engine import data
from revtops_tui.engine.rejected import rejected
from revtops_tui.engine.schedules import schedules
from revtops_tui.engine.sync import EntityProgress, Progress, RunResult
from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui import panels
from revtops_tui.tui.panels import PanelTab
from revtops_tui.tui.panels.paper_panel import PaperPanel
from revtops_tui.tui.panes.connectors.side import Side
from revtops_tui.tui.papers.progress import write_outcome
from revtops_tui.tui.shell.jobs import Outcome, SyncJob
from revtops_tui.tui.widgets.sheet import Paper
from tests.support.command_line import Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.shops import ask, connect, hang_bell, ring, synced

NEXT, BEFORE = "right_square_bracket", "left_square_bracket"
BAD = [{"source_id": f"bad {n}", "name": "x", "amount": "lots"} for n in range(3)]


class WeatherPanel(PaperPanel):
    """A panel of somebody else's."""

    def write(self, width: int) -> Paper:
        return Paper(width).text(f"It rains at {self.entry.title if self.entry else 'home'}.")


@pytest.fixture
def two(ws: Workspace, shop: Shop) -> Workspace:
    """A bell, and a shop with good deals and bad ones."""
    hang_bell(ws)
    synced(ws, shop, deals=deals(5) + BAD)
    return ws


async def _choose(visit: Visit, name: str) -> None:
    await visit.press("slash", *name, "enter")
    await visit.sees("Overview", f"╭─ {name.capitalize()}")


async def test_a_panel_is_added_without_touching_another(
    driver: Driver, two: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("weather_panel")
    module.WeatherPanel = WeatherPanel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "weather_panel", module)
    weather = PanelTab("weather", "Weather", "weather_panel", "WeatherPanel")
    monkeypatch.setattr(panels, "PANELS", (*panels.PANELS, weather))
    async with driver(120, 40) as visit:
        await _choose(visit, "shop")
        await visit.press(BEFORE)
        await visit.sees("Weather", "It rains at Shop.")


async def test_panels_are_turned_over_and_say_what_a_connection_lacks(driver: Driver, two: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _choose(visit, "bell")
        await visit.press(NEXT)
        await visit.sees("it declares no sync")
        await visit.press(NEXT)
        await visit.sees("declares nothing that can be written")
        await visit.press(BEFORE, BEFORE)
        await visit.sees("hear from it")


async def test_home_says_what_needs_somebody_and_leads_there(driver: Driver, two: Workspace) -> None:
    await to_thread(ring, two, "bell.torn")
    await to_thread(ask, two, "action", "send_message", {"text": "x"})
    async with driver(120, 40) as visit:
        await visit.sees("Needs attention", "1 request for approval", "1 event that could not be handled")
        await visit.sees("3 records of Shop rejected", "2 connections", "5 records")
        await visit.press("enter", "G", "enter")
        await visit.sees("╭─ Shop", "3 in Deals", "bad 2")
        await visit.press("1", "g", "enter", "g", "enter")
        await visit.sees("Approvals", "send_message · Shop")


async def test_one_connection_is_what_one_comes_for(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await visit.sees("▌● Shop", "★ Home")


async def test_a_connection_that_was_just_made_is_chosen(driver: Driver, ws: Workspace, shop: Shop) -> None:
    await to_thread(hang_bell, ws)
    async with driver() as visit:
        await visit.press("slash", *"shop", "enter")
        await visit.sees("▌○ Shop")
        await to_thread(connect, ws, shop)
        await visit.press("r")
        await visit.sees("▌● Shop")


async def test_the_history_of_syncs_is_told_in_numbers_and_a_picture(
    driver: Driver, two: Workspace, shop: Shop
) -> None:
    await to_thread(synced, two, shop, deals=deals(9))
    async with driver(120, 40) as visit:
        await _choose(visit, "shop")
        await visit.press(NEXT)
        await visit.sees("Rows by run", "4 new", "5 new", "3 rejected", "synced when you say so")


async def test_a_sync_is_only_tried(driver: Driver, shop: Shop) -> None:
    shop.change(deals=deals(7))
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await visit.press("S")
        await visit.sees("Only try", "Entities", "Accounts")
        await visit.press("tab", "tab", "left", "ctrl+s")
        await visit.sees("tried, and nothing stored", "7 new")
        await visit.settle()
    assert data.sql(driver.ws, "select count(*) from deals").rows == [(0,)]


async def test_a_sync_since_a_day_and_of_one_entity(driver: Driver, shop: Shop) -> None:
    shop.change(deals=deals(7), accounts=[{"source_id": "1", "name": "Acme"}])
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await visit.press("S")
        await visit.sees("Since")
        await visit.press("tab", *"someday", "ctrl+s")
        await visit.sees("'someday' is no time")
        await visit.press(*["backspace"] * 7, *"7d", "tab", "tab", "space", "ctrl+s")
        await visit.sees("Shop synced", "7 new")
    assert data.sql(driver.ws, "select count(*) from accounts").rows == [(0,)]


async def test_a_schedule_is_made_and_switched_off(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    async with driver(100, 40) as visit:
        await visit.press("h")
        await visit.sees("Say how often")
        await visit.type("15")
        await visit.sees("is no length of time")
        await visit.type("m")
        await visit.sees("next", "09:45", "10:00", "No daemon runs")
        await visit.press("ctrl+s")
        await visit.until(lambda: "Say how often" not in visit.screen)
        await visit.press(NEXT)
        await visit.sees("every 15m", "No daemon runs that would heed it, and this app does not")
        await visit.press("h")
        await visit.sees("Switch off")
        await visit.press("shift+tab", "shift+tab", "enter")
        await visit.sees("Switched off.")
    assert [one.enabled for one in schedules(driver.ws)] == [False]


async def test_why_a_sync_waits_is_told_with_what_is_left(driver: Driver, two: Workspace) -> None:
    from connectors.http import BudgetLeft

    async with driver(120, 40) as visit:
        job = SyncJob("shop", "Shop")
        entities = {"deals": EntityProgress("running", 10, 10, 0, 0, 0, 0, 100, None)}
        job.see(Progress("shop", "default", entities, 9, "rate limit: 12 s", 4.0, False, BudgetLeft(0, 12.0, 100)))
        visit.app.jobs.start(job)
        visit.app.show_progress()
        await visit.sees("rate limit: 12 s", "waits")
        await _choose(visit, "shop")
        await visit.sees("waiting for rate limit: 12 s", "budget: 0 of 100 requests left, more in 12 s")
        visit.app.jobs.running.clear()


async def _to_rejected(visit: Visit) -> None:
    await visit.press("6")
    await visit.sees("Runs", "3 in Shop", "bad 0")
    await visit.press("tab")
    await visit.sees("Rejected record", "valid number")


async def test_rejected_records_are_grouped_looked_into_and_retried(driver: Driver, two: Workspace, shop: Shop) -> None:
    async with driver(120, 40) as visit:
        await _to_rejected(visit)
        await visit.press("enter")
        await visit.sees('"amount": "lots"')
        await visit.press("escape", "R")
        await visit.sees("Not all could be stored", "3 still rejected")


async def test_rejected_records_are_ignored_after_a_question(driver: Driver, two: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _to_rejected(visit)
        await visit.press("i")
        await visit.sees("Ignore bad", "is stored, or rejected anew", "Ignore all 3")
        await visit.press("enter")  # a stray one keeps it
        await visit.until(lambda: "Ignore all 3" not in visit.screen)
        assert len(rejected(two)) == 3
        await visit.press("i", "right", "enter")
        await visit.sees("1 rejected record forgotten")
        await visit.press("i")
        await visit.sees("Ignore all 2")
        await visit.press("right", "right", "enter")
        await visit.sees("None.")
    assert rejected(two) == []


async def test_a_run_leads_to_what_was_exchanged_in_it(driver: Driver, two: Workspace) -> None:
    async with driver(120, 40) as visit:
        await visit.press("6")
        await visit.sees("Shop: success", "5 new · 3 rejected")
        await visit.press("t")
        await visit.sees("run:1")


async def test_rejected_records_are_exported(driver: Driver, two: Workspace) -> None:
    file = two.home / "rejected.csv"
    async with driver(120, 40) as visit:
        await _to_rejected(visit)
        await visit.press("E")
        await visit.sees("Export 3 rejected records of shop")
        await visit.press("ctrl+u")
        await visit.paste(str(file))
        await visit.press("enter")
        await visit.until(file.exists)
    lines = file.read_text().splitlines()
    assert len(lines) == 4
    assert "lots" in lines[1]


async def test_a_rejected_record_that_was_mended_is_stored(driver: Driver, two: Workspace) -> None:
    with closing(sqlite3.connect(two.database.path)) as database, database:
        database.execute("UPDATE rejected_records SET payload = replace(payload, '\"lots\"', '5')")
    async with driver(120, 40) as visit:
        await _choose(visit, "shop")
        await visit.press(BEFORE, BEFORE, BEFORE)
        await visit.sees("3 in Deals")
        await visit.press("tab", "r")
        await visit.sees("1 record stored.", "2 in Deals")


@pytest.mark.parametrize("steps", range(12))
async def test_leaving_while_a_panel_is_being_made(two: Workspace, driver: Driver, steps: int) -> None:
    async with driver() as visit:
        await visit.press("slash", *"shop", "enter")
        await visit.settle()
        visit.app.screen.query_one(Side).go("sync")
        for _ in range(steps):
            await asyncio.sleep(0)
        visit.app.exit()


def test_what_was_left_of_the_budget_is_told_after_a_run() -> None:
    job = SyncJob("shop", "Shop")
    for budget in (BudgetLeft(17, 4.0, 100), None):  # a report may come when nothing is known of it any more
        job.see(Progress("shop", "default", {}, 1, None, 1.0, finished=False, budget=budget))
    paper = Paper(60)
    result = RunResult("shop", "default", 1, "success", None, None, None, 1.0, {})
    write_outcome(paper, Outcome("Shop", result, budget=job.budget))
    assert "budget: 17 of 100 requests left when it ended" in paper.plain
