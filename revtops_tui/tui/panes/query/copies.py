"""What of a query's rows can be copied: a cell, a row, a column for another query, the table for a sheet or a text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from revtops_tui.tui.dialogs.copy_record import Copyable
from revtops_tui.words import plural

Rows = Sequence[Sequence[Any]]


def copies(columns: Sequence[str], rows: Rows, row: int, column: int) -> list[Copyable]:
    """The choices, with the cursor on this row and column."""
    name, all_rows = columns[column], plural(len(rows), "row")
    record = dict(zip(columns, rows[row], strict=True))
    return [
        Copyable(f"The cell {name}", _text(rows[row][column])),
        Copyable("The row as JSON", _json(record)),
        Copyable(f"The column {name}", "\n".join(_text(each[column]) for each in rows)),
        Copyable(f"The column {name} for IN (…)", in_list([each[column] for each in rows])),
        Copyable(f"{all_rows} for a spreadsheet", for_sheet(columns, rows)),
        Copyable(f"{all_rows} as Markdown", as_markdown(columns, rows)),
        Copyable(f"{all_rows} as JSON", _json([dict(zip(columns, each, strict=True)) for each in rows])),
    ]


def in_list(values: Sequence[Any]) -> str:
    """Values as they stand in SQL's IN, each once and without what is not there."""
    known = dict.fromkeys(value for value in values if value is not None)
    return f"({', '.join(_literal(value) for value in known)})"


def for_sheet(columns: Sequence[str], rows: Rows) -> str:
    """Cells between tabs, as spreadsheets take them from the clipboard; what would start another cell is a space."""
    return "\n".join("\t".join(" ".join(_text(value).split()) for value in line) for line in (columns, *rows)) + "\n"


def as_markdown(columns: Sequence[str], rows: Rows) -> str:
    """A Markdown table."""
    lines = [_bar(columns), _bar(["---"] * len(columns)), *map(_bar, rows)]
    return "\n".join(lines) + "\n"


def _bar(values: Sequence[Any]) -> str:
    cells = (" ".join(_text(value).split()).replace("\\", "\\\\").replace("|", "\\|") for value in values)
    return f"| {' | '.join(cells)} |"


def _literal(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return str(int(value) if isinstance(value, bool) else value)
    return "'{}'".format(_text(value).replace("'", "''"))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=_text)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.hex() if isinstance(value, bytes) else str(value)
