"""Looking into a sandbox from outside, by its root directory: what it uses, and which files it leaves.

Linux hands out the root of another process's file systems as a directory (`/proc/PID/root`, proc(5)). What was opened
below it stays readable when every process of the sandbox is dead; so files are read when nothing can change them any
more. They are hostile all the same: nothing is followed, nothing is read without a bound.
"""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress

from connectors._code_sandbox.job import FILE_BYTES, FILES_BYTES, MOST_FILES, MadeFile

MEMORY = 512 * 1024 * 1024
"""Bytes that all processes together may have."""
MOST_PROCESSES = 64
"""Threads are counted too."""
_MOST_ENTRIES = 20_000
"""Files and directories; each costs the kernel memory, however small it is."""
_DEEPEST, _MOST_WALKED = 16, 2_000
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class View:
    """A sandbox that stands and whose job has not begun; an asynchronous context manager that ends it.

    `init`: its first process, without which there is no other. `writable`: the directories that it may write to, the
    first being where it works. All are opened at once: when the last process dies its file systems are taken apart, and
    only what is open can be read.
    """

    def __init__(self, init: int, writable: Sequence[str]) -> None:
        with ExitStack() as opened:

            def opening(handle: int) -> int:
                opened.callback(os.close, handle)
                return handle

            self._init = opening(os.pidfd_open(init))
            root = opening(os.open(f"/proc/{init}/root", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            self._table, *self._writable = (
                opening(os.open(place.lstrip("/"), _DIRECTORY, dir_fd=root)) for place in ("proc", *writable)
            )
            self._opened = opened.pop_all()

    async def __aenter__(self) -> View:
        return self

    async def __aexit__(self, *_: object) -> None:
        with self._opened:
            await self.end()

    async def end(self) -> None:
        """Kill all that runs in it, and wait until it is gone. Linux lets the first process be the last one to go."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._init, signal.SIGKILL)
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        loop.add_reader(self._init, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(self._init)

    def excess(self) -> str | None:
        """What it uses too much of, as a sentence; None while all is well."""
        processes, memory = self._processes()
        if memory > MEMORY:
            return f"It was stopped because it used more than {MEMORY // 1024 // 1024} MB of memory."
        if processes > MOST_PROCESSES + 4:  # the kernel holds the limit; this is for kernels that count otherwise
            return f"It was stopped because it started more than {MOST_PROCESSES} processes."
        if self._entries() > _MOST_ENTRIES:
            return f"It was stopped because it made more than {_MOST_ENTRIES:,} files."
        return None

    def _processes(self) -> tuple[int, int]:
        """How many there are, and the bytes that are theirs alone or shared between them."""
        running = [name for name in os.listdir(self._table) if name.isdigit()]  # noqa: PTH208 - a handle, not a path
        return len(running), sum(_memory(self._table, name) for name in running)

    def _entries(self) -> int:
        spaces = [os.fstatvfs(directory) for directory in self._writable]
        return sum(space.f_files - space.f_ffree for space in spaces)

    def made(self, given: Mapping[str, bytes]) -> tuple[list[MadeFile], bool]:
        """The regular files it leaves that are not as they were given, by path, and whether there are more of them."""
        found: list[MadeFile] = []
        budget, more = FILES_BYTES, False
        for walked, (path, handle) in enumerate(_regular_files(self._writable[0], "", 0)):
            if handle is None:
                more = True
                continue
            size = os.fstat(handle).st_size
            content = _read(handle, size) if size <= FILE_BYTES else None
            if content is not None and given.get(path) == content:
                continue
            if len(found) == MOST_FILES or walked >= _MOST_WALKED:
                return found, True
            if content is not None and len(content) > budget:
                content = None
            budget -= len(content or b"")
            found.append(MadeFile(path, size, content))
        return found, more


def _memory(table: int, process: str) -> int:
    """Bytes of a process that no file is behind; 0 for one that is gone."""
    with suppress(OSError):
        handle = os.open(f"{process}/status", os.O_RDONLY | os.O_CLOEXEC, dir_fd=table)
        with os.fdopen(handle, "rb") as status:
            return sum(int(line.split()[1]) * 1024 for line in status if line.startswith((b"RssAnon:", b"RssShmem:")))
    return 0


def _regular_files(directory: int, prefix: str, depth: int) -> Iterator[tuple[str, int | None]]:
    """Path and open handle of each, None for what is too deep. Links, pipes and the unreadable are passed over."""
    if depth > _DEEPEST:
        yield prefix, None
        return
    for name in sorted(os.listdir(directory)):
        with suppress(OSError):
            kind = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
            if stat.S_ISREG(kind):
                handle = os.open(name, _FILE, dir_fd=directory)
                try:
                    yield f"{prefix}{_printable(name)}", handle
                finally:
                    os.close(handle)
            elif stat.S_ISDIR(kind):
                below = os.open(name, _DIRECTORY, dir_fd=directory)
                try:
                    yield from _regular_files(below, f"{prefix}{_printable(name)}/", depth + 1)
                finally:
                    os.close(below)


def _read(handle: int, size: int) -> bytes:
    with os.fdopen(os.dup(handle), "rb") as file:
        return file.read(size)


def _printable(name: str) -> str:
    """A name as text: the bytes that are no UTF-8 come as surrogates, which no JSON takes."""
    return os.fsencode(name).decode("utf-8", "replace")
