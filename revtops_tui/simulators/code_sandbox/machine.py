"""The inside of a simulated sandbox: files in memory, a shell of a few commands, and Python by the Monty interpreter.

What it is given to run comes from anywhere, so nothing of it runs on this machine: the shell is not one, and Monty has
no way out.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from pydantic_monty import Monty, MontyError, MountDir

_MEMORY = 128 * 1024 * 1024
_FILES_MEMORY = 16 * 1024 * 1024
_OUTPUT = 32 * 1024 * 1024
"""Bytes after which a program is stopped that goes on printing."""
_HOME = "/home/user"


class _DeadlineError(Exception):
    """The process took longer than it was given."""


@dataclass
class Process:
    """What came of one. `output` is in the order in which it was printed: (stdout or stderr, bytes).

    `late`: it took longer than it was given, and was stopped.
    """

    output: list[tuple[str, bytes]] = field(default_factory=list)
    exit_code: int = 0
    late: bool = False

    def say(self, text: str, stream: str = "stdout") -> None:
        """Print."""
        self.output.append((stream, text.encode("utf-8", "replace")))

    def fail(self, text: str, exit_code: int) -> None:
        """Complain, and end like that."""
        self.say(f"{text}\n", "stderr")
        self.exit_code = exit_code


class Machine:
    """One sandbox's files, by absolute path, and what can be run beside them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {f"{_HOME}/.bashrc": b"# E2B\n"}
        self.directories = {"/", "/home", _HOME, "/tmp"}  # noqa: S108 - a simulated one

    def write(self, path: str, content: bytes) -> str:
        """Put a file there, and its directories; returns its absolute path."""
        whole = str(PurePosixPath(_HOME, path))
        self.files[whole] = content
        self.make_directory(str(PurePosixPath(whole).parent))
        return whole

    def make_directory(self, path: str) -> bool:
        """Make a directory and those above it; returns whether it was not there."""
        if path in self.directories:
            return False
        self.directories |= {path, *map(str, PurePosixPath(path).parents)}
        return True

    def below(self, path: str, depth: int) -> list[str]:
        """The paths of what is in a directory, as many levels deep."""
        level = len(PurePosixPath(path).parts)
        found = [p for p in (*self.directories, *self.files) if PurePosixPath(path) in PurePosixPath(p).parents]
        return sorted(p for p in found if len(PurePosixPath(p).parts) <= level + max(depth, 1))

    def run(self, command: str, arguments: list[str], cwd: str, seconds: float) -> Process:
        """Run a process to its end, or until its time is over."""
        shell = _Shell(self, cwd or _HOME, time.monotonic() + seconds)
        try:
            if PurePosixPath(command).name in ("bash", "sh") and "-c" in arguments:
                shell.script(arguments[arguments.index("-c") + 1])
            else:
                shell.command([command, *arguments])
        except _DeadlineError:
            shell.process.late = True
        return shell.process


