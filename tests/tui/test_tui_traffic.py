"""The traffic inspector by keyboard: followed live, filtered, taken apart, copied from, led to rows and back."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest

from revtops_tui.engine import connections, data, sync, traffic
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.server import SimulatorServer
from revtops_tui.tui.widgets.exchange_list import ExchangeList
from revtops_tui.tui.widgets.json_view import JsonView
from store.traffic import open_traffic
from tests.tui.driver import Driver, Visit
from tests.tui.traffics import AT, DEALS, HOSTILE, record, some


async def _open(visit: Visit) -> ExchangeList:
    await visit.press("5")
    await visit.sees("Traffic")
    return visit.app.screen.query_one(ExchangeList)


@pytest.fixture
def recorded(ws: Workspace) -> Workspace:
    """Six exchanges with three systems."""
    some(ws)
    return ws


async def test_nothing_recorded_says_what_to_do(driver: Driver, ws: Workspace) -> None:
    async with driver() as visit:
        await _open(visit)
        await visit.sees("Nothing was recorded yet.", "s in Connectors")


async def test_that_recording_is_off_is_said(driver: Driver, ws: Workspace) -> None:
    (ws.home / "settings.toml").write_text("[traffic]\nrecord = false\n")
    async with driver() as visit:
        await _open(visit)
        await visit.sees("Traffic is not recorded")


async def test_every_side_of_an_exchange(driver: Driver, recorded: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open(visit)
        await visit.sees("1 of 6", "#6 POST no answer · 30 s · waited 2.5 s", "no answer within 30 s")
        await visit.press("j")
        await visit.sees('"ok": true', "⚠ 09:25:20")
        await visit.press("right_square_bracket")
        await visit.sees('"text": "Deal closed!"')
        await visit.press("right_square_bracket")
        await visit.sees("authorization", "***", "Answered")
        await visit.press("right_square_bracket")
        await visit.sees("It may have changed something there.", "ledger 7", "The answer states no limit.")
        await visit.press("right_curly_bracket")
        await visit.sees("curl -X POST https://slack.com/api/chat", "Bearer $AUTHORIZATION")
        await visit.press("left_square_bracket")
        await visit.sees("It may have changed something there.")


async def test_the_attempts_of_a_request_stand_together(driver: Driver, recorded: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open(visit)
        await visit.sees("└ again after 10 s", "└ again after 1.2 s")
        await visit.press("j", "j", "left_square_bracket", "left_square_bracket")
        await visit.sees("3 attempts", "10 s waiting, 200 ms", "x-hubspot-ratelimit-remaining")


async def test_new_exchanges_come_by_themselves_and_the_cursor_stays(driver: Driver, recorded: Workspace) -> None:
    async with driver(120, 40) as visit:
        items = await _open(visit)
        await visit.sees("1 of 6")
        await visit.press("j")
        await visit.sees("2 of 6")
        record(recorded, replace(DEALS, call=9, started_at=AT + dt.timedelta(minutes=1)))
        await visit.sees("3 of 7", "09:26:00")
        assert items.current == 5
        await visit.press("g")
        record(recorded, replace(DEALS, call=10))
        await visit.sees("1 of 8")
        assert items.current == 8
        await visit.press("F")
        await visit.sees("paused")
        record(recorded, replace(DEALS, call=11))
        await visit.press("F")
        await visit.sees("1 of 9")


async def test_a_filter_shows_what_it_says_and_esc_shows_all(driver: Driver, recorded: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open(visit)
        await visit.press("slash")
        await visit.sees("Which exchanges?", "means the same, and finds errors too")
        await visit.type("err status:429")
        await visit.press("enter")
        await visit.sees("1 of 1", "/err status:429", "secondly limit")
        await visit.press("escape")
        await visit.sees("1 of 6")
        await visit.press("slash")
        await visit.type("status:red")
        await visit.press("enter")
        await visit.sees("red is no status")


async def test_a_mark_is_set_and_found(driver: Driver, recorded: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open(visit)
        await visit.sees("1 of 6")
        await visit.press("j")
        await visit.sees('"ok": true')
        await visit.press("m")
        await visit.sees("★ 09:25:20")
        await visit.app.show_traffic("marked")
        await visit.sees("1 of 1", "★ 09:25:20")


async def test_a_body_is_looked_at_and_left_again(driver: Driver, recorded: Workspace) -> None:
    async with driver(80, 24) as visit:
        await _open(visit)
        await visit.press("G")
        await visit.sees('"results": [')
        await visit.press("enter", "j", "j", "j")
        assert visit.app.screen.query_one(JsonView).path == "$.results[0].id"
        await visit.press("escape", "k")
        await visit.sees("5 of 6")


async def test_on_a_narrow_terminal_one_side_is_shown_at_a_time(driver: Driver, recorded: Workspace) -> None:
    async with driver(60, 20) as visit:
        await _open(visit)
        await visit.sees("1 of 6", "09:25:20")
        await visit.press("j", "enter")
        await visit.sees('"ok": true')
        assert "09:25:20" not in visit.screen
        await visit.press("escape")
        await visit.sees("2 of 6")


async def test_it_is_copied_as_curl_without_a_secret(driver: Driver, recorded: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open(visit)
        await visit.sees("1 of 6")
        await visit.press("G")
        await visit.sees('"results": [')
        copied: list[tuple[str, str]] = []
        visit.app.copy = lambda text, what: copied.append((text, what))  # type: ignore[method-assign]
        await visit.press("y")
        await visit.until(lambda: bool(copied))
    assert copied[0][1] == "curl command"
    assert copied[0][0].startswith("curl ")
    assert "***" not in copied[0][0]


async def test_hostile_text_changes_nothing_but_its_own_line(driver: Driver, ws: Workspace) -> None:
    body = json.dumps({"name": HOSTILE, "long": "y" * 3_000_000}).encode()
    record(
        ws,
        replace(DEALS, call=1, url=f"https://shop.example/{HOSTILE}", entity=HOSTILE, response_body=body),
        replace(DEALS, call=2, status=None, error=HOSTILE, response_body=None, response_headers={HOSTILE: HOSTILE}),
        replace(DEALS, call=3, response_body=HOSTILE.encode() + b"\0" * 9, response_headers={"content-type": "x/y"}),
    )
    async with driver(120, 40) as visit:
        await _open(visit)
        await visit.sees("1 of 3")
        for _ in range(3):
            for _ in range(5):
                await visit.press("right_square_bracket")
                await visit.settle()
                assert not set("\x1b\x00\u202e\u200b") & set(visit.screen)
            await visit.press("j")
        await visit.sees("[@click=app.quit]x[/]")
        assert all("│" in line for line in visit.screen.splitlines()[3:38])


@pytest.fixture
def synced(ws: Workspace, hubspot: SimulatorServer) -> Workspace:
    """A HubSpot account that was synced, its traffic recorded."""
    connections.connect(ws, "hubspot", {"access_token": "simulated-token"}, base_url=hubspot.url)
    assert sync.sync(ws)[0].status == "success"
    return ws


async def test_from_an_exchange_to_its_rows(driver: Driver, synced: Workspace) -> None:
    ws = synced
    row_id, source_id, name = data.sql(ws, "select id, source_id, name from deals limit 1").rows[0]
    listing = next(
        one for one in traffic.exchanges_of_record(ws, "deals", row_id).exchanges if "/objects/deals" in one.url
    )
    async with driver(120, 40) as visit:
        await _open(visit)
        await visit.app.show_traffic(f"record:deals/{row_id} path:/objects/deals")
        await visit.sees(f"#{listing.id} GET 200")
        await visit.press("o")
        await visit.sees(f"Rows that came with #{listing.id}", "Deals")
        await visit.press("slash", *source_id, "enter", "enter")
        await visit.sees(name.split(" - ")[0], source_id, "Relations")


async def test_a_hundred_thousand_exchanges_are_walked_through(driver: Driver, ws: Workspace) -> None:
    some(ws)
    with_many = open_traffic(ws.home / "traffic.db")
    columns = [row[1] for row in with_many.execute("PRAGMA table_info(exchanges)") if row[1] not in ("id", "chain")]
    listed = ", ".join(columns)
    with_many.execute(
        f"WITH RECURSIVE n(i) AS (SELECT 7 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
        f"INSERT INTO exchanges (id, chain, {listed}) SELECT i, i, {listed} FROM n, exchanges WHERE exchanges.id = 1"
    )
    with_many.close()
    async with driver(120, 40) as visit:
        items = await _open(visit)
        await visit.sees("1 of 100,000")
        await visit.press("G")
        await visit.sees("100,000 of 100,000", "#1 GET 200")
        await visit.press("pageup", "pageup")
        assert items.row < 99_950
