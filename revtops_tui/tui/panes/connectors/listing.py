"""What the list shows: the organization, its connections with their state, what can be added, what is broken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from revtops_tui.tui.panes.connectors.inventory import HOME, Entry
from revtops_tui.tui.text import age
from revtops_tui.tui.widgets.item_list import Item

if TYPE_CHECKING:
    from revtops_tui.engine.activity import Activity
    from revtops_tui.engine.connections import ConnectionInfo
    from revtops_tui.engine.sync import RunInfo
    from revtops_tui.tui.shell.jobs import Jobs


@dataclass(frozen=True)
class Listing:
    """What was read: the entries by their ids, the organization first, and what goes on in other processes."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    activity: Activity | None = None

    @classmethod
    def of(cls, entries: Sequence[Entry], activity: Activity) -> Listing:
        """Of what was just read."""
        connected = any(entry.connection for entry in entries)
        home = Entry(HOME, "Home" if connected else "Start here")
        return cls({entry.id: entry for entry in (home, *entries)}, activity)

    @property
    def elsewhere(self) -> Mapping[str, RunInfo]:
        """The syncs that other processes run."""
        return self.activity.elsewhere if self.activity else {}

    @property
    def only(self) -> Entry | None:
        """The connection, where there is just one: then it is what one comes for, and the organization says no more."""
        connections = [entry for entry in self.entries.values() if entry.connection]
        return connections[0] if len(connections) == 1 else None

    def successor(self, before: Entry) -> Entry | None:
        """The connection that what was listed has become: a connector is connected, or a connection renamed."""
        if before.id in self.entries or not before.slug:
            return None
        connected = [entry for entry in self.entries.values() if entry.connection and entry.slug == before.slug]
        if before.connection is None:
            return next(iter(connected), None)
        number = before.connection.id
        return next((entry for entry in connected if entry.connection and entry.connection.id == number), None)

    def names(self, slug: str) -> list[str]:
        """What the connections of a connector are called."""
        return [one.connection.name for one in self.entries.values() if one.connection and one.slug == slug]

    def items(self, jobs: Jobs, busy: Collection[str], now: dt.datetime) -> list[Item]:
        """The rows. `busy`: entries that are being connected or tested."""
        return [self._item(entry, jobs, busy, now) for entry in self.entries.values()]

    def _item(self, entry: Entry, jobs: Jobs, busy: Collection[str], now: dt.datetime) -> Item:
        search = f"{entry.slug} {entry.connection.selector if entry.connection else ''} {' '.join(entry.capabilities)}"
        if entry.id == HOME:
            return Item(entry.id, entry.title, mark="★", tone="busy")
        if entry.reason:
            return Item(entry.id, entry.title, mark="✗", tone="bad", section="Broken", search=search)
        if entry.connection is None:
            mark, tone, note = ("⟳", "busy", "testing") if entry.id in busy else ("○", "off", "")
            return Item(entry.id, entry.title, note, mark, tone, "Can be added", search)
        mark, tone, note = self._state(entry, entry.connection, jobs, busy, now)
        return Item(entry.id, entry.title, note, mark, tone, "Connected", search)

    def _state(
        self, entry: Entry, connection: ConnectionInfo, jobs: Jobs, busy: Collection[str], now: dt.datetime
    ) -> tuple[str, str, str]:
        if job := jobs.running.get(entry.id):
            return (
                "⟳",
                "busy",
                "waits" if job.waiting_for else f"{job.share:.0%}" if job.share is not None else "syncing",
            )
        if entry.id in self.elsewhere:
            return "⟳", "busy", "syncing"
        if entry.id in busy:
            return "⟳", "busy", "testing"
        note = age(connection.last_sync_at, now)
        return ("●", "good", note) if connection.status == "connected" else ("!", "bad", connection.status)
