"""Finding any record of the organization while one types."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import label_of, number, plain
from revtops_tui.tui.widgets.hit_list import FoundLine, HitList
from revtops_tui.tui.widgets.sheet import Paper, Sheet
from revtops_tui.words import plural

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.search import Hit, Standing
    from revtops_tui.engine.workspace import Workspace

_LIMIT = 60
_WIDEST = 200


@dataclass(frozen=True)
class Place:
    """Where a record is that was chosen."""

    entity: str
    id: int


@dataclass(frozen=True)
class _Answer:
    """What was found for a text; `standing`: how much was indexed by then."""

    text: str
    lines: list[FoundLine]
    truncated: bool
    standing: Standing


class SearchDialog(Dialog[Place]):
    """Dismissed with the record that was chosen, or None."""

    DEFAULT_CSS = """
    SearchDialog {
        & > Box { width: 110; height: 84%; padding: 0 1; }
        & Input {
            height: 1;
            border: none;
            padding: 0 1;
            background: $panel;
            &:focus { border: none; background: $primary 18%; }
        }
        & HitList { height: 1fr; margin-top: 1; }
        & Sheet { height: 1fr; margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("search.next", "down", "move(1)", "Next", show=False),
        command("search.previous", "up", "move(-1)", "Previous", show=False),
        command("search.page_down", "pagedown", "page(1)", "Page down", show=False),
        command("search.page_up", "pageup", "page(-1)", "Page up", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._answer: _Answer | None = None
        self._cancel = threading.Event()
        self._indexing: Standing | None = None
        self._is_searching = self._open_first = False

    def compose(self) -> ComposeResult:
        """What is asked, and what was found or why nothing was."""
        with Box("Find a record", "↑ ↓ choose · enter opens · esc close"):
            yield Input(placeholder="The beginning of any name, e-mail address, domain or id")
            yield HitList()
            yield Sheet(self._explain)

    def on_mount(self) -> None:
        """Ask how far the index is, and have it brought up to date while the first letters are typed."""
        self._hits.display = False
        self.query_one(Sheet).can_focus = False
        self.query_one(Input).focus()
        self._search()
        self.host.indexing.told.subscribe(self, self._indexing_told)
        self.host.indexing.hurry()

    def on_unmount(self) -> None:
        """Nobody waits any more."""
        self._cancel.set()
        self.host.indexing.left()

    @property
    def _hits(self) -> HitList:
        return self.query_one(HitList)

    # -- the index

    def _indexing_told(self, told: Standing | EngineError | None) -> None:
        if isinstance(told, Exception):
            self.host.tell_error(told, title="Search")
        self._show_progress(None if isinstance(told, Exception) else told)

    def _show_progress(self, standing: Standing | None) -> None:
        """How far the round is; None: it is over."""
        self._indexing = standing
        self._say()
        if standing is None or not self._is_searching:  # what is typed is never held up by what is only more of it
            self._search()

    # -- what is found

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        self._open_first = False
        harmless = plain(message.value[:_WIDEST])
        if harmless != message.value:  # a paste; this comes again with what is left of it
            message.input.value = harmless
            return
        self._search()

    def _search(self) -> None:
        """Ask for what is typed now; of several asked in a hurry, the last one counts."""
        self._cancel.set()
        self._cancel = threading.Event()
        self._is_searching = True
        work = partial(_search, self.host.ws, self.query_one(Input).value, self._cancel)
        in_background(self, work, self._found, self._failed, group="search", exclusive=True)

    def _found(self, answer: _Answer) -> None:
        self._is_searching = False
        again = self._answer is not None and self._answer.text == answer.text
        self._answer = answer
        self._hits.display = bool(answer.lines)
        self.query_one(Sheet).display = not answer.lines
        more = "There is more: type more of it." if answer.truncated else ""
        self._hits.show(answer.lines, more, keep=again)
        self._say()
        if self._open_first:
            self._open()

    def _failed(self, error: EngineError) -> None:
        self._is_searching = False
        if error.kind != "cancelled":
            self._hits.display = False
            sheet = self.query_one(Sheet)
            sheet.display = True
            sheet.fail(error)

    @property
    def _unfinished(self) -> Standing | None:
        """How far the index is, while it does not have everything yet."""
        known = self._indexing or (self._answer.standing if self._answer is not None else None)
        return known if known is not None and not known.complete else None

    def _say(self) -> None:
        """How many, and how far the index is."""
        told = self._unfinished
        if told is not None:
            state = f"indexing {told.done * 100 // told.total} % of {number(told.total)}"
        elif self._answer is not None and self._answer.lines:
            state = f"{'the best ' if self._answer.truncated else ''}{len(self._answer.lines)}"
        else:
            state = ""
        self.query_one(Box).border_title = plain(f"Find a record{f' · {state}' if state else ''}")
        self.query_one(Sheet).rewrite()

    def _explain(self, width: int) -> Paper:
        paper = Paper(width)
        answer = self._answer
        if answer is None:
            return paper.line(("Reading…", "muted"))
        if not answer.standing.total:
            return paper.text("Nothing was synced yet.", "title").text(
                "Press esc, connect a system (1) and sync it (s); then everything of it is found here.", "muted"
            )
        if not answer.text.strip():
            return _write_help(paper, answer.standing.total)
        paper.text(f"Nothing begins like “{answer.text.strip()}”.", "title")
        if self._unfinished is not None:
            return paper.text("Not all of it is indexed yet; what is found appears here.", "busy")
        return paper.text("Every word has to begin a word of the record's name, address or description.", "muted").text(
            "A part inside of a word, or another column: filter a table (2, then /).", "muted"
        )

    # -- choosing

    def action_move(self, by: int) -> None:
        """Move the cursor; the input keeps the focus."""
        self._hits.move(by)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a screenful."""
        self._hits.page(direction)

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        """Open what is under the cursor; what is not found yet is opened as soon as it is."""
        if self._answer is not None and self._answer.text == message.value:
            self._open()
        else:
            self._open_first = True

    @on(HitList.Chosen)
    def _clicked(self) -> None:
        self._open()

    def _open(self) -> None:
        self._open_first = False
        if hit := self._hits.current:
            self.dismiss(Place(hit.entity, hit.id))


def _write_help(paper: Paper, total: int) -> Paper:
    paper.text(f"Type the beginning of any word: {plural(total, 'record')} can be found.", "title").blank()
    for example, meaning in (
        ("acme ren", "every word counts, in any order"),
        ("ada@acme", "e-mail addresses and domains"),
        ("munch", "also finds MÜNCHEN"),
        ("9000000017", "the id it has in its own system"),
    ):
        paper.line((f"  {example:<14}", "key"), (meaning, "muted"))
    return paper


# Called in threads, where importing the engine does not hold up a frame.


def _search(ws: Workspace, text: str, cancel: threading.Event) -> _Answer:
    from revtops_tui.engine import search

    standing = search.standing(ws)
    if not text.strip():
        return _Answer(text, [], truncated=False, standing=standing)
    hits = search.search_records(ws, text, limit=_LIMIT, cancel=cancel, told=None)
    return _Answer(text, [_line(hit, text) for hit in hits.records], hits.truncated, standing)


def _line(hit: Hit, text: str) -> FoundLine:
    from revtops_tui.engine.search import matches

    title, note = plain(hit.title, _WIDEST), plain(hit.note, _WIDEST)
    return FoundLine(
        hit.entity,
        hit.id,
        label_of(hit.entity),
        title or "(without a name)",
        matches(title, text),
        note,
        matches(note, text),
        plain(hit.system, 40),
    )
