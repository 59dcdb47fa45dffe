"""Rows of any number into a file: CSV, JSON lines, Parquet or Excel, by the ending of its name.

Rows are written as they are read, so memory stays flat; they go to a file of another name beside it, which takes its
place when all is written. An export that was cancelled or failed leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from revtops_tui.engine.export.formats import FORMATS, Format, format_of
from revtops_tui.engine.export.sources import QuerySource, RowsSource, Source, TableSource
from revtops_tui.engine.export.writing import Exported, Options, Watch, check, write
from revtops_tui.engine.workspace import Workspace

__all__ = [
    "FORMATS",
    "Exported",
    "Format",
    "Options",
    "check",
    "export_rows",
    "export_sql",
    "export_table",
    "format_of",
]

Progress = Callable[[int, int | None], object]
"""Called now and then with the rows that are written, and with how many there will be where that is known."""


def export_table(
    ws: Workspace,
    table: str,
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    sort: str | None = None,
    descending: bool = False,
    filter: str = "",  # noqa: A002 - what it is everywhere
    options: Options | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Exported:
    """Write the rows of a table that pass `filter`, in the order of `sort`, with these columns or all of them.

    Raises EngineError: an unknown table, column or ending, a file that is there, a full disk, cancelled.
    """
    source = TableSource(ws, table, columns, sort, descending, filter, cancelled or _never)
    return _write(source, path, options, progress, cancelled)


def export_sql(
    ws: Workspace,
    query: str,
    path: Path,
    *,
    limit: int | None = None,
    options: Options | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Exported:
    """Write what one SELECT over the local database gives: all of it, or `limit` rows. Raises EngineError."""
    return _write(QuerySource(ws, query, limit, cancelled or _never), path, options, progress, cancelled)


def export_rows(
    columns: Sequence[str],
    rows: Collection[Sequence[Any]],
    path: Path,
    *,
    options: Options | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Exported:
    """Write rows that are in memory, such as a live system's answer. Raises EngineError."""
    return _write(RowsSource(columns, rows), path, options, progress, cancelled)


def records(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """Objects as columns and rows: a column for every name, in the order they are met."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return columns, [[row.get(name) for name in columns] for row in rows]


def _never() -> bool:
    return False


def _write(
    source: Source,
    path: Path,
    options: Options | None,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> Exported:
    watch = Watch(source, progress or (lambda _done, _total: None), cancelled or _never)
    return write(watch, path, options or Options())
