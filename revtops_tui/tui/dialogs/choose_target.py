"""Choosing what the next query is for."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult

from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.panes.query.targets import Target
from revtops_tui.tui.widgets.item_list import Item, ItemList


class TargetDialog(Dialog[Target]):
    """Dismissed with the target that was chosen, or None."""

    DEFAULT_CSS = """
    TargetDialog ItemList { height: auto; max-height: 16; border: none; &:focus { border: none; } }
    """

    def __init__(self, targets: Sequence[Target], current: Target) -> None:
        super().__init__()
        self._targets = {target.id: target for target in targets}
        self._current = current

    def compose(self) -> ComposeResult:
        """One line for each."""
        with Box("Ask", "↑ ↓ choose · / filter · enter · esc"):
            yield ItemList("", name="targets")

    def on_mount(self) -> None:
        """Start at the one that is being asked."""
        items = self.query_one(ItemList)
        items.show([Item(t.id, t.manner, mark="●" if t == self._current else " ") for t in self._targets.values()])
        items.select(self._current.id)

    @on(ItemList.Chosen)
    def _chosen(self, message: ItemList.Chosen) -> None:
        self.dismiss(self._targets[message.item.id])
