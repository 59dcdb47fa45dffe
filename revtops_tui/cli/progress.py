"""A sync under way, on stderr: drawn again and again on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from typing import Protocol

from revtops_tui.cli.console import Console
from revtops_tui.cli.text import cells, fit, plain
from revtops_tui.engine.sync import EntityProgress, Progress
from revtops_tui.words import duration

_WINDOW = 5.0
"""Seconds over which a rate is measured."""
_PLAIN_EVERY = 5.0
_BAR = 16


class View(Protocol):
    """Shows syncs under way. `update` may come from any thread; the others from the one that owns the terminal."""

    def update(self, progress: Progress) -> None: ...

    def draw(self, stopping: bool) -> None: ...

    def close(self) -> None: ...


def view(console: Console) -> View:
    """What fits where stderr goes."""
    # What -v tells in between would be drawn over.
    return LiveView(console) if console.live and not console.verbose else PlainView(console)


class _Runs:
    """The latest progress of each connection, and how fast it goes."""

    def __init__(self) -> None:
        self.latest: dict[str, Progress] = {}
        self._samples: dict[tuple[str, str], deque[tuple[float, int]]] = {}

    def update(self, progress: Progress) -> None:
        self.latest[progress.selector] = progress

    def rate(self, progress: Progress, entity: str) -> float:
        """Records a second of one entity, over the last seconds."""
        samples = self._samples.setdefault((progress.selector, entity), deque())
        samples.append((progress.seconds, progress.entities[entity].fetched))
        while samples[-1][0] - samples[0][0] > _WINDOW:
            samples.popleft()
        elapsed = samples[-1][0] - samples[0][0]
        return (samples[-1][1] - samples[0][1]) / elapsed if elapsed else 0.0


class PlainView:
    """For logs: one line a connection, every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._runs = _Runs()
        self._next = time.monotonic() + _PLAIN_EVERY

    def update(self, progress: Progress) -> None:
        self._runs.update(progress)

    def draw(self, stopping: bool) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PLAIN_EVERY
        for name, progress in list(self._runs.latest.items()):
            entities = [self._entity(progress, entity) for entity in progress.entities]
            state = "stopping" if stopping else _waiting(progress)
            self._console.say(f"{name} {duration(progress.seconds)}: {', '.join(filter(None, [*entities, state]))}")

    def _entity(self, progress: Progress, entity: str) -> str:
        one = progress.entities[entity]
        rate = self._runs.rate(progress, entity)
        if one.state != "running":
            return f"{one.fetched:,} {entity}" if one.fetched else ""
        return f"{one.fetched:,}{_of(one)} {entity} ({rate:,.0f}/s)"

    def close(self) -> None:
        """Nothing is left standing on the screen."""


class LiveView:
    """For terminals: a block of lines, drawn over itself."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._runs = _Runs()
        self._height = 0
        sys.stderr.write("\x1b[?25l")  # the cursor would flicker

    def update(self, progress: Progress) -> None:
        self._runs.update(progress)

    def draw(self, stopping: bool) -> None:
        try:
            width, height = os.get_terminal_size(sys.stderr.fileno())
        except OSError:
            width, height = 80, 24
        lines = [line for progress in list(self._runs.latest.values()) for line in self._lines(progress, stopping)]
        # A block higher than the screen could not be drawn over: its first lines would have scrolled away.
        lines = [fit(line, width - 1) for line in lines[: max(height - 1, 1)]]
        sys.stderr.write(self._home() + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J")
        sys.stderr.flush()
        self._height = len(lines)

    def close(self) -> None:
        """Leave the terminal as it was: the summary takes the place of the block."""
        sys.stderr.write(f"{self._home()}\x1b[J\x1b[?25h")
        sys.stderr.flush()
        self._height = 0

    def _home(self) -> str:
        return f"\x1b[{self._height}A" if self._height else ""

    def _lines(self, progress: Progress, stopping: bool) -> list[str]:
        state = "stopping, Ctrl-C again to kill" if stopping and not progress.finished else _waiting(progress)
        head = [progress.selector, duration(progress.seconds), f"{progress.requests:,} requests", state]
        widest = max((cells(entity) for entity in progress.entities), default=0)
        return [
            plain("  ".join(filter(None, head))),
            *(plain(f"  {entity:<{widest}}  {self._entity(progress, entity)}") for entity in progress.entities),
        ]

    def _entity(self, progress: Progress, entity: str) -> str:
        one = progress.entities[entity]
        if one.state == "waiting":
            return "waiting"
        if one.state == "failed":
            return f"failed: {one.error or ''}"
        shown = f"{_bar(one)}{one.fetched:>9,}{_of(one)}"
        if one.state == "running":
            shown += f"  {self._runs.rate(progress, entity):,.0f}/s"
        return shown + _changes(one)


def _waiting(progress: Progress) -> str:
    return f"waiting for {progress.waiting_for}" if progress.waiting_for else ""


def _of(one: EntityProgress) -> str:
    return f" of {one.total:,}" if one.total else ""


def _bar(one: EntityProgress) -> str:
    if not one.total:
        return ""
    filled = min(_BAR, _BAR * one.fetched // one.total)
    return f"{'━' * filled}{'╌' * (_BAR - filled)} "


def _changes(one: EntityProgress) -> str:
    counts = {"new": one.inserted, "changed": one.updated, "deleted": one.deleted, "rejected": one.rejected}
    shown = [f"{count:,} {word}" for word, count in counts.items() if count]
    return f"  {', '.join(shown)}" if shown else ""
