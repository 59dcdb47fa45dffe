"""Queries in tabs: kept between starts, closed and brought back, found again, saved, exported, copied."""

from __future__ import annotations

from asyncio import to_thread
from pathlib import Path

from textual.widgets import Input, TextArea

from revtops_tui.engine import queries
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.shops import connect, synced


def _text(visit: Visit) -> str:
    (shown,) = [tab for tab in visit.app.screen.query("QueryTab") if tab.display]
    return shown.query_one("#editor", TextArea).text


async def _query(visit: Visit, text: str, *keys: str) -> None:
    await visit.press("3")
    await visit.sees("Query ›")
    await visit.press("f7", "backspace")
    await visit.paste(text)
    await visit.press(*keys)


async def test_a_closed_tab_comes_back(driver: Driver) -> None:
    async with driver() as visit:
        await _query(visit, "select 'one'")
        await visit.press("ctrl+n")
        await visit.sees(" 1 local data", " 2 local data")
        await visit.paste("select 'two'")
        await visit.press("f8")
        await visit.until(lambda: _text(visit) == "select 'one'")
        await visit.press("f8", "f4")
        await visit.until(lambda: _text(visit) == "select 'one'")
        await visit.press("f4")
        await visit.until(lambda: _text(visit) == "")
        await visit.press("f9")
        await visit.until(lambda: _text(visit) == "select 'one'")
        await visit.press("f9")
        await visit.until(lambda: _text(visit) == "select 'two'")
        await visit.press("f9")
        await visit.sees("No query was closed.")


async def test_tabs_and_what_was_not_run_are_there_at_the_next_start(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await _query(visit, "select 'not run'")
        await visit.press("tab", "1", "e")
        await visit.sees("Query › Shop, live", " 2 Shop")
        await visit.paste("any word")
        await visit.until(lambda: _text(visit) == "any word")
    async with driver() as visit:
        await visit.press("3")
        await visit.sees("Query › Shop, live", "any word")
        await visit.press("f8")
        await visit.sees("Query › local data", "select 'not run'")


async def test_what_was_run_is_found_at_the_next_start(driver: Driver) -> None:
    async with driver() as visit:
        await _query(visit, "select 'maple' as tree", "f5")
        await visit.sees("maple", "1 row")
        await _query(visit, "select 'other' as tree", "f5")
        await visit.sees("other", "1 row")
        await visit.settle()
    async with driver() as visit:
        await _query(visit, "")
        await visit.settle()
        await visit.press("up")
        await visit.sees("select 'other' as tree")
        await visit.press("ctrl+r")
        await visit.sees("Queries › local data", "Earlier", "maple")
        await visit.type("mapl")
        await visit.press("enter")
        await visit.until(lambda: _text(visit) == "select 'maple' as tree")
        await visit.press("ctrl+r")
        await visit.sees("Earlier")
        await visit.type("other")
        await visit.press("f5")
        await visit.sees("1 row", "other")


async def test_saving_renaming_and_deleting(driver: Driver, ws: Workspace) -> None:
    async with driver() as visit:
        await _query(visit, "select 1 as one", "ctrl+s")
        await visit.sees("Save the query as")
        await visit.type("first")
        await visit.press("enter")
        await visit.sees("Saved as first.")
        await _query(visit, "select 2 as two", "ctrl+s")
        await visit.type("first")
        await visit.press("enter")
        await visit.sees("There is a query named first already.")
        await visit.press("right", "enter")
        await visit.until(lambda: [query.text for query in queries.saved(ws)] == ["select 2 as two"])
        await visit.press("ctrl+r")
        await visit.sees("★ first")
        await visit.press("f2")
        await visit.sees("Name of the query")
        await visit.press("end")
        await visit.type("-again")
        await visit.press("enter")
        await visit.sees("★ first-again")
        await visit.press("delete")
        await visit.sees("Delete first-again?")
        await visit.press("right", "enter")
        await visit.sees("Nothing was run or saved yet")
        assert queries.saved(ws) == []


async def test_more_rows_are_fetched_and_the_place_is_kept(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(600))
    async with driver() as visit:
        await _query(visit, "select id, name from deals", "f5")
        await visit.sees("500 of more than 500 rows")
        await visit.press("tab", "G")
        await visit.sees("500 of 500")
        await visit.press("m")
        await visit.sees("600 rows", "500 of 600")


async def test_a_record_is_opened_where_its_relations_are(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    async with driver() as visit:
        await _query(visit, "select id, name from deals order by id", "f5")
        await visit.sees("3 rows")
        await visit.press("tab", "j", "o")
        await visit.sees("Deal 2")
        await visit.until(lambda: len(visit.app.screen_stack) > 1 or "2 Data" in visit.screen)


async def test_rows_are_copied(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    async with driver() as visit:
        await _query(visit, "select name, amount from deals", "f5")
        await visit.sees("3 rows")
        await visit.press("tab", "y")
        await visit.sees("The cell name", "The column name for IN (…)", "3 rows as Markdown")
        await visit.press("4")
        await visit.until(lambda: visit.app.clipboard == "('Deal 1', 'Deal 2', 'Deal 3')")


async def test_a_picture_of_the_rows(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    async with driver() as visit:
        await _query(visit, "select name, amount from deals", "f5")
        await visit.sees("3 rows")
        await visit.press("ctrl+g")
        await visit.sees("amount by name")


async def test_an_export_has_all_rows_and_not_only_those_that_are_shown(
    driver: Driver, shop: Shop, tmp_path: Path
) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(600))
    async with driver() as visit:
        await _query(visit, "select name, amount from deals order by id", "f5")
        await visit.sees("500 of more than 500 rows")
        await visit.press("tab", "E")
        await visit.until(lambda: bool(visit.app.screen.query(Input)))
        visit.app.screen.query(Input).first().value = str(tmp_path / "all.csv")
        await visit.press("enter")
        await visit.until(lambda: (tmp_path / "all.csv").exists())
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 601
