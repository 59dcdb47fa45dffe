"""What a connected system told by itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from revtops_tui.tui.background import in_background
from revtops_tui.tui.panels.panel import Panel
from revtops_tui.tui.panes.inbox.mail import Mail, event_item, write_event
from revtops_tui.tui.panes.inbox.replaying import Replaying
from revtops_tui.tui.widgets.item_list import ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.inbox import EventInfo
    from revtops_tui.engine.workspace import Workspace

_EVENTS = 200


class EventsPanel(Panel):
    """The newest events of a connection, and the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "replay", "Replay", tooltip="Have this event handled again", id="events.replay")
    ]

    def compose(self) -> ComposeResult:
        """The list, and the event."""
        self._events: Sequence[EventInfo] = ()
        self._is_loaded = False
        self._replaying = Replaying(self, self.host, self._read)
        yield ItemList("", empty="Reading…", name="events")
        yield Sheet(self._write)

    def on_mount(self) -> None:
        """Follow what comes in."""
        self.host.committed.subscribe(self, lambda _: self._read() if self.display else None)

    def turn(self, *, is_other: bool) -> None:
        """Read its events."""
        if is_other:
            self._events, self._is_loaded = (), False
            self.query_one(ItemList).say("Reading…")
            self._list()
        self._read()

    def tick(self) -> None:
        """Ages grow."""
        self._list()

    def focus_main(self) -> None:
        """The list."""
        self.query_one(ItemList).focus()

    def _read(self) -> None:
        if self.entry is not None:
            read = partial(_events, self.host.ws, self.entry.id)
            in_background(self, read, self._have, self._failed, group="events", exclusive=True)

    def _have(self, events: Sequence[EventInfo]) -> None:
        self._events, self._is_loaded = events, True
        self.query_one(ItemList).say("None came.")
        self._list()

    def _failed(self, error: EngineError) -> None:
        self.query_one(ItemList).say("Not available.")
        self.query_one(Sheet).show(lambda width: Paper(width).text(error.message, "bad").text(error.hint, "muted"))

    def _list(self) -> None:
        now = self.host.clock()
        self.query_one(ItemList).show([event_item(None, one, now) for one in self._events])
        self.query_one(Sheet).rewrite()

    @property
    def event(self) -> EventInfo | None:
        """The one under the cursor."""
        item = self.query_one(ItemList).current
        return next((one for one in self._events if item and str(one.id) == item.id), None)

    @on(ItemList.Highlighted)
    def _highlighted(self, message: ItemList.Highlighted) -> None:
        message.stop()
        self.refresh_bindings()
        self.query_one(Sheet).show(self._write)

    @on(ItemList.Chosen)
    def _chosen(self, message: ItemList.Chosen) -> None:
        message.stop()
        self.query_one(Sheet).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Only an event can be handled again."""
        return action != "replay" or (self.is_mounted and self.event is not None)

    def action_replay(self) -> None:
        """Have it handled again."""
        if event := self.event:
            self._replaying.start(event)

    def _write(self, width: int) -> Paper:
        entry = self.entry
        if (event := self.event) is not None and entry is not None:
            return write_event(width, Mail(titles={entry.id: entry.title}), event, self.host.clock())
        paper = Paper(width)
        if not self._is_loaded or entry is None or entry.manifest is None:
            return paper
        paper.text("Nothing came yet. Events are listed while something takes them:", "muted")
        paper.line(("  revtops listen", "key"), ("  or  ", "muted"), ("revtops daemon", "key"))
        if declared := entry.manifest["event_types"]:
            paper.heading("It tells")
        for one in declared:
            paper.line((f"  {one['name']}", "key"), (f"  {one['description']}", "muted"))
        return paper


def _events(ws: Workspace, selector: str) -> Sequence[EventInfo]:
    from revtops_tui.engine.inbox import events

    return events(ws, selector, limit=_EVENTS)
