"""Running a simulator on loopback: in a thread of this process (tests, demo), or in the foreground of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRANSPORT = "simulator.transport"
"""ASGI extension with the connection's transport: a simulator that breaks a connection off needs it."""
FAULT = "simulator.fault"
"""ASGI extension with the kind of the fault that the simulator's own handler has to carry out."""


@dataclass(frozen=True)
class ServedExchange:
    """A request that a simulator of this process answered, and its answer. `vendor` is the connector's slug.

    Header names are in lower case. An answer that a fault broke off is here as far as it got, and not `whole`. `fault`
    is the kind of the fault that shaped its content on purpose, or empty.
    """

    vendor: str
    method: str
    path: str
    query: str
    request_headers: dict[str, str]
    request_body: bytes
    status: int
    reply_headers: dict[str, str]
    reply_body: bytes
    whole: bool
    fault: str = ""


observers: list[Callable[[ServedExchange], None]] = []
"""Called with each exchange of every simulator of this process, in the thread that serves it."""

_START_SECONDS = 30.0
_Transports = dict[tuple[str, int], asyncio.Transport]


class SimulatorStartError(Exception):
    """The server could not start; the message says why."""


class SimulatorServer:
    """A simulator that listens on 127.0.0.1; `url` has its address. Use as a context manager, or call `stop`.

    Raises SimulatorStartError when the port is taken or the server ends before it serves.
    """

    def __init__(self, app: ASGIApp, *, port: int = 0) -> None:
        self._socket = _listen(port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = _Server(app)
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)

    def start(self) -> Self:
        """Start serving in a thread with a loop of its own; return when it serves."""
        self._thread.start()
        if not self._server.ready.wait(_START_SECONDS) or not self._server.started:
            raise SimulatorStartError(f"The simulator at {self.url} did not start.")
        return self

    def run(self) -> None:
        """Serve in this thread until `stop` is called or the process is interrupted."""
        self._run()

    def stop(self) -> None:
        """Stop serving, breaking off what is still open; safe to call twice."""
        self._server.should_exit = True
        self._server.force_exit = True
        if self._thread.is_alive():
            self._thread.join(_START_SECONDS)

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()
            self._server.ready.set()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(app: ASGIApp) -> SimulatorServer:
    """A server for `app` on a free port, not yet started: `with serve(simulator.app) as server: server.url`."""
    return SimulatorServer(app)


def _listen(port: int) -> socket.socket:
    # Only with the protocol named does asyncio turn Nagle's algorithm off; else each reply waits 40 ms for its ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise SimulatorStartError(f"Port {port} cannot be used: {error.strerror}. Choose another, or 0.") from error
    return listener


class _Server(uvicorn.Server):
    """uvicorn without its logs, which says when it serves and knows each connection's transport."""

    def __init__(self, app: ASGIApp) -> None:
        transports: _Transports = {}

        class Protocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                transports[transport.get_extra_info("peername")] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.transport.get_extra_info("peername"), None)
                super().connection_lost(exc)

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            client = cast("tuple[str, int]", tuple(scope["client"]))
            scope["extensions"] = {TRANSPORT: transports.get(client)}
            if observers and scope["type"] == "http":
                await _observed(app, scope, receive, send)
            else:
                await app(scope, receive, send)

        super().__init__(
            uvicorn.Config(
                with_transport,
                http=Protocol,
                ws="wsproto",
                lifespan="off",
                interface="asgi3",
                loop="asyncio",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
            )
        )
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


async def _observed(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    # Read before anything is answered: a refusal by the credentials or a fault looks at no body, but observers do.
    messages = await _whole_request(receive)
    unread = iter(messages)
    answer, answered = bytearray(), {"status": 0, "headers": {}, "whole": False}

    async def receive_again() -> Message:
        return next(unread, None) or await receive()

    async def send_and_keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.update(status=message["status"], headers=_headers(message["headers"]))
        else:
            answer.extend(message.get("body", b""))
            if not message.get("more_body", False):
                answered["whole"] = True
                tell()  # before the client has it all: whoever waits for the answer finds it observed
        await send(message)

    def tell() -> None:
        exchange = ServedExchange(
            vendor=getattr(getattr(app, "state", None), "vendor", ""),
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            request_headers=_headers(scope["headers"]),
            request_body=b"".join(message.get("body", b"") for message in messages),
            status=cast("int", answered["status"]),
            reply_headers=cast("dict[str, str]", answered["headers"]),
            reply_body=bytes(answer),
            whole=bool(answered["whole"]),
            fault=scope["extensions"].get(FAULT, ""),
        )
        for observer in observers:
            observer(exchange)

    try:
        await app(scope, receive_again, send_and_keep)
    finally:
        if not answered["whole"]:
            tell()


async def _whole_request(receive: Receive) -> list[Message]:
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}
