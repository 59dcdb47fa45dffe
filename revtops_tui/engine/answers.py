"""What connectors answer. It may be anything at all; here it becomes rows where it is rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Table:
    """Rows, each as long as `columns`. `truncated`: there are more, and `notice` may say what to do about it."""

    columns: list[str]
    rows: list[list[Any]]
    truncated: bool = False
    notice: str = ""


def is_tabular(answer: Any) -> bool:
    """Whether it is `{"columns", "rows"}`, with every row as long as the columns."""
    if not isinstance(answer, dict) or not all(isinstance(answer.get(name), list) for name in ("columns", "rows")):
        return False
    width = len(answer["columns"])
    return all(isinstance(row, list | tuple) and len(row) == width for row in answer["rows"])


def is_objects(answer: Any) -> bool:
    """Whether it is a list of objects, and not an empty one."""
    return isinstance(answer, list) and bool(answer) and all(isinstance(row, dict) for row in answer)


def table_of(answer: Any) -> Table | None:
    """The answer as a table: one that says so, or a list of objects; None for everything else."""
    if is_tabular(answer):
        columns, rows = [str(name) for name in answer["columns"]], [list(row) for row in answer["rows"]]
        return Table(columns, rows, bool(answer.get("truncated")), str(answer.get("notice") or ""))
    if is_objects(answer):
        head = list(dict.fromkeys(name for row in answer for name in row))
        return Table([str(name) for name in head], [[row.get(name) for name in head] for row in answer])
    return None
