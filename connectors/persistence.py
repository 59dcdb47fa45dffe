"""Records -> store: batches, bad ones set aside, checkpoints committed with the rows they cover."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.errors import ConnectorError
from connectors.masking import masked_batches, masked_rejections, quotes
from connectors.models import ENTITY_RECORDS, Record, entity_name
from connectors.redaction import SHORTEST_IN_DATA, Redactor
from connectors.rows import Batch, refused, shape_of
from connectors.stream import Bookmark, Checkpoint, Deleted, Expect, Item, Page
from store import runs, upsert
from store.clock import now_text
from store.database import Database
from store.rowset import RowSet
from store.rowset import runs as fold
from store.upsert import Applied, Scope

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

COMMIT_SECONDS = 0.5
COMMIT_ROWS = 5_000
"""A commit comes after this time or this many rows: small ones are ruinous for a large table."""
_TICK = 0.05

_PORTION = 50
_PORTIONS_A_TURN = 10


@dataclass
class EntityCounts:
    """What a run did to one entity so far. `expected` is the vendor's own total where it says one."""

    fetched: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: int = 0
    expected: int | None = None

    def report(self) -> dict[str, int]:
        """The counts that a run reports."""
        names = ("inserted", "updated", "unchanged", "deleted", "rejected")
        return {name: getattr(self, name) for name in names}

    def add(self, stored: dict[str, int]) -> None:
        """Count what a commit did."""
        for name, count in stored.items():
            setattr(self, name, getattr(self, name) + count)


@dataclass
class _Pending:
    """What the next commit will hold."""

    batches: list[Batch] = field(default_factory=list)
    pages: list[tuple[str, bytes, list[str] | None]] = field(default_factory=list)
    hits: list[tuple[int, int]] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    rejections: dict[str, runs.Rejection] = field(default_factory=dict)
    cursor: Any = None
    rows: int = 0
    hit_rows: int = 0

    def __bool__(self) -> bool:
        return bool(self.rows or self.hits or self.deleted or self.rejections or self.cursor is not None)


@dataclass
class _Taken:
    """The valid records of an item; `whole` when none of them was set aside."""

    source_ids: list[str]
    whole: bool = True


