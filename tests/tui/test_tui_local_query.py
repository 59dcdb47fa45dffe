"""The local data asked in SQL, in the workspace for queries."""

from __future__ import annotations

from asyncio import to_thread

from tests.support.command_line import Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.shops import synced

ENDLESS = "with recursive n(x) as (select 1 union all select x + 1 from n) select max(x) from n"


async def _run(visit: Visit, query: str, key: str = "f5") -> None:
    await visit.press("3")
    await visit.sees("read-only")
    await visit.press("f7", "backspace")
    await visit.paste(query)
    await visit.press(key)


async def test_a_query_runs_and_its_rows_open(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(10))
    async with driver() as visit:
        await _run(visit, "select name, amount from deals order by amount desc", "ctrl+j")
        await visit.sees("10 rows", "Deal 10", "1,000.00")
        await visit.press("tab", "j", "enter")
        await visit.sees("Result · 2 of 10", "Deal 9")


async def test_more_rows_than_are_shown_are_said(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(600))
    async with driver() as visit:
        await _run(visit, "select * from deals")
        await visit.sees("500 of more than 500 rows")


async def test_a_mistake_is_a_sentence_under_the_editor(driver: Driver) -> None:
    async with driver() as visit:
        await _run(visit, "selec 1")
        await visit.sees("syntax error")


async def test_writing_is_refused(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    async with driver() as visit:
        await _run(visit, "delete from deals")
        await visit.until(lambda: "-wrong" in visit.app.screen.query_one("#outcome").classes)
        await _run(visit, "select count(*) as n from deals")
        await visit.sees("1 row", "3")


async def test_a_query_without_end_is_stopped(driver: Driver) -> None:
    async with driver() as visit:
        await _run(visit, ENDLESS)
        await visit.sees("Running…", "esc Stop")
        await visit.press("escape")
        await visit.until(lambda: "Running" not in visit.screen and "Stopping" not in visit.screen)
        await _run(visit, "select 40 + 2 as answer")
        await visit.sees("answer", "42")


async def test_leaving_does_not_wait_for_a_query_without_end(driver: Driver) -> None:
    async with driver() as visit:
        await _run(visit, ENDLESS)
        await visit.sees("Running…")
        await visit.press("ctrl+q")
        await visit.until(lambda: not visit.app.is_running)


async def test_earlier_queries_come_back(driver: Driver) -> None:
    async with driver() as visit:
        await _run(visit, "select 1 as one")
        await visit.sees("one")
        await _run(visit, "select 2 as two")
        await visit.sees("two")
        await visit.press("up")
        await visit.sees("select 1 as one")
        await visit.press("down")
        await visit.sees("select 2 as two")
