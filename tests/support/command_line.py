"""The command line as a user has it: in a process of its own, with or without a terminal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect

DROP_INS = Path(__file__).parent / "drop_ins"
TOKEN = "s3cret-shop-token"
SECONDS = 60
"""How long anything may take before a test gives up."""


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.stdout)


class CommandLine:
    """Runs `revtops` over one data directory."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *arguments: str, stdin: str = "", env: dict[str, str] | None = None) -> Finished:
        """Run a command without a terminal, to its end."""
        finished = subprocess.run(
            [sys.executable, "-m", "revtops_tui", *arguments],
            input=stdin,
            env={**os.environ, **(env or {})},
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        return Finished(finished.returncode, finished.stdout, finished.stderr)

    def in_background(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command without a terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", "revtops_tui", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def terminal(self, *arguments: str, width: int = 80, env: dict[str, str] | None = None) -> pexpect.spawn[str]:
        """Start a command in a terminal."""
        return pexpect.spawn(
            sys.executable,
            ["-m", "revtops_tui", *arguments],
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
            encoding="utf-8",
            timeout=SECONDS,
            dimensions=(30, width),
        )


class Shop:
    """The vendor of the drop-in connector `shop`, which is installed into the data directory: a file in it."""

    fields = json.dumps({"file": "shop.json", "token": TOKEN})
    """Good credentials, for --stdin."""

    def __init__(self, home: Path) -> None:
        self._file = home / "shop.json"
        self.content: dict[str, Any] = {"token": TOKEN, "owner": "Ada", "accounts": [], "deals": [], "answer": {}}
        (home / "connectors").mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(DROP_INS / "shop.py", home / "connectors")
        self.change()

    def change(self, **content: Any) -> None:
        """Change what the vendor has."""
        self.content |= content
        written = self._file.with_suffix(".new")
        written.write_text(json.dumps(self.content))
        written.replace(self._file)  # whole at any moment: a sync under way may be reading it


def deals(count: int, first: int = 1) -> list[dict[str, Any]]:
    """Good deals."""
    return [{"source_id": str(n), "name": f"Deal {n}", "amount": n * 100} for n in range(first, first + count)]


def ended(process: pexpect.spawn[str]) -> int:
    """Wait for the end of a command in a terminal; its exit code, or minus the signal that ended it."""
    process.expect(pexpect.EOF)
    process.wait()
    return process.exitstatus if process.exitstatus is not None else -(process.signalstatus or 0)
