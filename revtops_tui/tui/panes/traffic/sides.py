"""One exchange from all its sides: what was answered and asked, the headers, the timing, and the curl command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from revtops_tui.tui.papers.exchange import title_of, write_headers, write_timing
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.json_view import JsonView
from revtops_tui.tui.widgets.panel_bar import PanelBar
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.traffic import Exchange

_SIDES = (
    ("response", "Response"),
    ("request", "Request"),
    ("headers", "Headers"),
    ("timing", "Timing"),
    ("curl", "curl"),
)
_PAPERS = {"headers": write_headers, "timing": write_timing}


class ExchangeSides(Vertical):
    """A bar with the sides' titles, and the one that is shown."""

    DEFAULT_CSS = """
    ExchangeSides {
        width: 1fr;
        background: $surface;
        & > * {
            border: round $border-blurred;
            border-title-color: $foreground;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
            &:focus { border: round $primary; }
        }
        & PanelBar { border: none; }
        & Sheet, & JsonView { height: 1fr; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._side = "response"
        self._exchange: Exchange | None = None

    def compose(self) -> ComposeResult:
        """The bar, and room for bodies and for papers."""
        yield PanelBar(_SIDES)
        yield JsonView()
        yield Sheet()

    def on_mount(self) -> None:
        """Nothing is chosen yet."""
        self._show_side()

    @property
    def exchange(self) -> Exchange | None:
        """What is shown."""
        return self._exchange

    @property
    def body(self) -> bytes:
        """The body of the side that is shown; of the others, what was answered."""
        if self._exchange is None:
            return b""
        contents = self._exchange.contents
        return (contents.request_body if self._side == "request" else contents.response_body) or b""

    def show(self, exchange: Exchange | None, instead: str = "") -> None:
        """Show an exchange, or the words in its place."""
        self._exchange = exchange
        self._show(instead)

    def turn(self, by: int) -> None:
        """Show another side."""
        sides = [side for side, _ in _SIDES]
        self._turn_to(sides[(sides.index(self._side) + by) % len(sides)])

    def focus_main(self) -> None:
        """The side that is shown."""
        self._shown.focus()

    @on(PanelBar.Clicked)
    def _clicked(self, message: PanelBar.Clicked) -> None:
        message.stop()
        self._turn_to(message.panel)

    @property
    def _shown(self) -> JsonView | Sheet:
        return self.query_one(Sheet) if self._side in _PAPERS else self.query_one(JsonView)

    def _turn_to(self, side: str) -> None:
        had_focus = self._shown.has_focus
        self._side = side
        self._show()
        if had_focus:
            self._shown.focus()

    def _show_side(self) -> None:
        self.query_one(PanelBar).show(self._side, ())
        for widget in (self.query_one(JsonView), self.query_one(Sheet)):
            widget.display = widget is self._shown

    def _show(self, instead: str = "") -> None:
        self._show_side()
        exchange = self._exchange
        self._shown.border_title = Content(plain(title_of(exchange.summary))) if exchange else None
        if exchange is None:
            self.query_one(JsonView).say(instead)
            self.query_one(Sheet).show(lambda width: Paper(width).text(instead, "muted"))
        elif write := _PAPERS.get(self._side):
            self.query_one(Sheet).show(lambda width: write(width, exchange))
        else:
            self._show_body(exchange)

    def _show_body(self, exchange: Exchange) -> None:
        view, contents = self.query_one(JsonView), exchange.contents
        if self._side == "curl":
            view.show(curl_of(exchange), "text")
            return
        asked = self._side == "request"
        body = contents.request_body if asked else contents.response_body
        headers = contents.request_headers if asked else contents.response_headers
        if body:
            view.show(body, headers.get("content-type", ""))
        else:
            view.say(
                "Nothing was sent but the address and the headers."
                if asked
                else exchange.summary.error or "The answer is empty."
            )


def curl_of(exchange: Exchange) -> str:
    """The exchange as a curl command, its secrets left out."""
    from revtops_tui.engine.curl import as_curl

    return as_curl(exchange)