class EntityWriter:
    """Takes what a sync of one entity yields, and commits it twice a second or more while the next page is fetched.

    Args:
        mode: "full" or "incremental"; only a full listing compares pages and knows what is gone.
        resume: the checkpoint this sync goes on from, if any.
        started_at: when fetching began, where that was before this writer was made; now by default.
        salt: changes when the connector's code does, so that pages it mapped differently are mapped again.
        checkpoints: False leaves alone what an unfinished run left: this one began where its user chose, and a later
            run that went on from there would miss what lies before.
        keep: False for a dry run: everything is done and counted, then rolled back.
        secrets: what must not be stored, wherever a vendor quotes it.
    """

    def __init__(
        self,
        database: Database,
        scope: Scope,
        entity: str,
        record: type[Record],
        *,
        mode: str = "incremental",
        since: str | None = None,
        resume: runs.Checkpoint | None = None,
        started_at: str | None = None,
        salt: bytes = b"",
        checkpoints: bool = True,
        keep: bool = True,
        secrets: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.entity = entity
        self.counts = EntityCounts()
        self.started_at = resume.started_at if resume else started_at or now_text()
        self._database = database
        self._scope = replace(scope, events_since=self.started_at) if scope.run_id is not None else scope
        self._shape = shape_of(record)
        self._mode = mode
        self._since = since
        self._seen = resume.seen if resume else RowSet()
        self._resumed = resume is not None
        self._page_keys: set[str] = set()
        self._new_from: int | None = None
        self._salt = salt
        self._checkpoints = checkpoints
        self._bookmark: Any = None
        self._keep = keep
        self._redactor = Redactor(secrets, shortest=SHORTEST_IN_DATA)
        self._pending = _Pending()
        self._commit: asyncio.Future[dict[str, int]] | None = None
        self._committed_at = time.monotonic()
        self._has_clock = False
        self._taking = 0  # how many items are half taken: no commit may come between a page's rows and its cursor
        self._has_rejections = runs.count_rejected(database, scope.connection_id, entity) > 0

    # -- what a stream yields ------------------------------------------------------------------------------------

    async def take(self, item: Any) -> int:
        """Take one item of a stream, and commit when it is time; returns how many of its records are valid."""
        self._taking += 1
        try:
            taken = await self._sort_in(item)
        finally:
            self._taking -= 1
        if self._commit is not None and self._commit.done():
            await self._settle()  # counts it, or raises its error
        if self._is_full() or (not self._has_clock and self._is_time()):
            await self.commit()
        return taken

    async def _sort_in(self, item: Any) -> int:
        match item:
            case Page():
                return await self._take_page(item)
            case Checkpoint():
                self._take_cursor(item.cursor)
            case Deleted():
                self._pending.deleted.update(map(str, item.source_ids))
            case Bookmark():
                self._bookmark = None if quotes(item.value, self._redactor) else item.value
            case Expect():
                self.counts.expected = item.total
            case Record() | Mapping():
                return len((await self._take_records([item])).source_ids)
            case Iterable() if not isinstance(item, str | bytes):
                return len((await self._take_records(item)).source_ids)
            case _:
                what = f"sync_{self.entity} yielded {type(item).__name__}"
                raise ConnectorError(f"{what}: neither a record, a list of records nor a checkpoint.")
        return 0

    async def _take_records(self, items: Iterable[Item]) -> _Taken:
        """Buffer records.

        In small portions: what one step has just made is still in the processor's cache when the next one reads it.
        And with a turn of the event loop now and then, so that the next request is not kept waiting for this page; more
        often than that, and reading its answer in small pieces costs a fifth of the whole.
        """
        taken = _Taken([])
        left = iter(items)
        portions = 0
        while portion := list(islice(left, _PORTION)):
            self._take_portion(portion, taken)
            portions += 1
            if portions % _PORTIONS_A_TURN == 0:
                await asyncio.sleep(0)
        return taken

    def _take_portion(self, items: Sequence[Item], taken: _Taken) -> None:
        valid, invalid = self._shape.rows(items)
        batches, rejections = masked_batches(valid, self._redactor), masked_rejections(invalid, self._redactor)
        pending = self._pending
        for batch in batches:
            last = pending.batches[-1] if pending.batches else None
            if last is not None and last.fields == batch.fields:
                last.rows.extend(batch.rows)
            else:
                pending.batches.append(Batch(batch.fields, list(batch.rows)))
        source_ids = [row[0] for batch in batches for row in batch.rows]
        if pending.deleted or pending.rejections:  # the last that is said of a record holds
            good = set(source_ids)
            pending.deleted -= good
            pending.rejections = {key: value for key, value in pending.rejections.items() if key not in good}
        pending.rejections.update((rejection.source_id, rejection) for rejection in rejections)
        pending.rows += len(items)
        self.counts.fetched += len(items)
        taken.source_ids += source_ids
        taken.whole = taken.whole and not rejections

    async def _take_page(self, page: Page) -> int:
        rows = 0
        if self._mode != "full":
            rows = len((await self._take_records(page.records())).source_ids)
        else:
            digest = self._digest(page)
            self._page_keys.add(page.key)
            stored = runs.stored_page(self._database, self._scope.connection_id, self.entity, page.key)
            if stored and stored.digest == digest and self._intact(stored):
                rows = self._take_hit(stored)
            else:
                taken = await self._take_records(page.records())
                rows = len(taken.source_ids)
                self._pending.pages.append((page.key, digest, taken.source_ids if taken.whole else None))
        if page.cursor is not None:
            self._take_cursor(page.cursor)
        return rows

    def _take_cursor(self, cursor: Any) -> None:
        """With a secret in it, such as the address of a next page, it would be useless masked: it is not kept."""
        if not quotes(cursor, self._redactor):
            self._pending.cursor = cursor

    def _take_hit(self, stored: runs.StoredPage) -> int:
        rows = sum(last - first + 1 for first, last in stored.runs)
        self._pending.hits.extend((first, last) for first, last in stored.runs)
        self._pending.hit_rows += rows
        self.counts.fetched += rows
        return rows

    def _intact(self, stored: runs.StoredPage) -> bool:
        return runs.page_is_intact(self._database, self.entity, self._scope.connection_id, stored)

    def _digest(self, page: Page) -> bytes:
        digest = sha256(self._salt)  # for which processors have instructions: the cheapest there is
        for part in page.content:
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.digest()

    # -- committing ----------------------------------------------------------------------------------------------

    async def commit(self) -> None:
        """Hand what is pending to the writer; waits only for the commit before this one."""
        self._committed_at = time.monotonic()
        await self._settle()
        pending, self._pending = self._pending, _Pending()
        if pending:
            job = self._database.writer.submit(lambda connection: self._store(connection, pending), keep=self._keep)
            self._commit = asyncio.wrap_future(job)

    @asynccontextmanager
    async def on_time(self) -> AsyncIterator[None]:
        """Commit in time by a clock: also while no item comes, since a vendor may let its clients wait for a minute,
        and never between records and the checkpoint that is yielded right behind them.
        """
        self._has_clock = True
        clock = asyncio.create_task(self._commit_on_time())
        try:
            yield
        finally:
            self._has_clock = False
            clock.cancel()
            await asyncio.gather(clock, return_exceptions=True)  # a failed commit is met again by the next one

    async def _commit_on_time(self) -> None:
        while True:
            await asyncio.sleep(max(_TICK, self._committed_at + COMMIT_SECONDS - time.monotonic()))
            if self._is_time():
                await self.commit()

    def _is_time(self) -> bool:
        due = time.monotonic() - self._committed_at >= COMMIT_SECONDS
        return due and bool(self._pending) and not self._taking

    def _is_full(self) -> bool:
        return self._pending.rows >= COMMIT_ROWS and not self._taking

    async def flush(self) -> None:
        """Commit everything that was taken, and wait for it."""
        await self.commit()
        await self._settle()

    async def finish(self, *, sweep: bool = True, advance: bool = True, allow_deletes: bool = False) -> None:
        """The entity is complete: sweep what a full listing did not meet, move the watermark, drop the checkpoint.

        Raises SweepRefusedError, with everything else done, when too much would be marked deleted.
        """
        await self.flush()
        refusal: upsert.SweepRefusedError | None = None
        if sweep and self._mode == "full":
            try:
                gone = await self._run(lambda connection: self._sweep(connection, allow=allow_deletes))
                self.counts.add({"deleted": gone})
            except upsert.SweepRefusedError as error:
                refusal = error
        await self._run(lambda connection: self._conclude(connection, advance=advance))
        if refusal:
            raise refusal

    async def _settle(self) -> None:
        while (commit := self._commit) is not None:
            # Shielded and kept until it is done: were it cancelled or failed, and forgotten, a later commit would move
            # the checkpoint past rows that were never stored. Of several tasks that wait, the first may begin another.
            stored = await asyncio.shield(commit)
            if self._commit is commit:
                self._commit = None
                self.counts.add(stored)

    async def _run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.wrap_future(self._database.writer.submit(job, keep=self._keep))

    def _sweep(self, connection: sqlite3.Connection, *, allow: bool) -> int:
        return upsert.sweep(
            connection,
            self.entity,
            self._scope,
            self._seen,
            started_at=self.started_at,
            allow=allow,
            new_from=self._new_from,
        )

    def _conclude(self, connection: sqlite3.Connection, *, advance: bool) -> None:
        if advance:
            runs.set_watermark(connection, self._scope.connection_id, self.entity, self.started_at, self._bookmark)
        if self._checkpoints:
            runs.clear_checkpoint(connection, self._scope.connection_id, self.entity)
        if self._mode == "full" and not self._resumed:
            runs.forget_other_pages(connection, self._scope.connection_id, self.entity, self._page_keys)

    def _store(self, connection: sqlite3.Connection, pending: _Pending) -> dict[str, int]:
        """One commit, on the writer's thread; returns what it did, which counts once it is committed."""
        scope = self._scope
        stored: dict[str, int] = {}
        rejections = pending.rejections
        applied_batches: list[Applied] = []
        for batch in pending.batches:
            applied = upsert.apply(connection, self.entity, scope, batch.fields, batch.rows)
            applied_batches.append(applied)
            if self._new_from is None:
                self._new_from = applied.new_from
            stored.update(applied.rows)
            rejections.update((refusal.source_id, refusal) for refusal in _refusals(applied, batch))
        self._seen.add(stored.values())
        if rejections:  # the vendor still has them: a full listing must not mark their rows deleted
            self._seen.add(upsert.row_ids(connection, self.entity, scope, rejections))
        for first, last in pending.hits:
            self._seen.add_range(first, last)
        self._save_pages(connection, pending, stored)
        deleted = upsert.mark_deleted(connection, self.entity, scope, pending.deleted) if pending.deleted else 0
        if rejections:
            runs.reject(connection, scope, self.entity, rejections.values())
        if self._has_rejections:
            runs.accept(connection, scope.connection_id, self.entity, stored.keys() - rejections.keys())
        self._has_rejections = self._has_rejections or bool(rejections)
        if pending.cursor is not None and self._checkpoints:
            checkpoint = runs.Checkpoint(self._mode, self.started_at, self._since, pending.cursor, self._seen)
            runs.save_checkpoint(connection, scope.connection_id, self.entity, checkpoint)
        return {
            "inserted": sum(applied.inserted for applied in applied_batches),
            "updated": sum(applied.updated for applied in applied_batches),
            "unchanged": sum(applied.unchanged for applied in applied_batches) + pending.hit_rows,
            "deleted": deleted,
            "rejected": len(rejections),
        }

    def _save_pages(self, connection: sqlite3.Connection, pending: _Pending, stored: dict[str, int]) -> None:
        whole: dict[str, runs.StoredPage] = {}
        broken: list[str] = []
        for key, digest, source_ids in pending.pages:
            if source_ids is None or not all(source_id in stored for source_id in source_ids):
                broken.append(key)
            else:
                rows = fold(stored[source_id] for source_id in source_ids)
                whole[key] = runs.StoredPage(digest, self._scope.run_id or 0, rows)
        runs.save_pages(connection, self._scope.connection_id, self.entity, whole.items())
        # A page with a rejected record is mapped again until all of it is good, whatever it was like before.
        runs.forget_pages(connection, self._scope.connection_id, self.entity, broken)


def _refusals(applied: Applied, batch: Batch) -> list[runs.Rejection]:
    if not applied.refused:
        return []
    by_id = {row[0]: row for row in batch.rows}
    for source_id, _ in applied.refused:
        applied.rows.pop(source_id, None)
    return [refused(source_id, reason, batch.fields, by_id[source_id]) for source_id, reason in applied.refused]


# -- the guide's function ------------------------------------------------------------------------------------------

current_sink: ContextVar[Any] = ContextVar("current_sink", default=None)
"""The sync run that this task works for, if any."""


async def persist_records(organization_id: str, entity: str, records: Sequence[Item], source_system: str) -> int:
    """Store records of one entity; returns how many were stored.

    Inside a sync run, or while an event is handled, they are part of it. Elsewhere they go to the organization's own
    connection for that `source_system`, found or made. A bad record is set aside alone. `entity` is the table's name or
    the guide's short one. Raises ConnectorError for an entity that does not exist.
    """
    return await _hand_over(organization_id, entity, records, source_system)


async def delete_records(organization_id: str, entity: str, source_ids: Sequence[str], source_system: str) -> None:
    """Mark records as deleted at the vendor; see `persist_records`, whose counterpart it is."""
    await _hand_over(organization_id, entity, Deleted(source_ids), source_system)


async def _hand_over(organization_id: str, entity: str, what: Sequence[Item] | Deleted, source_system: str) -> int:
    sink = current_sink.get()
    if sink is not None:
        return int(await sink.store_records(entity, what))
    from store.connections import ensure_connection
    from store.home import data_dir

    record = _record_of(entity)
    with Database.open(data_dir()) as database:
        connection = ensure_connection(database, organization_id, source_system)
        scope = Scope(connection.id, organization_id, source_system)
        return await store_now(database, scope, entity, what, record)


async def store_now(
    database: Database,
    scope: Scope,
    entity: str,
    what: Sequence[Item] | Deleted,
    record: type[Record] | None = None,
    *,
    secrets: Callable[[], Iterable[str]] = tuple,
) -> int:
    """Store records, or mark what is gone, outside of a sync run; returns how many records were stored.

    Raises ConnectorError for an entity that does not exist.
    """
    writer = EntityWriter(database, scope, entity_name(entity), record or _record_of(entity), secrets=secrets)
    await writer.take(what)
    await writer.flush()
    return writer.counts.fetched - writer.counts.rejected


def _record_of(entity: str) -> type[Record]:
    record = ENTITY_RECORDS.get(entity_name(entity))
    if record is None:
        raise ConnectorError(f"There is no entity named {entity}.", hint=f"One of: {', '.join(ENTITY_RECORDS)}.")
    return record
