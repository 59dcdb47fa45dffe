"""What becomes of the rows that are shown: a file, or a picture; as they are filtered, sorted and arranged."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from revtops_tui.tui.panes.data.reading import STORE_S, Opened, export_view
from revtops_tui.tui.widgets.columns import Column

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp


def export(host: RevtopsApp, label: str, shown: Opened, columns: Sequence[Column]) -> None:
    """Ask for a file, and write all rows in these columns into it."""
    from revtops_tui.tui.dialogs.export import ExportDialog

    write = partial(export_view, host.ws, shown.view, [column.name for column in columns])
    host.push_screen(ExportDialog(label, shown.view.table, write))


def draw(host: RevtopsApp, label: str, shown: Opened, columns: Sequence[Column]) -> None:
    """Draw the first rows, by what the vendor says of them: when they came and with which id draws nothing."""
    said = [column for column in columns if column.name not in STORE_S]
    if not shown.selection.count:
        return
    from revtops_tui.tui.dialogs.chart import ChartDialog

    rows = [[row[column.index] for column in said] for row in shown.first]
    is_part = shown.selection.count > len(rows)
    host.push_screen(ChartDialog(label, [column.name for column in said], rows, is_part=is_part))
