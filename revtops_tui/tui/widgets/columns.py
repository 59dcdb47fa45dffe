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
_MIDNIGHT = dt.time()

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
    return [_column(index, name, _values(rows, index)) for index, name in enumerate(names, offset)]


def widened(column: Column, rows: Sequence[Sequence[Any]]) -> Column:
    """The column with room for these rows too: what the sample did not foresee is not cut."""
    if column.fixed:
        return column
    width = _widest(column.text, _values(rows, column.index), column.width)
    return replace(column, width=width) if width > column.width else column


def arranged(columns: Sequence[Column], order: Sequence[str] | None, widths: Mapping[str, int]) -> list[Column]:
    """The columns named by `order` (None: as they are), with the widths that somebody chose; unknown names are none."""
    by_name = {column.name: column for column in columns}
    chosen = columns if order is None else [by_name[name] for name in order if name in by_name]
    return [
        replace(column, width=widths[column.name], fixed=True) if column.name in widths else column for column in chosen
    ]


def _values(rows: Sequence[Sequence[Any]], index: int) -> list[Any]:
    return [value for row in rows if (value := row[index]) is not None]


def _column(index: int, name: str, values: Sequence[Any]) -> Column:
    text, right = _format(values)
    width = _widest(text, values, max(min(cell_len(plain(name)) + 2, _WIDEST), _NARROWEST))
    return Column(index, plain(name), width, right, text)


def _widest(text: Format, values: Sequence[Any], least: int) -> int:
    """Cells for the widest of these values, `least` or more; of those that cannot be it, few are looked at closely."""
    kinds = set(map(type, values))
    if kinds == {int}:
        values = [min(values), max(values)]  # as text, no number between them is wider
    elif text in (_date, _minute):
        values = [*values[:1], *(value for value in values if _moment(value) is None)]
    elif kinds == {str}:
        return _widest_text(values, least)
    return min(max((least, *(cell_len(text(value)) for value in values))), _WIDEST)


def _widest_text(values: Sequence[str], least: int) -> int:
    """The same for texts: a character has two cells at most."""
    width = least
    for value in values:
        if 2 * len(value) > width:
            width = max(width, cell_len(plain(value)))
            if width >= _WIDEST:
                return _WIDEST
    return width


def _format(values: Sequence[Any]) -> tuple[Format, bool]:
    kinds = set(map(type, values))
    if kinds and kinds <= {int, float}:
        if float in kinds:
            return (_fraction if all(abs(value) <= 1 for value in values) else _amount), True
        return single_line, True
    if kinds == {str} and all(map(_ISO.fullmatch, values)):
        return (_date if all(map(_is_day, values)) else _minute), False
    return single_line, False


def _fraction(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else single_line(value)


def _amount(value: Any) -> str:
    return f"{value:,.2f}" if isinstance(value, int | float) else single_line(value)


def _moment(value: Any) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _is_day(value: Any) -> bool:
    moment = _moment(value)
    return moment is not None and moment.time() == _MIDNIGHT


def _local(value: Any) -> dt.datetime | None:
    """Midnight UTC is a day without a time: it must not become the evening before."""
    moment = _moment(value)
    if moment is None or moment.tzinfo is None or moment.time() == _MIDNIGHT:
        return moment
    return moment.astimezone()


def _date(value: Any) -> str:
    return str(moment)[:10] if (moment := _local(value)) else single_line(value)


def _minute(value: Any) -> str:
    return str(moment)[:16] if (moment := _local(value)) else single_line(value)
