"""Bars that lie: a label, a number, and how it compares with the others."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from revtops_tui.tui.charts.scale import Halves, Value, finite, halves, nothing, top, written
from revtops_tui.tui.text import fit, plain
from revtops_tui.tui.widgets.sheet import Paper

MOST = 40
"""Bars that are drawn; of more rows than that, the lightest are summed up in the last one."""
_EIGHTHS = "▏▎▍▌▋▊▉█"


def bar_chart(
    width: int,
    rows: Sequence[tuple[str, Value]],
    *,
    unit: str = "",
    notes: Sequence[str] = (),
    role: str = "bar",
    most: int = MOST,
) -> Paper:
    """One bar a row, in the order given, `width` cells wide.

    `unit` is written behind every number; `notes` are a few words for each row, shown where there is room. Numbers
    below zero grow to the left of a line that stands for zero. The sum of what is left out has no bar: it would
    make all the others small.
    """
    if not rows:
        return nothing(width)
    shown, others = top(rows, max(1, most))
    width = max(20, min(width, 200))
    labels = [plain(label) for label, _ in shown]
    values = [value for _, value in shown]
    drawn = values[:-1] if others else values
    texts = [*written(drawn), *(written(values[-1:]) if others else [])]
    numbers = [f"{text}{f' {unit}' if unit else ''}" for text in texts]
    remarks = [plain(note) for note in notes] if notes and not others and width >= 50 else [""] * len(shown)
    label_room = min(max(map(cell_len, labels), default=0), max(8, width * 2 // 5))
    number_room = min(max(map(cell_len, numbers), default=0), width // 3)
    remark_room = min(max(map(cell_len, remarks), default=0), width // 5)
    room = max(2, width - label_room - number_room - (remark_room + 2 if remark_room else 0) - 4)
    scale = halves(drawn, room)
    if scale.below:
        scale = halves(drawn, room - 1)  # the line that stands for zero
    paper = Paper(width)
    for index, (label, number, remark, value) in enumerate(zip(labels, numbers, remarks, values, strict=True)):
        is_rest = bool(others) and index == len(shown) - 1
        paper.line(
            (fit(label, label_room), "muted" if is_rest else ""),
            (f"  {fit(number, number_room, right=True)}", "" if finite(value) is not None else "muted"),
            (f"  {fit(remark, remark_room)}" if remark_room else "", "muted"),
            ("  ", ""),
            *([] if is_rest else _bar(value, scale, role)),
        )
    return paper


def _bar(value: Value, scale: Halves, role: str) -> list[tuple[str, str]]:
    number = finite(value) or 0.0
    filled = scale.cells(number)
    if not scale.below:
        return [(_to_the_right(filled), role)]
    left = _to_the_left(filled) if number < 0 else ""
    return [
        (" " * (scale.below - len(left)), ""),
        (left, "bad"),
        ("│", "muted"),
        (_to_the_right(filled) if number > 0 else "", role),
    ]


def _to_the_right(cells: float) -> str:
    """A bar to an eighth of a cell; what is not nothing is seen."""
    eighths = max(1, round(cells * 8)) if cells else 0
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")


def _to_the_left(cells: float) -> str:
    """A bar that ends at its right, to half a cell: there are no finer blocks in that direction."""
    halved = max(1, round(cells * 2)) if cells else 0
    return ("▐" if halved % 2 else "") + "█" * (halved // 2)
