"""The line on top: the workspaces to the left, whose data this is and what is running to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.line import Line, ink


class StatusLine(Widget):
    """Workspaces as tabs, and the state of the whole."""

    DEFAULT_CSS = """
    StatusLine {
        dock: top;
        height: 1;
        background: $panel;
        & > .status--brand { color: $primary; text-style: bold; }
        & > .status--tab { color: $text-muted; }
        & > .status--current { color: $foreground; text-style: bold underline; }
        & > .status--badge { color: $accent; text-style: bold; }
        & > .status--note { color: $text-muted; }
        & > .status--busy { color: $accent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status--brand",
        "status--tab",
        "status--current",
        "status--badge",
        "status--note",
        "status--busy",
    }

    current: reactive[str] = reactive("")
    note: reactive[str] = reactive("")
    busy: reactive[str] = reactive("")
    badges: reactive[Mapping[str, int]] = reactive[Mapping[str, int]](dict)
    """How many things wait in a workspace, by its id."""

    @dataclass
    class Clicked(Message):
        """A tab was clicked."""

        tab: str

    def __init__(self, tabs: Sequence[tuple[str, str, str]]) -> None:
        """`tabs`: id, key and title of each workspace."""
        super().__init__()
        self._tabs = tabs
        self._ends: list[tuple[int, str]] = []

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """The line."""
        line = Line(self.rich_style).add(" revtops ", ink(self, "status--brand")).add(" ")
        self._ends = [(line.width, "")]
        for tab, key, title in self._tabs:
            line.add(f" {key} ", ink(self, "status--note"))
            line.add(title, ink(self, "status--current" if tab == self.current else "status--tab"))
            if waiting := self.badges.get(tab):
                line.add(f" ({waiting})", ink(self, "status--badge"))
            line.add("  ")
            self._ends.append((line.width, tab))
        busy, note = plain(self.busy), plain(self.note)
        room = self.size.width - line.width - len(busy) - (4 if busy else 2)
        right = Line(self.rich_style)
        if busy:
            right.add(busy, ink(self, "status--busy")).add("  ")
        if room > 3:
            right.add(note if len(note) <= room else note[: room - 1] + "…", ink(self, "status--note")).add(" ")
        line.fill(self.size.width - right.width)
        return Strip.join([line.strip(line.width), right.strip(right.width)]).adjust_cell_length(self.size.width)

    def on_click(self, event: events.Click) -> None:
        """Go to the workspace that was clicked."""
        for end, tab in self._ends:
            if event.x < end:
                if tab:
                    self.post_message(self.Clicked(tab))
                return
