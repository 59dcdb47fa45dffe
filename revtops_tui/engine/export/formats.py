"""The kinds of file there are, by the ending of a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.export.watching import Options, Watch

Write = Callable[[Watch, BinaryIO, Options], None]


@dataclass(frozen=True)
class Format:
    """A kind of file: the ending of its name, what people call it, and what it is good for."""

    ending: str
    title: str
    good_for: str
    load: Callable[[], Write]
    """Imports what writes it; that is another library for each."""


def _csv() -> Write:
    from revtops_tui.engine.export.text_files import write_csv

    return write_csv


def _json_lines() -> Write:
    from revtops_tui.engine.export.text_files import write_json_lines

    return write_json_lines


def _parquet() -> Write:
    from revtops_tui.engine.export.parquet import write_parquet

    return write_parquet


def _excel() -> Write:
    from revtops_tui.engine.export.excel import write_excel

    return write_excel


FORMATS = {
    one.ending: one
    for one in (
        Format(".csv", "CSV", "programs of every kind", _csv),
        Format(".xlsx", "Excel", "people with a spreadsheet; text stays text", _excel),
        Format(".jsonl", "JSON lines", "scripts; one object a line", _json_lines),
        Format(".parquet", "Parquet", "analysis; small, with types", _parquet),
    )
}


def format_of(path: Path) -> Format:
    """The format that a file's name says. Raises EngineError."""
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        *most, last = FORMATS
        endings = f"{', '.join(most)} or {last}"
        raise EngineError("usage", f"{path.name} does not say what kind of file it is.", hint=f"End it in {endings}.")
    return found
