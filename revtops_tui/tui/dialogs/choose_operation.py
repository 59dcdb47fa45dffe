"""Choosing what to do with a connection: its writes and actions, each with what it does and what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.operation import Operation, write_declaration
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.tui.widgets.sheet import Sheet

_SECTIONS = {"write": "Write", "action": "Act"}


class OperationChooser(Dialog[Operation]):
    """Dismissed with the operation that was chosen, or None."""

    DEFAULT_CSS = """
    OperationChooser {
        & > Box { width: 110; height: 80%; padding: 0; }
        & Horizontal { height: 1fr; }
        & ItemList { width: 38%; }
        & Sheet { width: 1fr; border: round $border-blurred; &:focus { border: round $primary; } }
    }
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        """`operations`: those of one connection, at least one."""
        super().__init__()
        self._operations = {operation.id: operation for operation in operations}
        self._heading = operations[0].system

    def compose(self) -> ComposeResult:
        """The list, and what is under its cursor."""
        keys = "enter fills it in · tab scrolls · / filter · esc close"
        with Box(f"{self._heading} › write or act", keys), Horizontal():
            yield ItemList("", name="operations")
            yield Sheet(name="declaration")

    def on_mount(self) -> None:
        """List them."""
        items = self.query_one(ItemList)
        items.show(
            [
                Item(one.id, one.name, section=_SECTIONS[one.kind], search=one.description)
                for one in self._operations.values()
            ]
        )
        items.focus()

    @on(ItemList.Highlighted)
    def _highlighted(self, message: ItemList.Highlighted) -> None:
        if message.item:
            operation = self._operations[message.item.id]
            self.query_one(Sheet).show(partial(write_declaration, operation=operation))

    @on(ItemList.Chosen)
    def _chosen(self, message: ItemList.Chosen) -> None:
        self.dismiss(self._operations[message.item.id])
