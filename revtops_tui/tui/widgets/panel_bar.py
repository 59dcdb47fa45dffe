"""The line that names the panels: the one that is shown, the others, and dimmed those that a connection has not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from revtops_tui.tui.widgets.line import Line, ink

_MORE = " …"
"""Stands for the titles that there is no room for: none is cut."""


class PanelBar(Widget):
    """Titles in one line: where there is no room for all, as many as fit, and the one that is shown among them."""

    DEFAULT_CSS = """
    PanelBar {
        height: 1;
        background: $surface;
        & > .bar--title { color: $text-muted; }
        & > .bar--missing { color: $text-disabled; text-style: italic; }
        & > .bar--current { color: $foreground; text-style: bold underline; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"bar--title", "bar--missing", "bar--current"}

    @dataclass
    class Clicked(Message):
        """A title was clicked."""

        panel: str

    def __init__(self, titles: Sequence[tuple[str, str]]) -> None:
        """`titles`: id and title of each panel."""
        super().__init__()
        self._titles = titles
        self._current = ""
        self._missing: Collection[str] = ()
        self._places: list[tuple[int, int, str]] = []

    def show(self, current: str, missing: Collection[str]) -> None:
        """Which one is shown, and which a connection has not."""
        self._current, self._missing = current, missing
        self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """The line."""
        width, line = self.size.width, Line(self.rich_style)
        self._places = []
        gap = 2 if 1 + sum(len(title) + 2 for _, title in self._titles) <= width else 1
        titles = self._in_view(width, gap)
        for panel, title in titles:
            mark = 0 if panel == titles[-1][0] else len(_MORE)
            if line.width + 1 + len(title) + mark > width:
                line.add(_MORE, ink(self, "bar--title"))
                break
            line.add(" ")
            self._places.append((line.width, line.width + len(title), panel))
            state = "current" if panel == self._current else "missing" if panel in self._missing else "title"
            line.add(title, ink(self, f"bar--{state}")).add(" " * (gap - 1))
        return line.strip(width)

    def _in_view(self, width: int, gap: int) -> Sequence[tuple[str, str]]:
        """Titles from the first one from which the current one fits."""
        for start in range(len(self._titles)):
            room = width - len(_MORE)
            for panel, title in self._titles[start:]:
                room -= len(title) + gap
                if panel == self._current:
                    break
            if room >= 0 or self._titles[start][0] == self._current:
                return self._titles[start:]
        return self._titles

    def on_click(self, event: events.Click) -> None:
        """Go to the panel that was clicked."""
        for start, end, panel in self._places:
            if start <= event.x < end:
                self.post_message(self.Clicked(panel))
