"""Lines for the line API: segments put one after another and cut to a width. Text given here is already plain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Region
from textual.scroll_view import ScrollView
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


class LineByLine(ScrollView):
    """A widget that draws itself by lines, all of them on the same ground."""

    ground = Style.null()
    """The background, and the colour where a part of a line has none."""
    _caption = ""

    def caption(self, text: str) -> None:
        """Have a text, or none, on the lower border. To say again what stands there costs nothing: of Textual's own
        `border_subtitle` it would draw every line again.
        """
        if text != self._caption:
            self._caption = text
            self.border_subtitle = Content(text) if text else None

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in view. Every ancestor has a say in their ground, so it is found once for all of them."""
        self.ground = self.rich_style
        return super().render_lines(crop)

    def refresh_changed(self, before: Sequence[object], after: Sequence[object]) -> None:
        """Draw those of the lines in view again that are not what they were."""
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if not height:  # not on the screen: whatever is drawn when it comes there is drawn anew
            self.refresh()
        for number in range(top, top + height):
            if before[number : number + 1] != after[number : number + 1]:
                self.refresh_line(number)


class Line:
    """One line of a widget under construction."""

    def __init__(self, base: Style) -> None:
        """`base` is what every part is drawn on: the background, and the colour where a part has none."""
        self.base = base
        self._done: list[Segment] = []
        self._texts: list[str] = []
        self._style = base
        self.width = 0

    def add(self, text: str, style: Style | None = None) -> Line:
        """Append `text` as it is."""
        return self._put(text, len(text) if text.isascii() else cell_len(text), style)

    def cell(self, text: str, width: int, style: Style | None = None, *, right: bool = False) -> Line:
        """Append `text` in exactly `width` cells."""
        return self._put(fit(text, width, right=right), width, style) if width > 0 else self

    def fill(self, width: int) -> Line:
        """Pad with the background up to `width`."""
        return self._put(" " * (width - self.width), width - self.width, None) if width > self.width else self

    def append(self, strip: Strip) -> Line:
        """Append what another line became."""
        self._end_run()
        self._done += strip
        self.width += strip.cell_length
        return self

    def strip(self, width: int) -> Strip:
        """The line in exactly `width` cells."""
        self._end_run()
        return Strip(self._done, self.width).adjust_cell_length(width, self.base)

    def _put(self, text: str, width: int, style: Style | None) -> Line:
        """Text of one style is one segment: each costs at every step on its way to the terminal."""
        whole = self.base + style if style else self.base
        if whole is not self._style:
            self._end_run()
            self._style = whole
        self._texts.append(text)
        self.width += width
        return self

    def _end_run(self) -> None:
        if self._texts:
            self._done.append(Segment("".join(self._texts), self._style))
            self._texts = []
