"""Inbound webhooks: verified by the connector, then handled, so that the rows they are about change at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.persistence import current_sink, store_now
from connectors.registry import Capability
from connectors.stream import Deleted, Item
from connectors.webhooks import WebhookReply, WebhookRequest
from revtops_tui.engine.connections import credentials_of, find, use
from revtops_tui.engine.operations import needs
from revtops_tui.engine.workspace import Workspace
from store import runs
from store.connections import Connection
from store.upsert import Scope

if TYPE_CHECKING:
    from connectors.base import BaseConnector


class _EventSink:
    """Where the rows go that an event changes."""

    def __init__(self, ws: Workspace, connection: Connection) -> None:
        self._database = ws.database
        self._scope = Scope(connection.id, connection.organization_id, connection.source_system)

    async def store_records(self, entity: str, records: Sequence[Item] | Deleted) -> int:
        """Store one batch, or mark what is gone, at once."""
        return await store_now(self._database, self._scope, entity, records)


def receive(ws: Workspace, selector: str, request: WebhookRequest) -> WebhookReply:
    """Take a webhook for a connection: answer it where it only asks, verify and handle it where it is an event.

    Raises EngineError: `webhook_refused` for what the vendor did not send.
    """
    needs(ws, selector, Capability.LISTEN)
    connection = find(ws, selector)

    async def take(connector: BaseConnector) -> WebhookReply:
        await connector.get_credentials()
        reply = await connector.webhook_handshake(request)
        if reply is not None:
            return reply
        await connector.verify_webhook(request)
        token = current_sink.set(_EventSink(ws, connection))
        try:
            for event in connector.process_webhook_payload(request):
                await connector.handle_event(event.type, event.payload)
        finally:
            current_sink.reset(token)
        return WebhookReply()

    reply = use(ws, selector, take, stored_bookmark=lambda entity: runs.bookmark(ws.database, connection.id, entity))
    if reply.keep:
        ws.credentials.set(connection.credentials_key, {**credentials_of(ws, connection), **reply.keep})
    return reply
