"""The rows of one table: opened, sorted, filtered, and every change of that undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.panes.data import uses
from revtops_tui.tui.panes.data.filter_line import FilterLine
from revtops_tui.tui.panes.data.reading import Opened, default_order, kept_as, nothing_there, open_view
from revtops_tui.tui.panes.data.tables import BOOKKEEPING
from revtops_tui.tui.panes.data.view import Layout, Timeline, View, document_of, view_of
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.columns import Column, arranged
from revtops_tui.tui.widgets.record_grid import RecordGrid

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.tui.app import RevtopsApp


class DataRows(Vertical):
    """A grid over the table that is looked at, and the line in which its filter is typed."""

    DEFAULT_CSS = """
    DataRows {
        width: 1fr;
        & RecordGrid { height: 1fr; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("data.sort", "s", "sort", "Sort", "Sort by the current column: up, down, not at all"),
        command("data.filter", "slash", "filter", "Filter", "Show only rows that are like this", mark="/"),
        command("data.language", "f2", "language", "Filters", "How a filter is written", show=False),
        command("data.columns", "c", "columns", "Columns", "Choose, move and size the columns"),
        command("data.copy", "y", "copy", "Copy", "Copy the cell or the record", show=False),
        command("data.browse", "o", "browse", "Browser", "Open the record at the vendor", show=False),
        command("data.traffic", "t", "traffic", "Traffic", "The exchange that brought the row", show=False),
        command("data.export", "E", "export", "Export", "Write what is shown into a file", show=False),
        command("data.picture", "p", "picture", "Picture", "Draw the rows that are shown", show=False),
        command("data.undo", "u", "undo", "Undo", "Take back the last sort, filter or columns", show=False),
        command("data.redo", "U", "redo", "Redo", "Do again what was taken back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._label = ""
        self._timelines: dict[str, Timeline] = {}
        self._table: str | None = None
        self._shown: Opened | None = None

    def compose(self) -> ComposeResult:
        """The grid, and the filter that is shown when asked for."""
        yield RecordGrid(empty="Choose a table.", name="grid")
        yield FilterLine()

    @property
    def host(self) -> RevtopsApp:
        """The app."""
        return cast("RevtopsApp", self.app)

    @property
    def grid(self) -> RecordGrid:
        """The rows."""
        return self.query_one(RecordGrid)

    @property
    def shown(self) -> Opened | None:
        """What is shown."""
        return self._shown

    @property
    def table(self) -> str | None:
        """The table that is looked at."""
        return self._table

    @property
    def _filter(self) -> FilterLine:
        return self.query_one(FilterLine)

    @property
    def _timeline(self) -> Timeline | None:
        return self._timelines.get(self._table or "")

    # -- which view

    def look_at(self, table: str, label: str) -> None:
        """Show a table, as it was looked at last."""
        self._table, self._label = table, label
        timeline = self._timelines.get(table)
        if timeline is None:
            timeline = self._timelines[table] = Timeline(view_of(table, self.host.state.get(kept_as(table))))
        self._filter.show(timeline.now.filter)
        self._open()

    def narrow(self, text: str) -> None:
        """Filter the table that is looked at by this."""
        if timeline := self._timeline:
            self._filter.show(text)
            self._change(replace(timeline.now, filter=text))

    def reload(self) -> None:
        """Read the rows again, and stay where one is."""
        if self._table:
            self._open()

    def _change(self, view: View, *, typing: bool = False) -> None:
        timeline = self._timeline
        if timeline is None or view == timeline.now:
            return
        before = timeline.now
        timeline.change(view, typing=typing)
        self._follow(before, view)

    def _follow(self, before: View, view: View) -> None:
        """Show another view of the same table: its rows, or only its columns."""
        kept = document_of(view)
        if kept != document_of(before):
            self.host.state[kept_as(view.table)] = kept
        if self._shown and replace(before, layout=view.layout) == view == replace(self._shown.view, layout=view.layout):
            self._shown = replace(self._shown, view=view)
            self.grid.rearrange(self._columns(self._shown))
        else:
            self._open()

    def action_undo(self) -> None:
        """Back to the view before."""
        self._travel(Timeline.undo, "Nothing to take back here.")

    def action_redo(self) -> None:
        """Forth again."""
        self._travel(Timeline.redo, "Nothing was taken back.")

    def _travel(self, step: Callable[[Timeline], bool], nothing: str) -> None:
        timeline = self._timeline
        if timeline is None:
            return
        before = timeline.now
        if not step(timeline):
            self.host.tell(nothing)
            return
        self._filter.show(timeline.now.filter)
        self._follow(before, timeline.now)

    # -- opening it

    def _open(self) -> None:
        """Open the view in a thread; of several asked for in a hurry, the last one is shown."""
        timeline = self._timeline
        if timeline is None:
            return
        view = timeline.now
        if self._shown is None or self._shown.view.table != view.table:
            self.grid.clear("Reading…")
        busy = " · filtering…" if view.filter else " · sorting…" if view.sort else ""
        self.grid.border_title = Content(plain(f"{self._label}{busy}"))
        work = partial(open_view, self.host.ws, view)
        in_background(self, work, self._opened, partial(self._refused, view), group="open", exclusive=True)

    def _opened(self, opened: Opened) -> None:
        again = self._shown is not None and self._shown.view == opened.view
        self._close()
        self._shown = opened
        view = opened.view
        self.grid.border_title = Content(plain(" · ".join(part for part in (self._label, opened.words) if part)))
        self._filter.say()
        if not opened.selection.count:
            self.grid.clear(nothing_there(view))
            return
        sort = (view.sort, view.descending) if view.sort else None
        self.grid.show(opened.selection, self._columns(opened), opened.first, sort=sort, keep_place=again)

    def _columns(self, opened: Opened) -> Sequence[Column]:
        """The columns that were chosen; until then those that say something, the vendor's own first."""
        layout = opened.view.layout
        order = layout.order if layout.order is not None else default_order(opened.columns)
        return arranged(opened.columns, order, dict(layout.widths))

    def _refused(self, view: View, error: EngineError) -> None:
        """A filter that makes no sense leaves the rows as they are; anything else is told in their place."""
        text = plain(" ".join(part for part in (error.message, error.hint) if part))
        if error.kind == "usage" and view.filter and self._shown:
            self.grid.border_title = Content(plain(self._label))
            self._filter.say(text)
            return
        self._close()
        self.grid.clear(text)

    def _close(self) -> None:
        """Let go of what was shown; in a thread, because its own thread may be in the middle of something."""
        if self._shown:
            in_background(self.app, self._shown.selection.close, _nothing, _nothing, group="close")
            self._shown = None

    def on_unmount(self) -> None:
        """Leaving the app lets go of the file."""
        if self._shown:
            self._shown.selection.close()

    @on(RecordGrid.Failed)
    def _rows_failed(self, message: RecordGrid.Failed) -> None:
        self._close()
        self.grid.clear(plain(" ".join(part for part in (message.error.message, message.error.hint) if part)))

    # -- sort, columns

    def action_sort(self) -> None:
        """Sort by the current column: ascending, descending, not at all."""
        if (timeline := self._timeline) and (column := self.grid.current_column):
            self._change(timeline.now.sorted_by(column.name))

    @on(RecordGrid.HeaderClicked)
    def _header_clicked(self, message: RecordGrid.HeaderClicked) -> None:
        if timeline := self._timeline:
            self._change(timeline.now.sorted_by(message.column))

    def action_columns(self) -> None:
        """Choose, move and size the columns."""
        timeline, opened = self._timeline, self._shown
        if timeline is None or opened is None:
            return
        from revtops_tui.tui.dialogs.columns import ColumnsDialog

        def chosen(layout: Layout | None) -> None:
            if layout is not None:
                self._change(replace(timeline.now, layout=layout))

        dialog = ColumnsDialog(self._label, opened.columns, default_order(opened.columns), timeline.now.layout)
        self.host.push_screen(dialog, chosen)

    # -- what is shown, elsewhere

    def action_export(self) -> None:
        """Write what is shown, in these columns and this order, into a file."""
        if self._shown is not None:
            uses.export(self.host, self._label, self._shown, self.grid.columns)

    def action_picture(self) -> None:
        """Draw the first rows of what is shown."""
        if self._shown is not None:
            uses.draw(self.host, self._label, self._shown, self.grid.columns)

    # -- the row under the cursor

    def _record(self) -> dict[str, Any]:
        row = self.grid.current_row
        return dict(zip(self._shown.selection.columns, row, strict=True)) if self._shown and row is not None else {}

    def action_copy(self) -> None:
        """Choose what of the row to copy."""
        from revtops_tui.tui.record_actions import copy_menu

        record, column = self._record(), self.grid.current_column
        if column is not None and record:
            copy_menu(self.host, record, cell=(column.name, self.grid.value(self.grid.row, self.grid.column)))

    def action_browse(self) -> None:
        """Open the record at the vendor."""
        from revtops_tui.tui.record_actions import browse

        if record := self._record():
            browse(self.host, record)

    async def action_traffic(self) -> None:
        """Go to the exchange that brought the row."""
        if (record := self._record()) and self._table not in BOOKKEEPING:
            await self.host.show_traffic(f"record:{self._table}/{record['id']}")

    # -- filter

    def action_filter(self) -> None:
        """Type what rows must be like."""
        if self._timeline:
            self._filter.begin()

    def action_language(self) -> None:
        """How a filter is written."""
        from revtops_tui.tui.dialogs.filter_words import FilterWordsDialog

        self.host.push_screen(FilterWordsDialog())

    @on(FilterLine.Typed)
    def _typed(self, message: FilterLine.Typed) -> None:
        if timeline := self._timeline:
            self._change(replace(timeline.now, filter=message.text), typing=True)
            if message.done:
                timeline.typed()
        if message.done:
            self.grid.focus()

    def clear_filter(self) -> bool:
        """Take the filter away; False when there is none."""
        if not self._filter.is_open:
            return False
        self._filter.show("")
        if timeline := self._timeline:
            timeline.typed()
            self._change(replace(timeline.now, filter=""))
        self.grid.focus()
        return True


def _nothing(_: object) -> None:
    return
