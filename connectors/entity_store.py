"""One entity of one connection in the database, as a run fills it: what a commit holds, what the end of a listing does.

A commit is one transaction: rows, known pages, deletes and rejected records, and the checkpoint that covers them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connectors.rows import Batch, refused
from store import runs, upsert
from store.database import Database
from store.rowset import RowSet
from store.rowset import runs as fold
from store.upsert import Applied, Scope

if TYPE_CHECKING:
    import sqlite3


@dataclass
class Pending:
    """What the next commit will hold."""

    batches: list[Batch] = field(default_factory=list)
    pages: list[tuple[str, bytes, list[str] | None]] = field(default_factory=list)
    """Key, digest and the records of a page that was mapped; None where one of them was rejected."""
    hits: list[tuple[int, int]] = field(default_factory=list)
    """First and last row id of runs of rows on pages that did not change."""
    deleted: set[str] = field(default_factory=set)
    rejections: dict[str, runs.Rejection] = field(default_factory=dict)
    cursor: Any = None
    rows: int = 0
    hit_rows: int = 0

    def __bool__(self) -> bool:
        return bool(self.rows or self.hits or self.deleted or self.rejections or self.cursor is not None)

    def add(self, batches: Sequence[Batch], rejections: Sequence[runs.Rejection], count: int) -> list[str]:
        """Add `count` records: the good ones, and what was set aside of them; returns the keys of the good ones."""
        for batch in batches:
            last = self.batches[-1] if self.batches else None
            if last is not None and last.fields == batch.fields:
                last.rows.extend(batch.rows)
            else:
                self.batches.append(Batch(batch.fields, list(batch.rows)))
        source_ids = [row[0] for batch in batches for row in batch.rows]
        if self.deleted or self.rejections:  # the last that is said of a record holds
            good = set(source_ids)
            self.deleted -= good
            self.rejections = {key: value for key, value in self.rejections.items() if key not in good}
        self.rejections.update((rejection.source_id, rejection) for rejection in rejections)
        self.rows += count
        return source_ids

    def add_hit(self, stored: runs.StoredPage) -> int:
        """Add a page that did not change; returns how many rows are on it."""
        rows = sum(last - first + 1 for first, last in stored.runs)
        self.hits.extend((first, last) for first, last in stored.runs)
        self.hit_rows += rows
        return rows


class EntityStore:
    """What a run knows of one entity, and does to it. What takes a `sqlite3.Connection` runs on the writer's thread."""

    def __init__(
        self,
        database: Database,
        scope: Scope,
        entity: str,
        *,
        mode: str,
        since: str | None,
        resume: runs.Checkpoint | None,
        started_at: str,
        checkpoints: bool,
    ) -> None:
        self.started_at = resume.started_at if resume else started_at
        self.is_full = mode == "full"
        self._database = database
        self._scope = replace(scope, events_since=self.started_at) if scope.run_id is not None else scope
        self._entity = entity
        self._mode = mode
        self._since = since
        self._seen = resume.seen if resume else RowSet()
        self._is_resumed = resume is not None
        self._checkpoints = checkpoints
        self._new_from: int | None = None
        self._has_rejections = runs.count_rejected(database, scope.connection_id, entity) > 0

    def known_page(self, key: str, digest: bytes) -> runs.StoredPage | None:
        """A page of the last full listing, where it had these bytes and nothing has touched its rows since."""
        stored = runs.stored_page(self._database, self._scope.connection_id, self._entity, key)
        if stored is None or stored.digest != digest:
            return None
        is_intact = runs.page_is_intact(self._database, self._entity, self._scope.connection_id, stored)
        return stored if is_intact else None

    def commit(self, connection: sqlite3.Connection, pending: Pending) -> dict[str, int]:
        """Store what is pending; returns what that did, which counts once it is committed."""
        scope = self._scope
        stored: dict[str, int] = {}
        rejections = pending.rejections
        applied_batches: list[Applied] = []
        for batch in pending.batches:
            applied = upsert.apply(connection, self._entity, scope, batch.fields, batch.rows)
            applied_batches.append(applied)
            if self._new_from is None:
                self._new_from = applied.new_from
            stored.update(applied.rows)
            rejections.update((refusal.source_id, refusal) for refusal in _refusals(applied, batch))
        self._see(connection, pending, stored)
        self._save_pages(connection, pending, stored)
        deleted = upsert.mark_deleted(connection, self._entity, scope, pending.deleted) if pending.deleted else 0
        self._save_rejections(connection, rejections, stored)
        if pending.cursor is not None and self._checkpoints:
            checkpoint = runs.Checkpoint(self._mode, self.started_at, self._since, pending.cursor, self._seen)
            runs.save_checkpoint(connection, scope.connection_id, self._entity, checkpoint)
        return {
            "inserted": sum(applied.inserted for applied in applied_batches),
            "updated": sum(applied.updated for applied in applied_batches),
            "unchanged": sum(applied.unchanged for applied in applied_batches) + pending.hit_rows,
            "deleted": deleted,
            "rejected": len(rejections),
        }

    def _see(self, connection: sqlite3.Connection, pending: Pending, stored: dict[str, int]) -> None:
        self._seen.add(stored.values())
        if pending.rejections:  # the vendor still has them: a full listing must not mark their rows deleted
            self._seen.add(upsert.row_ids(connection, self._entity, self._scope, pending.rejections))
        for first, last in pending.hits:
            self._seen.add_range(first, last)

    def _save_pages(self, connection: sqlite3.Connection, pending: Pending, stored: dict[str, int]) -> None:
        whole: dict[str, runs.StoredPage] = {}
        broken: list[str] = []
        for key, digest, source_ids in pending.pages:
            if source_ids is None or not all(source_id in stored for source_id in source_ids):
                broken.append(key)
            else:
                rows = fold(stored[source_id] for source_id in source_ids)
                whole[key] = runs.StoredPage(digest, self._scope.run_id or 0, rows)
        runs.save_pages(connection, self._scope.connection_id, self._entity, whole.items())
        # A page with a rejected record is mapped again until all of it is good, whatever it was like before.
        runs.forget_pages(connection, self._scope.connection_id, self._entity, broken)

    def _save_rejections(
        self, connection: sqlite3.Connection, rejections: dict[str, runs.Rejection], stored: dict[str, int]
    ) -> None:
        if rejections:
            runs.reject(connection, self._scope, self._entity, rejections.values())
        if self._has_rejections:
            runs.accept(connection, self._scope.connection_id, self._entity, stored.keys() - rejections.keys())
        self._has_rejections = self._has_rejections or bool(rejections)

    def sweep(self, connection: sqlite3.Connection, *, allow: bool) -> int:
        """Mark the rows that a full listing did not meet as deleted; returns how many. Raises SweepRefusedError."""
        return upsert.sweep(
            connection,
            self._entity,
            self._scope,
            self._seen,
            started_at=self.started_at,
            allow=allow,
            new_from=self._new_from,
        )

    def conclude(
        self, connection: sqlite3.Connection, *, advance: bool, bookmark: Any, page_keys: Iterable[str]
    ) -> None:
        """The entity is complete: move its watermark if `advance`, drop its checkpoint and pages that are no more."""
        if advance:
            runs.set_watermark(connection, self._scope.connection_id, self._entity, self.started_at, bookmark)
        if self._checkpoints:
            runs.clear_checkpoint(connection, self._scope.connection_id, self._entity)
        if self.is_full and not self._is_resumed:
            runs.forget_other_pages(connection, self._scope.connection_id, self._entity, page_keys)


def _refusals(applied: Applied, batch: Batch) -> list[runs.Rejection]:
    """What the database did not take."""
    if not applied.refused:
        return []
    by_id = {row[0]: row for row in batch.rows}
    for source_id, _ in applied.refused:
        applied.rows.pop(source_id, None)
    return [refused(source_id, reason, batch.fields, by_id[source_id]) for source_id, reason in applied.refused]
