"""From a person's app to a sign-in that can be finished, and from what it brought to a connection's credentials.

The app is kept with the credentials of each connection that it signed in: whoever disconnects one takes nothing from
another, and a renewal reads one item. For the next connection of the same connector it is offered again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from connectors.oauth import ClientSecret
from revtops_tui.engine.connections import connector_class
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.oauth.client import ClientApp, Grant, OAuthClient
from revtops_tui.engine.oauth.device import DeviceSignIn
from revtops_tui.engine.oauth.sign_in import SECONDS, BrowserSignIn
from revtops_tui.engine.secrets import remember_values
from revtops_tui.engine.workspace import Workspace
from store import connections as store

if TYPE_CHECKING:
    from connectors.oauth import OAuthApp

SignIn = BrowserSignIn | DeviceSignIn

BROWSER, DEVICE, PASTE = "browser", "device", "paste"
"""How to sign in: with a browser on this machine, on another device, or with a browser anywhere and a pasted code."""


def ways(app: OAuthApp) -> list[str]:
    """How one can sign in at the vendor, the most comfortable first."""
    return [BROWSER, *([DEVICE] if app.device_url else []), PASTE]


def known_app(ws: Workspace, slug: str, name: str = store.DEFAULT_NAME) -> ClientApp | None:
    """The app that signed this connection in before, or another one of the same connector; None where there is none."""
    mine = [one for one in store.connections(ws.database, ws.organization_id) if one.slug == slug]
    for one in sorted(mine, key=lambda one: one.name != name):
        with suppress(Exception):  # a keyring that is locked says so when something is to be kept
            kept = ws.credentials.get(one.credentials_key) or {}
            if client_id := kept.get("client_id"):
                return ClientApp(str(client_id), kept.get("client_secret"))
    return None


def begin(
    ws: Workspace,
    slug: str,
    known_as: ClientApp,
    *,
    way: str = BROWSER,
    base_url: str | None = None,
    redirect_uri: str = "",
    seconds: float = SECONDS,
) -> SignIn:
    """Start to sign in. Show or open its `url`, then call `finish`, and `connect` with what it `brought`.

    Args:
        known_as: the user's app at the vendor.
        way: one of `ways`.
        base_url: the connection's own base URL, where it has one.
        redirect_uri: what the app is registered with, where it is not what the connector declares.
        seconds: how long a browser's return is waited for.

    Raises EngineError: usage, busy (the port to come back to is taken), and what the vendor says to a device.
    """
    meta = connector_class(ws, slug).meta
    if meta.oauth is None:
        raise EngineError("usage", f"{meta.name} has no sign-in.", hint=f"Give a token: revtops connect {slug}")
    if way not in ways(meta.oauth):
        raise EngineError(
            "usage", f"{meta.name} has no sign-in by {way}.", hint=f"Ways: {', '.join(ways(meta.oauth))}."
        )
    if not known_as.client_id:
        raise EngineError("invalid_input", "The client id is missing.", hint="It is shown where the app was made.")
    if meta.oauth.client_secret is ClientSecret.REQUIRED and not known_as.client_secret:
        raise EngineError(
            "invalid_input", f"{meta.name} wants the app's client secret too.", hint="It is shown beside the client id."
        )
    remember_values([known_as.client_secret] if known_as.client_secret else [])
    client = OAuthClient(meta.name, meta.oauth, known_as, base_url)
    if way == DEVICE:
        return DeviceSignIn(client, meta.oauth_scopes)
    return BrowserSignIn(client, meta.oauth_scopes, listen=way == BROWSER, redirect_uri=redirect_uri, seconds=seconds)


def brought(sign_in: SignIn, grant: Grant) -> dict[str, Any]:
    """What to keep of a finished sign-in: its tokens, and the app that renews them."""
    known_as = sign_in.client.known_as
    secret = {"client_secret": known_as.client_secret} if known_as.client_secret else {}
    return {**grant.fields, "client_id": known_as.client_id, **secret}
