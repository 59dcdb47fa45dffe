"""Opens the app, presses keys, waits for what they lead to, and reads the screen."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual import events
from textual.pilot import Pilot
from textual.widget import Widget

from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.app import RevtopsApp

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
PATIENCE = 30.0
"""Seconds until a test gives up on something that should happen."""


class Visit:
    """The app while a test is in it."""

    def __init__(self, app: RevtopsApp, pilot: Pilot[None]) -> None:
        self.app = app
        self._pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys, by their names."""
        await self._pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text, character by character."""
        for character in text:
            await self._pilot.press({" ": "space"}.get(character, character))

    async def paste(self, text: str) -> None:
        """Paste a text where the focus is."""
        self.app.post_message(events.Paste(text))
        await self._pilot.pause()

    async def click(self, widget: Widget, x: int, y: int, *, times: int = 1) -> None:
        """Click into a widget, so many cells from its corner."""
        await self._pilot.click(widget, offset=(x, y), times=times)

    async def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        await self._pilot.resize_terminal(width, height)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await self._pilot.pause(0.01)

    async def sees(self, *texts: str) -> None:
        """Wait until all of the texts are on the screen."""
        try:
            await self.until(lambda: all(text in self.screen for text in texts))
        except TimeoutError:
            raise AssertionError(f"{texts} not on the screen:\n{self.screen}") from None

    async def settle(self) -> None:
        """Wait until no work is under way and everything is drawn."""
        await self.until(lambda: all(worker.is_finished for worker in self.app.workers))
        await self._pilot.pause()

    @property
    def screen(self) -> str:
        """The text on the screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())


class Driver:
    """Opens the app over a workspace."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws

    def app(self, now: dt.datetime = NOW) -> RevtopsApp:
        """The app, with its clock stopped."""
        return RevtopsApp(self.ws, clock=lambda: now)

    @asynccontextmanager
    async def __call__(self, width: int = 100, height: int = 30) -> AsyncIterator[Visit]:
        """Be in the app, once it has read what there is."""
        app = self.app()
        async with app.run_test(size=(width, height), notifications=True) as pilot:
            visit = Visit(app, pilot)
            await visit.until(lambda: app.is_open)
            yield visit
