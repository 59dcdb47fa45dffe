"""A table in a terminal: opened, paged through, its end and its start; what each cost. A script: see `grid.py`.

Of three widgets: ours over the local database, textual-fastdatatable over a Parquet file, Textual's DataTable over a
list. Nothing but the widget is on the screen. Written as JSON to `--report`, CPU being the whole process's: `open_ms`
until the first rows stand on the screen, and `open_mb` of memory that came with it; `page_ms` for a page down until it
is drawn, `end_ms` for a jump to the end or back; `all_ms` and `all_mb` until every row is known, which ours learns in
the background.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget

_PAGES = 60
_JUMPS = 10
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Open = Callable[[App[None]], Awaitable[Callable[[], bool]]]
"""Puts the table on the screen; what it returns says whether every row is known."""


class _Shelf(App[None]):
    """An app with room for one widget."""

    def __init__(self, make: Callable[[], Widget] | None) -> None:
        super().__init__()
        self._make = make

    def compose(self) -> ComposeResult:
        if self._make is not None:
            yield self._make()


def _ours(folder: Path, table: str) -> tuple[App[None], Open]:
    from revtops_tui.engine.data import Browser
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.widgets.columns import arranged, measure
    from revtops_tui.tui.widgets.record_grid import RecordGrid
    from revtops_tui.tui.widgets.windows import WINDOW

    ws = Workspace(folder, "bench")
    Browser(ws, table).open().close()  # the database is open, as it is in an app that shows its first frame

    async def opened(app: App[None]) -> Callable[[], bool]:
        def read() -> tuple[Any, Any, Any]:
            browser = Browser(ws, table)
            selection = browser.open()
            first = selection.rows(0, WINDOW)
            return browser, selection, first

        browser, selection, first = await asyncio.to_thread(read)
        columns = [name for name in browser.columns if name.startswith("column_")]
        app.query_one(RecordGrid).show(selection, arranged(measure(browser.columns, first), columns, {}), first)
        return lambda: bool(selection.exact)

    return _Shelf(RecordGrid), opened


def _fast(folder: Path, table: str) -> tuple[App[None], Open]:
    from textual_fastdatatable import ArrowBackend, DataTable

    async def opened(app: App[None]) -> Callable[[], bool]:
        backend = await asyncio.to_thread(ArrowBackend.from_parquet, folder / f"{table}.parquet")
        grid = DataTable(backend=backend)
        await app.mount(grid)
        grid.focus()
        return lambda: True

    return _Shelf(None), opened


def _stock(folder: Path, table: str) -> tuple[App[None], Open]:
    from textual.widgets import DataTable

    rows = json.loads((folder / f"{table}.json").read_text())

    async def opened(app: App[None]) -> Callable[[], bool]:
        grid = app.query_one(DataTable)
        grid.add_columns(*rows["columns"])
        grid.add_rows(rows["rows"])
        return lambda: True

    return _Shelf(DataTable), opened


_WIDGETS = {"revtops": _ours, "textual-fastdatatable": _fast, "DataTable": _stock}


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


async def _painted(pilot: Pilot[None]) -> None:
    """Wait until what is under way is on the screen."""
    drawn = asyncio.Event()
    pilot.app.call_after_refresh(drawn.set)
    await drawn.wait()


async def _keys(pilot: Pilot[None], *keys: str) -> float:
    """CPU milliseconds of each of these keys."""
    await asyncio.sleep(0.3)  # what the last ones began has ended
    before = time.process_time()
    for key in keys:
        await pilot.press(key)
        await _painted(pilot)
    return (time.process_time() - before) * 1000 / len(keys)


async def _measure(pilot: Pilot[None], opened: Open, report: Path) -> None:
    await _painted(pilot)
    await asyncio.sleep(0.5)
    gc.collect()
    memory, cpu = _memory(), time.process_time()
    is_whole = await opened(pilot.app)
    await _painted(pilot)
    seen = {"open_ms": (time.process_time() - cpu) * 1000, "open_mb": (_memory() - memory) / 1e6}
    while not is_whole():  # noqa: ASYNC110 - what it waits for is not ours to signal
        await asyncio.sleep(0.01)
    seen |= {"all_ms": (time.process_time() - cpu) * 1000, "all_mb": (_memory() - memory) / 1e6}
    seen["page_ms"] = await _keys(pilot, *["pagedown"] * _PAGES)
    seen["end_ms"] = await _keys(pilot, *["ctrl+end", "ctrl+home"] * _JUMPS)
    report.write_text(json.dumps(seen))
    pilot.app.exit()


def main() -> None:
    """Read the command line, run the app."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widget", choices=_WIDGETS, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--report", type=Path, required=True)
    options = parser.parse_args()
    app, opened = _WIDGETS[options.widget](options.folder, options.table)
    app.run(auto_pilot=partial(_measure, opened=opened, report=options.report))


if __name__ == "__main__":
    main()
