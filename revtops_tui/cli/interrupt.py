"""Long work that Ctrl-C stops in an orderly way, and a second Ctrl-C at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_cancellable(task: Callable[[threading.Event], T], tick: Callable[[bool], None], every: float = 0.1) -> T:
    """Run `task` in a thread and return what it returns, or raise what it raises.

    The first interrupt sets the event that the task was given: it is to finish by itself. The second ends the process.
    `tick` is called in this thread every `every` seconds; its argument says whether an interrupt has come.
    """
    cancel = threading.Event()
    done = threading.Event()
    results: list[T] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(task(cancel))
        except BaseException as failure:  # noqa: BLE001 - raised again in the thread that waits
            failures.append(failure)
        finally:
            done.set()

    def interrupted(number: int, _frame: FrameType | None) -> None:
        if cancel.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        cancel.set()

    before = [signal.signal(number, interrupted) for number in _SIGNALS]
    try:
        threading.Thread(target=work, name="work", daemon=True).start()
        while not done.wait(every):
            tick(cancel.is_set())
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)
    if failures:
        raise failures[0]
    return results[0]
