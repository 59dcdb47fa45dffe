"""A real browser with a user who agrees: Chromium without a window. As a program it is what `BROWSER` names."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from pathlib import Path

import pytest

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 30


def chromium() -> str:
    """Where Chromium is. Not installed: a failure in CI, else a skip."""
    found = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if found is None:
        reason = "needs Chromium: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def as_browser(choice: str = "#allow", said: Path | None = None) -> str:
    """A value for `BROWSER`: this file, which clicks `choice` and writes what the last page says into `said`."""
    arguments = [sys.executable, __file__, chromium(), choice, str(said or "")]
    return f"{shlex.join(arguments)} %s"


def page_seen(said: Path) -> str:
    """What the last page said, and what was requested, once the browser has written it."""
    deadline = time.monotonic() + _SECONDS
    while not said.exists():
        assert time.monotonic() < deadline, "the browser has seen no last page"
        time.sleep(0.05)
    return said.read_text()


def visit(program: str, choice: str, said: str, url: str) -> None:
    """Open the address, click, and wait for where it leads."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        page = browser.new_page()
        requested: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        page.goto(url, timeout=_SECONDS * 1000)
        with page.expect_navigation(timeout=_SECONDS * 1000):
            page.click(choice)
        if said:
            written = Path(f"{said}.part")
            written.write_text(f"{page.inner_text('body')}\n{chr(10).join(requested)}")
            written.rename(said)
        browser.close()


if __name__ == "__main__":
    visit(*sys.argv[1:5])
