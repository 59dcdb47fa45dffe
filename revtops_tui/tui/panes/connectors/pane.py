"""The organization, its connections and the connectors there are: a list, and beside it panels about what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.panels.home import HomePanel
from revtops_tui.tui.panes.connectors.doing import Doing, can
from revtops_tui.tui.panes.connectors.inventory import HOME, Entry, load
from revtops_tui.tui.panes.connectors.listing import Listing
from revtops_tui.tui.panes.connectors.side import Side
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.shell.jobs import Extent
from revtops_tui.tui.widgets.item_list import Item, ItemList

if TYPE_CHECKING:
    from revtops_tui.engine.activity import Activity
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.panes.data.pane import DataPane

_AGES_CHANGE = 30.0
_CHOSEN, _PANEL = "connectors.chosen", "connectors.panel"
"""The names under which it is kept between starts where one was."""


class ConnectorsPane(Pane):
    """A list on the left, what is chosen on the right."""

    DEFAULT_CSS = """
    ConnectorsPane {
        & > ItemList { width: 32%; min-width: 24; max-width: 44; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("connectors.sync", "s", "sync(False)", "Sync", "Fetch what is new from this connection"),
        command("connectors.cancel", "x", "cancel", "Cancel", "Stop this sync; what is stored stays"),
        command("connectors.connect", "n", "connect", "Connect", "Connect this system, or give new credentials"),
        command("connectors.query", "e", "query", "Query", "Ask this system live, in the query editor"),
        command("connectors.act", "w", "act", "Act", "Write to this system, or act in it"),
        command(
            "connectors.next-panel", "right_square_bracket", "panel(1)", "Panel", "The next side of this connection"
        ),
        command(
            "connectors.previous-panel",
            "left_square_bracket",
            "panel(-1)",
            "Panel before",
            "The side of this connection before",
            show=False,
        ),
        command("connectors.test", "t", "test", "Test", "Ask the vendor whether the credentials still work"),
        command("connectors.full", "f", "sync(True)", "Full", "Fetch everything again, and notice what was deleted"),
        command("connectors.sync-with", "S", "sync_with", "Sync…", "Sync since a day, some entities, or only try"),
        command("connectors.schedule", "h", "schedule", "Schedule", "Have this connection synced by itself"),
        command("connectors.another", "N", "another", "Another", "Connect this system a second time", show=False),
        command("connectors.rename", "R", "rename", "Rename", "Give this connection another name", show=False),
        command("connectors.disconnect", "D", "disconnect", "Disconnect", "Forget the credentials of this connection"),
        command("connectors.reload", "r", "reload", "Reload", "Read connections and connectors again", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._listing = Listing()
        self._ended: dict[str, object] = {}
        self._known_running: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        """Both empty, so that the first frame waits for nothing."""
        yield ItemList("Connections", empty="Opening the database…", name="connections")
        yield Side()

    def on_mount(self) -> None:
        """Read what there is as soon as the first frame stands."""
        self._doing = Doing(self, self.host, repaint=self._repaint)
        self.call_after_refresh(self.action_reload)
        self.host.progressed.subscribe(self, self._on_progress)
        self.host.changed.subscribe(self, lambda _: self.action_reload())
        self.host.committed.subscribe(self, lambda _: self._look())
        self.set_interval(_AGES_CHANGE, self._on_time)

    def focus_main(self) -> None:
        """The list."""
        self._list.focus()

    @property
    def _list(self) -> ItemList:
        return self.query_one("#connections", ItemList)

    @property
    def _side(self) -> Side:
        return self.query_one(Side)

    @property
    def entry(self) -> Entry | None:
        """What is chosen."""
        item = self._list.current
        return self._listing.entries.get(item.id) if item else None

    # -- reading

    def action_reload(self) -> None:
        """Read connections and connectors again."""
        in_background(self, partial(_load, self.host.ws), self._loaded, self._load_failed, group="load", exclusive=True)

    def _loaded(self, read: tuple[Activity, Sequence[Entry]]) -> None:
        is_first = not self._listing.entries
        is_typed_into = self._list.has_typed_ahead
        before = self.entry
        self._listing = Listing.of(read[1], read[0])
        self._ended = dict(self.host.jobs.ended)
        self._list.say("No connectors.")
        self._list.show(self._items())
        follow = self._last if is_first else self._listing.successor(before) if before else None
        if follow is not None:
            self._list.select(follow.id)
        if is_first:
            self._side.begin(str(self.host.state.get(_PANEL)))
        self._show()
        if not self.host.is_open:
            self.host.opened(is_typed_into=is_typed_into)
            if self.host.demo:
                self._sync_all()

    @property
    def _last(self) -> Entry | None:
        """What was chosen when the app was left; the organization gives way to its only connection."""
        chosen = self._listing.entries.get(str(self.host.state.get(_CHOSEN)))
        return self._listing.only if chosen is None or chosen.id == HOME else chosen

    def _sync_all(self) -> None:
        for entry in self._listing.entries.values():
            if entry.can_sync:
                self.host.start_sync(entry.id, entry.title, wave="all")

    def _load_failed(self, error: EngineError) -> None:
        self._list.say("Not available.")
        self._list.show([])
        self._side.say("The database could not be opened", error)

    def _look(self) -> None:
        """See whether another process did something with the connections."""
        if self._listing.activity is not None:
            in_background(
                self,
                partial(_activity, self.host.ws),
                self._seen,
                lambda _: None,  # what was read last stands; reloading tells the trouble
                group="look",
                exclusive=True,
            )

    def _seen(self, activity: Activity) -> None:
        before = self._listing.activity
        if before is None or activity == before:
            return
        if activity.connections != before.connections or before.elsewhere.keys() - activity.elsewhere.keys():
            self._listing = Listing(self._listing.entries, activity)
            self.host.changed.publish(None)  # records came with it
        else:
            self.action_reload()

    def _on_time(self) -> None:
        self._repaint()
        if self._listing.elsewhere:
            self._look()  # a process that was killed commits nothing any more

    def _on_progress(self, _: None) -> None:
        running = frozenset(self.host.jobs.running)
        if running != self._known_running:
            self._known_running = running
            self.refresh_bindings()
        self._repaint()

    def _repaint(self) -> None:
        is_stale = self._ended != self.host.jobs.ended  # a sync has ended, and what it brought is being read
        if self._listing.entries and self.display and not is_stale:
            self._list.show(self._items())
            self._side.tick()

    def _items(self) -> list[Item]:
        return self._listing.items(self.host.jobs, self._doing.busy, self.host.clock())

    # -- showing

    @on(ItemList.Highlighted, "#connections")
    def _highlighted(self) -> None:
        if entry := self.entry:
            self.host.state[_CHOSEN] = entry.id
        self._show()

    def _show(self) -> None:
        self.refresh_bindings()
        if entry := self.entry:
            self._side.show(entry, self._listing)

    def action_panel(self, by: int) -> None:
        """The next panel, or the one before."""
        self._side.turn(by)

    @on(Side.Turned)
    def _turned(self, message: Side.Turned) -> None:
        self.host.state[_PANEL] = message.panel

    @on(HomePanel.Wanted)
    def _wanted(self, message: HomePanel.Wanted) -> None:
        self._list.select(message.entry_id)
        self._list.focus()
        if message.panel:
            self.go_in()
            self.call_after_refresh(self._side.go, message.panel, focus=True)

    # -- doing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """What makes sense for what is chosen; the rest is neither offered nor done."""
        entry = self.entry if self.is_mounted else None
        return can(action, entry, self.host, self._listing.elsewhere)

    @on(ItemList.Chosen, "#connections")
    async def _chosen(self) -> None:
        entry = self.entry
        if entry is None:
            return
        if entry.id == HOME:
            self._side.focus_main()
        elif entry.connection is None or entry.connection.status != "connected":
            self.action_connect()
        elif entry.can_query and not entry.can_sync:
            await self.action_query()
        else:
            pane = cast("DataPane", await self.host.go("data"))
            pane.look_among(entry.connection.counts)

    def action_sync(self, full: bool) -> None:
        """Sync what is chosen."""
        if entry := self.entry:
            self.host.start_sync(entry.id, entry.title, Extent(full=full))

    def action_sync_with(self) -> None:
        """Sync what is chosen as far as is said then."""
        if entry := self.entry:
            self._doing.sync_with(entry)

    def action_schedule(self) -> None:
        """Have what is chosen synced by itself, or no longer."""
        if entry := self.entry:
            self._doing.schedule(entry)

    def action_cancel(self) -> None:
        """Stop the sync of what is chosen."""
        if entry := self.entry:
            self.host.cancel_sync(entry.id)

    async def action_query(self) -> None:
        """Ask what is chosen, in the workspace for queries."""
        from revtops_tui.tui.panes.query.pane import QueryPane
        from revtops_tui.tui.panes.query.targets import target_of

        target = target_of(self.entry) if self.entry else None
        pane = await self.host.go("query")
        if target is not None and isinstance(pane, QueryPane):
            await pane.aim(target)

    def action_act(self) -> None:
        """Choose a write or an action of what is chosen."""
        self.go_in()
        self._side.go("act", focus=True)

    def go_in(self) -> None:
        """Show the panels where there is room for one side only."""
        super().go_in()
        if self.is_narrow:
            self._side.focus_main()

    def action_connect(self) -> None:
        """Connect what is chosen, or give it new credentials."""
        if entry := self.entry:
            self._doing.connect(entry)

    def action_another(self) -> None:
        """Connect the system of what is chosen once more."""
        if entry := self.entry:
            self._doing.connect_another(entry, self._listing.names(entry.slug))

    def action_rename(self) -> None:
        """Give what is chosen another name."""
        if entry := self.entry:
            self._doing.rename(entry)

    def action_test(self) -> None:
        """Ask the vendor whether the connection still works."""
        if entry := self.entry:
            self._doing.test(entry)

    def action_disconnect(self) -> None:
        """Ask, then forget the credentials of what is chosen."""
        if entry := self.entry:
            self._doing.disconnect(entry)


# Called in threads, where importing the engine does not hold up a frame.


def _load(ws: Workspace) -> tuple[Activity, Sequence[Entry]]:
    return _activity(ws), load(ws)


def _activity(ws: Workspace) -> Activity:
    from revtops_tui.engine.activity import activity

    return activity(ws)
