"""Events: webhooks, verified by the connector, and feeds. Handled, so that the rows they are about change at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any

from connectors.persistence import current_sink, store_now
from connectors.registry import Capability
from connectors.stream import Deleted, Item
from connectors.webhooks import InboundEvent, WebhookReply, WebhookRequest
from revtops_tui.engine.cancelling import cancelled_by
from revtops_tui.engine.connections import credentials_of, find, use
from revtops_tui.engine.errors import EngineError
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
        with _stored_for(ws, connection):
            for event in connector.process_webhook_payload(request):
                await connector.handle_event(event.type, event.payload)
        return connector.webhook_reply

    reply = use(ws, selector, take, stored_bookmark=_bookmarks(ws, connection))
    if reply.keep:
        ws.credentials.set(connection.credentials_key, {**credentials_of(ws, connection), **reply.keep})
    return reply


def follow(
    ws: Workspace,
    selector: str,
    *,
    cancel: threading.Event | None = None,
    on_event: Callable[[InboundEvent], None] | None = None,
) -> None:
    """Handle the events of a connection's own feed as they come, until `cancel` is set.

    Each is acknowledged after it was handled; one that could not be is sent again by the vendor. `on_event` is called
    with each handled event, from this thread. Raises EngineError.
    """
    needs(ws, selector, Capability.LISTEN)
    connection = find(ws, selector)

    async def listen(connector: BaseConnector) -> None:
        await connector.get_credentials()
        with _stored_for(ws, connection):
            async with cancelled_by(cancel), aclosing(connector.listen()) as feed:
                async for event in feed:
                    await connector.handle_event(event.type, event.payload)
                    if on_event is not None:
                        on_event(event)

    try:
        use(ws, selector, listen, stored_bookmark=_bookmarks(ws, connection))
    except EngineError as error:
        if error.kind != "cancelled" or cancel is None or not cancel.is_set():
            raise


def _bookmarks(ws: Workspace, connection: Connection) -> Callable[[str], Any]:
    return lambda entity: runs.bookmark(ws.database, connection.id, entity)


@contextmanager
def _stored_for(ws: Workspace, connection: Connection) -> Iterator[None]:
    """What connectors persist inside goes to this connection's rows."""
    token = current_sink.set(_EventSink(ws, connection))
    try:
        yield
    finally:
        current_sink.reset(token)
