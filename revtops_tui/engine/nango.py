"""Nango as a broker of tokens, for those who have it: it signs in at the vendor and keeps the grant; it lends tokens.

A connection made through it keeps no token here, only which connection of the broker's it is. The broker's own secret
key comes from `REVTOPS_NANGO_SECRET_KEY`, its address from the setting `nango.host`. The API is Nango's OpenAPI
document of 2026-08: POST /connect/sessions, GET /connections, GET /connections/{connectionId}.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from connectors.errors import AuthenticationError, ConnectionRevokedError
from connectors.http import HttpClient
from connectors.registry import AuthType, ConnectorMeta
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.oauth.scopes import listed

if TYPE_CHECKING:
    import threading

    import httpx2

    from revtops_tui.engine.workspace import Workspace

SECRET_KEY = "REVTOPS_NANGO_SECRET_KEY"  # noqa: S105 - the variable's name
CONNECTION_ID = "nango_connection_id"
"""The field of the credentials that says which connection of the broker's is meant."""
INTEGRATION_ID = "nango_integration_id"

_TAG = "revtops"
_PAUSE = 1.0
_REFRESH_FAILED = 424
_GONE = (404, _REFRESH_FAILED)
_OF_API_KEY = {AuthType.API_KEY: "api_key", AuthType.BEARER_TOKEN: "token"}

T = TypeVar("T")


@dataclass(frozen=True)
class Session:
    """A sign-in that is under way: `link` is where the person does it, `tag` finds the connection that comes of it."""

    integration: str
    link: str
    expires_at: dt.datetime
    tag: str


@dataclass(frozen=True)
class Lent:
    """Credentials that the broker handed out; `expires_at` is None where they do not expire."""

    credentials: dict[str, Any]
    expires_at: dt.datetime | None


def is_available() -> bool:
    """Whether this machine has a key for the broker."""
    return bool(os.environ.get(SECRET_KEY))


def is_brokered(credentials: Mapping[str, Any]) -> bool:
    """Whether these credentials only name a connection of the broker's."""
    return CONNECTION_ID in credentials


def start(ws: Workspace, meta: ConnectorMeta, *, reconnect: Mapping[str, Any] | None = None) -> Session:
    """Begin to sign in: the link is to be opened in a browser. `reconnect`: the credentials of a connection that lost
    its grant and is to get a new one.

    Raises EngineError.
    """
    integration = meta.nango_integration_id
    if not integration:
        raise EngineError("usage", f"{meta.name} has no integration at Nango.", hint="Connect it without --nango.")
    tag = secrets.token_urlsafe(16).lower()  # the broker makes tags lower case
    body: dict[str, Any] = {"tags": {_TAG: tag}}
    path = "/connect/sessions"
    if reconnect:
        path += "/reconnect"
        body |= {"connection_id": reconnect[CONNECTION_ID], "integration_id": reconnect[INTEGRATION_ID]}
    else:
        body |= {"allowed_integrations": [integration]}

    async def begin(http: HttpClient) -> Session:
        answer = (await http.post(path, json=body)).json()["data"]
        return Session(integration, answer["connect_link"], dt.datetime.fromisoformat(answer["expires_at"]), tag)

    return _ask(ws, begin)


def wait(ws: Workspace, session: Session, cancel: threading.Event) -> dict[str, Any]:
    """Wait until the person has signed in; returns the credentials to keep. Raises EngineError (cancelled, timeout)."""

    async def until_there(http: HttpClient) -> dict[str, Any]:
        while dt.datetime.now(dt.UTC) < session.expires_at:
            answer = await http.get("/connections", params={f"tags[{_TAG}]": session.tag})
            for found in answer.json()["connections"]:
                return {CONNECTION_ID: found["connection_id"], INTEGRATION_ID: found["provider_config_key"]}
            if await asyncio.to_thread(cancel.wait, _PAUSE):
                raise EngineError("cancelled", "Signing in was cancelled.")
        raise EngineError("timeout", "Nobody signed in before the link expired.", hint="Connect again.")

    return _ask(ws, until_there)


def credentials(ws: Workspace, meta: ConnectorMeta, kept: Mapping[str, Any], *, renew: bool = False) -> Lent:
    """The credentials behind a connection of the broker's, as the connector names them; `renew`: freshly issued ones.

    Raises EngineError: connection_revoked where the broker has no grant any more.
    """
    path = f"/connections/{quote(str(kept[CONNECTION_ID]), safe='')}"
    params = {"provider_config_key": str(kept[INTEGRATION_ID]), **({"force_refresh": "true"} if renew else {})}

    async def fetch(http: HttpClient) -> Lent:
        answer = await http.get(path, params=params, expect=_GONE)
        if answer.status_code in _GONE:
            raise _no_grant(meta, answer)
        return _lent(meta, answer.json())

    return _ask(ws, fetch)


def _no_grant(meta: ConnectorMeta, answer: httpx2.Response) -> ConnectionRevokedError:
    what = "could not renew the grant" if answer.status_code == _REFRESH_FAILED else "does not know the connection"
    return ConnectionRevokedError(f"Nango {what} of {meta.name}.")


def _lent(meta: ConnectorMeta, document: Mapping[str, Any]) -> Lent:
    held = document["credentials"]
    expires = held.get("expires_at")
    values: dict[str, Any] = {
        name: held[name] for name in ("access_token", "username", "password", "user_token") if held.get(name)
    }
    if key := held.get("apiKey"):
        values[_OF_API_KEY.get(meta.auth_type, "access_token")] = key
    answer = held.get("raw") or {}  # the vendor's own, to Nango
    if granted := listed(answer.get("scope")):
        values["granted_scopes"] = granted
    config = {**document.get("connection_config", {}), **(document.get("metadata") or {})}
    if instance := config.get("instance_url") or answer.get("api_domain"):
        values["instance_url"] = instance
    return Lent(values, dt.datetime.fromisoformat(expires) if expires else None)


def _ask(ws: Workspace, task: Callable[[HttpClient], Awaitable[T]]) -> T:
    key = os.environ.get(SECRET_KEY)
    if not key:
        raise EngineError(
            "authentication",
            "The secret key of Nango is not there.",
            hint=f"Set {SECRET_KEY}; it stands in Nango under Environment settings.",
        )

    async def main() -> T:
        async with HttpClient(
            ws.settings.nango.host,
            auth_headers=_bearer(key),
            on_exchange=ws.on_exchange,
            secrets=lambda: [key],
            system="Nango",
        ) as http:
            return await task(http)

    try:
        return _finished(main())
    except AuthenticationError as error:
        raise EngineError("authentication", "Nango refused the secret key.", hint=f"Check {SECRET_KEY}.") from error
    except EngineError:
        raise
    except Exception as error:
        raise people(error) from error


def _finished(task: Coroutine[Any, Any, T]) -> T:
    """Its result, also for a connector that reads its credentials on its event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(task)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, task).result()


def _bearer(key: str) -> Callable[[], Awaitable[dict[str, str]]]:
    async def headers() -> dict[str, str]:
        return {"Authorization": f"Bearer {key}"}

    return headers
