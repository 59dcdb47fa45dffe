"""Comparing a state of the app with its picture, at the smallest size that is promised and at a comfortable one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.app import RevtopsApp
from tests.tui.driver import NOW, Driver, Visit

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
Compare = Callable[..., bool]
Walk = Callable[[Visit], Awaitable[None]]


def picture(compare: Compare, ws: Workspace, size: tuple[int, int], walk: Walk, now: dt.datetime = NOW) -> bool:
    """Open the app over `ws`, walk to a state, and compare; its clock stands at `now`."""

    async def run_before(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, RevtopsApp)
        visit = Visit(app, pilot)
        await visit.until(lambda: app.is_open)
        await walk(visit)
        await visit.settle()

    return compare(Driver(ws).app(now), terminal_size=size, run_before=run_before)
