"""What of a table is looked at: conditions, columns, taking a change back, finding it so at the next start."""

from __future__ import annotations

from asyncio import to_thread

from revtops_tui.tui.panes.data.view import Layout, View, document_of, view_of
from revtops_tui.tui.widgets.record_grid import RecordGrid
from tests.support.command_line import Shop
from tests.tui.driver import Driver, Visit
from tests.tui.shops import synced

DEALS = [
    {"source_id": str(n), "name": f"Deal {n}", "amount": n * 100, "stage": "won" if n % 2 else "open"}
    for n in range(50)
]


async def _open_deals(driver: Driver, visit: Visit) -> RecordGrid:
    await visit.press("2")
    await visit.sees("Tables", "Deals")
    await visit.press("slash")
    await visit.type("deals")
    await visit.press("enter", "enter")
    await visit.sees("name", "1 of 50")
    return visit.app.screen.query_one(RecordGrid)


def _names(grid: RecordGrid) -> list[str]:
    return [column.name for column in grid.columns]


async def test_conditions_on_columns(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver() as visit:
        await _open_deals(driver, visit)
        await visit.press("slash")
        await visit.type("stage:won amount:>=4500")
        await visit.sees("Deals · stage:won · amount:>=4500", "1 of 3")


async def test_a_mistake_in_a_filter_is_told_and_the_rows_stay(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver() as visit:
        await _open_deals(driver, visit)
        await visit.press("slash")
        await visit.paste("stag:won")  # all at once: typed slowly, its beginning is a filter of its own
        await visit.sees("There is no column stag.", "1 of 50")
        await visit.press("backspace", "backspace", "backspace", "backspace")
        await visit.type("e:won")
        await visit.sees("Deals · stage:won", "1 of 25")
        assert "There is no column" not in visit.screen


async def test_undo_takes_back_the_last_change_and_redo_does_it_again(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver() as visit:
        await _open_deals(driver, visit)
        await visit.press("slash")
        await visit.type("stage:won")
        await visit.press("enter")
        await visit.sees("1 of 25")
        await visit.press("l", "s")
        await visit.sees("amount ▲")
        await visit.press("u")
        await visit.until(lambda: "amount ▲" not in visit.screen)
        await visit.sees("Deals · stage:won", "1 of 25")
        await visit.press("u")
        await visit.sees("1 of 50")
        assert "stage:won" not in visit.screen
        await visit.press("u")
        await visit.sees("Nothing to take back here.")
        await visit.press("U", "U")
        await visit.sees("Deals · stage:won", "1 of 25", "amount ▲")


async def test_columns_are_hidden_moved_and_sized(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver() as visit:
        grid = await _open_deals(driver, visit)
        before = _names(grid)
        await visit.press("c")
        await visit.sees("Deals · columns", "● name")
        await visit.press("J", "K", "J", "right", "right", "j", "space")
        await visit.sees("wide", "hidden")
        await visit.press("enter")
        await visit.until(lambda: _names(grid) != before)
        assert _names(grid)[:2] == ["amount", "name"]
        assert "stage" not in _names(grid)
        assert grid.columns[1].width == max(len(deal["name"]) for deal in DEALS) + 4  # type: ignore[arg-type]
        await visit.press("u")
        await visit.until(lambda: _names(grid) == before)
        await visit.press("U", "c")
        await visit.sees("Deals · columns")
        await visit.press("r", "enter")
        await visit.until(lambda: _names(grid) == before)


async def test_sort_and_columns_are_found_again_at_the_next_start(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver() as visit:
        await _open_deals(driver, visit)
        await visit.press("l", "s", "s")
        await visit.sees("amount ▼")
        await visit.press("c")
        await visit.sees("● name")
        await visit.press("space", "enter")
        await visit.until(lambda: "Deal 49" not in visit.screen)
    async with driver() as visit:
        await visit.press("2")
        await visit.sees("Deals")
        await visit.press("slash")
        await visit.type("deals")
        await visit.press("enter", "enter")
        await visit.sees("amount ▼", "4,900", "1 of 50")
        assert "Deal 49" not in visit.screen


async def test_a_click_on_a_column_s_name_sorts_by_it(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver() as visit:
        grid = await _open_deals(driver, visit)
        await visit.click(grid, 15, 1)
        await visit.sees("amount ▲")


async def test_after_a_reload_one_is_where_one_was(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver() as visit:
        grid = await _open_deals(driver, visit)
        await visit.press("G")
        await visit.sees("50 of 50")
        await visit.press("r")
        await visit.settle()
        assert grid.row == 49
        await visit.sees("50 of 50", "Deal 49")


def test_what_is_kept_is_read_back_and_nonsense_is_as_if_nothing_was() -> None:
    view = View("deals", "amount", True, layout=Layout(("name", "amount"), (("name", 30),)))
    assert view_of("deals", document_of(view)) == view
    for nonsense in (None, 7, [], {"sort": 3, "columns": "x", "widths": [1]}, {"widths": {"name": "wide", "x": -1}}):
        assert view_of("deals", nonsense) == View("deals")
