"""A JSON body of five megabytes, opened and paged through: our viewer beside what Textual has for text.

Each viewer runs in a process of its own, in an app of its own without a terminal behind it; CPU is that of the whole
process from handing the body over until the screen is painted.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.figures import Figures

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget

MEGABYTES = 5
_PAGES = 20
_SIZE = (120, 40)
VIEWERS = ("json-view", "text-area", "static")


def body() -> bytes:
    """Deals as a vendor answers them, on one line."""
    deal = {"id": "900719925", "properties": {f"property_{n}": f"value {n} of this deal" for n in range(16)}}
    once = json.dumps({"results": [deal] * 100}).encode()
    count = 100 * MEGABYTES * 1_000_000 // len(once)
    return json.dumps({"results": [deal] * count}).encode()


def measure_body(runs: int) -> Figures:
    """`body/<viewer>/open_ms` and `page_ms`: milliseconds of CPU."""
    figures = Figures()
    for _ in range(runs):
        for viewer in VIEWERS:
            command = [sys.executable, "-m", "benchmarks.body", viewer]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            figures.add(f"body/{viewer}", **json.loads(done.stdout))
    return figures


def _ours(content: bytes) -> tuple[Widget, Callable[[], object]]:
    from revtops_tui.tui.widgets.json_view import JsonView

    view = JsonView()
    return view, lambda: view.show(content, "application/json")


def _text_area(content: bytes) -> tuple[Widget, Callable[[], object]]:
    from textual.widgets import TextArea

    area = TextArea(read_only=True)
    return area, lambda: area.load_text(json.dumps(json.loads(content), indent=2))


def _static(content: bytes) -> tuple[Widget, Callable[[], object]]:
    from textual.containers import VerticalScroll
    from textual.highlight import highlight
    from textual.widgets import Static

    static = Static()
    shown = VerticalScroll(static)
    return shown, lambda: static.update(highlight(json.dumps(json.loads(content), indent=2), language="json"))


async def _measure(viewer: str) -> dict[str, float]:
    from textual.app import App, ComposeResult

    from revtops_tui.tui.theme import DARK

    makers = {"json-view": _ours, "text-area": _text_area, "static": _static}
    widget, fill = makers[viewer](body())

    class Viewer(App[None]):
        def compose(self) -> ComposeResult:
            yield widget

        def on_mount(self) -> None:
            self.register_theme(DARK)
            self.theme = DARK.name

    async with Viewer().run_test(size=_SIZE) as pilot:
        widget.focus()
        await pilot.pause()
        gc.collect()
        began = time.process_time()
        fill()
        await pilot.pause()
        opened = time.process_time()
        for _ in range(_PAGES):
            await pilot.press("pagedown")
        await pilot.pause()
        paged = time.process_time()
    return {"open_ms": (opened - began) * 1000, "page_ms": (paged - opened) * 1000 / _PAGES}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure(sys.argv[1]))))
