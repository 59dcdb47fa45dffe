"""A `revtops web` that runs, and what a page of it shows."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.support.command_line import SECONDS

_CODES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\\\-_])")


class Served:
    """A `revtops web` that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        document = "".join(iter(process.stdout.readline, "}\n"))
        assert document, process.communicate(timeout=SECONDS)[1]
        self.url = json.loads(f"{document}}}")["url"]
        self.host = urlsplit(self.url).netloc
        self.token = self.url.partition("token=")[2]

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        """Ask without a browser; status, headers and text."""
        with closing(http.client.HTTPConnection(self.host, timeout=SECONDS)) as connection:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return response.status, dict(response.headers), response.read().decode()

    def apps(self) -> list[Path]:
        """The processes that run apps for tabs."""
        found = []
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                if re.search(rf"^PPid:\s+{self.process.pid}$", status.read_text(), re.MULTILINE):
                    found.append(status.parent)
            except OSError:
                continue
        return found


class Screen:
    """What a page's terminal was told to show: it draws on a canvas, so its text is read on the way there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._shown = ""
        self.told = b""
        """All that the terminal was ever told, as it was."""
        page.on("websocket", lambda opened: opened.on("framereceived", self._received))

    def _received(self, payload: str | bytes) -> None:
        if isinstance(payload, bytes):
            self.told += payload
            self._shown += _CODES.sub("", payload.decode("utf-8", "replace"))

    def sees(self, *texts: str) -> None:
        """Wait until all of the texts were shown since the last key."""
        until = time.monotonic() + SECONDS
        while not all(text in self._shown for text in texts):
            assert time.monotonic() < until, f"{texts} not in:\n{self._shown[-4000:]}"
            self.page.wait_for_timeout(20)

    def press(self, key: str) -> None:
        """Press a key."""
        self._shown = ""
        self.page.keyboard.press(key)


def until(so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + SECONDS
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
