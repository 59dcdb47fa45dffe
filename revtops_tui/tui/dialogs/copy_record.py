"""What of a record to copy: a digit, or enter on a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult

from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.widgets.item_list import Item, ItemList


@dataclass(frozen=True)
class Copyable:
    """A text and what it is."""

    label: str
    text: str


class CopyDialog(Dialog[Copyable]):
    """Dismissed with what was chosen, or None."""

    DEFAULT_CSS = """
    CopyDialog {
        & > Box { width: 50; padding: 0; }
        & ItemList { height: auto; max-height: 12; border: none; &:focus { border: none; } }
    }
    """

    def __init__(self, choices: Sequence[Copyable]) -> None:
        super().__init__()
        self._choices = choices

    def compose(self) -> ComposeResult:
        """One line for each."""
        with Box("Copy", f"1-{len(self._choices)} or enter · esc"):
            yield ItemList("", name="copies")

    def on_mount(self) -> None:
        """List them."""
        items = self.query_one(ItemList)
        items.show([Item(str(place), choice.label, mark=str(place + 1)) for place, choice in enumerate(self._choices)])
        items.focus()

    def on_key(self, event: events.Key) -> None:
        """A digit chooses at once."""
        if event.key.isdigit() and 0 < int(event.key) <= len(self._choices):
            event.stop()
            self.dismiss(self._choices[int(event.key) - 1])

    @on(ItemList.Chosen)
    def _chosen(self, message: ItemList.Chosen) -> None:
        self.dismiss(self._choices[int(message.item.id)])
