"""A question with a few answers. Not doing anything is the first of them, and the one that is focused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.press import Press


@dataclass(frozen=True)
class Choice:
    """An answer: what the asker gets, and what the button says."""

    id: str
    label: str
    danger: bool = False


class Ask(Dialog[str]):
    """Dismissed with the id of a choice, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        command("ask.previous", "left,h", "app.focus_previous", "Previous", show=False),
        command("ask.next", "right,l", "app.focus_next", "Next", show=False),
    ]

    def __init__(self, title: str, text: str, choices: Sequence[Choice], *, cancel: str = "Cancel") -> None:
        super().__init__()
        self._heading = title
        self._text = text
        self._choices = {"cancel": Choice("cancel", cancel), **{choice.id: choice for choice in choices}}

    def compose(self) -> ComposeResult:
        """The text and the buttons."""
        with Box(self._heading, "← → choose · enter · esc"):
            yield Static(plain(self._text, 2_000), markup=False)
            with Horizontal(classes="buttons"):
                for choice in self._choices.values():
                    yield Press(choice.label, name=choice.id, danger=choice.danger)

    def on_mount(self) -> None:
        """A stray enter answers no."""
        self.query_one("#cancel").focus()

    @on(Press.Pressed)
    def _pressed(self, event: Press.Pressed) -> None:
        self.dismiss(None if event.button.id == "cancel" else event.button.id)
