"""A panel that is one page."""

from __future__ import annotations

from textual.app import ComposeResult

from revtops_tui.tui.panels.panel import Panel
from revtops_tui.tui.widgets.sheet import Paper, Sheet


class PaperPanel(Panel):
    """Says what there is to say on a sheet; `write` makes it, `read` fetches what that needs."""

    def compose(self) -> ComposeResult:
        """The page."""
        yield Sheet(self.write)

    def write(self, width: int) -> Paper:
        """The page."""
        raise NotImplementedError

    def read(self) -> None:
        """Fetch, in the background, what is not in `entry`, then `rewrite`."""

    def rewrite(self) -> None:
        """Something is known that was not."""
        self.query_one(Sheet).rewrite()

    def turn(self, *, is_other: bool) -> None:
        """Show `entry`, and read about it."""
        self.query_one(Sheet).show(self.write, keep_place=not is_other)
        self.read()

    def tick(self) -> None:
        """Ages grow, and progress is made."""
        self.rewrite()

    def focus_main(self) -> None:
        """The page."""
        self.query_one(Sheet).focus()
