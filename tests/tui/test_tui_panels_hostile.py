"""What a vendor writes is text on every side of a connection, in its runs and in what was rejected."""

from __future__ import annotations

import pytest

from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import Shop
from tests.tui.driver import Driver, Visit
from tests.tui.shops import ask, hang_bell, ring, synced
from tests.tui.test_tui_hostile_text import HOSTILE, NEVER_SHOWN

NEXT = "right_square_bracket"
WORST = "".join(text[:40] for name, text in HOSTILE.items() if name != "long")
BAD = [{"source_id": f"{n}{text[:100]}", "name": 7, "amount": text[:5_000]} for n, text in enumerate(HOSTILE.values())]


@pytest.fixture
def hostile(ws: Workspace, shop: Shop) -> Workspace:
    """A shop whose owner, schema and rejected records are hostile, and events of the same kind."""
    hang_bell(ws)
    synced(ws, shop, owner=WORST, deals=BAD)
    for text in HOSTILE.values():
        ring(ws, "visitor.came", **{"name": text[:5_000], text[:50]: 1})
    return ws


async def _is_harmless(visit: Visit, height: int = 30) -> None:
    await visit.settle()
    lines = visit.screen.splitlines()
    assert len(lines) == height
    assert not any(NEVER_SHOWN.search(line) for line in lines)


async def test_on_every_panel(driver: Driver, hostile: Workspace, shop: Shop) -> None:
    shop.change(token=WORST)
    async with driver() as visit:
        await visit.press("slash", *"shop", "enter", "s")
        await visit.sees("The shop refused the token.")
        for _ in range(8):
            await _is_harmless(visit)
            await visit.press(NEXT)
        await visit.press("slash", "escape", "g")
        await visit.sees("Needs attention")
        await _is_harmless(visit)


async def test_in_events(driver: Driver, hostile: Workspace) -> None:
    async with driver() as visit:
        await visit.press("slash", *"bell", "enter", NEXT, NEXT, NEXT)
        await visit.sees("visitor.came")
        await visit.press("tab")
        for _ in HOSTILE:
            await _is_harmless(visit)
            await visit.press("j")


async def test_in_runs_and_rejected_records(driver: Driver, hostile: Workspace) -> None:
    async with driver() as visit:
        await visit.press("6")
        await visit.sees("Runs", "rejected")
        await visit.press("tab")
        await visit.sees("Rejected record")
        for _ in HOSTILE:
            await _is_harmless(visit)
            await visit.press("enter")
            await visit.sees("esc close")
            await _is_harmless(visit)
            await visit.press("escape", "j")


async def test_in_a_form_and_what_it_will_send(driver: Driver, hostile: Workspace) -> None:
    async with driver() as visit:
        await visit.press("slash", *"shop", "enter", "w", "slash", *"send", "enter", "enter")
        await visit.sees("Will be sent")
        await visit.paste(WORST.replace("\n", " ").replace("\r", " ").replace("\u2028", " "))
        await visit.sees("␛[2J")
        await _is_harmless(visit)
        await visit.press("f5")
        await visit.sees("Send once")
        await _is_harmless(visit)


async def test_in_what_an_agent_asks_for_while_it_is_edited(driver: Driver, hostile: Workspace) -> None:
    ask(hostile, "write", "update_deal", {"id": WORST, "amount": 1})
    ask(hostile, "action", "send_message", {"text": WORST.replace("\n", "").replace("\r", "").replace("\u2028", "")})
    async with driver() as visit:
        await visit.press("4")
        await visit.sees("Approvals", "send_message")
        for _ in range(2):
            await visit.press("e")
            await visit.sees("Will be sent")
            await _is_harmless(visit)
            await visit.press("escape", "j")
