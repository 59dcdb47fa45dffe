"""What runs, of whatever kind: how far it is, and a key to stop it. Below, what has ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import fit, plain
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet
from revtops_tui.words import duration

if TYPE_CHECKING:
    from revtops_tui.tui.shell.tasks import UnderWay

_BAR = 20
_ENDED = 6


class TasksDialog(Dialog[None]):
    """The work under way, and the last that ended."""

    DEFAULT_CSS = """
    TasksDialog {
        & ItemList { height: auto; min-height: 1; max-height: 10; border: none; &:focus { border: none; } }
        & Sheet { height: auto; max-height: 12; padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("tasks.stop", "x", "stop", "Stop", "Stop what is chosen; what it has done stays"),
        command("tasks.stop_all", "X", "stop_all", "Stop all", "Stop everything that runs"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._under_way: dict[str, UnderWay] = {}

    def compose(self) -> ComposeResult:
        """The list, what is known of the chosen one, and what has ended."""
        with Box("Tasks", "x stop · X stop all · esc close; they go on"):
            yield ItemList("", empty="Nothing runs.", name="running")
            yield Sheet(self._write)

    def on_mount(self) -> None:
        """Follow them."""
        self.query_one(ItemList).focus()
        self.host.progressed.subscribe(self, lambda _: self._show())
        self._show()

    def _show(self) -> None:
        self._under_way = {str(id(each)): each for each in self.host.running}
        self.query_one(ItemList).show([self._item(key, each) for key, each in self._under_way.items()])
        self.query_one(Sheet).rewrite()

    def _item(self, key: str, each: UnderWay) -> Item:
        share = f"{each.share:.0%}" if each.share is not None else ""
        return Item(key, each.title, share, "⟳", "busy")

    def _chosen(self) -> UnderWay | None:
        item = self.query_one(ItemList).current
        return self._under_way.get(item.id) if item else None

    def on_item_list_highlighted(self) -> None:
        """Another one is chosen."""
        self.query_one(Sheet).rewrite()

    def _write(self, width: int) -> Paper:
        paper = Paper(width)
        if each := self._chosen():
            paper.line((bar(each.share, _BAR), "bar"), f"  {plain(each.doing)}")
            paper.line((f"{duration(time.monotonic() - each.started)} so far", "muted"))
        ended = list(self.host.tasks.ended)[-_ENDED:]
        if ended:
            paper.heading("Ended")
        for one in reversed(ended):
            mark, tone = ("✓", "good") if one.is_good else ("!", "bad")
            paper.line((f"{mark} ", tone), fit(plain(one.title), 28), (f"  {plain(one.how)}", "muted"))
        return paper

    def action_stop(self) -> None:
        """Stop what is chosen."""
        if each := self._chosen():
            each.stop()
            self.host.show_progress()

    def action_stop_all(self) -> None:
        """Stop everything."""
        self.host.cancel_all()
        self.host.show_progress()


def bar(share: float | None, width: int) -> str:
    """A bar that is as full as the work is done; of dots where nobody knows."""
    if share is None:
        return "·" * width
    full = round(share * width)
    return "█" * full + "░" * (width - full)
