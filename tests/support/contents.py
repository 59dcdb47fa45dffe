"""What is in a file, taken out of its wrapping: a search of the bytes alone finds nothing in what is packed."""

from __future__ import annotations

import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from arro3.io import read_parquet

_SQLITE = b"SQLite format 3\0"
_PARQUET = b"PAR1"


def contents(path: Path) -> Iterator[bytes]:
    """Its bytes as they are, and whatever is packed in them: cells, words of an index, members of an archive."""
    data = path.read_bytes()
    yield data
    if data.startswith(_SQLITE):
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            yield from _cells(database)
    elif data.startswith(_PARQUET):
        table = read_parquet(path).read_all()
        yield repr([table[name].to_pylist() for name in table.schema.names]).encode()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from map(archive.read, archive.namelist())


def _cells(database: sqlite3.Connection) -> Iterator[bytes]:
    for name, made_by in database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall():
        rows = f'SELECT * FROM "{name}"'
        if "USING fts5" in made_by:  # beginnings that its words share are stored once
            database.execute(f"CREATE VIRTUAL TABLE temp.\"v {name}\" USING fts5vocab('main', '{name}', 'row')")
            rows = f'SELECT term FROM "v {name}"'
        yield from (_unpacked(cell) for row in database.execute(rows) for cell in row if cell is not None)


def _unpacked(cell: Any) -> bytes:
    if not isinstance(cell, bytes):
        return str(cell).encode("utf-8", "replace")
    try:
        return zlib.decompress(cell)
    except zlib.error:
        return cell
