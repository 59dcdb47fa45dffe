"""What of a table is looked at, and the way back to what was looked at before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

_STEPS_KEPT = 100


@dataclass(frozen=True)
class Layout:
    """Which columns are shown, in which order, and how wide.

    `order` None: those that say something. `widths`: cells, for the columns that were given a fixed width.
    """

    order: tuple[str, ...] | None = None
    widths: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class View:
    """What of a table is looked at."""

    table: str
    sort: str | None = None
    descending: bool = False
    filter: str = ""
    layout: Layout = Layout()

    def sorted_by(self, column: str) -> View:
        """The next of three: sorted up by this column, down, not at all."""
        if self.sort != column:
            return replace(self, sort=column, descending=False)
        if not self.descending:
            return replace(self, descending=True)
        return replace(self, sort=None, descending=False)


class Timeline:
    """The views of one table, one after another; undo goes back, redo forth."""

    def __init__(self, view: View) -> None:
        self.now = view
        self._typing = False
        self._past: list[View] = []
        self._future: list[View] = []

    def change(self, view: View, *, typing: bool = False) -> None:
        """Another view. While one types a filter, all of it is one step."""
        if view == self.now:
            return
        if not (typing and self._typing):
            self._past = [*self._past[-_STEPS_KEPT:], self.now]
        self._typing = typing
        self._future.clear()
        self.now = view

    def typed(self) -> None:
        """What was being typed is complete: what is typed next is another step."""
        self._typing = False

    def undo(self) -> bool:
        """Back to the view before; False when there is none."""
        return self._step(self._past, self._future)

    def redo(self) -> bool:
        """Forth again; False when nothing was undone."""
        return self._step(self._future, self._past)

    def _step(self, source: list[View], target: list[View]) -> bool:
        if not source:
            return False
        target.append(self.now)
        self.now = source.pop()
        self._typing = False
        return True


def document_of(view: View) -> dict[str, Any]:
    """What of a view is kept between starts. Its filter stands over the rows, so that nobody misses what it hides."""
    return {
        "filter": view.filter,
        "sort": view.sort,
        "descending": view.descending,
        "columns": None if view.layout.order is None else list(view.layout.order),
        "widths": dict(view.layout.widths),
    }


def view_of(table: str, document: Any) -> View:
    """The view that was kept; as if none was where it is not what `document_of` writes."""
    if not isinstance(document, Mapping):
        return View(table)
    sort, columns, widths, filtered = (document.get(name) for name in ("sort", "columns", "widths", "filter"))
    return View(
        table,
        sort if isinstance(sort, str) else None,
        document.get("descending") is True,
        filtered if isinstance(filtered, str) else "",
        layout=Layout(
            tuple(map(str, columns)) if isinstance(columns, list) and columns else None,
            tuple((str(name), width) for name, width in widths.items() if isinstance(width, int) and width > 0)
            if isinstance(widths, Mapping)
            else (),
        ),
    )
