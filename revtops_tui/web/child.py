"""One app for one tab of the browser: a process of its own, which ends with the tab."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

_SECONDS = 15.0
"""How long an app may take to stop its syncs and commit what they have, before it is ended."""


class Child(AppService):
    """An app whose screen is drawn in a websocket."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        websocket: web.WebSocketResponse,
        downloads: DownloadManager,
    ) -> None:
        super().__init__(
            "",
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=self._closed,
            download_manager=downloads,
        )
        self._arguments = command
        self._environment = environment
        self._websocket = websocket

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        return {
            **self._environment,
            "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "TERM_PROGRAM": "textual",
            "COLUMNS": str(width),
            "ROWS": str(height),
        }

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Start it, without a shell; what it says on stderr is in its log as well."""
        process = await asyncio.create_subprocess_exec(
            *self._arguments, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=self._build_environment(width, height)
        )
        silent = asyncio.StreamReader()
        silent.feed_eof()
        process.stderr = silent
        self._process = process
        self._stdin = process.stdin
        return process

    async def start(self, width: int, height: int) -> None:
        """Start it; the websocket is closed when it ends, however it does."""
        await super().start(width, height)
        assert self._task is not None
        self._task.add_done_callback(lambda _: asyncio.ensure_future(self._closed()))

    async def stop(self) -> None:
        """Ask it to leave, and wait until it has; one that does not is ended."""
        process = self._process
        if process is None:
            return
        # Not cancelled when the time is over: what reads the app would take that for its end, and wait for it for ever.
        leaving = [asyncio.create_task(super().stop()), asyncio.create_task(process.wait())]
        await asyncio.wait(leaving, timeout=_SECONDS)
        if process.returncode is None:
            process.kill()
        await asyncio.gather(*leaving)

    async def _closed(self) -> None:
        await self._websocket.close()
