"""Handling stored events: each connection's in the order in which they came, again after a while where it failed."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from connectors.errors import (
    AuthenticationError,
    ConnectionRevokedError,
    OutcomeUnknownError,
    RateLimitedError,
    VendorUnavailableError,
)
from connectors.persistence import current_sink, store_now
from connectors.stream import Deleted, Item
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.open_connectors import OpenConnectors
from revtops_tui.engine.workspace import Workspace
from store import connections
from store import events as store
from store.clock import now, text_of
from store.connections import Connection
from store.events import Event
from store.upsert import Scope

if TYPE_CHECKING:
    from connectors.base import BaseConnector

_log = logging.getLogger("revtops.events")

ATTEMPTS = 10
"""So often an event is tried before it is set aside: for almost four hours."""
_LONGEST_PAUSE = dt.timedelta(hours=1)
_LONGEST_OUTAGE_PAUSE = dt.timedelta(minutes=5)
_LOOK_SECONDS = 0.1
"""How often the inbox is looked into: another process may have put something there."""
_AT_ONCE = 50
"""Events that are read from the store at a time."""
_REMEMBERED = dt.timedelta(days=30)
"""So long handled events are kept, and recognized when they come again. No vendor repeats one for that long."""
_TIDY_SECONDS = 3600.0


class EventSink:
    """Where the rows go that an event changes."""

    def __init__(self, ws: Workspace, connection: Connection, connector: BaseConnector) -> None:
        self._database = ws.database
        self._secrets = connector.secrets
        self._scope = Scope(connection.id, connection.organization_id, connection.source_system)

    async def store_records(self, entity: str, records: Sequence[Item] | Deleted) -> int:
        """Store one batch, or mark what is gone, at once."""
        return await store_now(self._database, self._scope, entity, records, secrets=self._secrets)


class Handling:
    """Handles what is due in the inbox of a workspace. It belongs to one event loop.

    One that the vendor's or the connection's own trouble stopped keeps those behind it waiting, and is never set aside
    for that; one with a trouble of its own steps aside and lets them pass.
    """

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._connectors = OpenConnectors(ws)
        self._paused_until: dict[int, dt.datetime] = {}
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._tidy_at = 0.0

    async def until(self, cancel: threading.Event) -> None:
        """Handle what is due and what becomes due, until `cancel` is set; what is under way is finished first."""
        async with self._connectors:
            while not cancel.is_set():
                self._tidy()
                for connection in self._connections():
                    if connection.id not in self._busy and not self._is_paused(connection):
                        self._busy[connection.id] = asyncio.create_task(self._handle_due(connection, cancel))
                await asyncio.sleep(_LOOK_SECONDS)
                self._collect()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def once(self) -> None:
        """Handle what is due now."""
        async with self._connectors:
            for connection in self._connections():
                await self._handle_due(connection, threading.Event())

    def _connections(self) -> list[Connection]:
        return connections.connections(self._ws.database, self._ws.organization_id)

    def _is_paused(self, connection: Connection) -> bool:
        return self._paused_until.get(connection.id, now()) > now()

    def _collect(self) -> None:
        for connection_id, task in list(self._busy.items()):
            if task.done():
                del self._busy[connection_id]
                if error := task.exception():  # the disk, a lock: nothing to do with an event
                    _log.error("the inbox could not be worked on", exc_info=error)

    def _tidy(self) -> None:
        if (moment := asyncio.get_running_loop().time()) >= self._tidy_at:
            self._tidy_at = moment + _TIDY_SECONDS
            store.forget_handled(self._ws.database, self._ws.organization_id, text_of(now() - _REMEMBERED))

    async def _handle_due(self, connection: Connection, cancel: threading.Event) -> None:
        while found := store.due(self._ws.database, connection.id, _AT_ONCE):
            for event in found:
                if cancel.is_set() or not await self._handle(connection, event):
                    return

    async def _handle(self, connection: Connection, event: Event) -> bool:
        """Handle one event, and keep how it went; whether those behind it may be handled now."""
        error: EngineError | None = None
        pause: dt.timedelta | None = None
        try:
            connector = await self._connectors.get(connection)
            await self._given_to(connector, connection, event)
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - kept with the event, and shown
            await self._connectors.drop(connection)  # a look-up that failed would fail again for all that come
            error, pause = people(failure), self._pause(connection, event, failure)
        if error is None:
            await asyncio.wrap_future(store.handled(self._ws.database, event.id))
            _log.info("%s: %s handled", connection.selector, event.type)
        else:
            again = None if pause is None else text_of(now() + pause)
            kept = store.failed(self._ws.database, event.id, error=error.message, next_attempt_at=again)
            await asyncio.wrap_future(kept)
            what = "set aside" if again is None else f"tried again after {pause}"
            _log.warning("%s: %s (event %d) %s: %s", connection.selector, event.type, event.id, what, error.message)
        return not self._is_paused(connection)

    async def _given_to(self, connector: BaseConnector, connection: Connection, event: Event) -> None:
        token = current_sink.set(EventSink(self._ws, connection, connector))
        try:
            payload: dict[str, Any] = json.loads(event.payload)
            await connector.handle_event(event.type, payload)
        finally:
            current_sink.reset(token)

    def _pause(self, connection: Connection, event: Event, failure: BaseException) -> dt.timedelta | None:
        """How long to wait before the event is tried again; None when it was tried often enough."""
        pause = min(dt.timedelta(seconds=2 * 4 ** min(event.attempts, 8)), _LONGEST_PAUSE)
        if isinstance(failure, ConnectionRevokedError):
            connections.note_status(
                self._ws.database, connection.id, status="revoked", error="The vendor withdrew the connection."
            )
        if _concerns_all(failure):
            asked = dt.timedelta(seconds=getattr(failure, "retry_after", None) or 0)
            pause = max(min(pause, _LONGEST_OUTAGE_PAUSE), asked)
            self._paused_until[connection.id] = now() + pause
            return pause
        return pause if event.attempts + 1 < ATTEMPTS else None


def _concerns_all(failure: BaseException) -> bool:
    """Whether the next event of the connection would fare no better."""
    if isinstance(failure, OutcomeUnknownError):
        return False
    kinds = (VendorUnavailableError, RateLimitedError, AuthenticationError, ConnectionRevokedError)
    return isinstance(failure, kinds) or (isinstance(failure, EngineError) and failure.exit_code == 4)
