"""The harness's end of the benchmark server: start it, steer it, stop it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import HERE

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Server:
    """A running benchmark server."""

    base_url: str
    rows: int

    def admin(self, name: str, **values: float) -> Any:
        """Call `/admin/name` and return its answer."""
        query = "&".join(f"{key}={value}" for key, value in values.items())
        with urllib.request.urlopen(f"{self.base_url}/admin/{name}?{query}") as answer:
            return json.load(answer)

    def requests(self) -> dict[str, int]:
        """How often each path was asked for since the last reset."""
        counts: dict[str, int] = self.admin("stats")["requests"]
        return counts


@contextmanager
def server(rows: int) -> Iterator[Server]:
    """A benchmark server with that many deals, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.server", "--rows", str(rows)]
    with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            running = Server(f"http://127.0.0.1:{int(process.stdout.readline())}", rows)
            yield running
            running.admin("quit")
        finally:
            process.terminate()
