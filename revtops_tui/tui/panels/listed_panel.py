"""A panel that lists what was read about a connection, with what is under the cursor beneath the list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult

from revtops_tui.tui.background import in_background
from revtops_tui.tui.panels.panel import Panel
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.panes.connectors.inventory import Entry

T = TypeVar("T")


class ListedPanel(Panel, Generic[T]):
    """What was `found`: `load` reads it, `items` are its rows, `write` is the page for `entry` and the current row."""

    WHAT: ClassVar[str]
    """Names the list, and the work of reading it."""
    NONE: ClassVar[str]
    """Stands in place of the rows where there are none."""

    def compose(self) -> ComposeResult:
        """The list, and the page."""
        self.found: Sequence[T] = ()
        self._is_loaded = False
        self._problem: EngineError | None = None
        yield ItemList("", empty="Reading…", name=self.WHAT)
        yield Sheet(self._write)

    @staticmethod
    def load(ws: Workspace, selector: str) -> Sequence[T]:
        """Everything there is of a connection. Blocking; called in a thread. Raises EngineError."""
        raise NotImplementedError

    def items(self, found: Sequence[T]) -> Sequence[Item]:
        """The rows."""
        raise NotImplementedError

    def write(self, width: int, entry: Entry) -> Paper:
        """What there is to say of the row under the cursor, or of there being none."""
        raise NotImplementedError

    @property
    def current(self) -> Item | None:
        """The row under the cursor."""
        return self.query_one(ItemList).current

    def turn(self, *, is_other: bool) -> None:
        """Read about `entry`; what is of another is forgotten at once."""
        if is_other:
            self.found, self._is_loaded, self._problem = (), False, None
            self.query_one(ItemList).say("Reading…")
            self._show()
        self.read_again()

    def tick(self) -> None:
        """Ages grow."""
        self._show()

    def focus_main(self) -> None:
        """The list."""
        self.query_one(ItemList).focus()

    def read_again(self) -> None:
        """Read what there is by now."""
        if self.entry is not None:
            read = partial(self.load, self.host.ws, self.entry.id)
            in_background(self, read, self._have, self._failed, group=self.WHAT, exclusive=True)

    def _have(self, found: Sequence[T]) -> None:
        self.found, self._is_loaded, self._problem = found, True, None
        self.query_one(ItemList).say(self.NONE)
        self._show()

    def _failed(self, error: EngineError) -> None:
        """What was read before stands, beneath why it could not be read again."""
        self._problem = error
        self.query_one(ItemList).say("Not available.")
        self._show()

    def _show(self) -> None:
        self.query_one(ItemList).show(self.items(self.found))
        self.query_one(Sheet).rewrite()

    @on(ItemList.Highlighted)
    def _highlighted(self, message: ItemList.Highlighted) -> None:
        message.stop()
        self.refresh_bindings()
        self.query_one(Sheet).show(self._write)

    def _write(self, width: int) -> Paper:
        paper = Paper(width)
        if problem := self._problem:
            paper.text(problem.message, "bad").text(problem.hint, "muted").blank()
        if self._is_loaded and self.entry is not None:
            paper.put(self.write(paper.width, self.entry))
        return paper
