"""A list of exchanges, of any number, that grows while it is looked at: draws what is in view, reads that alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.papers.exchange import list_line
from revtops_tui.tui.text import plain, wrap
from revtops_tui.tui.widgets.line import Line, LineByLine, ink

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.traffic import Log, Summary

_FAR = 1_000_000_000
_READ = 200
_KEPT = 4_000


class ExchangeList(LineByLine, can_focus=True, inherit_bindings=False):
    """The newest on top; the attempts of one request stand together."""

    DEFAULT_CSS = """
    ExchangeList {
        background: $surface;
        border: round $border-blurred;
        border-title-color: $foreground;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        &:focus { border: round $primary; }
        & > .traffic--note { color: $text-muted; }
        & > .traffic--good { color: $success; }
        & > .traffic--bad { color: $error; }
        & > .traffic--busy { color: $warning; }
        & > .traffic--mark { color: $accent; text-style: bold; }
        & > .traffic--cursor { background: $panel; }
        &:focus > .traffic--cursor { background: $primary 25%; text-style: bold; }
        & > .traffic--bar { color: $primary; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"traffic--{part}" for part in ("note", "good", "bad", "busy", "mark", "cursor", "bar")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        command("traffic.down", "down,j", "move(1)", "Next", show=False),
        command("traffic.up", "up,k", "move(-1)", "Previous", show=False),
        command("traffic.page-down", "pagedown,ctrl+d", "page(1)", "Page down", show=False),
        command("traffic.page-up", "pageup,ctrl+u", "page(-1)", "Page up", show=False),
        command("traffic.first", "home,g", f"move(-{_FAR})", "Newest", show=False),
        command("traffic.last", "end,G", f"move({_FAR})", "Oldest", show=False),
        command("traffic.look", "enter", "choose", "Look", "Look at this exchange", show=False),
    ]

    @dataclass
    class Highlighted(Message):
        """Another exchange is under the cursor; None where there is none."""

        exchange_id: int | None

    @dataclass
    class Chosen(Message):
        """Enter, or a double click."""

        exchange_id: int

    @dataclass
    class Failed(Message):
        """Exchanges could not be read."""

        error: EngineError

    def __init__(self, *, names_system: bool = True) -> None:
        super().__init__()
        self._names_system = names_system
        self._empty = "Reading…"
        self._log: Log | None = None
        self._count = 0
        self._known: OrderedDict[int, Summary] = OrderedDict()
        self._reading = False
        self._gone: set[int] = set()
        self.row = 0
        self.current: int | None = None
        """The id of the exchange under the cursor."""

    # -- what others use

    def show(self, log: Log | None, empty: str) -> None:
        """Show the exchanges of a log, from the newest on; `empty` stands there where it has none."""
        self._log, self._empty = log, empty
        self._known.clear()
        self._gone.clear()
        self.row, self.current = 0, None
        self.grown()
        self.scroll_to(y=0, animate=False, force=True, immediate=True)

    def grown(self) -> None:
        """The log has others than before: the cursor stays with its exchange, and on the newest where it is there."""
        before, self._count = self._count, self._log.count if self._log else 0
        if self.row and self.current is not None:
            self.row = self._place(self.current, self.row + self._count - before)
        self.virtual_size = Size(self.scrollable_content_region.width, self._count)
        self._settle()

    def forget(self, exchange_id: int) -> None:
        """An exchange has changed: read it again."""
        self._known.pop(exchange_id, None)
        self.refresh()
        self._fetch()

    def summary(self, exchange_id: int | None) -> Summary | None:
        """What is known of an exchange, if it is."""
        return self._known.get(exchange_id) if exchange_id is not None else None

    def _place(self, exchange_id: int, guess: int) -> int:
        """Where an exchange stands now: where it ought to be, else wherever it is, else near."""
        assert self._log is not None
        if 0 <= guess < self._count and self._log.ids(guess, 1) == [exchange_id]:
            return guess
        found = self._log.place(exchange_id)
        return min(max(guess, 0), max(0, self._count - 1)) if found is None else found

    # -- moving

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.row = min(max(self.row + by, 0), max(0, self._count - 1))
        self._settle()

    def action_page(self, direction: int) -> None:
        """Move by a screenful."""
        self.action_move(direction * max(1, self._height - 1))

    def action_choose(self) -> None:
        """Look at the exchange under the cursor."""
        if self.current is not None:
            self.post_message(self.Chosen(self.current))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; a second one looks at the exchange."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y + self.scroll_offset.y < self._count:
            self.row = offset.y + self.scroll_offset.y
            self._settle()
            if event.chain == 2:
                self.action_choose()

    def on_resize(self, _event: events.Resize) -> None:
        """Keep the cursor in view."""
        self.grown()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolled, by whatever means: others are needed."""
        super().watch_scroll_y(old_value, new_value)
        self._fetch()

    @property
    def _height(self) -> int:
        return max(1, self.scrollable_content_region.height)

    def _settle(self) -> None:
        self.row = min(self.row, max(0, self._count - 1))
        top = min(max(self.scroll_offset.y, self.row - self._height + 1), self.row)
        self.scroll_to(y=top, animate=False, force=True, immediate=True)
        self.caption(f"{self.row + 1:,} of {self._count:,}" if self._count else "")
        ids = self._log.ids(self.row, 1) if self._log and self._count else []
        current = ids[0] if ids else None
        if current != self.current or current is None:
            self.current = current
            self.post_message(self.Highlighted(current))
        self.refresh()
        self._fetch()

    # -- reading: what is in view and around it, at once; when it is there, what is looked at then decides again

    def _fetch(self) -> None:
        if self._log is None or self._reading or not self.is_attached or not self._count:
            return
        top = max(0, self.scroll_offset.y - self._height)
        wanted = self._log.ids(top, max(_READ, 3 * self._height))
        missing = [one for one in wanted if one not in self._known and one not in self._gone]
        if not missing:
            return
        self._reading = True
        have = partial(self._have, missing)
        in_background(self, partial(self._log.summaries, missing), have, self._failed, group="exchanges")

    def _have(self, wanted: list[int], found: Mapping[int, Summary]) -> None:
        self._reading = False
        self._known.update(found)
        self._gone.update(one for one in wanted if one not in found)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        self.refresh()
        self._fetch()

    def _failed(self, error: EngineError) -> None:
        self._reading = False
        self.post_message(self.Failed(error))

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """One exchange."""
        width, base = self.scrollable_content_region.width, self.ground
        row = y + self.scroll_offset.y
        if row >= self._count or self._log is None:
            return self._empty_line(y, width, base)
        ids = self._log.ids(max(0, row - 1), 2 if row else 1)
        exchange = self._known.get(ids[-1]) if ids else None
        if row == self.row:
            base += self.get_component_rich_style("traffic--cursor")
        line = Line(base).add("▌" if row == self.row else " ", ink(self, "traffic--bar"))
        if exchange is None:
            gone = bool(ids) and ids[-1] in self._gone
            return line.cell(
                "gone: it has made room for newer ones" if gone else "·", width - 1, self._ink("note")
            ).strip(width)
        above = self._known.get(ids[0]) if row else None
        follows = exchange.attempt > 1 and above is not None and above.chain == exchange.chain
        list_line(line, exchange, width, self._ink, follows=follows, names_system=self._names_system)
        return line.strip(width)

    def _empty_line(self, y: int, width: int, base: Style) -> Strip:
        lines = [] if self._count else wrap(plain(self._empty), max(1, width - 2))
        text = lines[y] if y < len(lines) else ""
        return Line(base).add(" ").cell(text, width - 1, self._ink("note")).strip(width)

    def _ink(self, part: str) -> Style:
        return ink(self, f"traffic--{part}")
