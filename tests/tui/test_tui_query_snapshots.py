"""The query workspace in each of its states."""

from __future__ import annotations

import pytest

from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import Shop
from tests.tui.driver import Visit
from tests.tui.pictures import SIZES, Compare, picture
from tests.tui.shops import hold_times_still, synced
from tests.tui.test_tui_snapshots import ACCOUNTS, DEALS

STAGES = """\
select d.stage, count(*) as deals, round(sum(d.amount)) as amount  -- what is open, and what was won
from deals d
where d.amount > 1250.5 and d.name like 'Re%'
group by d.stage"""


@pytest.fixture
def full(ws: Workspace, shop: Shop) -> Workspace:
    """A connected, synced shop."""
    synced(ws, shop, accounts=ACCOUNTS, deals=DEALS, answer={"owner": {"name": "Ada"}, "tags": ["a", "b"]})
    hold_times_still(ws)
    return ws


async def _query(visit: Visit, text: str, *keys: str) -> None:
    await visit.press("3")
    await visit.sees("Query ›")
    await visit.settle()
    await visit.press("f7", "backspace")
    await visit.paste(text)
    await visit.press(*keys)


@SIZES
def test_before_anything_is_asked(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _query(visit, "")
        await visit.sees("select stage, count(*)")

    assert picture(compare, full, size, walk)


@SIZES
def test_what_may_come_next(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _query(visit, STAGES)
        await visit.type(" order by d")
        await visit.settle()
        await visit.type(".")
        await visit.sees("close_date")
        await visit.press("down", "down")

    assert picture(compare, full, size, walk)


@SIZES
def test_rows(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _query(visit, STAGES, "f5")
        await visit.sees("1 row", "won")
        await visit.press("tab")

    assert picture(compare, full, size, walk)


@SIZES
def test_no_rows(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _query(visit, "select * from deals where amount < 0", "f5")
        await visit.sees("The query gave no rows.")

    assert picture(compare, full, size, walk)


@SIZES
def test_a_mistake(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _query(visit, STAGES.replace("d.amount >", "d.amuont >"), "f5")
        await visit.sees("no such column", "Did you mean amount?")

    assert picture(compare, full, size, walk)


@SIZES
def test_tables_beside_the_query(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _query(visit, STAGES, "f5")
        await visit.sees("1 row", "won")
        await visit.press("f3")
        await visit.sees("deals", "240")
        await visit.press("slash", *"deals", "enter", "right", "j")
        await visit.sees("▾ deals", "amount")

    assert picture(compare, full, size, walk)


@SIZES
def test_an_answer_that_is_no_table_in_a_second_tab(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _query(visit, "select 1")
        await visit.press("tab", "1")
        await visit.sees("Last runs")
        await visit.press("e")
        await visit.sees("Query › Shop, live", " 2 Shop")
        await visit.paste("anything")
        await visit.press("f5")
        await visit.sees("Answer from Shop", '"Ada"')

    assert picture(compare, full, size, walk)


@SIZES
def test_saved_queries_and_the_history(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    from revtops_tui.engine import queries

    queries.save(full, "stages", STAGES)
    queries.save(full, "owner", "anything", connection="shop")
    for text in ("select * from accounts", "select name, amount\nfrom deals\norder by amount desc"):
        queries.remember(full, None, text)

    async def walk(visit: Visit) -> None:
        await _query(visit, "", "ctrl+r")
        await visit.sees("Saved", "Earlier")
        await visit.type("a")
        await visit.press("down")

    assert picture(compare, full, size, walk)


@SIZES
def test_no_history_yet(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _query(visit, "", "ctrl+r")
        await visit.sees("Nothing was run or saved yet")

    assert picture(compare, full, size, walk)


@SIZES
def test_what_can_be_copied(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _query(visit, "select name, amount from deals order by amount desc limit 3", "f5")
        await visit.sees("3 rows")
        await visit.press("tab", "y")
        await visit.sees("The cell name")

    assert picture(compare, full, size, walk)


LIVE = {
    "columns": ["id", "customer", "total"],
    "rows": [[n, f"Customer {n}", n * 99.5] for n in range(1, 13)],
    "truncated": True,
    "notice": "There is more: the first 12 orders are shown; say which.",
}


@SIZES
def test_a_live_query(compare: Compare, full: Workspace, shop: Shop, size: tuple[int, int]) -> None:
    shop.change(answer=LIVE)

    async def walk(visit: Visit) -> None:
        await visit.press("e")
        await visit.sees("Query › Shop, live")
        await visit.paste("orders of this year")
        await visit.press("f5")
        await visit.sees("rows from Shop")

    assert picture(compare, full, size, walk)


@SIZES
def test_what_can_be_asked(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("e")
        await visit.sees("the file's `answer` comes back")
        await visit.settle()
        await visit.press("f2")
        await visit.sees("local data, read-only", "Shop, live")

    assert picture(compare, full, size, walk)
