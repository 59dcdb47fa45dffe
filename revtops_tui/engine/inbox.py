"""The inbox: what vendors tell us by themselves is stored before they are answered, and handled afterwards.

Webhooks and feeds end up in it alike. Whoever takes them and whoever handles them need not be one process; of those
who could handle them, one does (`work`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import threading
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from connectors.registry import Capability
from connectors.webhooks import WebhookReply, WebhookRequest
from revtops_tui.engine.cancelling import cancelled_by
from revtops_tui.engine.connections import find, use
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.events import Handling
from revtops_tui.engine.operations import needs
from revtops_tui.engine.reception import Reception, keep
from revtops_tui.engine.workspace import Workspace
from store import connections as stored_connections
from store import events as store
from store.clock import moment_of
from store.events import Event
from store.home import make_private

if TYPE_CHECKING:
    from connectors.base import BaseConnector

STATUSES = ("waiting", "handled", "failed", "set_aside")
_LOCK_SECONDS = 0.25


@dataclass(frozen=True)
class EventInfo:
    """An event of the inbox. `status`: waiting, handled, failed (tried again at `next_attempt_at`) or set_aside.

    `event_id` is the vendor's, or a digest; `connection` its selector.
    """

    id: int
    connection: str
    event_id: str
    type: str
    payload: dict[str, Any]
    status: str
    attempts: int
    received_at: dt.datetime
    next_attempt_at: dt.datetime | None
    handled_at: dt.datetime | None
    error: str | None


# -- taking --------------------------------------------------------------------------------------------------------


def take(ws: Workspace, selector: str, request: WebhookRequest) -> WebhookReply:
    """Take one webhook: see `Reception.take`, which is for many. Raises EngineError (webhook_refused)."""

    async def once() -> WebhookReply:
        async with Reception(ws) as reception:
            return await reception.take(selector, request)

    try:
        return asyncio.run(once())
    except Exception as error:
        raise people(error) from error


def follow(ws: Workspace, selector: str, *, cancel: threading.Event | None = None) -> None:
    """Store the events of a connection's own feed as they come, until `cancel` is set.

    Each is acknowledged once it is stored. Raises EngineError.
    """
    needs(ws, selector, Capability.LISTEN)
    connection = find(ws, selector)

    async def listen(connector: BaseConnector) -> None:
        await connector.get_credentials()
        async with cancelled_by(cancel), aclosing(connector.listen()) as feed:
            async for event in feed:
                await keep(ws, connection, [event])

    try:
        use(ws, selector, listen)
    except EngineError as error:
        if error.kind != "cancelled" or cancel is None or not cancel.is_set():
            raise


# -- handling ------------------------------------------------------------------------------------------------------


def work(ws: Workspace, cancel: threading.Event) -> None:
    """Handle what is due, and what becomes due, until `cancel` is set.

    Of several processes one does it, and the next one takes over when it ends. Raises EngineError.
    """
    lock = _lock(ws)
    while not cancel.is_set():
        try:
            lock.acquire(timeout=_LOCK_SECONDS)
            break
        except Timeout:
            continue
    else:
        return
    try:
        asyncio.run(Handling(ws).until(cancel))
    except Exception as error:
        raise people(error) from error
    finally:
        lock.release()


def handle_due(ws: Workspace) -> bool:
    """Handle what is due now; False where another process is at it, which will see to it. Raises EngineError."""
    lock = _lock(ws)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    try:
        asyncio.run(Handling(ws).once())
    except Exception as error:
        raise people(error) from error
    finally:
        lock.release()
    return True


def _lock(ws: Workspace) -> FileLock:
    folder = make_private(ws.home / "locks")
    name = hashlib.sha256(ws.organization_id.encode()).hexdigest()[:16]
    return FileLock(folder / f"inbox-{name}.lock")


# -- looking, and again --------------------------------------------------------------------------------------------


def events(
    ws: Workspace, selector: str | None = None, *, status: str | None = None, limit: int = 50
) -> list[EventInfo]:
    """The newest events of the organization, newest first; those of a connection, those of a status.

    Raises EngineError.
    """
    if status is not None and status not in STATUSES:
        raise EngineError("usage", f"There is no status {status}.", hint=f"One of: {', '.join(STATUSES)}.")
    connection_id = find(ws, selector).id if selector else None
    found = store.listed(ws.database, ws.organization_id, connection_id=connection_id, status=status, limit=limit)
    return _infos(ws, found)


def event(ws: Workspace, event_id: int) -> EventInfo:
    """One event. Raises EngineError (not_found)."""
    return _found(ws, [event_id])[0]


def counts(ws: Workspace) -> dict[str, int]:
    """How many events have which status."""
    return store.counts(ws.database, ws.organization_id)


def replay(ws: Workspace, event_ids: Sequence[int]) -> list[EventInfo]:
    """Handle events again, whatever became of them: now, or by the process that works on the inbox.

    Returns them as they are afterwards. Raises EngineError (not_found), with nothing replayed.
    """
    _found(ws, event_ids)
    store.replay(ws.database, event_ids)
    handle_due(ws)
    return _found(ws, event_ids)


def _found(ws: Workspace, event_ids: Sequence[int]) -> list[EventInfo]:
    found = {one.id: one for one in _infos(ws, store.listed(ws.database, ws.organization_id, event_ids=event_ids))}
    missing = [str(one) for one in event_ids if one not in found]
    if missing:
        raise EngineError(
            "not_found", f"There is no event {', '.join(missing)}.", hint="revtops events lists the newest."
        )
    return [found[one] for one in event_ids]


def _infos(ws: Workspace, found: Sequence[Event]) -> list[EventInfo]:
    names = {one.id: one.selector for one in stored_connections.connections(ws.database, ws.organization_id)}
    return [
        EventInfo(
            id=one.id,
            connection=names.get(one.connection_id, "disconnected"),
            event_id=one.event_id,
            type=one.type,
            payload=json.loads(one.payload),
            status=one.status,
            attempts=one.attempts,
            received_at=moment_of(one.received_at),
            next_attempt_at=moment_of(one.next_attempt_at) if one.next_attempt_at else None,
            handled_at=moment_of(one.handled_at) if one.handled_at else None,
            error=one.error,
        )
        for one in found
    ]
