"""Where a grid's columns stand: which are in view, which one is under the mouse, and a line put together of them.

Scrolled sideways, the first column stays where it is and the others pass beneath it, so that one sees whose values
they are; in a view that it would fill by half it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.strip import Strip

from revtops_tui.tui.widgets.columns import Column
from revtops_tui.tui.widgets.line import Line

GAP = 2

DrawCell = Callable[[Line, int, Column, int], object]
"""(line, number of the column, column, cells it gets) -> adds exactly so many cells."""


class Arrangement:
    """Columns beside each other, in cells from the left of the first one."""

    def __init__(self, columns: Sequence[Column] = ()) -> None:
        self.columns = columns
        self._starts: list[int] = []
        x = 0
        for column in columns:
            self._starts.append(x)
            x += column.width + GAP
        self.width = x

    def at(self, x: int, left: int, room: int) -> int:
        """The column that is shown `x` cells into a view of `room` cells which is scrolled by `left`."""
        if x < self._frozen(left, room):
            return 0
        return max((n for n, start in enumerate(self._starts) if start <= x + left), default=0)

    def left_for(self, column: int, left: int, room: int) -> int:
        """How far to scroll so that a column can be seen: no further from `left` than needed."""
        if column == 0 or column >= len(self.columns):
            return 0
        start, width = self._starts[column], self.columns[column].width
        return max(0, min(max(left, start + width - room), start - self._frozen(1, room)))

    def draw(self, line: Line, left: int, room: int, cell: DrawCell) -> None:
        """Add what a view shows to a line: `cell` adds a column in so many cells, fewer than its own at the edge."""
        edge = line.width + room
        frozen = self._frozen(left, room)
        if frozen:
            self._draw_one(line, 0, edge, cell)
        for n, start in enumerate(self._starts):
            hidden = left + frozen - start
            width = self.columns[n].width
            if hidden >= width + GAP:
                continue
            if line.width >= edge:
                break
            if hidden > 0:
                line.append(self._rest_of(line, n, hidden, cell))
            else:
                self._draw_one(line, n, edge, cell)
        line.fill(edge)

    def _draw_one(self, line: Line, n: int, edge: int, cell: DrawCell) -> None:
        cell(line, n, self.columns[n], min(self.columns[n].width, edge - line.width))
        line.fill(min(edge, line.width + GAP))

    def _rest_of(self, line: Line, n: int, hidden: int, cell: DrawCell) -> Strip:
        """A column of which the first cells are out of view."""
        whole = Line(line.base)
        cell(whole, n, self.columns[n], self.columns[n].width)
        whole.fill(self.columns[n].width + GAP)
        return whole.strip(whole.width).crop(hidden)

    def _frozen(self, left: int, room: int) -> int:
        if left <= 0 or len(self.columns) < 2:
            return 0
        return self._starts[1] if self._starts[1] <= room // 2 else 0
