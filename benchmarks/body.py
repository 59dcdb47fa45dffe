"""A JSON body of five megabytes, opened and paged through: our viewer beside what Textual has for text.

`python -m benchmarks.body` prints the table. Each viewer runs in a process of its own, in an app of its own without a
terminal behind it; CPU is that of the whole process from handing the body over until the screen is painted.
"""

from __future__ import annotations

import argparse
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
_OPENED_WITHIN = 300.0
VIEWERS = ("json-view", "text-area", "static")


def body() -> bytes:
    """Deals as a vendor answers them, on one line."""
    deal = {"id": "900719925", "properties": {f"property_{n}": f"value {n} of this deal" for n in range(16)}}
    once = json.dumps({"results": [deal] * 100}).encode()
    count = 100 * MEGABYTES * 1_000_000 // len(once)
    return json.dumps({"results": [deal] * count}).encode()


def measure_body(runs: int) -> Figures:
    """`body/<viewer>`: `open` and `page`, milliseconds of CPU."""
    figures = Figures()
    for _ in range(runs):
        for viewer in VIEWERS:
            command = [sys.executable, "-m", "benchmarks.body", "--one", viewer]
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
    return {"open": (opened - began) * 1000, "page": (paged - opened) * 1000 / _PAGES}


def main() -> int:
    """Measure all, or one of them as the others are measured; 1 where ours takes longer than it may."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.body", description=__doc__)
    parser.add_argument("--one", choices=VIEWERS, help="measure this one here, and print JSON")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(asyncio.run(_measure(options.one))))
        return 0
    figures = measure_body(options.runs)
    print(f"{'viewer':12} {'open, ms CPU':>14} {'page down, ms CPU':>20}")
    for viewer in VIEWERS:
        opened, paged = (figures.median(f"body/{viewer}/{what}") or 0.0 for what in ("open", "page"))
        print(f"{viewer:12} {opened:14.0f} {paged:20.1f}")
    return 0 if (figures.median("body/json-view/open") or 0.0) <= _OPENED_WITHIN else 1


if __name__ == "__main__":
    sys.exit(main())
