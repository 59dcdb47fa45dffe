"""One round of bringing the index up to date: what was written since is found by the bookkeeping of the rows.

Rows are taken over in small transactions, each with how far it has come: a process that is killed loses one of them.
Whether a hit is still there is not asked here but where it is shown.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from store.search.index import Seen, Shape, State, mark_of, open_index, save_state, shapes, states

_CHUNK = 10_000
_STEPS_BETWEEN_LOOKS = 20_000
_STAMP = "max(synced_at, coalesce(deleted_at, ''))"
"""When a row was changed last."""


@dataclass(frozen=True)
class Standing:
    """How much of what there is has been indexed, in rows."""

    done: int
    total: int

    @property
    def complete(self) -> bool:
        """Whether everything can be found that was there at the last look."""
        return self.done >= self.total


Told = Callable[[Standing], object]


def last_id(connection: sqlite3.Connection, table: str) -> int:
    """The largest id of a table, 0 for an empty one."""
    (last,) = connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
    return int(last)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


class Round:
    """One round, by the one that holds the lock."""

    def __init__(
        self, path: Path, organization_id: str, index: Path, told: Told, cancelled: Callable[[], bool]
    ) -> None:
        self._path, self._whose, self._index = path, organization_id, index
        self._told, self._cancelled = told, cancelled
        self._done = self._total = 0

    def run(self) -> None:
        """Every entity, those that are new, and those that are gone."""
        mark = mark_of(self._path)
        known = shapes(self._path)
        with closing(open_index(self._index)) as self._to:
            self._to.set_progress_handler(self._cancelled, _STEPS_BETWEEN_LOOKS)
            self._to.execute("ATTACH ? AS records", (f"{self._path.absolute().as_uri()}?mode=ro",))
            self._to.execute("CREATE TEMP TABLE changed (id INTEGER PRIMARY KEY, stamp TEXT, run INTEGER)")
            have = states(self._to)
            for entity in have.keys() - known.keys():
                self._drop(entity, have[entity])
            ready = {entity: self._ready(shape, have.get(entity)) for entity, shape in known.items()}
            last = {entity: last_id(self._to, f'records."{entity}"') for entity in known}
            self._done = sum(min(ready[entity].built_to, last[entity]) for entity in known)
            self._total = sum(last.values())
            for entity, shape in known.items():
                self._bring(shape, ready[entity])
            with _transaction(self._to):
                self._to.execute("DELETE FROM seen")
                self._to.execute("INSERT INTO seen VALUES (?)", (mark,))

    # -- what is known of an entity

    def _ready(self, shape: Shape, state: State | None) -> State:
        """How far it is; from the start where its columns, or the database itself, are not those of the last time."""
        if state is not None:
            if state.signature == shape.signature and self._goes_on(shape, state.seen):
                return state
            self._drop(shape.entity, state)
        (number,) = self._to.execute("SELECT coalesce(max(number), 0) + 1 FROM entities").fetchone()
        state = State(number, shape.signature)
        with _transaction(self._to):
            self._to.execute(
                f"CREATE VIRTUAL TABLE {state.table} USING fts5(head, also, body, prefix='1 2 3', "
                "tokenize='unicode61 remove_diacritics 0')"
            )
            save_state(self._to, shape.entity, state)
        return state

    def _goes_on(self, shape: Shape, seen: Seen) -> bool:
        """Whether the row that was changed last is there, as it was or newer: not so where a copy was restored."""
        if not seen.newest:
            return True
        row = self._to.execute(f'SELECT {_STAMP} FROM records."{shape.entity}" WHERE id = ?', (seen.newest,)).fetchone()
        return row is not None and str(row[0]) >= seen.until

    def _drop(self, entity: str, state: State) -> None:
        with _transaction(self._to):
            self._to.execute(f"DROP TABLE {state.table}")
            self._to.execute("DELETE FROM entities WHERE entity = ?", (entity,))

    # -- taking rows over

    def _bring(self, shape: Shape, state: State) -> None:
        """First the changes are listed: what changes after that is newer than the list, and left to the next time."""
        old = state.built_to
        records = f'records."{shape.entity}"'
        with _transaction(self._to):
            added = self._count(f"SELECT count(*) FROM {records} WHERE id > ? AND organization_id = ?", state.seen.top)
            seen = self._listed(records, state.seen) if old else self._first_seen(records)
        self._take_new(shape, replace(state, seen=state.seen if old else seen))
        self._take_changed(shape, state.table, old)
        with _transaction(self._to):
            if old and seen.rows != state.seen.rows + added:  # rows went away with their connection
                self._to.execute(
                    f"DELETE FROM {state.table} WHERE rowid NOT IN "
                    f"(SELECT id FROM {records} WHERE organization_id = ? AND deleted_at IS NULL)",
                    (self._whose,),
                )
            built_to = states(self._to)[shape.entity].built_to
            save_state(self._to, shape.entity, replace(state, built_to=built_to, seen=seen))

    def _count(self, query: str, *values: object) -> int:
        (count,) = self._to.execute(query, (*values, self._whose)).fetchone()
        return int(count)

    def _first_seen(self, records: str) -> Seen:
        newest = self._to.execute(
            f"SELECT max({_STAMP}), id FROM {records} WHERE organization_id = ?", (self._whose,)
        ).fetchone()
        run = self._count(f"SELECT coalesce(max(run_id), 0) FROM {records} WHERE organization_id = ?")
        return self._seen(records, newest, run)

    def _listed(self, records: str, before: Seen) -> Seen:
        """List in `changed` what was changed since; the run tells it, too, where the clock was put back."""
        self._to.execute("DELETE FROM changed")
        self._to.execute(
            f"INSERT INTO changed SELECT id, {_STAMP}, run_id FROM {records} WHERE organization_id = ? "
            "AND (synced_at > ? OR deleted_at > ? OR run_id > ?)",
            (self._whose, before.until, before.until, before.run),
        )
        until, newest = self._to.execute("SELECT max(stamp), id FROM changed").fetchone()
        (run,) = self._to.execute("SELECT max(run) FROM changed").fetchone()
        if until is None or until < before.until:
            until, newest = before.until, before.newest
        return self._seen(records, (until, newest), max(run or 0, before.run))

    def _seen(self, records: str, newest: tuple[str | None, int | None], run: int) -> Seen:
        rows = self._count(
            f"SELECT count(*) FROM {records} WHERE connection_id IN "
            "(SELECT id FROM records.connections WHERE organization_id = ?)"
        )
        return Seen(newest[0] or "", newest[1] or 0, run, last_id(self._to, records), rows)

    def _take_new(self, shape: Shape, state: State) -> None:
        """Rows behind those that are indexed. Each transaction says how far it came, so that the next one goes on."""
        records = f'records."{shape.entity}"'
        while True:
            (end,) = self._to.execute(
                f"SELECT max(id) FROM (SELECT id FROM {records} WHERE id > ? ORDER BY id LIMIT {_CHUNK:d})",
                (state.built_to,),
            ).fetchone()
            if end is None:
                return
            with _transaction(self._to):
                self._insert(shape, state.table, "id > ? AND id <= ?", state.built_to, end)
                save_state(self._to, shape.entity, replace(state, built_to=end))
            self._progress(end - state.built_to)
            state = replace(state, built_to=end)

    def _take_changed(self, shape: Shape, table: str, old: int) -> None:
        """Rows that were indexed before; those that are new by now are as they should be."""
        end = 0
        self._total += self._changed(old)
        while True:
            start = end
            (end, rows) = self._to.execute(
                "SELECT max(id), count(*) FROM "
                f"(SELECT id FROM changed WHERE id > ? AND id <= ? ORDER BY id LIMIT {_CHUNK:d})",
                (start, old),
            ).fetchone()
            if end is None:
                return
            chosen = "IN (SELECT id FROM changed WHERE id > ? AND id <= ?)"
            with _transaction(self._to):
                self._to.execute(f"DELETE FROM {table} WHERE rowid {chosen}", (start, end))
                self._insert(shape, table, f"id {chosen}", start, end)
            self._progress(rows)

    def _changed(self, old: int) -> int:
        (count,) = self._to.execute("SELECT count(*) FROM changed WHERE id <= ?", (old,)).fetchone()
        return int(count)

    def _insert(self, shape: Shape, table: str, where: str, start: int, end: int) -> None:
        self._to.execute(
            f'INSERT INTO {table}(rowid, head, also, body) SELECT id, {shape.texts} FROM records."{shape.entity}" '
            f"WHERE {where} AND organization_id = ? AND deleted_at IS NULL",
            (start, end, self._whose),
        )

    def _progress(self, rows: int) -> None:
        self._done += rows
        self._told(Standing(self._done, max(self._done, self._total)))
