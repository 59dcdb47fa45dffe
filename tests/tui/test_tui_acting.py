"""Writing to a system and acting in it, from its connection, by keyboard: chosen, filled in, looked over, sent."""

from __future__ import annotations

from asyncio import to_thread

import pytest

from revtops_tui.engine import approvals, data
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import Shop
from tests.tui.driver import Driver, Visit
from tests.tui.shops import connect


@pytest.fixture
def connected(ws: Workspace, shop: Shop) -> Workspace:
    """A connected shop."""
    connect(ws, shop)
    return ws


async def _choose(visit: Visit, name: str) -> None:
    await visit.press("w")
    await visit.sees("update_deal", "send_message", "It takes")
    await visit.press("slash", *name, "enter", "enter")
    await visit.sees(f"Shop › {name}")


def _sent(ws: Workspace) -> list[tuple[object, ...]]:
    return [tuple(row) for row in data.sql(ws, "select operation, arguments, requested_by, status from ledger").rows]


async def test_a_record_is_written_from_the_form(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _choose(visit, "update_deal")
        await visit.sees("Id *", "The deal's id", "New amount")
        await visit.type("D-7")
        await visit.press("tab", *"12.5", "f5")
        await visit.sees("D-7", "12.5", "Cancel", "Send")
        await visit.press("enter")
        await visit.sees("✓ Done", "ledger", "written")
        await visit.press("enter")
        await visit.until(lambda: "›" not in visit.screen)
    assert _sent(connected) == [("update_deal", '{"id": "D-7", "amount": 12.5}', "person", "ok")]


async def test_a_message_is_sent_only_when_that_is_said_twice(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _choose(visit, "send_message")
        await visit.type("Deal closed!")
        await visit.press("ctrl+s")
        await visit.sees("Send once", "it cannot be taken back")
        await visit.press("enter")  # a stray one goes back to the form, which still has what was typed
        await visit.until(lambda: "Send once" not in visit.screen)
        await visit.sees("Deal closed!")
        assert _sent(connected) == []
        await visit.press("ctrl+s")
        await visit.sees("Send once")
        await visit.press("right", "enter")
        await visit.sees("✓ Done", "Shop answered")
    assert _sent(connected) == [("send_message", '{"text": "Deal closed!"}', "person", "ok")]


async def test_what_is_missing_is_said_beneath_its_field(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _choose(visit, "send_message")
        await visit.press("ctrl+s")
        await visit.sees("Required.")
        await visit.press("h", "i")
        await visit.until(lambda: "Required." not in visit.screen)


async def test_a_mistyped_value_is_said_when_its_field_is_left(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _choose(visit, "update_deal")
        await visit.press("tab", *"1.2.3", "tab")
        await visit.sees("It must be a number")


async def test_a_form_left_with_esc_keeps_what_was_typed(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _choose(visit, "send_message")
        await visit.type("half a sentence")
        await visit.press("escape")
        await visit.until(lambda: "›" not in visit.screen)
        await visit.press("enter")  # it is still under the cursor
        await visit.sees("half a sentence")


async def test_what_the_system_refuses_is_said_with_what_to_do(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _choose(visit, "fail")
        await visit.sees("It takes nothing.")
        await visit.press("enter")
        await visit.sees("Send")
        await visit.press("enter")
        await visit.sees("✗ Not done", "The shop does not want that.", "Ask for something else.")


async def test_what_the_policy_lets_wait_is_said_to_wait(driver: Driver, connected: Workspace) -> None:
    await to_thread(approvals.set_policy, connected, "shop", "update_deal", "person", "ask")
    async with driver() as visit:
        await _choose(visit, "update_deal")
        await visit.press("7", "f5")
        await visit.sees("Send")
        await visit.press("enter")
        await visit.sees("Waits for approval", "nothing was sent yet")
        await visit.press("enter", "escape")
        await visit.sees("Inbox (1)")


async def test_a_connector_that_only_listens_offers_nothing_to_do(driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        await visit.sees("Welcome")
        await visit.press("w")
        await visit.settle()
        assert "It takes" not in visit.screen
