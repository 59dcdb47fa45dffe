"""The inbox, and writing or acting from a connection, as pictures; see `test_tui_snapshots`.

What is asked for expires by the machine's clock, so here the app's clock stands five minutes after that was asked.
"""

from __future__ import annotations

import datetime as dt
import getpass

import pytest

from revtops_tui.engine import approvals
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import Shop
from tests.tui.driver import Visit
from tests.tui.pictures import SIZES, Compare, picture
from tests.tui.shops import ask, connect, hang_bell, ring

WHY = "The customer agreed to the larger plan on the phone, and the deal should say so before the forecast is made."
LATER = dt.timedelta(minutes=5)


@pytest.fixture
def busy(ws: Workspace, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Three requests that wait, one that was rejected, and events of every fate."""
    monkeypatch.setenv("LOGNAME", "ada")
    assert getpass.getuser() == "ada"
    hang_bell(ws)
    connect(ws, shop)
    refused = ask(ws, "write", "update_deal", {"id": "1", "amount": 0})
    approvals.reject(ws, refused, decided_by="ada", note="A deal is never free.")
    ask(ws, "write", "fail", {})
    ask(ws, "action", "send_message", {"text": "Deal closed!\nWell done, [b]all[/b]."}, "To be sent before noon.")
    ask(ws, "write", "update_deal", {"id": "D-7", "amount": 12500, "stage": "won"}, WHY)
    ring(ws, "bell.torn", rope=3)
    ring(ws, "parcel.left", size={"w": 30, "h": 12}, tags=["fragile", "[red]heavy[/red]"])
    ring(ws, "visitor.came", name="Globex Ltd", note="\x1b[31mcalls again\x1b[0m")
    return ws


def _later(ws: Workspace) -> dt.datetime:
    return max(request.created_at for request in approvals.approvals(ws)) + LATER


async def _inbox(visit: Visit) -> None:
    await visit.press("4")
    await visit.sees("Approvals", "Events")
    await visit.settle()


@SIZES
def test_an_empty_inbox(compare: Compare, ws: Workspace, shop: Shop, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _inbox(visit)
        await visit.sees("Nothing has come yet")

    assert picture(compare, ws, size, walk)


@SIZES
def test_requests_that_wait(compare: Compare, busy: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _inbox(visit)
        await visit.sees("(3)", "on the phone")
        visit.app.clear_notifications()

    assert picture(compare, busy, size, walk, _later(busy))


@SIZES
def test_the_toast_about_them(compare: Compare, busy: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.sees("3 requests wait for approval")

    assert picture(compare, busy, size, walk, _later(busy))


@SIZES
def test_a_request_that_was_rejected(compare: Compare, busy: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _inbox(visit)
        await visit.press("G")
        await visit.sees("never free.")
        visit.app.clear_notifications()

    assert picture(compare, busy, size, walk, _later(busy))


@SIZES
def test_the_question_before_an_action(compare: Compare, busy: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _inbox(visit)
        visit.app.clear_notifications()
        await visit.press("j", "a")
        await visit.sees("Send once", "cannot show what")

    assert picture(compare, busy, size, walk, _later(busy))


@SIZES
def test_a_request_that_failed(compare: Compare, busy: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _inbox(visit)
        visit.app.clear_notifications()
        await visit.press("j", "j", "a")
        await visit.sees("The shop does not want that.")
        await visit.press("enter")
        await visit.sees("(2)", "Ask for something else.", "failed")

    assert picture(compare, busy, size, walk, _later(busy))


@SIZES
def test_an_outcome(compare: Compare, busy: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.sees("● Shop", "3 requests wait")
        visit.app.clear_notifications()
        await visit.press("j", "j", "w", "slash", *"lose", "enter", "enter")
        await visit.sees("Look over & send")
        await visit.press("enter")
        await visit.sees("Send once")
        await visit.press("right", "enter")
        await visit.sees("Nobody knows whether it was done")

    assert picture(compare, busy, size, walk, _later(busy))


@SIZES
def test_a_note_for_a_rejection(compare: Compare, busy: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _inbox(visit)
        visit.app.clear_notifications()
        await visit.press("x", *"not yet")
        await visit.sees("not yet")

    assert picture(compare, busy, size, walk, _later(busy))


@SIZES
def test_an_event(compare: Compare, busy: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _inbox(visit)
        visit.app.clear_notifications()
        await visit.press("tab", "j")
        await visit.sees("Payload", "fragile")

    assert picture(compare, busy, size, walk, _later(busy))


@SIZES
def test_what_can_be_done(compare: Compare, busy: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await visit.sees("● Shop", "3 requests wait")
        visit.app.clear_notifications()
        await visit.press("j", "j", "w")
        await visit.sees("send_message", "update_deal", "It takes")

    assert picture(compare, busy, size, walk, _later(busy))


@SIZES
def test_filling_in_a_write(compare: Compare, busy: Workspace, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _inbox(visit)
        visit.app.clear_notifications()
        await visit.press("e")
        await visit.sees("D-7", "12500")
        await visit.press("tab", "end", "minus", "tab")
        await visit.sees("It must be a number")

    assert picture(compare, busy, size, walk, _later(busy))
