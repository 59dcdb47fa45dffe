"""Syncs that were started by a request: each in a thread of its own, and known until many others came after it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from revtops_tui.api.models import Problem, Run, RunningEntity, RunningSync, StartSync, Sync, SyncStatus
from revtops_tui.engine.choice import chosen
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.sync import Progress, RunResult, SyncOptions, sync
from revtops_tui.engine.workspace import Workspace

_REMEMBERED = 200
_ESCALATING: tuple[SyncStatus, ...] = ("failed", "aborted", "partial")
"""The worst of several is that of all."""


@dataclass
class _Job:
    identifier: str
    progress: dict[tuple[str, str], Progress] = field(default_factory=dict)
    results: list[RunResult] | None = None
    error: EngineError | None = None

    def shown(self) -> Sync:
        return Sync(
            id=self.identifier,
            status=self._status(),
            progress=[_running(one) for one in self.progress.values()] if self.results is None else [],
            runs=[Run.of(result) for result in self.results or ()],
            error=Problem.of(self.error) if self.error else None,
        )

    def note(self, progress: Progress) -> None:
        self.progress[progress.slug, progress.name] = progress

    def _status(self) -> SyncStatus:
        if self.error is not None:
            return "failed"
        if self.results is None:
            return "running"
        statuses = {result.status for result in self.results}
        return next((status for status in _ESCALATING if status in statuses), "success")


class Syncs:
    """Starts syncs and says how they are. `cancel` stops all of them, in an orderly way."""

    def __init__(self, ws: Workspace, cancel: threading.Event) -> None:
        self._ws = ws
        self._cancel = cancel
        self._jobs: dict[str, _Job] = {}
        self._threads: set[threading.Thread] = set()

    def start(self, wanted: StartSync) -> Sync:
        """Start a sync in the background. Raises EngineError where there is nothing of that kind to sync."""
        options = SyncOptions(full=wanted.full, entities=tuple(wanted.entities))
        chosen(self._ws, wanted.connections, options)
        job = _Job(secrets.token_hex(8))
        self._jobs[job.identifier] = job
        for forgotten in list(self._jobs)[:-_REMEMBERED]:
            del self._jobs[forgotten]
        thread = threading.Thread(
            target=self._run, args=(job, wanted.connections, options), name=f"sync {job.identifier}"
        )
        self._threads = {one for one in self._threads if one.is_alive()} | {thread}
        thread.start()
        return job.shown()

    def find(self, identifier: str) -> Sync:
        """How a sync is. Raises EngineError (not_found)."""
        if identifier not in self._jobs:
            raise EngineError(
                "not_found", "No such sync was started here.", hint="The ledger of all runs: SELECT * FROM sync_runs."
            )
        return self._jobs[identifier].shown()

    def join(self) -> None:
        """Wait until those that were stopped have put their things in order."""
        for thread in self._threads:
            thread.join()

    def _run(self, job: _Job, selectors: Sequence[str], options: SyncOptions) -> None:
        try:
            job.results = sync(self._ws, selectors, options, on_progress=job.note, cancel=self._cancel)
        except Exception as error:  # noqa: BLE001 - told to whoever asks how it is
            job.error = people(error)


def _running(progress: Progress) -> RunningSync:
    return RunningSync(
        slug=progress.slug,
        name=progress.name,
        seconds=progress.seconds,
        waiting_for=progress.waiting_for,
        entities={
            name: RunningEntity(state=entity.state, fetched=entity.fetched, total=entity.total)
            for name, entity in progress.entities.items()
        },
    )
