"""What is asked of a vendor's OAuth 2 endpoints, and what its answers mean. authlib writes the protocol's requests."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from connectors.errors import AuthenticationError, ConnectionRevokedError
from connectors.http import HttpClient
from connectors.http.answers import plain
from connectors.http.urls import join, origin
from connectors.oauth import ClientAuth, OAuthApp
from revtops_tui.engine.oauth.scopes import listed

if TYPE_CHECKING:
    import httpx2

_ANSWERED = frozenset({400, 401, 403})
"""With these statuses the endpoints say in words of the protocol what is wrong (RFC 6749, 5.2)."""
_ATTEMPTS = 3
_LONGEST_WAIT = 10.0
_EARLY = 300
"""Seconds before its end at which a token is renewed, but at most a tenth of its life."""
_WORDS_LIMIT = 200


class GrantError(AuthenticationError):
    """The vendor's endpoint said no. `code` is its word for why, such as `access_denied`."""

    def __init__(self, message: str, code: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code


@dataclass(frozen=True)
class ClientApp:
    """The user's own app, as the vendor knows it."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Grant:
    """What a sign-in or a renewal brought: the fields of the credentials that it fills, `refresh_token` where given."""

    fields: Mapping[str, Any] = field(repr=False)


class OAuthClient:
    """One vendor's endpoints, asked for one app.

    Args:
        system: the vendor's name, for errors.
        app: the connector's declaration.
        known_as: the user's app.
        base_url: the connection's own base URL: all endpoints are then below it.
    """

    def __init__(self, system: str, app: OAuthApp, known_as: ClientApp, base_url: str | None = None) -> None:
        self.system = system
        self.app = app
        self.known_as = known_as
        self._base_url = base_url

    def endpoint(self, url: str) -> str:
        """The address of an endpoint: as declared, or its path below the connection's own base URL."""
        return join(self._base_url, urlsplit(url).path) if self._base_url else url

    @property
    def issuer(self) -> str:
        """How the vendor calls itself in its answers; empty where nobody knows, as with a base URL of one's own."""
        return "" if self._base_url else self.app.issuer

    def authorization_url(self, redirect_uri: str, scopes: Iterable[str], state: str, verifier: str) -> str:
        """Where the browser goes. What `verifier` hashes to is in it where the vendor has PKCE."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        app = self.app
        more = {app.scope_parameter: app.scope_separator.join(scopes) or None, **app.authorize_parameters}
        if app.pkce:
            more |= {"code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}
        url = prepare_grant_uri(
            self.endpoint(app.authorize_url), self.known_as.client_id, "code", redirect_uri, state=state, **more
        )
        return str(url)

    async def exchange(self, code: str, redirect_uri: str, verifier: str) -> Grant:
        """The tokens for a code; it is good once. Raises a ConnectorError."""
        parameters = {"code": code, "redirect_uri": redirect_uri}
        if self.app.pkce:
            parameters["code_verifier"] = verifier
        return await self._token("authorization_code", parameters)

    async def device_token(self, device_code: str) -> Grant:
        """The tokens for a device code. Raises GrantError, `authorization_pending` while nobody has agreed yet."""
        from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE

        return await self._token(DEVICE_CODE_GRANT_TYPE, {"device_code": device_code})

    async def refresh(self, refresh_token: str) -> Grant:
        """New tokens. Raises ConnectionRevokedError where the vendor has withdrawn the grant, else a ConnectorError."""
        try:
            return await self._token("refresh_token", {"refresh_token": refresh_token}, repeatable=True)
        except GrantError as error:
            if error.code in ("invalid_grant", *self.app.grant_gone):
                raise ConnectionRevokedError(
                    f"{self.system} no longer accepts this sign-in: it was withdrawn, or has expired.",
                    hint="Sign in again; nothing that was synced is deleted.",
                ) from error
            raise

    async def device_code(self, scopes: Iterable[str]) -> dict[str, Any]:
        """What `device_url` answers (RFC 8628, 3.2). Raises a ConnectorError."""
        from authlib.common.urls import add_params_to_qs

        assert self.app.device_url is not None
        wanted = self.app.scope_separator.join(scopes)
        body = add_params_to_qs("", [("scope", wanted)] if wanted else [])
        answer = await self._ask(self.app.device_url, body, repeatable=True)
        if not all(isinstance(answer.get(name), str) for name in ("device_code", "user_code", "verification_uri")):
            raise self._nonsense()
        return answer

    async def revoke(self, token: str) -> None:
        """Give a token back (RFC 7009). Raises a ConnectorError."""
        from authlib.oauth2.rfc7009 import prepare_revoke_token_request

        assert self.app.revoke_url is not None
        body, _ = prepare_revoke_token_request(token, "refresh_token")
        await self._post(self.app.revoke_url, str(body), repeatable=True)

    # -- asking ------------------------------------------------------------------------------------------------------

    async def _token(self, grant_type: str, parameters: Mapping[str, str], *, repeatable: bool = False) -> Grant:
        from authlib.oauth2.rfc6749.parameters import prepare_token_request

        body = prepare_token_request(grant_type, **parameters)
        answer = await self._ask(self.app.token_url, str(body), repeatable=repeatable)
        return Grant(self._granted(answer))

    async def _ask(self, url: str, body: str, *, repeatable: bool) -> dict[str, Any]:
        response = await self._post(url, body, repeatable=repeatable)
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise self._nonsense()
        if response.status_code in _ANSWERED or (answer.get("error") and not answer.get("access_token")):
            raise self._refused(answer)
        return answer

    async def _post(self, url: str, body: str, *, repeatable: bool) -> httpx2.Response:
        from authlib.oauth2.auth import ClientAuth as Authenticator

        how = "none"
        if self.known_as.client_secret:
            how = "client_secret_basic" if self.app.client_auth is ClientAuth.BASIC else "client_secret_post"
        signer = Authenticator(self.known_as.client_id, self.known_as.client_secret, how)
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        where, headers, body = signer.prepare("POST", self.endpoint(url), headers, body)
        # What is exchanged here is secret from end to end: no `on_exchange`, it is never recorded.
        async with HttpClient(
            attempts=_ATTEMPTS,
            longest_wait=_LONGEST_WAIT,
            secrets=lambda: self._secrets(body),
            system=self.system,
        ) as http:
            return await http.post(
                where, content=body, headers=headers, repeatable=repeatable, expect=_ANSWERED, most=1 << 20
            )

    def _secrets(self, body: str) -> list[str]:
        return [*(value for _, value in parse_qsl(body)), self.known_as.client_secret or ""]

    # -- answers -----------------------------------------------------------------------------------------------------

    def _granted(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise self._nonsense()
        fields: dict[str, Any] = {"access_token": token}
        if isinstance(refresh_token := answer.get("refresh_token"), str) and refresh_token:
            fields["refresh_token"] = refresh_token
        fields |= _lifetime(answer.get("expires_in"))
        if granted := listed(answer.get("scope")):
            fields["granted_scopes"] = granted
        if address := self._instance(answer):
            fields["instance_url"] = address
        for path, name in self.app.kept.items():
            if isinstance(value := _at(answer, path), str) and value:
                fields[name] = value
        return fields

    def _instance(self, answer: Mapping[str, Any]) -> str:
        """The address of the account's own API. It will be sent the token, so it is private or the connection's own."""
        address = _at(answer, self.app.instance_url) if self.app.instance_url else None
        if not isinstance(address, str):
            return ""
        own = bool(self._base_url) and origin(address) == origin(self._base_url or "")
        return address if own or origin(address).scheme == "https" else ""

    def _refused(self, answer: Mapping[str, Any]) -> GrantError:
        code = next((str(answer[name]) for name in ("error", "status") if isinstance(answer.get(name), str)), "")
        return refusal(self.system, code, answer.get("error_description") or answer.get("message"))

    def _nonsense(self) -> AuthenticationError:
        return AuthenticationError(
            f"{self.system} answered the sign-in with something that is not OAuth 2.",
            hint="Check the connection's base URL, then try again.",
        )


_SENTENCES = {
    "access_denied": ("{system} says that access was not granted.", "Sign in again, and allow it."),
    "invalid_grant": (
        "{system} did not accept the code: it was used before, is too old, or belongs to another sign-in.",
        "Start the sign-in anew.",
    ),
    "invalid_client": ("{system} does not know this app.", "Check the client id and the client secret."),
    "bad_client_secret": ("{system} does not accept the client secret.", "Check it, and the client id."),
    "invalid_client_id": ("{system} does not know this client id.", "Check it."),
    "unauthorized_client": ("{system} does not let this app sign in like this.", "Check the app's settings there."),
    "invalid_scope": ("{system} does not give this app the scopes asked for.", "Add them to the app, then try again."),
    "redirect_uri_mismatch": (
        "{system} does not know the address to come back to.",
        "Register it with the app, as the guide says.",
    ),
    "bad_redirect_uri": (
        "{system} does not know the address to come back to.",
        "Register it with the app, as the guide says.",
    ),
    "expired_token": ("Nobody agreed at {system} while the code was good.", "Start the sign-in anew."),
}


def refusal(system: str, code: str, words: object = "") -> GrantError:
    """The error for one of the protocol's words for no, with the vendor's own sentence where it has one."""
    code = plain(code)[:_WORDS_LIMIT]
    shown = plain(words)[:_WORDS_LIMIT] if isinstance(words, str) else ""
    if known := _SENTENCES.get(code.lower()):
        message, hint = (text.format(system=system) for text in known)
        return GrantError(f"{message} ({shown})" if shown else message, code, hint=hint)
    reason = ": ".join(part for part in (code, shown) if part) or "no reason given"
    return GrantError(f"{system} refused the sign-in: {reason}.", code, hint="Check the app's settings at the vendor.")


def _lifetime(seconds: object) -> dict[str, int]:
    try:
        lifetime = float(seconds)  # type: ignore[arg-type]  # some vendors write the number as text
    except (TypeError, ValueError):
        return {}
    if not 0 < lifetime < 1e9:
        return {}
    now = time.time()
    return {"expires_at": int(now + lifetime), "renew_at": int(now + lifetime - min(_EARLY, lifetime / 10))}


def _at(answer: Mapping[str, Any], path: str) -> Any:
    value: Any = answer
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
