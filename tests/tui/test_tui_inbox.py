"""Deciding about what waits, and looking at events, by keyboard; who asks does so from outside the app."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Mapping
from typing import Any

import pytest

from revtops_tui.engine import approvals, inbox
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import Shop
from tests.tui.driver import Driver, Visit
from tests.tui.shops import ask, connect, hang_bell, ring

UPDATE = {"id": "7", "amount": 12.5}


@pytest.fixture
def connected(ws: Workspace, shop: Shop) -> Workspace:
    """A connected shop."""
    connect(ws, shop)
    return ws


@pytest.fixture
def bell(ws: Workspace, shop: Shop) -> Workspace:
    """A connected bell."""
    hang_bell(ws)
    return ws


async def _open(visit: Visit) -> None:
    await visit.press("4")
    await visit.sees("Approvals", "Events")


async def _asked(visit: Visit, kind: str, name: str, data: Mapping[str, Any], reason: str = "") -> int:
    asked = await to_thread(ask, visit.app.ws, kind, name, data, reason)
    await visit.sees("Inbox (1)", "Waiting")
    return asked


async def test_a_request_appears_at_once_and_is_approved(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _open(visit)
        await visit.sees("Nothing waits.", "Nothing has come yet")
        asked = await _asked(visit, "write", "update_deal", UPDATE, "The customer agreed.")
        await visit.sees("An agent asks", "update_deal", "The customer agreed.", "12.5", "expires")
        await visit.press("a")
        await visit.sees("✓ Done", "Shop answered", "written")
        await visit.press("enter")
        await visit.sees("Decided", "approved")
        await visit.until(lambda: "Inbox (" not in visit.screen)
    assert approvals.outcome(connected, asked).status == "ok"


async def test_a_toast_tells_of_a_request_wherever_one_is(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await visit.press("2")
        await visit.sees("Tables")
        await to_thread(ask, connected, "write", "update_deal", UPDATE)
        await visit.sees("An agent asks", "update_deal in shop. 4 shows it.", "Inbox (1)")


async def test_requests_that_waited_already_are_told_together(driver: Driver, connected: Workspace) -> None:
    for number in range(3):
        await to_thread(ask, connected, "write", "update_deal", {"id": str(number)})
    async with driver() as visit:
        await visit.sees("3 requests wait for approval", "Inbox (3)")


async def test_what_cannot_be_undone_is_asked_about_and_enter_alone_cancels(
    driver: Driver, connected: Workspace
) -> None:
    async with driver() as visit:
        await _open(visit)
        asked = await _asked(visit, "action", "send_message", {"text": "Deal closed!"})
        await visit.press("a")
        await visit.sees("Send once", "it cannot be taken back", "Deal closed!")
        await visit.press("enter")
        await visit.until(lambda: "Send once" not in visit.screen)
        assert approvals.find(connected, asked).status == "waiting"
        await visit.press("a")
        await visit.sees("Send once")
        await visit.press("right", "enter")
        await visit.sees("✓ Done", "sent")
    assert approvals.outcome(connected, asked).result == {"sent": "Deal closed!"}


async def test_a_request_is_rejected_with_a_note(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _open(visit)
        asked = await _asked(visit, "write", "update_deal", UPDATE)
        await visit.press("x")
        await visit.sees("Reject this request?")
        await visit.type("ask Ada first")
        await visit.press("enter")
        await visit.sees("rejected", "Not allowed", "ask Ada first")
    rejected = approvals.outcome(connected, asked)
    assert (rejected.status, rejected.note) == ("denied", "ask Ada first")


async def test_a_question_left_with_esc_decides_nothing(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _open(visit)
        asked = await _asked(visit, "write", "update_deal", UPDATE)
        await visit.press("x", "n", "o", "escape")
        await visit.until(lambda: "Reject this request?" not in visit.screen)
        assert approvals.find(connected, asked).status == "waiting"


async def test_a_request_is_edited_then_approved(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _open(visit)
        asked = await _asked(visit, "write", "update_deal", {**UPDATE, "stage": "open"})
        await visit.press("e")
        await visit.sees("Shop › update_deal", "12.5", "Id *")
        await visit.press("tab", "end", "backspace", "backspace", "x", "9", "ctrl+s")  # no letter gets into a number
        await visit.sees("129", "Send")
        await visit.press("enter")
        await visit.sees("✓ Done")
    assert approvals.outcome(connected, asked).result == {"written": {"id": "7", "amount": 129, "stage": "open"}}


async def test_an_unknown_outcome_says_what_to_check(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _open(visit)
        await _asked(visit, "action", "lose_answer", {})
        await visit.press("a")
        await visit.sees("Send once")
        await visit.press("right", "enter")
        await visit.sees("Nobody knows whether it was done", "Look in the other system whether it happened")
        await visit.press("enter")
        await visit.sees("Decided", "unknown", "Look in the other system")


async def test_a_refused_write_says_why(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _open(visit)
        await _asked(visit, "write", "fail", {})
        await visit.press("a")
        await visit.sees("✗ Not done", "The shop does not want that.", "Ask for something else.")


async def test_what_was_decided_elsewhere_is_not_sent_again(driver: Driver, connected: Workspace) -> None:
    async with driver() as visit:
        await _open(visit)
        asked = await _asked(visit, "action", "send_message", {"text": "once"})
        await visit.press("a")
        await visit.sees("Send once")
        await to_thread(approvals.reject, connected, asked, decided_by="Ada", note="No.")
        await visit.press("right", "enter")
        await visit.sees("Nothing was sent.", "does not wait any more")


async def test_an_event_is_looked_at_and_replayed(driver: Driver, bell: Workspace) -> None:
    await to_thread(ring, bell, "visitor.came", name="Ada", wants={"coffee": True})
    before = inbox.events(bell)[0].handled_at
    async with driver() as visit:
        await _open(visit)
        await visit.sees("visitor.came", "from Bell", "handled", "Payload", "coffee")
        await visit.press("p")
        await visit.sees("Handled.")
    after = inbox.events(bell)[0].handled_at
    assert before is not None
    assert after is not None
    assert after > before


async def test_an_event_appears_while_one_looks(driver: Driver, bell: Workspace) -> None:
    async with driver() as visit:
        await _open(visit)
        await visit.sees("None came.")
        await to_thread(ring, bell, "parcel.left")
        await visit.sees("parcel.left")
        await visit.press("tab")
        await visit.sees("from Bell", "handled")


async def test_events_are_filtered(driver: Driver, bell: Workspace) -> None:
    await to_thread(ring, bell, "visitor.came")
    await to_thread(ring, bell, "parcel.left")
    async with driver() as visit:
        await _open(visit)
        await visit.sees("visitor.came", "parcel.left")
        await visit.press("slash", *"parcel")
        await visit.until(lambda: "visitor.came" not in visit.screen)
        await visit.sees("parcel.left")


async def test_an_event_that_could_not_be_handled_says_why_also_when_it_is_replayed(
    driver: Driver, bell: Workspace
) -> None:
    await to_thread(ring, bell, "bell.torn")
    async with driver() as visit:
        await _open(visit)
        await visit.sees("bell.torn", "Nobody hears a torn rope.", "failed", "again")
        await visit.press("p")
        await visit.until(lambda: visit.screen.count("Nobody hears a torn rope.") == 2)  # the second one is the toast
