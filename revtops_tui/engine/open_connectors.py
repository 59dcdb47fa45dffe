"""Connectors that stay open, one for each connection: so their look-ups, sockets and credentials are kept.

For what serves a connection again and again: taking its webhooks, handling its events. They live on one event loop.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from revtops_tui.engine.connections import open_connector
from revtops_tui.engine.workspace import Workspace
from store import runs
from store.connections import Connection

if TYPE_CHECKING:
    from connectors.base import BaseConnector

_KEPT_SECONDS = 300.0
"""Names change at the vendor and credentials in the keyring: nothing that was looked up is trusted for longer."""


@dataclass
class _Open:
    connector: BaseConnector
    since: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        return time.monotonic() - self.since


class OpenConnectors:
    """The open connectors of a workspace. Use as an async context manager."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._open: dict[int, _Open] = {}
        self._opening = asyncio.Lock()

    async def get(self, connection: Connection) -> BaseConnector:
        """The connection's connector, with its credentials read.

        Raises EngineError and CredentialsError.
        """
        if (found := self._open.get(connection.id)) and found.age <= _KEPT_SECONDS:
            return found.connector
        async with self._opening:  # those who come together share one, and a locked keyring asks its user once
            if (found := self._open.get(connection.id)) and found.age <= _KEPT_SECONDS:
                return found.connector
            await self.drop(connection)
            connector = open_connector(self._ws, connection, stored_bookmark=self._bookmark_of(connection))
            await connector.get_credentials()
            self._open[connection.id] = _Open(connector)
            return connector

    async def drop(self, connection: Connection) -> None:
        """Close the connection's connector, so that the next one starts from nothing."""
        if found := self._open.pop(connection.id, None):
            await found.connector.aclose()

    async def aclose(self) -> None:
        """Close all of them."""
        while self._open:
            await self._open.popitem()[1].connector.aclose()

    async def __aenter__(self) -> OpenConnectors:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _bookmark_of(self, connection: Connection) -> Any:
        return lambda entity: runs.bookmark(self._ws.database, connection.id, entity)
