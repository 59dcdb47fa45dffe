"""A real OAuth 2 server on loopback: authlib's own server parts, with a page to agree on and an API behind its tokens.

It issues codes to whoever proves possession (PKCE is required), rotates refresh tokens, lets tokens expire, revokes
them, and has the flow for other devices. What it was asked is counted; tests change its rules as they go.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

from authlib.common.security import generate_token
from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant, DeviceCredentialDict
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from revtops_tui.simulators.server import serve

CLIENT_ID = "desk-app"
CLIENT_SECRET = "desk-app-secret-0123456789"
SCOPES = "deals.read deals.write"
_SHOWN = ("client_secret_basic", "client_secret_post")
"""How the app may show its secret."""


class Client(ClientMixin):
    """The user's app; it may come back to any port of this machine, as native apps do."""

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return "http://127.0.0.1/callback"

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(each for each in (scope or "").split() if each in SCOPES.split())

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.startswith(("http://127.0.0.1:", "http://localhost:")) or redirect_uri.endswith("/callback")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in _SHOWN

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return True


@dataclass
class Code(AuthorizationCodeMixin):
    """An authorization code; taken once."""

    code: str
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass
class Token(TokenMixin):
    """An access token with its refresh token."""

    access_token: str
    refresh_token: str
    scope: str
    expires_at: float
    access_revoked: bool = False
    refresh_revoked_at: float | None = None

    def check_client(self, client: ClientMixin) -> bool:
        return True

    def get_scope(self) -> str:
        return self.scope


