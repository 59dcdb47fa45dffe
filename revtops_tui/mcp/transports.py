"""How clients reach the server: over the pipes of the process they start, or over HTTP on loopback with a token."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import uvicorn
from mcp.server.stdio import stdio_server
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from revtops_tui.engine import tokens
from revtops_tui.engine.agent_clients import HTTP_PATH, address
from revtops_tui.engine.loopback import HOST, listening
from revtops_tui.engine.workspace import Workspace
from revtops_tui.mcp.server import build


def serve_stdio(ws: Workspace) -> None:
    """Serve over stdin and stdout until stdin ends. Whatever else is printed meanwhile goes to stderr."""

    async def serve() -> None:
        server = build(ws)
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())

    anyio.run(serve)


def serve_http(ws: Workspace, port: int, on_serving: Callable[[str], None]) -> None:
    """Serve over HTTP on 127.0.0.1 until the process is told to stop.

    Raises EngineError where the port is taken, or the token cannot be kept.
    """
    app = _WithToken(build(ws).streamable_http_app(streamable_http_path=HTTP_PATH, host=HOST), tokens.token(ws, "mcp"))
    with listening(port) as listener:
        on_serving(address(listener.getsockname()[1]))
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5)
        uvicorn.Server(config).run(sockets=[listener])


class _WithToken:
    """Answers nobody who does not bring the token; the application behind it checks Host and Origin."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or tokens.accepts(self._token, Headers(scope=scope).get("authorization")):
            await self._app(scope, receive, send)
            return
        refused = JSONResponse(
            {"error": "This server wants its bearer token."}, status_code=401, headers={"WWW-Authenticate": "Bearer"}
        )
        await refused(scope, receive, send)
