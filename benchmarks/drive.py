"""Run a Textual app in this terminal to its first frame or through a sync, watch it, and quit. A script: see `app.py`.

The app is given as `module:callable`, where the callable makes an App. What was seen is written as JSON to `--report`:
`focused` (1 if a widget had the focus at the first frame); with `--keys` how many key presses reached that widget, as
`keys`; with `--busy` how late the event loop was while the second of those ran, after the first: `p50_ms`, `p95_ms`,
`p99_ms`, `seconds`, and, by the machine's monotonic clock, `span`: from when to when that was, and `painted`: when a
screen was written on which the list's cursor had moved.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App
from textual.events import Event, Key
from textual.pilot import Pilot
from textual.widget import Widget

_STEP = 0.005
_PATIENCE = 5.0


def empty() -> App[None]:
    """What any Textual app costs."""
    return App()


def _callable(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


class _Keys:
    """Notes which widget each key press is handed to, and when as many came as were typed."""

    def __init__(self, typed: int) -> None:
        self.counts: Counter[Widget] = Counter()
        self.all_came = asyncio.Event()
        forward = Widget._forward_event  # there is no public place that sees a key and its widget

        def counting(widget: Widget, event: Event) -> None:
            self.counts[widget] += isinstance(event, Key)
            if self.counts.total() == typed:
                self.all_came.set()
            forward(widget, event)

        setattr(Widget, forward.__name__, counting)


def _cursor(main: Widget | None) -> Any:
    """Which item of a list the cursor is on; what else is said of the item may change by itself."""
    return getattr(getattr(main, "current", None), "id", None)


class _Paints:
    """Notes when the terminal is written to after the cursor of the focused list has moved."""

    def __init__(self, app: App[Any]) -> None:
        self.times: list[float] = []
        driver: Any = app._driver  # nothing public is told of a write
        write, main = driver.write, app.focused
        where = _cursor(main)

        def writing(data: str) -> None:
            nonlocal where
            write(data)
            if (now := _cursor(main)) != where:
                where = now
                self.times.append(time.monotonic())

        driver.write = writing


_Work = Callable[[App[Any]], Awaitable[None]]


async def _lag(busy: Awaitable[None]) -> dict[str, float]:
    """How late the event loop is, sampled every 5 ms until `busy` is done."""
    lags: list[float] = []
    start = time.perf_counter()
    task = asyncio.ensure_future(busy)
    while not task.done():
        due = time.perf_counter() + _STEP
        await asyncio.sleep(_STEP)
        lags.append((time.perf_counter() - due) * 1000)
    await task
    lags.sort()
    percentiles = {f"p{p}_ms": lags[min(len(lags) - 1, len(lags) * p // 100)] for p in (50, 95, 99)}
    return percentiles | {"seconds": time.perf_counter() - start}


async def _watch(pilot: Pilot[Any], report: Path, keys: _Keys | None, busy: tuple[_Work, _Work] | None) -> None:
    """What happens once the app is ready; ends it."""
    app = pilot.app
    shown = asyncio.Event()
    app.call_after_refresh(shown.set)
    await shown.wait()
    main = app.focused
    seen: dict[str, Any] = {"focused": int(main is not None)}
    if keys is not None:
        with suppress(TimeoutError):
            await asyncio.wait_for(keys.all_came.wait(), _PATIENCE)
        seen["keys"] = keys.counts[main] if main else 0
    if busy is not None:
        ready, work = busy
        await ready(app)
        paints, since = _Paints(app), time.monotonic()
        seen |= await _lag(work(app))
        seen |= {"painted": paints.times, "span": (since, time.monotonic())}
    report.write_text(json.dumps(seen))
    app.exit()


def main() -> None:
    """Read the command line, run the app."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--app", default="benchmarks.drive:empty")
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--keys", type=int, default=0, help="so many key presses were typed before")
    parser.add_argument("--busy", nargs=2, metavar="module:coroutine")
    options = parser.parse_args()
    busy = (_callable(options.busy[0]), _callable(options.busy[1])) if options.busy else None
    watch = partial(_watch, report=options.report, keys=_Keys(options.keys) if options.keys else None, busy=busy)
    _callable(options.app)().run(auto_pilot=watch)


if __name__ == "__main__":
    main()
