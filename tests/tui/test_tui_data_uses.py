"""What becomes of the rows that are looked at: a file, a picture, their exchange; and where one was is found again."""

from __future__ import annotations

import csv
import re
from asyncio import to_thread
from pathlib import Path

import pytest

from revtops_tui.engine import connections, sync, traffic
from revtops_tui.engine.filters import HELP, parse
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.server import SimulatorServer
from revtops_tui.tui.app import RevtopsApp
from revtops_tui.tui.widgets.record_grid import RecordGrid
from tests.support.command_line import Shop
from tests.tui.driver import Driver, Visit
from tests.tui.shops import synced

DOCS = Path(__file__).parent.parent.parent / "docs"
DEALS = [
    {"source_id": str(n), "name": f"Deal {n}", "amount": n * 100, "stage": "won" if n % 2 else "open"}
    for n in range(50)
]


async def _open_deals(visit: Visit) -> None:
    await visit.press("2")
    await visit.sees("Tables", "Deals")
    await visit.press("slash", *"deals", "enter", "enter")
    await visit.sees("name", "amount", "1 of")


async def _filter(visit: Visit, text: str, *seen: str) -> None:
    await visit.press("slash")
    await visit.type(text)
    await visit.press("enter")
    await visit.sees(*seen)


# -- a file, a picture -------------------------------------------------------------------------------------------------


async def test_what_is_exported_is_what_is_shown(driver: Driver, shop: Shop, tmp_path: Path) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver() as visit:
        await _open_deals(visit)
        await _filter(visit, "stage:won amount:>=4500", "1 of 3")
        await visit.press("l", "s", "s")
        await visit.sees("amount ▼")
        await visit.press("c")
        await visit.sees("● name")
        await visit.press("J", "enter", "E")
        await visit.sees("Export Deals")
        await visit.press("enter")
        await visit.sees("Wrote 3 rows to ~/deals.csv")
    with (tmp_path / "deals.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:3] == ["amount", "name", "stage"]
    assert [row[:3] for row in rows[1:]] == [
        ["4900.0", "Deal 49", "won"],
        ["4700.0", "Deal 47", "won"],
        ["4500.0", "Deal 45", "won"],
    ]


async def test_the_rows_that_are_shown_are_drawn(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver(120, 40) as visit:
        await _open_deals(visit)
        await _filter(visit, "stage:won amount:>=4500", "1 of 3")
        await visit.press("p")
        await visit.sees("Deal 45", "Deal 49", "█")
        assert "Deal 43" not in visit.screen


# -- the row under the cursor ------------------------------------------------------------------------------------------


@pytest.fixture
def hubspot_synced(ws: Workspace, hubspot: SimulatorServer) -> Workspace:
    connections.connect(ws, "hubspot", {"access_token": "simulated-token"}, base_url=hubspot.url)
    assert sync.sync(ws)[0].status == "success"
    return ws


async def test_t_leads_to_the_exchange_that_brought_the_row(driver: Driver, hubspot_synced: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open_deals(visit)
        row = visit.app.screen.query_one(RecordGrid).current_row
        assert row is not None
        brought = traffic.exchanges_of_record(hubspot_synced, "deals", row[0]).exchanges
        assert any("/crm/v3/objects/deals" in one.url for one in brought)
        await visit.press("t")
        await visit.sees(f"record:deals/{row[0]}", f"1 of {len(brought)}", f"#{brought[0].id} ")


async def test_o_opens_the_record_at_the_vendor(driver: Driver, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(RevtopsApp, "open_url", lambda _, url, **__: opened.append(url))  # a browser of the machine's
    deals = [
        {"source_id": "1", "name": "One", "url": "https://shop.example/1"},
        {"source_id": "2", "name": "Two", "url": "file:///etc/passwd"},
    ]
    await to_thread(synced, driver.ws, shop, deals=deals)
    async with driver() as visit:
        await _open_deals(visit)
        await visit.press("o", "j", "o")
        await visit.sees("This record carries no address of the web.")
    assert opened == ["https://shop.example/1"]


async def test_a_date_that_is_not_known_is_a_date(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=[{"source_id": "1", "name": "One", "close_date": None}])
    async with driver() as visit:
        await _open_deals(visit)
        await visit.press("enter")
        await visit.sees("close_date")
        (line,) = (line for line in visit.screen.splitlines() if "close_date" in line)
        assert re.search(r"close_date\s+date\b", line)


# -- where one was -----------------------------------------------------------------------------------------------------


async def test_the_workspace_the_table_and_its_filter_are_found_again(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, accounts=[{"source_id": "a", "name": "Acme"}], deals=DEALS)
    async with driver() as visit:
        await _open_deals(visit)
        await _filter(visit, "stage:won", "1 of 25")
    async with driver() as visit:
        await visit.sees("Deals · stage:won", "1 of 25", "Tables")


async def test_the_connection_and_its_side_are_found_again(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver(120, 40) as visit:
        await visit.press("slash", *"slack", "enter", "escape")
        await visit.sees("Can be added")
        await visit.press("slash", *"shop", "enter", "escape", "right_square_bracket")
        await visit.sees("It is synced when you say so.")
    async with driver(120, 40) as visit:
        await visit.sees("It is synced when you say so.", "Shop")


async def test_who_types_at_once_stays_where_the_keys_belong(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver() as visit:
        await visit.press("2")
        await visit.sees("Tables")
    app = driver.app()
    async with app.run_test(size=(100, 30)) as pilot:
        visit = Visit(app, pilot)
        await visit.press("slash", *"slack", "enter")
        await visit.until(lambda: app.is_open)
        await visit.settle()
        await visit.sees("Slack")
        assert app.tab == "connectors"


# -- the language of filters -------------------------------------------------------------------------------------------


async def test_f2_tells_how_a_filter_is_written_also_in_a_small_terminal(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=DEALS)
    async with driver(60, 20) as visit:
        await _open_deals(visit)
        await visit.press("slash")
        await visit.type("stage")
        await visit.sees("f2 more")
        await visit.press("f2")
        await visit.sees("Which rows?", "stage:=won", "the column is it")
        await visit.press("escape")
        await visit.type(":won")
        await visit.sees("1 of 25")


def test_every_word_of_the_language_is_understood_and_in_the_manual() -> None:
    types = {"stage": "TEXT", "name": "TEXT", "amount": "FLOAT", "close_date": "TEXT"}
    manual = (DOCS / "data.md").read_text(encoding="utf-8")
    for word in HELP:
        (clause,) = parse(word, types).clauses
        assert clause
        assert f"| `{word}` |" in manual
