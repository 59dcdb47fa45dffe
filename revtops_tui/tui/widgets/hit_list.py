"""Records that were found, under the names of their entities, with what matched emphasised.

It takes no focus: whoever types goes on typing while arrow keys, which the dialog hands over, move the cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from revtops_tui.tui.text import fit, plain
from revtops_tui.tui.widgets.line import Line, LineByLine, ink

Spans = Sequence[tuple[int, int]]

_NARROW = 60
_WIDEST_SYSTEM = 18
_WIDEST_NOTE = 40


@dataclass(frozen=True)
class FoundLine:
    """A record: what it is called and what else names it, both plain, each with the places that matched."""

    entity: str
    id: int
    section: str
    title: str
    title_spans: Spans
    note: str
    note_spans: Spans
    system: str


class HitList(LineByLine, can_focus=False, inherit_bindings=False):
    """Found records in sections, one of them under the cursor."""

    DEFAULT_CSS = """
    HitList {
        background: $surface;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        & > .hit--section { color: $text-muted; text-style: bold; }
        & > .hit--note { color: $text-muted; }
        & > .hit--match { color: $accent; text-style: bold underline; }
        & > .hit--cursor { background: $primary 25%; text-style: bold; }
        & > .hit--bar { color: $primary; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"hit--section", "hit--note", "hit--match", "hit--cursor", "hit--bar"}

    @dataclass
    class Chosen(Message):
        """A click on a record."""

        hit: FoundLine

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[FoundLine | str] = []
        self._places: list[int] = []
        self._at = 0

    @property
    def current(self) -> FoundLine | None:
        """The record under the cursor."""
        if not self._places:
            return None
        line = self._lines[self._places[self._at]]
        return line if isinstance(line, FoundLine) else None

    def show(self, hits: Sequence[FoundLine], more: str, *, keep: bool = False) -> None:
        """Show what was found, grouped, and a last line; the cursor is on the first, or with `keep` where it was."""
        before = self.current if keep else None
        self._lines = []
        for section in dict.fromkeys(hit.section for hit in hits):
            self._lines += [section, *(hit for hit in hits if hit.section == section)]
        self._places = [place for place, line in enumerate(self._lines) if isinstance(line, FoundLine)]
        if more:
            self._lines.append(more)
        same = (n for n, place in enumerate(self._places) if before is not None and self._is(place, before))
        self._at = next(same, 0)
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._lines))
        self._reveal()

    def _is(self, place: int, hit: FoundLine) -> bool:
        line = self._lines[place]
        return isinstance(line, FoundLine) and (line.entity, line.id) == (hit.entity, hit.id)

    def move(self, by: int) -> None:
        """Move the cursor by so many records, stopping at the ends."""
        if self._places:
            self._at = min(max(self._at + by, 0), len(self._places) - 1)
            self._reveal()

    def page(self, direction: int) -> None:
        """Move the cursor by a screenful."""
        self.move(direction * max(1, self.scrollable_content_region.height - 2))

    def _reveal(self) -> None:
        y = self._places[self._at] if self._places else 0
        first = 0 if y <= 1 else y  # the first section's heading comes along, and what stands below the last record
        last = y + 1 if self._at == len(self._places) - 1 else y
        self.scroll_to_region(Region(0, first, 1, 1 + last - first), animate=False, force=True, immediate=True)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click chooses."""
        offset = event.get_content_offset(self)
        place = offset.y + self.scroll_offset.y if offset is not None else -1
        if place in self._places:
            self._at = self._places.index(place)
            self.refresh()
            if hit := self.current:
                self.post_message(self.Chosen(hit))

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """One line of the list."""
        width = self.scrollable_content_region.width
        base = self.ground
        number = y + self.scroll_offset.y
        if number >= len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[number]
        if isinstance(line, str):
            return Line(base).add(" ").cell(plain(line), width - 1, self._style("section")).strip(width)
        return self._record(line, base, width, current=self._places[self._at] == number)

    def _record(self, hit: FoundLine, base: Style, width: int, *, current: bool) -> Strip:
        if current:
            base += self.get_component_rich_style("hit--cursor")
        widest = max(len(line.system) for line in self._lines if isinstance(line, FoundLine))
        system = min(widest, _WIDEST_SYSTEM)
        note = min(_WIDEST_NOTE, width // 3) if width >= _NARROW else 0
        line = Line(base).add("▌ " if current else "  ", self._style("bar"))
        self._emphasised(line, hit.title, hit.title_spans, width - 2 - (note + 2 if note else 0) - system - 3)
        line.add("  ")
        if note:
            self._emphasised(line, hit.note, hit.note_spans, note, self._style("note"))
            line.add("  ")
        return line.cell(hit.system, system, self._style("note"), right=True).strip(width)

    def _emphasised(self, line: Line, text: str, spans: Spans, width: int, style: Style | None = None) -> None:
        """A text in exactly `width` cells, with the spans of it that are in view emphasised."""
        shown = fit(text, width)
        kept = len(shown.rstrip())
        end = 0
        for start, stop in spans:
            if end <= start and stop <= kept and shown[start:stop] == text[start:stop]:
                line.add(shown[end:start], style).add(shown[start:stop], self._style("match"))
                end = stop
        line.add(shown[end:], style)

    def _style(self, part: str) -> Style:
        return ink(self, f"hit--{part}")