class _Shell:
    """Runs commands that are joined by `;` and `&&`, with `>` into a file, and knows no more of a shell."""

    def __init__(self, machine: Machine, cwd: str, deadline: float) -> None:
        self.machine, self.cwd, self.deadline = machine, cwd, deadline
        self.process = Process()

    def script(self, text: str) -> None:
        lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars=";&>")
        lexer.whitespace_split = True
        words: list[str] = []
        try:
            tokens = [*lexer, ";"]
        except ValueError as error:
            self.process.fail(f"/bin/bash: -c: line 1: {error}", 2)
            return
        for token in tokens:
            if token not in (";", "&&"):
                words.append(token)
                continue
            if words:
                self.command(words)
            words = []
            if token == "&&" and self.process.exit_code:  # noqa: S105 - a shell's word
                return

    def command(self, words: list[str]) -> None:
        target = None
        if ">" in words:
            at = words.index(">")
            words, target = words[:at], words[at + 1]
        name, *arguments = words
        self.process.exit_code = 0
        printed = len(self.process.output)
        known: Callable[[list[str]], None] | None = getattr(self, f"_do_{name}", None)
        if known is None:
            self.process.fail(f"/bin/bash: line 1: {name}: command not found", 127)
        else:
            known(arguments)
        if target is not None:
            said = b"".join(data for stream, data in self.process.output[printed:] if stream == "stdout")
            self.process.output[printed:] = [each for each in self.process.output[printed:] if each[0] != "stdout"]
            self.machine.write(str(PurePosixPath(self.cwd, target)), said)

    def _do_echo(self, arguments: list[str]) -> None:
        self.process.say(" ".join(arguments) + "\n")

    def _do_pwd(self, _: list[str]) -> None:
        self.process.say(f"{self.cwd}\n")

    def _do_true(self, _: list[str]) -> None:
        pass

    def _do_false(self, _: list[str]) -> None:
        self.process.exit_code = 1

    def _do_sleep(self, arguments: list[str]) -> None:
        if time.monotonic() + float(arguments[0]) > self.deadline:
            raise _DeadlineError
        time.sleep(float(arguments[0]))

    def _do_ls(self, arguments: list[str]) -> None:
        path = str(PurePosixPath(self.cwd, next((a for a in arguments if not a.startswith("-")), "")))
        if path not in self.machine.directories:
            self.process.fail(f"ls: cannot access '{path}': No such file or directory", 2)
            return
        names = [PurePosixPath(found).name for found in self.machine.below(path, 1)]
        self.process.say("".join(f"{name}\n" for name in names if not name.startswith(".")))

    def _do_cat(self, arguments: list[str]) -> None:
        for name in arguments:
            content = self.machine.files.get(str(PurePosixPath(self.cwd, name)))
            if content is None:
                self.process.fail(f"cat: {name}: No such file or directory", 1)
            else:
                self.process.output.append(("stdout", content))

    def _do_python3(self, arguments: list[str]) -> None:
        if arguments[:1] == ["-c"]:
            self._python(arguments[1])
        elif (code := self.machine.files.get(str(PurePosixPath(self.cwd, arguments[0])))) is None:
            self.process.fail(f"python3: can't open file '{self.cwd}/{arguments[0]}': No such file or directory", 2)
        else:
            self._python(code.decode("utf-8", "replace"))

    def _python(self, code: str) -> None:
        """Run it with the working directory's files, and take back what it made of them."""
        with TemporaryDirectory(prefix="revtops-") as directory:
            prefix = f"{self.cwd}/"
            for path, content in self.machine.files.items():
                if path.startswith(prefix):
                    copy = Path(directory, path.removeprefix(prefix))
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(content)
            self._interpret(code, directory)
            for made in Path(directory).rglob("*"):
                if made.is_file() and not made.is_symlink():
                    self.machine.write(prefix + made.relative_to(directory).as_posix(), made.read_bytes())

    def _interpret(self, code: str, directory: str) -> None:
        printed = 0

        def say(stream: str, text: str) -> None:
            nonlocal printed
            printed += len(text)
            if printed < _OUTPUT:
                self.process.say(text, stream)

        seconds = max(0.01, self.deadline - time.monotonic())
        mount = MountDir(host_path=directory, virtual_path=self.cwd, mode="read-write", write_bytes_limit=_FILES_MEMORY)
        limits = {"max_feed_duration_secs": seconds, "max_total_sleep_secs": seconds, "max_memory": _MEMORY}
        try:
            with mount, Monty(max_processes=1) as pool, pool.checkout(limits=limits) as session:  # type: ignore[arg-type]
                session.feed_run(code, print_callback=say, mount=mount, cwd=self.cwd)
        except MontyError as error:
            if isinstance(error.exception(), TimeoutError) and "limit exceeded" in str(error):
                raise _DeadlineError from None
            self.process.fail(error.display() if hasattr(error, "display") else str(error), 1)
