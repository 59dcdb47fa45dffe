"""Keeps the token of a connection fresh, whichever process asks: one renewal at a time, and none twice.

A vendor that rotates refresh tokens takes each one once. So the new one is stored before anything else is done, and the
place it will be stored in is tried before the vendor is asked: what cannot be kept is not asked for. Between the
vendor's answer and the end of that write nothing else happens; a process that dies right there leaves the old refresh
token, which vendors with a replay grace (Linear: 30 minutes) still take, and others answer with "sign in again".
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.errors import ConnectionRevokedError, ConnectorError
from connectors.oauth import token_of
from connectors.registry import ConnectorMeta
from revtops_tui.engine.locks import credentials_lock
from revtops_tui.engine.oauth.unstored import Unstored, credentials_under
from revtops_tui.engine.secrets import remember
from revtops_tui.engine.workspace import Workspace
from store import connections as store
from store.connections import Connection

if TYPE_CHECKING:
    from revtops_tui.engine.oauth.client import Grant, OAuthClient

_log = logging.getLogger("revtops")

_TIMES_TO_STORE = 5
_SECONDS_BETWEEN = 0.5


class Renewal:
    """`ConnectorContext.renew` of one connection.

    `insist`: ask the vendor also where it said before that the grant is withdrawn, because somebody wants to know.
    """

    def __init__(self, ws: Workspace, connection: Connection, meta: ConnectorMeta, *, insist: bool = False) -> None:
        self._ws = ws
        self._connection = connection
        self._meta = meta
        self._insist = insist

    async def __call__(self, refused: str) -> dict[str, Any]:
        """The credentials with another token than `refused`; as they are where there is no other.

        Raises ConnectionRevokedError where the vendor has withdrawn the grant; the connection is marked then.
        Once the vendor was asked it is carried to its end in its own thread, also when nobody waits for it any more.
        """
        return await asyncio.to_thread(self._renewed, refused)

    def _renewed(self, refused: str) -> dict[str, Any]:
        key = self._connection.credentials_key
        with credentials_lock(self._ws.home, key):
            current = credentials_under(self._ws, key) or {}
            remember(self._meta, current)
            if token_of(current) != refused:
                return current  # another process was faster, or somebody signed in again
            client = client_for(self._meta, current, self._connection.base_url)
            if client is None:
                return current
            self._refuse_if_withdrawn()
            self._ws.credentials.set(key, current)
            self._ws.unstored.pop(key, None)
            grant = self._ask(client, current["refresh_token"])
            fresh = self._keep(key, renewed(current, grant), replaced=token_of(current))
        scopes = fresh.get("granted_scopes") or ()
        if scopes != current.get("granted_scopes"):
            store.note_proof(self._ws.database, self._connection.id, identity="", granted_scopes=scopes)
        return fresh

    def _refuse_if_withdrawn(self) -> None:
        """The vendor said no once: it is not asked again until somebody signs in, or tests the connection."""
        mine = store.connections(self._ws.database, self._connection.organization_id)
        now = next((one for one in mine if one.id == self._connection.id), None)
        if not self._insist and now is not None and now.status == "revoked":
            raise self._withdrawn()

    def _ask(self, client: OAuthClient, refresh_token: str) -> Grant:
        try:
            return asyncio.run(client.refresh(refresh_token))
        except ConnectionRevokedError as error:
            withdrawn = self._withdrawn()
            store.note_status(self._ws.database, self._connection.id, status="revoked", error=withdrawn.message)
            raise withdrawn from error

    def _keep(self, key: str, fresh: dict[str, Any], *, replaced: str) -> dict[str, Any]:
        """Store the new tokens, before anybody uses one. A keyring that stumbles is asked again: this cannot be had
        a second time. What it still does not take is held in memory."""
        remember(self._meta, fresh)
        for left in range(_TIMES_TO_STORE - 1, -1, -1):
            try:
                self._ws.credentials.set(key, fresh)
                break
            except Exception:  # noqa: BLE001 - whatever is the matter with the place, the token must not be lost
                if left:
                    time.sleep(_SECONDS_BETWEEN)
                    continue
                _log.exception("the renewed token of %s could not be stored", self._connection.selector)
                self._ws.unstored[key] = Unstored(replaced, fresh, self._connection.id)
        return fresh

    def _withdrawn(self) -> ConnectionRevokedError:
        return ConnectionRevokedError(
            f"{self._meta.name} no longer accepts this sign-in: it was withdrawn, or has expired.",
            hint=f"Sign in again: revtops connect {self._connection.selector}. Nothing that was synced is deleted.",
        )


def give_back(meta: ConnectorMeta, credentials: Mapping[str, Any], base_url: str | None) -> None:
    """Tell the vendor that a grant is not needed any more, where a sign-in brought it and the vendor wants to be told.

    A courtesy: a vendor that cannot be reached keeps nobody from disconnecting.
    """
    client = client_for(meta, credentials, base_url)
    if client is None or client.app.revoke_url is None:
        return
    try:
        asyncio.run(client.revoke(credentials["refresh_token"]))
    except ConnectorError as error:
        _log.warning("%s was not told that its grant is not needed any more: %s", meta.name, error.message)


def client_for(meta: ConnectorMeta, credentials: Mapping[str, Any], base_url: str | None) -> OAuthClient | None:
    """The vendor's endpoints for the app that signed in; None where nobody did."""
    if meta.oauth is None or not credentials.get("refresh_token") or not credentials.get("client_id"):
        return None
    from revtops_tui.engine.oauth.client import ClientApp, OAuthClient  # not for a sync whose token is good

    app = ClientApp(credentials["client_id"], credentials.get("client_secret"))
    return OAuthClient(meta.name, meta.oauth, app, base_url)


def renewed(before: Mapping[str, Any], grant: Grant) -> dict[str, Any]:
    """The credentials after a grant: what it leaves out stays, the refresh token included; a lifetime does not."""
    kept = {name: value for name, value in before.items() if name not in ("expires_at", "renew_at")}
    return {**kept, **grant.fields}
