"""The search index: a file of its own beside the database, one for each organization.

All of it is derived, so it can be deleted at any time, and is made again by whoever searches next. An organization's
file holds nothing of another's: neither hits nor what is frequent can come from there.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import time_ns

from store.connections import entity_tables
from store.database import connect
from store.home import make_private
from store.search.text import folded

_FORMAT = 1
"""Of the file; one of another format is made anew."""

FOLDER = "search"
_CACHE_KIB = 32 * 1024
_STATE = 'entity, number, signature, built_to, until, newest, run, top, "rows"'
_BUSY_SECONDS = 15
_RECENT_NS = 2_000_000_000

_HEADS = ("identifier", "name", "title", "subject")
_ALSO = ("email", "domain", "phone", "key", "title")
_BODY = ("description",)
LONGEST = {"head": 300, "also": 300, "body": 600}
"""Characters of each part that are indexed: the beginning of a description says what it is about."""

SHOWN = ("name", "title", "subject", "identifier", "email", "domain")
"""What a hit says of its record."""
SEARCHED = (*SHOWN, "phone", "key", "description")
"""The columns that are searched, of those that an entity has."""
_BOOKKEEPING = frozenset(
    {"id", "connection_id", "run_id", "deleted_at", "synced_at", "organization_id", "source_system", "source_id"}
)
_NO_WORDS = ("_id", "_ids", "_at", "_date", "url", "_link", "custom_fields")


@dataclass(frozen=True)
class Shape:
    """Which columns of an entity are searched: what it is called, what else names it, and what it is about."""

    entity: str
    head: tuple[str, ...]
    also: tuple[str, ...] = ()
    body: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        """Changes when a connector widens its table by a column that is searched."""
        return json.dumps([self.head, self.also, self.body])

    @property
    def texts(self) -> str:
        """The three parts as expressions over a row."""
        return ", ".join(
            f"words({_joined(columns, LONGEST[part])})"
            for part, columns in (("head", self.head), ("also", self.also), ("body", self.body))
        )


def _joined(columns: Sequence[str], longest: int) -> str:
    parts = " || ' ' || ".join(f"coalesce(substr(\"{column}\", 1, {longest:d}), '')" for column in columns)
    return parts or "NULL"


def shape_of(entity: str, columns: Sequence[tuple[str, str]]) -> Shape | None:
    """What of an entity is searched, from the names and types of its columns; None where nothing of it is text.

    An entity of a drop-in connector may have none of the names that are known here: then it is all of its own text.
    """
    names = {name for name, _ in columns}
    head = ("name",) if "name" in names else tuple(name for name in _HEADS if name in names)
    if not head:
        head = tuple(name for name, kind in columns if _is_text(name, kind))[:3]
    if not head:
        return None
    also = tuple(name for name in (*_HEADS, *_ALSO) if name in names and name not in head)
    return Shape(entity, head, tuple(dict.fromkeys(also)), tuple(name for name in _BODY if name in names - set(head)))


def _is_text(name: str, kind: str) -> bool:
    return (
        name not in _BOOKKEEPING and not name.endswith(_NO_WORDS) and ("CHAR" in kind.upper() or "TEXT" in kind.upper())
    )


def shapes(path: Path) -> dict[str, Shape]:
    """The entities of a database that can be searched."""
    with closing(connect(path, read_only=True)) as reader:
        found = (
            shape_of(entity, [(row[1], row[2]) for row in reader.execute(f'PRAGMA table_info("{entity}")')])
            for entity in entity_tables(reader)
        )
        return {shape.entity: shape for shape in found if shape is not None}


@dataclass(frozen=True)
class Seen:
    """What there was of an entity at one moment: the time of the last change and the row that was changed then, the
    last sync run that changed something, the largest id, and how many rows, deleted ones counted.
    """

    until: str = ""
    newest: int = 0
    run: int = 0
    top: int = 0
    rows: int = 0


@dataclass(frozen=True)
class State:
    """How far an entity is indexed: rows up to the id `built_to`, and whatever was changed until `seen`.

    `number` names the entity's table.
    """

    number: int
    signature: str
    built_to: int = 0
    seen: Seen = Seen()

    @property
    def table(self) -> str:
        """The table with the entity's words."""
        return f"words_{self.number:d}"


def index_path(path: Path, organization_id: str) -> Path:
    """Where an organization's index is, for the database at `path`. Its id may be any text, so its hash names it."""
    return path.parent / FOLDER / f"{hashlib.sha256(organization_id.encode()).hexdigest()[:24]}.db"


def open_index(index: Path) -> sqlite3.Connection:
    """The index, to be written: made where there is none, made anew where it is of another format."""
    make_private(index.parent)
    if index.exists():
        connection = _opened(index, "rw")
        if connection.execute("PRAGMA user_version").fetchone() == (_FORMAT,):
            return connection
        connection.close()
        forget(index)
    os.close(os.open(index, os.O_CREAT | os.O_RDWR, 0o600))
    connection = _opened(index, "rw")
    connection.executescript(
        f"""
        PRAGMA journal_mode=WAL;
        BEGIN IMMEDIATE;
        CREATE TABLE entities (
            entity TEXT PRIMARY KEY, number INTEGER, signature TEXT, built_to INTEGER, until TEXT, newest INTEGER,
            run INTEGER, top INTEGER, "rows" INTEGER
        );
        CREATE TABLE seen (mark TEXT);
        PRAGMA user_version={_FORMAT:d};
        COMMIT;
        """
    )
    return connection


def read_index(index: Path) -> sqlite3.Connection | None:
    """The index, to be read; None where there is none, or one that cannot be used."""
    if not index.exists():
        return None
    try:
        connection = _opened(index, "ro")
        if connection.execute("PRAGMA user_version").fetchone() == (_FORMAT,):
            return connection
        connection.close()
    except sqlite3.Error:
        pass
    return None


def _opened(index: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{index.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        connection.execute("PRAGMA synchronous=NORMAL")
    except sqlite3.Error:
        connection.close()
        raise
    connection.create_function("words", 1, _words, deterministic=True)
    return connection


def _words(value: object) -> str | None:
    return folded(value) or None if isinstance(value, str) else None


def forget(index: Path) -> None:
    """Delete the index. Who has it open goes on reading the old one."""
    for file in (index, index.with_name(f"{index.name}-wal"), index.with_name(f"{index.name}-shm")):
        file.unlink(missing_ok=True)


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether a file is not what it should be; an index is then made anew."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def states(connection: sqlite3.Connection) -> dict[str, State]:
    """How far each entity is indexed."""
    rows = connection.execute(f"SELECT {_STATE} FROM entities")
    return {entity: State(number, signature, to, Seen(*seen)) for entity, number, signature, to, *seen in rows}


def save_state(connection: sqlite3.Connection, entity: str, state: State) -> None:
    """Note how far an entity is."""
    values = (entity, state.number, state.signature, state.built_to, *vars(state.seen).values())
    connection.execute(f"INSERT OR REPLACE INTO entities({_STATE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def mark_of(path: Path) -> str:
    """What changes whenever something is committed to the database at `path`: the sizes and times of its files.

    Empty while a change is so recent that the clock of the files might not tell it from the next one.
    """
    parts: list[tuple[int, int]] = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        told = file.stat() if file.exists() else None
        parts.append((told.st_size, told.st_mtime_ns) if told and told.st_size else (0, 0))
    return "" if time_ns() - max(when for _, when in parts) < _RECENT_NS else json.dumps(parts)
