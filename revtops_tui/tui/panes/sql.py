"""SQL over the organization's tables: read-only, in a thread, cancelled with a key."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from revtops_tui.tui.background import in_background
from revtops_tui.tui.history import History
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.text import duration, plain, plural
from revtops_tui.tui.widgets.columns import measure
from revtops_tui.tui.widgets.record_grid import RecordGrid
from revtops_tui.tui.widgets.windows import WINDOW, ListSource

if TYPE_CHECKING:
    from revtops_tui.engine.data import Answer
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.workspace import Workspace

_LIMIT = 500
_PLACEHOLDER = "select stage, count(*), sum(amount) from deals group by stage order by 3 desc"


class Editor(TextArea):
    """A text area that goes to earlier and later queries from its first and last line."""

    def __init__(self, history: History) -> None:
        super().__init__(placeholder=_PLACEHOLDER, tab_behavior="focus", id="editor")
        self._history = history

    def on_key(self, event: events.Key) -> None:
        """Up on the first line is the query before, down on the last line the one after."""
        row = self.cursor_location[0]
        if event.key == "up" and row == 0:
            text = self._history.back(self.text)
        elif event.key == "down" and row == self.document.line_count - 1:
            text = self._history.forward()
        else:
            return
        if text is not None:
            self.text = text
            self.move_cursor(self.document.end)
            event.prevent_default()
            event.stop()


class SqlPane(Pane):
    """An editor, what became of the query, and its rows."""

    DEFAULT_CSS = """
    SqlPane {
        & > Vertical { width: 1fr; }
        & TextArea {
            height: 8;
            border: round $border-blurred;
            background: $surface;
            border-title-color: $foreground;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
            padding: 0 1;
            &:focus { border: round $primary; }
            & .text-area--cursor-line { background: $surface; }
            & .text-area--placeholder { color: $text-disabled; }
        }
        & #outcome { height: auto; max-height: 4; padding: 0 2; color: $text-muted; display: none; }
        & #outcome.-wrong { color: $error; display: block; }
        & #outcome.-busy { color: $accent; display: block; }
        & RecordGrid { height: 1fr; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5,ctrl+j", "run", "Run", key_display="F5", priority=True, tooltip="Run the query (F5 or ctrl+j)"),
        Binding("escape", "stop", "Stop", tooltip="Stop the running query"),
        Binding("escape", "editor", "Editor", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._history = History()
        self._cancel: threading.Event | None = None
        self._table: Answer | None = None
        self._seconds = 0

    def compose(self) -> ComposeResult:
        """The three parts."""
        with Vertical():
            yield Editor(self._history)
            yield Static("", markup=False, id="outcome")
            yield RecordGrid(empty="F5 or ctrl+j runs the query; ↑ and ↓ bring back earlier ones.", name="result")

    def on_mount(self) -> None:
        """Titles, and a clock for what takes long."""
        self._editor.border_title = Content("SQL")
        self._editor.border_subtitle = Content("read-only")
        self._grid.border_title = Content("Result")
        self._clock = self.set_interval(1, self._count, pause=True)

    def on_unmount(self) -> None:
        """Leaving the app does not wait for a query."""
        if self._cancel:
            self._cancel.set()

    def focus_main(self) -> None:
        """The editor."""
        self._editor.focus()

    @property
    def _editor(self) -> Editor:
        return self.query_one(Editor)

    @property
    def _grid(self) -> RecordGrid:
        return self.query_one(RecordGrid)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """One query at a time; there is something to stop only while it runs."""
        return {"run": self._cancel is None, "stop": self._cancel is not None}.get(action, True)

    def action_run(self) -> None:
        """Run what is selected in the editor, or all of it."""
        query = (self._editor.selected_text or self._editor.text).strip()
        if not query or self._cancel:
            return
        self._history.add(self._editor.text)
        self._cancel = cancel = threading.Event()
        self._seconds = 0
        self._clock.resume()
        self._say("Running… esc stops it", "-busy")
        self.refresh_bindings()
        in_background(self, partial(_run, self.host.ws, query, cancel), self._done, self._failed, group="sql")

    def action_stop(self) -> None:
        """Stop the query."""
        if self._cancel:
            self._cancel.set()
            self._say("Stopping…", "-busy")

    def action_editor(self) -> None:
        """Go back to the editor."""
        self._editor.focus()

    def _count(self) -> None:
        self._seconds += 1
        if self._cancel and not self._cancel.is_set():
            self._say(f"Running… {self._seconds} s · esc stops it", "-busy")

    def _ended(self) -> None:
        self._cancel = None
        self._clock.pause()
        self.refresh_bindings()

    def _done(self, table: Answer) -> None:
        self._ended()
        self._table = table
        self._say("", "")
        count = len(table.rows)
        rows = f"{count:,} of more than {count:,} rows" if table.truncated else plural(count, "row")
        took = f" · {duration(table.seconds)}" if table.seconds >= 1 else ""
        self._grid.border_title = Content(f"{rows}{took}")
        if not table.rows:
            self._grid.clear("The query gave no rows.")
            return
        self._grid.show(ListSource(table.rows), measure(table.columns, table.rows[:WINDOW]), table.rows[:WINDOW])

    def _failed(self, error: EngineError) -> None:
        self._ended()
        self._say(" ".join(part for part in (error.message, error.hint) if part), "-wrong")

    def _say(self, text: str, tone: str) -> None:
        outcome = self.query_one("#outcome", Static)
        outcome.set_classes(tone)
        outcome.update(plain(text, 1_000))

    @on(RecordGrid.Opened)
    def _record(self, message: RecordGrid.Opened) -> None:
        from revtops_tui.tui.dialogs.record import RecordDialog

        if table := self._table:
            self.host.push_screen(RecordDialog("Result", message.number, len(table.rows), partial(_record, table)))


def _run(ws: Workspace, query: str, cancel: threading.Event) -> Answer:
    from revtops_tui.engine.data import sql

    return sql(ws, query, limit=_LIMIT, cancel=cancel)


def _record(table: Answer, at: int) -> dict[str, Any]:
    return dict(zip(table.columns, table.rows[at], strict=True))
