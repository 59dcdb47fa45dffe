"""`revtops web` over the shop, and a headless Chromium that looks at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.command_line import SECONDS, CommandLine, Shop, deals
from tests.web.served import Served

CANARY = "canary-of-the-environment"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium of this machine."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        reason = "there is no Chromium"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def served(revtops: CommandLine, connected_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The app over the shop, served."""
    monkeypatch.setenv("SOME_SECRET_OF_ANOTHER_PROGRAM", CANARY)
    connected_shop.change(deals=deals(3))
    process = revtops.in_background("web", "--no-open", "--json")
    try:
        yield Served(process)
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that has been nowhere."""
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    yield context.new_page()
    context.close()
