"""Where a grid's columns stand: which are in view, how much of each, and which one is under the mouse.

Scrolled sideways, the first column stays where it is and the others pass beneath it, so that one sees whose values
they are; in a view that it would fill by half it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import set_cell_size
from rich.segment import Segment

from revtops_tui.tui.widgets.columns import Column

GAP = 2


@dataclass(frozen=True)
class Slot:
    """A column's place in a line: `width` cells for a value, then a gap.

    The first `hidden` ones of these are out of view, `cells` are in view.
    """

    number: int
    column: Column
    width: int
    hidden: int
    cells: int

    def seen(self, text: str) -> str:
        """What is in view of a text that was made as wide as the slot; with the gap behind it."""
        if not self.hidden:
            return text + " " * (self.cells - self.width)
        return set_cell_size(Segment(text + " " * GAP).split_cells(self.hidden)[1].text, self.cells)


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

    def slots(self, left: int, room: int) -> list[Slot]:
        """What a view of `room` cells shows, from left to right."""
        frozen = self._frozen(left, room)
        slots = [self._slot(0, 0, 0, room)] if frozen else []
        x = frozen
        for n, start in enumerate(self._starts):
            hidden = max(0, left + frozen - start)
            if hidden >= self.columns[n].width + GAP:
                continue
            if x >= room:
                break
            slots.append(self._slot(n, hidden, x, room))
            x += slots[-1].cells
        return slots

    def _slot(self, n: int, hidden: int, x: int, room: int) -> Slot:
        width = self.columns[n].width
        if not hidden:
            width = min(width, room - x)
        return Slot(n, self.columns[n], width, hidden, min(width + GAP - hidden, room - x))

    def _frozen(self, left: int, room: int) -> int:
        if left <= 0 or len(self.columns) < 2:
            return 0
        return self._starts[1] if self._starts[1] <= room // 2 else 0
