"""Syncs that run while one is anywhere in the app: started here, watched and cancelled from every screen."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.sync import Progress, RunResult
    from revtops_tui.engine.workspace import Workspace

_RATE_SECONDS = 3.0


@dataclass
class SyncJob:
    """One sync under way. The sync's thread writes `progress`; screens read it when they paint."""

    selector: str
    title: str
    full: bool = False
    allow_deletes: bool = False
    wave: str = ""
    cancel: threading.Event = field(default_factory=threading.Event)
    started: float = field(default_factory=time.monotonic)
    progress: Progress | None = None
    _seen: deque[tuple[float, dict[str, int]]] = field(default_factory=deque)

    @property
    def cancelling(self) -> bool:
        """Whether it was asked to stop, and has not yet."""
        return self.cancel.is_set()

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

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to look at."""
        return self.result is not None and self.result.status == "success"


class Jobs:
    """The syncs that run, and how the last one of each connection ended."""

    def __init__(self) -> None:
        self.running: dict[str, SyncJob] = {}
        self.ended: dict[str, Outcome] = {}

    def run(self, ws: Workspace, job: SyncJob) -> RunResult:
        """Run a job to its end, in the thread that calls."""
        from revtops_tui.engine.sync import SyncOptions, sync

        options = SyncOptions(full=job.full, allow_deletes=job.allow_deletes)
        return sync(ws, [job.selector], options, on_progress=job.see, cancel=job.cancel)[0]

    def end(self, job: SyncJob, outcome: Outcome) -> None:
        """Note how a job ended."""
        self.running.pop(job.selector, None)
        self.ended[job.selector] = outcome

    def cancel_all(self) -> None:
        """Ask every job to stop."""
        for job in self.running.values():
            job.cancel.set()

    def summary(self) -> str:
        """What the status line says: nothing when nothing runs."""
        if not self.running:
            return ""
        shares = [share for job in self.running.values() if (share := job.share) is not None]
        percent = f" {sum(shares) / len(shares):.0%}" if len(shares) == len(self.running) else ""
        names = [job.title for job in self.running.values()]
        return f"⟳ {names[0] if len(names) == 1 else f'{len(names)} syncs'}{percent}"
