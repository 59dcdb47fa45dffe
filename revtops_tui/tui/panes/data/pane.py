"""The tables of the organization, their rows, and one record opened."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from revtops_tui.tui.command import command
from revtops_tui.tui.panes.data.rows import DataRows
from revtops_tui.tui.panes.data.tables import BOOKKEEPING, LAST_TABLE, TableList
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.item_list import ItemList
from revtops_tui.tui.widgets.record_grid import RecordGrid

if TYPE_CHECKING:
    from revtops_tui.engine.data import Selection


class DataPane(Pane):
    """Tables on the left, rows on the right."""

    BINDINGS: ClassVar[list[BindingType]] = [
        command("data.reload", "r", "reload", "Reload", "Read tables and rows again"),
        command("data.back", "escape", "back", "Tables", "Clear the filter, then go to the tables", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Tables and rows."""
        yield TableList()
        yield DataRows()

    def on_mount(self) -> None:
        """Read the tables."""
        self.host.changed.subscribe(self, lambda _: self.action_reload())
        self._list.read()

    def focus_main(self) -> None:
        """The tables, or the rows when some are shown."""
        (self._rows.grid if self._rows.shown else self._list).focus()

    @property
    def _list(self) -> TableList:
        return self.query_one(TableList)

    @property
    def _rows(self) -> DataRows:
        return self.query_one(DataRows)

    def action_reload(self) -> None:
        """Read tables and rows again."""
        self._list.read()
        self._rows.reload()

    @on(ItemList.Highlighted)
    def _highlighted(self) -> None:
        item = self._list.current
        if item and self._rows.table != item.id:
            self.host.state[LAST_TABLE] = item.id
            self._rows.look_at(item.id, item.label)

    @on(TableList.Failed)
    def _failed(self, message: TableList.Failed) -> None:
        """Said where there is room for it."""
        self._rows.grid.clear(plain(" ".join(part for part in (message.error.message, message.error.hint) if part)))

    @on(ItemList.Chosen)
    def _chosen(self) -> None:
        self._rows.grid.focus()

    def action_back(self) -> None:
        """One step back: the filter, then the tables."""
        if self._rows.clear_filter():
            return
        if self.is_narrow:
            self.action_go_out()
        else:
            self._list.focus()

    # -- a record

    @on(RecordGrid.Opened)
    def _record(self, message: RecordGrid.Opened) -> None:
        shown = self._rows.shown
        if shown is None:
            return
        from revtops_tui.tui.dialogs.record import RecordDialog

        table, selection = shown.view.table, shown.selection
        # The product's own books are no entities: nothing belongs to their rows, and their changes are not noted.
        entity = None if table in BOOKKEEPING else table
        fetch = partial(_numbered, selection)
        dialog = RecordDialog(self._list.label(table), message.number, selection.count, fetch, entity=entity)
        self.host.push_screen(dialog, self._back_at)

    def _back_at(self, at: int | None) -> None:
        if at is not None:
            self._rows.grid.action_move(at - self._rows.grid.row, 0)

    def look_among(self, tables: Iterable[str]) -> None:
        """Show one of these tables: the one that was looked at last, where it is among them, or else the first."""
        names = list(tables)
        if names and self.host.state.get(LAST_TABLE) not in names:
            self.host.state[LAST_TABLE] = names[0]  # where the tables are only being read, it is chosen when they are
            self._list.select(names[0])

    def open_record(self, entity: str, row_id: int) -> None:
        """Show one record, wherever it stands in its table."""
        from revtops_tui.tui.dialogs.record import RecordDialog

        def fetch(_: int) -> dict[str, Any]:
            from revtops_tui.engine.data import record

            return record(self.host.ws, entity, row_id)

        self.host.state[LAST_TABLE] = entity  # where the tables are only being read, it is chosen when they are there
        self._list.select(entity)
        self.host.push_screen(RecordDialog(self._list.label(entity), 0, 1, fetch, entity=entity))


def _numbered(selection: Selection, at: int) -> dict[str, Any]:
    """Called in a thread."""
    rows = selection.rows(at, 1)
    return selection.record(rows[0][0]) if rows else {}
