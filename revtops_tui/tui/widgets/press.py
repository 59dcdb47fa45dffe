"""A button of one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from revtops_tui.tui.command import command
from revtops_tui.tui.text import plain


class Press(Widget, can_focus=True):
    """Says what it does, and does it on enter, space or click."""

    DEFAULT_CSS = """
    Press {
        width: auto;
        height: 1;
        padding: 0 2;
        margin-left: 2;
        background: $panel;
        &:hover { background: $primary 30%; }
        &:focus { background: $primary; color: $background; text-style: bold; }
        &:disabled { color: $text-disabled; }
        &.-danger { color: $error; }
        &.-danger:focus { background: $error; color: $background; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [command("press.press", "enter,space", "press", "Press", show=False)]

    @dataclass
    class Pressed(Message):
        """It was pressed."""

        button: Press

        @property
        def control(self) -> Press:
            """The button, for `@on` selectors."""
            return self.button

    def __init__(self, label: str, *, name: str, danger: bool = False) -> None:
        super().__init__(id=name, classes="-danger" if danger else "")
        self._label = Content(plain(label))

    def render(self) -> Content:
        """Its label."""
        return self._label

    def action_press(self) -> None:
        """Press it."""
        self.post_message(self.Pressed(self))

    def on_click(self) -> None:
        """Likewise."""
        self.action_press()
