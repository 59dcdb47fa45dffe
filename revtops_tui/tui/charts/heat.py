"""How much there is where two things meet: hours of weekdays, weekdays of weeks."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from revtops_tui.tui.charts.canvas import Canvas, thin
from revtops_tui.tui.charts.scale import Value, finite, nothing, short
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.sheet import Paper

_SHADES = "░▒▓█"
_MOST = 60


def heat_map(
    width: int, rows: Sequence[tuple[str, Sequence[Value]]], columns: Sequence[str] = (), *, role: str = "bar"
) -> Paper:
    """A shade for each number, a line for each row, `columns` above them, and below what the shades stand for.

    Zero is a dot, a missing number a blank. Where there are more columns than room the last ones are drawn, of more
    than sixty rows the first, and a line says so.
    """
    if not any(values for _, values in rows):
        return nothing(width)
    width = max(20, min(width, 200))
    lines = list(rows[:_MOST])
    margin = min(max((cell_len(plain(label)) for label, _ in lines), default=0), width // 3)
    count = max((len(values) for _, values in lines), default=0)
    room = width - margin - 1
    cell = max(1, min(3, room // max(1, count)))
    first = max(0, count - room // cell)
    shown = [[finite(value) for value in values[first:]] for _, values in lines]
    levels = _levels([value for values in shown for value in values if value is not None])
    canvas = Canvas(width, len(lines) + 1)
    thin(canvas, 0, list(columns[first:]), [margin + 1 + i * cell for i in range(len(columns[first:]))])
    for y, (label, _) in enumerate(lines, start=1):
        canvas.put(0, y, label, room=margin)
        for x, value in enumerate(shown[y - 1]):
            canvas.put(margin + 1 + x * cell, y, *_shade(value, levels, cell, role))
    paper = canvas.paper()
    _write_legend(paper, levels, role)
    if first:
        paper.text(f"The last {count - first:,} of {count:,} columns.", "muted")
    if len(lines) < len(rows):
        paper.text(f"The first {len(lines):,} of {len(rows):,} rows.", "muted")
    return paper


def _levels(values: Sequence[float]) -> list[float]:
    """The upper ends of the shades; none where nothing differs from zero."""
    high, low = max(values, default=0.0), min(0.0, min(values, default=0.0))
    if high <= 0 and low >= 0:
        return []
    steps = len(_SHADES)
    return [low * (1 - i / steps) + max(high, 0.0) * (i / steps) for i in range(1, steps + 1)]


def _shade(value: float | None, levels: Sequence[float], cell: int, role: str) -> tuple[str, str]:
    if value is None:
        return "", ""
    if value == 0 or not levels:
        return "·", "muted"
    level = next((i for i, upper in enumerate(levels) if value <= upper), len(levels) - 1)
    return _SHADES[level] * (cell - 1 if cell > 2 else cell), role


def _write_legend(paper: Paper, levels: Sequence[float], role: str) -> None:
    paper.blank()
    line: list[tuple[str, str]] = []
    entries = [
        ("·", "muted", "0"),
        *((s, role, f"to {short(upper)}") for s, upper in zip(_SHADES, levels, strict=False)),
    ]
    for shade, tone, text in entries:
        used = sum(len(part) for part, _ in line)
        if line and used + len(text) + 5 > paper.width:
            paper.line(*line)
            line = []
        line += [("   " if line else "", ""), (shade, tone), (f" {text}", "muted")]
    paper.line(*line)
