"""What was exchanged with one system."""

from __future__ import annotations

from textual.app import ComposeResult

from revtops_tui.tui.panels.panel import Panel
from revtops_tui.tui.panes.traffic.view import TrafficView


class TrafficPanel(Panel):
    """The inspector over one connection."""

    DEFAULT_CSS = """
    TrafficPanel ExchangeList { height: 1fr; border: none; &:focus { border: none; } }
    """

    def compose(self) -> ComposeResult:
        """It."""
        yield TrafficView(names_system=False)

    def turn(self, *, is_other: bool) -> None:  # noqa: ARG002 - the view knows what it shows
        """Show the connection's traffic."""
        if self.entry is not None:
            self.query_one(TrafficView).turn_to(self.entry.id)

    def focus_main(self) -> None:
        """The list."""
        self.query_one(TrafficView).focus_main()
