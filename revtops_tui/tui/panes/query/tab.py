"""One query: its editor, what became of it, and its answer. It runs in a thread and is stopped with a key."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.panes.query.names import KnownNames
from revtops_tui.tui.panes.query.result import Asked, QueryResult
from revtops_tui.tui.panes.query.targets import FIRST_ROWS, LOCAL, Reply, Target, ask
from revtops_tui.tui.sql.mistakes import meant, place_of
from revtops_tui.tui.text import plain, plain_lines
from revtops_tui.tui.widgets.completions import Completions
from revtops_tui.tui.widgets.editor import Editor

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp

_LONGEST_IDENTITY = 60
_MORE = 10
"""How many times as many rows the next ones are."""


class QueryTab(Vertical):
    """An editor, and under it what came of what was run in it."""

    DEFAULT_CSS = """
    QueryTab {
        height: 1fr;
        & > #outcome { height: auto; max-height: 7; padding: 0 2; color: $text-muted; display: none; }
        & > #outcome.-wrong { color: $error; display: block; }
        & > #outcome.-busy { color: $accent; display: block; }
        & > #outcome.-note { color: $warning; display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command(
            "query.run",
            "f5,ctrl+j",
            "run",
            "Run",
            "Run the query, or what of it is selected (F5 or ctrl+j)",
            mark="F5",
            priority=True,
        ),
        command("query.chart", "ctrl+g", "picture", "Picture", "Look at the rows as a picture", show=False),
        command("query.stop", "escape", "stop", "Stop", "Stop the running query"),
        command("query.editor", "escape", "editor", "Editor", show=False),
    ]

    class Changed(Message):
        """It asks another target, says something else, or begins or ends to run."""

    def __init__(self, names: KnownNames, target: Target = LOCAL, text: str = "") -> None:
        super().__init__()
        self.target = target
        self._text = text
        self._names = names
        self._cancel: threading.Event | None = None
        self._asked: tuple[Asked, int] | None = None
        self._seconds = 0

    def compose(self) -> ComposeResult:
        """The editor and what comes of it."""
        popup = Completions()
        yield Editor(popup, lambda: self._names.of(self.target))
        yield popup
        yield Static("", markup=False, id="outcome")
        yield QueryResult(lambda: list(self._names.of(LOCAL)))

    def on_mount(self) -> None:
        """The text it was made with, and a clock for what takes long."""
        self._clock = self.set_interval(1, self._count, pause=True)
        self._turn()
        if self._text:
            self.editor.put(self._text)

    def on_unmount(self) -> None:
        """Nobody waits for the answer any more."""
        if self._cancel:
            self._cancel.set()

    @property
    def host(self) -> RevtopsApp:
        """The app."""
        return cast("RevtopsApp", self.app)

    @property
    def editor(self) -> Editor:
        """Where it is written."""
        return self.query_one(Editor)

    @property
    def is_running(self) -> bool:
        """Whether an answer is being waited for."""
        return self._cancel is not None

    @property
    def text(self) -> str:
        """What stands in the editor."""
        return self.editor.source if self.is_mounted else self._text

    # -- what is asked

    def aim(self, target: Target) -> bool:
        """Ask this from now on; not while a query is running, which is said."""
        if self._cancel:
            self.host.tell(f"{self.target.title} is still being asked; esc stops that.", severity="warning")
            return False
        self.target = target
        if self.is_mounted:
            self._turn()
        self.post_message(self.Changed())
        return True

    def _turn(self) -> None:
        target, editor = self.target, self.editor
        if editor.turn_to(target.id, target.example, target.language):
            in_background(
                self,
                partial(_earlier, self.host.ws, target),
                partial(editor.recall, target.id),
                self._failed,
                group=f"history {target.id}",
            )
        editor.border_title = Content(plain(f"Query › {target.manner}"))
        editor.border_subtitle = Content(plain(target.identity, _LONGEST_IDENTITY))
        self._say("", "")
        if not target.is_live:
            self._names.of(target)  # they are near; those of a system are asked for when they are used

    def put(self, text: str, *, run: bool = False) -> None:
        """Write a query, in place of what stands here."""
        self.editor.put(text)
        self.editor.focus()
        if run:
            self.action_run()

    def insert(self, name: str) -> None:
        """Write a name where the cursor is."""
        self.editor.insert(plain(name))
        self.editor.focus()

    @on(Editor.Outside)
    async def _outside(self) -> None:
        suffix = ".sql" if self.target.language.is_sql else ".txt"
        if (text := await self.host.edit(self.editor.source, suffix=suffix)) is not None:
            self.put(text.rstrip("\n"))

    @on(Editor.Changed)
    def _written(self) -> None:
        self.post_message(self.Changed())

    # -- asking

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """One query at a time; there is something to stop only while it runs."""
        allowed = {"run": not self.is_running, "stop": self.is_running}
        return self.query_one(QueryResult).has_rows if action == "picture" else allowed.get(action, True)

    def action_run(self) -> None:
        """Run what is selected in the editor, or all of it."""
        query, begins = self.editor.query_text
        if query and not self._cancel:
            self.editor.note()
            self._remember(query)
            self._ask(Asked(self.target, query, FIRST_ROWS), begins)

    @on(QueryResult.More)
    def _more(self) -> None:
        if self._asked and not self._cancel:
            asked, begins = self._asked
            self._ask(Asked(asked.target, asked.query, asked.limit * _MORE), begins)

    def _remember(self, query: str) -> None:
        from revtops_tui.engine.queries import remember

        work = partial(remember, self.host.ws, self.target.id or None, query)
        in_background(self, work, lambda _: None, partial(self.host.tell_error, title="History"), group="remember")

    def _ask(self, asked: Asked, begins: int) -> None:
        self._asked = asked, begins
        self._cancel = cancel = threading.Event()
        self._seconds = 0
        self._clock.resume()
        self._say("Running… esc stops it", "-busy")
        self._turned()
        work = partial(ask, self.host.ws, asked.target, asked.query, cancel, limit=asked.limit)
        in_background(self, work, partial(self._done, asked), partial(self._wrong, begins, asked), group="query")

    def _turned(self) -> None:
        self.refresh_bindings()
        self.post_message(self.Changed())

    def action_stop(self) -> None:
        """Stop the query."""
        if self._cancel:
            self._cancel.set()
            self._say("Stopping…", "-busy")

    def action_picture(self) -> None:
        """The rows as a picture, from the editor too."""
        self.query_one(QueryResult).action_picture()

    def action_editor(self) -> None:
        """Go back to the editor, or leave it for the answer, where the keys of everywhere are no text."""
        if self.editor.has_focus:
            self.query_one(QueryResult).enter()
        else:
            self.editor.focus()

    def _count(self) -> None:
        self._seconds += 1
        if self._cancel and not self._cancel.is_set():
            self._say(f"Running… {self._seconds} s · esc stops it", "-busy")

    def _ended(self) -> None:
        self._cancel = None
        self._clock.pause()
        self._turned()

    def _done(self, asked: Asked, reply: Reply) -> None:
        self._ended()
        self._say(reply.notice, "-note" if reply.notice else "")
        self.query_one(QueryResult).show(asked, reply)

    def _wrong(self, begins: int, asked: Asked, error: EngineError) -> None:
        self._ended()
        self._failed(error, meant(error.message, self._names.of(asked.target)))
        place = place_of(asked.query, error.message)
        if place and self.editor.source[begins : begins + len(asked.query)] == asked.query:
            self.editor.mark((begins + place[0], begins + place[1]))

    def _failed(self, error: EngineError, hint: str = "") -> None:
        self._say("\n".join(part for part in (error.message, hint or error.hint) if part), "-wrong")

    def _say(self, text: str, tone: str) -> None:
        outcome = self.query_one("#outcome", Static)
        outcome.set_classes(tone)
        outcome.update("\n".join(plain(line, 1_000) for line in plain_lines(text)))


def _earlier(ws: Workspace, target: Target) -> list[str]:
    """The queries of earlier sessions, oldest first."""
    from revtops_tui.engine.queries import history

    return [query.text for query in reversed(history(ws, target.id or None))]
