"""The records of a connection that could not be stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on

from revtops_tui.tui.panels.listed_panel import ListedPanel
from revtops_tui.tui.papers import rejected
from revtops_tui.tui.rejected_actions import ACTIONS, RejectedKeys
from revtops_tui.tui.widgets.item_list import Item, ItemList
from revtops_tui.tui.widgets.sheet import Paper

if TYPE_CHECKING:
    from revtops_tui.engine.rejected import RejectedGroup, RejectedInfo
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.panes.connectors.inventory import Entry


class RejectedPanel(ListedPanel["RejectedGroup"], RejectedKeys):
    """By reason."""

    WHAT = "rejected"
    NONE = "None."

    @staticmethod
    def load(ws: Workspace, selector: str) -> Sequence[RejectedGroup]:
        """All of them."""
        return rejected.load(ws, selector)

    def items(self, found: Sequence[RejectedGroup]) -> Sequence[Item]:
        """A section for each reason."""
        return rejected.items(found, self.host.clock())

    @property
    def chosen(self) -> tuple[RejectedInfo, RejectedGroup] | None:
        """The record under the cursor, and those alike."""
        item = self.current
        every = ((one, group) for group in self.found for one in group.records)
        return next((pair for pair in every if item and str(pair[0].id) == item.id), None)

    @on(ItemList.Chosen)
    def _chosen(self, message: ItemList.Chosen) -> None:
        message.stop()
        self.open_payload()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Only a record can be retried, ignored and exported."""
        return action not in ACTIONS or (self.is_mounted and self.can(action))

    def write(self, width: int, entry: Entry) -> Paper:  # noqa: ARG002 - a record says whose it is
        """The record, or that there is none."""
        if chosen := self.chosen:
            return rejected.write_rejected(width, *chosen, self.host.clock())
        return rejected.write_none(width)
