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
_NOTHING_CHOSEN = "No exchange is chosen. What one asked, what came back and how long that took stand here."


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
        self._instead = ""

    def compose(self) -> ComposeResult:
        """The bar, and room for bodies and for papers."""
        yield PanelBar(_SIDES)
        yield JsonView()
        yield Sheet()

    def on_mount(self) -> None:
        """Nothing is chosen yet."""
        self.show(None)

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

    def show(self, exchange: Exchange | None, instead: str = _NOTHING_CHOSEN) -> None:
        """Show an exchange, or the words in its place."""
        self._exchange, self._instead = exchange, instead
        self._show()

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
    def _sentence(self) -> str:
        """What stands in place of a body; "" where there is one, or a paper."""
        if self._exchange is None:
            return self._instead
        if self.body or self._side not in ("request", "response"):
            return ""
        if self._side == "request":
            return "Nothing was sent but the address and the headers."
        return self._exchange.summary.error or "The answer is empty."

    @property
    def _shown(self) -> JsonView | Sheet:
        is_paper = self._side in _PAPERS or self._sentence
        return self.query_one(Sheet) if is_paper else self.query_one(JsonView)

    def _turn_to(self, side: str) -> None:
        self._side = side
        self._show()

    def _show(self) -> None:
        had_focus = any(widget.has_focus for widget in self.query("JsonView, Sheet"))
        self.query_one(PanelBar).show(self._side, ())
        shown, exchange, sentence = self._shown, self._exchange, self._sentence
        for widget in (self.query_one(JsonView), self.query_one(Sheet)):
            widget.display = widget is shown
        if had_focus:
            shown.focus()
        shown.border_title = Content(plain(title_of(exchange.summary))) if exchange else None
        if isinstance(shown, JsonView):
            self._show_body(shown)
        elif sentence or exchange is None:
            shown.show(lambda width: Paper(width).text(sentence, "muted"))
        else:
            write = _PAPERS[self._side]
            shown.show(lambda width: write(width, exchange))

    def _show_body(self, view: JsonView) -> None:
        if self._exchange is None:
            return
        contents = self._exchange.contents
        if self._side == "curl":
            view.show(curl_of(self._exchange), "text")
            return
        headers = contents.request_headers if self._side == "request" else contents.response_headers
        view.show(self.body, headers.get("content-type", ""))


def curl_of(exchange: Exchange) -> str:
    """The exchange as a curl command, its secrets left out."""
    from revtops_tui.engine.curl import as_curl

    return as_curl(exchange)
