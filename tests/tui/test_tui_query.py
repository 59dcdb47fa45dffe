"""Connected systems asked live, by keyboard alone: a real PostgreSQL with the CRM in it, and simulated HubSpot."""

from __future__ import annotations

from asyncio import to_thread
from pathlib import Path

import pytest

from revtops_tui.simulators.server import SimulatorServer
from tests.support.command_line import Shop
from tests.support.crm_database import PASSWORD, Crm, crm, crm_files, until
from tests.support.postgres import postgres_server
from tests.tui.driver import Driver, Visit
from tests.tui.shops import connect

__all__ = ["crm", "crm_files", "postgres_server"]  # fixtures
pytestmark = pytest.mark.xdist_group("postgres")

STAGES = "SELECT deal_stage, count(*) FROM sales_pipeline GROUP BY 1 ORDER BY 1"


async def _connect_postgres(visit: Visit, crm: Crm) -> None:
    """Connect in the app's form, and be in the query editor afterwards."""
    await visit.press("slash", *"postgres", "enter", "enter")
    await visit.sees("Connect Customer Postgres", "Database host *")
    await visit.paste(crm.server.host)
    await visit.press("tab", "end", "ctrl+u")
    await visit.paste(str(crm.server.port))
    for value in ("sales", "reader", PASSWORD):
        await visit.press("tab")
        await visit.paste(value)
    await visit.press("tab", "tab", "tab", "end", "ctrl+u")
    await visit.paste("3600")  # so that no statement ends by itself while a test waits for its end
    await visit.press("f5")
    await visit.sees("● Customer Postgres", "Connected as reader on 127.0.0.1")
    await visit.press("e")
    await visit.sees("Query › Customer Postgres, live", "reader on 127.0.0.1", "One SQL statement in PostgreSQL's")


async def _run(visit: Visit, query: str) -> None:
    await visit.press("f7", "backspace")
    await visit.paste(query)
    await visit.press("f5")


async def _choose(visit: Visit, name: str) -> None:
    """Choose what is asked."""
    await visit.press("f2")
    await visit.sees("↑ ↓ choose")
    await visit.press("slash", *name, "enter", "enter")
    await visit.until(lambda: "↑ ↓ choose" not in visit.screen)


async def test_the_opportunities_of_the_crm(driver: Driver, crm: Crm, crm_files: Path) -> None:
    async with driver() as visit:
        await _connect_postgres(visit, crm)
        await _run(visit, STAGES)
        await visit.sees("4 rows from Customer Postgres", "deal_stage")
        for stage, count in [("Engaging", 1589), ("Lost", 2473), ("Prospecting", 500), ("Won", 4238)]:
            assert any(line.split()[1:3] == [stage, str(count)] for line in _rows(visit)), visit.screen
        await visit.press("tab", "G", "enter")
        await visit.sees("Result · 4 of 4", "Won", "4238")


def _rows(visit: Visit) -> list[str]:
    return [line.replace("▌", " ") for line in visit.screen.splitlines() if line.startswith("│")]


async def test_more_rows_than_come_are_said_with_what_to_do(driver: Driver, crm: Crm, crm_files: Path) -> None:
    async with driver() as visit:
        await _connect_postgres(visit, crm)
        await _run(visit, "SELECT * FROM sales_pipeline")
        await visit.sees("1,000 of more than 1,000 rows", "add LIMIT or WHERE")


async def test_a_mistake_is_told_with_its_place(driver: Driver, crm: Crm) -> None:
    async with driver() as visit:
        await _connect_postgres(visit, crm)
        await _run(visit, "SELECT deal_stag FROM sales_pipeline")
        await visit.sees('column "deal_stag" does not exist', "line 1: SELECT deal_stag FROM", "        ^")
        await _run(visit, "DELETE FROM notes")
        await visit.until(lambda: "deal_stag" not in visit.screen and bool(visit.app.screen.query("#outcome.-wrong")))


async def test_stopping_stops_the_statement_at_the_server(driver: Driver, crm: Crm) -> None:
    async with driver() as visit:
        await _connect_postgres(visit, crm)
        await _run(visit, "SELECT pg_sleep(600)")
        await visit.sees("Running…", "esc Stop")
        await until(lambda: crm.active() == 1)
        await visit.press("escape")
        await visit.sees("The request was cancelled.")
        await until(lambda: crm.active() == 0)
        await _run(visit, "SELECT 40 + 2 AS answer")
        await visit.sees("answer", "42")


