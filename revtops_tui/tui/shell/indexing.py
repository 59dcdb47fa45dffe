"""Keeps the search index up to date behind everything else, so that a search answers at once.

What was stored is indexed a while later, in one thread, in rounds with long rests between them; not while the app
syncs, unless somebody searches just then. A round that a sync overtakes stops after the slice it is at, and loses
nothing.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from textual.signal import Signal

from revtops_tui.tui.background import in_background

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.search import Standing
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp

_AT_ONCE = 0.001
"""Not nothing: Textual divides by the interval of a timer that is late."""
_PAUSE = 1.0
"""Seconds from what was stored to the round that indexes it: what else comes meanwhile is taken along."""
_REST = 10
"""Between two rounds there is so many times as long as the last one took: whatever else works goes on undisturbed."""


class Indexing:
    """The rounds. `told` publishes how far the index is, or None when a round is over."""

    def __init__(self, app: RevtopsApp) -> None:
        self._app = app
        self.told: Signal[Standing | EngineError | None] = Signal(app, "indexing")
        self._cancel = threading.Event()
        self._ws: Workspace | None = None
        """Whose records the round under way indexes."""
        self._timer: Timer | None = None
        self._is_behind = self._is_stopped = False
        self._searching = 0
        self._rests_until = 0.0

    def start(self) -> None:
        """Begin to follow what is stored; called once, with the app open."""
        self._app.committed.subscribe(self._app, lambda _: self._is_stored())
        self._app.progressed.subscribe(self._app, lambda _: self._on_progress())

    def stop(self) -> None:
        """The app is left: a round ends after the slice it is at."""
        self._is_stopped = True
        self._cancel.set()

    def hurry(self) -> None:
        """Somebody searches: index at once, syncs or not, until as many have `left`."""
        self._searching += 1
        self._is_behind = True
        self._go()

    def left(self) -> None:
        """Somebody who searched has left."""
        self._searching -= 1
        self._on_progress()

    @property
    def _has_to_wait(self) -> bool:
        return bool(self._app.jobs.everywhere) and not self._searching

    def _is_stored(self) -> None:
        self._is_behind = True
        if self._ws is not None and self._ws is not self._app.ws:
            self._cancel.set()  # another organization is looked at
        self._wait()

    def _on_progress(self) -> None:
        """A sync began, got on or has ended."""
        if self._has_to_wait:
            self._cancel.set()
        else:
            self._wait()

    def _wait(self) -> None:
        """Go after a while, if there is something to do then."""
        if self._is_behind and self._ws is None and self._timer is None and not self._is_stopped:
            pause = _AT_ONCE if self._searching else _PAUSE
            self._timer = self._app.set_timer(max(pause, self._rests_until - time.monotonic()), self._go)

    def _go(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._is_stopped or self._has_to_wait or self._ws is not None:
            return
        self._is_behind = False
        self._cancel = threading.Event()
        self._ws = self._app.ws
        work = partial(_catch_up, self._ws, self._cancel, partial(self._heard, self._cancel))
        in_background(self._app, work, self._done, self._failed, group="index")

    def _heard(self, cancel: threading.Event, standing: Standing) -> None:
        """Called in the thread that indexes."""
        if not cancel.is_set():
            self._app.call_later(self.told.publish, standing)

    def _done(self, seconds: float) -> None:
        self._ws = None
        self._rests_until = time.monotonic() + seconds * _REST
        self.told.publish(None)
        self._wait()

    def _failed(self, error: EngineError) -> None:
        self._ws = None
        if error.kind == "cancelled":
            self._is_behind = True
            self._wait()
        else:
            self.told.publish(error)


def _catch_up(ws: Workspace, cancel: threading.Event, heard: Callable[[Standing], object]) -> float:
    """How long it took. Called in a thread, where importing the engine does not hold up a frame."""
    from revtops_tui.engine import search

    started = time.monotonic()
    search.catch_up(ws, told=heard, cancel=cancel)
    return time.monotonic() - started
