"""What was exchanged with every system."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from revtops_tui.tui.command import command
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.panes.traffic.view import TrafficView


class TrafficPane(Pane):
    """The inspector over all connections."""

    BINDINGS: ClassVar[list[BindingType]] = [
        command("traffic.next-side", "right_square_bracket", "side(1)", "Side", "The next side of this exchange"),
        command(
            "traffic.previous-side", "left_square_bracket", "side(-1)", "Side before", "The side before", show=False
        ),
    ]

    def compose(self) -> ComposeResult:
        """It."""
        yield TrafficView()

    def focus_main(self) -> None:
        """The list."""
        self.query_one(TrafficView).focus_main()

    def show_filter(self, text: str) -> None:
        """Show what the words let through: `system:hubspot status:>=400`."""
        self.query_one(TrafficView).show_filter(text)

    def action_side(self, by: int) -> None:
        """Show another side of the exchange."""
        self.query_one(TrafficView).action_side(by)
