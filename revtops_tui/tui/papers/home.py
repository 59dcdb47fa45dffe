"""An organization on paper: its connections and how they stand, and the other organizations there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from revtops_tui.tui.panes.connectors.inventory import Entry
from revtops_tui.tui.shell.jobs import SyncJob
from revtops_tui.tui.text import age, fit, number
from revtops_tui.tui.widgets.item_list import Item
from revtops_tui.tui.widgets.sheet import Paper, Part
from revtops_tui.words import plural, until

if TYPE_CHECKING:
    from revtops_tui.engine.connections import ConnectionInfo
    from revtops_tui.engine.standing import Standing

_ROWS = 9
_SYNCED = 12
_NEXT = 11
_AROUND = 4 + _ROWS + _SYNCED + _NEXT


def troubles(entries: Sequence[Entry], standing: Standing) -> Iterator[Item]:
    """What needs somebody, each with the key that leads there from the list of these."""
    for entry in entries:
        connection = entry.connection
        if connection is not None and connection.status != "connected":
            said = "the vendor withdrew access" if connection.status == "revoked" else connection.last_error or "error"
            yield Item(f"connection {entry.id}", f"{entry.title}: {said}", "enter", "!", "bad")
        elif connection is not None and connection.last_error:
            yield Item(f"connection {entry.id}", f"{entry.title}: {connection.last_error}", "enter", "!", "busy")
    yield from _counted(entries, standing)
    for entry in entries:
        if entry.reason:
            yield Item(f"connection {entry.id}", f"{entry.title} is broken: {entry.reason}", "enter", "✗", "bad")


def _counted(entries: Sequence[Entry], standing: Standing) -> Iterator[Item]:
    titles = {entry.id: entry.title for entry in entries}
    if standing.waiting:
        yield Item("inbox", f"{plural(standing.waiting, 'request')} for approval", "4", "?", "busy")
    if standing.failed:
        yield Item("inbox failed", f"{plural(standing.failed, 'event')} that could not be handled", "4", "!", "bad")
    for selector, count in standing.rejected.items():
        title = titles.get(selector, selector)
        yield Item(f"rejected {selector}", f"{plural(count, 'record')} of {title} rejected", "6", "✗", "bad")


def write_home(
    width: int,
    entries: Sequence[Entry],
    standing: Standing | None,
    syncing: Mapping[str, str],
    elsewhere: Sequence[SyncJob],
    now: dt.datetime,
) -> Paper:
    """The connections; `syncing` says by selector how far a sync is. `elsewhere`: syncs of other organizations."""
    paper = Paper(width)
    mine = [(entry, entry.connection) for entry in entries if entry.connection is not None]
    counted = sum(sum(connection.counts.values()) for _, connection in mine)
    paper.heading(plural(len(mine), "connection"), plural(counted, "record"))
    name = max(8, width - _AROUND)
    head = fit("records", _ROWS, right=True) + fit("synced", _SYNCED, right=True) + fit("next", _NEXT, right=True)
    paper.line((f"    {fit('', name)}{head}", "muted"))
    for entry, connection in mine:
        _write_connection(paper, entry, connection, syncing.get(entry.id), name, now)
    if standing is not None:
        _write_duty(paper, mine, standing)
        _write_organizations(paper, standing, elsewhere)
    addable = sum(entry.connection is None and not entry.reason and bool(entry.slug) for entry in entries)
    if addable:
        systems = plural(addable, "more system")
        paper.blank().text(f"{systems} can be connected: choose one in the list, or find it there with /.", "muted")
    return paper


def _write_connection(
    paper: Paper, entry: Entry, connection: ConnectionInfo, syncing: str | None, name: int, now: dt.datetime
) -> None:
    mark: Part = ("●", "good") if connection.status == "connected" else ("!", "bad")
    if syncing is not None:
        mark = ("⟳", "busy")
    rows = number(sum(connection.counts.values())) if connection.counts else ""
    synced = syncing or age(connection.last_sync_at, now) or ("never" if entry.can_sync else "")
    due = until(connection.next_sync_at, now) if connection.next_sync_at else ""
    paper.line(
        ("  ", ""),
        mark,
        f" {fit(entry.title, name)}",
        fit(rows, _ROWS, right=True),
        (fit(synced, _SYNCED, right=True) + fit(due, _NEXT, right=True), "muted"),
    )


def _write_duty(paper: Paper, mine: Sequence[tuple[Entry, ConnectionInfo]], standing: Standing) -> None:
    """Who sees to the schedules, where there are any."""
    if any(connection.next_sync_at for _, connection in mine) and not standing.has_daemon:
        paper.blank().text("Nothing is synced by itself now: no daemon runs.", "busy")
        paper.line(("  revtops daemon", "key"), ("  or  ", "muted"), ("revtops daemon install", "key"))


def _write_organizations(paper: Paper, standing: Standing, elsewhere: Sequence[SyncJob]) -> None:
    if len(standing.organizations) < 2:
        return
    paper.heading("Organizations", "O looks at another")
    for one in standing.organizations:
        syncs = sum(job.organization == one.id for job in elsewhere)
        working: Part = (f"  {plural(syncs, 'sync', 'syncs')} going on" if syncs else "", "busy")
        mark: Part = ("  ● ", "good") if one.current else ("    ", "")
        paper.line(mark, one.id, (f"  {plural(one.connections, 'connection')}", "muted"), working)
