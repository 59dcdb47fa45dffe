"""The line on top: the workspaces to the left, whose data this is and what is running to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from revtops_tui.tui.text import fit, plain
from revtops_tui.tui.widgets.line import Line, ink

_NOTE = 30
_SHORT_NOTE = 12
_SHORTEST_NOTE = 4


@dataclass(frozen=True)
class Brevity:
    """What there is room for on the left."""

    brand: bool = False
    titles: bool = False
    space: int = 1
    """Cells behind each workspace."""
    note: int = _NOTE
    """Cells that are left for whose data it is, if that is as long."""


_BREVITIES = (
    Brevity(brand=True, titles=True, space=2),
    Brevity(titles=True, space=2),
    Brevity(titles=True),
    Brevity(titles=True, note=_SHORT_NOTE),
    Brevity(),
)


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
        & > .status--mark { color: $accent; text-style: bold; }
        & > .status--note { color: $text-muted; }
        & > .status--busy { color: $accent; }
        & > .status--errors { color: $error; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status--brand",
        "status--tab",
        "status--current",
        "status--badge",
        "status--mark",
        "status--note",
        "status--busy",
        "status--errors",
    }

    current: reactive[str] = reactive("")
    mark: reactive[str] = reactive("")
    """A word about the data that is never cut: DEMO."""
    note: reactive[str] = reactive("")
    """Whose data it is; cut where there is little room."""
    busy: reactive[str] = reactive("")
    errors: reactive[int] = reactive(0)
    """How many errors were told that nobody has read again."""
    badges: reactive[Mapping[str, int]] = reactive[Mapping[str, int]](dict)
    """How many things wait in a workspace, by its id."""

    @dataclass
    class Clicked(Message):
        """A part was clicked: `action` is the app's action for it."""

        action: str

    def __init__(self, tabs: Sequence[tuple[str, str, str]]) -> None:
        """`tabs`: id, key and title of each workspace."""
        super().__init__()
        self._tabs = tabs
        self._ends: list[tuple[int, str]] = []

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """The line."""
        busy, errors = plain(self.busy, self.size.width // 2), f"! {self.errors}" if self.errors else ""
        room = self.size.width - sum(len(part) + 2 for part in (busy, errors, self.mark) if part) - 1
        lines = ((self._left(each), min(len(self.note), each.note)) for each in _BREVITIES)
        line = next((line for line, note in lines if line.width + note <= room), None) or self._left(_BREVITIES[-1])
        right, ends = self._right(busy, errors, self.size.width - line.width)
        line.fill(self.size.width - right.width)
        self._ends += [(line.width + end, action) for end, action in ends]
        return Strip.join([line.strip(line.width), right.strip(right.width)]).adjust_cell_length(self.size.width)

    def _left(self, brevity: Brevity) -> Line:
        """The workspaces; `_ends` remembers where each ends, for clicks."""
        line = Line(self.rich_style).add(" revtops " if brevity.brand else "", ink(self, "status--brand")).add(" ")
        self._ends = [(line.width, "")]
        for tab, key, title in self._tabs:
            is_current = tab == self.current
            line.add(f" {key}", ink(self, "status--note"))
            if brevity.titles or is_current:
                line.add(" ").add(title, ink(self, "status--current" if is_current else "status--tab"))
            if waiting := self.badges.get(tab):
                line.add(f" ({waiting})" if brevity.titles else f"({waiting})", ink(self, "status--badge"))
            line.add(" " * brevity.space)
            self._ends.append((line.width, f"go('{tab}')"))
        return line

    def _right(self, busy: str, errors: str, room: int) -> tuple[Line, list[tuple[int, str]]]:
        """What runs, what was told, and whose data it is, where there is room for it."""
        line, ends = Line(self.rich_style), [(0, "")]
        kept = len(self.mark) + 2 if self.mark else 0
        for text, style, dialog in ((busy, "busy", "tasks"), (errors, "errors", "notices")):
            if text and line.width + cell_len(text) + 2 + kept <= room:
                line.add(text, ink(self, f"status--{style}")).add("  ")
                ends.append((line.width, f"show('{dialog}')"))
        if self.mark:
            line.add(self.mark, ink(self, "status--mark")).add("  ")
            ends.append((line.width, "show('organizations')"))
        note, left = plain(self.note), room - line.width - 1
        if left > _SHORTEST_NOTE:
            line.add(fit(note, min(left, cell_len(note))), ink(self, "status--note")).add(" ")
            ends.append((line.width, "show('organizations')"))
        return line, ends

    def on_click(self, event: events.Click) -> None:
        """Do what the part that was clicked stands for."""
        for end, action in self._ends:
            if event.x < end:
                if action:
                    self.post_message(self.Clicked(action))
                return

    def places(self) -> list[tuple[int, str]]:
        """Where each workspace stands on the line, and the action that goes there."""
        starts = [0, *(end for end, _ in self._ends)]
        return [
            (start, action) for start, (_, action) in zip(starts, self._ends, strict=False) if action.startswith("go(")
        ]
