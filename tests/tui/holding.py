"""Another process that holds a database, so that whoever reads it waits: loading is a state one can look at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_HOLD = """
import fcntl, sys
with open(sys.argv[1], "r+b") as index:
    fcntl.lockf(index, fcntl.LOCK_EX, 5, 123)  # what SQLite's readers share while they read: WAL_READ_LOCK(0) to (4)
    print("held", flush=True)
    sys.stdin.read()
"""


class Holder:
    """Holds a database in WAL mode that somebody has open, from `hold` until `release`."""

    def __init__(self, database: Path) -> None:
        self._index = database.with_name(f"{database.name}-shm")
        self._process: subprocess.Popen[bytes] | None = None

    def hold(self) -> None:
        """Return when nobody can read any more; those who do already are waited for."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(self._index)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"held\n"

    def release(self) -> None:
        """Let them read."""
        if self._process is not None:
            self._process.communicate()
            self._process = None
