"""One run per connection at a time, and one daemon per data directory, across processes; a second hears who holds it.

The operating system releases a lock when its process dies, however it dies.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from revtops_tui.engine.errors import EngineError
from store.clock import moment_of, now_text
from store.home import make_private

_DAEMON = "daemon"
_TURN_SECONDS = 120.0
"""Longer than a renewal takes with all its attempts."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock, and since when."""

    pid: int
    since: dt.datetime


@contextmanager
def run_lock(home: Path, connection_id: int, selector: str) -> Iterator[None]:
    """Hold the connection's lock. Raises EngineError (busy) at once when another run holds it."""
    with _held(
        home, _run(connection_id), f"Another sync of {selector} is running", "Wait for it, or stop that one first."
    ):
        yield


@contextmanager
def daemon_lock(home: Path) -> Iterator[None]:
    """Be the data directory's daemon. Raises EngineError (busy) at once when there is one."""
    with _held(home, _DAEMON, "Another daemon runs over this data directory", "One is enough; or stop that one first."):
        yield


@contextmanager
def credentials_lock(home: Path, key: str) -> Iterator[None]:
    """Be the only one to change the credentials that are kept under `key`, once it is one's turn.

    Raises EngineError (busy) when it does not get there in time.
    """
    # The key names an organization, which may hold anything; a file's name may not.
    name = hashlib.sha256(key.encode()).hexdigest()[:24]
    lock = FileLock(make_private(home / "locks") / f"credentials-{name}.lock")
    try:
        lock.acquire(timeout=_TURN_SECONDS)
    except Timeout:
        raise EngineError(
            "busy", "Another process is renewing these credentials and does not finish.", hint="Try again."
        ) from None
    try:
        yield
    finally:
        lock.release()


def run_holder(home: Path, connection_id: int) -> Holder | None:
    """The process that runs a sync of the connection, or None."""
    return _holder(home, _run(connection_id))


def daemon_holder(home: Path) -> Holder | None:
    """The data directory's daemon, or None."""
    return _holder(home, _DAEMON)


def _run(connection_id: int) -> str:
    return f"connection-{connection_id}"


@contextmanager
def _held(home: Path, name: str, complaint: str, hint: str) -> Iterator[None]:
    folder = make_private(home / "locks")
    lock = FileLock(folder / f"{name}.lock")
    holder = folder / f"{name}.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise EngineError("busy", f"{complaint}{_who(_read(holder))}.", hint=hint) from None
    try:
        with suppress(OSError):  # a full disk: who holds the lock is a courtesy
            holder.write_text(json.dumps({"pid": os.getpid(), "since": now_text()}))
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _who(holder: Holder | None) -> str:
    return f": process {holder.pid}, since {holder.since.astimezone():%H:%M:%S}" if holder else ""


def _read(holder: Path) -> Holder | None:
    with suppress(OSError, ValueError, KeyError):
        who = json.loads(holder.read_text())
        return Holder(int(who["pid"]), moment_of(who["since"]))
    return None


def _holder(home: Path, name: str) -> Holder | None:
    """Who says to hold a lock, and is alive. The lock itself is not tried: that would keep its next taker off."""
    found = _read(home / "locks" / f"{name}.json")
    return found if found and _lives(found.pid) else None


def _lives(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # a signal that only asks does not exist there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
