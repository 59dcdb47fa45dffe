"""Small real files: PDF, Word, Excel and PowerPoint with the standard library, and the text in an uploaded deck.

Byte for byte the same at every call: zip entries carry no date.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Sheets = Sequence[tuple[str, Sequence[Sequence[str]]]]
"""Titles and rows."""

_OPEN_XML = "http://schemas.openxmlformats.org"
_TYPES = f"{_OPEN_XML}/package/2006/content-types"
_RELATIONS = f"{_OPEN_XML}/package/2006/relationships"
_OFFICE = f"{_OPEN_XML}/officeDocument/2006/relationships"
_MAIN_TYPE = "application/vnd.openxmlformats-officedocument"
_SLIDE_TEXT = re.compile(r"<a:t>(.*?)</a:t>", re.DOTALL)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def pdf(lines: Sequence[str]) -> bytes:
    """A page with these lines, in the Latin-1 that PDF's built-in fonts have."""
    shown = "".join(f"({_pdf_text(line)}) Tj T* " for line in lines)
    stream = f"BT /F1 11 Tf 50 780 Td 14 TL {shown}ET".encode("latin-1", "replace")
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page + b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    content, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(content))
    return content + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (size, table, trailer)


def docx(paragraphs: Sequence[str]) -> bytes:
    """A Word document of these paragraphs."""
    body = "".join(f'<w:p><w:r><w:t xml:space="preserve">{_xml(p)}</w:t></w:r></w:p>' for p in paragraphs)
    space = f"{_OPEN_XML}/wordprocessingml/2006/main"
    document = f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
    return _package("word/document.xml", f"{_MAIN_TYPE}.wordprocessingml.document.main+xml", document)


def xlsx(sheets: Sheets) -> bytes:
    """An Excel workbook of these sheets; every value is text."""
    space = f"{_OPEN_XML}/spreadsheetml/2006/main"
    names = "".join(
        f'<sheet name="{_xml(title)}" sheetId="{n}" r:id="rId{n}"/>' for n, (title, _) in enumerate(sheets, 1)
    )
    book = f'<workbook xmlns="{space}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>'
    parts = {}
    for number, (_, rows) in enumerate(sheets, 1):
        lines = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
        parts[f"worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{space}"><sheetData>{lines}</sheetData></worksheet>'
        )
    kind = f"{_MAIN_TYPE}.spreadsheetml"
    return _package("xl/workbook.xml", f"{kind}.sheet.main+xml", book, parts, f"{kind}.worksheet+xml", "worksheet")


def pptx(slides: Sequence[str]) -> bytes:
    """A PowerPoint deck; each slide is one text, its lines paragraphs."""
    space = f"{_OPEN_XML}/presentationml/2006/main"
    drawing = f"{_OPEN_XML}/drawingml/2006/main"
    names = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in range(1, len(slides) + 1))
    deck = f'<p:presentation xmlns:p="{space}" xmlns:r="{_OFFICE}"><p:sldIdLst>{names}</p:sldIdLst></p:presentation>'
    parts = {}
    for number, text in enumerate(slides, 1):
        lines = "".join(f"<a:p><a:r><a:t>{_xml(line)}</a:t></a:r></a:p>" for line in text.split("\n"))
        parts[f"slides/slide{number}.xml"] = (
            f'<p:sld xmlns:p="{space}" xmlns:a="{drawing}"><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/>'
            "<p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/><p:sp><p:nvSpPr>"
            '<p:cNvPr id="2" name="Text"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
            f"<p:txBody><a:bodyPr/>{lines}</p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
        )
    kind = f"{_MAIN_TYPE}.presentationml"
    return _package("ppt/presentation.xml", f"{kind}.presentation.main+xml", deck, parts, f"{kind}.slide+xml", "slide")


def slide_texts(deck: bytes) -> list[str]:
    """What is written on each slide of a PowerPoint file. Raises ValueError for what is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(deck)) as package:
            names = [name for name in package.namelist() if re.fullmatch(r"ppt/slides/slide\d+\.xml", name)]
            names.sort(key=lambda name: int(re.sub(r"\D", "", name)))
            texts = [_SLIDE_TEXT.findall(package.read(name).decode()) for name in names]
    except zipfile.BadZipFile as error:
        raise ValueError("not a PowerPoint file") from error
    return ["\n".join(html.unescape(text) for text in lines) for lines in texts]


def _package(
    main: str, main_type: str, document: str, parts: Mapping[str, str] | None = None, kind: str = "", relation: str = ""
) -> bytes:
    """An Open Packaging archive: the main part, and `parts` beside it that it refers to as rId1, rId2, …"""
    folder, _, name = main.rpartition("/")
    parts = parts or {}
    overrides = "".join(f'<Override PartName="/{folder}/{part}" ContentType="{kind}"/>' for part in parts)
    entries = {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="{main_type}"/>{overrides}</Types>',
        "_rels/.rels": _links({main: "officeDocument"}),
        main: document,
        f"{folder}/_rels/{name}.rels": _links(dict.fromkeys(parts, relation)),
        **{f"{folder}/{part}": text for part, text in parts.items()},
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in entries.items():
            entry = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'
            archive.writestr(zipfile.ZipInfo(path), entry, zipfile.ZIP_DEFLATED, compresslevel=1)
    return target.getvalue()


def _links(targets: Mapping[str, str]) -> str:
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (target, kind) in enumerate(targets.items(), 1)
    )
    return f'<Relationships xmlns="{_RELATIONS}">{links}</Relationships>'


def _cell(value: str) -> str:
    return f'<c t="inlineStr"><is><t xml:space="preserve">{_xml(value)}</t></is></c>'


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub(" ", text), {'"': "&quot;"})


def _pdf_text(text: str) -> str:
    return _NOT_XML.sub(" ", text).replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
