"""One sync run of one connection: what to fetch from when, where it goes, and how each entity fared."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.context import current_entity
from connectors.entity_writer import EntityCounts, EntityWriter
from connectors.errors import (
    AuthenticationError,
    BookmarkLostError,
    ConnectionRevokedError,
    ConnectorError,
    InvalidInputError,
    NotFoundError,
    SyncCancelledError,
)
from connectors.models import ENTITY_RECORDS, entity_name
from connectors.stream import Deleted, Item
from revtops_tui.engine.code_stamp import code_stamp
from revtops_tui.engine.errors import EngineError, people
from store import runs
from store.clock import moment_of, now_text, text_of
from store.connections import Connection
from store.database import Database
from store.errors import StoreError
from store.upsert import Scope, SweepRefusedError

if TYPE_CHECKING:
    from connectors.base import BaseConnector

_log = logging.getLogger("revtops.sync")

LOOK_BACK = dt.timedelta(minutes=5)
"""An incremental sync starts this long before the watermark: vendors' clocks and search indexes lag."""

_STOPPED = EngineError("cancelled", "It was stopped before it was complete.", hint="The next run goes on from there.")


@dataclass(frozen=True)
class SyncOptions:
    """What a sync should do. `since` overrides the watermark; `entities` limits it (table names or short ones)."""

    full: bool = False
    since: dt.datetime | None = None
    entities: tuple[str, ...] = ()
    dry_run: bool = False
    allow_deletes: bool = False


@dataclass
class EntityState:
    """How one entity fares in a run. `state`: waiting, running, done or failed."""

    counts: EntityCounts = field(default_factory=EntityCounts)
    state: str = "waiting"
    error: EngineError | None = None


