"""Files as text, and text as files: what is read of a document, and what an upload is made of.

Each library is imported for the first file that needs it. Parsing runs in a thread: it would hold up everything else.
"""

from __future__ import annotations

import csv
import io
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from connectors.errors import ConnectorError, InvalidInputError

DOCUMENT = "application/vnd.google-apps.document"
SPREADSHEET = "application/vnd.google-apps.spreadsheet"
PRESENTATION = "application/vnd.google-apps.presentation"
_OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = f"{_OFFICE}wordprocessingml.document"
XLSX = f"{_OFFICE}spreadsheetml.sheet"
PPTX = f"{_OFFICE}presentationml.presentation"

EXPORTS = {DOCUMENT: "text/markdown", SPREADSHEET: XLSX, PRESENTATION: "text/plain"}
"""Google-native type -> what it is exported as. A sheet as Excel: as CSV Drive exports the first sheet and no other."""

UPLOADS = {DOCUMENT: "text/markdown", SPREADSHEET: "text/csv", PRESENTATION: PPTX}
"""Google-native type -> what it is made of (`importFormats` of `about.get`)."""

MOST_BYTES = 20 * 1024 * 1024
"""A larger file is not downloaded to be read. Drive itself exports at most 10 MB."""
MOST_CHARACTERS = 200_000
MOST_SECONDS = 60.0
"""How long a document may be parsed: one page of a hostile PDF says nothing of how many there are."""
MOST_UPLOADED = 5 * 1024 * 1024
"""Of a multipart upload (Google's page "Upload file data"); text is hardly ever longer."""
_MOST_UNPACKED = 200 * 1024 * 1024

_TEXTUAL = ("text/", "application/json", "application/xml", "application/javascript", "application/x-yaml")


@dataclass(frozen=True)
class Text:
    """What was read. `note` says what is missing of it, and is empty where nothing is."""

    text: str
    truncated: bool
    note: str


def is_textual(mime: str) -> bool:
    """Whether a file's bytes are text as they are."""
    return mime.startswith(_TEXTUAL)


def read(mime: str, content: bytes) -> Text:
    """The text in a file. Raises InvalidInputError for a type that holds none, and for a damaged or locked file."""
    pieces = _pieces(mime)
    if pieces is None:
        known = "Google documents, sheets and slides, text, PDF, docx, xlsx and pptx"
        raise InvalidInputError(f"A file of type {mime} cannot be read as text.", hint=f"What can be: {known}.")
    try:
        with warnings.catch_warnings(action="ignore"):  # a workbook without a style is none of a reader's concerns
            return _collected(pieces(content))
    except ConnectorError:
        raise
    except ImportError as error:
        raise ConnectorError(f"Reading {mime} needs the package {error.name}, which is not installed.") from error
    except Exception as error:  # whatever a parser raises, it is about this file
        raise InvalidInputError(
            f"The file cannot be read as {mime}: it is damaged, or locked with a password."
        ) from error


def _pieces(mime: str) -> Callable[[bytes], Iterator[str]] | None:
    found = {"application/pdf": _pdf, DOCX: _docx, XLSX: _xlsx, PPTX: _pptx}.get(mime)
    return found or (_plain if is_textual(mime) else None)


def _collected(pieces: Iterator[str]) -> Text:
    kept: list[str] = []
    room, ends = MOST_CHARACTERS, time.monotonic() + MOST_SECONDS
    for piece in pieces:
        kept.append(piece[:room])
        room -= len(piece)
        if room < 0:
            return Text("".join(kept), True, f"Cut after {MOST_CHARACTERS:,} characters; there is more.")
        if time.monotonic() > ends:
            return Text("".join(kept), True, f"Cut after {MOST_SECONDS:.0f} seconds of reading; there is more.")
    text = "".join(kept)
    note = "" if text.strip() else "There is no text in it: it may be empty, or scanned pages, which are pictures."
    return Text(text, False, note)


def _plain(content: bytes) -> Iterator[str]:
    yield content.decode("utf-8-sig", "replace")


def _pdf(content: bytes) -> Iterator[str]:
    from pypdf import PdfReader

    for page in PdfReader(io.BytesIO(content)).pages:
        yield f"{page.extract_text()}\n"


def _docx(content: bytes) -> Iterator[str]:
    from docx import Document
    from docx.table import Table

    for block in Document(_unpackable(content)).iter_inner_content():
        if isinstance(block, Table):
            yield "".join(_csv_line([cell.text for cell in row.cells]) for row in block.rows)
        else:
            yield f"{block.text}\n"


def _xlsx(content: bytes) -> Iterator[str]:
    """Every sheet as CSV, hidden ones too; all names first, so that a text that was cut tells what is missing."""
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    book = load_workbook(_unpackable(content), read_only=True, data_only=True)
    yield f"Sheets: {', '.join(book.sheetnames)}\n"
    for sheet in book.worksheets:
        yield f"\n## {sheet.title}\n"
        for row in sheet.iter_rows(values_only=True):
            yield _csv_line(["" if value is None else str(value) for value in row])


def _pptx(content: bytes) -> Iterator[str]:
    from pptx import Presentation

    for number, slide in enumerate(Presentation(_unpackable(content)).slides, 1):
        yield f"## Slide {number}\n"
        yield from _on_slide(slide.shapes)


def _on_slide(shapes: Any) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):  # a group
            yield from _on_slide(shape.shapes)
        elif shape.has_text_frame:
            yield f"{shape.text_frame.text}\n"
        elif getattr(shape, "has_table", False):
            yield "".join(_csv_line([cell.text for cell in row.cells]) for row in shape.table.rows)


def _csv_line(values: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _unpackable(content: bytes) -> io.BytesIO:
    """The file, once it is sure that unpacking it does not fill the memory."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        if sum(entry.file_size for entry in package.infolist()) > _MOST_UNPACKED:
            raise InvalidInputError(f"The file unpacks to more than {_MOST_UNPACKED // 1024**2} MB, so it is not read.")
    return io.BytesIO(content)


def upload(mime: str, text: str) -> tuple[str, bytes]:
    """The content type and bytes that make a file of this type out of text.

    A presentation has a slide for each part between lines of `---`; the first line of a part is the slide's title.
    Raises InvalidInputError for a type that text cannot be put into without ruining it, and for too much of it.
    """
    if len(text.encode()) > MOST_UPLOADED:
        raise InvalidInputError(f"The content is longer than the {MOST_UPLOADED // 1024**2} MB that are sent at once.")
    if mime == PRESENTATION:
        return PPTX, _deck(text)
    kind = UPLOADS.get(mime, mime)
    if not is_textual(kind):
        raise InvalidInputError(
            f"A file of type {mime} cannot be written as text.",
            hint="Google documents, sheets, slides and text files can be.",
        )
    return kind, text.encode()


def _deck(text: str) -> bytes:
    from pptx import Presentation

    deck = Presentation()
    for part in f"\n{text}\n".split("\n---\n"):
        title, _, body = part.strip().partition("\n")
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        for place, words in zip(slide.placeholders, (title.lstrip("# "), body.strip()), strict=False):
            place.text = words
    target = io.BytesIO()
    deck.save(target)
    return target.getvalue()
