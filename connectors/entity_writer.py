"""Takes what the sync of one entity yields, and commits it in time: small commits are ruinous, rare ones lose work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.entity_store import EntityStore, Pending
from connectors.errors import ConnectorError
from connectors.masking import masked_batches, masked_rejections, quotes
from connectors.models import Record
from connectors.redaction import SHORTEST_IN_DATA, Redactor
from connectors.rows import shape_of
from connectors.stream import Bookmark, Checkpoint, Deleted, Expect, Item, Page
from store import runs
from store.clock import now_text
from store.database import Database
from store.upsert import Scope, SweepRefusedError

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
        self._database = database
        self._store = EntityStore(
            database,
            scope,
            entity,
            mode=mode,
            since=since,
            resume=resume,
            started_at=started_at or now_text(),
            checkpoints=checkpoints,
        )
        self._shape = shape_of(record)
        self._page_keys: set[str] = set()
        self._salt = salt
        self._bookmark: Any = None
        self._keep = keep
        self._redactor = Redactor(secrets, shortest=SHORTEST_IN_DATA)
        self._pending = Pending()
        self._commit: asyncio.Future[dict[str, int]] | None = None
        self._committed_at = time.monotonic()
        self._has_clock = False
        self._taking = 0  # how many items are half taken: no commit may come between a page's rows and its cursor

    @property
    def started_at(self) -> str:
        """When fetching began; of a resumed listing its first attempt."""
        return self._store.started_at

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
        source_ids = self._pending.add(batches, rejections, len(items))
        self.counts.fetched += len(items)
        taken.source_ids += source_ids
        taken.whole = taken.whole and not rejections

    async def _take_page(self, page: Page) -> int:
        if not self._store.is_full:
            rows = len((await self._take_records(page.records())).source_ids)
        else:
            rows = await self._take_listed(page)
        if page.cursor is not None:
            self._take_cursor(page.cursor)
        return rows

    async def _take_listed(self, page: Page) -> int:
        """Take a page of a full listing: its records are mapped only where something changed."""
        digest = self._digest(page)
        self._page_keys.add(page.key)
        if stored := self._store.known_page(page.key, digest):
            rows = self._pending.add_hit(stored)
            self.counts.fetched += rows
            return rows
        taken = await self._take_records(page.records())
        self._pending.pages.append((page.key, digest, taken.source_ids if taken.whole else None))
        return len(taken.source_ids)

    def _take_cursor(self, cursor: Any) -> None:
        """With a secret in it, such as the address of a next page, it would be useless masked: it is not kept."""
        if not quotes(cursor, self._redactor):
            self._pending.cursor = cursor

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
        pending, self._pending = self._pending, Pending()
        if pending:
            self._commit = self._submit(lambda connection: self._store.commit(connection, pending))

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
        refusal: SweepRefusedError | None = None
        if sweep and self._store.is_full:
            try:
                gone = await self._run(lambda connection: self._store.sweep(connection, allow=allow_deletes))
                self.counts.add({"deleted": gone})
            except SweepRefusedError as error:
                refusal = error
        await self._run(
            lambda connection: self._store.conclude(
                connection, advance=advance, bookmark=self._bookmark, page_keys=self._page_keys
            )
        )
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
        return await self._submit(job)

    def _submit(self, job: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        return asyncio.wrap_future(self._database.writer.submit(job, keep=self._keep))
