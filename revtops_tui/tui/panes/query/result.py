"""What became of a query: its rows in a grid, or the document that came instead, and what can be done with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from revtops_tui.tui.command import command
from revtops_tui.tui.panes.query.targets import Reply, Target
from revtops_tui.tui.sql.names import Name
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.columns import measure
from revtops_tui.tui.widgets.json_view import JsonView
from revtops_tui.tui.widgets.record_grid import RecordGrid
from revtops_tui.tui.widgets.windows import WINDOW, ListSource
from revtops_tui.words import duration, plural

if TYPE_CHECKING:
    from pathlib import Path

    from revtops_tui.engine.export import Exported, Options
    from revtops_tui.tui.app import RevtopsApp
    from revtops_tui.tui.shell.tasks import TaskProgress

_HELP = "F5 runs the query; ↑ and ↓ bring back earlier ones, ctrl+r finds them; esc leaves the text."


@dataclass(frozen=True)
class Asked:
    """What a reply answers: `limit` is how many rows of the local data were asked for."""

    target: Target
    query: str
    limit: int


class QueryResult(Vertical):
    """Rows or a document, under a title that says how many and whether there are more."""

    DEFAULT_CSS = """
    QueryResult {
        height: 1fr;
        & > RecordGrid { height: 1fr; }
        & > JsonView {
            height: 1fr;
            border: round $border-blurred;
            border-title-color: $foreground;
            border-title-style: bold;
            display: none;
            &:focus { border: round $primary; }
        }
        &.-document { & > RecordGrid { display: none; } & > JsonView { display: block; } }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("query.more", "m", "more", "More rows", "Run it again for ten times as many rows"),
        command("query.export", "E", "export", "Export", "Write all rows to a file: CSV, JSON lines, Parquet, Excel"),
        command("query.picture", "p", "picture", "Picture", "Look at the rows as a picture"),
        command("query.copy", "y", "copy", "Copy", "Copy the cell, the row, the column or all rows"),
        command("query.open", "o", "open", "In Data", "Open the record under the cursor in Data"),
    ]

    class More(Message):
        """More rows are wanted."""

    def __init__(self, names: Callable[[], list[Name]]) -> None:
        """`names`: the local tables, to tell whose records the rows are."""
        super().__init__()
        self._names = names
        self._asked: Asked | None = None
        self._reply: Reply | None = None

    def compose(self) -> ComposeResult:
        """Both; one of them is shown."""
        yield RecordGrid(empty=_HELP, name="result")
        yield JsonView(name="document")

    def on_mount(self) -> None:
        """A title before there is anything."""
        self.grid.border_title = Content("Result")

    @property
    def host(self) -> RevtopsApp:
        """The app."""
        return cast("RevtopsApp", self.app)

    @property
    def grid(self) -> RecordGrid:
        """The rows."""
        return self.query_one(RecordGrid)

    @property
    def has_rows(self) -> bool:
        """Whether there are rows to do something with."""
        return bool(self._reply and self._reply.rows)

    def enter(self) -> None:
        """Go to the answer."""
        (self.query_one(JsonView) if self.has_class("-document") else self.grid).focus()

    def show(self, asked: Asked, reply: Reply) -> None:
        """Show an answer; more of the same keeps the cursor where it is."""
        is_more = self._asked is not None and (self._asked.target.id, self._asked.query) == (
            asked.target.id,
            asked.query,
        )
        self._asked, self._reply = asked, reply
        self.set_class(reply.document is not None, "-document")
        if reply.document is None:
            self._show_rows(asked, reply, keep_place=is_more)
        else:
            self._show_document(asked, reply)
        self.refresh_bindings()

    def _show_document(self, asked: Asked, reply: Reply) -> None:
        view = self.query_one(JsonView)
        view.border_title = Content(plain(f"Answer{_source(asked.target)}"))
        view.show(json.dumps(reply.document, ensure_ascii=False, default=str), "json")

    def _show_rows(self, asked: Asked, reply: Reply, *, keep_place: bool) -> None:
        self.grid.border_title = Content(plain(_title(asked, reply)))
        if not reply.rows:
            self.grid.clear("The query gave no rows.")
            return
        first = reply.rows[:WINDOW]
        self.grid.show(ListSource(reply.rows), measure(reply.columns, first), first, keep_place=keep_place)

    # -- what can be done with it

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """What needs rows is there while there are rows."""
        if action == "more":
            return bool(self._reply and self._reply.truncated and self._asked and not self._asked.target.is_live)
        if action == "open":
            return self._record_of(self.grid.row) is not None
        return self.has_rows if action in ("export", "picture", "copy") else True

    def action_more(self) -> None:
        """Ask for more rows."""
        self.post_message(self.More())

    @on(RecordGrid.Opened)
    def _record(self, message: RecordGrid.Opened) -> None:
        from revtops_tui.tui.dialogs.record import RecordDialog

        if reply := self._reply:
            fetch = partial(_record, reply)
            self.host.push_screen(RecordDialog("Result", message.number, len(reply.rows), fetch))

    def action_picture(self) -> None:
        """The rows as a picture."""
        from revtops_tui.tui.dialogs.chart import ChartDialog

        if reply := self._reply:
            self.host.push_screen(ChartDialog("Result", list(reply.columns), list(reply.rows), is_part=reply.truncated))

    def action_copy(self) -> None:
        """Ask what to copy."""
        from revtops_tui.tui.dialogs.copy_record import Copyable, CopyDialog
        from revtops_tui.tui.panes.query.copies import copies

        def chosen(choice: Copyable | None) -> None:
            if choice is not None:
                self.host.copy(choice.text, choice.label)

        column = self.grid.current_column
        if (reply := self._reply) and column is not None:
            choices = copies(reply.columns, reply.rows, self.grid.row, column.index)
            self.host.push_screen(CopyDialog(choices), chosen)

    def action_export(self) -> None:
        """Write the rows to a file: of the local data all that the query gives, of a system those that came."""
        from revtops_tui.tui.dialogs.export import ExportDialog

        if self._asked is not None and self._reply is not None:
            name = plain(self._asked.target.id or "result").replace(":", "-")
            self.host.push_screen(ExportDialog("Result", name, partial(self._write, self._asked, self._reply)))

    def _write(self, asked: Asked, reply: Reply, path: Path, progress: TaskProgress, options: Options) -> Exported:
        from revtops_tui.engine.export import export_rows, export_sql

        def cancelled() -> bool:
            return progress.cancelled

        if asked.target.is_live:
            columns = list(reply.columns)
            return export_rows(
                columns, reply.rows, path, options=options, progress=progress.report, cancelled=cancelled
            )
        return export_sql(
            self.host.ws, asked.query, path, options=options, progress=progress.report, cancelled=cancelled
        )

    async def action_open(self) -> None:
        """Open the record under the cursor where its relations and its history are."""
        if record := self._record_of(self.grid.row):
            await self.host.open_record(*record)

    def _record_of(self, number: int) -> tuple[str, int] | None:
        """The table and the id of a row, where the rows are one table's records."""
        if not self._asked or not self._reply or self._asked.target.is_live or "id" not in self._reply.columns:
            return None
        from revtops_tui.tui.sql.names import only_table

        table = only_table(self._asked.query, self._names())
        if table is None or "source_id" not in {column.label for column in table.columns}:
            return None
        row_id = self._reply.rows[number][self._reply.columns.index("id")] if number < len(self._reply.rows) else None
        return (table.label, row_id) if isinstance(row_id, int) else None


def _title(asked: Asked, reply: Reply) -> str:
    count = len(reply.rows)
    rows = f"{count:,} of more than {count:,} rows" if reply.truncated else plural(count, "row")
    took = f" · {duration(reply.seconds)}" if reply.seconds >= 1 else ""
    return f"{rows}{_source(asked.target)}{took}"


def _source(target: Target) -> str:
    return f" from {target.title}" if target.is_live else ""


def _record(reply: Reply, at: int) -> dict[str, Any]:
    return dict(zip(reply.columns, reply.rows[at], strict=True))
