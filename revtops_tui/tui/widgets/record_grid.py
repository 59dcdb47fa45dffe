"""A grid over any number of rows: draws what is in view, fetches windows around it in a thread.

Values are a vendor's: each is made plain and cut to its column's cells, so nothing in one can reach another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from revtops_tui.tui.background import in_background
from revtops_tui.tui.text import fit
from revtops_tui.tui.widgets.arrangement import Arrangement, DrawCell
from revtops_tui.tui.widgets.columns import Column, widened
from revtops_tui.tui.widgets.line import Line, LineByLine, ink
from revtops_tui.tui.widgets.windows import Row, RowSource, Windows

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError

_GUTTER = 1
_FAR = 1_000_000_000
_COUNTING = 0.2


class RecordGrid(LineByLine, can_focus=True, inherit_bindings=False):
    """Rows and columns with a cursor."""

    DEFAULT_CSS = """
    RecordGrid {
        background: $surface;
        border: round $border-blurred;
        border-title-color: $foreground;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
        scrollbar-size: 1 1;
        &:focus { border: round $primary; }
        & > .grid--header { color: $primary; text-style: bold; }
        & > .grid--header-current { color: $foreground; text-style: bold; }
        & > .grid--row { background: $panel; }
        & > .grid--cell { background: $panel; text-style: bold; }
        &:focus > .grid--row { background: $primary 18%; }
        &:focus > .grid--cell { background: $primary 45%; text-style: bold; }
        & > .grid--bar { color: $primary; }
        & > .grid--empty { color: $text-muted; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--header",
        "grid--header-current",
        "grid--row",
        "grid--cell",
        "grid--bar",
        "grid--empty",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1, 0)", "Down", show=False, id="grid.down"),
        Binding("up,k", "move(-1, 0)", "Up", show=False, id="grid.up"),
        Binding("right,l", "move(0, 1)", "Next column", show=False, id="grid.right"),
        Binding("left,h", "move(0, -1)", "Previous column", show=False, id="grid.left"),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False, id="grid.page_down"),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False, id="grid.page_up"),
        Binding("home", f"move(0, -{_FAR})", "First column", show=False, id="grid.first_column"),
        Binding("end", f"move(0, {_FAR})", "Last column", show=False, id="grid.last_column"),
        Binding("g,ctrl+home", f"move(-{_FAR}, 0)", "First row", show=False, id="grid.top"),
        Binding("G,ctrl+end", f"move({_FAR}, 0)", "Last row", show=False, id="grid.bottom"),
        Binding("enter", "open", "Record", tooltip="Show the whole record", id="grid.open"),
    ]

    @dataclass
    class Opened(Message):
        """Enter or a double click on a row."""

        grid: RecordGrid
        number: int
        row: Row

    @dataclass
    class HeaderClicked(Message):
        """A click on a column's name."""

        grid: RecordGrid
        column: str

    @dataclass
    class Failed(Message):
        """Rows could not be read."""

        grid: RecordGrid
        error: EngineError

    def __init__(self, *, empty: str = "", name: str | None = None) -> None:
        """`empty`: what stands there while there are no rows."""
        super().__init__(id=name)
        self._empty = empty
        self._arrangement = Arrangement()
        self._windows: Windows | None = None
        self._fetching = False
        self._sort: tuple[str, bool] | None = None
        self.row = 0
        self.column = 0

    # -- what others use

    def show(
        self,
        source: RowSource,
        columns: Sequence[Column],
        first: Sequence[Row],
        *,
        sort: tuple[str, bool] | None = None,
        keep_place: bool = False,
    ) -> None:
        """Show rows; `first` is the first window, `sort` the name and direction shown in the header.

        From their top, unless `keep_place`: the same rows, read again.
        """
        same_columns = [column.name for column in columns] == [column.name for column in self.columns]
        self._sort = sort
        self._windows = Windows(source)
        self._windows.add(0, first)
        self._arrangement = Arrangement(columns)
        self.row = min(self.row, max(0, source.count - 1)) if keep_place else 0
        if not same_columns:
            self.column = 0
            self.scroll_to(x=0, animate=False, force=True)
        if not keep_place:
            self.scroll_to(y=0, animate=False, force=True)
        self._grow()
        self._settle()
        self._growing.resume()

    def rearrange(self, columns: Sequence[Column]) -> None:
        """Show the same rows in other columns; the cursor stays with its column where that still is."""
        current = self.current_column
        self._arrangement = Arrangement(columns)
        names = [column.name for column in columns]
        self.column = names.index(current.name) if current and current.name in names else 0
        self._grow()
        self._settle()

    def on_mount(self) -> None:
        """A clock for sources that are still counting."""
        self._growing = self.set_interval(_COUNTING, self._count, pause=True)

    def _count(self) -> None:
        """See how far a source has come, or what has ended its counting."""
        error = self._windows.source.error if self._windows else None
        if error is None:
            self._grow()
            return
        from revtops_tui.engine.errors import people

        self._growing.pause()
        self.post_message(self.Failed(self, people(error)))

    def _grow(self) -> None:
        """Make room for the rows that are known by now."""
        if self._windows is None or self._windows.source.exact:
            self._growing.pause()
        self.virtual_size = Size(self._arrangement.width + _GUTTER, self.count + 1 if self._windows else 0)
        self._tell_place()

    def clear(self, empty: str) -> None:
        """Show no rows, but a sentence."""
        self._empty, self._windows, self._arrangement = empty, None, Arrangement()
        self.virtual_size = Size(0, 0)
        self.border_subtitle = None
        self.refresh()

    @property
    def columns(self) -> Sequence[Column]:
        """The columns that are shown."""
        return self._arrangement.columns

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._windows.source.count if self._windows else 0

    @property
    def current_column(self) -> Column | None:
        """The column the cursor is in."""
        return self.columns[self.column] if self.column < len(self.columns) else None

    @property
    def current_row(self) -> Row | None:
        """The row under the cursor, when it is here."""
        return self._windows.row(self.row) if self._windows else None

    def value(self, number: int, column: int) -> Any:
        """A value of a row that is here; None when it is not."""
        row = self._windows.row(number) if self._windows else None
        return row[self.columns[column].index] if row is not None else None

    # -- moving

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor."""
        self._grow()
        self.row = min(max(self.row + rows, 0), max(0, self.count - 1))
        self.column = min(max(self.column + columns, 0), max(0, len(self.columns) - 1))
        self._settle()

    def action_page(self, direction: int) -> None:
        """Move by a screenful."""
        self.action_move(direction * max(1, self._rows_in_view - 1), 0)

    def action_open(self) -> None:
        """Open the row under the cursor, when it is here."""
        row = self.current_row
        if row is not None:
            self.post_message(self.Opened(self, self.row, row))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a double click opens the row; one on a column's name is told."""
        offset = event.get_content_offset(self)
        if offset is None or not self.count:
            return
        self.column = self._arrangement.at(max(0, offset.x - _GUTTER), self.scroll_offset.x, self._room)
        if offset.y == 0:
            self.post_message(self.HeaderClicked(self, self.columns[self.column].name))
            return
        self.row = min(self.scroll_offset.y + offset.y - 1, self.count - 1)
        self._settle()
        if event.chain == 2:
            self.action_open()

    @property
    def _view(self) -> Size:
        """What the scrollbars leave."""
        return self.scrollable_content_region.size

    @property
    def _room(self) -> int:
        """Cells for the columns."""
        return max(0, self._view.width - _GUTTER)

    @property
    def _rows_in_view(self) -> int:
        return max(1, self._view.height - 1)

    def _settle(self) -> None:
        """Bring the cursor into view, tell where it is, and see that its rows come."""
        top = min(max(self.scroll_offset.y, self.row - self._rows_in_view + 1), self.row)
        x = self._arrangement.left_for(self.column, self.scroll_offset.x, self._room)
        self.scroll_to(x=x, y=top, animate=False, force=True)
        self._tell_place()
        self.refresh()
        self._fetch()

    def _tell_place(self) -> None:
        more = "" if self._windows is None or self._windows.source.exact else "≥ "
        self.border_subtitle = Content(f"{self.row + 1:,} of {more}{self.count:,}") if self.count else None

    def on_resize(self, _event: events.Resize) -> None:
        """Keep the cursor in view."""
        if self._windows:
            self._settle()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolled, by whatever means: other rows are needed."""
        super().watch_scroll_y(old_value, new_value)
        self._fetch()

    # -- fetching: one window at a time; when it is there, what is looked at then decides about the next

    def _fetch(self) -> None:
        windows = self._windows
        if windows is None or self._fetching or not self.is_attached:
            return
        top = self.scroll_offset.y
        window = windows.missing(top, max(top, min(top + self._rows_in_view, windows.source.count) - 1))
        if window is None:
            return
        self._fetching = True
        in_background(
            self,
            partial(windows.fetch, window),
            partial(self._fetched, windows, window),
            self._fetch_failed,
            group="rows",
        )

    def _fetched(self, windows: Windows, window: int, rows: Sequence[Row]) -> None:
        self._fetching = False
        windows.add(window, rows)
        if windows is self._windows:
            self._arrangement = Arrangement([widened(column, rows) for column in self.columns])
            self._grow()
            self.refresh()
        self._fetch()

    def _fetch_failed(self, error: EngineError) -> None:
        self._fetching = False
        self.post_message(self.Failed(self, error))

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """The header, or one row."""
        width, base = self._view.width, self.ground
        number = y - 1 + self.scroll_offset.y
        if not self.columns or number >= self.count:
            nothing = self._empty if not self.columns else "No rows." if number == 0 else ""
            text = nothing if y == 0 or self.columns else ""
            return Line(base).add(" ").add(text, ink(self, "grid--empty")).strip(width)
        return self._header(base, width) if y == 0 else self._row_line(number, base, width)

    def _header(self, base: Style, width: int) -> Strip:
        def draw(line: Line, n: int, column: Column, cells: int) -> None:
            mark = "" if not self._sort or self._sort[0] != column.name else " ▼" if self._sort[1] else " ▲"
            style = ink(self, "grid--header-current" if n == self.column else "grid--header")
            name = fit(column.name, cells - len(mark)).rstrip() if mark else column.name
            line.cell(name + mark, cells, style, right=column.right)

        return self._drawn(Line(base).add(" "), width, draw)

    def _row_line(self, number: int, base: Style, width: int) -> Strip:
        row = self._windows.row(number) if self._windows else None
        is_current = number == self.row
        if is_current:
            base = self.get_component_rich_style("grid--row")

        def draw(line: Line, n: int, column: Column, cells: int) -> None:
            text = "·" if row is None else "" if row[column.index] is None else column.text(row[column.index])
            style = self.get_component_rich_style("grid--cell") if is_current and n == self.column else None
            line.cell(text, cells, style, right=column.right)

        gutter = Line(base).add("▌", ink(self, "grid--bar")) if is_current else Line(base).add(" ")
        return self._drawn(gutter, width, draw)

    def _drawn(self, line: Line, width: int, draw: DrawCell) -> Strip:
        """A line with its gutter, and with the columns in view behind that."""
        self._arrangement.draw(line, self.scroll_offset.x, max(0, width - _GUTTER), draw)
        return line.strip(width)
