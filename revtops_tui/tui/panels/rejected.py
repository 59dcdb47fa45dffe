"""The records of a connection that could not be stored."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult

from revtops_tui.tui.background import in_background
from revtops_tui.tui.panels.panel import Panel
from revtops_tui.tui.papers import rejected
from revtops_tui.tui.widgets.item_list import ItemList
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.rejected import RejectedGroup, RejectedInfo


class RejectedPanel(Panel, rejected.RejectedKeys):
    """By reason, and the one under the cursor."""

    def compose(self) -> ComposeResult:
        """The list, and the record."""
        self._groups: Sequence[RejectedGroup] = ()
        self._is_loaded = False
        yield ItemList("", empty="Reading…", name="rejected")
        yield Sheet(self._write)

    def turn(self, *, is_other: bool) -> None:
        """Read them."""
        if is_other:
            self._groups, self._is_loaded = (), False
            self.query_one(ItemList).say("Reading…")
            self._list()
        self.read_again()

    def tick(self) -> None:
        """Ages grow."""
        self._list()

    def focus_main(self) -> None:
        """The list."""
        self.query_one(ItemList).focus()

    @property
    def chosen(self) -> tuple[RejectedInfo, RejectedGroup] | None:
        """The record under the cursor, and those alike."""
        item = self.query_one(ItemList).current
        every = ((one, group) for group in self._groups for one in group.records)
        return next((pair for pair in every if item and str(pair[0].id) == item.id), None)

    def read_again(self) -> None:
        """Read them."""
        if self.entry is not None:
            read = partial(rejected.load, self.host.ws, self.entry.id)
            in_background(self, read, self._have, self._failed, group="rejected", exclusive=True)

    def _have(self, groups: Sequence[RejectedGroup]) -> None:
        self._groups, self._is_loaded = groups, True
        self.query_one(ItemList).say("None.")
        self._list()

    def _failed(self, error: EngineError) -> None:
        self.query_one(ItemList).say("Not available.")
        self.query_one(Sheet).show(lambda width: Paper(width).text(error.message, "bad").text(error.hint, "muted"))

    def _list(self) -> None:
        self.query_one(ItemList).show(rejected.items(self._groups, self.host.clock()))
        self.query_one(Sheet).rewrite()

    @on(ItemList.Highlighted)
    def _highlighted(self, message: ItemList.Highlighted) -> None:
        message.stop()
        self.refresh_bindings()
        self.query_one(Sheet).show(self._write)

    @on(ItemList.Chosen)
    def _chosen(self, message: ItemList.Chosen) -> None:
        message.stop()
        self.open_payload()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Only a record can be retried, ignored and exported."""
        return action not in rejected.ACTIONS or (self.is_mounted and self.can(action))

    def _write(self, width: int) -> Paper:
        if chosen := self.chosen:
            return rejected.write_rejected(width, *chosen, self.host.clock())
        return rejected.write_none(width) if self._is_loaded else Paper(width)