@dataclass
class OAuthDesk:
    """The server's rules, what it knows, and what it was asked."""

    url: str = ""
    lifetime: int = 3600
    rotates: bool = True
    replay_grace: float = 0.0
    """Seconds for which a refresh token that was used is still taken, as Linear does."""
    fails: int = 0
    """How many of the next token requests are answered with 503."""
    needed_scope: str = "deals.read"
    pages: int = 3
    device_interval: int = 1
    refreshes: int = 0
    codes_taken: int = 0
    tokens: list[Token] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)
    devices: dict[str, DeviceCredentialDict] = field(default_factory=dict)
    agreed: dict[str, bool] = field(default_factory=dict)
    slow_downs: int = 0
    polls: int = 0
    token_requests: list[dict[str, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    """The tokens that the API was asked with, in order."""
    on_call: Callable[[int], None] = field(default=lambda _: None)
    """Called before the n-th call of the API is answered."""
    on_rotated: Callable[[], None] = field(default=lambda: None)
    """Called when tokens were refreshed, and the answer has not been sent."""
    after_reply: Callable[[], None] = field(default=lambda: None)
    """Called when the answer to a refresh was sent."""

    def expire(self) -> None:
        """End every access token, as if its time were over and nobody had told."""
        for token in self.tokens:
            token.access_revoked = True

    def withdraw(self) -> None:
        """Take the whole grant back, as a person does in the vendor's settings."""
        self.expire()
        for token in self.tokens:
            token.refresh_revoked_at = 0.0

    def by_access(self, access_token: str) -> Token | None:
        """The token, where it is good."""
        found = next((token for token in self.tokens if token.access_token == access_token), None)
        return found if found and not found.access_revoked and found.expires_at > time.time() else None

    def agree(self, user_code: str, yes: bool = True) -> None:
        """What the person does on the other device."""
        self.agreed[user_code] = yes


class _Server(AuthorizationServer):
    """authlib's server on Starlette; a response is made by whoever asked."""

    def __init__(self, desk: OAuthDesk) -> None:
        super().__init__(scopes_supported=SCOPES.split())
        self.desk = desk
        generator = BearerTokenGenerator(
            lambda **_: f"at-{generate_token(30)}", lambda **_: f"rt-{generate_token(30)}", lambda *_: desk.lifetime
        )
        self.register_token_generator("default", generator)

    def query_client(self, client_id: str) -> Client | None:
        return Client() if client_id == CLIENT_ID else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        before = request.refresh_token
        refresh_token = token.get("refresh_token") or (before.refresh_token if before else "")
        expires_at = time.time() + token["expires_in"]
        self.desk.tokens.append(Token(token["access_token"], refresh_token, token.get("scope", ""), expires_at))

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        content = json.dumps(body) if isinstance(body, dict) else body
        return Response(content, status, dict(headers))

    def send_signal(self, name: str, *_: Any, **__: Any) -> None:
        """Nobody listens."""


class _Codes(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _SHOWN

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        asked = request.payload.data
        self.server.desk.codes[code] = Code(
            code,
            asked["redirect_uri"],
            asked.get("scope", ""),
            asked["code_challenge"],
            asked["code_challenge_method"],
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return self.server.desk.codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        self.server.desk.codes_taken += 1
        del self.server.desk.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> str:
        return "ada"


class _Refreshes(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _SHOWN

    @property
    def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:  # noqa: N802 - authlib's name
        return bool(self.server.desk.rotates)

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        desk = self.server.desk
        found = next((token for token in desk.tokens if token.refresh_token == refresh_token), None)
        if found is None or found.refresh_revoked_at is None:
            return found
        return found if time.time() - found.refresh_revoked_at < desk.replay_grace else None

    def authenticate_user(self, refresh_token: Token) -> str:
        self.server.desk.refreshes += 1
        return "ada"

    def revoke_old_credential(self, refresh_token: Token) -> None:
        if self.server.desk.rotates:
            refresh_token.access_revoked = True
            if refresh_token.refresh_revoked_at is None:
                refresh_token.refresh_revoked_at = time.time()
        self.server.desk.on_rotated()


class _Devices(DeviceCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _SHOWN

    def query_device_credential(self, device_code: str) -> DeviceCredentialDict | None:
        return self.server.desk.devices.get(device_code)

    def query_user_grant(self, user_code: str) -> tuple[str, bool] | None:
        self.server.desk.polls += 1
        agreed = self.server.desk.agreed.get(user_code)
        return None if agreed is None else ("ada", agreed)

    def should_slow_down(self, credential: DeviceCredentialDict) -> bool:
        if self.server.desk.slow_downs > 0:
            self.server.desk.slow_downs -= 1
            return True
        return False


class _DeviceCodes(DeviceAuthorizationEndpoint):
    CLIENT_AUTH_METHODS = _SHOWN

    @property
    def INTERVAL(self) -> int:  # noqa: N802 - authlib's name
        return int(self.server.desk.device_interval)

    def get_verification_uri(self) -> str:
        return f"{self.server.desk.url}/device"

    def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        credential = {**data, "client_id": client_id, "scope": scope, "expires_at": time.time() + data["expires_in"]}
        self.server.desk.devices[data["device_code"]] = DeviceCredentialDict(credential)


class _Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = _SHOWN

    def query_token(self, token_string: str, token_type_hint: str) -> Token | None:
        found = (t for t in self.server.desk.tokens if token_string in (t.access_token, t.refresh_token))
        return next(found, None)

    def revoke_token(self, token: Token, request: OAuth2Request) -> None:
        self.server.desk.withdraw()


class _Asked(OAuth2Request):
    """A request as authlib reads it."""

    def __init__(self, request: Request, body: bytes) -> None:
        # authlib refuses http, rightly; loopback is what RFC 8252 allows.
        super().__init__(request.method, str(request.url.replace(scheme="https")), headers=_Headers(request))
        self._args = dict(request.query_params)
        self._form = dict(parse_qsl(body.decode()))
        self.payload = BasicOAuth2Payload({**self._args, **self._form})

    @property
    def args(self) -> dict[str, str]:
        return self._args

    @property
    def form(self) -> dict[str, str]:
        return self._form


class _Headers(dict[str, str]):
    """Headers under the names that authlib looks for."""

    def __init__(self, request: Request) -> None:
        super().__init__({name.title(): value for name, value in request.headers.items()})


_CONSENT = """<!doctype html><title>Desk</title><h1>Desk</h1><p>Let revtops in?</p>
<form method="post" action="/oauth/authorize?{query}">
<button name="answer" value="yes" id="allow">Allow</button> <button name="answer" value="no" id="deny">Deny</button>
</form>"""


class _Pages:
    """What is served."""

    def __init__(self, desk: OAuthDesk) -> None:
        self.desk = desk
        self.server = server = _Server(desk)
        server.register_grant(_Codes, [CodeChallenge(required=True)])
        for grant in (_Refreshes, _Devices):
            server.register_grant(grant)
        for endpoint in (_DeviceCodes, _Revocation):
            server.register_endpoint(endpoint)

    def app(self) -> Starlette:
        """The server and the API."""
        return Starlette(
            routes=[
                Route("/oauth/authorize", self.authorize, methods=["GET", "POST"]),
                Route("/oauth/token", self.token, methods=["POST"]),
                Route("/oauth/device", self.device, methods=["POST"]),
                Route("/oauth/revoke", self.revoke, methods=["POST"]),
                Route("/api/me", self.me),
                Route("/api/deals", self.deals, methods=["GET", "POST"]),
            ]
        )

    async def authorize(self, request: Request) -> Response:
        body = await request.body()
        asked = _Asked(request, b"")
        try:
            grant = self.server.get_consent_grant(asked, end_user="ada")
        except OAuth2Error as error:
            return self.server.handle_error_response(asked, error)
        if request.method == "GET":
            return HTMLResponse(_CONSENT.format(query=escape(urlencode(dict(request.query_params)))))
        yes = dict(parse_qsl(body.decode())).get("answer") == "yes"
        answer = self.server.create_authorization_response(asked, "ada" if yes else None, grant=grant)
        answer.status_code = 303 if answer.status_code == 302 else answer.status_code
        return answer

    async def token(self, request: Request) -> Response:
        asked = _Asked(request, await request.body())
        self.desk.token_requests.append(asked.form)
        if self.desk.fails > 0:
            self.desk.fails -= 1
            return Response("busy", 503)
        return await run_in_threadpool(self.server.create_token_response, asked)

    async def device(self, request: Request) -> Response:
        asked = _Asked(request, await request.body())
        return self.server.create_endpoint_response(_DeviceCodes.ENDPOINT_NAME, asked)

    async def revoke(self, request: Request) -> Response:
        asked = _Asked(request, await request.body())
        return self.server.create_endpoint_response(_Revocation.ENDPOINT_NAME, asked)

    async def me(self, request: Request) -> Response:
        if await self._asker(request) is None:
            return JSONResponse({"message": "token expired"}, 401)
        return JSONResponse({"name": "Ada"}, headers={"x-ratelimit-remaining": "99", "x-ratelimit-reset": "60"})

    async def deals(self, request: Request) -> Response:
        known = await self._asker(request)
        if known is None:
            return JSONResponse({"message": "token expired"}, 401)
        if self.desk.needed_scope not in known.scope.split():
            return JSONResponse({"message": "not allowed"}, 403)
        page = int(request.query_params.get("page", "1"))
        return JSONResponse({"deals": [{"id": f"{page}-{n}"} for n in range(10)], "more": page < self.desk.pages})

    async def _asker(self, request: Request) -> Token | None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        self.desk.calls.append(value)
        await run_in_threadpool(self.desk.on_call, len(self.desk.calls))
        return self.desk.by_access(value) if scheme == "Bearer" else None


@contextmanager
def oauth_desk(**rules: Any) -> Iterator[OAuthDesk]:
    """The server on loopback, until the block ends."""
    desk = OAuthDesk(**rules)
    app = _Pages(desk).app()

    async def replying(scope: Any, receive: Any, send: Any) -> None:
        before = desk.refreshes
        await app(scope, receive, send)
        if desk.refreshes > before:
            await run_in_threadpool(desk.after_reply)

    with serve(replying) as running:
        desk.url = running.url
        yield desk
