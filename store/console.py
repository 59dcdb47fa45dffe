"""Free SQL over one organization's data: read-only, bounded, cancellable."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
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
    scoped = open_scoped(path, organization_id)
    started = time.monotonic()
    try:
        scoped.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        for function in _TABLE_FUNCTIONS:
            scoped.connection.execute(
                f"SELECT 1 FROM {function}('[]')"
            )  # declares itself, which is denied from here on
        scoped.connection.set_authorizer(_authorizer(scoped))
        scoped.connection.set_progress_handler(
            lambda: cancelled() or time.monotonic() - started > seconds, _STEPS_BETWEEN_LOOKS
        )
        cursor = scoped.connection.execute(query)
        rows, truncated = _fetch(cursor, limit)
    except (sqlite3.Error, sqlite3.Warning, UnicodeError) as error:
        raise _sentence(error, scoped, stopped=cancelled()) from error
    finally:
        scoped.connection.close()
    columns = [column[0] for column in cursor.description or ()]
    return Answer(columns, rows, truncated, time.monotonic() - started)


def _fetch(cursor: sqlite3.Cursor, limit: int) -> tuple[list[tuple[Any, ...]], bool]:
    """At most `limit` rows, and no more than fit into memory; whether there are more."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in cursor:
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if len(rows) == limit or size > _LONGEST_ANSWER:
            return rows, True
        rows.append(row)
    return rows, False


def _authorizer(scoped: Scoped) -> Callable[..., int]:
    views = frozenset(scoped.tables)

    def authorize(action: int, first: str | None, second: str | None, schema: str | None, view: str | None) -> int:
        if action in _ALLOWED:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_DENY if second in _DENIED_FUNCTIONS else sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            inside = schema == scoped.secret and first == view
            if first in views and (inside or schema == "temp"):
                return sqlite3.SQLITE_OK
            if first in _TABLE_FUNCTIONS:
                return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

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
    if "one statement" in text:
        return StoreError("invalid_input", "One statement at a time, please.")
    hint = f"There are: {', '.join(sorted(scoped.tables))}." if "no such table" in text else ""
    return StoreError("invalid_input", f"SQL: {text}.", hint=hint)
