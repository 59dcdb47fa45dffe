"""What one command costs, with everything it starts: CPU, wall time, memory, bytes written. Linux only.

A small process of its own stands between the harness and the command. It adopts what the command leaves behind
(`PR_SET_CHILD_SUBREAPER`) and waits for all of it, so that the kernel's own sums for waited-for children are those of
the whole tree. It also has to be small because a child's peak memory starts at that of the process that started it.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Usage:
    """One command's cost, and what it printed on stdout."""

    cpu: float
    """User and system seconds of all its processes."""
    wall: float
    """Seconds from start to the end of the last process."""
    peak_mb: float
    """Peak resident memory of its largest process, in 10^6 bytes."""
    written: int
    """Bytes given to write calls on files and pipes; not what is sent through sockets."""
    stored: int
    """Bytes of pages made dirty for a disk."""
    exit_code: int
    output: str = ""


class CommandError(RuntimeError):
    """A measured command ended with another exit code than 0."""


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    terminal: int | None = None,
    allowed: Sequence[int] = (0,),
) -> Usage:
    """Run a command to its end and say what it cost.

    `env` is added to this process's environment. With `terminal` (a file descriptor of a pseudo-terminal) the command
    reads from and writes to that, otherwise it gets no input and its stdout is returned. Raises CommandError, with the
    end of what it said, for an exit code that is not allowed.
    """
    with tempfile.NamedTemporaryFile() as report, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, report.name, *map(str, command)],
            env={**_environment(), **(env or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=errors if terminal is None else terminal,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)  # interrupted: nothing of it stays behind
            raise
        errors.seek(0)
        said = errors.read()[-4000:].decode(errors="replace")
        content = report.read()
    if not content:
        raise CommandError(f"{command[0]} could not be started: {said}")
    usage = Usage(**json.loads(content), output=(output or b"").decode())
    if usage.exit_code not in allowed:
        raise CommandError(f"{' '.join(map(str, command))} ended with {usage.exit_code}\n{said}{usage.output[-2000:]}")
    return usage


def _environment() -> dict[str, str]:
    """This process's, with byte code kept: an installed program has its own, so compiling is not what is measured."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _io() -> dict[str, int]:
    """What this process and its waited-for children read and wrote, as the kernel counts it."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return {name: int(value) for name, _, value in (line.partition(":") for line in lines)}


def _wait_for_all(main: int) -> int:
    """Wait for every process of the tree; the exit code of the first one."""
    code = 1
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return code
        if pid == main:
            code = os.waitstatus_to_exitcode(status)


def _measure(command: list[str]) -> dict[str, Any]:
    """The process in between: run the command, adopt its orphans, add up."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot adopt the processes of the command")
    before, start = _io(), time.perf_counter()
    main = os.posix_spawnp(command[0], command, os.environ)
    code = _wait_for_all(main)
    wall, after = time.perf_counter() - start, _io()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu": used.ru_utime + used.ru_stime,
        "wall": wall,
        "peak_mb": used.ru_maxrss * 1024 / 1e6,
        "written": after["wchar"] - before["wchar"],
        "stored": after["write_bytes"] - before["write_bytes"],
        "exit_code": code,
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(_measure(sys.argv[2:])))
