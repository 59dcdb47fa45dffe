"""Finding records of one organization by what people call them: a part of a name, a title or an e-mail address."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from store.errors import StoreError, store_error
from store.scoped import Scoped, open_scoped

SEARCHED = ("name", "title", "subject", "identifier", "email", "domain")
"""The columns that are looked at, of those that an entity has."""

_KEYS = ("id", "connection_id", "source_system", "source_id")
_STEPS_BETWEEN_LOOKS = 20_000


@dataclass(frozen=True)
class Found:
    """A record that was found. `fields`: what it is called, and its address at the vendor where it has one."""

    entity: str
    id: int
    connection_id: int
    source_system: str
    source_id: str
    fields: dict[str, Any]


def entities(path: Path, organization_id: str) -> list[str]:
    """The entities that can be searched."""
    scoped = open_scoped(path, organization_id)
    scoped.connection.close()
    return _searchable(scoped)


def search(
    path: Path,
    organization_id: str,
    text: str,
    *,
    within: Sequence[str] = (),
    limit: int,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[list[Found], bool]:
    """At most `limit` records that contain `text` in any case of its letters, and whether there are more.

    Entities take turns, so that the many of one do not hide the few of another; within one the closest come first.
    `within`: only these entities. Raises StoreError.
    """
    scoped = open_scoped(path, organization_id)
    try:
        scoped.connection.set_progress_handler(cancelled, _STEPS_BETWEEN_LOOKS)
        scoped.connection.create_function("folded", 1, _folded, deterministic=True)
        chosen = within or _searchable(scoped)
        found = [_matches(scoped, entity, text, limit + 1) for entity in chosen]
    except sqlite3.Error as error:
        raise StoreError("cancelled", "The search was cancelled.") if cancelled() else store_error(error) from error
    finally:
        scoped.connection.close()
    in_turns = [one for turn in zip_longest(*found) for one in turn if one is not None]
    return in_turns[:limit], len(in_turns) > limit


def _searchable(scoped: Scoped) -> list[str]:
    return [name for name, columns in scoped.tables.items() if "synced_at" in columns and _searched(columns)]


def _searched(columns: Sequence[str]) -> list[str]:
    return [column for column in SEARCHED if column in columns]


def _matches(scoped: Scoped, entity: str, text: str, limit: int) -> list[Found]:
    columns = scoped.tables[entity]
    searched = _searched(columns)
    shown = [*searched, *(["url"] if "url" in columns else [])]
    where = " OR ".join(_contains(column, text) for column in searched)
    listed = ", ".join(f'"{column}"' for column in (*_KEYS, *shown))
    rows = scoped.connection.execute(
        f'SELECT {listed} FROM "{entity}" WHERE {where} ORDER BY length("{searched[0]}"), id LIMIT {limit:d}',
        {"like": _pattern(text), "folded": text.casefold()},
    )
    return [
        Found(entity, row_id, connection_id, source_system, source_id, dict(zip(shown, values, strict=True)))
        for row_id, connection_id, source_system, source_id, *values in rows
    ]


def _contains(column: str, text: str) -> str:
    # SQLite's LIKE knows the case of ASCII letters only; the other way costs a call of Python for each row.
    return f"\"{column}\" LIKE :like ESCAPE '\\'" if text.isascii() else f'instr(folded("{column}"), :folded) > 0'


def _pattern(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
