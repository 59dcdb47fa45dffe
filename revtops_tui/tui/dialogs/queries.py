"""Queries that were saved or run, found by typing: taken into the editor, run, renamed, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.queries import KeptQuery

_SEARCHED = 2_000
"""Characters of a query that the typed words are looked for in."""
_SHOWN = 40
"""Lines of a query that are shown below the list."""


@dataclass(frozen=True)
class Taken:
    """The query that was chosen, and whether it is to be run at once."""

    query: KeptQuery
    run: bool


class _Found(ItemList):
    """A list that is typed into from the start, as a shell's search is: enter takes, esc leaves."""

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            self.action_choose()
        elif event.key == "escape" and not self.filter_text:
            self.screen.dismiss(None)
        else:
            return
        event.stop()
        event.prevent_default()


class QueriesDialog(Dialog[Taken]):
    """Dismissed with the query that was chosen, or None."""

    DEFAULT_CSS = """
    QueriesDialog {
        & > Box { width: 110; height: 92%; padding: 0; }
        & ItemList { height: 2fr; border: none; &:focus { border: none; } }
        & Sheet { height: 1fr; border-top: solid $border-blurred; border-title-color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("queries.run", "f5,ctrl+j", "run", "Run", mark="F5", priority=True),
        command("queries.rename", "f2", "rename", "Rename", mark="F2", priority=True),
        command("queries.delete", "delete", "delete", "Delete", priority=True),
    ]

    def __init__(self, title: str, connection: str | None) -> None:
        """The history of a connection (None: of the local data), and every saved query."""
        super().__init__()
        self._heading = title
        self._connection = connection
        self._queries: dict[str, KeptQuery] = {}

    def compose(self) -> ComposeResult:
        """The list, and below it all of the query under the cursor."""
        with Box(f"Queries › {self._heading}", "type to find · enter takes · F5 runs · F2 renames · del deletes · esc"):
            yield _Found("", empty="Reading…", name="found")
            yield Sheet(name="text")

    def on_mount(self) -> None:
        """Type at once."""
        found = self.query_one(_Found)
        found.focus()
        found.action_filter()
        self._read()

    def _read(self) -> None:
        in_background(self, self._kept, self._show, self._not_read, group="queries", exclusive=True)

    def _kept(self) -> list[KeptQuery]:
        from revtops_tui.engine.queries import history, saved

        return [*saved(self.host.ws), *history(self.host.ws, self._connection)]

    def _show(self, queries: Sequence[KeptQuery]) -> None:
        self._queries = {str(query.id): query for query in queries}
        found = self.query_one(_Found)
        found.say("Nothing was run or saved yet: F5 runs, ctrl+s saves.")
        found.show([_item(query) for query in queries])

    def _not_read(self, error: EngineError) -> None:
        self._queries = {}
        found = self.query_one(_Found)
        found.say("Not available.")
        found.show([])
        self.query_one(Sheet).show(lambda width: Paper(width).text(error.message, "bad").text(error.hint, "muted"))

    def _failed(self, error: EngineError) -> None:
        self.host.tell_error(error)
        self._read()

    @property
    def _current(self) -> KeptQuery | None:
        item = self.query_one(_Found).current
        return self._queries.get(item.id) if item else None

    @on(ItemList.Highlighted)
    def _look(self) -> None:
        query = self._current
        text = query.text if query else ""
        self.query_one(Sheet).show(lambda width: Paper(width).text(text, limit=_SHOWN))
        asks = query.connection or "local data" if query and query.name else ""
        self.query_one(Sheet).border_title = Content(plain(f"asks {asks}" if asks else ""))

    @on(ItemList.Chosen)
    def _chosen(self) -> None:
        self._take(run=False)

    def action_run(self) -> None:
        """Take it, and run it."""
        self._take(run=True)

    def _take(self, *, run: bool) -> None:
        if query := self._current:
            self.dismiss(Taken(query, run))

    def action_rename(self) -> None:
        """Give it another name; one that was only run is saved by that."""
        from revtops_tui.tui.dialogs.note import NoteDialog

        if query := self._current:
            named = partial(self._named, query)
            self.host.push_screen(NoteDialog("Name of the query", "", done="saves", value=query.name or ""), named)

    def _named(self, query: KeptQuery, name: str | None) -> None:
        from revtops_tui.engine.queries import rename, save

        if not name:
            return
        if query.name is None:
            work = partial(save, self.host.ws, name, query.text, connection=query.connection)
        else:
            work = partial(rename, self.host.ws, query.name, name)
        in_background(self, work, lambda _: self._read(), self._failed, group="queries")

    def action_delete(self) -> None:
        """Forget it; a saved one after a question."""
        query = self._current
        if query is None:
            return
        if query.name is None:
            self._delete(query, "delete")
            return
        from revtops_tui.tui.dialogs.ask import Ask, Choice

        question = Ask(f"Delete {query.name}?", query.text, (Choice("delete", "Delete", danger=True),), cancel="Keep")
        self.host.push_screen(question, partial(self._delete, query))

    def _delete(self, query: KeptQuery, answer: str | None) -> None:
        from revtops_tui.engine.queries import forget

        if answer is not None:
            in_background(
                self, partial(forget, self.host.ws, query), lambda _: self._read(), self._failed, group="queries"
            )


def _item(query: KeptQuery) -> Item:
    line = plain(" ".join(query.text[:_SEARCHED].split()))
    label = f"{query.name}  {line}" if query.name else line
    section = "Saved" if query.name else "Earlier"
    return Item(
        str(query.id),
        label,
        mark="★" if query.name else " ",
        tone="busy",
        section=section,
        search=query.text[:_SEARCHED],
    )
