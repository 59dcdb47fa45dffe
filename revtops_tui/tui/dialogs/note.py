"""Asking for a line of text, which may be left empty."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import plain


class NoteDialog(Dialog[str]):
    """Dismissed with the text, or None when it was left."""

    DEFAULT_CSS = """
    NoteDialog Input {
        border: none;
        height: 1;
        padding: 0 1;
        margin: 1 0;
        background: $panel;
        &:focus { border: none; background: $primary 18%; }
    }
    """

    def __init__(self, title: str, text: str, *, done: str, value: str = "") -> None:
        """`done`: what enter does, in a word or two; `value`: what stands in the line at first."""
        super().__init__()
        self._heading = title
        self._text = text
        self._done = done
        self._value = value

    def compose(self) -> ComposeResult:
        """The question and its line."""
        with Box(self._heading, f"enter {self._done} · esc cancel"):
            yield Static(plain(self._text, 2_000), markup=False)
            yield Input(plain(self._value))

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())
