"""What every provider of the code sandbox takes and gives, and the bounds that hold for all of them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from connectors.errors import ConnectorError

KEPT_HEAD, KEPT_TAIL = 96 * 1024, 32 * 1024
"""Bytes of a stream that are handed on: its beginning, and its end, where an error says what it is."""
MOST_FILES = 50
"""Files that are named in a result; what is in them comes along within the next two bounds."""
FILE_BYTES = 256 * 1024
FILES_BYTES = 1024 * 1024
"""Bytes that one file may have, and all together, for what is in them to be handed on."""

Language = Literal["python", "javascript", "shell"]
PROGRAMS: Mapping[Language, str] = {"python": "main.py", "javascript": "main.js"}
"""The file that code is run from. A shell command is an argument."""


class CannotSandboxError(ConnectorError):
    """Here code cannot be run under this provider's protection, so it is not run. The message says why."""

    default_hint = "Install bubblewrap (package bubblewrap), or connect with provider=e2b and a key."


@dataclass(frozen=True)
class Job:
    """What to run: a program in a language, with files in its working directory, for at most so many seconds."""

    language: Language
    text: str
    seconds: float
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, bytes]:
        """All files of the working directory, the program's own among them."""
        program = PROGRAMS.get(self.language)
        return {**self.files, **({program: self.text.encode()} if program else {})}


class Kept:
    """A stream of any length, of which a bounded part is kept: the beginning and the end."""

    def __init__(self) -> None:
        self._head, self._tail = bytearray(), bytearray()
        self._total = 0

    def add(self, data: bytes) -> None:
        """Take what came."""
        self._total += len(data)
        fits = KEPT_HEAD - len(self._head)
        self._head += data[:fits]
        self._tail += data[fits:]
        del self._tail[:-KEPT_TAIL]

    @property
    def cut(self) -> bool:
        """Whether something was left out."""
        return self._total > len(self._head) + len(self._tail)

    def text(self) -> str:
        """What was kept, as valid text; a mark says how much is missing where something is."""
        if not self.cut:
            return (self._head + self._tail).decode("utf-8", "replace")
        missing = self._total - len(self._head) - len(self._tail)
        head, tail = (part.decode("utf-8", "replace") for part in (self._head, self._tail))
        return f"{head}\n[… {missing:,} bytes of output left out here …]\n{tail}"


@dataclass(frozen=True)
class MadeFile:
    """A file that the program made or changed; `content` is None where it was too large to hand on."""

    path: str
    size: int
    content: bytes | None

    def shape(self) -> dict[str, Any]:
        """`{"path", "size", "text"}`, or `base64` for what is no UTF-8 text, or `left_out` with the reason."""
        about: dict[str, Any] = {"path": self.path, "size": self.size}
        if self.content is None:
            limit = f"{FILE_BYTES // 1024} kB a file and {FILES_BYTES // 1024} kB in all are handed on"
            return {**about, "left_out": limit}
        try:
            return {**about, "text": self.content.decode()}
        except UnicodeDecodeError:
            return {**about, "base64": base64.b64encode(self.content).decode()}


@dataclass
class Outcome:
    """What came of a job. `stopped`: why it was ended from outside; then there may be no exit code."""

    stdout: Kept = field(default_factory=Kept)
    stderr: Kept = field(default_factory=Kept)
    exit_code: int | None = None
    stopped: str | None = None
    seconds: float = 0.0
    files: Sequence[MadeFile] = ()
    more_files: bool = False

    def shape(self, provider: str) -> dict[str, Any]:
        """The result as a caller gets it."""
        left_out = self.more_files or any(file.content is None for file in self.files)
        result = {
            "ok": self.exit_code == 0 and self.stopped is None,
            "stdout": self.stdout.text(),
            "stderr": self.stderr.text(),
            "exit_code": self.exit_code,
            "stopped": self.stopped,
            "truncated": self.stdout.cut or self.stderr.cut or left_out,
            "seconds": round(self.seconds, 3),
            "provider": provider,
        }
        return {**result, "files": [file.shape() for file in self.files]} if self.files else result


def out_of_time(seconds: float) -> str:
    """Why a job was stopped that took too long."""
    return f"It was stopped after {seconds:g} s, the time limit."


class Provider(Protocol):
    """Somewhere to run a job where it can do no harm."""

    name: str

    async def check(self) -> str:
        """Make sure that it protects; returns what it is, as a person would say it. Raises a ConnectorError."""

    async def run(self, job: Job) -> Outcome:
        """Run a job. Raises CannotSandboxError with nothing run, InvalidInputError for what it has no means for."""
