"""A terminal of 60x20: one side at a time, and everything can be reached and read."""

from __future__ import annotations

from asyncio import to_thread

import pytest

from revtops_tui.tui.tabs import TABS, Tab
from tests.support.command_line import Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.shops import synced

_LEAST = 10


def _focus_is_visible(visit: Visit) -> bool:
    focused = visit.app.focused
    return focused is not None and focused.region.area > 0 and visit.app.screen.region.overlaps(focused.region)


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.id)
async def test_every_workspace_is_usable(driver: Driver, shop: Shop, tab: Tab) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(40))
    async with driver(60, 20) as visit:
        await visit.press(tab.key)
        await visit.settle()
        assert _focus_is_visible(visit)
        pane = visit.app.screen.query_one(f"#{tab.id}")
        assert pane.region.height >= _LEAST
        keys = visit.screen.splitlines()[-1]
        assert "? Help" in keys or "f1 Help" in keys  # where one types, a question mark is one
        assert "^p All" in keys
        assert tab.title in visit.screen.splitlines()[0]


async def test_enter_goes_into_the_detail_and_escape_comes_back(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(40))
    async with driver(60, 20) as visit:
        await visit.press("slash", "s", "h", "o", "p", "enter")
        await visit.sees("● Shop")
        assert "Connected" in visit.screen
        await visit.press("enter")
        await visit.sees("Last runs")
        assert "○ Slack" not in visit.screen
        await visit.press("escape")
        await visit.sees("● Shop")


async def test_rows_take_the_whole_width_and_more_room_brings_both_sides(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(40))
    async with driver(60, 20) as visit:
        await visit.press("2")
        await visit.sees("Deals")
        await visit.press("slash", "d", "e", "a", "l", "s", "enter", "enter")
        await visit.sees("1 of 40")
        assert "Tables" not in visit.screen
        await visit.resize(100, 30)
        await visit.sees("name", "Tables")


@pytest.mark.parametrize("key", ["question_mark", "comma", "ampersand", "exclamation_mark", "O", "ctrl+p", "ctrl+f"])
async def test_every_dialog_of_everywhere_fits(driver: Driver, shop: Shop, key: str) -> None:
    async with driver(60, 20) as visit:
        await visit.press(key)
        await visit.until(lambda: len(visit.app.screen_stack) == 2)
        await visit.settle()
        assert _focus_is_visible(visit)
        await visit.press("escape")
        await visit.until(lambda: len(visit.app.screen_stack) == 1)
