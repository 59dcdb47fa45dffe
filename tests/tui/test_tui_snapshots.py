"""Every main state as a picture, at the smallest size that is promised and at a comfortable one.

After a change that is meant: `pytest tests/tui --snapshot-update`, and look at the pictures before they are committed.
"""

from __future__ import annotations

import pytest

from connectors.http import BudgetLeft
from revtops_tui.engine.sync import EntityProgress, Progress
from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.shell.jobs import SyncJob
from tests.support.command_line import Shop
from tests.tui.driver import Visit
from tests.tui.pictures import SIZES, Compare, picture
from tests.tui.shops import hold_times_still, synced

ACCOUNTS = [
    {"source_id": "1", "name": "Acme", "domain": "acme.example"},
    {"source_id": "2", "name": "Globex", "domain": "globex.example"},
]
DEALS = [
    {
        "source_id": str(n),
        "name": f"{name} {n}",
        "amount": 1250.5 * n,
        "stage": stage,
        "close_date": f"2026-0{n % 9 + 1}-15",
        "created_date": f"2026-01-{n % 28 + 1:02}T08:30:00Z",
        "custom_fields": {"region": "EMEA", "score": n},
    }
    for n in range(1, 241)
    for name, stage in [("Renewal", "won") if n % 3 else ("Rollout", "open")]
]


@pytest.fixture
def full(ws: Workspace, shop: Shop) -> Workspace:
    """A connected, synced shop, and a connector that is broken."""
    (ws.home / "connectors" / "torn.py").write_text("import nothing_of_this_name\n")
    synced(ws, shop, accounts=ACCOUNTS, deals=DEALS)
    hold_times_still(ws)
    return ws


async def _stay(visit: Visit) -> None:
    await visit.settle()


@SIZES
def test_first_start(compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int]) -> None:
    assert picture(compare, ws, size, _stay)


@SIZES
def test_a_connector_that_can_be_added(compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("slash", "s", "h", "o", "p", "enter")
        await visit.sees("It asks for")

    assert picture(compare, ws, size, walk)


@SIZES
def test_the_form(compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("slash", "s", "h", "o", "p", "enter", "enter")
        await visit.sees("Connect Shop")
        await visit.press("x", "f5")
        await visit.sees("Required.")

    assert picture(compare, ws, size, walk)


@SIZES
def test_a_connection(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.sees("Last runs")

    assert picture(compare, full, size, walk)


@SIZES
def test_a_broken_connector(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("G")
        await visit.sees("This connector cannot be used")

    assert picture(compare, full, size, walk)


@SIZES
def test_a_sync_under_way(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    entities = {
        "accounts": EntityProgress("done", 1204, 12, 3, 1189, 0, 0, 1204, None),
        "deals": EntityProgress("running", 57_300, 2310, 41, 54_949, 0, 2, 91_300, None),
        "contacts": EntityProgress("running", 18_204, 18_204, 0, 0, 0, 0, None, None),
        "goals": EntityProgress("failed", 0, 0, 0, 0, 0, 0, None, "The token may not read goals."),
        "activities": EntityProgress("waiting", 0, 0, 0, 0, 0, 0, None, None),
    }

    async def walk(visit: Visit) -> None:
        job = SyncJob("shop", "Shop")
        job.see(Progress("shop", "default", entities, 214, "rate limit: 3 s", 72.0, False, BudgetLeft(0, 3.0, 100)))
        visit.app.jobs.running["shop"] = job
        visit.app.show_progress()
        await visit.sees("rate limit: 3 s")

    assert picture(compare, full, size, walk)


@SIZES
def test_the_question_before_disconnecting(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("D")
        await visit.sees("Disconnect Shop?")

    assert picture(compare, full, size, walk)


@SIZES
def test_help(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("question_mark")
        await visit.sees("Keys", "Here")

    assert picture(compare, full, size, walk)


async def _open_deals(visit: Visit) -> None:
    await visit.press("2")
    await visit.sees("Deals", "240")
    await visit.press("j", "enter")
    await visit.sees("1 of 240")


@SIZES
def test_rows(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _open_deals(visit)
        await visit.press("l", "s")
        await visit.sees("amount ▲")

    assert picture(compare, full, size, walk)


@SIZES
def test_filtered_rows(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _open_deals(visit)
        await visit.press("slash")
        await visit.paste("rollout")
        await visit.sees("1 of 80")

    assert picture(compare, full, size, walk)


@SIZES
def test_an_empty_table(compare: Compare, ws: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("2")
        await visit.sees("No rows yet", "Bookkeeping")

    assert picture(compare, ws, size, walk)


@SIZES
def test_a_record(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _open_deals(visit)
        await visit.press("enter")
        await visit.sees("region")

    assert picture(compare, full, size, walk)


@SIZES
def test_a_result(compare: Compare, full: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.press("3")
        await visit.paste("select stage, count(*) as deals, sum(amount) as total from deals group by stage")
        await visit.press("f5")
        await visit.sees("2 rows")

    assert picture(compare, full, size, walk)
