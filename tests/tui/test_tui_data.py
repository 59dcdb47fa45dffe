"""The data browser over a real store: tables, rows, sorting, filtering, one record."""

from __future__ import annotations

from asyncio import to_thread
from typing import Any

from revtops_tui.tui.widgets.record_grid import RecordGrid
from tests.support.command_line import Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.shops import synced

COUNT = 7_000
"""More than the store gathers in one go, and many windows."""


async def _open_deals(visit: Visit) -> RecordGrid:
    await visit.press("2")
    await visit.sees("Tables", "Deals")
    await visit.press("slash")
    await visit.type("deals")
    await visit.press("enter", "enter")
    await visit.sees("name", "amount", "1 of")
    return visit.app.screen.query_one(RecordGrid)


async def test_tables_are_listed_with_their_counts(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, accounts=[{"source_id": "1", "name": "Acme"}], deals=deals(12))
    async with driver() as visit:
        await visit.press("2")
        await visit.sees("Deals               12", "Accounts             1", "Empty", "Bookkeeping", "Acme")


async def test_an_empty_table_says_what_to_do(driver: Driver) -> None:
    async with driver() as visit:
        await visit.press("2")
        await visit.sees("No rows yet: sync a connection")


async def test_walking_to_the_end_and_back(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(COUNT))
    async with driver() as visit:
        await _open_deals(visit)
        await visit.sees(f"1 of {COUNT:,}")
        await visit.press("G")
        await visit.sees(f"{COUNT:,} of {COUNT:,}", f"Deal {COUNT} ")
        await visit.press("pageup", "pageup")
        await visit.sees(f"Deal {COUNT - 40} ")
        await visit.press("g", "j", "j")
        await visit.sees("Deal 1 ", f"3 of {COUNT:,}")


async def test_sorting_by_the_current_column_goes_up_down_and_away(driver: Driver, shop: Shop) -> None:
    some = [{"source_id": str(n), "name": f"Deal {n}", "amount": (n * 37) % 101} for n in range(50)]
    await to_thread(synced, driver.ws, shop, deals=some)
    async with driver() as visit:
        grid = await _open_deals(visit)
        await visit.press("l", "s")
        await visit.sees("amount ▲")
        assert [grid.value(row, 1) for row in range(3)] == sorted((n * 37) % 101 for n in range(50))[:3]
        await visit.press("s")
        await visit.sees("amount ▼")
        assert grid.value(0, 1) == max((n * 37) % 101 for n in range(50))
        await visit.press("s")
        await visit.until(lambda: "amount ▼" not in visit.screen)
        assert grid.value(0, 0) == "Deal 0"


async def test_filtering_shows_only_rows_that_contain_the_text(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(300))
    async with driver() as visit:
        await _open_deals(visit)
        await visit.press("slash")
        await visit.type("Deal 29")
        await visit.sees("contains “Deal 29”", "1 of 11")
        await visit.press("enter", "G")
        await visit.sees("11 of 11", "Deal 299")
        await visit.press("escape")
        await visit.sees("1 of 300")


async def test_a_filter_that_nothing_matches_says_so(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    async with driver() as visit:
        await _open_deals(visit)
        await visit.press("slash")
        await visit.type("zebra")
        await visit.sees("No row is like this: esc shows all again.")


async def test_a_record_is_shown_whole_with_its_neighbours(driver: Driver, shop: Shop) -> None:
    some: list[dict[str, Any]] = [
        {"source_id": "1", "name": "First", "custom_fields": {"region": "EMEA", "tags": ["a", "b"]}},
        {"source_id": "2", "name": "Second"},
    ]
    await to_thread(synced, driver.ws, shop, deals=some)
    async with driver() as visit:
        await _open_deals(visit)
        await visit.press("enter")
        await visit.sees("Deals · 1 of 2", "First", "region", "EMEA", "[1]", "source_system")
        await visit.press("right")
        await visit.sees("Deals · 2 of 2", "Second")
        await visit.press("escape")
        await visit.sees("2 of 2")


async def test_columns_beyond_the_edge_are_reached_with_the_keys(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    async with driver(80, 24) as visit:
        await _open_deals(visit)
        assert "synced_at" not in visit.screen
        await visit.press("end")
        await visit.sees("synced_at")
        await visit.press("home")
        await visit.sees("name", "amount")


async def test_rows_synced_while_one_looks_come_with_the_end_of_the_sync(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    async with driver() as visit:
        await _open_deals(visit)
        await visit.sees("1 of 3")
        shop.change(deals=deals(5))
        visit.app.start_sync("shop", "Shop")
        await visit.sees("1 of 5")


async def test_enter_on_a_connection_shows_a_table_that_it_brought(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, accounts=[], deals=deals(3))
    async with driver() as visit:
        await visit.press("2")
        await visit.sees("Deals", "Contacts")
        await visit.press("end", "1")
        await visit.sees("● Shop")
        await visit.press("enter")
        await visit.sees("─ Deals", "1 of 3")