class SyncRun:
    """The sink of one run: gives each entity its writer, its start time and its checkpoint."""

    def __init__(
        self, database: Database, connection: Connection, cls: type[BaseConnector], run_id: int, options: SyncOptions
    ) -> None:
        self.entities: dict[str, EntityState] = {}
        self.secrets: Callable[[], Iterable[str]] = tuple
        """What the connection's connector holds that must not be stored."""
        self._database = database
        self._connection = connection
        self._options = options
        self._scope = Scope(connection.id, connection.organization_id, connection.source_system, run_id)
        self._records = {**ENTITY_RECORDS, **{name: record for name, (record, _) in cls.entities.items()}}
        self._declared = list(dict.fromkeys(entity_name(e) for e in cls.meta.entity_types))
        self._wanted = {entity_name(e) for e in options.entities} or None
        self._resumed: dict[str, runs.Checkpoint] = {}
        self._anew: set[str] = set()  # listed in full, because the vendor's feed of changes was lost
        self._writers: dict[str, EntityWriter] = {}
        self._loose: dict[str, set[str | None]] = {}  # stored with `persist_records` -> while which entity was synced
        self._started_at = now_text()
        self._code = code_stamp(cls)
        for entity in self._declared:
            if self.wants(entity):
                self.entities[entity] = EntityState()

    def wants(self, entity: str) -> bool:
        """Whether this run includes the entity."""
        return self._wanted is None or entity in self._wanted

    # -- what connectors ask ---------------------------------------------------------------------------------------

    def since(self, entity: str | None) -> dt.datetime | None:
        """From when on to fetch; None means everything. Without an entity: what serves all that are wanted."""
        if entity is None:
            starts = [self.since(name) for name in self._declared if self.wants(name)]
            return min((start for start in starts if start), default=None) if all(starts) else None
        if resumed := self._resumed.get(entity):
            return moment_of(resumed.since) if resumed.since else None
        if self._options.full or entity in self._anew:
            return None
        if self._options.since:
            return self._options.since
        mark = runs.watermark(self._database, self._connection.id, entity)
        return moment_of(mark) - LOOK_BACK if mark else None

    def resume_cursor(self, entity: str | None) -> Any:
        """Where the unfinished sync of the entity left off."""
        resumed = self._resumed.get(entity or "")
        return resumed.cursor if resumed else None

    def bookmark(self, entity: str | None) -> Any:
        """Where the vendor's feed of changes goes on; None where everything, or a window of the user's, is wanted."""
        if entity is None or self._options.full or self._options.since or self.since(entity) is None:
            return None
        return runs.bookmark(self._database, self._connection.id, entity)

    async def store_records(self, entity: str, records: Sequence[Item] | Deleted) -> int:
        """Store one batch for a connector that drives its own sync; returns how many were taken."""
        entity = entity_name(entity)
        if not self.wants(entity):
            return 0
        self._loose.setdefault(entity, set()).add(current_entity.get())
        writer = self._writers.get(entity)
        if writer is None:
            self._resume(entity)
            writer = self._open(entity, self._started_at)
            self.entities[entity].state = "running"
        return await writer.take(records)

    async def sync_entity(self, entity: str, method: Callable[[], Any]) -> int:
        """Run a `sync_*` method; its failure is kept with the entity unless no other entity would fare better."""
        if not self.wants(entity):
            return 0
        token = current_entity.set(entity)
        self._resume(entity)
        try:
            return await self._sync_entity(entity, method)
        finally:
            current_entity.reset(token)

    # -- one entity ------------------------------------------------------------------------------------------------

    async def _sync_entity(self, entity: str, method: Callable[[], Any]) -> int:
        writer = self._writers.get(entity) or self._open(entity)
        state = self.entities[entity]
        state.state = "running"
        try:
            streamed = await self._drain(writer, method)
            if entity not in self._loose:
                await self._finish(writer, sweep=streamed)
            state.state = "done"
        except (
            AuthenticationError,
            ConnectionRevokedError,
            SyncCancelledError,
            StoreError,
            asyncio.CancelledError,
        ) as e:
            state.state, state.error = "failed", _STOPPED if isinstance(e, asyncio.CancelledError) else people(e)
            if not isinstance(e, StoreError) or isinstance(e, SweepRefusedError):
                await self._keep(writer)
            if not isinstance(e, SweepRefusedError):
                raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one entity's trouble, a connector's bug included, is not the others'
            if self._cursor_refused(error, writer):
                del self._resumed[entity], self._writers[entity]
                return await self._sync_entity(entity, method)
            if isinstance(error, BookmarkLostError) and self.since(entity) is not None:
                await self._keep(writer)
                self._anew.add(entity)
                self._resumed.pop(entity, None)
                del self._writers[entity]
                return await self._sync_entity(entity, method)
            state.state, state.error = "failed", people(error)
            if not isinstance(error, ConnectorError):
                _log.error("%s: the sync of %s failed: %s", self._connection.selector, entity, state.error.message)
            await self._keep(writer)
        return state.counts.fetched

    def _cursor_refused(self, error: BaseException, writer: EntityWriter) -> bool:
        """Whether the vendor no longer knows the cursor: then this entity starts again, once, without it."""
        refused = isinstance(error, InvalidInputError | NotFoundError)
        return refused and writer.entity in self._resumed and not writer.counts.fetched

    async def _drain(self, writer: EntityWriter, method: Callable[[], Any]) -> bool:
        """Take all that a method returns or yields; False when it stored its rows itself."""
        result = method()
        if inspect.isasyncgen(result):
            await self._take_all(writer, result)
            return True
        value = await result
        if value is None or isinstance(value, int):
            return False
        await writer.take(value)
        return True

    async def _take_all(self, writer: EntityWriter, stream: AsyncIterator[Any]) -> None:
        async with writer.on_time(), aclosing(stream) as items:  # type: ignore[type-var]
            async for item in items:
                await writer.take(item)

    async def _keep(self, writer: EntityWriter) -> None:
        """Commit what was taken before the failure: nothing that was fetched is fetched twice."""
        try:
            await writer.flush()
        except StoreError as error:
            _log.warning("%s: %s", writer.entity, error.message)

    async def _finish(self, writer: EntityWriter, *, sweep: bool) -> None:
        since = self._options.since
        mark = runs.watermark(self._database, self._connection.id, writer.entity)
        gap = since is not None and (mark is None or text_of(since) > mark)
        await writer.finish(sweep=sweep, advance=not gap, allow_deletes=self._options.allow_deletes)

    async def conclude(self) -> None:
        """The connector's own `sync_all` is done: finish what it stored with `persist_records`."""
        for entity, stored_by in self._loose.items():
            writer, state = self._writers[entity], self.entities[entity]
            failures = [self.entities[name].error for name in (entity, *stored_by) if name in self.entities]
            if failure := next(filter(None, failures), None):  # then it is not complete, whatever was stored
                await self._keep(writer)
                state.state, state.error = "failed", failure
                continue
            try:
                await self._finish(writer, sweep=True)
                state.state = "done"
            except SweepRefusedError as error:
                state.state, state.error = "failed", people(error)
        for entity, state in self.entities.items():
            if state.state == "waiting":
                await self._finish(self._open(entity, self._started_at), sweep=False)
                state.state = "done"

    async def keep_loose(self) -> None:
        """Commit what a failed `sync_all` of the connector's own had handed over."""
        for entity in self._loose:
            await self._keep(self._writers[entity])

    # -- writers ---------------------------------------------------------------------------------------------------

    def _open(self, entity: str, started_at: str | None = None) -> EntityWriter:
        """The one writer of an entity in this run; records that were fetched before count from `started_at`."""
        writer = self._writers[entity] = self._writer(entity, started_at)
        self.entities.setdefault(entity, EntityState()).counts = writer.counts
        return writer

    def _resume(self, entity: str) -> None:
        """Go on with what is unfinished: a full listing always, a search for changes unless everything is wanted."""
        if self._options.since or self._options.dry_run:
            return
        left = runs.checkpoint(self._database, self._connection.id, entity)
        if left and (left.mode == "full" or self.since(entity) is not None):
            self._resumed[entity] = left

    def _writer(self, entity: str, started_at: str | None) -> EntityWriter:
        record = self._records.get(entity)
        if record is None:
            raise ConnectorError(f"There is no entity named {entity}.", hint=f"One of: {', '.join(self._records)}.")
        since = self.since(entity)
        return EntityWriter(
            self._database,
            self._scope,
            entity,
            record,
            mode="full" if since is None else "incremental",
            since=text_of(since) if since else None,
            resume=self._resumed.get(entity),
            checkpoints=self._options.since is None,
            started_at=started_at,
            salt=f"{self._code},{','.join(record.model_fields)}".encode(),
            keep=not self._options.dry_run,
            secrets=self.secrets,
        )
