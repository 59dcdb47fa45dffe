"""One run per connection at a time, across processes; a second one hears who holds it.

The operating system releases the lock when its process dies, however it dies.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from revtops_tui.engine.errors import EngineError
from store.clock import moment_of, now_text
from store.home import make_private


@contextmanager
def run_lock(home: Path, connection_id: int, selector: str) -> Iterator[None]:
    """Hold the connection's lock. Raises EngineError (busy) at once when another run holds it."""
    folder = make_private(home / "locks")
    lock = FileLock(folder / f"connection-{connection_id}.lock")
    holder = folder / f"connection-{connection_id}.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise EngineError(
            "busy", f"Another sync of {selector} is running{_who(holder)}.", hint="Wait for it, or stop that one first."
        ) from None
    try:
        with suppress(OSError):  # a full disk: who holds the lock is a courtesy
            holder.write_text(json.dumps({"pid": os.getpid(), "since": now_text()}))
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _who(holder: Path) -> str:
    with suppress(OSError, ValueError, KeyError):
        who = json.loads(holder.read_text())
        return f": process {who['pid']}, since {moment_of(who['since']).astimezone():%H:%M:%S}"
    return ""
