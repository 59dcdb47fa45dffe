"""The tabs there are, in one line: drawn, not built of widgets, and there only while there are several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from revtops_tui.tui.text import fit, plain
from revtops_tui.tui.widgets.line import Line, ink

_TITLE = 24


@dataclass(frozen=True)
class TabTitle:
    """What a tab is called, and whether something runs in it."""

    text: str
    is_busy: bool = False


class TabLine(Widget):
    """Numbers and titles; a click goes to a tab."""

    DEFAULT_CSS = """
    TabLine {
        height: 1;
        display: none;
        background: $surface;
        & > .tab--other { color: $text-muted; }
        & > .tab--current { color: $foreground; text-style: bold reverse; }
        & > .tab--busy { color: $accent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tab--other", "tab--current", "tab--busy"}

    @dataclass
    class Clicked(Message):
        """A tab was clicked."""

        number: int

    def __init__(self) -> None:
        super().__init__()
        self._titles: Sequence[TabTitle] = ()
        self._current = 0
        self._ends: list[int] = []

    def show(self, titles: Sequence[TabTitle], current: int) -> None:
        """Show these, one of them as the current one."""
        self._titles, self._current = titles, current
        self.display = len(titles) > 1
        self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """The line; what does not fit is left of what does, so that the current tab can be seen."""
        width = self.size.width
        room = max(4, min(_TITLE, width // max(1, len(self._titles)) - 5))
        line, self._ends = Line(self.rich_style), []
        for number, title in enumerate(self._titles):
            style = ink(self, "tab--current" if number == self._current else "tab--other")
            line.add(f" {number + 1} {fit(plain(title.text), room).rstrip()} ", style)
            line.add("⟳" if title.is_busy else " ", ink(self, "tab--busy"))
            self._ends.append(line.width)
        return line.strip(width)

    def on_click(self, event: events.Click) -> None:
        """Go to the tab that was clicked."""
        for number, end in enumerate(self._ends):
            if event.x < end:
                self.post_message(self.Clicked(number))
                return
