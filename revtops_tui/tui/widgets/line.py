"""Lines for the line API: segments put one after another and cut to a width. Text given here is already plain."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from revtops_tui.tui.text import fit


def ink(widget: Widget, component: str) -> Style:
    """A component's colour and text style, without its background: to be put on whatever a line is drawn on."""
    return _ink(widget.get_component_rich_style(component))


@lru_cache(256)
def _ink(style: Style) -> Style:
    return Style(
        color=style.color, bold=style.bold, italic=style.italic, underline=style.underline, reverse=style.reverse
    )


class Line:
    """One line of a widget under construction."""

    def __init__(self, base: Style) -> None:
        """`base` is what every part is drawn on: the background, and the colour where a part has none."""
        self._base = base
        self._segments: list[Segment] = []
        self.width = 0

    def add(self, text: str, style: Style | None = None) -> Line:
        """Append `text` as it is."""
        self._segments.append(Segment(text, self._base + style if style else self._base))
        self.width += len(text) if text.isascii() else cell_len(text)
        return self

    def cell(self, text: str, width: int, style: Style | None = None, *, right: bool = False) -> Line:
        """Append `text` in exactly `width` cells."""
        if width > 0:
            self._segments.append(Segment(fit(text, width, right=right), self._base + style if style else self._base))
            self.width += width
        return self

    def fill(self, width: int) -> Line:
        """Pad with the background up to `width`."""
        if width > self.width:
            self._segments.append(Segment(" " * (width - self.width), self._base))
            self.width = width
        return self

    def strip(self, width: int) -> Strip:
        """The line in exactly `width` cells."""
        return Strip(self._segments, self.width).adjust_cell_length(width, self._base)
