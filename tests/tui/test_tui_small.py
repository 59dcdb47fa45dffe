"""A terminal of 60x20: one side at a time, and everything can be reached and read."""

from __future__ import annotations

import shutil
from asyncio import to_thread

import pytest

from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.tabs import TABS, Tab
from tests.support.command_line import DROP_INS, Shop, deals
from tests.support.oauth_server import oauth_desk
from tests.tui.driver import Driver, Visit
from tests.tui.shops import synced

_LEAST = 10
_SHOP = ("slash", *"shop", "enter")
_DEALS = ("2", "slash", *"deals", "enter", "enter")
_DIALOGS: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "sync": (_SHOP, "S", "Sync Shop", "esc"),
    "schedule": (_SHOP, "h", "by itself", "esc close"),
    "connect": (_SHOP, "n", "Connect Shop", "esc close"),
    "record": (_DEALS, "enter", "Deals · 1 of 40", "esc"),
    "export": (_DEALS, "E", "Export Deals", "esc"),
    "chart": (_DEALS, "p", "Deals", "esc"),
    "columns": (_DEALS, "c", "Deals · columns", "enter ok"),
    "filter words": (_DEALS, "f2", "Which rows?", "esc"),
}
"""Where it is opened from, its key, what says that it is there, and a key that it names."""


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


@pytest.mark.parametrize("name", _DIALOGS)
async def test_a_dialog_fits_its_fields_are_in_sight_and_its_keys_are_named(
    driver: Driver, shop: Shop, name: str
) -> None:
    way, key, title, named = _DIALOGS[name]
    await to_thread(synced, driver.ws, shop, deals=deals(40))
    async with driver(60, 20) as visit:
        await visit.press(*way)
        await visit.settle()
        await visit.press(key)
        await visit.sees(title, named)
        await visit.settle()
        await _tab_through(visit)
        await visit.press("escape")
        await visit.until(lambda: len(visit.app.screen_stack) == 1)


async def test_a_form_and_its_question_fit(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(1))
    async with driver(60, 20) as visit:
        await visit.press(*_SHOP, "w")
        await visit.sees("send_message")
        await visit.press("slash", *"send_message", "enter", "enter")
        await visit.sees("Shop › send_message", "esc close")
        await _tab_through(visit)
        await visit.paste("Hello")
        await visit.press("f5")
        await visit.sees("Send once", "Cancel")
        await _tab_through(visit)


async def test_signing_in_fits(driver: Driver, ws: Workspace) -> None:
    (ws.home / "connectors").mkdir(mode=0o700, parents=True)
    shutil.copy(DROP_INS / "desk.py", ws.home / "connectors")
    with oauth_desk() as desk:
        async with driver(60, 20) as visit:
            await visit.press("slash", *"desk", "enter", "n")
            await visit.sees("Connect Desk", "sign in")
            await visit.press("ctrl+o")
            await visit.sees("Sign in to Desk", "esc cancel")
            await _tab_through(visit)
            assert desk.url


async def _tab_through(visit: Visit) -> None:
    """Every field can be reached, and is in sight when it is."""
    seen = set()
    while visit.app.focused not in seen:
        focused = visit.app.focused
        assert focused is not None
        seen.add(focused)
        await visit.until(lambda: _focus_is_visible(visit))
        await visit.press("tab")
        await visit.settle()


@pytest.mark.parametrize("key", ["question_mark", "comma", "ampersand", "exclamation_mark", "O", "ctrl+p", "ctrl+f"])
async def test_every_dialog_of_everywhere_fits(driver: Driver, shop: Shop, key: str) -> None:
    async with driver(60, 20) as visit:
        await visit.press(key)
        await visit.until(lambda: len(visit.app.screen_stack) == 2)
        await visit.settle()
        assert _focus_is_visible(visit)
        await visit.press("escape")
        await visit.until(lambda: len(visit.app.screen_stack) == 1)
