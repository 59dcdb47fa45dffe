"""What other processes do with the connections is seen while the app is open."""

from __future__ import annotations

import datetime as dt
from asyncio import to_thread
from collections.abc import Iterator
from pathlib import Path

import pytest

from revtops_tui.engine.connections import connections, disconnect
from revtops_tui.engine.due import Spec
from revtops_tui.engine.schedules import set_schedule, switch_schedule
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import SECONDS, CommandLine, Shop, deals
from tests.tui.driver import NOW, Driver


@pytest.fixture
def ws(home: Path, connected_shop: Shop) -> Iterator[Workspace]:
    """The workspace of the shop, with its credentials in the file that other processes can open."""
    with Workspace(home) as workspace:
        yield workspace


async def test_a_sync_of_another_process_is_shown_as_running_and_what_it_brought_when_it_ends(
    driver: Driver, connected_shop: Shop, revtops: CommandLine
) -> None:
    connected_shop.change(deals=deals(500), closes_never=True)
    async with driver() as visit:
        await visit.sees("none yet", "s Sync")
        process = revtops.in_background("sync", "shop")
        try:
            await visit.sees("syncing", "⟳ just now", "running")
            assert "s Sync" not in visit.screen
            assert "x Cancel" not in visit.screen
            await visit.until(lambda: connections(driver.ws)[0].counts == {"deals": 500})
            process.terminate()
            await visit.sees("500", "! just now", "s Sync")
        finally:
            process.kill()
            process.communicate(timeout=SECONDS)
        assert "syncing" not in visit.screen


async def test_a_killed_sync_of_another_process_does_not_look_as_if_it_went_on(
    driver: Driver, connected_shop: Shop, revtops: CommandLine
) -> None:
    connected_shop.change(deals=deals(500), closes_never=True)
    process = revtops.in_background("sync", "shop")
    try:
        async with driver() as visit:
            await visit.sees("syncing")
            process.kill()
            process.wait(SECONDS)
            await visit.press("r")
            await visit.sees("The process ended in the middle.", "s Sync")
            assert "syncing" not in visit.screen
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


async def test_the_next_due_time_is_shown_as_it_is_set_and_taken_away(driver: Driver, ws: Workspace) -> None:
    spec = Spec("UTC", every=dt.timedelta(minutes=15), anchor=NOW)
    async with driver() as visit:
        await visit.sees("none yet")
        assert "next sync" not in visit.screen
        await to_thread(set_schedule, ws, "shop", spec, clock=lambda: NOW)
        await visit.sees("next sync in 15 min")
        await to_thread(switch_schedule, ws, "shop", enabled=False)
        await visit.until(lambda: "next sync" not in visit.screen)


async def test_a_connection_that_another_process_forgets_is_gone(driver: Driver, ws: Workspace) -> None:
    async with driver() as visit:
        await visit.sees("● Shop")
        await to_thread(disconnect, ws, "shop")
        await visit.sees("○ Shop")
        assert connections(ws) == []
