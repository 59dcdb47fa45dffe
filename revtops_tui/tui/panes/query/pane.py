"""Asking the local data in SQL, or a system in its own language: queries in tabs, beside what they can name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.containers import Vertical

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.panes.query.memory import Remembered, recall, remember
from revtops_tui.tui.panes.query.names import KnownNames
from revtops_tui.tui.panes.query.saving import Saving
from revtops_tui.tui.panes.query.tab import QueryTab
from revtops_tui.tui.panes.query.targets import LOCAL, Target, as_it_is_now, targets
from revtops_tui.tui.widgets.item_list import ItemList
from revtops_tui.tui.widgets.schema_tree import SchemaTree
from revtops_tui.tui.widgets.tab_line import TabLine, TabTitle

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.tui.dialogs.queries import Taken

_NARROW = 100
"""Cells below which the tables take the place of the query, instead of standing beside it."""


class QueryPane(Pane):
    """Tabs, of which one is shown, and the tables that its queries can name."""

    DEFAULT_CSS = """
    QueryPane {
        & > Vertical { width: 1fr; }
        & > SchemaTree { display: none; }
        &.-tables > SchemaTree { display: block; }
        &.-narrow.-tables > SchemaTree { width: 1fr; margin: 0; }
        &.-narrow.-tables > Vertical { display: none; }
        & QueryTab { display: none; &.-current { display: block; } }
    }
    """
    is_inside = True  # one comes to write; what can be named is looked up from there
    BINDINGS: ClassVar[list[BindingType]] = [
        command("query.target", "f2", "target", "Ask…", "Choose what is asked: the local data or a system", mark="F2"),
        command("query.tables", "f3", "tables", "Tables", "What a query can name: tables and their columns", mark="F3"),
        command("query.history", "ctrl+r", "queries", "History", "Find a query that was run or saved"),
        command("query.save", "ctrl+s", "save", "Save", "Save the query under a name"),
        command("query.new", "ctrl+n", "new", "New tab", "Another query beside this one"),
        command("query.next", "f8", "next", "Next tab", "Go to the next query", mark="F8", show=False),
        command(
            "query.close", "f4", "close", "Close tab", "Close this query; F9 brings it back", mark="F4", show=False
        ),
        command(
            "query.reopen", "f9", "reopen", "Reopen", "Bring back the query that was closed last", mark="F9", show=False
        ),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._targets: Sequence[Target] = (LOCAL,)
        self._tabs: list[QueryTab] = []
        self._current = 0
        self._gone_by: list[Remembered] = []

    def compose(self) -> ComposeResult:
        """The tables, and the queries there were."""
        self._state = self.host.state
        self._names = KnownNames(self, self._known)
        remembered = recall(self._state)
        self._tabs = [QueryTab(self._names, each.target, each.text) for each in remembered.tabs]
        self._current = remembered.current
        yield SchemaTree()
        with Vertical():
            yield TabLine()
            yield from self._tabs

    def on_mount(self) -> None:
        """The tab one was in, and what can be asked."""
        self._turn(self._current)
        self.host.changed.subscribe(self, lambda _: self._find_targets())
        self._find_targets()

    def on_unmount(self) -> None:
        """Nobody waits for names any more."""
        self._names.gone.set()

    def on_resize(self, event: events.Resize) -> None:
        """Beside each other or one at a time."""
        self.set_class(event.size.width < _NARROW, "-narrow")

    def focus_main(self) -> None:
        """The editor, as soon as it is there."""
        self.call_later(self._focus_editor)

    def _focus_editor(self) -> None:
        self.tab.editor.focus()

    @property
    def tab(self) -> QueryTab:
        """The query that is shown."""
        return self._tabs[self._current]

    @property
    def _tree(self) -> SchemaTree:
        return self.query_one(SchemaTree)

    # -- tabs

    def _turn(self, number: int) -> None:
        self._current = number
        for tab in self._tabs:
            tab.set_class(tab is self.tab, "-current")
        self._show_tables()
        self._tell()

    def _tell(self) -> None:
        titles = [TabTitle(tab.target.title, tab.is_running) for tab in self._tabs]
        self.query_one(TabLine).show(titles, self._current)
        remember(self._state, self._remembered(), self._current)

    def _remembered(self) -> list[Remembered]:
        return [Remembered(tab.target, tab.text) for tab in self._tabs]

    @on(QueryTab.Changed)
    def _changed(self) -> None:
        self._tell()

    @on(TabLine.Clicked)
    def _clicked(self, message: TabLine.Clicked) -> None:
        self._turn(message.number)
        self.focus_main()

    async def _open(self, target: Target, text: str = "") -> QueryTab:
        tab = QueryTab(self._names, target, text)
        self._tabs.append(tab)
        await self.query_one(Vertical).mount(tab)
        self._turn(len(self._tabs) - 1)
        tab.editor.focus()
        return tab

    async def action_new(self) -> None:
        """Another query, of the same target."""
        await self._open(self.tab.target)

    def action_next(self) -> None:
        """The next query, after the last one the first."""
        self._turn((self._current + 1) % len(self._tabs))
        self.tab.editor.focus()

    async def action_close(self) -> None:
        """Close the query; the last one is emptied."""
        if self.tab.is_running:
            self.host.tell("This query still runs; esc stops it.", severity="warning")
            return
        closed = self._tabs.pop(self._current)
        if closed.text.strip():
            self._gone_by.append(Remembered(closed.target, closed.text))
        if self._tabs:
            self._turn(min(self._current, len(self._tabs) - 1))
        else:
            await self._open(closed.target)
        self.tab.editor.focus()
        await closed.remove()

    async def action_reopen(self) -> None:
        """Bring back the query that was closed last."""
        if self._gone_by:
            closed = self._gone_by.pop()
            await self._open(closed.target, closed.text)
        else:
            self.host.tell("No query was closed.")

    # -- what is asked

    def aim(self, target: Target) -> AwaitComplete:
        """Ask this: in the tab that does already, in an empty one, or in a new one. May be awaited."""
        return AwaitComplete(self._aim(target)).call_next(self)

    async def _aim(self, target: Target) -> None:
        number = next((n for n, tab in enumerate(self._tabs) if tab.target.id == target.id), None)
        if number is not None:
            self._turn(number)
        elif self.tab.text.strip() or self.tab.is_running:
            await self._open(target)
        else:
            self.tab.aim(target)
        self.tab.editor.focus()
        self._show_tables()

    def _find_targets(self) -> None:
        self._names.forget(LOCAL)  # a sync or a connector may have brought tables
        self._show_tables()
        in_background(
            self, partial(targets, self.host.ws), self._have_targets, self._failed, group="targets", exclusive=True
        )

    def _have_targets(self, found: Sequence[Target]) -> None:
        self._targets = found
        for tab in self._tabs:
            target = as_it_is_now(tab.target, found)
            if tab.target != target and not tab.is_running:
                tab.aim(target)

    def _failed(self, error: EngineError) -> None:
        self.host.tell_error(error)

    def action_target(self) -> None:
        """Choose what is asked."""
        from revtops_tui.tui.dialogs.choose_target import TargetDialog

        self.host.push_screen(TargetDialog(self._targets, self.tab.target), self._chosen)

    def _chosen(self, target: Target | None) -> None:
        if target is not None and self.tab.aim(target):
            self._show_tables()

    # -- what can be named

    def action_tables(self) -> None:
        """Show the tables and go there; once more hides them."""
        self.toggle_class("-tables")
        self._show_tables()
        if self.has_class("-tables"):
            self._tree.focus()
        else:
            self.tab.editor.focus()

    def _show_tables(self) -> None:
        if not self.has_class("-tables"):
            return
        target = self.tab.target
        names = self._names.of(target)
        if target.id in self._names.errors:
            self._tree.fail(self._names.errors[target.id])
        elif not self._names.is_known(target):
            self._tree.wait()
        else:
            self._tree.grow(names)
            self._names.count(target)
            self._tree.count(self._names.counts.get(target.id, {}))

    def _known(self, target_id: str) -> None:
        if target_id == self.tab.target.id:
            self._show_tables()

    @on(SchemaTree.Outdated)
    def _read_again(self) -> None:
        self._names.forget(self.tab.target)
        self._show_tables()

    @on(SchemaTree.Left)
    def _leave_tables(self) -> None:
        if self.has_class("-narrow"):
            self.remove_class("-tables")
        self.tab.editor.focus()

    @on(ItemList.Chosen, "#schema")
    def _took(self, message: ItemList.Chosen) -> None:
        self._leave_tables()
        self.tab.insert(self._tree.name_of(message.item).text)

    # -- what was run, and what is saved

    def action_queries(self) -> None:
        """Find a query that was run or saved."""
        from revtops_tui.tui.dialogs.queries import QueriesDialog

        target = self.tab.target
        self.host.push_screen(QueriesDialog(target.title, target.id or None), self._taken)

    async def _taken(self, taken: Taken | None) -> None:
        if taken is None:
            return
        target = next((each for each in self._targets if each.id == (taken.query.connection or "")), None)
        if target is None:
            self.host.tell(f"{taken.query.connection} is not connected any more.", severity="warning")
            return
        if target.id != self.tab.target.id:
            await self.aim(target)
        self.tab.put(taken.query.text, run=taken.run)

    def action_save(self) -> None:
        """Save the query under a name."""
        Saving(self.tab).ask()
