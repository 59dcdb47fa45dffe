"""Taking webhooks: answered, judged by their connector, and stored before their sender hears that it was heard."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Sequence

import orjson

from connectors.base import BaseConnector
from connectors.errors import ConnectorError
from connectors.registry import Capability
from connectors.webhooks import InboundEvent, WebhookRefusedError, WebhookReply, WebhookRequest
from revtops_tui.engine.connections import add_to_credentials, find
from revtops_tui.engine.open_connectors import OpenConnectors
from revtops_tui.engine.secrets import data_masked
from revtops_tui.engine.unsigned import check_secret_part, is_unsigned, read
from revtops_tui.engine.workspace import Workspace
from store import events as store
from store.connections import Connection
from store.events import Arrival

_log = logging.getLogger("revtops.events")

_RENEW_SECONDS = 5.0
"""A refused webhook may mean that the secret has changed: so often it is read again, however many are refused."""


class Reception:
    """Takes webhooks for a workspace's connections, on one event loop. Use as an async context manager."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._connectors = OpenConnectors(ws)
        self._renewed_at: dict[int, float] = {}

    async def take(self, selector: str, request: WebhookRequest, secret_part: str = "") -> WebhookReply:
        """Answer a webhook that only asks; verify and store what is in one that tells of something.

        `secret_part`: the end of the address, where nobody signs (`engine.unsigned`).

        Raises WebhookRefusedError for what the vendor did not send, EngineError for what is not connected, and whatever
        kept it from being stored: then the vendor is to send it again.
        """
        connection = find(self._ws, selector)
        if is_unsigned(type(await self._connectors.get(connection))):
            await asyncio.to_thread(check_secret_part, self._ws, connection.selector, secret_part)
        elif secret_part:
            raise WebhookRefusedError("There is no such address.", status=404)
        try:
            return await self._take(await self._connectors.get(connection), connection, request)
        except WebhookRefusedError:
            if time.monotonic() - self._renewed_at.get(connection.id, -_RENEW_SECONDS) < _RENEW_SECONDS:
                raise
            self._renewed_at[connection.id] = time.monotonic()
            await self._connectors.drop(connection)
            return await self._take(await self._connectors.get(connection), connection, request)

    async def __aenter__(self) -> Reception:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connectors.aclose()

    async def _take(self, connector: BaseConnector, connection: Connection, request: WebhookRequest) -> WebhookReply:
        if Capability.LISTEN not in connector.meta.capabilities:
            raise WebhookRefusedError(f"{connector.meta.name} takes no webhooks.", status=404)
        reply = await connector.webhook_handshake(request)
        if reply is None:
            if not is_unsigned(type(connector)):
                await connector.verify_webhook(request)
            await keep(self._ws, connection, _read(connector, request))
            return connector.webhook_reply
        if reply.keep:
            await asyncio.to_thread(add_to_credentials, self._ws, connection, reply.keep)
            await self._connectors.drop(connection)
        return reply


def _read(connector: BaseConnector, request: WebhookRequest) -> list[InboundEvent]:
    try:
        if type(connector).process_webhook_payload is BaseConnector.process_webhook_payload:
            return read(connector.meta, request)
        return connector.process_webhook_payload(request)
    except ConnectorError:
        raise
    except Exception as error:  # signed, and yet of a shape that its connector does not know
        _log.warning("a webhook of %s could not be read", connector.source_system, exc_info=error)
        raise WebhookRefusedError("The webhook's body is not what it should be.", status=400) from error


async def keep(ws: Workspace, connection: Connection, events: Sequence[InboundEvent]) -> None:
    """Store events of a connection; when it returns, they are there. Raises StoreError."""
    if events:
        await asyncio.wrap_future(store.add(ws.database, connection, [_arrival(one) for one in events]))


def _arrival(event: InboundEvent) -> Arrival:
    payload = orjson.dumps(data_masked(event.payload), default=str)
    digest = hashlib.sha256(event.type.encode() + b"\n" + payload).hexdigest()
    return Arrival(event.id or digest, event.type, payload.decode())
