"""Running a job on this machine in bubblewrap: namespaces, an empty file system, a filter of system calls, limits.

What is enforced by whom, strongest first:

- Linux, by bubblewrap's namespaces: no network, no other processes, no home, no /etc, a read-only /usr. All that can be
  written to is in memory, of a fixed size, and gone with the sandbox, even if this program is killed.
- Linux, by `connectors._code_sandbox.seccomp`, dropped capabilities and no_new_privs: no way to more rights.
- Linux, by resource limits, each process: memory, file size, open files, processor time; and processes of the sandbox.
- This program, by `connectors._code_sandbox.watch`: what all processes use together, which without a cgroup of one's
  own (a thing that few machines give to a plain user) no limit of Linux holds. And the time.

Everything fails closed: if bubblewrap cannot set up a part of it, it ends before the job began.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from connectors._code_sandbox.job import PROGRAMS, CannotSandboxError, Job, Kept, Outcome, out_of_time
from connectors._code_sandbox.seccomp import seccomp_filter
from connectors._code_sandbox.watch import MEMORY, MOST_PROCESSES, View
from connectors.errors import InvalidInputError

_NOBODY = 65534
_WORK = "/work"
_WRITABLE = {_WORK: 64, "/tmp": 32, "/dev/shm": 8}  # noqa: S108 - inside of the sandbox
"""Directory -> its size in MB. Jobs work in the first."""
_LARGEST_FILE = 32 * 1024 * 1024
_OPEN_FILES = 128
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""Links into /usr on most systems; directories of their own on others."""
_LIBRARIES = ("/etc/ld.so.cache", "/etc/alternatives")
"""All of /etc that is there: where libraries are, and the names that Debian's commands go by."""
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": _WORK,
    "TMPDIR": "/tmp",  # noqa: S108 - inside of the sandbox
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",  # so that what was printed before it was stopped is not lost
}
_INTERPRETERS = {"python": "python3", "javascript": "node", "shell": "sh"}
_READY = b"ready\n"
_SHIM = 'echo ready; read -r _; echo 900 >/proc/self/oom_score_adj; exec "$@" </dev/null'
"""Says that all is set up, waits until it is watched, then becomes the job, first in line if memory is short."""
_SETUP_SECONDS = 20.0
_LOOK_EVERY = 0.02
"""Seconds between two looks at what is used."""

_PROBE = r"""
echo "uid $(id -u)"
echo "interfaces $(grep -c : /proc/net/dev)"
grep -E '^(Seccomp|NoNewPrivs|CapEff|CapBnd):' /proc/self/status
for place in /home /root /etc/passwd /etc/shadow /run /var /sys /srv "$@"; do
    [ -e "$place" ] && echo "sees $place"
done
for place in /work /tmp /dev/shm; do [ -z "$(ls -A "$place")" ] || echo "finds something in $place"; done
for place in / /usr /usr/bin /dev; do ( : > "$place/probe" ) 2>/dev/null && echo "writes $place"; done
env | cut -d= -f1 | grep -E 'REVTOPS|TOKEN|KEY|DBUS|SSH' && echo "sees the environment"
[ "$(ls /proc | grep -c '^[0-9]')" -lt 12 ] || echo "sees other processes"
echo end
"""
_PROTECTED = [
    "uid 65534",
    "interfaces 1",
    "CapBnd: 0000000000000000",
    "CapEff: 0000000000000000",
    "NoNewPrivs: 1",
    "Seccomp: 2",
    "end",
]


class Bubblewrap:
    """The provider. Raises CannotSandboxError where what it needs is not installed."""

    name = "bubblewrap"

    def __init__(self) -> None:
        bwrap = _trusted("bwrap", "bubblewrap")
        self._command = [*_unprivileged(), bwrap]
        try:
            self._filter = seccomp_filter()
        except KeyError as error:
            raise CannotSandboxError(f"There is no filter of system calls for this processor ({error}).") from None

    async def check(self) -> str:
        """Run a probe that looks for what it must not find, among it a file that was made for it."""
        homes = {str(Path.home())} - {"/", *_WRITABLE}
        with tempfile.NamedTemporaryFile() as marker:
            places = [marker.name, *homes]
            outcome = await self._run(Job("shell", _PROBE, 10.0), ["/bin/sh", "-c", _PROBE, "sh", *places])
        found = [" ".join(line.split()) for line in outcome.stdout.text().splitlines()]
        if sorted(found) != sorted(_PROTECTED):
            odd = [outcome.stopped] if outcome.stopped else sorted(set(found) ^ set(_PROTECTED))
            raise CannotSandboxError(f"bubblewrap does not protect as it should on this machine: {'; '.join(odd)}.")
        return "bubblewrap on this machine"

    async def run(self, job: Job) -> Outcome:
        """Run a job in a sandbox of its own."""
        interpreter = _interpreter(job.language)
        program = PROGRAMS.get(job.language)
        return await self._run(job, [interpreter, program] if program else [interpreter, "-c", job.text])

    async def _run(self, job: Job, command: Sequence[str]) -> Outcome:
        with ExitStack() as opened:
            told, telling = os.pipe()
            opened.callback(os.close, told)
            os.set_blocking(told, False)  # it is there by the time that the sandbox stands, or never
            with ExitStack() as handed_on:
                handed_on.callback(os.close, telling)
                seccomp = handed_on.enter_context(_in_memory(self._filter))
                inputs = {name: handed_on.enter_context(_in_memory(data)) for name, data in job.inputs.items()}
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    *("--info-fd", str(telling), "--seccomp", str(seccomp)),
                    *_walls(),
                    *(word for name, fd in inputs.items() for word in ("--file", str(fd), f"{_WORK}/{name}")),
                    *("--remount-ro", "/", "--chdir", _WORK, "--"),
                    *("/bin/sh", "-c", _SHIM, "sh", *_limits(job.seconds), *command),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    pass_fds=(telling, seccomp, *inputs.values()),
                    env={},
                    start_new_session=True,
                )
            try:
                async with await _set_up(process, told) as view:
                    return await _watched(process, view, job)
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def _walls() -> Iterator[str]:
    """bubblewrap's arguments: see bwrap(1)."""
    yield from ("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session")
    yield from ("--clearenv", "--cap-drop", "ALL", "--hostname", "sandbox")
    yield from ("--uid", str(_NOBODY), "--gid", str(_NOBODY))
    yield from ("--ro-bind", "/usr", "/usr")
    for place in _SYSTEM:
        if Path(place).is_symlink():
            yield from ("--symlink", str(Path(place).readlink()), place)
        else:
            yield from ("--ro-bind-try", place, place)
    for place in _LIBRARIES:
        yield from ("--ro-bind-try", place, place)
    yield from ("--proc", "/proc", "--dev", "/dev")
    for place, megabytes in _WRITABLE.items():
        yield from ("--size", str(megabytes * 1024 * 1024), "--tmpfs", place)
    yield from ("--remount-ro", "/dev")
    for name, value in _ENVIRONMENT.items():
        yield from ("--setenv", name, value)


