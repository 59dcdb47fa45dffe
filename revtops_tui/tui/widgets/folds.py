"""Which lines of a text are hidden because a node above them is folded, and how rows on the screen map to lines."""

from __future__ import annotations

from bisect import bisect_right


class Folds:
    """Folded nodes, each from the line that opens it to the line that closes it. Those within a folded one are kept."""

    def __init__(self, count: int = 0) -> None:
        """`count`: how many lines there are."""
        self._count = count
        self._nodes: dict[int, int] = {}
        self._starts: list[int] = []  # of those that are not within another
        self._rows: list[int] = []  # the row on which each of them is shown
        self._hidden: list[int] = [0]  # lines hidden before the first, the second … of them

    @property
    def rows(self) -> int:
        """How many rows are shown."""
        return self._count - self._hidden[-1]

    def fold(self, *nodes: tuple[int, int]) -> None:
        """Fold nodes: the lines that open and close each."""
        self._nodes.update(nodes)
        self._arrange()

    def unfold(self, *starts: int) -> None:
        """Unfold the nodes that begin on these lines."""
        for start in starts:
            self._nodes.pop(start, None)
        self._arrange()

    def reveal(self, line: int) -> None:
        """Unfold whatever hides a line."""
        self.unfold(*[start for start, end in self._nodes.items() if start < line <= end])

    def clear(self) -> None:
        """Unfold everything."""
        self._nodes = {}
        self._arrange()

    def end(self, line: int) -> int | None:
        """The line that closes the node folded on this one."""
        return self._nodes.get(line)

    def line(self, row: int) -> int:
        """The line shown on a row."""
        return row + self._hidden[bisect_right(self._rows, row - 1)]

    def row(self, line: int) -> int:
        """The row of a line; that of the fold it is hidden in, where it is."""
        before = bisect_right(self._starts, line - 1)
        if before and line <= self._nodes[self._starts[before - 1]]:
            return self._rows[before - 1]
        return line - self._hidden[before]

    def _arrange(self) -> None:
        self._starts, self._rows, self._hidden = [], [], [0]
        last = -1
        for start, end in sorted(self._nodes.items()):
            if start > last:
                self._starts.append(start)
                self._rows.append(start - self._hidden[-1])
                self._hidden.append(self._hidden[-1] + end - start)
                last = end
