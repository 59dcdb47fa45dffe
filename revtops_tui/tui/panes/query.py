"""Asking the local data in SQL, or a connected system in its own language: in a thread, cancelled with a key."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from revtops_tui.tui.background import in_background
from revtops_tui.tui.document import write_record
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.targets import LOCAL, Reply, Target, ask, names, targets
from revtops_tui.tui.text import plain, plain_lines
from revtops_tui.tui.widgets.columns import measure
from revtops_tui.tui.widgets.editor import Editor
from revtops_tui.tui.widgets.record_grid import RecordGrid
from revtops_tui.tui.widgets.sheet import Sheet
from revtops_tui.tui.widgets.windows import WINDOW, ListSource
from revtops_tui.words import duration, plural

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError

_LONGEST_IDENTITY = 60


class QueryPane(Pane):
    """An editor, what became of the query, and its rows, or the document that came instead."""

    DEFAULT_CSS = """
    QueryPane {
        & > Vertical { width: 1fr; }
        & #outcome { height: auto; max-height: 7; padding: 0 2; color: $text-muted; display: none; }
        & #outcome.-wrong { color: $error; display: block; }
        & #outcome.-busy { color: $accent; display: block; }
        & #outcome.-note { color: $warning; display: block; }
        & RecordGrid { height: 1fr; }
        & Sheet {
            height: 1fr;
            border: round $border-blurred;
            border-title-color: $foreground;
            border-title-style: bold;
            display: none;
            &:focus { border: round $primary; }
        }
        & .-document { & RecordGrid { display: none; } & Sheet { display: block; } }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5,ctrl+j", "run", "Run", key_display="F5", priority=True, tooltip="Run the query (F5 or ctrl+j)"),
        Binding("escape", "stop", "Stop", tooltip="Stop the running query"),
        Binding("escape", "editor", "Editor", show=False),
        Binding("f2", "target", "Ask…", key_display="F2", tooltip="Choose what is asked: the local data or a system"),
        Binding("f3", "schema", "Tables", key_display="F3", tooltip="What a query can name: tables and their columns"),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._target = LOCAL
        self._targets: Sequence[Target] = (LOCAL,)
        self._cancel: threading.Event | None = None
        self._reply: Reply | None = None
        self._seconds = 0

    def compose(self) -> ComposeResult:
        """The editor and what comes of it."""
        with Vertical():
            yield Editor()
            yield Static("", markup=False, id="outcome")
            yield RecordGrid(empty="F5 or ctrl+j runs the query; ↑ and ↓ bring back earlier ones.", name="result")
            yield Sheet(name="document")

    def on_mount(self) -> None:
        """Titles, a clock for what takes long, and what can be asked."""
        self._grid.border_title = Content("Result")
        self._clock = self.set_interval(1, self._count, pause=True)
        self.aim(self._target)
        self.host.changed.subscribe(self, lambda _: self._find_targets())
        self._find_targets()

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

    # -- what is asked

    def aim(self, target: Target) -> None:
        """Ask this from now on; a query that is running is waited for first."""
        if self._cancel:
            self.host.tell(f"{self._target.title} is still being asked; esc stops that.", severity="warning")
            return
        self._target = target
        self._editor.turn_to(target.id, target.example)
        self._editor.border_title = Content(plain(f"Query › {target.manner}"))
        self._editor.border_subtitle = Content(plain(target.identity, _LONGEST_IDENTITY))
        self._say("", "")

    def _find_targets(self) -> None:
        in_background(
            self, partial(targets, self.host.ws), self._have_targets, self._failed, group="targets", exclusive=True
        )

    def _have_targets(self, found: Sequence[Target]) -> None:
        self._targets = found
        if self._target.id not in {target.id for target in found} and not self._cancel:
            self.aim(LOCAL)  # it was disconnected

    def action_target(self) -> None:
        """Choose what is asked."""
        from revtops_tui.tui.dialogs.choose_target import TargetDialog

        self.host.push_screen(TargetDialog(self._targets, self._target), self._chosen)

    def _chosen(self, target: Target | None) -> None:
        if target is not None:
            self.aim(target)

    def action_schema(self) -> None:
        """Look up what a query can name, and take a name along."""
        from revtops_tui.tui.dialogs.schema import SchemaDialog

        fetch = partial(names, self.host.ws, self._target)
        self.host.push_screen(SchemaDialog(self._target.title, fetch), self._insert)

    def _insert(self, name: str | None) -> None:
        if name is not None:
            self._editor.insert(plain(name))
            self._editor.focus()

    # -- asking

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """One query at a time; there is something to stop only while it runs."""
        is_running = self._cancel is not None
        return {"run": not is_running, "target": not is_running, "stop": is_running}.get(action, True)

    def action_run(self) -> None:
        """Run what is selected in the editor, or all of it."""
        query = (self._editor.selected_text or self._editor.text).strip()
        if not query or self._cancel:
            return
        self._editor.note()
        self._cancel = cancel = threading.Event()
        self._seconds = 0
        self._clock.resume()
        self._say("Running… esc stops it", "-busy")
        self.refresh_bindings()
        in_background(
            self, partial(ask, self.host.ws, self._target, query, cancel), self._done, self._wrong, group="query"
        )

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

    def _wrong(self, error: EngineError) -> None:
        self._ended()
        self._failed(error)

    def _failed(self, error: EngineError) -> None:
        self._say("\n".join(part for part in (error.message, error.hint) if part), "-wrong")

    def _say(self, text: str, tone: str) -> None:
        outcome = self.query_one("#outcome", Static)
        outcome.set_classes(tone)
        outcome.update("\n".join(plain(line, 1_000) for line in plain_lines(text)))

    # -- the answer

    def _done(self, reply: Reply) -> None:
        self._ended()
        self._reply = reply
        self._say(reply.notice, "-note" if reply.notice else "")
        self.query_one(Vertical).set_class(reply.document is not None, "-document")
        if reply.document is None:
            self._show_rows(reply)
        else:
            self._show_document(reply.document)

    def _show_document(self, document: Mapping[str, Any]) -> None:
        sheet = self.query_one(Sheet)
        sheet.border_title = Content(plain(f"Answer{self._source}"))
        sheet.show(lambda width: write_record(width, document))

    def _show_rows(self, reply: Reply) -> None:
        count = len(reply.rows)
        rows = f"{count:,} of more than {count:,} rows" if reply.truncated else plural(count, "row")
        took = f" · {duration(reply.seconds)}" if reply.seconds >= 1 else ""
        self._grid.border_title = Content(plain(f"{rows}{self._source}{took}"))
        if not reply.rows:
            self._grid.clear("The query gave no rows.")
            return
        first = reply.rows[:WINDOW]
        self._grid.show(ListSource(reply.rows), measure(reply.columns, first), first)

    @property
    def _source(self) -> str:
        return f" from {self._target.title}" if self._target.is_live else ""

    @on(RecordGrid.Opened)
    def _record(self, message: RecordGrid.Opened) -> None:
        from revtops_tui.tui.dialogs.record import RecordDialog

        if reply := self._reply:
            self.host.push_screen(RecordDialog("Result", message.number, len(reply.rows), partial(_record, reply)))


def _record(reply: Reply, at: int) -> dict[str, Any]:
    return dict(zip(reply.columns, reply.rows[at], strict=True))
