"""The thread that draws goes before those that work behind it, for as long as the app runs."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from revtops_tui.engine.workspace import Workspace
from revtops_tui.tui.app import RevtopsApp


def test_the_loop_takes_its_turn_soon_and_keeps_it_longer(tmp_path: Path) -> None:
    usual = sys.getswitchinterval()
    seen: dict[str, float] = {}

    def work_behind(drawn: threading.Event) -> None:
        deadline = time.monotonic() + 20
        while not drawn.is_set() and time.monotonic() < deadline:
            waiting = sys.getswitchinterval()
            seen["waiting"] = min(waiting, seen.get("waiting", waiting))

    async def look(pilot: Pilot[Any]) -> None:
        drawn = threading.Event()
        behind = asyncio.create_task(asyncio.to_thread(work_behind, drawn))
        for _ in range(10):
            await pilot.press("down")
        seen["drawing"] = sys.getswitchinterval()
        drawn.set()
        await behind
        pilot.app.exit()

    with Workspace(tmp_path) as ws:
        RevtopsApp(ws).run(headless=True, auto_pilot=look)
    assert seen["waiting"] < usual < seen["drawing"]
    assert sys.getswitchinterval() == usual
