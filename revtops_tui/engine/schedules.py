"""Connections that are synced by themselves: their schedules, and running what is due.

Each due schedule is run by one process, which holds a lease and renews it while it runs; a killed one's runs out. What
was missed, for an hour or a month, is caught up by one run.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import platform
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from revtops_tui.engine.choice import chosen
from revtops_tui.engine.connections import find
from revtops_tui.engine.due import Spec, checked, next_due
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.run import SyncOptions
from revtops_tui.engine.sync import RunResult, sync
from revtops_tui.engine.workspace import Workspace
from revtops_tui.words import duration
from store import schedules as store
from store.clock import moment_of, now, text_of
from store.connections import selector_of
from store.errors import StoreError
from store.schedules import Schedule

_log = logging.getLogger("revtops.schedules")

LEASE = dt.timedelta(minutes=1)
"""How long a killed process keeps others off what it was running; a living one renews it three times in that."""
_AT_ONCE = 4


@dataclass(frozen=True)
class ScheduleInfo:
    """A connection's schedule. `next_due_at` is UTC; `running` says whether some process has taken it on.

    `last_status`: success, partial, aborted, failed, or busy where another run of the connection was under way.
    """

    slug: str
    name: str
    organization_id: str
    spec: Spec
    enabled: bool
    next_due_at: dt.datetime
    running: bool
    last_run_at: dt.datetime | None
    last_status: str | None

    @property
    def selector(self) -> str:
        """How commands name the connection."""
        return selector_of(self.slug, self.name)


def schedules(ws: Workspace) -> list[ScheduleInfo]:
    """The organization's schedules."""
    return [_info(found) for found in store.schedules(ws.database, ws.organization_id)]


def schedule(ws: Workspace, selector: str) -> ScheduleInfo:
    """The schedule of a connection. Raises EngineError (not_found) where it has none."""
    return _info(_stored(ws, selector))


def set_schedule(ws: Workspace, selector: str, spec: Spec, *, clock: Callable[[], dt.datetime] = now) -> ScheduleInfo:
    """Have a connection synced by itself, from the next due time on. Raises EngineError."""
    (connection,) = chosen(ws, [selector], SyncOptions())
    document = checked(spec).document()
    store.save_schedule(ws.database, connection, document, _next_due_at(connection.id, document, clock()))
    return schedule(ws, selector)


def switch_schedule(
    ws: Workspace, selector: str, *, enabled: bool, clock: Callable[[], dt.datetime] = now
) -> ScheduleInfo:
    """Switch a schedule on, from the next due time on, or off. Raises EngineError."""
    found = _stored(ws, selector)
    due = _next_due_at(found.connection_id, found.spec, clock())
    store.switch_schedule(ws.database, found.connection_id, enabled=enabled, next_due_at=due)
    return schedule(ws, selector)


def remove_schedule(ws: Workspace, selector: str) -> None:
    """Forget the schedule of a connection. Raises EngineError (not_found) where it has none."""
    store.remove_schedule(ws.database, _stored(ws, selector).connection_id)


def _stored(ws: Workspace, selector: str) -> Schedule:
    connection = find(ws, selector)
    found = store.find_schedule(ws.database, connection.id)
    if found is None:
        hint = f"revtops schedule {connection.selector} --every 15m"
        raise EngineError("not_found", f"{connection.selector} has no schedule.", hint=hint)
    return found


def _info(found: Schedule) -> ScheduleInfo:
    return ScheduleInfo(
        found.slug,
        found.name,
        found.organization_id,
        Spec.of(found.spec),
        found.enabled,
        moment_of(found.next_due_at),
        moment_of(found.leased_until) > now() if found.leased_until else False,
        moment_of(found.last_run_at) if found.last_run_at else None,
        found.last_status,
    )


def _next_due_at(connection_id: int, spec: dict[str, Any], moment: dt.datetime) -> str:
    return text_of(next_due(Spec.of(spec), moment, seed=str(connection_id)))


# -- running -----------------------------------------------------------------------------------------------------------


def run_due(
    ws: Workspace,
    *,
    cancel: threading.Event | None = None,
    clock: Callable[[], dt.datetime] = now,
    lease: dt.timedelta = LEASE,
) -> list[RunResult]:
    """Run what is due now, of every organization of the data directory, and wait for it.

    A failure is in its result. Raises EngineError where the database cannot be used.
    """
    moment = clock()
    results = []
    with Scheduler(ws, cancel or threading.Event(), clock=clock, lease=lease) as scheduler:
        while scheduler.start_due(moment) or scheduler.running:
            results += scheduler.ended(wait_for_one=True)
        results += scheduler.ended()
    return results


