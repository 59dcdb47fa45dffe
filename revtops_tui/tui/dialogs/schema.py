"""What a query can name: tables on the left, the columns of one on the right; enter takes a name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from revtops_tui.tui.background import in_background
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.item_list import Item, ItemList

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.tui.targets import Name

Fetch = Callable[[threading.Event], "Sequence[Name]"]
"""The names; called in a thread, and told by the event that nobody waits any more."""


class SchemaDialog(Dialog[str]):
    """Dismissed with the name that was taken, as it stands in a query, or None."""

    DEFAULT_CSS = """
    SchemaDialog {
        & > Box { width: 100; height: 80%; padding: 0; }
        & Horizontal { height: 1fr; }
        & ItemList { width: 1fr; }
        & #problem { padding: 1 2; height: auto; color: $error; display: none; }
    }
    """

    def __init__(self, title: str, fetch: Fetch) -> None:
        super().__init__()
        self._heading = title
        self._fetch = fetch
        self._gone = threading.Event()
        self._names: Sequence[Name] = ()

    def compose(self) -> ComposeResult:
        """Both lists, and room for what went wrong."""
        with Box(self._heading, "enter inserts · tab columns · / filter · esc"):
            yield Static("", markup=False, id="problem")
            with Horizontal():
                yield ItemList("Tables", empty="Asking…", name="tables")
                yield ItemList("Columns", empty="", name="columns")

    def on_mount(self) -> None:
        """Fetch the names."""
        in_background(self, partial(self._fetch, self._gone), self._have, self._failed, group="schema")

    def on_unmount(self) -> None:
        """Nobody waits any more."""
        self._gone.set()

    def _have(self, names: Sequence[Name]) -> None:
        self._names = names
        tables = self.query_one("#tables", ItemList)
        tables.say("There is nothing to name.")
        tables.show([Item(str(n), one.label) for n, one in enumerate(names)])

    def _failed(self, error: EngineError) -> None:
        problem = self.query_one("#problem", Static)
        problem.update("\n".join(plain(part) for part in (error.message, error.hint) if part))
        problem.display = True
        self.query_one(Horizontal).display = False

    @on(ItemList.Highlighted, "#tables")
    def _table(self, message: ItemList.Highlighted) -> None:
        columns = self.query_one("#columns", ItemList)
        table = self._names[int(message.item.id)] if message.item else None
        columns.border_title = Content(plain(f"{table.label} · {table.note}" if table and table.note else "Columns"))
        columns.show([Item(str(n), one.label, one.note) for n, one in enumerate(table.columns)] if table else [])

    @on(ItemList.Chosen, "#tables")
    def _took_table(self, message: ItemList.Chosen) -> None:
        self.dismiss(self._names[int(message.item.id)].text)

    @on(ItemList.Chosen, "#columns")
    def _took_column(self, message: ItemList.Chosen) -> None:
        table = self.query_one("#tables", ItemList).current
        if table:
            self.dismiss(self._names[int(table.id)].columns[int(message.item.id)].text)
