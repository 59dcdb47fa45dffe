"""The rows that came with an exchange."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult

from revtops_tui.tui.background import in_background
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import label_of, plain
from revtops_tui.tui.widgets.item_list import Item, ItemList

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.traffic import Summary
    from revtops_tui.engine.traffic_rows import RowRef
    from revtops_tui.engine.workspace import Workspace


class BroughtRows(Dialog[tuple[str, int]]):
    """Dismissed with the table and id of the row that was chosen, or None."""

    DEFAULT_CSS = """
    BroughtRows ItemList { height: auto; min-height: 3; max-height: 20; border: none; &:focus { border: none; } }
    """

    def __init__(self, exchange: Summary) -> None:
        super().__init__()
        self._exchange = exchange

    def compose(self) -> ComposeResult:
        """One line for each."""
        with Box(f"Rows that came with #{self._exchange.id}", "↑ ↓ choose · / filter · enter opens · esc"):
            yield ItemList("", empty="Looking for its ids in the tables…", name="rows")

    def on_mount(self) -> None:
        """Look for them."""
        looking = partial(_rows, self.host.ws, self._exchange.id)
        in_background(self, looking, self._have, self._failed)

    def _have(self, rows: Sequence[RowRef]) -> None:
        items = self.query_one(ItemList)
        items.say("None: no row here has an id that stands in its answer.")
        items.show(
            [
                Item(
                    f"{row.entity}/{row.id}",
                    plain(row.name or row.source_id),
                    section=label_of(row.entity),
                    search=row.source_id,
                )
                for row in rows
            ]
        )

    def _failed(self, error: EngineError) -> None:
        items = self.query_one(ItemList)
        items.say(" ".join(part for part in (error.message, error.hint) if part))
        items.show([])

    @on(ItemList.Chosen)
    def _chosen(self, message: ItemList.Chosen) -> None:
        entity, _, row_id = message.item.id.rpartition("/")
        self.dismiss((entity, int(row_id)))


def _rows(ws: Workspace, exchange_id: int) -> Sequence[RowRef]:
    from revtops_tui.engine.traffic import records_of_exchange

    return records_of_exchange(ws, exchange_id)
