"""What a connector declares about signing in with OAuth 2: `ConnectorMeta.oauth`.

The app that signs in is the user's own, registered once with the vendor: no secret of ours is shipped, and nothing but
the vendor stands between the user and the data. The engine speaks the protocol (`revtops_tui.engine.oauth`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ClientSecret(StrEnum):
    """Whether the vendor gives an app a secret that its token endpoint wants to see."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


class ClientAuth(StrEnum):
    """How the app shows who it is at the token endpoint (RFC 6749, 2.3.1)."""

    BASIC = "basic"
    BODY = "body"


class Redirect(StrEnum):
    """Which address the vendor lets the browser come back to."""

    LOOPBACK = "loopback"
    """`http://127.0.0.1` with whichever port is free (RFC 8252, 7.3)."""
    FIXED = "fixed"
    """`http://localhost` with the very port and path that the app was registered with."""
    PASTE = "paste"
    """One that nobody listens at (https, or the vendor's own page): the user pastes what the browser ends up with."""


REDIRECT_URI = "http://localhost:47316/callback"
"""What to register where the vendor wants the whole address; one for all vendors, so that one port has to be free."""


@dataclass(frozen=True)
class OAuthApp:
    """How an app of the user's own signs in at the vendor.

    Args:
        authorize_url, token_url: the vendor's endpoints. With a base URL of the connection's own (self-hosted, a
            simulator) all endpoints are reached below it, under the same paths.
        revoke_url: where a token is given back when the connection is disconnected (RFC 7009).
        device_url: where a code for another device is asked for (RFC 8628), where the vendor has that.
        pkce: whether the code is bound to its asker with S256 (RFC 7636).
        client_secret, client_auth: whether there is a secret, and how it is shown.
        scope_parameter, scope_separator: how the scopes are written into the authorization URL.
        authorize_parameters: what else the authorization URL says.
        redirect, redirect_uri: where the browser comes back to; the port of a LOOPBACK one is filled in.
        issuer: what `iss` in the vendor's answer must be, where it is there (RFC 9207).
        instance_url: where the token answer tells the address of the account's own API; dots lead into objects.
        kept: further values of the token answer and the credentials that they become, such as
            `{"authed_user.access_token": "user_token"}`.
        grant_gone: what the token endpoint calls a grant that was withdrawn, besides `invalid_grant`.
        scopes_for: the scopes that a capability ("write"), an entity or an operation needs, out of `oauth_scopes`.
        guide: how to register the app, a step a line.
        app_manifest: a ready description of the app to paste at the vendor, where it takes one.
    """

    authorize_url: str = ""
    token_url: str = ""
    revoke_url: str | None = None
    device_url: str | None = None
    pkce: bool = True
    client_secret: ClientSecret = ClientSecret.REQUIRED
    client_auth: ClientAuth = ClientAuth.BODY
    scope_parameter: str = "scope"
    scope_separator: str = " "
    authorize_parameters: Mapping[str, str] = field(default_factory=dict)
    redirect: Redirect = Redirect.LOOPBACK
    redirect_uri: str = "http://127.0.0.1/callback"
    issuer: str = ""
    instance_url: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)
    grant_gone: Sequence[str] = ()
    scopes_for: Mapping[str, Sequence[str]] = field(default_factory=dict)
    guide: str = ""
    app_manifest: str = ""


def described(app: OAuthApp) -> dict[str, object]:
    """The declaration as the manifest has it: JSON values under the names of the fields."""
    plain = {name: value for name, value in vars(app).items() if not isinstance(value, Mapping)}
    mappings = {name: dict(value) for name, value in vars(app).items() if isinstance(value, Mapping)}
    return {**plain, **mappings, "grant_gone": list(app.grant_gone)}


# -- what a sign-in leaves in the credentials --------------------------------------------------------------------------

TOKEN_FIELDS = ("access_token", "token", "api_key")
"""The credentials that a request is authenticated with: the first that is there."""
SECRETS = frozenset({*TOKEN_FIELDS, "refresh_token", "client_secret"})
"""Of what a sign-in leaves, what nobody may see."""
OPEN_FIELDS = frozenset({"client_id", "expires_at", "renew_at", "granted_scopes", "instance_url", "lent_by"})
"""The rest of it: `expires_at` and `renew_at` are seconds since 1970, `granted_scopes` is a list, `lent_by` the broker
that renews the token."""


def token_of(credentials: Mapping[str, Any]) -> str:
    """The token to authenticate with; empty where there is none."""
    return next((str(credentials[name]) for name in TOKEN_FIELDS if credentials.get(name)), "")


def is_due(credentials: Mapping[str, Any], now: float) -> bool:
    """Whether the token should be renewed before it is used again, and can be."""
    renew_at = credentials.get("renew_at")
    return isinstance(renew_at, int | float) and now >= renew_at and _can_be_renewed(credentials)


def _can_be_renewed(credentials: Mapping[str, Any]) -> bool:
    return bool(credentials.get("refresh_token") or credentials.get("lent_by"))


def has_expired(credentials: Mapping[str, Any], now: float) -> bool:
    """Whether the token's time is over."""
    expires_at = credentials.get("expires_at")
    return isinstance(expires_at, int | float) and now >= expires_at
