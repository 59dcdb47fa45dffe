"""A page of styled lines that scrolls: overviews, records, help.

What is on it is a `Paper`, made by a function of the width that knows nothing of widgets; a sheet draws only the
lines in view, so a record of a million lines opens like one of ten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.strip import Strip

from revtops_tui.tui.command import command
from revtops_tui.tui.text import plain, wrap
from revtops_tui.tui.widgets.line import Line, LineByLine, ink

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError

Part = tuple[str, str]
"""A piece of text and its role: "", title, muted, key, string, number, good, bad or busy."""

_LABEL = 10
ROLES = ("title", "muted", "key", "string", "number", "good", "bad", "busy", "bar")


class Paper:
    """Lines made of parts. Text given to it may be anybody's: it is made plain here."""

    def __init__(self, width: int) -> None:
        self.width = max(10, width)
        self.lines: list[tuple[Part, ...]] = []

    def line(self, *parts: Part | str) -> Paper:
        """One line; what is too long for the width is cut when drawn."""
        self.lines.append(
            tuple((plain(part), "") if isinstance(part, str) else (plain(part[0]), part[1]) for part in parts)
        )
        return self

    def blank(self) -> Paper:
        """An empty line, but never two in a row nor one on top."""
        if self.lines and self.lines[-1]:
            self.lines.append(())
        return self

    def heading(self, text: str, note: str = "") -> Paper:
        """A title with room above it, and a note beside it."""
        return self.blank().line((text, "title"), (f"  {note}" if note else "", "muted"))

    def labelled(self, label: str, text: str) -> Paper:
        """A line that says what its text is."""
        return self.line((f"  {label:<{_LABEL}}", "key"), text)

    def text(self, text: str, role: str = "", *, indent: int = 0, limit: int = 0) -> Paper:
        """A wrapped text; with `limit`, of no more than so many lines."""
        lines = wrap(text, self.width - indent)
        if limit and len(lines) > limit:
            lines = [*lines[: limit - 1], f"{lines[limit - 1][: self.width - indent - 1]}…"]
        self.lines += [((" " * indent, ""), (line, role)) for line in lines]
        return self

    def put(self, other: Paper, *, indent: int = 0) -> Paper:
        """The lines of another paper, made for a width that leaves room for the margin."""
        self.lines += [((" " * indent, ""), *line) for line in other.lines] if indent else other.lines
        return self

    @property
    def plain(self) -> str:
        """The text of all lines."""
        return "\n".join("".join(text for text, _ in line) for line in self.lines)


class Sheet(LineByLine, can_focus=True, inherit_bindings=False):
    """Shows a paper, remade when the width changes."""

    DEFAULT_CSS = """
    Sheet {
        background: $surface;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        overflow-x: hidden;
        & > .sheet--title { color: $foreground; text-style: bold; }
        & > .sheet--muted { color: $text-muted; }
        & > .sheet--key { color: $primary; }
        & > .sheet--string { color: $secondary; }
        & > .sheet--number { color: $accent; }
        & > .sheet--good { color: $success; }
        & > .sheet--bad { color: $error; }
        & > .sheet--busy { color: $accent; }
        & > .sheet--bar { color: $primary; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"sheet--{role}" for role in ROLES}
    BINDINGS: ClassVar[list[BindingType]] = [
        command("sheet.down", "down,j", "line(1)", "Down", show=False),
        command("sheet.up", "up,k", "line(-1)", "Up", show=False),
        command("sheet.page_down", "pagedown,space,ctrl+d", "page(1)", "Page down", show=False),
        command("sheet.page_up", "pageup,ctrl+u", "page(-1)", "Page up", show=False),
        command("sheet.top", "home,g", "line(-10000000)", "Top", show=False),
        command("sheet.bottom", "end,G", "line(10000000)", "Bottom", show=False),
    ]

    def __init__(self, write: Callable[[int], Paper] | None = None, *, name: str | None = None) -> None:
        """`write` makes the paper for a width in cells."""
        super().__init__(id=name)
        self._write = write
        self._paper = Paper(10)

    @property
    def plain(self) -> str:
        """The text on it."""
        return self._paper.plain

    def show(self, write: Callable[[int], Paper], *, keep_place: bool = False) -> None:
        """Show another paper, from its top unless it is the same one brought up to date."""
        self._write = write
        if not keep_place:
            self.scroll_to(y=0, animate=False, force=True)
        self.rewrite()

    def fail(self, error: EngineError) -> None:
        """Say why there is nothing to show."""
        self.show(lambda width: Paper(width).text(error.message, "bad").text(error.hint, "muted"))

    def rewrite(self) -> None:
        """Make the paper again: what it tells has changed."""
        width = self.scrollable_content_region.width
        if self._write is None or not width:
            return
        before, self._paper = self._paper, self._write(width)
        self._set_height(len(self._paper.lines))
        self.refresh_changed(before.lines, self._paper.lines)

    def _set_height(self, lines: int) -> None:
        """Where both this page and the last fit, nothing has another place than before; else all is laid out again."""
        size, height = Size(self.scrollable_content_region.width, lines), self.styles.height
        fits = max(lines, self.virtual_size.height) <= self.scrollable_content_region.height
        if fits and height is not None and not height.is_auto:
            self.set_reactive(Sheet.virtual_size, size)
        else:
            self.virtual_size = size

    def on_resize(self, _event: events.Resize) -> None:
        """Another width is another paper."""
        self.rewrite()

    def action_line(self, by: int) -> None:
        """Scroll by lines."""
        self.scroll_to(y=self.scroll_offset.y + by, animate=False)

    def action_page(self, direction: int) -> None:
        """Scroll by a screenful."""
        self.action_line(direction * max(1, self.scrollable_content_region.height - 1))

    def render_line(self, y: int) -> Strip:
        """One line of the paper."""
        number = y + self.scroll_offset.y
        base = self.ground
        if number >= len(self._paper.lines):
            return Strip.blank(self.scrollable_content_region.width, base)
        line = Line(base)
        for text, role in self._paper.lines[number]:
            line.add(text, ink(self, f"sheet--{role}") if role else None)
        if line.width > self.scrollable_content_region.width:
            return Strip.join([line.strip(self.scrollable_content_region.width - 1), Line(base).add("…").strip(1)])
        return line.strip(self.scrollable_content_region.width)
