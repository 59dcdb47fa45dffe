"""What a connected system told by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType

from revtops_tui.tui.command import command
from revtops_tui.tui.panels.listed_panel import ListedPanel
from revtops_tui.tui.panes.inbox.mail import Mail, event_item, write_event
from revtops_tui.tui.panes.inbox.replaying import Replaying
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.inbox import EventInfo
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.panes.connectors.inventory import Entry

_EVENTS = 200


class EventsPanel(ListedPanel["EventInfo"]):
    """The newest events of a connection."""

    WHAT = "events"
    NONE = "None came."
    BINDINGS: ClassVar[list[BindingType]] = [
        command("events.replay", "p", "replay", "Replay", "Have this event handled again")
    ]

    def on_mount(self) -> None:
        """Follow what comes in."""
        self._replaying = Replaying(self, self.host, self.read_again)
        self.host.committed.subscribe(self, lambda _: self.read_again() if self.display else None)

    @staticmethod
    def load(ws: Workspace, selector: str) -> Sequence[EventInfo]:
        """The newest of them."""
        from revtops_tui.engine.inbox import events

        return events(ws, selector, limit=_EVENTS)

    def items(self, found: Sequence[EventInfo]) -> Sequence[Item]:
        """One row each."""
        now = self.host.clock()
        return [event_item(None, one, now) for one in found]

    @property
    def event(self) -> EventInfo | None:
        """The one under the cursor."""
        item = self.current
        return next((one for one in self.found if item and str(one.id) == item.id), None)

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

    def write(self, width: int, entry: Entry) -> Paper:
        """The event, or what would come."""
        if event := self.event:
            return write_event(width, Mail(titles={entry.id: entry.title}), event, self.host.clock())
        paper = Paper(width)
        if entry.manifest is None:
            return paper
        paper.text("Nothing came yet. Events are listed while something takes them:", "muted")
        paper.line(("  revtops listen", "key"), ("  or  ", "muted"), ("revtops daemon", "key"))
        if declared := entry.manifest["event_types"]:
            paper.heading("It tells")
        for one in declared:
            paper.line((f"  {one['name']}", "key"), (f"  {one['description']}", "muted"))
        return paper
