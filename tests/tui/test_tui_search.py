"""Finding any record while one types, from anywhere in the app."""

from __future__ import annotations

import asyncio
from asyncio import to_thread
from typing import Any

import pytest

from revtops_tui.engine import queries, search, sync
from revtops_tui.engine.data import counts
from revtops_tui.engine.search import Standing
from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.dialogs.search import SearchDialog
from revtops_tui.tui.widgets.hit_list import HitList
from tests.support.command_line import Shop
from tests.tui.driver import Driver, Visit
from tests.tui.pictures import SIZES, Compare, picture
from tests.tui.shops import hold_times_still, synced
from tests.tui.test_tui_hostile_text import HOSTILE, NEVER_SHOWN

DEALS: list[dict[str, Any]] = [
    {"source_id": "d1", "name": "Acme renewal 2026", "stage": "open"},
    {"source_id": "d2", "name": "Übernahme der Acme-Werke München", "stage": "won"},
    {"source_id": "d3", "name": "Globex rollout", "stage": "open"},
    *({"source_id": f"n{n}", "name": f"Many {n:03}", "stage": "open"} for n in range(90)),
]
ACCOUNTS = [
    {"source_id": "a1", "name": "Acme", "domain": "acme.example"},
    {"source_id": "a2", "name": "Globex", "domain": "globex.example"},
]


@pytest.fixture
def full(ws: Workspace, shop: Shop) -> Workspace:
    synced(ws, shop, accounts=ACCOUNTS, deals=DEALS)
    return ws


async def _find(visit: Visit, text: str, *seen: str) -> None:
    await visit.press("ctrl+f")
    await visit.type(text)
    await visit.settle()
    await visit.sees(*seen)


def _indexed(ws: Workspace, text: str) -> bool:
    """Whether it is found without anything being indexed for it."""
    return bool(search.search_records(ws, text, told=None).records)


# -- by keyboard alone -------------------------------------------------------------------------------------------------


async def test_a_record_is_found_and_opened_with_few_keys(full: Workspace, driver: Driver) -> None:
    async with driver() as visit:
        await _find(visit, "acme ren", "Acme renewal 2026")
        await visit.press("enter")
        await visit.sees("stage", "Acme renewal 2026", "open")
        assert not isinstance(visit.app.screen, SearchDialog)


async def test_arrows_choose_while_one_goes_on_typing(full: Workspace, driver: Driver) -> None:
    async with driver() as visit:
        await _find(visit, "acme", "Accounts", "Deals", "acme.example", "Übernahme")
        hits = visit.app.screen.query_one(HitList)
        assert hits.current is not None
        assert hits.current.title == "Acme"
        await visit.press("down", "down", "down", "down")
        assert hits.current.title.startswith("Übernahme")
        await visit.press("up")
        assert hits.current.title == "Acme renewal 2026"
        await visit.type(" mu")
        await visit.settle()
        assert hits.current.title.startswith("Übernahme")
        await visit.press("enter")
        await visit.sees("Übernahme der Acme-Werke München", "won")


async def test_enter_before_the_answer_opens_what_it_finds(full: Workspace, driver: Driver) -> None:
    await to_thread(search.catch_up, full)
    async with driver() as visit:
        await visit.press("ctrl+f", *"globex", "space", *"roll", "enter")
        await visit.sees("Globex rollout", "stage")


async def test_it_is_there_from_anywhere_once(full: Workspace, driver: Driver) -> None:
    async with driver() as visit:
        for key in ("2", "3", "4"):
            await visit.press(key)
            await visit.settle()
            await visit.press("ctrl+f", "ctrl+f")
            await visit.sees("Find a record", "95 records can be found")
            await visit.press("escape")
            assert len(visit.app.screen_stack) == 1


async def test_a_long_list_is_walked_by_pages(full: Workspace, driver: Driver) -> None:
    async with driver(80, 24) as visit:
        await _find(visit, "many", "Many 089", "the best 60")
        hits = visit.app.screen.query_one(HitList)
        await visit.press("pagedown", "pagedown")
        assert hits.current is not None
        low = hits.current.title
        assert low < "Many 089"
        assert low in visit.screen
        await visit.press("pageup")
        assert hits.current.title > low
        await visit.press(*["pagedown"] * 20)
        assert hits.current.title == "Many 030"


async def test_a_click_opens(full: Workspace, driver: Driver) -> None:
    async with driver() as visit:
        await _find(visit, "rollout", "Globex rollout")
        await visit._pilot.click(HitList, offset=(5, 1))
        await visit.sees("stage", "open")


# -- the index ---------------------------------------------------------------------------------------------------------


async def test_what_another_process_stores_is_found_while_one_looks(
    full: Workspace, driver: Driver, shop: Shop
) -> None:
    async with driver() as visit:
        await _find(visit, "zebra", "Nothing begins like “zebra”.")
        shop.change(deals=[*DEALS, {"source_id": "z", "name": "Zebra crossing"}])
        await to_thread(sync.sync, full)
        await visit.sees("Zebra crossing")


