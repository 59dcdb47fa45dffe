"""The traffic inspector: a live list of exchanges, and the one under the cursor from all its sides.

A workspace shows it for every connection, a connection's panel for its own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.panes.traffic.sides import ExchangeSides, curl_of
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.exchange_list import ExchangeList

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.traffic import Exchange, Log
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp

_LOOK = 0.5
"""Seconds between two looks for news."""
_NARROW = 72
_TITLE = "Traffic"


class TrafficView(Horizontal):
    """A list and the details of what is chosen in it. `show_filter` narrows it down, `turn_to` fixes its connection."""

    DEFAULT_CSS = """
    TrafficView {
        height: 1fr;
        & > ExchangeList { width: 55%; }
        &.-narrow > ExchangeList { width: 1fr; }
        &.-narrow > ExchangeSides { display: none; }
        &.-narrow.-inside > ExchangeList { display: none; }
        &.-narrow.-inside > ExchangeSides { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("traffic.filter", "slash", "filter", "Filter", "Show only some of it: system: status: err …", mark="/"),
        command("traffic.side", "right_curly_bracket", "side(1)", "Side", "The next side of this exchange", show=False),
        command("traffic.side-before", "left_curly_bracket", "side(-1)", "Side before", "The side before", show=False),
        command("traffic.rows", "o", "rows", "Rows", "The rows that came with this exchange"),
        command("traffic.curl", "c,y", "curl", "curl", "Copy it as a curl command, its secrets left out"),
        command("traffic.mark", "m", "mark", "Mark", "Mark it, to find it again by `marked`"),
        command("traffic.pause", "F", "pause", "Follow", "Stop following what comes, or go on"),
        command("traffic.page", "p", "page", "Pager", "Show the body in the pager", show=False),
        command("traffic.back", "escape", "back", "Back", "Back to the list; there: without the filter", show=False),
    ]

    def __init__(self, *, names_system: bool = True) -> None:
        super().__init__(classes="-narrow")  # until its size is known: nothing is drawn that has to go again
        self._names_system = names_system
        self._fixed = ""
        self._filter = ""
        self._log: Log | None = None
        self._looking = False
        self._paused = False

    @property
    def host(self) -> RevtopsApp:
        """The app."""
        return cast("RevtopsApp", self.app)

    def compose(self) -> ComposeResult:
        """The list, and the details."""
        yield ExchangeList(names_system=self._names_system)
        yield ExchangeSides()

    def on_mount(self) -> None:
        """Read what there is, and look for more."""
        self.set_interval(_LOOK, self._look)
        if not self._fixed:
            self._open()

    def on_unmount(self) -> None:
        """Let go of the file."""
        if self._log is not None:
            self._log.close()

    def on_resize(self) -> None:
        """Both stand side by side where there is room."""
        self._fit()

    def _fit(self) -> None:
        """Called again with what is listed: a panel that is just being put up is not told every size it gets."""
        self.set_class(self.size.width < _NARROW, "-narrow")

    def focus_main(self) -> None:
        """The list."""
        self._list.focus()

    @property
    def _list(self) -> ExchangeList:
        return self.query_one(ExchangeList)

    @property
    def _sides(self) -> ExchangeSides:
        return self.query_one(ExchangeSides)

    # -- what is listed

    def turn_to(self, selector: str) -> None:
        """Show the traffic of one connection."""
        if self._fixed != f"system:{selector}":
            self._fixed, self._filter = f"system:{selector}", ""
            self._open()

    def show_filter(self, text: str) -> None:
        """Show what the words let through."""
        self._filter = text
        self._open()

    def _open(self) -> None:
        text = f"{self._fixed} {self._filter}".strip()
        self._tell_title()
        opening = partial(_open_log, self.host.ws, text)
        in_background(self, opening, self._opened, self._failed, group="traffic", exclusive=True)

    def _opened(self, log: Log) -> None:
        if self._log is not None:
            self._log.close()
        self._log, self._looking = log, False
        self._fit()
        self._list.show(log, self._why_empty())

    def _failed(self, error: EngineError) -> None:
        self._looking = False
        self._fit()
        self._list.show(None, f"{error.message} {error.hint}".strip())

    def _why_empty(self) -> str:
        if not self.host.ws.settings.traffic.record:
            return "Traffic is not recorded: traffic.record is off in the settings (comma)."
        if self._filter:
            return "Nothing that was recorded passes the filter. Esc shows all of it."
        return "Nothing was recorded yet. What is synced, asked or written from here will be: s in Connectors syncs."

    def _look(self) -> None:
        """Take in what came, unless one is still at it."""
        if self._log is None or self._looking or self._paused or not self.is_on_screen:
            return
        self._looking = True
        log = self._log
        in_background(self, log.catch_up, partial(self._looked, log), self._failed, group="news")

    def _looked(self, log: Log, changed: bool) -> None:
        self._looking = False
        if changed and log is self._log:
            self._list.grown()

    def _tell_title(self) -> None:
        words = f" /{plain(self._filter)}" if self._filter else ""
        self._list.border_title = Content(f"{_TITLE}{words}{' · paused' if self._paused else ''}")

    def action_pause(self) -> None:
        """Stop taking in what comes, or go on."""
        self._paused = not self._paused
        self._tell_title()
        self._look()

    def action_filter(self) -> None:
        """Ask for the words of a filter."""
        from revtops_tui.tui.dialogs.traffic_filter import TrafficFilter

        def chosen(text: str | None) -> None:
            if text is not None:
                self.show_filter(text)

        self.host.push_screen(TrafficFilter(self._filter), chosen)

    def action_back(self) -> None:
        """From the details to the list; from the list, without its filter."""
        if not self._list.has_focus:
            self.remove_class("-inside")
            self._list.focus()
        elif self._filter:
            self.show_filter("")

    # -- what is looked at

    @on(ExchangeList.Highlighted)
    def _highlighted(self, message: ExchangeList.Highlighted) -> None:
        message.stop()
        self.refresh_bindings()
        if message.exchange_id is None:
            self._sides.show(None)
            return
        reading = partial(_read, self.host.ws, message.exchange_id)
        in_background(self, reading, self._have, self._not_there, group="exchange", exclusive=True)

    @on(ExchangeList.Chosen)
    def _chosen(self, message: ExchangeList.Chosen) -> None:
        message.stop()
        self.add_class("-inside")
        self._sides.focus_main()

    @on(ExchangeList.Failed)
    def _list_failed(self, message: ExchangeList.Failed) -> None:
        message.stop()
        self.host.tell_error(message.error, title=_TITLE)

    def _have(self, exchange: Exchange) -> None:
        if exchange.summary.id == self._list.current:
            self._sides.show(exchange)

    def _not_there(self, error: EngineError) -> None:
        self._sides.show(None, error.message)

    def action_side(self, by: int) -> None:
        """Show another side."""
        self._sides.turn(by)

    # -- what can be done with it

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """What needs an exchange is offered where there is one."""
        return action not in ("rows", "curl", "mark", "page") or (self.is_mounted and self._list.current is not None)

    def action_curl(self) -> None:
        """Copy it as a command."""
        if exchange := self._sides.exchange:
            self.host.copy(curl_of(exchange), "curl command")

    def action_page(self) -> None:
        """The body that is shown, in the pager."""
        if self._sides.exchange is not None:
            self.host.page(self._sides.body.decode("utf-8", "replace"))

    def action_mark(self) -> None:
        """Mark it, or take the mark off."""
        summary = self._list.summary(self._list.current)
        if summary is not None:
            marking = partial(_mark, self.host.ws, summary.id, not summary.marked)
            done = partial(self._marked, summary.id)
            in_background(self, marking, done, partial(self.host.tell_error, title=_TITLE), group="mark")

    def _marked(self, exchange_id: int, _: None) -> None:
        self._list.forget(exchange_id)

    def action_rows(self) -> None:
        """The rows that came with it."""
        from revtops_tui.tui.dialogs.brought_rows import BroughtRows

        async def chosen(place: tuple[str, int] | None) -> None:
            if place is not None:
                await self.host.open_record(*place)

        if exchange := self._sides.exchange:
            self.host.push_screen(BroughtRows(exchange.summary), chosen)


# Called in threads, where importing the engine does not hold up a frame.


def _open_log(ws: Workspace, text: str) -> Log:
    from revtops_tui.engine.traffic import Log

    log = Log(ws, text)
    log.catch_up()
    return log


def _read(ws: Workspace, exchange_id: int) -> Exchange:
    from revtops_tui.engine.traffic import exchange

    return exchange(ws, exchange_id)


def _mark(ws: Workspace, exchange_id: int, marked: bool) -> None:
    from revtops_tui.engine.traffic import mark

    mark(ws, exchange_id, marked=marked)
