"""Syncs from their start to the toast that tells of their end, wherever in the app one is meanwhile."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from revtops_tui.tui.background import in_background
from revtops_tui.tui.papers.progress import toast_of
from revtops_tui.tui.shell.jobs import USUAL, Extent, Outcome, SyncJob

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.sync import RunResult
    from revtops_tui.tui.app import RevtopsApp


class Syncs:
    """Starts and stops the app's syncs, and tells how they went."""

    def __init__(self, app: RevtopsApp) -> None:
        self._app = app
        self._jobs = app.jobs
        self._good: list[tuple[SyncJob, RunResult]] = []
        """Ended well, while others that were started with them still run."""

    def start(self, selector: str, title: str, extent: Extent = USUAL, *, wave: str = "") -> None:
        """Start syncing a connection, unless it is being synced."""
        if selector in self._jobs.running:
            return
        job = SyncJob(selector, title, extent, wave or selector)
        self._jobs.start(job)
        in_background(
            self._app,
            partial(self._jobs.run, self._app.ws, job),
            partial(self._ended, job),
            partial(self._failed, job),
            group=f"sync {selector}",
        )
        self._app.work_began()

    def cancel(self, selector: str) -> None:
        """Ask a sync to stop."""
        if job := self._jobs.running.get(selector):
            job.stop()
            self._app.show_progress()

    def _ended(self, job: SyncJob, result: RunResult) -> None:
        self._end(job, Outcome(job.title, result, None, job.cancelling, job.extent.dry_run, job.budget))
        is_here = job.organization == self._jobs.organization
        if result.error_kind == "sweep_refused" and is_here and not self._app.leaving.wanted:
            self._ask_about_deletes(job, result)
        elif job.cancelling:
            self._app.tell("Stopped. What was stored stays; the next sync goes on from there.", title=job.title)
        elif result.status == "success":
            self._good.append((job, result))
        else:
            severity: SeverityLevel = "error" if result.status == "failed" else "warning"
            text = result.error or toast_of([result])
            self._app.tell(text, title=f"{job.title}: {result.status}", severity=severity)
        self._tell_good(job.wave)

    def _tell_good(self, wave: str) -> None:
        """One toast for all that were started together and ended well, once none of them runs any more."""
        good = [(job, result) for job, result in self._good if job.wave == wave]
        if good and not any(job.wave == wave for job in self._jobs.everywhere):
            what = good[0][0].title if len(good) == 1 else f"{len(good)} systems"
            self._app.tell(toast_of([result for _, result in good]), title=f"{what} {_done(good[0][0])}")
            self._good = [(job, result) for job, result in self._good if job.wave != wave]

    def _ask_about_deletes(self, job: SyncJob, result: RunResult) -> None:
        from revtops_tui.tui.dialogs.ask import Ask, Choice

        def answered(answer: str | None) -> None:
            if answer is not None:
                self.start(job.selector, job.title, Extent(full=True, allow_deletes=True))

        text = f"{result.error} Is that right? They would be marked deleted by another full sync."
        choice = Choice("allow", "Mark them deleted", danger=True)
        question = Ask(f"{job.title}: most records are gone", text, (choice,), cancel="Keep them")
        self._app.push_screen(question, answered)

    def _failed(self, job: SyncJob, error: EngineError) -> None:
        self._end(job, Outcome(job.title, error=error))
        self._app.tell_error(error, title=job.title)
        self._tell_good(job.wave)

    def _end(self, job: SyncJob, outcome: Outcome) -> None:
        self._jobs.end(job, outcome)
        self._app.work_ended()
        self._app.changed.publish(None)


def _done(job: SyncJob) -> str:
    return "tried, and nothing stored" if job.extent.dry_run else "synced"
