"""Syncs that run while one is anywhere in the app: started here, watched and cancelled from every screen."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from connectors.http import BudgetLeft
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.sync import Progress, RunResult
    from revtops_tui.engine.workspace import Workspace

_RATE_SECONDS = 3.0


@dataclass(frozen=True)
class Extent:
    """How much a sync fetches, as `SyncOptions` has it, which are too dear to import before a sync starts."""

    full: bool = False
    since: dt.datetime | None = None
    entities: tuple[str, ...] = ()
    dry_run: bool = False
    allow_deletes: bool = False


USUAL = Extent()
"""What is new."""


@dataclass
class SyncJob:
    """One sync under way. The sync's thread writes `progress`; screens read it when they paint."""

    selector: str
    title: str
    extent: Extent = USUAL
    wave: str = ""
    organization: str = ""
    cancel: threading.Event = field(default_factory=threading.Event)
    started: float = field(default_factory=time.monotonic)
    progress: Progress | None = None
    budget: BudgetLeft | None = None
    """What the vendor let be asked for when that was last known: the last report of a run has no connector any more."""
    _seen: deque[tuple[float, dict[str, int]]] = field(default_factory=deque)

    @property
    def cancelling(self) -> bool:
        """Whether it was asked to stop, and has not yet."""
        return self.cancel.is_set()

    @property
    def waiting_for(self) -> str | None:
        """What it waits for, such as "rate limit: 3 s"."""
        return self.progress.waiting_for if self.progress else None

    @property
    def doing(self) -> str:
        """What it does, or waits for."""
        if self.cancelling:
            return "stopping"
        return (self.progress.waiting_for if self.progress else None) or "syncing"

    def stop(self) -> None:
        """Ask it to stop."""
        self.cancel.set()

    def see(self, progress: Progress) -> None:
        """Take in what the engine reports; called in the sync's thread."""
        now = time.monotonic()
        self._seen.append((now, {name: entity.fetched for name, entity in list(progress.entities.items())}))
        while now - self._seen[0][0] > _RATE_SECONDS:
            self._seen.popleft()
        self.budget = progress.budget or self.budget
        self.progress = progress

    def rate(self, entity: str) -> float:
        """Records of an entity fetched per second, over the last seconds."""
        seen = list(self._seen)
        if len(seen) < 2:
            return 0.0
        (first, then), (last, now) = seen[0], seen[-1]
        return (now.get(entity, 0) - then.get(entity, 0)) / (last - first) if last > first else 0.0

    @property
    def share(self) -> float | None:
        """How much of it is done, 0 to 1; None while some total is not known."""
        entities = list(self.progress.entities.values()) if self.progress else []
        if not entities or any(e.total is None for e in entities if e.state in ("waiting", "running")):
            return None
        total = sum(e.total if e.total is not None else e.fetched for e in entities)
        return min(1.0, sum(e.fetched for e in entities) / total) if total else None


@dataclass(frozen=True)
class Outcome:
    """How a sync ended: the run's result, or the error that kept it from running."""

    title: str
    result: RunResult | None = None
    error: EngineError | None = None
    cancelled: bool = False
    dry_run: bool = False
    budget: BudgetLeft | None = None
    """What the vendor let be asked for when it ended."""

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to look at."""
        return self.result is not None and self.result.status == "success"


class Jobs:
    """The syncs that run, and how the last one of each connection ended: of every organization that was looked at.

    `running` and `ended` are those of the organization that is looked at now, by selector.
    """

    def __init__(self, organization: str = "") -> None:
        self.organization = organization
        self._running: dict[str, dict[str, SyncJob]] = {}
        self._ended: dict[str, dict[str, Outcome]] = {}

    @property
    def running(self) -> dict[str, SyncJob]:
        """What runs here."""
        return self._running.setdefault(self.organization, {})

    @property
    def ended(self) -> dict[str, Outcome]:
        """How what ran here last ended."""
        return self._ended.setdefault(self.organization, {})

    @property
    def everywhere(self) -> list[SyncJob]:
        """What runs, in whichever organization."""
        return [job for jobs in self._running.values() for job in jobs.values()]

    def start(self, job: SyncJob) -> None:
        """Note a job that starts here."""
        job.organization = self.organization
        self.running[job.selector] = job

    def run(self, ws: Workspace, job: SyncJob) -> RunResult:
        """Run a job to its end, in the thread that calls."""
        from revtops_tui.engine.sync import SyncOptions, sync

        extent = job.extent
        options = SyncOptions(extent.full, extent.since, extent.entities, extent.dry_run, extent.allow_deletes)
        return sync(ws, [job.selector], options, on_progress=job.see, cancel=job.cancel)[0]

    def end(self, job: SyncJob, outcome: Outcome) -> None:
        """Note how a job ended."""
        self._running.get(job.organization, {}).pop(job.selector, None)
        self._ended.setdefault(job.organization, {})[job.selector] = outcome

    def cancel_all(self) -> None:
        """Ask every job to stop."""
        for job in self.everywhere:
            job.cancel.set()

    def summary(self) -> str:
        """What the status line says: nothing when nothing runs."""
        jobs = self.everywhere
        if not jobs:
            return ""
        if len(jobs) == 1:
            return f"⟳ {self._named(jobs[0])}{_percent(jobs)}{_wait(jobs[0])}"
        waiting = sum(job.waiting_for is not None for job in jobs)
        return f"⟳ {len(jobs)} syncs{_percent(jobs)}{f', {waiting} waiting' if waiting else ''}"

    def _named(self, job: SyncJob) -> str:
        return job.title if job.organization in ("", self.organization) else f"{job.title} of {job.organization}"


def _percent(jobs: list[SyncJob]) -> str:
    shares = [share for job in jobs if (share := job.share) is not None]
    return f" {sum(shares) / len(shares):.0%}" if len(shares) == len(jobs) else ""


def _wait(job: SyncJob) -> str:
    return f" · waits: {job.waiting_for}" if job.waiting_for else ""
