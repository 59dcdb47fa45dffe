"""Where a grid's columns stand: which are in view, which one is under the mouse, and a line put together of them.

Scrolled sideways, the first column stays where it is and the others pass beneath it, so that one sees whose values
they are; in a view that it would fill by half it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.style import Style
from textual.strip import Strip

from revtops_tui.tui.widgets.columns import Column
from revtops_tui.tui.widgets.line import Line

GAP = 2


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

    def strip(self, base: Style, left: int, room: int, draw: Callable[[Line, int, Column], object]) -> Strip:
        """One line of the view: `draw` adds a column's cell to it."""
        frozen = self._frozen(left, room)
        parts = [self._part(base, 0, frozen, draw)] if frozen else []
        return Strip.join([*parts, self._part(base, left + frozen, room - frozen, draw)])

    def _frozen(self, left: int, room: int) -> int:
        if left <= 0 or len(self.columns) < 2:
            return 0
        return self._starts[1] if self._starts[1] <= room // 2 else 0

    def _part(self, base: Style, left: int, room: int, draw: Callable[[Line, int, Column], object]) -> Strip:
        """What lies between `left` and `left + room`."""
        in_view = [
            (n, column)
            for n, column in enumerate(self.columns)
            if self._starts[n] + column.width + GAP > left and self._starts[n] < left + room
        ]
        skipped = left - (self._starts[in_view[0][0]] if in_view else left)
        line = Line(base)
        for n, column in in_view:
            draw(line, n, column)
            line.add(" " * GAP)
        return line.fill(skipped + room).strip(line.width).crop(skipped, skipped + room)
