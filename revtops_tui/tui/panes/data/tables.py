"""The list of the organization's tables, with how many rows each has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import BindingType
from textual.message import Message

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.text import number
from revtops_tui.tui.widgets.item_list import Item, ItemList

if TYPE_CHECKING:
    from revtops_tui.engine.data import TableInfo
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp

BOOKKEEPING = frozenset(
    {"connections", "sync_runs", "rejected_records", "ledger", "approvals", "policies", "events", "schedules"}
)
"""The product's own books; every other table holds records."""
LAST_TABLE = "data.table"
"""The name under which the table that is looked at is kept between starts."""


class TableList(ItemList):
    """Tables: those with records first, then the empty ones, then the product's own books."""

    DEFAULT_CSS = "TableList { width: 28; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        command("data.rows", "enter", "choose", "Rows", "Go to the rows of the table"),
    ]

    class Failed(Message):
        """Nothing could be read."""

        def __init__(self, error: EngineError) -> None:
            super().__init__()
            self.error = error

    def __init__(self) -> None:
        super().__init__("Tables", empty="Reading…", name="tables")
        self._tables: dict[str, TableInfo] = {}
        self._counts: dict[str, int] = {}

    @property
    def host(self) -> RevtopsApp:
        """The app."""
        return cast("RevtopsApp", self.app)

    def label(self, table: str) -> str:
        """A table's name for people."""
        return self._tables[table].label if table in self._tables else table.replace("_", " ").capitalize()

    def read(self) -> None:
        """Read which tables there are, then how many rows they have."""
        work = partial(_tables, self.host.ws)
        in_background(self, work, self._have_tables, self._fail, group="tables", exclusive=True)

    def _have_tables(self, tables: Sequence[TableInfo]) -> None:
        is_first = not self._tables
        self._tables = {table.name: table for table in tables}
        self.say("No tables yet.")
        self._show_tables()
        if is_first and self.current is not None:
            self.select(str(self.host.state.get(LAST_TABLE)))
        in_background(
            self, partial(_counts, self.host.ws), self._have_counts, self._fail, group="counts", exclusive=True
        )

    def _have_counts(self, counts: Mapping[str, int]) -> None:
        self._counts = dict(counts)
        self._show_tables()

    def _show_tables(self) -> None:
        self.show(
            [
                Item(table.name, table.label, number(self._counts.get(table.name)), section=section)
                for section in ("Records", "Empty", "Bookkeeping")
                for table in self._tables.values()
                if self._section(table.name) == section
            ]
        )

    def _section(self, table: str) -> str:
        if table in BOOKKEEPING:
            return "Bookkeeping"
        return "Records" if self._counts.get(table, 1) else "Empty"

    def _fail(self, error: EngineError) -> None:
        self.say("Not available.")
        self.post_message(self.Failed(error))


# Called in threads, where importing the engine does not hold up a frame.


def _tables(ws: Workspace) -> Sequence[TableInfo]:
    from revtops_tui.engine.data import tables

    return tables(ws)


def _counts(ws: Workspace) -> Mapping[str, int]:
    from revtops_tui.engine.data import counts

    return counts(ws)
