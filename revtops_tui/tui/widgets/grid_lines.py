"""A grid's lines: the columns' names, a row, the row with the cursor. A row that was drawn is not drawn again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style

from revtops_tui.tui.text import fit
from revtops_tui.tui.widgets.arrangement import Arrangement, Slot
from revtops_tui.tui.widgets.line import Line
from revtops_tui.tui.widgets.windows import Row

GUTTER = 1
_KEPT = 400

Parts = Sequence[Segment]


class GridLines:
    """The lines of an arrangement of columns, scrolled by `left` cells, in `room` cells, on a ground."""

    def __init__(self, arrangement: Arrangement, left: int, room: int, ground: Style) -> None:
        self._slots = arrangement.slots(left, max(0, room - GUTTER))
        self._room, self._ground = room, ground
        self._end = " " * (room - GUTTER - sum(slot.cells for slot in self._slots))
        self._rows: dict[int, tuple[Row | None, Parts]] = {}

    def row(self, number: int, row: Row | None) -> Parts:
        """A row, None where it is not here yet: the very same object again while it is the same row."""
        kept = self._rows.get(number)
        if kept is not None and kept[0] is row:
            return kept[1]
        if len(self._rows) >= _KEPT:
            self._rows.clear()
        cells = [slot.seen(_value(slot, row)) for slot in self._slots]
        parts = [Segment("".join([" " * GUTTER, *cells, self._end]), self._ground)]
        self._rows[number] = (row, parts)
        return parts

    def current(self, row: Row | None, column: int, ground: Style, bar: Style, cell: Style) -> Parts:
        """The row with the cursor, on a ground of its own: a bar before it, and the cell of the current column."""
        line = Line(ground).add("▌", bar)
        return self._by_slot(line, lambda slot: _value(slot, row), lambda slot: cell if slot.number == column else None)

    def header(self, sort: tuple[str, bool] | None, column: int, name: Style, current: Style) -> Parts:
        """The columns' names, of which one has the mark of the order."""

        def text(slot: Slot) -> str:
            mark = "" if not sort or sort[0] != slot.column.name else " ▼" if sort[1] else " ▲"
            shown = fit(slot.column.name, slot.width - len(mark)).rstrip() if mark else slot.column.name
            return fit(shown + mark, slot.width, right=slot.column.right)

        line = Line(self._ground).add(" " * GUTTER)
        return self._by_slot(line, text, lambda slot: current if slot.number == column else name)

    def _by_slot(self, line: Line, text: Callable[[Slot], str], style: Callable[[Slot], Style | None]) -> Parts:
        """A line whose columns have styles of their own; the gaps between them are on the line's ground."""
        for slot in self._slots:
            value, gap = Segment(slot.seen(text(slot))).split_cells(max(0, slot.width - slot.hidden))
            line.add(value.text, style(slot)).add(gap.text)
        return list(line.strip(self._room))


def _value(slot: Slot, row: Row | None) -> str:
    """What a row has in a column, as wide as the slot."""
    if row is None:
        return fit("·", slot.width, right=slot.column.right)
    value = row[slot.column.index]
    return fit("" if value is None else slot.column.text(value), slot.width, right=slot.column.right)
