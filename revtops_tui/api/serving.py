"""Serving an application on loopback until somebody says stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from revtops_tui.engine.errors import EngineError

HOST = "127.0.0.1"
_GRACE_SECONDS = 5
"""What is being answered when it stops has so long to be finished."""


def run(
    make_app: Callable[[str], ASGIApp], *, port: int, cancel: threading.Event, on_serving: Callable[[str], None]
) -> None:
    """Serve on 127.0.0.1 until `cancel` is set; what is being answered then is finished.

    `make_app` and `on_serving` are given the address, `http://127.0.0.1:port`; port 0 takes a free one. Raises
    EngineError where the port is taken.
    """
    with _listening(port) as listener:
        address = f"http://{HOST}:{listener.getsockname()[1]}"
        server = _Server(make_app(address), cancel, lambda: on_serving(address))
        asyncio.run(server.serve(sockets=[listener]))


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    # Only with the protocol named does asyncio turn Nagle's algorithm off; else each reply waits 40 ms for its ACK.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise EngineError(
                "usage",
                f"Port {port} cannot be used: {error}.",
                hint="Choose another with --port, or 0 for a free one.",
            ) from error
        yield listener


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
