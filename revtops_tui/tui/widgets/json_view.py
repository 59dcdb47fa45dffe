"""A viewer for bodies of any size: JSON laid out and folded, text, bytes. Draws the lines in view and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.strip import Strip

from revtops_tui.tui.command import command
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.body import Body, JsonBody, piece, places_of, read_body
from revtops_tui.tui.widgets.folds import Folds
from revtops_tui.tui.widgets.line import Line, LineByLine, ink
from revtops_tui.tui.widgets.typed_text import TypedText

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp

_GUTTER = 2
_SIDEWAYS = 8
_FAR = 1_000_000_000
_SEARCH_SHOWN = 20
_ROLES = ("key", "string", "number", "muted")


class JsonView(LineByLine, can_focus=True, inherit_bindings=False):
    """Lines with a cursor: nothing is wrapped, what is long is scrolled sideways by characters."""

    DEFAULT_CSS = """
    JsonView {
        background: $surface;
        scrollbar-size: 1 1;
        & > .body--key { color: $primary; }
        & > .body--string { color: $secondary; }
        & > .body--number { color: $accent; }
        & > .body--muted { color: $text-muted; }
        & > .body--cursor { background: $panel; }
        &:focus > .body--cursor { background: $primary 18%; text-style: bold; }
        & > .body--found { color: $background; background: $accent; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"body--{role}" for role in _ROLES), "body--cursor", "body--found"}
    BINDINGS: ClassVar[list[BindingType]] = [
        command("body.down", "down,j", "move(1)", "Down", show=False),
        command("body.up", "up,k", "move(-1)", "Up", show=False),
        command("body.right", "right,l", f"sideways({_SIDEWAYS})", "Right", show=False),
        command("body.left", "left,h", f"sideways(-{_SIDEWAYS})", "Left", show=False),
        command("body.line-start", "home,0", f"sideways(-{_FAR})", "Start of the line", show=False),
        command("body.line-end", "end,dollar_sign", "line_end", "End of the line", show=False),
        command("body.page-down", "pagedown,ctrl+d", "page(1)", "Page down", show=False),
        command("body.page-up", "pageup,ctrl+u", "page(-1)", "Page up", show=False),
        command("body.top", "g,ctrl+home", f"move(-{_FAR})", "Top", show=False),
        command("body.bottom", "G,ctrl+end", f"move({_FAR})", "Bottom", show=False),
        command("body.search", "slash", "search", "Search", "Type to find; enter keeps, esc drops it", mark="/"),
        command("body.next", "n", "again(1)", "Next found", "The next line that has it", show=False),
        command("body.previous", "N", "again(-1)", "Previous found", "The line before that has it", show=False),
        command("body.fold", "enter,space", "fold", "Fold", "Fold or unfold what is opened here", show=False),
        command("body.fold-all", "z", "fold_within", "Fold all", "Fold all that is within; again unfolds", show=False),
        command("body.copy", "y", "copy('value')", "Copy", "Copy the value under the cursor"),
        command("body.copy-path", "Y", "copy('path')", "Copy path", "Copy where that value stands", show=False),
        command("body.raw", "v", "raw", "As it came", "Show it as it came, or laid out again", show=False),
    ]

    def __init__(self, *, empty: str = "Nothing here.", name: str | None = None) -> None:
        """`empty`: what stands there while there is nothing to show."""
        super().__init__(id=name)
        self._empty = empty
        self._given: tuple[bytes | str, str] = (b"", "")
        self._body: Body = read_body(b"")
        self._folds = Folds()
        self._is_raw = False
        self._search = TypedText()
        self._searched_from = 0
        self.number = 0
        """The line under the cursor, from 0."""

    # -- what others use

    def show(self, body: bytes | str, kind: str = "") -> None:
        """Show a body from its top. `kind` is its content type, or "json" or "text"; without one it is looked at."""
        self._given, self._is_raw = (body, kind), False
        self._open(kind)

    def say(self, empty: str) -> None:
        """Show nothing but a sentence."""
        self._empty = empty
        self.show(b"")

    @property
    def path(self) -> str:
        """Where the value under the cursor stands, as a JSON path; "" where it is no JSON."""
        return self._body.path(self.number) if isinstance(self._body, JsonBody) else ""

    @property
    def value(self) -> str:
        """What is under the cursor: a string's text, an object's JSON, a line of text."""
        if isinstance(self._body, JsonBody):
            return self._body.value(self.number)
        return self._body.line(self.number) if self._body.count else ""

    @property
    def needle(self) -> str:
        """What is searched for."""
        return self._search.text

    def _open(self, kind: str) -> None:
        self._body = read_body(self._given[0], kind)
        self._folds = Folds(self._body.count)
        self.number = 0
        self._search.drop()
        self._measure()
        self.scroll_to(0, 0, animate=False, force=True, immediate=True)
        self._tell_place()
        self.refresh()

    def _measure(self) -> None:
        self.virtual_size = Size(self._body.width + _GUTTER, self._folds.rows)

    # -- moving

    @property
    def _view(self) -> Size:
        return self.scrollable_content_region.size

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        if self._folds.rows:
            row = self._folds.row(self.number) + by
            self._go(self._folds.line(min(max(row, 0), self._folds.rows - 1)))

    def action_page(self, direction: int) -> None:
        """Move by a screenful."""
        self.action_move(direction * max(1, self._view.height - 1))

    def action_sideways(self, by: int) -> None:
        """Scroll by characters."""
        self.scroll_to(x=max(0, self.scroll_offset.x + by), animate=False, force=True)

    def action_line_end(self) -> None:
        """Scroll to the end of the line under the cursor."""
        if self._body.count:
            end = len(self._body.line(self.number)) + _GUTTER - self._view.width
            self.scroll_to(x=max(0, end), animate=False, force=True)

    def _go(self, number: int) -> None:
        self.number = number
        row = self._folds.row(number)
        top = min(max(self.scroll_offset.y, row - self._view.height + 1), row)
        self.scroll_to(y=top, animate=False, force=True, immediate=True)
        self._tell_place()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the mark in front of a line, or a second time, it folds."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y + self.scroll_offset.y >= self._folds.rows:
            return
        self._go(self._folds.line(offset.y + self.scroll_offset.y))
        if offset.x < _GUTTER or event.chain == 2:
            self.action_fold()

    def _tell_place(self) -> None:
        count = self._body.count
        shown = self._search.shown(_SEARCH_SHOWN) or (f"line {self.number + 1:,} of {count:,}" if count else "")
        self.caption(shown)

    # -- folding

    def action_fold(self) -> None:
        """Fold what is opened on this line, or unfold it."""
        if not isinstance(self._body, JsonBody):
            return
        if self._folds.end(self.number) is not None:
            self._folds.unfold(self.number)
        elif (end := self._body.end_of(self.number)) is not None:
            self._folds.fold((self.number, end))
        self._folded()

    def action_fold_within(self) -> None:
        """Fold everything one level down from this line, or from the top; unfold all where that is done already."""
        body = self._body
        if not isinstance(body, JsonBody) or not body.count:
            return
        children = [(n, end) for n in body.children_of(self.number) if (end := body.end_of(n)) is not None]
        if not children:
            children = [(n, end) for n in body.children_of(0) if (end := body.end_of(n)) is not None]
        if all(self._folds.end(start) is not None for start, _ in children):
            self._folds.unfold(*[start for start, _ in children])
        else:
            self._folds.fold(*children)
        self._folded()

    def _folded(self) -> None:
        self._measure()
        self._go(self._folds.line(self._folds.row(self.number)))

    # -- searching

    def action_search(self) -> None:
        """Start typing what to search for."""
        self._search.begin("")
        self._searched_from = self.number
        self._tell_place()

    def on_key(self, event: events.Key) -> None:
        """Edit what is searched for."""
        if self._search.take(event):
            self._searched(event.key)
        elif event.key == "slash":  # here and not by the binding: the next key is on its way
            self.action_search()
        elif event.key == "escape" and self.needle:
            self._search.drop()
            self._tell_place()
            self.refresh()
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """A paste while searching is typed text."""
        if self._search.paste(event):
            self._find(self._searched_from, 1)

    def _searched(self, key: str) -> None:
        if key == "escape":
            self._go(self._searched_from)
        elif key == "enter":
            self._tell_place()
        else:
            self._find(self._searched_from, 1)

    def action_again(self, step: int) -> None:
        """Go to the next line, or the one before, that has what was searched for."""
        self._find(self.number + step, step)

    def _find(self, start: int, step: int) -> None:
        count = self._body.count
        found = self._body.find(self.needle, start % count, step) if self.needle and count else None
        if found is not None:
            self._folds.reveal(found)
            self._measure()
            self._go(found)
            self._bring_into_view(found)
        elif self.needle and not self._search.is_open:
            self.app.bell()
        self._tell_place()
        self.refresh()

    def _bring_into_view(self, number: int) -> None:
        column = self._body.line(number).lower().find(self.needle.lower())
        left, width = self.scroll_offset.x, self._view.width - _GUTTER
        if not left <= column <= left + width - len(self.needle):
            self.scroll_to(x=max(0, column - width // 3), animate=False, force=True, immediate=True)

    # -- copying, and the other way of showing it

    def action_copy(self, what: str) -> None:
        """Copy the value under the cursor, or its path."""
        if self._body.count:
            host = cast("RevtopsApp", self.app)
            path = self.path
            host.copy(path or self.value, "path") if what == "path" else host.copy(self.value, path or "line")

    def action_raw(self) -> None:
        """Show the body as it came, or laid out again."""
        self._is_raw = not self._is_raw
        self._open("raw" if self._is_raw else self._given[1])

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """One line of the body."""
        width, base = self._view.width, self.ground
        row = y + self.scroll_offset.y
        if row >= self._folds.rows:
            text = self._empty if not self._folds.rows and y == 0 else ""
            return Line(base).cell(plain(text), width, ink(self, "body--muted")).strip(width)
        number = self._folds.line(row)
        if number == self.number:
            base += self.get_component_rich_style("body--cursor")
        line = Line(base).cell(self._mark(number), _GUTTER, ink(self, "body--muted"))
        self._add_text(line, number)
        if (end := self._folds.end(number)) is not None:
            hidden = end - number - 1
            line.add(f" … {hidden:,} lines … ", ink(self, "body--muted")).add(plain(self._body.line(end).strip()))
        return line.strip(width)

    def _mark(self, number: int) -> str:
        if self._folds.end(number) is not None:
            return "▸ "
        opens = self._body.is_json and self._body.line(number).endswith(("{", "["))
        return "▾ " if opens else "  "

    def _add_text(self, line: Line, number: int) -> None:
        text = self._body.line(number)
        start, right = self.scroll_offset.x, self.scroll_offset.x + self._view.width
        found = places_of(self.needle, text, start, right)
        for end, role in self._body.spans(text):
            while start < min(end, right):
                inside = next((stop for begin, stop in found if begin <= start < stop), None)
                edge = min(inside or next((begin for begin, _ in found if begin > start), end), end, right)
                style = ink(self, f"body--{role}") if role else None
                marked = self.get_component_rich_style("body--found") if inside else style
                line.add(piece(text, start, edge - start), marked)
                start = edge
