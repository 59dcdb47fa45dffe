"""Google-native files in other formats, and uploads that become Google-native files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from revtops_tui.simulators.google_drive import documents
from revtops_tui.simulators.google_drive.account import DOCUMENT, PRESENTATION, SPREADSHEET, Content, File

_OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = f"{_OFFICE}wordprocessingml.document"
XLSX = f"{_OFFICE}spreadsheetml.sheet"
PPTX = f"{_OFFICE}presentationml.presentation"
PDF = "application/pdf"
TEXT = "text/plain"

Export = Callable[[File], bytes]
"""What a Google-native file becomes in another format."""


def _text(file: File) -> str:
    return file.content if isinstance(file.content, str) else ""


def _sheets(file: File) -> documents.Sheets:
    return file.content if isinstance(file.content, list) else [("Sheet1", [])]


def _csv(file: File) -> bytes:
    """The first sheet, and no other: that is what Drive does."""
    return "\r\n".join(",".join(map(_quoted, row)) for row in _sheets(file)[0][1]).encode()


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if any(c in value for c in ',"\n') else value


EXPORTS: dict[str, dict[str, Export]] = {
    DOCUMENT: {
        "text/markdown": lambda file: _text(file).encode(),
        TEXT: lambda file: b"\xef\xbb\xbf" + _text(file).replace("# ", "").encode(),
        PDF: lambda file: documents.pdf(_text(file).splitlines()),
        DOCX: lambda file: documents.docx(_text(file).splitlines()),
    },
    SPREADSHEET: {
        "text/csv": _csv,
        XLSX: lambda file: documents.xlsx(_sheets(file)),
    },
    PRESENTATION: {
        TEXT: lambda file: "\n\n".join(_text(file).split("\f")).encode(),
        PDF: lambda file: documents.pdf(_text(file).replace("\f", "\n").splitlines()),
        PPTX: lambda file: documents.pptx(_text(file).split("\f")),
    },
}
"""Native type -> export type -> how (Google's page "Export MIME types for Google Workspace documents")."""


def imported(mime: str, kind: str, body: bytes) -> Content:
    """What an upload of type `kind` becomes as a native file. Raises ValueError for what Drive does not convert."""
    if mime == DOCUMENT and kind in (TEXT, "text/markdown"):
        return body.decode("utf-8", "replace")
    if mime == SPREADSHEET and kind == "text/csv":
        return [("Sheet1", list(csv.reader(io.StringIO(body.decode("utf-8", "replace")))))]
    if mime == PRESENTATION and kind == PPTX:
        return "\f".join(documents.slide_texts(body))
    raise ValueError(f"{kind} does not become {mime}")
