"""The demo as one meets it; and connecting with one click."""

from __future__ import annotations

import asyncio
from pathlib import Path

from revtops_tui.engine.connections import connections
from revtops_tui.engine.demo import Demo
from revtops_tui.tui.app import RevtopsApp
from tests.test_every_connector import SYNCING
from tests.tui.driver import Driver, Visit


async def test_everything_is_connected_and_synced_at_once(home: Path) -> None:
    demo = Demo(size=20, pace=None)
    ws = await asyncio.to_thread(demo.__enter__)
    try:
        app = RevtopsApp(ws, demo=True)
        async with app.run_test(size=(110, 34), notifications=True) as pilot:
            visit = Visit(app, pilot)
            await visit.sees("DEMO", f"{len(SYNCING)} systems synced")
            assert all(f"● {name}" in visit.screen for name in ("Asana", "Customer Postgres", "Linear", "Code sandbox"))
            await visit.press("2")
            await visit.sees("Tracker issues", "Shared files", "Deals")
    finally:
        await asyncio.to_thread(demo.__exit__, None, None, None)


async def test_what_is_built_in_is_connected_with_one_key(driver: Driver) -> None:
    async with driver() as visit:
        await visit.press("slash", *"sandbox", "enter", "enter")
        await visit.sees("● Code sandbox", "Connected as")
        assert [one.slug for one in connections(driver.ws)] == ["code_sandbox"]


async def test_what_is_missing_is_said_and_asked_for(driver: Driver) -> None:
    async with driver() as visit:
        await visit.press("slash", *"twilio", "enter", "enter")
        await visit.sees("TWILIO_ACCOUNT_SID", "Connect Twilio", "Account SID")
