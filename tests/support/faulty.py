"""Real faults on a real loopback socket: a scripted HTTP server, and a proxy that spoils another server's answers."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, TypeVar


class Fault(Enum):
    """What happens to an answer on its way, after the request was received whole (and carried out)."""

    NONE = auto()
    LOST = auto()
    """The connection is closed without an answer."""
    RESET = auto()
    """The connection is reset (RST) in the middle of the answer."""
    TRUNCATED = auto()
    """The connection is closed in the middle of the answer."""
    STALLED = auto()
    """Nothing comes, and the connection stays open."""
    DRIPPING = auto()
    """A byte at a time, and never the last one: no single read takes long."""


@dataclass(frozen=True)
class Answer:
    """A scripted answer. `body` may be JSON data or bytes; `length` off leaves the end to the closed connection."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault = Fault.NONE
    length: bool = True

    def raw(self) -> bytes:
        """The answer as it goes over the wire."""
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        headers |= {"Content-Length": str(len(body))} if self.length else {"Connection": "close"}
        lines = [f"HTTP/1.1 {self.status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Seen:
    """A request that arrived. Header names are in lower case; `raw` is all of it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    raw: bytes


class FaultyServer:
    """Answers what was scripted, in order, then `{}` with 200 for ever. `seen` is what arrived."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.url = ""
        self._script: deque[Answer] = deque()
        self._closing = asyncio.Event()

    def script(self, *answers: Answer) -> None:
        """Add answers to the script."""
        self._script.extend(answers)

    async def answer(self, request: Seen) -> tuple[bytes, Fault]:
        """The answer to a request, and what is to happen to it."""
        answer = self._script.popleft() if self._script else Answer()
        return (b"" if request.method == "HEAD" else answer.raw()), answer.fault

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        try:
            while not self._closing.is_set():
                request = _seen(await _read_message(reader))
                self.seen.append(request)
                raw, fault = await self.answer(request)
                if not await self._deliver(writer, raw, fault):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _deliver(self, writer: asyncio.StreamWriter, raw: bytes, fault: Fault) -> bool:
        """Send the answer, spoiled or not; whether the connection can be used again."""
        half = raw[: max(1, len(raw) - 3)]
        if fault is Fault.STALLED:
            await self._closing.wait()
        elif fault is Fault.DRIPPING:
            await self._drip(writer, raw[:-1])
        elif fault is Fault.RESET:
            writer.write(half)
            await writer.drain()
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        elif fault is not Fault.LOST:
            writer.write(raw if fault is Fault.NONE else half)
            await writer.drain()
        return fault is Fault.NONE and b"\r\nConnection: close" not in raw

    async def _drip(self, writer: asyncio.StreamWriter, raw: bytes) -> None:
        for byte in raw:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.01)
        await self._closing.wait()

    def close(self) -> None:
        """Let go of the connections that a fault holds open."""
        self._closing.set()


class FaultyProxy(FaultyServer):
    """Passes each request on to the server at `host:port`, and spoils the answers that `spoil` asked for, in order."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._upstream = (host, port)
        self._faults: deque[Fault] = deque()

    def spoil(self, *faults: Fault) -> None:
        """What happens to the next answers; the later ones pass untouched."""
        self._faults.extend(faults)

    async def answer(self, request: Seen) -> tuple[bytes, Fault]:
        """The upstream's answer, whole, and the next fault."""
        reader, writer = await asyncio.open_connection(*self._upstream)
        try:
            writer.write(request.raw)
            await writer.drain()
            raw = await _read_message(reader, bodyless=request.method == "HEAD")
        finally:
            writer.close()
        return raw, self._faults.popleft() if self._faults else Fault.NONE


AnyServer = TypeVar("AnyServer", bound=FaultyServer)


@asynccontextmanager
async def running(server: AnyServer) -> AsyncIterator[AnyServer]:
    """Serve on a free loopback port; `server.url` says which."""
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        server.close()
        listener.close()


async def _read_message(reader: asyncio.StreamReader, *, bodyless: bool = False) -> bytes:
    """A request or answer, head and body as they came. An answer without length ends with its connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    headers = _headers(head)
    if bodyless:
        return head
    if length := headers.get("content-length"):
        return head + await reader.readexactly(int(length))
    if "chunked" in headers.get("transfer-encoding", ""):
        return head + await _read_chunks(reader)
    return head + await reader.read() if head.startswith(b"HTTP/") else head


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    raw = b""
    while True:
        size = await reader.readline()
        chunk = await reader.readexactly(int(size.partition(b";")[0], 16) + 2)
        raw += size + chunk
        if chunk == b"\r\n":
            return raw


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}


def _seen(raw: bytes) -> Seen:
    head, _, body = raw.partition(b"\r\n\r\n")
    method, target, _ = head.decode("latin-1").split("\r\n")[0].split(" ", 2)
    return Seen(method, target, _headers(head), body, raw)
