"""Take the pictures of the README and the docs: the running app over the demo, walked by keys.

Usage: `make screenshots`. Each picture is a walk below; it is written to `screenshots/NAME.svg`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from textual.pilot import Pilot

from revtops_tui.engine.data import sql
from revtops_tui.engine.demo import Demo
from revtops_tui.engine.operations import submit
from revtops_tui.engine.sync import sync
from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.app import RevtopsApp

HERE = Path(__file__).parent
SIZE = (110, 30)
_PATIENCE = 60.0
_QUERY = "deals where amount > 100000 and dealname contains renewal order by amount desc limit 50"

Walk = Callable[[Pilot[None]], Awaitable[None]]


async def _until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not condition():
            await pilot.pause(0.05)


async def _settled(pilot: Pilot[None]) -> None:
    await _until(pilot, lambda: all(worker.is_finished for worker in pilot.app.workers))
    await pilot.pause()


async def _hubspot(pilot: Pilot[None]) -> None:
    """Go to HubSpot in the list, which is whole again."""
    await pilot.press("slash", *"hubspot", "enter")
    await _settled(pilot)
    await pilot.press("slash", "escape")
    await _settled(pilot)


async def connectors(pilot: Pilot[None]) -> None:
    """A connection that has been synced."""
    await _hubspot(pilot)


async def syncing(pilot: Pilot[None]) -> None:
    """A full sync in the middle."""
    app = pilot.app
    assert isinstance(app, RevtopsApp)
    await _hubspot(pilot)
    await pilot.press("f")
    await _until(pilot, lambda: any(_has_half(job.progress) for job in app.jobs.running.values()))


def _has_half(progress: object) -> bool:
    states = [entity.state for entity in getattr(progress, "entities", {}).values()]
    return "done" in states and "running" in states


async def connect(pilot: Pilot[None]) -> None:
    """The form of a connector."""
    await pilot.press("slash", *"postgres", "enter", "n")
    await _settled(pilot)


async def data(pilot: Pilot[None]) -> None:
    """Deals, the largest first."""
    await pilot.press("2")
    await _settled(pilot)
    await pilot.press("slash", *"deals", "enter", "enter")
    await _settled(pilot)
    await pilot.press("l", "s", "s")
    await _settled(pilot)
    await pilot.press("escape", "slash", "escape", "enter")
    await _settled(pilot)


async def record(pilot: Pilot[None]) -> None:
    """One deal, whole."""
    await data(pilot)
    await pilot.press("enter")
    await _settled(pilot)


async def query(pilot: Pilot[None]) -> None:
    """A question to HubSpot, live."""
    from textual import events

    await _hubspot(pilot)
    await pilot.press("e")
    await _settled(pilot)
    pilot.app.post_message(events.Paste(_QUERY))
    await pilot.pause()
    await pilot.press("f5")
    await _settled(pilot)


async def act(pilot: Pilot[None]) -> None:
    """What can be written to a system, and done in it."""
    await _hubspot(pilot)
    await pilot.press("w")
    await _settled(pilot)


async def inbox(pilot: Pilot[None]) -> None:
    """What agents ask for."""
    await pilot.press("4")
    await _settled(pilot)
    pilot.app.clear_notifications()
    await _settled(pilot)


def _ask(ws: Workspace) -> None:
    """What an agent would ask for, so that something waits."""
    deals = sql(ws, "SELECT source_id, name FROM deals WHERE source_system = 'hubspot' ORDER BY amount DESC LIMIT 2")
    for (deal, name), amount in zip(deals.rows, (240_000, 96_500), strict=True):
        reason = f"The customer agreed to this amount for {name} on the phone."
        submit(
            ws, "hubspot", "write", "update_deal", {"id": deal, "amount": amount}, requested_by="agent", reason=reason
        )


WALKS: dict[str, Walk] = {
    walk.__name__: walk for walk in (connectors, syncing, connect, data, record, query, act, inbox)
}


async def _take(ws: Workspace, name: str, folder: Path) -> None:
    now = partial(dt.datetime.now, dt.UTC)
    app = RevtopsApp(ws, clock=lambda: now() + dt.timedelta(minutes=5))
    app.cursor_blink = False
    async with app.run_test(size=SIZE) as pilot:
        await _until(pilot, lambda: app.is_open)
        await _settled(pilot)
        await WALKS[name](pilot)
        (folder / f"{name}.svg").write_text(app.export_screenshot(title="revtops"))


def main(folder: Path = HERE) -> None:
    """Take every picture."""
    with Demo(size=20_000, pace=None) as ws:
        sync(ws)
        _ask(ws)
        for name in WALKS:
            asyncio.run(_take(ws, name, folder))
            sys.stderr.write(f"{folder / name}.svg\n")


if __name__ == "__main__":
    main()
