"""One record, whole; left and right go to its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from revtops_tui.tui.background import in_background
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.document import write_record
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError

Fetch = Callable[[int], Mapping[str, Any]]
"""The record with this number; called in a thread."""


class RecordDialog(Dialog[int]):
    """Dismissed with the number of the record that was shown last."""

    DEFAULT_CSS = """
    RecordDialog > Box { width: 100; height: 92%; padding: 0; }
    RecordDialog Sheet { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,n", "go(1)", "Next", show=False),
        Binding("left,h,p", "go(-1)", "Previous", show=False),
        Binding("q,enter", "leave", "Close", show=False),
    ]

    def __init__(self, title: str, number: int, count: int, fetch: Fetch) -> None:
        super().__init__()
        self._heading = title
        self._number = number
        self._count = count
        self._fetch = fetch

    def compose(self) -> ComposeResult:
        """The record."""
        with Box(self._heading, "↑ ↓ scroll · ← → neighbours · esc close"):
            yield Sheet(lambda width: Paper(width).line(("Reading…", "muted")))

    def on_mount(self) -> None:
        """Read it."""
        self.query_one(Sheet).focus()
        self._read()

    def _read(self) -> None:
        self.query_one(Box).border_title = Content(plain(f"{self._heading} · {self._number + 1:,} of {self._count:,}"))
        in_background(
            self, partial(self._fetch, self._number), self._show, self._failed, group="record", exclusive=True
        )

    def _show(self, record: Mapping[str, Any]) -> None:
        self.query_one(Sheet).show(lambda width: write_record(width, record))

    def _failed(self, error: EngineError) -> None:
        self.query_one(Sheet).show(lambda width: Paper(width).text(error.message, "bad").text(error.hint, "muted"))

    def action_go(self, by: int) -> None:
        """Show a neighbour."""
        number = min(max(self._number + by, 0), self._count - 1)
        if number != self._number:
            self._number = number
            self._read()

    def action_leave(self) -> None:
        """Close, and say where one was."""
        self.dismiss(self._number)
