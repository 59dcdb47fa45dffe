"""Work that takes its time: on a terminal, one line meanwhile says how far it is, and that it can be stopped."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from revtops_tui.cli.console import Console
from revtops_tui.cli.interrupt import run_cancellable

T = TypeVar("T")

_PATIENCE = 1.0


def run_told(
    task: Callable[[threading.Event], T], words: Callable[[float], str], console: Console, patience: float = _PATIENCE
) -> T:
    """`run_cancellable` with a line that is drawn over itself once `patience` seconds have passed.

    `words` says what stands on it after so many seconds; nothing is drawn while that is empty.
    """
    started = time.monotonic()
    drawn = ""

    def tick(stopping: bool) -> None:
        nonlocal drawn
        seconds = time.monotonic() - started
        if console.live and seconds >= patience and (said := words(seconds)):
            drawn = f"{said}, {'stopping' if stopping else 'Ctrl-C stops it'}"
            _draw(drawn)

    try:
        return run_cancellable(task, tick)
    finally:
        if drawn:
            _draw("")


def _draw(text: str) -> None:
    sys.stderr.write(f"\r{text}\x1b[K")
    sys.stderr.flush()
