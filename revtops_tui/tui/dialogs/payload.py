"""What a connector gave, whole: searched, folded and copied from."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.json_view import JsonView


class PayloadDialog(Dialog[None]):
    """A payload beneath what is wrong with it."""

    DEFAULT_CSS = """
    PayloadDialog {
        & > Box { width: 100; height: 92%; padding: 0; }
        & .about { color: $error; padding: 0 1; height: auto; max-height: 4; }
        & JsonView { height: 1fr; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [command("payload.close", "q", "leave", "Close", show=False)]

    def __init__(self, title: str, about: str, payload: Any) -> None:
        super().__init__()
        self._heading = title
        self._about = about
        self._payload = payload

    def compose(self) -> ComposeResult:
        """Both."""
        with Box(self._heading, "/ search · enter folds · y copies · esc close"):
            yield Static(plain(self._about, 2_000), markup=False, classes="about")
            yield JsonView()

    def on_mount(self) -> None:
        """Show it."""
        view = self.query_one(JsonView)
        view.show(json.dumps(self._payload, ensure_ascii=False, default=str), "json")
        view.focus()
