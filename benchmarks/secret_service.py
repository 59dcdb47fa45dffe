"""An OS keyring for the run: a private, unlocked Secret Service where one can be had.

Without one the product's credentials go into its encrypted file, under a passphrase from the environment. That costs
each command the file's key derivation (about 0.2 CPU seconds and 64 MB by design), so the results say which it was.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")


@dataclass(frozen=True)
class Keyring:
    """Where the run's credentials are kept."""

    name: str
    env: dict[str, str]
    """What the product's commands need in their environment to find it."""


@contextmanager
def keyring() -> Iterator[Keyring]:
    """A Secret Service on a bus of its own, gone afterwards; the encrypted file where the programs are missing."""
    if not all(map(shutil.which, _PROGRAMS)):
        yield Keyring("encrypted file", {"REVTOPS_KEYRING_PASSPHRASE": "benchmark"})
        return
    with tempfile.TemporaryDirectory() as folder:
        home = {"HOME": folder, "XDG_DATA_HOME": f"{folder}/data", "XDG_RUNTIME_DIR": f"{folder}/run"}
        for path in (home["XDG_DATA_HOME"], home["XDG_RUNTIME_DIR"]):
            Path(path).mkdir(mode=0o700)
        hidden = {"DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"}
        env = {**{name: value for name, value in os.environ.items() if name not in hidden}, **home}
        with _daemon(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"], env) as bus:
            address = {"DBUS_SESSION_BUS_ADDRESS": _first_line(bus)}
            command = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
            with _daemon(command, env | address, password=b"benchmark") as service:
                _first_line(service)  # it tells its control directory once it is up
                yield Keyring("Secret Service", {**address, "REVTOPS_KEYRING_PASSPHRASE": ""})


@contextmanager
def _daemon(command: list[str], env: dict[str, str], password: bytes = b"") -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    process.stdin.write(password)
    process.stdin.close()
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _first_line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()
