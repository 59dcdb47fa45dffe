"""The tables of the organization, and their rows: sorted, filtered, one record opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import get_current_worker

from revtops_tui.tui.background import in_background
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.text import number, plain
from revtops_tui.tui.widgets.columns import Column, measure
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.tui.widgets.record_grid import RecordGrid
from revtops_tui.tui.widgets.windows import WINDOW, Row

if TYPE_CHECKING:
    from revtops_tui.engine.data import Selection, TableInfo
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.workspace import Workspace

_TYPING_PAUSE = 0.15
_KEYS = frozenset({"id", "connection_id", "organization_id"})
_OWN_TABLES = frozenset(
    {"connections", "sync_runs", "rejected_records", "ledger", "approvals", "policies", "events", "schedules"}
)
_BOOKKEEPING = frozenset({"source_id", "source_system", "synced_at", "deleted_at", "custom_fields"})


@dataclass(frozen=True)
class View:
    """What of a table is looked at."""

    table: str
    sort: str | None = None
    descending: bool = False
    filter: str = ""


@dataclass(frozen=True)
class Opened:
    """A view with its first rows."""

    view: View
    selection: Selection
    first: Sequence[Row]
    columns: Sequence[Column]


class DataPane(Pane):
    """Tables on the left, rows on the right."""

    DEFAULT_CSS = """
    DataPane {
        & > ItemList { width: 28; }
        & > Vertical { width: 1fr; }
        & RecordGrid { height: 1fr; }
        & Input {
            height: 1;
            border: none;
            padding: 0 1;
            margin: 0 1;
            background: $panel;
            display: none;
            &:focus { border: none; background: $primary 18%; }
            &.-shown { display: block; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "Sort", tooltip="Sort by the current column: up, down, not at all"),
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Show only rows that contain a text"),
        Binding("r", "reload", "Reload", tooltip="Read tables and rows again"),
        Binding("escape", "back", "Tables", show=False, tooltip="Clear the filter, then go back to the tables"),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._tables: dict[str, TableInfo] = {}
        self._counts: dict[str, int] = {}
        self._view: View | None = None
        self._shown: Opened | None = None
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        """Tables, rows, and a filter that is shown when asked for."""
        yield ItemList("Tables", empty="Reading…", name="tables")
        with Vertical():
            yield RecordGrid(empty="Choose a table.", name="grid")
            yield Input(placeholder="Show rows that contain…", id="filter", select_on_focus=False)

    def on_mount(self) -> None:
        """Read the tables."""
        self.host.changed.subscribe(self, lambda _: self.action_reload())
        self.action_reload()

    def focus_main(self) -> None:
        """The tables, or the rows when some are shown."""
        (self._grid if self._shown else self._list).focus()

    @property
    def _list(self) -> ItemList:
        return self.query_one(ItemList)

    @property
    def _grid(self) -> RecordGrid:
        return self.query_one(RecordGrid)

    @property
    def _filter(self) -> Input:
        return self.query_one("#filter", Input)

    # -- tables

    def action_reload(self) -> None:
        """Read tables and rows again."""
        work = partial(_tables, self.host.ws)
        in_background(self, work, self._have_tables, self._fail, group="tables", exclusive=True)
        if self._view:
            self._open(self._view)

    def _have_tables(self, tables: Sequence[TableInfo]) -> None:
        self._tables = {table.name: table for table in tables}
        self._list.say("No tables yet.")
        self._show_tables()
        in_background(
            self, partial(_counts, self.host.ws), self._have_counts, self._fail, group="counts", exclusive=True
        )

    def _have_counts(self, counts: Mapping[str, int]) -> None:
        self._counts = dict(counts)
        self._show_tables()

    def _show_tables(self) -> None:
        self._list.show(
            [
                Item(table.name, table.label, number(self._counts.get(table.name)), section=section)
                for section in ("Records", "Empty", "Bookkeeping")
                for table in self._tables.values()
                if self._section(table.name) == section
            ]
        )

    def _section(self, table: str) -> str:
        if table in _OWN_TABLES:
            return "Bookkeeping"
        return "Records" if self._counts.get(table, 1) else "Empty"

    @on(ItemList.Highlighted)
    def _highlighted(self, message: ItemList.Highlighted) -> None:
        if message.item and (self._view is None or self._view.table != message.item.id):
            with self.prevent(Input.Changed):
                self._filter.value = ""
            self._filter.remove_class("-shown")
            self._open(View(message.item.id))

    @on(ItemList.Chosen)
    def _chosen(self) -> None:
        self._grid.focus()

    # -- rows

    def _open(self, view: View) -> None:
        """Open a view in a thread; of several asked for in a hurry, the last one is shown."""
        self._view = view
        if self._shown is None or self._shown.view.table != view.table:
            self._grid.clear("Reading…")
        table = self._tables[view.table].label if view.table in self._tables else view.table
        busy = " · filtering…" if view.filter else " · sorting…" if view.sort else ""
        self._grid.border_title = Content(plain(f"{table}{busy}"))
        in_background(self, partial(_open, self.host.ws, view), self._opened, self._fail, group="open", exclusive=True)

    def _opened(self, opened: Opened) -> None:
        view = opened.view
        self._close()
        self._shown = opened
        table = self._tables[view.table].label if view.table in self._tables else view.table
        what = f" · contains “{view.filter}”" if view.filter else ""
        self._grid.border_title = Content(plain(f"{table}{what}"))
        if not opened.selection.count:
            self._grid.clear(_nothing_there(view))
            return
        sort = (view.sort, view.descending) if view.sort else None
        self._grid.show(opened.selection, opened.columns, opened.first, sort=sort)

    def _close(self) -> None:
        """Let go of what was shown; in a thread, because its own thread may be in the middle of something."""
        if self._shown:
            in_background(self.app, self._shown.selection.close, _nothing, _nothing, group="close")
            self._shown = None

    def on_unmount(self) -> None:
        """Leaving the app lets go of the file."""
        if self._shown:
            self._shown.selection.close()

    def _fail(self, error: EngineError) -> None:
        self._close()
        self._grid.clear(plain(" ".join(part for part in (error.message, error.hint) if part)))

    @on(RecordGrid.Failed)
    def _rows_failed(self, message: RecordGrid.Failed) -> None:
        self._fail(message.error)

    def action_sort(self) -> None:
        """Sort by the current column: ascending, descending, not at all."""
        column = self._grid.current_column
        if self._view is None or column is None:
            return
        if self._view.sort != column.name:
            view = replace(self._view, sort=column.name, descending=False)
        elif not self._view.descending:
            view = replace(self._view, descending=True)
        else:
            view = replace(self._view, sort=None, descending=False)
        self._open(view)

    # -- filter

    def action_filter(self) -> None:
        """Type a text that rows must contain."""
        if self._view:
            self._filter.add_class("-shown")
            self._filter.focus()

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        if self._typing:
            self._typing.stop()
        self._typing = self.set_timer(_TYPING_PAUSE, partial(self._apply_filter, event.value))

    def _apply_filter(self, text: str) -> None:
        if self._view and text != self._view.filter:
            self._open(replace(self._view, filter=text))

    @on(Input.Submitted, "#filter")
    def _submitted(self, event: Input.Submitted) -> None:
        if self._typing:
            self._typing.stop()
        self._apply_filter(event.value)
        self._grid.focus()

    def action_back(self) -> None:
        """One step back: the filter, then the tables."""
        if self._filter.has_class("-shown"):
            self._filter.value = ""
            self._filter.remove_class("-shown")
            self._apply_filter("")
            self._grid.focus()
        else:
            self._list.focus()

    # -- a record

    @on(RecordGrid.Opened)
    def _record(self, message: RecordGrid.Opened) -> None:
        shown = self._shown
        if shown is None:
            return
        from revtops_tui.tui.dialogs.record import RecordDialog

        title = self._tables[shown.view.table].label if shown.view.table in self._tables else shown.view.table
        dialog = RecordDialog(title, message.number, shown.selection.count, partial(_record, shown.selection))
        self.host.push_screen(dialog, self._back_at)

    def _back_at(self, at: int | None) -> None:
        if at is not None:
            self._grid.action_move(at - self._grid.row, 0)


def _nothing_there(view: View) -> str:
    if view.filter:
        return "No row contains this."
    return "No rows." if view.table in _OWN_TABLES else "No rows yet: sync a connection (1, then s)."


def _nothing(_: object) -> None:
    return


# Called in threads, where importing the engine does not hold up a frame.


def _tables(ws: Workspace) -> Sequence[TableInfo]:
    from revtops_tui.engine.data import tables

    return tables(ws)


def _counts(ws: Workspace) -> Mapping[str, int]:
    from revtops_tui.engine.data import counts

    return counts(ws)


def _open(ws: Workspace, view: View) -> Opened:
    from revtops_tui.engine.data import Browser

    browser = Browser(ws, view.table)
    selection = browser.open(view.sort, descending=view.descending, filter=view.filter)
    first = selection.rows(0, WINDOW)
    if get_current_worker().is_cancelled:  # another view was asked for meanwhile
        selection.close()
    return Opened(view, selection, first, _columns(browser.columns, first))


def _columns(names: Sequence[str], sample: Sequence[Row]) -> list[Column]:
    """The columns that say something, the vendor's own first, then what the store adds."""
    said = [column for column in measure(names, sample) if column.name not in _KEYS]
    return sorted(said, key=lambda column: column.name in _BOOKKEEPING)


def _record(selection: Selection, at: int) -> Mapping[str, Any]:
    rows = selection.rows(at, 1)
    record = selection.record(rows[0][0]) if rows else {}
    return {name: record[name] for name in sorted(record, key=lambda name: (name in _KEYS, name in _BOOKKEEPING))}
