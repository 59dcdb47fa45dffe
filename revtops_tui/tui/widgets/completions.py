"""What may be typed next, in a list under the cursor. It takes no key itself: whoever is typed into tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from revtops_tui.tui.sql.complete import Candidate, Completion
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.line import Line, ink

_ROWS = 8
_LABEL, _NOTE = 50, 20
"""Cells: with both, and what stands around them, a line takes 76 of 80."""
_MARKS = {"column": "·", "table": "▦", "function": "ƒ", "keyword": " "}


class Completions(Widget):
    """Over everything else, and only while it has something to offer."""

    DEFAULT_CSS = """
    Completions {
        overlay: screen;
        constrain: inside inside;
        display: none;
        width: auto;
        height: auto;
        background: $panel;
        & > .completion--note { color: $text-muted; }
        & > .completion--cursor { background: $primary 30%; text-style: bold; }
        & > .completion--bar { color: $primary; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"completion--note", "completion--cursor", "completion--bar"}

    class Clicked(Message):
        """One was chosen with the mouse: it is the current one now."""

    def __init__(self) -> None:
        super().__init__()
        self.start = 0
        """Where the word begins that a candidate replaces."""
        self.chosen = False
        """Whether somebody moved to one, so that enter means it."""
        self._candidates: Sequence[Candidate] = ()
        self._at = 0
        self._widths = (0, 0)

    @property
    def is_open(self) -> bool:
        """Whether something is offered."""
        return bool(self._candidates)

    @property
    def current(self) -> Candidate:
        """The one that would be taken."""
        return self._candidates[self._at]

    def offer(self, completion: Completion, place: Offset) -> None:
        """Show candidates, the first of them current. `place` is where on the screen the word begins."""
        self.start, self._candidates = completion.start, completion.candidates
        self._at, self.chosen = 0, False
        self._widths = (
            self._widest([c.label for c in self._candidates], _LABEL),
            self._widest([c.note for c in self._candidates], _NOTE),
        )
        self.absolute_offset = place + Offset(-3, 1)
        self.display = True
        self.refresh(layout=True)

    def close(self) -> None:
        """Offer nothing any more."""
        self._candidates = ()
        self.display = False

    def move(self, by: int) -> None:
        """Make another one current, beyond the last one the first."""
        self._at = (self._at + by) % len(self._candidates)
        self.chosen = True
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Take the one that was clicked."""
        event.stop()
        if self._top + event.y < len(self._candidates):
            self._at = self._top + event.y
            self.post_message(self.Clicked())

    @staticmethod
    def _widest(texts: Sequence[str], limit: int) -> int:
        return min(max((cell_len(plain(text)) for text in texts), default=0), limit)

    @property
    def _top(self) -> int:
        return max(0, min(self._at - _ROWS // 2, len(self._candidates) - _ROWS))

    def get_content_width(self, container: object, viewport: object) -> int:  # noqa: ARG002 - Textual's signature
        """As wide as the widest."""
        label, note = self._widths
        return 3 + label + (2 + note if note else 0) + 1

    def get_content_height(self, container: object, viewport: object, width: int) -> int:  # noqa: ARG002 - likewise
        """A line for each, up to a handful."""
        return min(len(self._candidates), _ROWS)

    def render_line(self, y: int) -> Strip:
        """One candidate."""
        number = self._top + y
        if number >= len(self._candidates):
            return Strip.blank(self.size.width, self.rich_style)
        candidate = self._candidates[number]
        is_current = number == self._at
        base = self.rich_style
        if is_current:
            base += self.get_component_rich_style("completion--cursor")
        label, note = self._widths
        line = Line(base).add("▌" if is_current else " ", ink(self, "completion--bar"))
        line.add(f"{_MARKS[candidate.kind]} ", ink(self, "completion--note")).cell(plain(candidate.label), label)
        if note:
            line.add("  ").cell(plain(candidate.note), note, ink(self, "completion--note"), right=True)
        return line.strip(self.size.width)
