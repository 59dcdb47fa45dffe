"""How a table's columns are shown: decided once from a sample of its rows, then applied to every one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len

from revtops_tui.tui.text import plain, single_line

_NARROWEST, _WIDEST = 4, 40
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")

Format = Callable[[Any], str]


@dataclass(frozen=True)
class Column:
    """One column: where its value stands in a row, its width in cells, and how a value becomes text.

    `fixed`: somebody chose the width, and no row changes it.
    """

    index: int
    name: str
    width: int
    right: bool
    text: Format
    fixed: bool = False


def measure(names: Sequence[str], rows: Sequence[Sequence[Any]], *, offset: int = 0) -> list[Column]:
    """Columns for rows whose values start at `offset`, judged by the given sample."""
    return [_column(index, name, [row[index] for row in rows]) for index, name in enumerate(names, offset)]


def widened(column: Column, rows: Sequence[Sequence[Any]]) -> Column:
    """The column with room for these rows too: what the sample did not foresee is not cut."""
    if column.fixed:
        return column
    values = _widest_numbers([value for row in rows if _may_be_wider(column, value := row[column.index])])
    width = min(_widest(column.text, values), _WIDEST) if values else 0
    return replace(column, width=width) if width > column.width else column


def _may_be_wider(column: Column, value: Any) -> bool:
    """Whether it is worth asking: a look at every value of every window would cost more than drawing them."""
    if not isinstance(value, str):
        return value is not None
    if column.text in (_date, _minute):
        return not _ISO.fullmatch(value)
    return len(value) > column.width or not (value.isascii() or len(value) * 2 <= column.width)


def _widest_numbers(values: list[Any]) -> list[Any]:
    """The values without the numbers between the smallest and the largest: as text, none of those is wider."""
    numbers = [value for value in values if type(value) is int]
    if len(numbers) < len(values):
        return values
    return [min(numbers), max(numbers)] if numbers else []


def arranged(columns: Sequence[Column], order: Sequence[str] | None, widths: Mapping[str, int]) -> list[Column]:
    """The columns named by `order` (None: as they are), with the widths that somebody chose; unknown names are none."""
    by_name = {column.name: column for column in columns}
    chosen = columns if order is None else [by_name[name] for name in order if name in by_name]
    return [
        replace(column, width=widths[column.name], fixed=True) if column.name in widths else column for column in chosen
    ]


def _column(index: int, name: str, sample: Sequence[Any]) -> Column:
    values = [value for value in sample if value is not None]
    text, right = _format(values)
    width = min(max(_widest(text, values), cell_len(plain(name)) + 2, _NARROWEST), _WIDEST)
    return Column(index, plain(name), width, right, text)


def _widest(text: Format, values: Sequence[Any]) -> int:
    return max((cell_len(text(value)) for value in values if value is not None), default=0)


def _format(values: Sequence[Any]) -> tuple[Format, bool]:
    if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if any(isinstance(value, float) for value in values):
            return (_fraction if all(abs(value) <= 1 for value in values) else _amount), True
        return single_line, True
    if values and all(isinstance(value, str) and _ISO.fullmatch(value) for value in values):
        moments = [_local(value) for value in values]
        return (_date if all(m and m.time() == dt.time() for m in moments) else _minute), False
    return single_line, False


def _fraction(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else single_line(value)


def _amount(value: Any) -> str:
    return f"{value:,.2f}" if isinstance(value, int | float) else single_line(value)


def _local(value: Any) -> dt.datetime | None:
    """Midnight UTC is a day without a time: it must not become the evening before."""
    try:
        moment = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    is_day = moment.time() == dt.time()
    return moment if is_day or moment.tzinfo is None else moment.astimezone()


def _date(value: Any) -> str:
    return f"{moment:%Y-%m-%d}" if (moment := _local(value)) else single_line(value)


def _minute(value: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if (moment := _local(value)) else single_line(value)
