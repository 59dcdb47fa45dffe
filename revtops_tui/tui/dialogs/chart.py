"""The rows of any result as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from revtops_tui.tui.charts.figure import COUNT, Choice, Figure
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.sheet import Paper, Sheet


class ChartDialog(Dialog[None]):
    """Drawn at once, from what the columns hold; a key for each thing that can be chosen otherwise."""

    DEFAULT_CSS = """
    ChartDialog > Box { width: 110; height: 92%; padding: 0; }
    ChartDialog Sheet { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("chart.kind", "c", "kind", "Another kind", show=False),
        command("chart.x", "x", "labels", "Labels from another column", show=False),
        command("chart.y", "y", "numbers", "Numbers from another column", show=False),
        command("chart.close", "q,enter", "leave", "Close", show=False),
    ]

    def __init__(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, is_part: bool = False
    ) -> None:
        """`is_part`: there are more rows than these, which the picture then says."""
        super().__init__()
        self._heading = title
        self._is_part = is_part
        self._figure = Figure(columns, rows)
        self._choice: Choice | None = self._figure.first() if self._figure.can_be_drawn else None

    def compose(self) -> ComposeResult:
        """The picture."""
        with Box(self._heading, "c kind · x labels · y numbers · esc close"):
            yield Sheet()

    def on_mount(self) -> None:
        """Draw it."""
        self.query_one(Sheet).focus()
        self._draw()

    def _draw(self) -> None:
        sheet, choice, figure = self.query_one(Sheet), self._choice, self._figure
        if choice is None:
            sheet.show(lambda width: Paper(width).text("There is nothing to draw in these rows.", "muted"))
            return
        number = "rows" if choice.y == COUNT else figure.columns[choice.y]
        said = f"{self._heading} · {choice.kind} of {number} by {figure.columns[choice.x]}"
        self.query_one(Box).border_title = Content(plain(said))

        def write(width: int) -> Paper:
            more = "More rows than these were found: the picture is of the first." if self._is_part else ""
            paper = figure.draw(choice, width, sheet.scrollable_content_region.height - (2 if more else 0))
            return paper.blank().text(more, "busy") if more else paper

        sheet.show(write)

    def _turn_to(self, choice: Choice) -> None:
        self._choice = choice
        self._draw()

    def action_kind(self) -> None:
        """Another kind of chart."""
        if self._choice:
            self._turn_to(self._figure.other_kind(self._choice))

    def action_labels(self) -> None:
        """Labels from another column."""
        if self._choice:
            self._turn_to(self._figure.other_x(self._choice))

    def action_numbers(self) -> None:
        """Numbers from another column."""
        if self._choice:
            self._turn_to(self._figure.other_y(self._choice))
