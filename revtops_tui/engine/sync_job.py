"""One connection's part in a sync: its lock, its run in the history, its connector, and how it stands and ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.persistence import current_sink
from revtops_tui.engine.connections import connector_class, explained, open_connector
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.locks import run_lock
from revtops_tui.engine.recording import doing
from revtops_tui.engine.run import SyncOptions, SyncRun
from revtops_tui.engine.workspace import Workspace
from store import connections as store
from store import runs as stored_runs
from store.clock import now_text
from store.connections import Connection, selector_of

if TYPE_CHECKING:
    from connectors.base import BaseConnector
    from connectors.http import BudgetLeft, Exchange


@dataclass(frozen=True)
class EntityProgress:
    """One entity of a running sync. `total` is the vendor's own, where it says one."""

    state: str
    fetched: int
    inserted: int
    updated: int
    unchanged: int
    deleted: int
    rejected: int
    total: int | None
    error: str | None


@dataclass(frozen=True)
class Progress:
    """A running sync as it is now. `waiting_for` is a phrase such as "rate limit: 3 s".

    `budget`: what the vendor lets be asked for now, where that is known.
    """

    slug: str
    name: str
    entities: dict[str, EntityProgress]
    requests: int
    waiting_for: str | None
    seconds: float
    finished: bool
    budget: BudgetLeft | None = None

    @property
    def selector(self) -> str:
        """How commands name its connection."""
        return selector_of(self.slug, self.name)


@dataclass(frozen=True)
class RunResult:
    """How a run ended. `status`: success, partial, aborted or failed."""

    slug: str
    name: str
    run_id: int | None
    status: str
    error: str | None
    error_kind: str | None
    hint: str | None
    seconds: float
    entities: dict[str, dict[str, int]]

    @property
    def selector(self) -> str:
        """How commands name its connection."""
        return selector_of(self.slug, self.name)


@dataclass
class Job:
    """One connection's run."""

    ws: Workspace
    connection: Connection
    options: SyncOptions
    on_exchange: Callable[[Exchange], None] | None
    cancelled: bool = False
    waiting_for: str | None = None
    finished: bool = False
    started: float = field(default_factory=time.monotonic)
    sink: SyncRun | None = None
    connector: BaseConnector | None = None

    async def run(self, gate: asyncio.Semaphore) -> RunResult:
        """Run it when it is its turn; every failure ends up in the result."""
        error: EngineError | None = None
        run_id: int | None = None
        self.started = time.monotonic()
        try:
            async with gate:
                self.started = time.monotonic()
                with run_lock(self.ws.home, self.connection.id, self.connection.selector):
                    run_id = self._start()
                    try:
                        await self._sync(run_id or 0)
                    except (Exception, asyncio.CancelledError) as failure:  # noqa: BLE001 - told in the result
                        error = self._sentence(failure)
                    if run_id is not None:
                        self._end(run_id, error)
        except (Exception, asyncio.CancelledError) as failure:  # noqa: BLE001 - likewise: the lock, the disk
            error = error or self._sentence(failure)
        self.finished = True
        return self._result(run_id, error)

    def progress(self) -> Progress:
        """How it stands."""
        states = self.sink.entities if self.sink else {}
        entities = {
            name: EntityProgress(
                s.state,
                s.counts.fetched,
                **s.counts.report(),
                total=s.counts.expected,
                error=s.error.message if s.error else None,
            )
            for name, s in states.items()
        }
        return Progress(
            self.connection.slug,
            self.connection.name,
            entities,
            self.connector.http.requests if self.connector else 0,
            self.waiting_for,
            time.monotonic() - self.started,
            self.finished,
            self.connector.http.left if self.connector else None,
        )

    async def _sync(self, run_id: int) -> None:
        ws, connection = self.ws, self.connection
        cls = connector_class(ws, connection.slug)
        _add_own_tables(ws, cls)
        self.sink = SyncRun(ws.database, connection, cls, run_id, self.options)
        self.connector = connector = open_connector(
            ws,
            connection,
            sink=self.sink,
            cancelled=lambda: self.cancelled,
            on_exchange=self._exchange if self.on_exchange else None,
            on_wait=self._wait,
        )
        self.sink.secrets = connector.secrets
        current_sink.set(self.sink)
        try:
            with doing(run_id=run_id or None):
                await connector.sync_all()
            await self.sink.conclude()
        except BaseException:
            await self.sink.keep_loose()
            raise
        finally:
            await connector.aclose()

    def _start(self) -> int | None:
        if self.options.dry_run:
            return None
        first = not stored_runs.has_watermark(self.ws.database, self.connection.id)
        mode = "full" if self.options.full or (first and not self.options.since) else "incremental"
        return stored_runs.start_run(self.ws.database, self.connection.id, self.connection.organization_id, mode)

    def _end(self, run_id: int, error: EngineError | None) -> None:
        status, shown = self._outcome(error)
        stored_runs.finish_run(
            self.ws.database, run_id, status=status, error=shown.message if shown else None, entities=self._counts()
        )
        refused = shown is not None and shown.exit_code == 4
        store.note_status(
            self.ws.database,
            self.connection.id,
            status="revoked" if shown and shown.kind == "connection_revoked" else "error" if refused else "connected",
            error=shown.message if shown and status != "aborted" else None,
            synced_at=now_text() if status in ("success", "partial") else None,
        )

    def _result(self, run_id: int | None, error: EngineError | None) -> RunResult:
        status, shown = self._outcome(error)
        return RunResult(
            self.connection.slug,
            self.connection.name,
            run_id,
            status,
            shown.message if shown else None,
            shown.kind if shown else None,
            shown.hint if shown else None,
            time.monotonic() - self.started,
            self._counts(),
        )

    def _outcome(self, error: EngineError | None) -> tuple[str, EngineError | None]:
        """success < partial < aborted < failed, and the error to show."""
        if error is not None:
            return ("aborted" if error.kind == "cancelled" else "failed"), error
        entities = self.sink.entities if self.sink else {}
        states = list(entities.values())
        failures = [explained(self.ws, self.connection, s.error, e, "sync") for e, s in entities.items() if s.error]
        if not failures:
            return "success", None
        all_failed = len(failures) == len(states) and not any(s.counts.fetched for s in states)
        return ("failed" if all_failed else "partial"), failures[0]

    def _counts(self) -> dict[str, dict[str, int]]:
        return {name: state.counts.report() for name, state in self.sink.entities.items()} if self.sink else {}

    def _sentence(self, failure: BaseException) -> EngineError:
        if isinstance(failure, asyncio.CancelledError):
            return EngineError("cancelled", "The sync was cancelled.", hint="The next run goes on from there.")
        return people(failure)

    def _exchange(self, exchange: Exchange) -> None:
        if self.on_exchange:
            self.on_exchange(exchange)

    def _wait(self, what: str | None) -> None:
        self.waiting_for = what


def _add_own_tables(ws: Workspace, cls: type[BaseConnector]) -> None:
    if cls.entities:
        from store.extend import ensure_table

        for name, (record, table) in cls.entities.items():
            ensure_table(ws.database, name, table, record.model_fields)
