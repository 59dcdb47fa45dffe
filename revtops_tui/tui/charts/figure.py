"""Any rows and columns as a chart: what can be drawn of them, what is drawn first, and the drawing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from revtops_tui.tui.charts import Series, bar_chart, column_chart, heat_map, line_chart
from revtops_tui.tui.charts.scale import Value, finite
from revtops_tui.tui.charts.times import by_hour, fill, moment_in, period_of, unit_of
from revtops_tui.tui.text import plain, single_line
from revtops_tui.tui.widgets.sheet import Paper
from revtops_tui.words import plural

Kind = Literal["bars", "columns", "line", "heat"]
Sort = Literal["number", "moment", "text", "nothing"]
COUNT = -1
"""In place of a column: each row counts one."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_KEY = re.compile(r"(?:^|_)id$|_ids$")
_LABEL = 60


@dataclass(frozen=True)
class Choice:
    """What is drawn: a kind of chart, the column of its labels, and the column of its numbers (or COUNT)."""

    kind: Kind
    x: int
    y: int


class Figure:
    """Tabular data as charts."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        columns, rows = _upright(columns, rows)
        self.columns = [plain(name, _LABEL) for name in columns]
        self._rows = rows
        self._sorts = [_sort_of([row[at] for row in rows]) for at in range(len(columns))]

    def _of(self, *sorts: Sort) -> list[int]:
        """The columns of these sorts, keys last: nobody wants to see the sum of ids."""
        found = [at for at, sort in enumerate(self._sorts) if sort in sorts]
        return sorted(found, key=lambda at: bool(_KEY.search(self.columns[at])))

    @property
    def can_be_drawn(self) -> bool:
        """Whether there is anything in it."""
        return any(sort != "nothing" for sort in self._sorts)

    @property
    def xs(self) -> list[int]:
        """Columns that labels can come from: times first, then texts, then numbers."""
        return [*self._of("moment"), *self._of("text"), *self._of("number")]

    @property
    def ys(self) -> list[int]:
        """Columns that numbers can come from, and COUNT."""
        return [*self._of("number"), COUNT]

    def kinds(self, x: int) -> list[Kind]:
        """The charts that labels from this column make sense in; the most telling one first."""
        if self._sorts[x] == "moment":
            return ["columns", "line", "heat", "bars"]
        return ["line", "columns", "bars"] if self._sorts[x] == "number" else ["bars", "columns"]

    def first(self) -> Choice:
        """What is drawn when nobody has chosen: numbers over time, else by name, else how often each is there."""
        x = self.xs[0]
        y = next(at for at in self.ys if at != x)
        kinds = self.kinds(x)
        return Choice("line" if kinds[0] == "columns" and len(self._rows) > 400 else kinds[0], x, y)

    def other_kind(self, choice: Choice) -> Choice:
        """The next kind of chart."""
        return replace(choice, kind=_after(choice.kind, self.kinds(choice.x)))

    def other_x(self, choice: Choice) -> Choice:
        """Labels from the next column."""
        x = _after(choice.x, self.xs)
        kinds = self.kinds(x)
        return replace(choice, x=x, kind=choice.kind if choice.kind in kinds else kinds[0])

    def other_y(self, choice: Choice) -> Choice:
        """Numbers from the next column."""
        return replace(choice, y=_after(choice.y, self.ys))

    def draw(self, choice: Choice, width: int, height: int) -> Paper:
        """The chart with what it is above it."""
        return _DRAW[choice.kind](self, choice, width, max(8, height - 3))

    # -- numbers by label

    def _values(self, choice: Choice) -> list[Value]:
        if choice.y == COUNT:
            return [1.0] * len(self._rows)
        return [number_in(row[choice.y]) for row in self._rows]

    def _by_label(self, choice: Choice) -> tuple[list[tuple[str, Value]], str]:
        """A number for each label in the order they are met, and how labels were made of several rows."""
        labels = [single_line(row[choice.x]) or "(empty)" for row in self._rows]
        rows = list(zip(labels, self._values(choice), strict=True))
        if len(set(labels)) == len(labels):
            return rows, "" if choice.y != COUNT else "number of rows"
        return _added(rows), self._what(choice)

    def _over_time(self, choice: Choice) -> tuple[list[tuple[str, Value]], str]:
        """A number for each month, week, day or hour, those without rows too."""
        moments = [moment_in(row[choice.x]) for row in self._rows]
        known = [moment for moment in moments if moment is not None]
        unit = unit_of(known)
        rows = [
            (period_of(moment, unit), value)
            for moment, value in zip(moments, self._values(choice), strict=True)
            if moment is not None
        ]
        sums = dict(_added(rows))
        return [(label, sums.get(label, 0.0)) for label in fill(min(known), max(known), unit)], (
            f"{self._what(choice)}, by {unit}"
        )

    def _what(self, choice: Choice) -> str:
        return "number of rows" if choice.y == COUNT else f"sum of {self.columns[choice.y]}"

    def _rows_of(self, choice: Choice) -> tuple[list[tuple[str, Value]], str]:
        if self._sorts[choice.x] == "moment":
            return self._over_time(choice)
        return self._by_label(choice)

    def _head(self, choice: Choice, width: int, made: str, drawn: int, *, where: str = "") -> Paper:
        name = "rows" if choice.y == COUNT else self.columns[choice.y]
        note = f"{made}, " if made else ""
        return (
            Paper(width)
            .line((name, "title"), (f" by {where or self.columns[choice.x]}", "title"))
            .text(f"{note}{plural(drawn, 'value')} of {plural(len(self._rows), 'row')}", "muted")
        )

    def _bars(self, choice: Choice, width: int, _height: int) -> Paper:
        rows, made = self._rows_of(choice)
        return self._head(choice, width, made, len(rows)).put(bar_chart(width, rows))

    def _columns(self, choice: Choice, width: int, height: int) -> Paper:
        rows, made = self._rows_of(choice)
        return self._head(choice, width, made, len(rows)).put(column_chart(width, height, rows))

    def _line(self, choice: Choice, width: int, height: int) -> Paper:
        rows, made = self._rows_of(choice)
        labels, values = [label for label, _ in rows], [value for _, value in rows]
        return self._head(choice, width, made, len(rows)).put(
            line_chart(width, height, [Series(self.columns[choice.x], values)], labels)
        )

    def _heat(self, choice: Choice, width: int, _height: int) -> Paper:
        pairs = [
            (moment, value)
            for row, value in zip(self._rows, self._values(choice), strict=True)
            if (moment := moment_in(row[choice.x])) is not None and value is not None
        ]
        rows, columns, where = by_hour(pairs)
        head = self._head(choice, width, self._what(choice), len(pairs), where=f"{self.columns[choice.x]}, {where}")
        return head.put(heat_map(width, rows, columns))


_DRAW: dict[Kind, Callable[[Figure, Choice, int, int], Paper]] = {
    "bars": Figure._bars,
    "columns": Figure._columns,
    "line": Figure._line,
    "heat": Figure._heat,
}


def _after(current: Any, choices: Sequence[Any]) -> Any:
    return choices[(choices.index(current) + 1) % len(choices)] if current in choices else choices[0]


def _added(rows: Sequence[tuple[str, Value]]) -> list[tuple[str, Value]]:
    """The numbers of each label added up; a label without any number has none."""
    sums: dict[str, Value] = {}
    for label, value in rows:
        before = sums.get(label)
        sums[label] = before if value is None else value if before is None else before + value
    return list(sums.items())


def number_in(value: Any) -> Value:
    """A value as a number, also one that a system wrote as text."""
    if isinstance(value, str):
        return finite(float(value)) if len(value) < _LABEL and _NUMBER.fullmatch(value.strip()) else None
    if isinstance(value, int | float | Decimal):
        return finite(value) if not isinstance(value, Decimal) else finite(float(value))
    return None


def _upright(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    """A single row of several numbers, such as sums of all, turned into a row for each of them."""
    if len(rows) != 1 or sum(number_in(value) is not None for value in rows[0]) < 2:
        return columns, rows
    found = [(name, value) for name, value in zip(columns, rows[0], strict=True) if number_in(value) is not None]
    return ("column", "value"), found


def _sort_of(values: Sequence[Any]) -> Sort:
    """What a column holds: nine of ten of its values say so."""
    known = [value for value in values if value is not None and value != ""]
    if not known:
        return "nothing"
    enough = len(known) * 0.9
    if sum(number_in(value) is not None for value in known) >= enough:
        return "number"
    return "moment" if sum(moment_in(value) is not None for value in known) >= enough else "text"
