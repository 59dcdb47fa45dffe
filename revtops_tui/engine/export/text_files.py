"""CSV and JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, BinaryIO

import orjson

from revtops_tui.engine.export.values import SIMPLE, text_of
from revtops_tui.engine.export.watching import Options, Watch

_BOM = "\ufeff"


def write_csv(watch: Watch, file: BinaryIO, options: Options) -> None:
    """RFC 4180 in UTF-8: a line of names, CRLF, nothing between two commas for what is not there."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="", write_through=False)
    if options.bom:
        text.write(_BOM)
    writer = csv.writer(text)
    with watch.rows() as (columns, chunks):
        writer.writerow(columns)
        for chunk in chunks:
            writer.writerows([[v if type(v) in SIMPLE else text_of(v) for v in row] for row in chunk])
    text.flush()
    text.detach()


def write_json_lines(watch: Watch, file: BinaryIO, _options: Options) -> None:
    """One object a line, in UTF-8; lists and objects stay what they are."""
    with watch.rows() as (columns, chunks):
        file.writelines(b"".join([_line(columns, row) for row in chunk]) for chunk in chunks)


def _line(columns: Sequence[str], row: Sequence[Any]) -> bytes:
    document = dict(zip(columns, row, strict=True))
    try:
        return orjson.dumps(document, text_of, orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # half a character, or an integer of more than 64 bits: slower, and it can
        return json.dumps(document, default=text_of).encode() + b"\n"