async def test_leaving_the_app_stops_the_statement(driver: Driver, crm: Crm) -> None:
    async with driver() as visit:
        await _connect_postgres(visit, crm)
        await _run(visit, "SELECT pg_sleep(600)")
        await until(lambda: crm.active() == 1)
        await visit.press("ctrl+q")
        await visit.until(lambda: not visit.app.is_running)
    await until(lambda: crm.active() == 0)


async def test_names_of_tables_and_columns_are_looked_up_and_inserted(driver: Driver, crm: Crm) -> None:
    async with driver() as visit:
        await _connect_postgres(visit, crm)
        await visit.paste("SELECT ")
        await visit.press("f3")
        await visit.sees("sales_pipeline")
        await visit.press("slash", *"stage", "enter", "right")
        await visit.sees("▾ sales_pipeline", "deal_stage")
        await visit.press("j", "enter")
        await visit.sees("SELECT deal_stage")
        await visit.paste(" FROM ")
        await visit.press("f3", "f3", "k", "enter")
        await visit.sees("SELECT deal_stage FROM public.sales_pipeline")


async def test_columns_are_completed_by_the_tables_that_are_named(driver: Driver, crm: Crm) -> None:
    async with driver() as visit:
        await _connect_postgres(visit, crm)
        await visit.paste("SELECT p. FROM sales_pipeline p")
        await visit.press("home", *["right"] * 9)
        await visit.type("x")  # the names are asked for with the first key
        await visit.until(lambda: not visit.app.workers or all(w.is_finished for w in visit.app.workers))
        await visit.press("backspace")
        await visit.type("st")
        await visit.sees("deal_stage", "text")
        await visit.press("tab")
        await visit.sees("SELECT p.deal_stage FROM sales_pipeline p")


async def test_each_target_keeps_its_text_and_its_history(driver: Driver, crm: Crm) -> None:
    async with driver() as visit:
        await _connect_postgres(visit, crm)
        await _run(visit, "SELECT 'there' AS place")
        await visit.sees("1 row from Customer Postgres")
        await _choose(visit, "local")
        await visit.sees("Query › local data, read-only", "select stage, count(*)")
        assert "AS place" not in visit.screen
        await _run(visit, "select 'here' as place")
        await visit.sees("1 row", "here")
        await visit.press("f7", "backspace", "up")
        await visit.sees("select 'here' as place")
        await _choose(visit, "customer")
        await visit.sees("SELECT 'there' AS place")


async def test_a_system_that_cannot_be_reached_is_a_sentence(driver: Driver, crm: Crm) -> None:
    async with driver() as visit:
        await _connect_postgres(visit, crm)
        crm.admin.execute("ALTER ROLE reader NOLOGIN")
        try:
            await _run(visit, STAGES)
            await visit.until(lambda: bool(visit.app.screen.query("#outcome.-wrong")))
            await visit.sees("not permitted to log in")
            await visit.press("f3")
            await visit.sees("asks again.")
        finally:
            crm.admin.execute("ALTER ROLE reader LOGIN")


async def test_hubspot_is_asked_in_its_own_words(driver: Driver, hubspot: SimulatorServer) -> None:
    async with driver() as visit:
        await visit.press("slash", *"hubspot", "enter", "enter")
        await visit.sees("Connect HubSpot")
        await visit.paste("simulated-token")
        await visit.press("tab", "tab", "tab")
        await visit.paste(hubspot.url)
        await visit.press("f5")
        await visit.sees("● HubSpot")
        await visit.press("e")
        await visit.sees("Query › HubSpot, live", "Live object search.")
        await visit.paste("deals where amount > 1000 limit 5")
        await visit.press("f5")
        await visit.sees("5 of more than 5 rows from HubSpot", "dealname")
        await visit.press("f3")
        await visit.sees("deals", "companies")


async def test_an_answer_that_is_no_table_is_shown_as_a_document(driver: Driver, shop: Shop) -> None:
    shop.change(answer={"owner": {"name": "Ada"}, "tags": ["a", "b"]})
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await visit.press("e")
        await _run(visit, "anything")
        await visit.sees("Answer from Shop", '"owner"', '"Ada"')
        shop.change(answer=[{"id": 1, "tags": ["a", "b"]}, {"id": 2}])
        await visit.press("f5")
        await visit.sees("2 rows from Shop", '["a", "b"]')


async def test_a_disconnected_system_is_not_asked_any_more(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await visit.press("e")
        await visit.sees("Query › Shop, live")
        await visit.press("tab", "1", "D")
        await visit.sees("Disconnect Shop?")
        await visit.press("right", "enter")
        await visit.sees("Disconnected.")
        await visit.press("3")
        await visit.sees("Query › local data, read-only")
