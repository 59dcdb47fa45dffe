"""Running Python where there is no bubblewrap: in Monty, an interpreter that has no way to the machine at all.

It knows a part of Python and of its standard library, and nothing else: no packages, no network, no processes, and of
files only those that came with the job, in memory. It runs in a process of its own, so that its end is not ours.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from connectors._code_sandbox.job import CannotSandboxError, Job, Outcome, out_of_time
from connectors.errors import InvalidInputError

if TYPE_CHECKING:
    from pydantic_monty import MontyError

_MEMORY = 256 * 1024 * 1024
_FILES_MEMORY = 32 * 1024 * 1024
"""Bytes that written files may take."""
_GRACE = 2.0
"""Seconds after which an interpreter that does not stop by itself is killed."""
_OUT_OF_TIME = ("feed time limit exceeded", "sleep limit exceeded")
_PROBES = (
    "open('/etc/passwd').read()",
    "import socket",
    "import subprocess",
    "import os; os.environ",
    "__import__('os')",
)
"""Each must fail."""


class MontyInterpreter:
    """The provider. Raises CannotSandboxError where Monty is not installed."""

    name = "monty"

    def __init__(self) -> None:
        try:
            import pydantic_monty  # noqa: F401 - it is compiled, for some machines only
        except ImportError as error:
            raise CannotSandboxError(f"The Monty interpreter is not installed ({error}).") from None

    async def check(self) -> str:
        """Run what must fail, and what must not."""
        works = await self.run(Job("python", "print(6 * 7)", 5.0))
        if works.stdout.text() != "42\n":
            raise CannotSandboxError("The Monty interpreter does not work on this machine.")
        for probe in _PROBES:
            if (await self.run(Job("python", probe, 5.0))).exit_code == 0:
                raise CannotSandboxError(f"The Monty interpreter does not protect this machine: it runs `{probe}`.")
        return "Monty on this machine, for plain Python only"

    async def run(self, job: Job) -> Outcome:
        """Run a Python program."""
        from pydantic_monty import MontyError

        if job.language != "python":
            what = "a command" if job.language == "shell" else "JavaScript"
            raise InvalidInputError(
                f"The Monty interpreter runs plain Python and cannot run {what}.",
                hint="Install bubblewrap, or connect with provider=e2b and a key.",
            )
        outcome, began = Outcome(), time.monotonic()
        try:
            await self._feed(job, outcome)
            outcome.exit_code = 0
        except MontyError as error:
            _failed(outcome, job, error)
        except (OSError, RuntimeError) as error:
            raise CannotSandboxError(f"The Monty interpreter does not work on this machine: {error}.") from None
        outcome.seconds = time.monotonic() - began
        return outcome

    async def _feed(self, job: Job, outcome: Outcome) -> None:
        from pydantic_monty import AsyncMonty

        def keep(stream: str, text: str) -> None:
            (outcome.stderr if stream == "stderr" else outcome.stdout).add(text.encode("utf-8", "replace"))

        limits: Any = {
            "max_feed_duration_secs": job.seconds,
            "max_total_sleep_secs": job.seconds,
            "max_memory": _MEMORY,
        }
        with _mounted(job) as mounts:
            async with (
                AsyncMonty(max_processes=1, request_timeout=job.seconds + _GRACE) as pool,
                pool.checkout(limits=limits) as session,
            ):
                await session.feed_run(job.text, print_callback=keep, **mounts)


@contextmanager
def _mounted(job: Job) -> Iterator[dict[str, Any]]:
    """The job's files where the program works, changes to them being kept in memory; nothing where there are none."""
    if not job.files:
        yield {}
        return
    from pydantic_monty import MountDir

    with TemporaryDirectory(prefix="revtops-") as directory:
        for name, content in job.files.items():
            path = Path(directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with MountDir(
            host_path=directory, virtual_path="/work", mode="overlay", memory_usage_limit=_FILES_MEMORY
        ) as mount:
            yield {"mount": mount, "cwd": "/work"}


def _failed(outcome: Outcome, job: Job, error: MontyError) -> None:
    """The program's own failure is a result: its traceback is what it would have printed."""
    from pydantic_monty import MontyCrashedError

    if isinstance(error, MontyCrashedError):
        outcome.stopped = (
            out_of_time(job.seconds) if error.timed_out else "The interpreter ended: it may have used too much memory."
        )
    elif isinstance(error.exception(), TimeoutError) and any(words in str(error) for words in _OUT_OF_TIME):
        outcome.stopped = out_of_time(job.seconds)
    else:
        words = error.display() if hasattr(error, "display") else str(error)
        outcome.stderr.add(f"{words}\n".encode("utf-8", "replace"))
        outcome.exit_code = 1
