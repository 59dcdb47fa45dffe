"""The rows of a grid, fetched in the background as they come into view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.widget import Widget

from revtops_tui.tui.background import in_background
from revtops_tui.tui.widgets.windows import WINDOW, Row, RowSource, Windows

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError

InView = Callable[[], tuple[int, int]]
"""The numbers of the first and the last row that can be seen."""


class Supply:
    """Fetches one window at a time; when it is there, what is in view then decides about the next."""

    def __init__(
        self,
        widget: Widget,
        in_view: InView,
        arrived: Callable[[Sequence[Row], bool], object],
        failed: Callable[[EngineError], object],
    ) -> None:
        """`arrived` gets new rows of what is shown, and whether some of them are in view; others come in advance."""
        self._widget, self._in_view, self._arrived, self._failed = widget, in_view, arrived, failed
        self._windows: Windows | None = None
        self._fetching = False

    def open(self, source: RowSource, first: Sequence[Row]) -> None:
        """From now on the rows are those of this source; `first` is its first window."""
        self._windows = Windows(source)
        self._windows.add(0, first)

    def close(self) -> None:
        """From now on there are none."""
        self._windows = None

    @property
    def source(self) -> RowSource | None:
        """Where the rows are from."""
        return self._windows.source if self._windows else None

    def row(self, number: int) -> Row | None:
        """A row, when it is here."""
        return self._windows.row(number) if self._windows else None

    def fetch(self) -> None:
        """See that the rows in view come, then the ones around."""
        windows = self._windows
        if windows is None or self._fetching or not self._widget.is_attached:
            return
        top, last = self._in_view()
        window = windows.missing(top, max(top, min(last, windows.source.count - 1)))
        if window is None:
            return
        self._fetching = True
        work, done = partial(windows.fetch, window), partial(self._fetched, windows, window)
        in_background(self._widget, work, done, self._fetch_failed, group="rows")

    def _fetched(self, windows: Windows, window: int, rows: Sequence[Row]) -> None:
        self._fetching = False
        windows.add(window, rows)
        if windows is self._windows:
            top, last = self._in_view()
            self._arrived(rows, top // WINDOW <= window <= last // WINDOW)
        self.fetch()

    def _fetch_failed(self, error: EngineError) -> None:
        self._fetching = False
        self._failed(error)
