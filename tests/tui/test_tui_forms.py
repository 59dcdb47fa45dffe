"""Forms made from declared parameters: every kind, what is wrong as one types, what will be sent."""

from __future__ import annotations

import json
import shutil
from asyncio import to_thread

import pytest

from revtops_tui.engine import approvals, connections, data, operations
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import DROP_INS
from tests.tui.driver import Driver, Visit


@pytest.fixture
def counter(ws: Workspace) -> Workspace:
    """The connector with an operation that takes everything, connected."""
    (ws.home / "connectors").mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy(DROP_INS / "counter.py", ws.home / "connectors")
    connections.connect(ws, "counter", {})
    return ws


async def _open(visit: Visit) -> None:
    await visit.sees("● Counter")
    await visit.press("w")
    await visit.sees("order", "It takes")
    await visit.press("enter")
    await visit.sees("Counter › order", "Title *", "Will be sent")


async def _to(visit: Visit, number: int) -> None:
    """Go from the first field to another one, counted from it."""
    await visit.press(*["tab"] * number)


def _sent(ws: Workspace) -> dict[str, object]:
    ((arguments,),) = data.sql(ws, "select arguments from ledger").rows
    sent: dict[str, object] = json.loads(str(arguments))
    return sent


async def test_every_kind_of_value_arrives_as_it_was_declared(driver: Driver, counter: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open(visit)
        await visit.type("Tea")
        await visit.press("tab")
        await visit.paste("two\nlines")
        await visit.press("tab", "end", "backspace", "3", "tab", *"2.5", "tab", "left")
        await visit.press("tab", "enter", "down", "down", "enter")
        await visit.press("tab", *"2026-03-31", "tab", *"2026-03-31T09:30", "tab")
        await visit.paste("green, fresh\nhot")
        await visit.press("tab")
        await visit.paste("1\n2")
        await visit.press("tab")
        await visit.paste('{"sugar": {"lumps": 2}}')
        await visit.press("f5")
        await visit.sees("Cancel", "Send")
        await visit.press("enter")
        await visit.sees("✓ Done")
    assert _sent(counter) == {
        "title": "Tea",
        "note": "two\nlines",
        "count": 3,
        "price": 2.5,
        "urgent": False,
        "size": "large",
        "due": "2026-03-31",
        "at": "2026-03-31T09:30",
        "tags": ["green, fresh", "hot"],
        "numbers": [1, 2],
        "extra": {"sugar": {"lumps": 2}},
    }


async def test_what_will_be_sent_follows_what_is_typed(driver: Driver, counter: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open(visit)
        await visit.sees("revtops write counter order count=1")
        await visit.type("Tea")
        await visit.sees("count=1", "title=Tea")
        await _to(visit, 11)
        await visit.paste("1234-geheim")
        await visit.sees("pin    ••••")
        assert "geheim" not in visit.screen


async def test_a_date_is_judged_while_it_is_typed(driver: Driver, counter: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open(visit)
        await _to(visit, 6)
        await visit.type("2026-0")
        await visit.settle()
        assert "It must be a date" not in visit.screen
        await visit.type("x")
        await visit.sees("It must be a date like 2026-01-31")
        await visit.press("backspace", *"3-31")
        await visit.until(lambda: "It must be a date" not in visit.screen)


async def test_an_object_says_in_which_line_it_stops_being_json(driver: Driver, counter: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open(visit)
        await _to(visit, 10)
        await visit.paste('{"sugar": 2,\n "milk" no')
        await visit.sees("Line 2, column 9")
        await visit.press(*["backspace"] * 3)
        await visit.paste(": 1}")
        await visit.until(lambda: "Line 2" not in visit.screen)
        await visit.sees("milk  1")


async def test_an_item_of_the_wrong_kind_is_named(driver: Driver, counter: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open(visit)
        await _to(visit, 9)
        await visit.paste("1\ntwo")
        await visit.press("tab")
        await visit.sees("numbers[1]", "whole number")


async def test_what_may_be_null_can_be_taken_off(driver: Driver, counter: Workspace) -> None:
    async with driver(120, 40) as visit:
        await _open(visit)
        await visit.type("Tea")
        await visit.sees("Due · f4 takes it off")
        await _to(visit, 6)
        await visit.press("f4")
        await visit.sees("Due · taken off", "null")
        await visit.press("escape")  # and it is kept with what was typed
        await visit.until(lambda: "Will be sent" not in visit.screen)
        await visit.press("enter")
        await visit.sees("Due · taken off")
        await visit.press("f5")
        await visit.sees("Cancel", "Send")
        await visit.press("enter")
        await visit.sees("✓ Done")
    assert _sent(counter) == {"title": "Tea", "count": 1, "due": None}


async def test_what_an_agent_wants_taken_off_stays_taken_off(driver: Driver, counter: Workspace) -> None:
    arguments = {"title": "Tea", "due": None}
    asked = operations.submit(counter, "counter", "write", "order", arguments, requested_by="agent")
    assert asked.approval_id is not None
    async with driver(120, 40) as visit:
        await visit.press("4")
        await visit.sees("order · Counter")
        await visit.press("e")
        await visit.sees("Due · taken off")
        await visit.press("ctrl+s")
        await visit.sees("Cancel", "Send")
        await visit.press("enter")
        await visit.sees("✓ Done")
    assert await to_thread(approvals.outcome, counter, asked.approval_id)
    assert _sent(counter)["due"] is None
