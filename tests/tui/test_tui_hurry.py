"""Keys faster than the screen, and leaving while something is being made: nothing asks for what is not there."""

from __future__ import annotations

import asyncio

import pytest
from textual import events

from revtops_tui.tui.widgets.sheet import Sheet
from tests.tui.driver import Driver, Visit


async def test_enter_before_there_is_anything_goes_into_what_it_opens(driver: Driver) -> None:
    app = driver.app()
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        app.simulate_key("enter")
        await Visit(app, pilot).until(lambda: isinstance(app.focused, Sheet))


async def test_a_second_key_does_not_close_what_is_beneath(driver: Driver) -> None:
    async with driver() as visit:
        await visit.press("ctrl+o")
        letters = visit.app.screen
        for key in ("escape", "escape"):  # both reach the letters: the first has not closed them by then
            letters.post_message(events.Key(key, None))
        await visit.until(lambda: visit.app.screen is not letters)
        await visit.settle()
        await visit.press("question_mark")
        await visit.sees("Moving about")


@pytest.mark.parametrize("steps", range(3, 9))
@pytest.mark.parametrize("key", ["2", "3"])
async def test_leaving_while_a_workspace_is_being_made(driver: Driver, key: str, steps: int) -> None:
    async with driver() as visit:
        await visit.settle()
        visit.app.simulate_key(key)
        for _ in range(steps):
            await asyncio.sleep(0)
        visit.app.exit()
