"""A WebSocket to a vendor: JSON messages, for feeds of events that need no public address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import orjson
from yarl import URL

from connectors.errors import VendorUnavailableError
from connectors.http.proxies import Proxies
from connectors.http.wire import tls

_HEARTBEAT = 30.0
"""Seconds between two pings: a laptop that slept, or changed its network, finds the connection dead this soon."""
_CONNECT_SECONDS = 30.0
_PROXY_SCHEMES = {"ws": "http", "wss": "https"}


class WebSocket:
    """An open connection. Iterating gives each message, read as JSON, until either side closes or it breaks."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                yield orjson.loads(message.data)

    async def send(self, document: Any) -> None:
        """Send JSON. Where the connection is gone nothing happens: iterating over it ends."""
        with suppress(aiohttp.ClientError, ConnectionError):
            await self._socket.send_str(orjson.dumps(document).decode())


@asynccontextmanager
async def websocket(url: str, *, system: str) -> AsyncIterator[WebSocket]:
    """Open a connection, and close it behind the block.

    Raises VendorUnavailableError, which never names the address: it may hold a ticket.
    """
    address = URL(url)
    proxy = Proxies().of(_PROXY_SCHEMES.get(address.scheme, ""), address.raw_host or "")
    async with aiohttp.ClientSession() as session:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                socket = await session.ws_connect(
                    address, heartbeat=_HEARTBEAT, proxy=proxy, ssl=tls() if address.scheme == "wss" else True
                )
        except (aiohttp.ClientError, TimeoutError, ValueError):
            socket = None  # raised below, without this one as its context: its text quotes the address
        if socket is None:
            raise VendorUnavailableError(f"{system} could not be reached for its feed of events.")
        try:
            yield WebSocket(socket)
        finally:
            await socket.close()
