"""Long work that goes on wherever one is in the app: with progress, and with a way to stop it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from revtops_tui.tui.background import in_background

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.tui.app import RevtopsApp
    from revtops_tui.tui.shell.jobs import Jobs

T = TypeVar("T")

_KEPT = 50


class UnderWay(Protocol):
    """Anything that runs: a sync or a task."""

    @property
    def title(self) -> str:
        """What it is."""

    @property
    def share(self) -> float | None:
        """How much of it is done, 0 to 1; None while that is not known."""

    @property
    def doing(self) -> str:
        """What it is doing or waiting for, in a few words."""

    @property
    def cancelling(self) -> bool:
        """Whether it was asked to stop, and has not yet."""

    @property
    def started(self) -> float:
        """When it began, by the monotonic clock."""

    def stop(self) -> None:
        """Ask it to stop."""


class TaskProgress:
    """Between the work, in its thread, and whoever watches it."""

    def __init__(self) -> None:
        self._cancel = threading.Event()
        self._done = 0.0
        self._total: float | None = None
        self._note = ""

    def report(self, done: float, total: float | None = None, note: str = "") -> None:
        """Say how far the work is, of how much where that is known, and what it is at."""
        self._done, self._total, self._note = done, total, note

    @property
    def cancelled(self) -> bool:
        """Whether the work is to end early: to be looked at now and then, by the work."""
        return self._cancel.is_set()

    def cancel(self) -> None:
        """Ask the work to end."""
        self._cancel.set()

    @property
    def share(self) -> float | None:
        """How much is done, 0 to 1; None while the whole is not known."""
        return min(1.0, self._done / self._total) if self._total else None

    @property
    def note(self) -> str:
        """What the work is at."""
        return self._note or (f"{self._done:,.0f}" if self._done else "")


def _nothing(_: object) -> None:
    """For work whose end needs nothing more than its being told."""


@dataclass(eq=False)
class Task(Generic[T]):
    """Work to be done in a thread.

    `done` gets what `work` returned, `failed` the error; both are called on the event loop, wherever the user is by
    then. Without `failed` the error is told as a toast. `ended` says how it went, in a few words for the list.
    """

    title: str
    work: Callable[[TaskProgress], T]
    done: Callable[[T], object] = _nothing
    failed: Callable[[EngineError], object] | None = None
    ended: Callable[[T], str] = lambda _: "done"
    progress: TaskProgress = field(default_factory=TaskProgress)
    started: float = field(default_factory=time.monotonic)

    @property
    def share(self) -> float | None:
        """How much of it is done."""
        return self.progress.share

    @property
    def doing(self) -> str:
        """What it is at."""
        return "stopping" if self.cancelling else self.progress.note

    @property
    def cancelling(self) -> bool:
        """Whether it was asked to stop."""
        return self.progress.cancelled

    def stop(self) -> None:
        """Ask it to stop."""
        self.progress.cancel()


@dataclass(frozen=True)
class Ended:
    """A task that is over: how it went, in a few words."""

    title: str
    how: str
    is_good: bool
    seconds: float


class Tasks:
    """The tasks that run, and the last ones that ended."""

    def __init__(self, app: RevtopsApp) -> None:
        self._app = app
        self.running: list[Task[Any]] = []
        self.ended: deque[Ended] = deque(maxlen=_KEPT)

    def start(self, task: Task[Any]) -> None:
        """Start a task."""
        self.running.append(task)
        in_background(
            self._app,
            partial(task.work, task.progress),
            partial(self._done, task),
            partial(self._failed, task),
            group=f"task {id(task)}",
        )

    def cancel_all(self) -> None:
        """Ask every task to stop."""
        for task in self.running:
            task.stop()

    def _done(self, task: Task[Any], result: Any) -> None:
        self._end(task, task.ended(result), is_good=True)
        task.done(result)

    def _failed(self, task: Task[Any], error: EngineError) -> None:
        self._end(task, "stopped" if task.cancelling else error.message, is_good=False)
        if task.failed is not None:
            task.failed(error)
        elif not task.cancelling:
            self._app.tell_error(error, title=task.title)

    def _end(self, task: Task[Any], how: str, *, is_good: bool) -> None:
        self.running.remove(task)
        self.ended.append(Ended(task.title, how, is_good, time.monotonic() - task.started))
        self._app.work_ended()


def summary(jobs: Jobs, tasks: Tasks) -> str:
    """What the status line says of what runs: nothing when nothing does."""
    if not tasks.running:
        return jobs.summary()
    running: list[UnderWay] = [*jobs.everywhere, *tasks.running]
    shares = [share for each in running if (share := each.share) is not None]
    percent = f" {sum(shares) / len(shares):.0%}" if len(shares) == len(running) else ""
    return f"⟳ {running[0].title if len(running) == 1 else f'{len(running)} running'}{percent}"
