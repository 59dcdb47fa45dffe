"""Serving an application on loopback until somebody says stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from revtops_tui.engine.loopback import HOST, listening

_GRACE_SECONDS = 5
"""What is being answered when it stops has so long to be finished."""


def run(
    make_app: Callable[[str], ASGIApp], *, port: int, cancel: threading.Event, on_serving: Callable[[str], None]
) -> None:
    """Serve on 127.0.0.1 until `cancel` is set; what is being answered then is finished.

    `make_app` and `on_serving` are given the address, `http://127.0.0.1:port`; port 0 takes a free one. Raises
    EngineError where the port is taken.
    """
    with listening(port) as listener:
        address = f"http://{HOST}:{listener.getsockname()[1]}"
        server = _Server(make_app(address), cancel, lambda: on_serving(address))
        asyncio.run(server.serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """uvicorn that obeys an event and leaves signals to whoever runs the process."""

    def __init__(self, app: ASGIApp, cancel: threading.Event, on_serving: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # who asks is told by a signature or a token, never by a header
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._cancel = cancel
        self._on_serving = on_serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_serving()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._cancel.is_set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
