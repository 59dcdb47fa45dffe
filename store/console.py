"""Free SQL over one organization's data: read-only, bounded, cancellable."""

from __future__ import annotations

import math
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.errors import StoreError
from store.scoped import Scoped, open_scoped

_LONGEST_VALUE = 50_000_000
_LONGEST_ANSWER = 100_000_000
_STEPS_BETWEEN_LOOKS = 20_000
_TABLE_FUNCTIONS = frozenset({"json_each", "json_tree"})
_DENIED_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"})
_WIDE = re.compile(r"%[^a-zA-Z%]*(\*|\d{5,})")
_MISSING = re.compile(r"no such (?P<kind>column|table): (?:\S+\.)?(?P<name>\S+)")
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE})


@dataclass(frozen=True)
class Answer:
    """Rows of a query; `truncated` says that there are more than were asked for, or than fit into 100 MB."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool
    seconds: float


def run_sql(
    path: Path,
    organization_id: str,
    query: str,
    *,
    limit: int,
    cancelled: Callable[[], bool] = lambda: False,
    seconds: float = 60.0,
) -> Answer:
    """Run one SELECT. Raises StoreError: a mistake in it, something it may not do, cancelled, or out of time."""
    started = time.monotonic()
    with open_query(path, organization_id, query, cancelled=cancelled, seconds=seconds) as asked:
        rows, truncated = _fetch(asked.rows, limit)
        return Answer(asked.columns, rows, truncated, time.monotonic() - started)


@dataclass(frozen=True)
class OpenQuery:
    """A query under way: rows come as they are asked for."""

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]


@contextmanager
def open_query(
    path: Path,
    organization_id: str,
    query: str,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    seconds: float = math.inf,
) -> Iterator[OpenQuery]:
    """Run one SELECT, and hold none of its rows: for answers of any size.

    `cancelled` is asked now and then. Raises StoreError as `run_sql` does, also while rows are read.
    """
    scoped = open_scoped(path, organization_id)
    too_late = time.monotonic() + seconds
    try:
        cursor = _ask(scoped, query, lambda: cancelled() or time.monotonic() > too_late)
        columns = [column[0] for column in cursor.description or ()]
        yield OpenQuery(columns, _without(scoped.secret, cursor))
    except (sqlite3.Error, sqlite3.Warning, UnicodeError) as error:
        raise _sentence(error, scoped, stopped=cancelled()) from error
    finally:
        scoped.connection.close()


def _ask(scoped: Scoped, query: str, stop: Callable[[], bool]) -> sqlite3.Cursor:
    scoped.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    _tame_printf(scoped.connection)
    for function in _TABLE_FUNCTIONS:
        scoped.connection.execute(f"SELECT 1 FROM {function}('[]')")  # declares itself, which is denied from here on
    scoped.connection.set_authorizer(_authorizer(scoped))
    scoped.connection.set_progress_handler(stop, _STEPS_BETWEEN_LOOKS)
    return scoped.connection.execute(query)


def _fetch(found: Iterator[tuple[Any, ...]], limit: int) -> tuple[list[tuple[Any, ...]], bool]:
    """At most `limit` rows, and no more than fit into memory; whether there are more."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in found:
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if len(rows) == limit or size > _LONGEST_ANSWER:
            return rows, True
        rows.append(row)
    return rows, False


def _without(secret: str, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The rows, without the name of the file: a query plan has it."""
    for row in rows:
        if any(isinstance(value, str) and secret in value for value in row):
            yield tuple(v.replace(f"{secret}.", "") if isinstance(v, str) else v for v in row)
        else:
            yield row


def _tame_printf(connection: sqlite3.Connection) -> None:
    """Refuse widths that keep one step of a query busy for half a minute, in which nothing can stop it."""
    plain = sqlite3.connect(":memory:", check_same_thread=False)

    def tame(*arguments: Any) -> Any:
        if arguments and _WIDE.search(str(arguments[0])):
            raise ValueError
        marks = ", ".join("?" * len(arguments))
        return plain.execute(f"SELECT printf({marks})", arguments).fetchone()[0]

    for name in ("printf", "format"):
        connection.create_function(name, -1, tame, deterministic=True)


def _authorizer(scoped: Scoped) -> Callable[..., int]:
    views = frozenset(scoped.tables)

    def authorize(action: int, first: str | None, second: str | None, schema: str | None, view: str | None) -> int:
        if action in _ALLOWED:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_DENY if second in _DENIED_FUNCTIONS else sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            return may_read((first or "").lower(), second, (schema or "").lower(), (view or "").lower())
        return sqlite3.SQLITE_DENY

    def may_read(table: str, column: str | None, schema: str, view: str) -> int:
        inside = schema == scoped.secret and table == view
        seen = table in views and (inside or schema == "temp")
        # Counting the rows of a query's own WITH table names that table, no column and no schema.
        own = not (column or schema or table in scoped.stored or table.startswith("sqlite_"))
        return sqlite3.SQLITE_OK if seen or own or table in _TABLE_FUNCTIONS else sqlite3.SQLITE_DENY

    return authorize


def _sentence(error: Exception, scoped: Scoped, *, stopped: bool) -> StoreError:
    text = str(error).replace(f"{scoped.secret}.", "").replace(scoped.secret, "the file")
    if "interrupted" in text:
        if stopped:
            return StoreError("cancelled", "The query was cancelled.")
        return StoreError("timeout", "The query took too long and was stopped.", hint="Narrow it with WHERE or LIMIT.")
    if "prohibited" in text or "not authorized" in text or "cannot modify" in text:
        tables = ", ".join(sorted(scoped.tables))
        return StoreError("invalid_input", "This SQL only reads.", hint=f"SELECT from: {tables}.")
    if "user-defined function" in text:
        return StoreError("invalid_input", "printf takes no * and no width over 9,999.")
    if "one statement" in text:
        return StoreError("invalid_input", "One statement at a time, please.")
    return StoreError("invalid_input", f"SQL: {text}.", hint=_meant(text, scoped))


def _meant(text: str, scoped: Scoped) -> str:
    """What may have been meant by a name that is not there; for a table, or else all of them."""
    missing = _MISSING.search(text)
    if missing is None:
        return ""
    from difflib import get_close_matches

    is_table = missing["kind"] == "table"
    known = set(scoped.tables) if is_table else {name for columns in scoped.tables.values() for name in columns}
    if close := get_close_matches(missing["name"].lower(), sorted(known)):
        return f"Did you mean {' or '.join(close)}?"
    return f"There are: {', '.join(sorted(known))}." if is_table else ""
