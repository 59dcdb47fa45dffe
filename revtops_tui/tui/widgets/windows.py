"""Rows of a table that may have millions: only windows around what is looked at are in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol

Row = Sequence[Any]

WINDOW = 200
_KEPT = 40


class RowSource(Protocol):
    """Rows by number. `exact`: whether `count` is the truth, or there are at least so many.

    A source that is still counting may fail at it: `error` says so then, and `exact` never comes.
    """

    @property
    def count(self) -> int:
        """How many rows there are."""
        ...

    @property
    def exact(self) -> bool:
        """Whether `count` is all of them."""
        ...

    @property
    def error(self) -> Exception | None:
        """What kept it from counting to the end."""
        ...

    def rows(self, first: int, n: int) -> Sequence[Row]:
        """`n` rows from number `first` on; may block for a moment."""
        ...


class Windows:
    """A cache of row windows. What is not in it is named by `missing`, fetched by whoever asks, and put in by `add`."""

    def __init__(self, source: RowSource) -> None:
        self.source = source
        self._kept: OrderedDict[int, Sequence[Row]] = OrderedDict()

    def row(self, number: int) -> Row | None:
        """A row, when its window is here."""
        window, offset = divmod(number, WINDOW)
        rows = self._kept.get(window)
        return rows[offset] if rows is not None and offset < len(rows) else None

    def missing(self, first: int, last: int) -> int | None:
        """The window to fetch next for rows `first` to `last`: one in view, then the ones around, else None."""
        near = range(max(0, first // WINDOW - 1), min(last // WINDOW + 1, max(0, self.source.count - 1) // WINDOW) + 1)
        in_view = range(first // WINDOW, last // WINDOW + 1)
        for window in sorted(near, key=lambda window: window not in in_view):
            if window not in self._kept:
                return window
            self._kept.move_to_end(window)
        return None

    def fetch(self, window: int) -> Sequence[Row]:
        """Read a window from the source; blocking, so not on the event loop."""
        return self.source.rows(window * WINDOW, WINDOW)

    def add(self, window: int, rows: Sequence[Row]) -> None:
        """Keep a window; the ones longest unused go."""
        self._kept[window] = rows
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


class ListSource:
    """Rows that are all in memory: the result of a query."""

    exact = True
    error = None

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._rows)

    def rows(self, first: int, n: int) -> Sequence[Row]:
        """A slice."""
        return self._rows[first : first + n]
