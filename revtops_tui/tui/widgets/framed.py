"""Lines within a border, beside a scroll bar, each put together at once.

Textual draws a border around every line of a widget, and has its scroll bar drawn by a widget of its own, at which it
cuts those lines again: for a screen of short lines that is twice the work of drawing them. Here a line has its ends and
its piece of the bar from the start, and a line that stays what it was is not put together again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region
from textual.strip import Strip

from revtops_tui.tui.widgets.line import LineByLine
from revtops_tui.tui.widgets.scroll_bar import Bar

Parts = Sequence[Segment]


@dataclass(frozen=True)
class _Look:
    """What every line of a widget is drawn with, beside what stands in it."""

    left: Parts
    right: Parts
    filters: Sequence[LineFilter]
    background: Color


class Framed(LineByLine):
    """A widget of which one says what stands in each line. Its style knows no outline, tint or opacity."""

    DEFAULT_CSS = "Framed { scrollbar-size: 1 0; }"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(id=name)
        self._bar: Parts = ()
        self._look: _Look | None = None
        self._framed: dict[int, tuple[Parts, Parts, Strip]] = {}
        self._grabbed: tuple[int, Bar] | None = None

    # -- for the widget

    def line(self, y: int) -> Parts:
        """What stands in a line, in `room` cells. The very same object as the last time: nothing in it changed."""
        raise NotImplementedError

    @property
    def room(self) -> int:
        """Cells of a line, without its piece of the bar."""
        return max(0, self.scrollable_content_region.width - self.show_vertical_scrollbar)

    @property
    def lines_in_view(self) -> int:
        """How many lines can be seen."""
        return self.scrollable_content_region.height

    def is_on_bar(self, x: int) -> bool:
        """Whether a cell of a line is one of the bar's."""
        return self.show_vertical_scrollbar and x == self.room

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """A line with its piece of the bar, without the border."""
        if y >= self.lines_in_view:  # Textual asks for what its scroll bar hides, too
            return Strip.blank(self.scrollable_content_region.width)
        return Strip([*self.line(y), *self._bar[y : y + 1]])

    def render_lines(self, crop: Region) -> list[Strip]:
        """All that can be seen. The border is Textual's; the ends of its first line are those of all others."""
        self._bar = self._drawn_bar()
        seen, (width, height), gutter = self.lines_in_view, self.outer_size, self.styles.gutter
        if seen < 1:
            return super().render_lines(crop)
        above = super().render_lines(Region(0, 0, width, gutter.top + 1))
        below = super().render_lines(Region(0, gutter.top + seen, width, height - gutter.top - seen))
        look = _Look(
            list(above[-1].crop(0, gutter.left)),
            list(above[-1].crop(width - gutter.right)),
            self.get_line_filters(),
            self.background_colors[1],
        )
        if look != self._look:
            self._look = look
            self._framed.clear()
        between = [self._frame(y, width, look) for y in range(1, seen)]
        strips = [*above, *between, *below][crop.y : crop.bottom]
        return strips if crop.column_span == (0, width) else [strip.crop(*crop.column_span) for strip in strips]

    def _frame(self, y: int, width: int, look: _Look) -> Strip:
        line, piece = self.line(y), self._bar[y : y + 1]
        kept = self._framed.get(y)
        if kept is not None and kept[0] is line and kept[1] == piece:
            return kept[2]
        inside = [*line, *piece]
        for each in look.filters:
            inside = each.apply(inside, look.background)
        strip = Strip([*look.left, *inside, *look.right], width)
        self._framed[y] = (line, piece, strip)
        return strip

    # -- the bar

    def _drawn_bar(self) -> Parts:
        if not self.show_vertical_scrollbar:
            return ()
        styles = self.styles
        color = styles.scrollbar_color_active if self._grabbed else styles.scrollbar_color
        ground = self.background_colors[1] + styles.scrollbar_background
        return self._bar_now.drawn((ground + color).rich_color, ground.rich_color)

    @property
    def _bar_now(self) -> Bar:
        seen = self.lines_in_view
        return Bar(seen, max(seen, self.virtual_size.height), self.scroll_y)  # the bar goes a moment after the rows

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the bar: of its thumb, or of the place the thumb then jumps to."""
        offset = event.get_content_offset(self)
        if offset is None or not self.is_on_bar(offset.x):
            return
        event.stop()
        self.capture_mouse()
        self.scroll_to(y=self._bar_now.pressed(offset.y), animate=False, force=True)
        self._grabbed = (offset.y, self._bar_now)
        self.refresh()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Pull at the bar."""
        if self._grabbed is None:
            return
        event.stop()
        y, bar = self._grabbed
        self.scroll_to(y=bar.pulled(event.get_content_offset_capture(self).y - y), animate=False, force=True)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go of the bar."""
        if self._grabbed is not None:
            event.stop()
            self._grabbed = None
            self.release_mouse()
            self.refresh()
