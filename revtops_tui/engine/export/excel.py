"""Excel workbooks (Office Open XML, ECMA-376), written row by row.

Text is stored as text, so that a spreadsheet never runs what a record says: `=cmd()` is shown, not done. Own XML
rather than a library's: 100,000 rows of 8 columns take 0.9 s of CPU, with XlsxWriter 3.9 s, with openpyxl 5.2 s.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import zipfile
from collections.abc import Sequence
from itertools import chain, count
from typing import IO, Any, BinaryIO

from revtops_tui.engine.export.sources import Chunks, Row
from revtops_tui.engine.export.values import DAY, DAY_LENGTH, TIME, TIME_LENGTH, text_of
from revtops_tui.engine.export.watching import Options, Watch
from revtops_tui.words import plural

ROWS_OF_A_SHEET = 1_048_576
COLUMNS_OF_A_SHEET = 16_384
LONGEST_TEXT = 32_767
"""In UTF-16 units, as Excel counts."""
_BYTES_OF_A_SHEET = 1_500_000_000
"""Parts of a zip file beyond 2 GB need an extension that not every spreadsheet reads."""
_EXACT = 2**53
_DAY_ZERO = dt.date(1899, 12, 30).toordinal()
_FIRST_DAY = dt.date(1900, 3, 1).toordinal()
"""Before it, Excel counts a 29 February that never was."""
_TIME_STYLE, _DAY_STYLE, _TITLE_STYLE = 1, 2, 3
"""Places in the list of styles, `cellXfs`."""
_MOMENTS = {TIME_LENGTH: (_TIME_STYLE, TIME), DAY_LENGTH: (_DAY_STYLE, DAY)}

# What XML cannot hold, or would read as something else. Excel writes such characters as _xHHHH_.
_SPECIAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="2">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs></styleSheet>'
)


def write_excel(watch: Watch, file: BinaryIO, _options: Options) -> None:
    """A workbook; what does not fit into a sheet's 1,048,576 rows goes on in the next, under the names again."""
    cells = _Cells()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive,
        watch.rows() as (columns, chunks),
    ):
        shown = columns[:COLUMNS_OF_A_SHEET]
        if len(shown) < len(columns):
            watch.notes.append(f"Excel has {COLUMNS_OF_A_SHEET:,} columns; {len(columns) - len(shown):,} are left out.")
        sheets = _write_sheets(archive, cells, shown, chunks)
        _write_frame(archive, sheets)
    if cells.cut:
        watch.notes.append(f"{plural(cells.cut, 'text')} longer than Excel's {LONGEST_TEXT:,} characters, cut.")


def _write_sheets(archive: zipfile.ZipFile, cells: _Cells, columns: Sequence[str], chunks: Chunks) -> int:
    """Write all rows; returns the number of sheets, of which there is always one."""
    rows = chain.from_iterable(chunks)
    ahead = next(rows, None)
    for sheet in count(1):
        with archive.open(f"xl/worksheets/sheet{sheet}.xml", "w") as part:
            ahead = _write_sheet(part, cells, columns, ahead, rows)
        if ahead is None:
            return sheet
    raise AssertionError  # the count has no end


def _write_sheet(part: IO[bytes], cells: _Cells, columns: Sequence[str], first: Row | None, rows: Any) -> Row | None:
    """One sheet; returns the row that has no room in it any more."""
    letters = [letters_of(number) for number in range(1, len(columns) + 1)]
    titles = "".join(
        f'<c r="{letter}1" s="{_TITLE_STYLE}" t="inlineStr"><is><t>{cells.text(name)}</t></is></c>'
        for letter, name in zip(letters, columns, strict=True)
    )
    part.write(
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" '
        f'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
        f'<row r="1">{titles}</row>'.encode()
    )
    lines: list[str] = []
    number, row, size = 1, first, 0
    while row is not None and number < ROWS_OF_A_SHEET and size < _BYTES_OF_A_SHEET:
        number += 1
        lines.append(cells.row(number, letters, row))
        if len(lines) == 1_000:
            size += part.write("".join(lines).encode())
            lines.clear()
        row = next(rows, None)
    part.write(f"{''.join(lines)}</sheetData></worksheet>".encode())
    return row


class _Cells:
    """Makes cells of values, and counts the texts that are too long for one."""

    def __init__(self) -> None:
        self.cut = 0

    def row(self, number: int, letters: Sequence[str], row: Row) -> str:
        """One row."""
        made = [
            f'<c r="{letter}{number}"{self._content(value)}</c>'
            for letter, value in zip(letters, row, strict=False)
            if value is not None
        ]
        return f'<row r="{number}">{"".join(made)}</row>'

    def _content(self, value: Any) -> str:
        """What stands between `<c r="A1"` and `</c>`."""
        kind = type(value)
        if kind is str:
            if len(value) in _MOMENTS and (moment := self._moment(value)):
                return moment
        elif kind is bool:
            return f' t="b"><v>{value:d}</v>'
        elif (kind is int and -_EXACT <= value <= _EXACT) or (kind is float and math.isfinite(value)):
            return f"><v>{value!r}</v>"
        return f' t="inlineStr"><is><t xml:space="preserve">{self.text(text_of(value))}</t></is>'

    def _moment(self, text: str) -> str:
        """A time or a day that Excel knows; nothing for other texts."""
        style, pattern = _MOMENTS[len(text)]
        day = _serial(text) if pattern.fullmatch(text) else None
        return "" if day is None else f' s="{style}"><v>{day!r}</v>'

    def text(self, text: str) -> str:
        """A text inside XML, no longer than a cell can hold."""
        if len(text) > LONGEST_TEXT // 2:
            text = self._shortened(text)
        return _SPECIAL.sub(_escaped, text) if _SPECIAL.search(text) else text

    def _shortened(self, text: str) -> str:
        units = text[: LONGEST_TEXT + 1].encode("utf-16-le", "surrogatepass")
        if len(units) <= 2 * LONGEST_TEXT:
            return text
        self.cut += 1
        return units[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")


def _escaped(match: re.Match[str]) -> str:
    return _ENTITIES.get(match[0]) or f"_x{ord(match[0]):04X}_"


def _serial(text: str) -> float | None:
    """A time or a day as Excel counts: days, and parts of a day. None for days that it does not know."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:  # the 30th of February
        return None
    day = moment.toordinal()
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
    return day - _DAY_ZERO + seconds / 86_400 if day >= _FIRST_DAY else None


def letters_of(column: int) -> str:
    """The name of a column: A, B … Z, AA …; the first is 1."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _write_frame(archive: zipfile.ZipFile, sheets: int) -> None:
    """The parts that make sheets a workbook."""
    numbers = range(1, sheets + 1)
    names = "".join(f'<sheet name="Rows{f" {n}" if n > 1 else ""}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers
    )
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}<Relationship '
        f'Id="rId0" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{overrides}</Types>',
    }
    archive.writestr("xl/styles.xml", _STYLES)
    for name, text in parts.items():
        archive.writestr(name, _HEAD + text)
