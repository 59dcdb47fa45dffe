"""A grid over any number of rows: draws what is in view, fetches windows around it in a thread.

Values are a vendor's: each is made plain and cut to its column's cells, so nothing in one can reach another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from revtops_tui.tui.command import command
from revtops_tui.tui.text import wrap
from revtops_tui.tui.widgets.arrangement import Arrangement
from revtops_tui.tui.widgets.columns import Column, widened
from revtops_tui.tui.widgets.framed import Framed, Parts
from revtops_tui.tui.widgets.grid_lines import GUTTER, GridLines
from revtops_tui.tui.widgets.line import Line, ink
from revtops_tui.tui.widgets.supply import Supply
from revtops_tui.tui.widgets.windows import Row, RowSource

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError

_FAR = 1_000_000_000
_COUNTING = 0.2


class RecordGrid(Framed, can_focus=True, inherit_bindings=False):
    """Rows and columns with a cursor."""

    DEFAULT_CSS = """
    RecordGrid {
        background: $surface;
        border: round $border-blurred;
        border-title-color: $foreground;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
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
        command("grid.down", "down,j", "move(1, 0)", "Down", show=False),
        command("grid.up", "up,k", "move(-1, 0)", "Up", show=False),
        command("grid.right", "right,l", "move(0, 1)", "Next column", show=False),
        command("grid.left", "left,h", "move(0, -1)", "Previous column", show=False),
        command("grid.page_down", "pagedown,ctrl+d", "page(1)", "Page down", show=False),
        command("grid.page_up", "pageup,ctrl+u", "page(-1)", "Page up", show=False),
        command("grid.first_column", "home", f"move(0, -{_FAR})", "First column", show=False),
        command("grid.last_column", "end", f"move(0, {_FAR})", "Last column", show=False),
        command("grid.top", "g,ctrl+home", f"move(-{_FAR}, 0)", "First row", show=False),
        command("grid.bottom", "G,ctrl+end", f"move({_FAR}, 0)", "Last row", show=False),
        command("grid.open", "enter", "open", "Record", "Show the whole record"),
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
        super().__init__(name=name)
        self._empty = empty
        self._arrangement = Arrangement()
        self._view = (self._arrangement, 0, 0, Style.null())
        self._lines = GridLines(*self._view)
        self._supply = Supply(self, self._in_view, self._arrived, self._failed)
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
        self._supply.open(source, first)
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
        source = self._supply.source
        if source is None or source.error is None:
            self._grow()
            return
        from revtops_tui.engine.errors import people

        self._growing.pause()
        self._failed(people(source.error))

    def _grow(self) -> None:
        """Make room for the rows that are known by now."""
        if self._is_exact:
            self._growing.pause()
        self.virtual_size = Size(self._arrangement.width + GUTTER, self.count + 1 if self._supply.source else 0)
        self._tell_place()

    def clear(self, empty: str) -> None:
        """Show no rows, but a sentence."""
        self._supply.close()
        self._empty, self._arrangement = empty, Arrangement()
        self.virtual_size = Size(0, 0)
        self.caption("")
        self.refresh()

    @property
    def columns(self) -> Sequence[Column]:
        """The columns that are shown."""
        return self._arrangement.columns

    @property
    def count(self) -> int:
        """How many rows there are."""
        source = self._supply.source
        return source.count if source else 0

    @property
    def _is_exact(self) -> bool:
        """Whether it is known how many there are."""
        source = self._supply.source
        return source is None or source.exact

    @property
    def current_column(self) -> Column | None:
        """The column the cursor is in."""
        return self.columns[self.column] if self.column < len(self.columns) else None

    @property
    def current_row(self) -> Row | None:
        """The row under the cursor, when it is here."""
        return self._supply.row(self.row)

    def value(self, number: int, column: int) -> Any:
        """A value of a row that is here; None when it is not."""
        row = self._supply.row(number)
        return row[self.columns[column].index] if row is not None else None

    # -- moving

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor."""
        if not self._is_exact:
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
        if offset is None or not self.count or self.is_on_bar(offset.x):
            return
        self.column = self._arrangement.at(max(0, offset.x - GUTTER), self.scroll_offset.x, self._room)
        if offset.y == 0:
            self.post_message(self.HeaderClicked(self, self.columns[self.column].name))
            return
        self.row = min(self.scroll_offset.y + offset.y - 1, self.count - 1)
        self._settle()
        if event.chain == 2:
            self.action_open()

    @property
    def _room(self) -> int:
        """Cells for the columns."""
        return max(0, self.room - GUTTER)

    @property
    def _rows_in_view(self) -> int:
        return max(1, self.lines_in_view - 1)

    def _settle(self) -> None:
        """Bring the cursor into view, tell where it is, and see that its rows come."""
        top = min(max(self.scroll_offset.y, self.row - self._rows_in_view + 1), self.row)
        x = self._arrangement.left_for(self.column, self.scroll_offset.x, self._room)
        self.scroll_to(x=x, y=top, animate=False, force=True)
        self._tell_place()
        self.refresh()
        self._supply.fetch()

    def _tell_place(self) -> None:
        more = "" if self._is_exact else "≥ "
        self.caption(f"{self.row + 1:,} of {more}{self.count:,}" if self.count else "")

    def on_resize(self, _event: events.Resize) -> None:
        """Keep the cursor in view."""
        if self._supply.source:
            self._settle()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolled, by whatever means: other rows are needed."""
        super().watch_scroll_y(old_value, new_value)
        self._supply.fetch()

    # -- rows that come

    def _in_view(self) -> tuple[int, int]:
        top = self.scroll_offset.y
        return top, top + self._rows_in_view - 1

    def _arrived(self, rows: Sequence[Row], are_in_view: bool) -> None:
        """Make room for rows that came, and draw them where they are in view: most come in advance."""
        columns = [widened(column, rows) for column in self.columns]
        is_wider = any(new is not old for new, old in zip(columns, self.columns, strict=True))
        if is_wider:
            self._arrangement = Arrangement(columns)
            self._grow()
        if is_wider or are_in_view:
            self.refresh()

    def _failed(self, error: EngineError) -> None:
        self.post_message(self.Failed(self, error))

    # -- drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in view, all for one arrangement at one place."""
        view = (self._arrangement, self.scroll_offset.x, self.room, self.rich_style)
        if view != self._view:
            self._view = view
            self._lines = GridLines(*view)
        return super().render_lines(crop)

    def line(self, y: int) -> Parts:
        """The header, or one row; or what stands there while there is nothing."""
        number = y - 1 + self.scroll_offset.y
        if not self.columns or number >= self.count:
            return self._nothing(y)
        style = self.get_component_rich_style
        if y == 0:
            names = ink(self, "grid--header"), ink(self, "grid--header-current")
            return self._lines.header(self._sort, self.column, *names)
        row = self._supply.row(number)
        if number != self.row:
            return self._lines.row(number, row)
        bar = ink(self, "grid--bar")
        return self._lines.current(row, self.column, style("grid--row"), bar, style("grid--cell"))

    def _nothing(self, y: int) -> Parts:
        said = self._empty if not self.columns else "\nNo rows." if not self.count else ""
        lines = wrap(said, max(1, self.room - 2 * GUTTER))
        text = lines[y] if y < len(lines) else ""
        return list(Line(self.ground).add(" " * GUTTER).add(text, ink(self, "grid--empty")).strip(self.room))