async def test_it_is_up_to_date_before_anybody_searches(full: Workspace, driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        await visit.until(lambda: search.standing(full).complete)
        shop.change(deals=[*DEALS, {"source_id": "z", "name": "Zebra crossing"}])
        visit.app.start_sync("shop", "Shop")
        await visit.until(lambda: _indexed(full, "zebra"))
        assert not isinstance(visit.app.screen, SearchDialog)


async def test_while_the_app_syncs_it_waits_unless_somebody_searches(
    full: Workspace, driver: Driver, shop: Shop
) -> None:
    async with driver() as visit:
        await visit.until(lambda: search.standing(full).complete)
        shop.change(deals=[*DEALS, {"source_id": "z", "name": "Zebra crossing"}], expect=200, closes_never=True)
        visit.app.start_sync("shop", "Shop")
        await visit.until(lambda: counts(full)["deals"] > len(DEALS))
        for name in "abc":  # each is noticed a second later: long enough to have indexed, had it not waited
            noticed = asyncio.Event()
            visit.app.committed.subscribe(visit.app, lambda _, noticed=noticed: noticed.set())
            await to_thread(queries.save, full, name, "SELECT 1")
            await noticed.wait()
        assert not _indexed(full, "zebra")
        await visit.press("ctrl+f", *"zebra")
        await visit.sees("Zebra crossing")
        visit.app.cancel_all()
        await visit.settle()


async def test_a_damaged_index_is_no_matter(full: Workspace, driver: Driver) -> None:
    await to_thread(search.catch_up, full)
    (index,) = (full.home / "search").glob("*.db")
    index.write_bytes(b"damaged" * 10_000)
    async with driver() as visit:
        await _find(visit, "acme ren", "Acme renewal 2026")


async def test_an_index_that_cannot_be_written_is_told(full: Workspace, driver: Driver) -> None:
    (full.home / "search").write_text("a file where the folder should be")
    async with driver() as visit:
        await visit.press("ctrl+f")
        await visit.sees("cannot be written")


# -- hostile text ------------------------------------------------------------------------------------------------------


async def test_vendor_text_stays_in_its_line(driver: Driver, shop: Shop) -> None:
    deals = [{"source_id": f"\x1b[2J{n}", "name": f"Kept {text}"} for n, text in enumerate(HOSTILE.values())]
    await to_thread(synced, driver.ws, shop, deals=deals)
    async with driver() as visit:
        await _find(visit, "kept", "[@click=app.quit]x[/]", "␛[2J", "a␀b", "one⏎two⏎three⏎four")
        for _ in HOSTILE:
            lines = visit.screen.splitlines()
            assert len(lines) == 30
            assert not any(NEVER_SHOWN.search(line) for line in lines)
            assert sum("Kept" in line for line in lines) == len(HOSTILE)
            await visit.press("down")
            await visit.settle()


@pytest.mark.parametrize("text", [text[:2000] for text in HOSTILE.values()], ids=HOSTILE.keys())
async def test_whatever_is_pasted_is_only_text(text: str, full: Workspace, driver: Driver) -> None:
    async with driver() as visit:
        await visit.press("ctrl+f")
        await visit.paste(text)
        await visit.settle()
        await visit.press("home", *"zebra", "space")
        await visit.sees("Nothing begins like")
        assert not any(NEVER_SHOWN.search(line) for line in visit.screen.splitlines())


# -- pictures ----------------------------------------------------------------------------------------------------------


@SIZES
def test_before_anything_is_typed(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _find(visit, "", "95 records can be found")

    hold_times_still(full)
    assert picture(compare, full, size, walk)


@SIZES
def test_nothing_was_synced(compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _find(visit, "acme", "Nothing was synced yet.")

    assert picture(compare, ws, size, walk)


@SIZES
def test_found(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _find(visit, "acme", "Acme renewal 2026")
        await visit.press("down", "down")

    hold_times_still(full)
    assert picture(compare, full, size, walk)


@SIZES
def test_more_than_fits(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _find(visit, "many 0", "the best 60")
        await visit.press(*["pagedown"] * 5)
        await visit.sees("There is more")

    hold_times_still(full)
    assert picture(compare, full, size, walk)


@SIZES
def test_not_found(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _find(visit, "zebra [red]", "Nothing begins like “zebra [red]”.")

    hold_times_still(full)
    assert picture(compare, full, size, walk)


@SIZES
def test_while_the_index_is_built(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _find(visit, "zebra", "Nothing begins")
        dialog = visit.app.screen
        assert isinstance(dialog, SearchDialog)
        dialog._show_progress(Standing(340_000, 1_000_000))
        await visit.sees("indexing 34 % of 1,000,000", "Not all of it is indexed yet")

    hold_times_still(full)
    assert picture(compare, full, size, walk)


async def test_it_is_usable_in_the_smallest_terminal(full: Workspace, driver: Driver) -> None:
    async with driver(60, 20) as visit:
        await _find(visit, "acme", "Acme renewal 2026", "Accounts", "enter opens")
        await visit.press("down")
        await visit.type(" werke")
        await visit.settle()
        await visit.sees("Übernahme der Acme-Werke München", "shop")
