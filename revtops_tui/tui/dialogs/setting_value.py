"""Another value for one setting: chosen from a list (a theme is put on as one looks at it), or typed."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from revtops_tui.engine.settings import Declared, mistake
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import plain
from revtops_tui.tui.theme import DARK
from revtops_tui.tui.widgets.item_list import Item, ItemList

_THEME = "appearance.theme"


class ChoiceDialog(Dialog[Any]):
    """Dismissed with the choice, or None."""

    DEFAULT_CSS = """
    ChoiceDialog {
        & > Box { width: 44; }
        & ItemList { height: auto; max-height: 18; border: none; &:focus { border: none; } }
    }
    """

    def __init__(self, setting: Declared, now: Any) -> None:
        super().__init__()
        self._setting = setting
        self._now = now

    def compose(self) -> ComposeResult:
        """The choices."""
        with Box(self._setting.key, "enter takes it · / filter · esc"):
            yield ItemList("", name="choices")

    def on_mount(self) -> None:
        """At the one that is now."""
        self._worn = self.app.theme
        items = self.query_one(ItemList)
        items.show(
            [
                Item(one, one, "", *(("●", "good") if one == self._now else (" ", "off")))
                for one in self._setting.choices
            ]
        )
        items.select(self._now)
        items.focus()

    @on(ItemList.Highlighted)
    def _look(self, message: ItemList.Highlighted) -> None:
        if self._setting.key == _THEME and message.item and not self.app.no_color:
            self.app.theme = DARK.name if message.item.id == "auto" else message.item.id

    @on(ItemList.Chosen)
    def _take(self, message: ItemList.Chosen) -> None:
        self.dismiss(message.item.id)

    def action_leave(self) -> None:
        """What was tried on is taken off."""
        if self._setting.key == _THEME:
            self.app.theme = self._worn
        super().action_leave()


class ValueDialog(Dialog[Any]):
    """Dismissed with the value, or None."""

    DEFAULT_CSS = """
    ValueDialog {
        & .problem { height: auto; min-height: 1; color: $error; }
    }
    """

    def __init__(self, setting: Declared, now: Any) -> None:
        super().__init__()
        self._setting = setting
        self._now = now

    def compose(self) -> ComposeResult:
        """What it is about, the value, and what is wrong with it."""
        with Box(self._setting.key, "enter takes it · esc"):
            yield Static(plain(self._setting.help), markup=False)
            yield Input(str(self._now), id="value")
            yield Static("", markup=False, classes="problem")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def _judged(self, text: str) -> tuple[Any, str]:
        value: Any = text.strip()
        if self._setting.kind == "integer" and value.isdecimal():
            value = int(value)
        return value, mistake(self._setting, value)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.query_one(".problem", Static).update(self._judged(event.value)[1])

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        value, wrong = self._judged(event.value)
        if not wrong:
            self.dismiss(value)