class Scheduler:
    """Takes on what is due and runs it, a few at once. Use as a context manager: leaving waits for what runs."""

    def __init__(
        self,
        ws: Workspace,
        cancel: threading.Event,
        *,
        clock: Callable[[], dt.datetime] = now,
        lease: dt.timedelta = LEASE,
    ) -> None:
        self._ws = ws
        self._cancel = cancel
        self._clock = clock
        self._lease = lease
        self._owner = f"{platform.node()}/{os.getpid()}/{secrets.token_hex(4)}"
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="schedule")
        self._runs: list[Future[RunResult]] = []

    @property
    def running(self) -> int:
        """How many runs are under way."""
        return sum(not run.done() for run in self._runs)

    def start_due(self, moment: dt.datetime | None = None) -> int:
        """Take on and start what is due (at `moment`, or now), as far as there is room; returns how many.

        Raises EngineError where the database cannot be used.
        """
        started = 0
        try:
            while self.running < _AT_ONCE and not self._cancel.is_set() and (found := self._take(moment)):
                self._runs.append(self._threads.submit(self._run, found))
                started += 1
        except Exception as error:
            raise people(error) from error
        return started

    def ended(self, *, wait_for_one: bool = False) -> list[RunResult]:
        """How those ended that did since this was asked last; with `wait_for_one`, once there is one."""
        if wait_for_one and self._runs:
            wait(self._runs, return_when=FIRST_COMPLETED)
        done = [run for run in self._runs if run.done()]
        self._runs = [run for run in self._runs if run not in done]
        return [run.result() for run in done]

    def __enter__(self) -> Scheduler:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def _take(self, moment: dt.datetime | None) -> Schedule | None:
        clock = self._clock()
        return store.lease_due(
            self._ws.database, self._owner, moment=text_of(moment or clock), until=text_of(clock + self._lease)
        )

    def _run(self, found: Schedule) -> RunResult:
        """Run one; whatever goes wrong is in the result, and no other run's trouble."""
        selector = selector_of(found.slug, found.name)
        whose = f"{selector} of {found.organization_id}"
        _log.info("%s is due since %s: started", whose, found.next_due_at)
        with self._renewed(found):
            started = self._clock()
            try:
                ws = self._ws.seen_by(found.organization_id)
                (result,) = sync(ws, [selector], self._options(found, started), cancel=self._cancel)
            except Exception as failure:  # noqa: BLE001 - told in the result, and logged where nobody expected it
                result = _failed(found, people(failure))
            try:
                self._end(found, result, started)
            except StoreError as error:
                _log.error("%s: how it ended could not be stored: %s", whose, error.message)
        _tell(whose, result)
        return result

    def _options(self, found: Schedule, moment: dt.datetime) -> SyncOptions:
        full_every = Spec.of(found.spec).full_every
        if full_every is None:
            return SyncOptions()
        last = store.last_full_run(self._ws.database, found.connection_id)
        return SyncOptions(full=last is None or moment - moment_of(last) >= full_every)

    def _end(self, found: Schedule, result: RunResult, started: dt.datetime) -> None:
        """Give it back. One that was stopped stays due: whoever runs next goes on where it left off."""
        stopped = result.status == "aborted" and self._cancel.is_set()
        store.end_lease(
            self._ws.database,
            found.connection_id,
            self._owner,
            ran_at=text_of(started),
            status="busy" if result.error_kind == "busy" else result.status,
            next_due_at=None if stopped else lambda spec: _next_due_at(found.connection_id, spec, self._clock()),
        )

    @contextmanager
    def _renewed(self, found: Schedule) -> Iterator[None]:
        """Keep the lease while inside, from a thread of its own: a sync may be busy with a vendor for hours."""
        done = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(found, done), name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()

    def _keep(self, found: Schedule, done: threading.Event) -> None:
        while not done.wait(self._lease.total_seconds() / 3):
            try:
                until = text_of(self._clock() + self._lease)
                if not store.renew_lease(self._ws.database, found.connection_id, self._owner, until):
                    # This machine slept for longer than the lease. The lock of the run itself still keeps others off.
                    _log.warning("%s: another process has taken the schedule over", found.slug)
                    return
            except StoreError as error:
                _log.warning("%s: the lease could not be renewed: %s", found.slug, error.message)


def _failed(found: Schedule, error: EngineError) -> RunResult:
    return RunResult(found.slug, found.name, None, "failed", error.message, error.kind, error.hint, 0.0, {})


def _tell(whose: str, result: RunResult) -> None:
    changed = sum(counts.get(kind, 0) for counts in result.entities.values() for kind in ("inserted", "updated"))
    level = logging.INFO if result.status in ("success", "aborted") or result.error_kind == "busy" else logging.WARNING
    told = f": {result.error}" if result.error else ""
    _log.log(level, "%s: %s in %s, %d changed%s", whose, result.status, duration(result.seconds), changed, told)
