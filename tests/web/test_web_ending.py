"""An app of a tab that does not leave when it is asked to."""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import threading

import aiohttp
import pytest

from revtops_tui.web import child, server
from tests.support.command_line import SECONDS


async def test_an_app_that_does_not_leave_is_ended_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_SECONDS", 0.2)
    deaf = [sys.executable, "-c", "import time; print('__GANGLION__', flush=True); time.sleep(600)"]
    cancel, address = threading.Event(), queue.SimpleQueue[str]()
    options = {"port": 0, "cancel": cancel, "on_serving": address.put}
    serving = threading.Thread(target=server.run, args=(deaf, dict(os.environ)), kwargs=options)
    serving.start()
    try:
        url = await asyncio.to_thread(address.get, timeout=SECONDS)
        base = url.partition("/?")[0]
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as visitor:
            await visitor.get(url)
            async with visitor.ws_connect(f"{base}/ws", origin=base) as terminal:
                await terminal.send_json(["ping", 7])
                assert await terminal.receive_json() == ["pong", 7]
                cancel.set()
                await asyncio.to_thread(serving.join, SECONDS)
    finally:
        cancel.set()
    assert not serving.is_alive()
