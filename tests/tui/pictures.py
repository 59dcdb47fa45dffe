"""Comparing a state of the app with its pictures: at the smallest size that is promised and at a comfortable one,
each in a dark, a light and a colourless theme.

After a change that is meant: `pytest tests/tui --snapshot-update`, and look at the pictures before they are committed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Awaitable, Callable

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion

from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.theme import DARK, LIGHT, PLAIN
from tests.tui.driver import NOW, Driver, Visit

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
LOOKS = {"dark": DARK.name, "light": LIGHT.name, "plain": PLAIN.name}
_SECONDS = re.compile(r"\d+(\.\d)?(?=&#160;s&#160;(so&#160;far|·&#160;esc&#160;stops))")
"""How long something has been going on differs each time."""
Compare = Callable[[str, str], bool]
"""Whether a picture (the name of its look, its SVG) is as it was."""
Walk = Callable[[Visit], Awaitable[None]]


def comparing(snapshot: SnapshotAssertion) -> Compare:
    """Compares with the pictures of this test, one file each."""
    kept = snapshot.use_extension(SVGImageExtension)
    return lambda look, svg: bool(kept(name=look) == svg)


def picture(
    compare: Compare,
    ws: Workspace,
    size: tuple[int, int],
    walk: Walk,
    now: dt.datetime = NOW,
    *,
    release: Callable[[], object] | None = None,
) -> bool:
    """Open the app over `ws`, walk to a state, and compare it in every look; its clock stands at `now`.

    With `release` the state is one of waiting: nothing is waited for, neither to open the app nor for what it does, and
    when the pictures are taken this is called to let go of it.
    """
    taken = asyncio.run(_take(ws, size, walk, now, release))
    different = [look for look, svg in taken.items() if not compare(look, svg)]
    assert not different, f"not as it was in: {', '.join(different)}"
    return True


async def _take(
    ws: Workspace, size: tuple[int, int], walk: Walk, now: dt.datetime, release: Callable[[], object] | None
) -> dict[str, str]:
    app = Driver(ws).app(now)
    taken = {}
    async with app.run_test(size=size, notifications=True) as pilot:
        visit = Visit(app, pilot)
        settle = visit.settle if release is None else pilot.pause
        try:
            if release is None:
                await visit.until(lambda: app.is_open)
            await walk(visit)
            await settle()
            for look, theme in LOOKS.items():
                app.theme = theme
                await settle()
                taken[look] = _SECONDS.sub("0", app.export_screenshot(title="revtops"))
        finally:
            if release is not None:
                await asyncio.to_thread(release)
                await visit.settle()
    return taken
