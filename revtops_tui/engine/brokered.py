"""Connections whose grant a broker keeps: their tokens are lent, held in memory until they end, and never stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.oauth import has_expired, token_of
from connectors.registry import ConnectorMeta
from revtops_tui.engine import nango
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.secrets import remember
from store import connections as store

if TYPE_CHECKING:
    from revtops_tui.engine.workspace import Workspace
    from store.connections import Connection

_EARLY = 60.0
"""So many seconds before its end a token is asked for anew. The broker renews earlier than that."""


def lent(ws: Workspace, meta: ConnectorMeta, kept: Mapping[str, Any], *, refused: str = "") -> dict[str, Any]:
    """What a connector authenticates with, in place of `kept`, which only names a connection of the broker's.

    `refused`: a token that the vendor refused, or that is about to end; another one is lent then.
    Raises EngineError: connection_revoked where the broker has no grant any more.
    """
    key = (str(kept[nango.INTEGRATION_ID]), str(kept[nango.CONNECTION_ID]))
    held = ws.lent.get(key)
    if held is None or token_of(held) == refused or has_expired(held, time.time() + _EARLY):
        held = ws.lent[key] = _fetched(ws, meta, kept, renew=bool(refused))
    return {**kept, **held}


def _fetched(ws: Workspace, meta: ConnectorMeta, kept: Mapping[str, Any], *, renew: bool) -> dict[str, Any]:
    loan = nango.credentials(ws, meta, kept, renew=renew)
    fields = {**loan.credentials, "lent_by": "nango"}
    if loan.expires_at is not None:
        end = loan.expires_at.timestamp()
        fields |= {"expires_at": end, "renew_at": end - _EARLY}
    remember(meta, fields)
    return fields


class Lending:
    """`ConnectorContext.renew` of a connection whose grant the broker keeps."""

    def __init__(self, ws: Workspace, connection: Connection, meta: ConnectorMeta, kept: Mapping[str, Any]) -> None:
        self._ws = ws
        self._connection = connection
        self._meta = meta
        self._kept = kept

    async def __call__(self, refused: str) -> dict[str, Any]:
        """The credentials with another token than `refused`. Raises EngineError."""
        return await asyncio.to_thread(self.fetch, refused)

    def fetch(self, refused: str = "") -> dict[str, Any]:
        """The credentials; a connection without a grant is marked. Raises EngineError."""
        try:
            return lent(self._ws, self._meta, self._kept, refused=refused)
        except EngineError as error:
            if error.kind != "connection_revoked":
                raise
            hint = f"Sign in again: revtops connect {self._connection.selector} --nango. Nothing is deleted."
            store.note_status(self._ws.database, self._connection.id, status="revoked", error=error.message)
            raise EngineError(error.kind, error.message, hint=hint) from error


def grant_of(ws: Workspace, slug: str, name: str) -> dict[str, Any] | None:
    """The credentials of a connection whose grant is to be given anew at the broker; None where it has none there."""
    found = store.find_connection(ws.database, ws.organization_id, slug, name)
    try:
        kept = ws.credentials.get(found.credentials_key) if found else None
    except Exception as error:
        raise people(error) from error
    return kept if kept and nango.is_brokered(kept) else None
