"""Cells to draw on, for charts whose lines are made out of order."""

from __future__ import annotations

from itertools import groupby, pairwise

from rich.cells import cell_len

from revtops_tui.tui.text import fit, plain
from revtops_tui.tui.widgets.sheet import Paper


class Canvas:
    """`height` lines of `width` cells, each a character and its role."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(1, width), max(1, height)
        self._cells = [[(" ", "")] * self.width for _ in range(self.height)]

    def put(self, x: int, y: int, text: str, role: str = "", *, room: int = 0) -> None:
        """Write `text` from a cell on, in no more than `room` cells; what leaves the canvas is cut."""
        text = plain(text)
        text = fit(text, room) if room and cell_len(text) > room else text
        for character in text:
            wide = cell_len(character)
            if x < 0 or x + wide > self.width:
                return
            if wide:
                self._cells[y][x] = (character, role)
                self._cells[y][x + 1 : x + wide] = [("", role)] * (wide - 1)
                x += wide

    def paper(self) -> Paper:
        """The drawing, without the blanks behind its lines."""
        paper = Paper(self.width)
        for cells in self._cells:
            parts = [("".join(c for c, _ in run), role) for role, run in groupby(cells, key=lambda cell: cell[1])]
            while parts and not parts[-1][0].strip():
                parts.pop()
            paper.line(*parts)
        return paper


def thin(canvas: Canvas, y: int, labels: list[str], places: list[int], role: str = "muted") -> None:
    """Write labels from their places on: every one where they fit, else every second, every third…

    What does not fit at the right edge is moved to the left, or left out.
    """
    widths = [min(cell_len(plain(label)), 12) for label in labels]
    for step in range(1, len(labels) + 1):
        shown = range(0, len(labels), step)
        if all(places[i] + widths[i] < places[j] for i, j in pairwise(shown)):
            break
    else:
        shown = range(0)
    free = 0
    for i in shown:
        start = min(places[i], canvas.width - widths[i])
        if start >= free:
            canvas.put(start, y, labels[i], role, room=12)
            free = start + widths[i] + 1
