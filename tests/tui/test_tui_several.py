"""Several connections of one system in the app: told apart everywhere, renamed, and whose they are."""

from __future__ import annotations

import json
from asyncio import to_thread

from textual.widgets import Input

from revtops_tui.engine import connections
from revtops_tui.engine.person import whoever_this_is
from revtops_tui.engine.sync import sync
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.google_drive import GoogleDriveSimulator
from revtops_tui.simulators.server import serve
from tests.support.command_line import TOKEN, Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.pictures import SIZES, Compare, picture
from tests.tui.shops import connect, synced


def connect_second(ws: Workspace) -> None:
    """A second shop, emea."""
    connections.connect(ws, "shop", {**json.loads(Shop.fields), "port": 81}, name="emea")


def selectors(ws: Workspace) -> list[str]:
    return [one.selector for one in connections.connections(ws)]


async def _choose(visit: Visit, what: str) -> None:
    await visit.press("slash")
    await visit.type(what)
    await visit.press("enter", "slash", "escape")


async def test_the_name_of_another_is_asked_for_first(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await visit.sees("● Shop")
        await visit.press("N")
        await visit.sees("Connect another Shop", "Connection name *", "Tells it apart from default; shop:NAME stands")
        await visit.press("f5")
        await visit.sees("Required.")
        await visit.type("default")
        await visit.press("tab")
        await visit.paste("shop.json")
        await visit.press("tab", "tab", "tab")
        await visit.paste(TOKEN)
        await visit.press("f5")
        await visit.sees("There is one called default. Choose another name.")
        await visit.press("home", *["delete"] * len("default"), *"emea", "f5")
        await visit.sees("● Shop · default", "● Shop · emea", "Connected as Ada")
    assert selectors(driver.ws) == ["shop", "shop:emea"]


async def test_new_credentials_never_make_another_connection(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    await to_thread(connect_second, driver.ws)
    async with driver() as visit:
        await _choose(visit, "shop:emea")
        await visit.press("n")
        await visit.sees("Connect Shop · emea", "Base URL")
        assert "Connection name" not in visit.screen
        await visit.paste("shop.json")
        await visit.press("tab", "tab", "tab")
        await visit.paste(TOKEN)
        await visit.press("f5")
        await visit.until(lambda: len(visit.app.screen_stack) == 1)
        await visit.settle()
    assert selectors(driver.ws) == ["shop", "shop:emea"]
    assert (await to_thread(connections.test, driver.ws, "shop")).endswith("port 80")


async def test_a_connection_is_renamed_and_stays_chosen(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    async with driver() as visit:
        await visit.press("R")
        await visit.sees("Rename Shop", "Commands take it as shop:NAME")
        await visit.press("home", *["delete"] * len("default"), *"emea", "enter")
        await visit.sees("It is shop:emea now.", "● Shop · emea", "shop:emea, for everybody in default")
        await visit.press("s")
        await visit.sees("3 same")
    assert selectors(driver.ws) == ["shop:emea"]


async def test_a_query_stays_aimed_at_what_is_renamed(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await visit.press("e")
        await visit.sees("Shop, live")
        await visit.app.go("connectors")
        await visit.press("R")
        await visit.sees("Rename Shop")
        await visit.press("home", *["delete"] * len("default"), *"emea", "enter")
        await visit.sees("It is shop:emea now.")
        await visit.press("3")
        await visit.sees("Shop · emea, live")


async def test_a_name_that_is_taken_is_refused(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    await to_thread(connect_second, driver.ws)
    async with driver() as visit:
        await _choose(visit, "shop:emea")
        await visit.press("R", "home", *["delete"] * len("emea"), *"default", "enter")
        await visit.sees("There is a shop already")
    assert selectors(driver.ws) == ["shop", "shop:emea"]


async def test_the_palette_renames_and_connects_another(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    for words, sees in (("rename", "Rename Shop"), ("another", "Connect another Shop")):
        async with driver() as visit:
            await visit.sees("● Shop")
            await visit.press("ctrl+p")
            await visit.until(lambda here=visit: isinstance(here.app.focused, Input))  # type: ignore[misc]
            await visit.type(words)
            await visit.sees(words.capitalize())
            await visit.press("enter")
            await visit.sees(sees)


async def test_both_are_told_apart_wherever_they_are_shown_and_taken(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    await to_thread(connect_second, driver.ws)
    await to_thread(sync, driver.ws)
    async with driver() as visit:
        await visit.sees("Shop · default", "Shop · emea")
        await visit.press("6")
        await visit.sees("Shop · default", "Shop · emea")
        await visit.press("1")
        await _choose(visit, "shop:emea")
        await visit.press("w")
        await visit.sees("update_deal")
        await visit.press("slash", *"update", "enter", "enter")
        await visit.sees("revtops write shop:emea")
        await visit.press("escape", "ctrl+p")
        await visit.type("sync emea")
        await visit.sees("Sync Shop · emea")


async def test_whose_it_is(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    simulator = GoogleDriveSimulator(size=5)
    with serve(simulator.app) as server:
        await to_thread(
            connections.connect, driver.ws, "google_drive", simulator.credentials, base_url=server.url, name="mine"
        )
        async with driver() as visit:
            await _choose(visit, "google")
            await visit.sees(f"google_drive:mine, {whoever_this_is()}'s own")
            await visit.press("slash", "escape")
            await _choose(visit, "shop")
            await visit.sees("shop, for everybody in default")


@SIZES
def test_another_connection(compare: Compare, driver: Driver, shop: Shop, size: tuple[int, int]) -> None:
    connect(driver.ws, shop)

    async def walk(visit: Visit) -> None:
        await visit.press("N")
        await visit.sees("Connect another Shop")

    assert picture(compare, driver.ws, size, walk)
