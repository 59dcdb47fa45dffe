"""Columns that stand: one for each month, day or run; and the same in a single line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from revtops_tui.tui.charts.canvas import Canvas, thin
from revtops_tui.tui.charts.scale import Halves, Value, finite, halves, nothing, short
from revtops_tui.tui.text import fit
from revtops_tui.tui.widgets.sheet import Paper

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_WIDEST = 10


def column_chart(width: int, height: int, rows: Sequence[tuple[str, Value]], *, role: str = "bar") -> Paper:
    """One column a row, in the order given, in `width` x `height` cells with an axis and labels below.

    Where there are more rows than room, the last ones are drawn, and a line says how many.
    """
    if not rows:
        return nothing(width)
    width, height = max(16, min(width, 200)), max(5, height)
    margin = max((len(short(n)) for _, value in rows if (n := finite(value)) is not None), default=1)
    room = width - margin - 2
    shown = list(rows[-room:])
    plot = height - 3 if len(shown) < len(rows) else height - 2
    step = max(1, min(_WIDEST, room // max(1, len(shown))))
    values = [value for _, value in shown]
    has_room_for_numbers = step > margin and plot > 4
    scale = halves(values, plot - 1 if has_room_for_numbers else plot)
    canvas = Canvas(width, plot + 2)
    base = plot - scale.below
    _draw_axis(canvas, scale, margin, base, plot)
    canvas.put(margin + 2, base, "─" * (step * len(shown)), "muted")
    for index, value in enumerate(values):
        place = margin + 2 + index * step
        _draw_column(canvas, place, base, max(1, step - 1), value, scale, role, numbered=has_room_for_numbers)
    thin(canvas, plot + 1, [label for label, _ in shown], [margin + 2 + i * step for i in range(len(shown))])
    paper = canvas.paper()
    if len(shown) < len(rows):
        paper.text(f"The last {len(shown):,} of {len(rows):,}.", "muted")
    return paper


def _draw_axis(canvas: Canvas, scale: Halves, margin: int, base: int, plot: int) -> None:
    """A line on the left with its ends and zero written beside it."""
    per_cell = scale.per_cell * scale.biggest
    marks = {base: "0"}
    if scale.above and scale.biggest:
        marks[base - scale.above] = short(scale.above * per_cell)
    if scale.below:
        marks[plot] = short(-scale.below * per_cell)
    for y in range(plot + 1):
        label = marks.get(y, "")
        canvas.put(0, y, fit(label, margin, right=True), "muted")
        canvas.put(margin + 1, y, "┤" if label else "│", "muted")


def _draw_column(
    canvas: Canvas, x: int, base: int, wide: int, value: Value, scale: Halves, role: str, *, numbered: bool
) -> None:
    number = finite(value)
    if number is None:
        canvas.put(x, base, "·" * wide, "muted")
        return
    filled = scale.cells(number)
    if number < 0:
        halved = max(1, round(filled * 2))
        for y in range((halved + 1) // 2):
            canvas.put(x, base + 1 + y, ("▀" if halved == 2 * y + 1 else "█") * wide, "bad")
        return
    eighths = max(1, round(filled * 8)) if filled else 0
    for y in range((eighths + 7) // 8):
        canvas.put(x, base - 1 - y, _EIGHTHS[min(8, eighths - 8 * y)] * wide, role)
    if numbered:
        canvas.put(x, base - 1 - (eighths + 7) // 8, short(number), "", room=wide)


def sparkline(values: Sequence[Value], width: int) -> str:
    """Numbers in one line of at most `width` cells: nothing is the lowest block, a missing number a blank.

    Where there are more numbers than cells, each cell shows the largest of its share: a peak never disappears.
    """
    numbers = _folded([finite(value) for value in values], max(1, width))
    known = [number for number in numbers if number is not None]
    if not known:
        return " " * len(numbers)
    biggest = max(map(abs, known)) or 1.0
    low, high = min(0.0, min(known) / biggest), max(0.0, max(known) / biggest)
    span = (high - low) or 1.0
    return "".join(" " if n is None else _block((n / biggest - low) / span) for n in numbers)


def _block(share: float) -> str:
    return _EIGHTHS[1 if share <= 0 else max(2, 1 + round(share * 7))]


def _folded(numbers: list[float | None], cells: int) -> list[float | None]:
    if len(numbers) <= cells:
        return numbers
    edges = [len(numbers) * cell // cells for cell in range(cells + 1)]
    shares = [[n for n in numbers[a:b] if n is not None] for a, b in pairwise(edges)]
    return [max(share, key=abs) if share else None for share in shares]
