"""One of the ready pictures (`engine.pictures`) on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from revtops_tui.tui.charts import bar_chart, column_chart, heat_map
from revtops_tui.tui.widgets.sheet import Paper

if TYPE_CHECKING:
    from revtops_tui.engine.pictures import Part

_TALL, _LOW = 12, 8


def write_parts(width: int, parts: Sequence[Part], empty: str) -> Paper:
    """The parts of a picture under one another, each with what it counts; `empty` where there are none."""
    paper = Paper(width)
    if not parts:
        return paper.text(empty, "muted")
    height = _TALL if len(parts) <= 2 else _LOW
    for part in parts:
        unit = f", in {part.unit}" if part.unit and part.kind == "columns" else ""
        paper.heading(part.heading).text(f"{part.note}{unit}", "muted")
        paper.put(_DRAWN[part.kind](width, height, part))
    return paper


def _bars(width: int, _height: int, part: Part) -> Paper:
    return bar_chart(width, part.rows, unit=part.unit, notes=part.notes, role=part.tone or "bar")


def _columns(width: int, height: int, part: Part) -> Paper:
    return column_chart(width, height, part.rows, role=part.tone or "bar")


def _heat(width: int, _height: int, part: Part) -> Paper:
    return heat_map(width, part.rows, part.columns)


_DRAWN: dict[str, Callable[[int, int, Part], Paper]] = {"bars": _bars, "columns": _columns, "heat": _heat}
