"""Choosing a grid's columns: which are shown, in which order, how wide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.panes.data.view import Layout
from revtops_tui.tui.widgets.columns import Column
from revtops_tui.tui.widgets.item_list import Item, ItemList

_STEP = 2
_NARROWEST, _WIDEST = 4, 200


class ColumnsDialog(Dialog[Layout]):
    """Dismissed with the layout that was chosen, or None."""

    DEFAULT_CSS = """
    ColumnsDialog {
        & > Box { width: 72; padding: 0; height: 80%; }
        & ItemList { height: 1fr; border: none; &:focus { border: none; } }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("columns.toggle", "space,x", "show_or_hide", "Show", "Show or hide the column"),
        command("columns.down", "J,shift+down", "shift(1)", "Down", "Move it to the right"),
        command("columns.up", "K,shift+up", "shift(-1)", "Up", "Move it to the left"),
        command("columns.wider", "right,l,plus", f"widen({_STEP})", "Wider", "Give it a wider width"),
        command("columns.narrower", "left,h,minus", f"widen(-{_STEP})", "Narrower", "Give it less"),
        command("columns.automatic", "a", "automatic", "As its content", "As wide as its content"),
        command("columns.reset", "r", "reset", "Reset", "As it was at first"),
        command("columns.close", "escape", "leave", "Close", show=False),
    ]

    def __init__(self, title: str, columns: Sequence[Column], default: Sequence[str], layout: Layout) -> None:
        """`columns`: all there are; `default`: those that are shown, in order, until somebody chooses."""
        super().__init__()
        self._heading = title
        self._measured = {column.name: column.width for column in columns}
        self._default = list(default)
        self._take(layout)

    def _take(self, layout: Layout) -> None:
        chosen = self._default if layout.order is None else layout.order
        shown = [name for name in chosen if name in self._measured]
        self._shown = set(shown)
        self._order = [*shown, *(name for name in self._measured if name not in self._shown)]
        self._widths = {name: width for name, width in layout.widths if name in self._measured}

    def compose(self) -> ComposeResult:
        """One line for each column."""
        with Box(f"{self._heading} · columns", "space show · J K move · ← → width · a auto · r reset · enter ok"):
            yield ItemList("", name="columns")

    def on_mount(self) -> None:
        """List them."""
        self._list()
        self.query_one(ItemList).focus()

    def _list(self) -> None:
        self.query_one(ItemList).show([self._item(name) for name in self._order])

    def _item(self, name: str) -> Item:
        width = f"{self._widths[name]} wide" if name in self._widths else f"auto {self._measured[name]}"
        is_shown = name in self._shown
        return Item(
            name, name, width if is_shown else "hidden", "●" if is_shown else "○", "good" if is_shown else "off"
        )

    @property
    def _current(self) -> str | None:
        item = self.query_one(ItemList).current
        return item.id if item else None

    def action_show_or_hide(self) -> None:
        """Show or hide the column under the cursor; one always stays."""
        name = self._current
        if name is None or self._shown == {name}:
            return
        self._shown ^= {name}
        self._list()

    def action_shift(self, by: int) -> None:
        """Move the column under the cursor."""
        name = self._current
        if name is None:
            return
        place = self._order.index(name)
        self._order.insert(min(max(place + by, 0), len(self._order) - 1), self._order.pop(place))
        self._list()

    def action_widen(self, by: int) -> None:
        """Give the column under the cursor a width of its own."""
        if name := self._current:
            width = self._widths.get(name, self._measured[name]) + by
            self._widths[name] = min(max(width, _NARROWEST), _WIDEST)
            self._list()

    def action_automatic(self) -> None:
        """As wide as what is in it."""
        if name := self._current:
            self._widths.pop(name, None)
            self._list()

    def action_reset(self) -> None:
        """All columns as they were before anyone chose."""
        self._take(Layout())
        self._list()

    def on_item_list_chosen(self) -> None:
        """Enter: show the grid so."""
        order = [name for name in self._order if name in self._shown]
        is_default = order == [name for name in self._default if name in self._measured]
        self.dismiss(Layout(None if is_default else tuple(order), tuple(sorted(self._widths.items()))))
