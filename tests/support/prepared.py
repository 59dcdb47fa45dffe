"""Commands in processes that need not import anything: a process that has imported it all forks one off for each.

Each command still has a process of its own, with its arguments, environment, streams and exit; what it saves is the
start of Python, which is most of a short command. So it is for tests in which the start is not what is tested.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.command_line import SECONDS, Finished

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("store", "connectors", "revtops_tui.engine", "revtops_tui.cli")
_NOT_NEEDED = ("store.migrations", "connectors.validation")
_MOST_BYTES = 1_000_000
"""Of the arguments, the environment and what comes on stdin, together."""


class Prepared:
    """Runs `revtops` in forks of one process; call it as a `CommandLine`."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def __call__(self, *arguments: str, stdin: str = "", env: dict[str, str] | None = None) -> Finished:
        """Run a command without a terminal, to its end."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin.encode())
            given.seek(0)
            order = json.dumps({"arguments": arguments, "environment": {**os.environ, **(env or {})}}).encode()
            assert len(order) < _MOST_BYTES
            socket.send_fds(self._channel, [order], [given.fileno(), out.fileno(), err.fileno()])
            code = int(self._channel.recv(100))
            out.seek(0)
            err.seek(0)
            return Finished(code, out.read().decode(), err.read().decode())


@contextmanager
def prepared() -> Iterator[Prepared]:
    """A process to fork commands off, ended afterwards."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST_BYTES)
    ours.settimeout(SECONDS)
    command = [sys.executable, "-m", "tests.support.prepared", str(theirs.fileno())]
    process = subprocess.Popen(command, cwd=_ROOT, pass_fds=[theirs.fileno()])
    theirs.close()
    try:
        yield Prepared(ours)
    finally:
        ours.close()
        process.wait(SECONDS)


# -- in the process that is forked -------------------------------------------------------------------------------------


def _serve(channel: socket.socket) -> None:
    """Run what is ordered, one command after the other, until nobody can order any more."""
    while True:
        order, streams, _, _ = socket.recv_fds(channel, _MOST_BYTES, 3)
        if not order:
            return
        child = os.fork()
        if child == 0:
            channel.close()
            _become(json.loads(order), streams)
            return
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(child, 0)
        channel.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(order: dict[str, Any], streams: list[int]) -> None:
    """Be the command that was ordered, and end with it."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = ["revtops", *order["arguments"]]
    from revtops_tui.__main__ import main

    code = main()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # else Python takes apart all that was imported, which costs more than a short command


def _import_all() -> None:
    for name in _PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.startswith(_NOT_NEEDED):
                importlib.import_module(module.name)
    gc.freeze()


if __name__ == "__main__":
    _import_all()
    _serve(socket.socket(fileno=int(sys.argv[1])))
