"""Lines through points: one panel for each series, under one another, so that no line crosses another.

Two lines in one frame are told apart by their colours alone, which not every theme has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from revtops_tui.tui.charts.canvas import Canvas, thin
from revtops_tui.tui.charts.scale import Value, finite, nothing, ticks
from revtops_tui.tui.text import fit
from revtops_tui.tui.widgets.sheet import Paper

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bits of a braille character's dots: by column, from the top."""


@dataclass(frozen=True)
class Series:
    """A line: its name, and a number for each label of the chart (None leaves a gap)."""

    name: str
    values: Sequence[Value]


def line_chart(
    width: int, height: int, series: Sequence[Series], labels: Sequence[str] = (), *, role: str = "bar"
) -> Paper:
    """Each series in a panel of its own scale, `width` cells wide, all of them together about `height` lines high."""
    if not any(finite(value) is not None for one in series for value in one.values):
        return nothing(width)
    width = max(16, min(width, 200))
    paper = Paper(width)
    names = 1 if len(series) > 1 else 0
    each = max(4 + names, height // max(1, len(series)))
    for one in series:
        if names:
            paper.line((one.name, "title"))
        paper.put(_panel(width, each - names, one.values, labels, role))
    return paper


def _panel(width: int, height: int, values: Sequence[Value], labels: Sequence[str], role: str) -> Paper:
    numbers = [finite(value) for value in values]
    known = [number for number in numbers if number is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    written = ticks(low, high) if known else ("", "")
    margin = max(map(len, written))
    room, plot = max(4, width - margin - 2), max(2, height - 2)
    canvas = Canvas(width, plot + 2)
    middle = round(0.5 * (plot * 4 - 1)) // 4
    marks = {0: written[1], plot - 1: written[0]} if low != high else {middle: written[0]}
    for y in range(plot):
        label = marks.get(y, "")
        canvas.put(0, y, fit(label, margin, right=True), "muted")
        canvas.put(margin + 1, y, "┤" if label else "│", "muted")
    canvas.put(margin + 1, plot, "└" + "─" * (room - 1), "muted")
    for (x, y), bits in _dots(numbers, room, plot, low, high).items():
        canvas.put(margin + 2 + x, y, chr(0x2800 + bits), role)
    places = [margin + 2 + _place(index, len(numbers), room) // 2 for index in range(len(numbers))]
    texts = list(labels[: len(places)])
    thin(canvas, plot + 1, texts, places[: len(texts)])
    return canvas.paper()


def _place(index: int, count: int, room: int) -> int:
    """The column of dots that a point stands in."""
    return index * (room * 2 - 3) // max(1, count - 1)


def _dots(numbers: Sequence[float | None], room: int, plot: int, low: float, high: float) -> dict[tuple[int, int], int]:
    """The bits of every cell that the line passes."""
    cells: dict[tuple[int, int], int] = {}
    last: tuple[int, int] | None = None
    biggest = max(abs(low), abs(high)) or 1.0
    span = high / biggest - low / biggest
    for index, number in enumerate(numbers):
        if number is None:
            last = None
            continue
        share = (number / biggest - low / biggest) / span if span else 0.5
        point = (_place(index, len(numbers), room), round((1 - share) * (plot * 4 - 1)))
        for x, y in _between(last or point, point):
            cell = (x // 2, y // 4)
            cells[cell] = cells.get(cell, 0) | _DOTS[x % 2][y % 4]
        last = point
    return cells


def _between(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """The dots of a straight line, both ends included."""
    (x0, y0), (x1, y1) = start, end
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    return [(x0 + round((x1 - x0) * s / steps), y0 + round((y1 - y0) * s / steps)) for s in range(steps + 1)]
