"""What can be written to a system or done in it: chosen here, then filled in."""

from __future__ import annotations

from functools import partial

from textual import on
from textual.app import ComposeResult

from revtops_tui.tui.operation import Operation, operations_of, submit, write_declaration
from revtops_tui.tui.panels.panel import Panel
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

_SECTIONS = {"write": "Write", "action": "Act"}


class ActPanel(Panel):
    """The declared writes and actions of a connection, and what is under the cursor."""

    _operations: dict[str, Operation]

    def compose(self) -> ComposeResult:
        """The list, and the declaration."""
        self._operations = {}
        yield ItemList("", empty="Nothing is declared.", name="operations")
        yield Sheet(Paper)

    def turn(self, *, is_other: bool) -> None:
        """List what it declares."""
        self._operations = {one.id: one for one in operations_of(self.entry)} if self.entry else {}
        self.query_one(ItemList).show(
            [
                Item(one.id, one.name, section=_SECTIONS[one.kind], search=one.description)
                for one in self._operations.values()
            ]
        )
        self._declare(keep_place=not is_other)

    def focus_main(self) -> None:
        """The list."""
        self.query_one(ItemList).focus()

    @on(ItemList.Highlighted)
    def _highlighted(self, message: ItemList.Highlighted) -> None:
        message.stop()
        self._declare()

    def _declare(self, *, keep_place: bool = False) -> None:
        item = self.query_one(ItemList).current
        if item is not None and (operation := self._operations.get(item.id)):
            self.query_one(Sheet).show(partial(write_declaration, operation=operation), keep_place=keep_place)

    @on(ItemList.Chosen)
    def _chosen(self, message: ItemList.Chosen) -> None:
        message.stop()
        from revtops_tui.tui.dialogs.fill_in import FillInDialog

        operation = self._operations[message.item.id]
        self.host.push_screen(FillInDialog(operation, partial(submit, self.host.ws, operation)))
