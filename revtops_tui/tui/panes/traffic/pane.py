"""What was exchanged with every system."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.panes.traffic.view import TrafficView


class TrafficPane(Pane):
    """The inspector over all connections."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "right_square_bracket",
            "side(1)",
            "Side",
            key_display="]",
            tooltip="The next side of this exchange",
            id="traffic.next-side",
        ),
        Binding(
            "left_square_bracket",
            "side(-1)",
            "Side before",
            key_display="[",
            show=False,
            tooltip="The side before",
            id="traffic.previous-side",
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
