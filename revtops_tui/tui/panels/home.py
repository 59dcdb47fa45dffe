"""Where one starts: the organization, what in it needs somebody, and a newcomer's ways in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from revtops_tui.tui.background import in_background
from revtops_tui.tui.panels.panel import Panel
from revtops_tui.tui.panes.connectors.inventory import Entry
from revtops_tui.tui.papers.home import troubles, write_home
from revtops_tui.tui.papers.overview import welcome
from revtops_tui.tui.widgets.item_list import ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.standing import Standing
    from revtops_tui.engine.workspace import Workspace


class HomePanel(Panel):
    """What needs attention above, the connections beneath."""

    DEFAULT_CSS = """
    HomePanel {
        & > ItemList { border-top: blank; border-title-color: $accent; border-title-style: bold; }
        & > ItemList:focus { border-top: blank; }
    }
    """

    @dataclass
    class Wanted(Message):
        """The connection, the connector or the rejected records that somebody wants to see to."""

        entry_id: str
        panel: str = ""

    def compose(self) -> ComposeResult:
        """Both."""
        self._entries: Sequence[Entry] = ()
        self._elsewhere: Mapping[str, object] = {}
        self._standing: Standing | None = None
        yield ItemList("Needs attention", empty="", name="troubles")
        yield Sheet(self._write)

    def on_mount(self) -> None:
        """Follow what is stored."""
        self.query_one(ItemList).display = False
        self.host.committed.subscribe(self, lambda _: self._read() if self.display else None)

    def know(self, entries: Sequence[Entry], elsewhere: Mapping[str, object]) -> None:
        """What is listed, and what other processes sync."""
        self._entries, self._elsewhere = entries, elsewhere

    def turn(self, *, is_other: bool) -> None:
        """Show what there is, and count what needs somebody."""
        self._show(keep_place=not is_other)
        self._read()

    def tick(self) -> None:
        """Ages grow, and progress is made."""
        self.query_one(Sheet).rewrite()

    def focus_main(self) -> None:
        """What needs attention, where something does."""
        attention = self.query_one(ItemList)
        (attention if attention.display else self.query_one(Sheet)).focus()

    def _read(self) -> None:
        in_background(self, partial(_standing, self.host.ws), self._have, _later, group="standing", exclusive=True)

    def _have(self, standing: Standing) -> None:
        self._standing = standing
        self._show(keep_place=True)

    def _show(self, *, keep_place: bool) -> None:
        attention = self.query_one(ItemList)
        found = list(troubles(self._entries, self._standing)) if self._standing else []
        attention.show(found)
        attention.display = bool(found) and self._has_connections
        self.query_one(Sheet).show(self._write, keep_place=keep_place)

    @property
    def _has_connections(self) -> bool:
        return any(entry.connection for entry in self._entries)

    @on(ItemList.Highlighted)
    def _highlighted(self, message: ItemList.Highlighted) -> None:
        message.stop()

    @on(ItemList.Chosen)
    async def _chosen(self, message: ItemList.Chosen) -> None:
        message.stop()
        kind, _, what = message.item.id.partition(" ")
        if kind == "inbox":
            await self.host.go("inbox")
        else:
            self.post_message(self.Wanted(what, "rejected" if kind == "rejected" else ""))

    def _write(self, width: int) -> Paper:
        host = self.host
        if not self._has_connections:
            return welcome(width, host.ws.home)
        jobs = host.jobs
        syncing = dict.fromkeys(self._elsewhere, "syncing")
        for selector, job in jobs.running.items():
            syncing[selector] = (
                "waits" if job.waiting_for else f"{job.share:.0%}" if job.share is not None else "syncing"
            )
        others = [job for job in jobs.everywhere if job.organization != jobs.organization]
        return write_home(width, self._entries, self._standing, syncing, others, host.clock())


def _standing(ws: Workspace) -> Standing:
    from revtops_tui.engine.standing import standing

    return standing(ws)


def _later(_: object) -> None:
    """The page stands without it, and the next reading tries again."""
