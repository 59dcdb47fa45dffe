"""textual-serve on loopback, behind the guard: its protocol and its page's script, with doors of our own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping, Sequence

from aiohttp import WSCloseCode, web
from textual_serve.server import Server, to_int

from revtops_tui.engine.loopback import HOST, listening
from revtops_tui.web.child import Child
from revtops_tui.web.guard import Guard
from revtops_tui.web.page import SCRIPT, page

_MOST_TABS = 8


class TerminalServer(Server):
    """Serves an app, run by `command`, to whom the guard lets in."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], port: int) -> None:
        super().__init__("", HOST, port, title="revtops")
        self.guard = Guard(port)
        self._arguments = command
        self._environment = environment
        self._open: set[web.WebSocketResponse] = set()

    @property
    def address(self) -> str:
        """What opens it, once."""
        return f"{self.public_url}/?token={self.guard.token}"

    def application(self) -> web.Application:
        """The application, all of it behind the guard."""
        application = web.Application(middlewares=[self.guard.check])
        application.add_routes(
            [
                web.get("/", self._page),
                web.get("/page.js", self._script),
                web.get("/ws", self.handle_websocket),
                web.get("/download/{key}", self.handle_download),
                web.static("/static", self.statics_path),
            ]
        )
        application.on_shutdown.append(self._close_all)
        return application

    async def _page(self, request: web.Request) -> web.Response:
        address = f"ws://{request.host}/ws"
        size = to_int(request.query.get("fontsize", "16"), 16)
        return web.Response(text=page(address, size), content_type="text/html")

    async def _script(self, _: web.Request) -> web.Response:
        return web.Response(text=SCRIPT, content_type="text/javascript")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """One tab: an app from its opening to its end."""
        if len(self._open) >= _MOST_TABS:
            raise web.HTTPServiceUnavailable(reason="Too many tabs")
        websocket = web.WebSocketResponse(heartbeat=15)
        await websocket.prepare(request)
        child = Child(self._arguments, self._environment, websocket, self.download_manager)
        self._open.add(websocket)
        try:
            await child.start(*(to_int(request.query.get(side, ""), least) for side, least in _SIZE))
            await self._process_messages(websocket, child)
        finally:
            await child.stop()
            self._open.discard(websocket)
        return websocket

    async def _close_all(self, _: web.Application) -> None:
        await asyncio.gather(*(tab.close(code=WSCloseCode.GOING_AWAY) for tab in set(self._open)))


_SIZE = (("width", 80), ("height", 24))


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    port: int,
    cancel: threading.Event,
    on_serving: Callable[[str], object],
) -> None:
    """Serve until `cancel` is set. Raises EngineError where the port is taken."""
    with listening(port) as listener:
        server = TerminalServer(command, environment, listener.getsockname()[1])
        asyncio.run(_serve(server, listener, cancel, on_serving))


async def _serve(
    server: TerminalServer, listener: socket.socket, cancel: threading.Event, on_serving: Callable[[str], object]
) -> None:
    runner = web.AppRunner(server.application(), access_log=None)  # its lines would have the token in them
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        on_serving(server.address)
        await asyncio.to_thread(cancel.wait)
    finally:
        await runner.cleanup()
