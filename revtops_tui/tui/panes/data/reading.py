"""Reading a view: opened with its first rows, or written into a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from revtops_tui.tui.panes.data.tables import BOOKKEEPING
from revtops_tui.tui.panes.data.view import View
from revtops_tui.tui.widgets.columns import Column, measure
from revtops_tui.tui.widgets.windows import WINDOW, Row

if TYPE_CHECKING:
    from pathlib import Path

    from revtops_tui.engine.data import Selection
    from revtops_tui.engine.export import Exported, Options
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.shell.tasks import TaskProgress

_KEYS = frozenset({"id", "connection_id", "organization_id"})
STORE_S = frozenset({"source_id", "source_system", "synced_at", "deleted_at", "custom_fields"})
"""The columns that the store adds to what the vendor says."""


@dataclass(frozen=True)
class Opened:
    """A view with its first rows. `words` says what its filter asks for; `columns` are all that there are."""

    view: View
    words: str
    selection: Selection
    first: Sequence[Row]
    columns: Sequence[Column]


def default_order(columns: Sequence[Column]) -> list[str]:
    """The columns that say something, the vendor's own first, then what the store adds."""
    said = [column.name for column in columns if column.name not in _KEYS]
    return sorted(said, key=lambda name: name in STORE_S)


def kept_as(table: str) -> str:
    """The name under which a table's view is kept between starts."""
    return f"data.view.{table}"


def nothing_there(view: View) -> str:
    """What stands in place of the rows when there are none."""
    if view.filter:
        return "No row is like this: esc shows all again."
    return "No rows." if view.table in BOOKKEEPING else "No rows yet: sync a connection (1, then s)."


def open_view(ws: Workspace, view: View) -> Opened:
    """Open a view and read its first rows. Called in a thread, where importing the engine does not hold up a frame."""
    from revtops_tui.engine.data import Browser

    browser = Browser(ws, view.table)
    filtered = browser.filter(view.filter)
    sort = view.sort if view.sort in browser.types else None  # a column that was kept may be gone since
    selection = browser.open(sort, descending=view.descending, filter=filtered)
    first = selection.rows(0, WINDOW)
    if get_current_worker().is_cancelled:  # another view was asked for meanwhile
        selection.close()
    return Opened(view, filtered.words, selection, first, measure(browser.columns, first))


def export_view(
    ws: Workspace, view: View, columns: Sequence[str], path: Path, progress: TaskProgress, options: Options
) -> Exported:
    """Write a view, in these columns, into a file. Called in a thread."""
    from revtops_tui.engine.export import export_table

    return export_table(
        ws,
        view.table,
        path,
        columns=columns,
        sort=view.sort,
        descending=view.descending,
        filter=view.filter,
        options=options,
        progress=progress.report,
        cancelled=lambda: progress.cancelled,
    )
