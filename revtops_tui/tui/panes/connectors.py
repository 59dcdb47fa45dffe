"""Connections and connectors: what there is, how it stands, and everything one does with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from revtops_tui.tui.background import in_background
from revtops_tui.tui.inventory import WELCOME, Entry, load
from revtops_tui.tui.jobs import Extent
from revtops_tui.tui.overview import overview, welcome
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.text import age, plain
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.activity import Activity
    from revtops_tui.engine.connections import ConnectionInfo
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.sync import RunInfo
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.jobs import Outcome
    from revtops_tui.tui.operation import Operation

_RUNS_SHOWN = 6
_AGES_CHANGE = 30.0


class ConnectorsPane(Pane):
    """A list on the left, the overview of what is chosen on the right."""

    DEFAULT_CSS = """
    ConnectorsPane {
        & > ItemList { width: 32%; min-width: 24; max-width: 44; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sync(False)", "Sync", tooltip="Fetch what is new from this connection"),
        Binding("x", "cancel", "Cancel", tooltip="Stop this sync; what is stored stays"),
        Binding("n", "connect", "Connect", tooltip="Connect this system, or give new credentials"),
        Binding("e", "query", "Query", tooltip="Ask this system live, in the query editor"),
        Binding("w", "act", "Act", tooltip="Write to this system, or act in it"),
        Binding("t", "test", "Test", tooltip="Ask the vendor whether the credentials still work"),
        Binding("f", "sync(True)", "Full", tooltip="Fetch everything again, and notice what was deleted"),
        Binding("D", "disconnect", "Disconnect", tooltip="Forget the credentials of this connection"),
        Binding("r", "reload", "Reload", show=False, tooltip="Read connections and connectors again"),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._entries: dict[str, Entry] = {}
        self._runs: dict[str, Sequence[RunInfo]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._known_running: frozenset[str] = frozenset()
        self._testing: set[str] = set()
        self._activity: Activity | None = None

    def compose(self) -> ComposeResult:
        """The list and the overview; both empty, so that the first frame waits for nothing."""
        yield ItemList("Connections", empty="Opening the database…", name="connections")
        yield Sheet(name="overview")

    def on_mount(self) -> None:
        """Read what there is as soon as the first frame stands."""
        self.call_after_refresh(self.action_reload)
        self.host.progressed.subscribe(self, self._on_progress)
        self.host.changed.subscribe(self, self._on_changed)
        self.host.committed.subscribe(self, lambda _: self._look())
        self.set_interval(_AGES_CHANGE, self._on_time)

    def focus_main(self) -> None:
        """The list."""
        self._list.focus()

    @property
    def _list(self) -> ItemList:
        return self.query_one(ItemList)

    @property
    def _sheet(self) -> Sheet:
        return self.query_one(Sheet)

    @property
    def entry(self) -> Entry | None:
        """What is chosen."""
        item = self._list.current
        return self._entries.get(item.id) if item else None

    # -- reading

    def action_reload(self) -> None:
        """Read connections and connectors again."""
        in_background(self, partial(_load, self.host.ws), self._loaded, self._load_failed, group="load", exclusive=True)

    def _loaded(self, read: tuple[Activity, Sequence[Entry]]) -> None:
        self._activity, entries = read
        self._entries = {entry.id: entry for entry in entries}
        self._runs.clear()
        self._outcomes = dict(self.host.jobs.ended)
        self._list.say("No connectors.")
        self._list.show([self._item(entry) for entry in entries])
        self._show(keep_place=True)
        if not self.host.is_open:
            self.host.opened()
            if self.host.demo:
                self._sync_all()

    def _sync_all(self) -> None:
        for entry in self._entries.values():
            if entry.can_sync:
                self.host.start_sync(entry.id, entry.title, wave="all")

    def _load_failed(self, error: EngineError) -> None:
        self._list.say("Not available.")
        self._list.show([])
        self._sheet.border_title = Content("The database could not be opened")
        self._sheet.show(partial(_problem, error))

    def _on_changed(self, _: None) -> None:
        self.action_reload()

    def _look(self) -> None:
        """See whether another process did something with the connections."""
        if self._activity is not None:
            in_background(
                self,
                partial(_activity, self.host.ws),
                self._seen,
                lambda _: None,  # what was read last stands; reloading tells the trouble
                group="look",
                exclusive=True,
            )

    def _seen(self, activity: Activity) -> None:
        before, self._activity = self._activity, activity
        if before is None or activity == before:
            return
        if activity.connections != before.connections or before.elsewhere.keys() - activity.elsewhere.keys():
            self.host.changed.publish(None)  # records came with it
        else:
            self.action_reload()

    def _on_time(self) -> None:
        self._repaint()
        if self._elsewhere:
            self._look()  # a process that was killed commits nothing any more

    @property
    def _elsewhere(self) -> Mapping[str, RunInfo]:
        """The syncs that other processes run."""
        return self._activity.elsewhere if self._activity else {}

    def _on_progress(self, _: None) -> None:
        running = frozenset(self.host.jobs.running)
        if running != self._known_running:
            self._known_running = running
            self.refresh_bindings()
        self._repaint()

    def _repaint(self) -> None:
        is_stale = self._outcomes != self.host.jobs.ended  # a sync has ended, and what it brought is being read
        if self._entries and self.display and not is_stale:
            self._list.show([self._item(entry) for entry in self._entries.values()])
            self._sheet.rewrite()

    # -- showing

    def _item(self, entry: Entry) -> Item:
        search = f"{entry.slug} {' '.join(entry.capabilities)}"
        if entry.id == WELCOME:
            return Item(entry.id, entry.title, mark="★", tone="busy")
        if entry.reason:
            return Item(entry.id, entry.title, mark="✗", tone="bad", section="Broken", search=search)
        if entry.connection is None:
            return Item(entry.id, entry.title, mark="○", section="Can be added", search=search)
        mark, tone, note = self._state(entry, entry.connection)
        return Item(entry.id, entry.title, note, mark, tone, "Connected", search)

    def _state(self, entry: Entry, connection: ConnectionInfo) -> tuple[str, str, str]:
        if job := self.host.jobs.running.get(entry.id):
            return "⟳", "busy", f"{job.share:.0%}" if job.share is not None else "syncing"
        if entry.id in self._elsewhere:
            return "⟳", "busy", "syncing"
        if entry.id in self._testing:
            return "⟳", "busy", "testing"
        note = age(connection.last_sync_at, self.host.clock())
        return ("●", "good", note) if connection.status == "connected" else ("!", "bad", connection.status)

    @on(ItemList.Highlighted)
    def _highlighted(self) -> None:
        self._show()

    def _show(self, *, keep_place: bool = False) -> None:
        entry = self.entry
        self.refresh_bindings()
        self._sheet.border_title = Content(plain(entry.title)) if entry else None
        self._sheet.show(self._write, keep_place=keep_place)
        if entry and entry.connection and entry.id not in self._runs:
            in_background(
                self,
                partial(_recent_runs, self.host.ws, entry.id),
                partial(self._have_runs, entry.id),
                lambda _: None,  # the overview stands without its runs, and the next reload tries again
                group="runs",
                exclusive=True,
            )

    def _have_runs(self, entry_id: str, runs: Sequence[RunInfo]) -> None:
        self._runs[entry_id] = runs
        self._sheet.rewrite()

    def _write(self, width: int) -> Paper:
        entry, host = self.entry, self.host
        if entry is None:
            return Paper(width).text("Nothing chosen.", "muted")
        if entry.id == WELCOME:
            return welcome(width, host.ws.home)
        job, outcome = host.jobs.running.get(entry.id), host.jobs.ended.get(entry.id)
        return overview(width, entry, self._runs.get(entry.id), host.clock(), job, outcome)

    # -- doing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """What makes sense for what is chosen; the rest is neither offered nor done."""
        entry = self.entry if self.is_mounted else None
        here = entry is not None and entry.id in self.host.jobs.running
        running = here or (entry is not None and entry.id in self._elsewhere)
        possible = {
            "sync": entry is not None and entry.can_sync and not running,
            "cancel": here,
            "connect": entry is not None and entry.manifest is not None,
            "query": entry is not None and entry.can_query,
            "act": entry is not None and entry.can_act,
            "test": entry is not None and entry.connection is not None and not running,
            "disconnect": entry is not None and entry.connection is not None and not running,
        }
        return possible.get(action, True)

    @on(ItemList.Chosen)
    async def _chosen(self) -> None:
        entry = self.entry
        if entry is None:
            return
        if entry.connection is None or entry.connection.status != "connected":
            self.action_connect()
        elif entry.can_query and not entry.can_sync:
            await self.action_query()
        else:
            await self.host.go("data")

    def action_sync(self, full: bool) -> None:
        """Sync what is chosen."""
        if entry := self.entry:
            self.host.start_sync(entry.id, entry.title, Extent(full=full))

    def action_cancel(self) -> None:
        """Stop the sync of what is chosen."""
        if entry := self.entry:
            self.host.cancel_sync(entry.id)

    async def action_query(self) -> None:
        """Ask what is chosen, in the workspace for queries."""
        from revtops_tui.tui.panes.query import QueryPane
        from revtops_tui.tui.targets import target_of

        target = target_of(self.entry) if self.entry else None
        pane = await self.host.go("query")
        if target is not None and isinstance(pane, QueryPane):
            pane.aim(target)

    def action_act(self) -> None:
        """Choose a write or an action of what is chosen, fill it in, and send it."""
        entry = self.entry
        if entry is None or not entry.can_act:
            return
        from revtops_tui.tui.dialogs.choose_operation import OperationChooser
        from revtops_tui.tui.operation import operations_of

        self.host.push_screen(OperationChooser(operations_of(entry)), self._fill_in)

    def _fill_in(self, operation: Operation | None) -> None:
        if operation is None:
            return
        from revtops_tui.tui.dialogs.fill_in import FillInDialog
        from revtops_tui.tui.operation import submit

        self.host.push_screen(FillInDialog(operation, partial(submit, self.host.ws, operation)))

    def action_connect(self) -> None:
        """Connect what is chosen: at once where it is built in, else with its form."""
        entry = self.entry
        if entry is None or entry.manifest is None or entry.id in self._testing:
            return
        if not entry.manifest["builtin"] or entry.connection is not None:
            self._show_form(entry)
            return
        self._testing.add(entry.id)
        self._repaint()
        in_background(
            self,
            partial(_connect_builtin, self.host.ws, entry.slug),
            partial(self._connected_builtin, entry),
            partial(self._needs_form, entry),
            group=f"connect {entry.slug}",
        )

    def _connected_builtin(self, entry: Entry, connection: ConnectionInfo) -> None:
        self._testing.discard(entry.id)
        self.host.announce_connected(connection, entry.title)

    def _needs_form(self, entry: Entry, error: EngineError) -> None:
        self._testing.discard(entry.id)
        self._repaint()
        self.host.tell(error.message, title=entry.title, severity="warning")
        self._show_form(entry)

    def _show_form(self, entry: Entry) -> None:
        if entry.manifest is None:
            return
        from revtops_tui.tui.dialogs.connect import ConnectDialog

        self.host.push_screen(ConnectDialog(entry.manifest, entry.connection), partial(self._connected, entry))

    def _connected(self, entry: Entry, connection: ConnectionInfo | None) -> None:
        if connection is not None:
            self.host.announce_connected(connection, entry.title)

    def action_test(self) -> None:
        """Ask the vendor whether the connection still works."""
        entry = self.entry
        if entry is None or entry.id in self._testing:
            return
        self._testing.add(entry.id)
        self._repaint()
        in_background(
            self,
            partial(_test, self.host.ws, entry.id),
            partial(self._tested, entry),
            partial(self._test_failed, entry),
            group=f"test {entry.id}",
        )

    def _tested(self, entry: Entry, identity: str) -> None:
        self._testing.discard(entry.id)
        self.host.tell(f"Works, as {identity}." if identity else "Works.", title=entry.title)
        self.action_reload()

    def _test_failed(self, entry: Entry, error: EngineError) -> None:
        self._testing.discard(entry.id)
        self.host.tell_error(error, title=entry.title)
        self.action_reload()

    def action_disconnect(self) -> None:
        """Ask, then forget the credentials of what is chosen."""
        entry = self.entry
        if entry is None or entry.connection is None:
            return
        from revtops_tui.tui.dialogs.ask import Ask, Choice

        rows = sum(entry.connection.counts.values())
        question = Ask(
            f"Disconnect {entry.title}?",
            f"Its credentials are forgotten. The {rows:,} records it brought stay, unless you delete them too.",
            (
                Choice("keep", "Disconnect"),
                *([Choice("delete", "Disconnect and delete data", danger=True)] if rows else []),
            ),
        )
        self.host.push_screen(question, partial(self._disconnect, entry))

    def _disconnect(self, entry: Entry, answer: str | None) -> None:
        if answer is None:
            return
        in_background(
            self,
            partial(_disconnect, self.host.ws, entry.id, delete_data=answer == "delete"),
            partial(self._disconnected, entry),
            partial(self.host.tell_error, title=entry.title),
            group=f"disconnect {entry.id}",
        )

    def _disconnected(self, entry: Entry, deleted: int) -> None:
        self.host.jobs.ended.pop(entry.id, None)
        self.host.tell(f"Disconnected{f'; {deleted:,} records deleted' if deleted else ''}.", title=entry.title)
        self.host.changed.publish(None)


# Called in threads, where importing the engine does not hold up a frame.


def _load(ws: Workspace) -> tuple[Activity, Sequence[Entry]]:
    return _activity(ws), load(ws)


def _activity(ws: Workspace) -> Activity:
    from revtops_tui.engine.activity import activity

    return activity(ws)


def _recent_runs(ws: Workspace, selector: str) -> Sequence[RunInfo]:
    from revtops_tui.engine.sync import runs

    return runs(ws, selector, _RUNS_SHOWN)


def _connect_builtin(ws: Workspace, slug: str) -> ConnectionInfo:
    from revtops_tui.engine.builtin import connect_builtin

    return connect_builtin(ws, slug)


def _test(ws: Workspace, selector: str) -> str:
    from revtops_tui.engine.connections import test

    return test(ws, selector)


def _disconnect(ws: Workspace, selector: str, *, delete_data: bool) -> int:
    from revtops_tui.engine.connections import disconnect

    return disconnect(ws, selector, delete_data=delete_data)


def _problem(error: EngineError, width: int) -> Paper:
    return Paper(width).text(error.message, "bad").blank().text(error.hint, "muted")
