"""Excel workbooks, written row by row with XlsxWriter.

Text is stored as text, so that a spreadsheet never runs what a record says: `=cmd()` is shown, not done.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import shutil
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

from revtops_tui.engine.export.sources import Chunks, Row
from revtops_tui.engine.export.values import DAY, DAY_LENGTH, TIME, TIME_LENGTH, text_of
from revtops_tui.engine.export.watching import Options, Watch
from revtops_tui.words import plural

if TYPE_CHECKING:
    from xlsxwriter.format import Format  # type: ignore[import-untyped]
    from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

ROWS_OF_A_SHEET = 1_048_576
COLUMNS_OF_A_SHEET = 16_384
LONGEST_TEXT = 32_767
"""In UTF-16 units, as Excel counts."""
_EXACT = 2**53
_FIRST_DAY = dt.datetime(1900, 3, 1)  # noqa: DTZ001 - Excel knows no time zones
"""Before it, Excel counts a 29 February that never was."""
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


def write_excel(watch: Watch, file: BinaryIO, _options: Options) -> None:
    """A workbook; what does not fit into a sheet's 1,048,576 rows goes on in the next, under the names again."""
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    with TemporaryDirectory(prefix="revtops-excel-") as folder, watch.rows() as (columns, chunks):
        shown = columns[:COLUMNS_OF_A_SHEET]
        if len(shown) < len(columns):
            watch.notes.append(f"Excel has {COLUMNS_OF_A_SHEET:,} columns; {len(columns) - len(shown):,} are left out.")
        made = Path(folder) / "book.xlsx"
        book = Workbook(made, {"constant_memory": True, "tmpdir": folder, "use_zip64": True})
        try:
            cells = _Cells(book)
            _write_sheets(book, cells, shown, chunks)
            book.close()
        finally:
            book.fileclosed = True  # left half done, it would try to finish when it is forgotten
        with made.open("rb") as finished:  # it is a zip file: written at its place, a full disk would leave it open
            shutil.copyfileobj(finished, file)
    if cells.cut:
        watch.notes.append(f"{plural(cells.cut, 'text')} longer than Excel's {LONGEST_TEXT:,} characters, cut.")


def _write_sheets(book: Workbook, cells: _Cells, columns: Sequence[str], chunks: Chunks) -> None:
    """All rows, in as many sheets as they need; there is always one."""
    rows = chain.from_iterable(chunks)
    ahead = next(rows, None)
    for number in count(1):
        ahead = _write_sheet(
            book.add_worksheet(f"Rows {number}" if number > 1 else "Rows"), cells, columns, ahead, rows
        )
        if ahead is None:
            return


def _write_sheet(
    sheet: Worksheet, cells: _Cells, columns: Sequence[str], first: Row | None, rows: Iterator[Row]
) -> Row | None:
    """One sheet; returns the row that has no room in it any more."""
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(columns):
        sheet.write_string(0, place, cells.text(name), cells.title)
    number, row = 1, first
    while row is not None and number < ROWS_OF_A_SHEET:
        for place, value in enumerate(row[: len(columns)]):
            if value is not None:
                cells.write(sheet, number, place, value)
        number += 1
        row = next(rows, None)
    return row


class _Cells:
    """Writes values into cells, and counts the texts that are too long for one."""

    def __init__(self, book: Workbook) -> None:
        self.cut = 0
        self.title = book.add_format({"bold": True})
        time, day = (
            book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            book.add_format({"num_format": "yyyy-mm-dd"}),
        )
        self._moments: dict[int, tuple[Format, re.Pattern[str]]] = {TIME_LENGTH: (time, TIME), DAY_LENGTH: (day, DAY)}

    def write(self, sheet: Worksheet, row: int, place: int, value: Any) -> None:
        """One value into one cell."""
        kind = type(value)
        if kind is str and len(value) in self._moments and (moment := self._moment(value)):
            sheet.write_datetime(row, place, moment, self._moments[len(value)][0])
        elif kind is bool:
            sheet.write_boolean(row, place, value)
        elif (kind is int and -_EXACT <= value <= _EXACT) or (kind is float and math.isfinite(value)):
            sheet.write_number(row, place, value)
        else:
            sheet.write_string(row, place, self.text(text_of(value)))

    def _moment(self, text: str) -> dt.datetime | None:
        """A time or a day that Excel knows."""
        if not self._moments[len(text)][1].fullmatch(text):
            return None
        try:
            moment = dt.datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:  # the 30th of February
            return None
        return moment if moment >= _FIRST_DAY else None

    def text(self, text: str) -> str:
        """A text no longer than a cell can hold, without what XML cannot."""
        if len(text) > LONGEST_TEXT // 2:
            text = self._shortened(text)
        return _NO_XML.sub("\ufffd", text)

    def _shortened(self, text: str) -> str:
        units = text[: LONGEST_TEXT + 1].encode("utf-16-le", "surrogatepass")
        if len(units) <= 2 * LONGEST_TEXT:
            return text
        self.cut += 1
        return units[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")