def _limits(seconds: float) -> Iterator[str]:
    """What each process may use. Set inside: there Linux, from 5.14 on, counts the sandbox's processes only."""
    yield "/usr/bin/prlimit"
    yield from (f"--data={MEMORY}", f"--nproc={MOST_PROCESSES}", f"--nofile={_OPEN_FILES}", "--core=0")
    yield from (f"--fsize={_LARGEST_FILE}", f"--cpu={int(seconds) + 1}", "--")


def _unprivileged() -> list[str]:
    """For root: give up its rights first. Root may exceed limits, and what escaped would be root."""
    if os.geteuid() != 0:
        return []
    setpriv = _trusted("setpriv", "util-linux")
    return [setpriv, f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--"]


def _trusted(command: str, package: str) -> str:
    """The path of a command that nobody but root can change: a sandboxed process can reach the file it runs in."""
    path = shutil.which(command)
    if path is None:
        raise CannotSandboxError(f"{command} is not installed.", hint=f"Install it: the package is {package}.")
    about = Path(path).stat()
    if about.st_uid != 0 or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise CannotSandboxError(f"{path} can be changed by others than root, so it protects nothing.")
    return path


def _interpreter(language: str) -> str:
    found = shutil.which(_INTERPRETERS[language], path=_ENVIRONMENT["PATH"])
    if found is None:
        raise InvalidInputError(
            f"This machine has no {_INTERPRETERS[language]} below /usr, which is all that the sandbox sees.",
            hint=f"Install {_INTERPRETERS[language]} by the system's packages, or use another language.",
        )
    return found


@contextmanager
def _in_memory(data: bytes) -> Iterator[int]:
    """A file without a name that holds `data`, to hand to bubblewrap."""
    handle = os.memfd_create("revtops")
    try:
        os.write(handle, data)
        os.lseek(handle, 0, os.SEEK_SET)
        yield handle
    finally:
        os.close(handle)


async def _set_up(process: asyncio.subprocess.Process, told: int) -> View:
    """Wait until the sandbox stands, and look into it. Raises CannotSandboxError with what bubblewrap says."""
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(_SETUP_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError:
        raise CannotSandboxError(f"bubblewrap was not ready after {_SETUP_SECONDS:g} s.") from None
    if line != _READY:
        said = (await process.stderr.read(2000)).decode("utf-8", "replace")
        raise CannotSandboxError(
            f"bubblewrap does not work on this machine: {' '.join(said.split()) or 'it says nothing'}",
            hint="It needs version 0.8 or newer, and user namespaces that plain users may make. "
            "Without them connect with provider=monty or provider=e2b.",
        )
    try:
        return View(json.loads(os.read(told, 4096))["child-pid"], list(_WRITABLE))
    except (OSError, ValueError) as error:
        raise CannotSandboxError(f"The sandbox cannot be watched on this machine: {error}.") from None


async def _watched(process: asyncio.subprocess.Process, view: View, job: Job) -> Outcome:
    """Let the job begin, and see it to its end."""
    assert process.stdin is not None
    outcome, began = Outcome(), time.monotonic()
    with suppress(ConnectionError):
        process.stdin.write(b"\n")
        await process.stdin.drain()
    process.stdin.close()
    reading = [
        asyncio.create_task(_keep(stream, kept))
        for stream, kept in ((process.stdout, outcome.stdout), (process.stderr, outcome.stderr))
    ]
    try:
        outcome.stopped = await _end(process, view, job.seconds)
        outcome.exit_code = None if outcome.stopped else await process.wait()
        outcome.seconds = time.monotonic() - began
        await view.end()
        await asyncio.gather(*reading)
    finally:
        for task in reading:
            task.cancel()
    made, outcome.more_files = await asyncio.to_thread(view.made, job.inputs)
    outcome.files = made
    return outcome


async def _end(process: asyncio.subprocess.Process, view: View, seconds: float) -> str | None:
    """Wait for the end; returns why it has to be brought about, None if it came by itself."""
    ended = asyncio.create_task(process.wait())
    try:
        async with asyncio.timeout(seconds):
            while not (await asyncio.wait([ended], timeout=_LOOK_EVERY))[0]:
                if excess := view.excess():
                    return excess
    except TimeoutError:
        return out_of_time(seconds)
    finally:
        ended.cancel()
    return None


async def _keep(stream: asyncio.StreamReader | None, kept: Kept) -> None:
    while stream is not None and (data := await stream.read(65536)):
        kept.add(data)
