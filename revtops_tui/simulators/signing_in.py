"""How a simulated vendor lets apps in with OAuth 2: the page where a person agrees, tokens, renewal and their end.

A vendor declares its `Flow`; the rest is the same for all. A token that was issued here is as good as the account's own
one: the vendor's API never sees the difference, but for a token that has expired or was withdrawn.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

CLIENT_ID = "simulated-client-id"
CLIENT_SECRET = "simulated-client-secret"  # noqa: S105 - opens nothing but simulators
_CODE_SECONDS = 60.0
_REPLAY_SECONDS = 1_800.0
_LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Asked:
    """What a token answer is made from. `account` is the address that the API was asked at."""

    token: str
    refresh_token: str | None
    seconds: int | None
    scopes: list[str]
    account: str


Answer = Callable[[Asked], dict[str, Any]]
Refusal = Callable[[str, str], Response]
"""How the token endpoint words a no: RFC 6749's code, and a sentence."""


def answer(asked: Asked) -> dict[str, Any]:
    """The token answer of RFC 6749, 5.1."""
    said: dict[str, Any] = {"access_token": asked.token, "token_type": "Bearer", "scope": " ".join(asked.scopes)}
    if asked.refresh_token:
        said["refresh_token"] = asked.refresh_token
    return said if asked.seconds is None else {**said, "expires_in": asked.seconds}


def refusal(code: str, sentence: str) -> Response:
    """The error answer of RFC 6749, 5.2."""
    return JSONResponse({"error": code, "error_description": sentence}, 401 if code == "invalid_client" else 400)


@dataclass(frozen=True)
class Flow:
    """How a vendor lets apps in.

    Args:
        authorize, token, revoke: the paths; a vendor without `revoke` has no such endpoint.
        pkce: whether a code challenge is understood; one that is given is then demanded at the token endpoint.
        secret: whether the token endpoint wants the app's secret; where not, it wants PKCE instead.
        seconds: how long an access token lasts; None for ever, and then there is nothing to renew it with.
        renewal: what becomes of the refresh token when it is used: it `stays` and is repeated in the answer, is
            `left_out` of the answer though it stays, or `rotates`: used again within half an hour it gives the same
            answer, later nothing.
        offline: a parameter without which no refresh token is given, and its value.
        prefix: how the vendor's access tokens begin.
        separator: between scopes.
        answer, refusal: the vendor's own words.
    """

    authorize: str
    token: str
    revoke: str = ""
    pkce: bool = False
    secret: bool = True
    seconds: int | None = 3_600
    renewal: Literal["stays", "left_out", "rotates"] = "stays"
    offline: tuple[str, str] | None = None
    prefix: str = "at-"
    separator: str = " "
    answer: Answer = answer
    refusal: Refusal = refusal


@dataclass
class _Code:
    redirect_uri: str
    scopes: list[str]
    challenge: str
    offline: bool
    made_at: float


@dataclass
class _Grant:
    """What a person agreed to, and the tokens that came of it: access token -> when it ends."""

    scopes: list[str]
    refresh_token: str | None = None
    tokens: dict[str, float] = field(default_factory=dict)
    revoked: bool = False


class SignIn:
    """A vendor's authorization server, for one registered app.

    `renewals` counts the access tokens that were given for refresh tokens. `skip` moves its clock on.
    """

    def __init__(self, flow: Flow, token: str) -> None:
        """`token` is the account's own one, which an issued token stands for."""
        self.flow = flow
        self.account_token = token
        self.renewals = 0
        self._skipped = 0.0
        self._numbers = itertools.count(1)
        self._codes: dict[str, _Code] = {}
        self._grants: list[_Grant] = []
        self._replayed: dict[str, tuple[float, dict[str, Any]]] = {}

    # -- what tests and demos do -------------------------------------------------------------------------------------

    def skip(self, seconds: float) -> None:
        """Let time pass."""
        self._skipped += seconds

    def revoke_all(self) -> None:
        """Withdraw what was agreed to, as a person does in the vendor's settings."""
        for grant in self._grants:
            grant.revoked = True

    def agree(self, url: str) -> str:
        """Agree at an authorization URL, as a person does on its page; returns where the browser is sent."""
        given = dict(parse_qsl(urlsplit(url).query))
        if problem := self._problem(given):
            raise ValueError(problem)
        return self._agreed(given)

    # -- the API's side ----------------------------------------------------------------------------------------------

    @property
    def paths(self) -> frozenset[str]:
        """What is answered here, without credentials of the API."""
        return frozenset(path for path in (self.flow.authorize, self.flow.token, self.flow.revoke) if path)

    def routes(self) -> list[BaseRoute]:
        """The endpoints."""
        routes: list[BaseRoute] = [
            Route(self.flow.authorize, self._page, methods=["GET"]),
            Route(self.flow.authorize, self._decided, methods=["POST"]),
            Route(self.flow.token, self._token, methods=["POST"]),
        ]
        if self.flow.revoke:
            routes.append(Route(self.flow.revoke, self._revoke, methods=["POST"]))
        return routes

    def standing(self, token: str) -> Literal["unknown", "good", "expired", "revoked"]:
        """What an access token is worth."""
        for grant in self._grants:
            if (ends := grant.tokens.get(token)) is not None:
                return "revoked" if grant.revoked else "good" if ends > self._now() else "expired"
        return "unknown"

    # -- the page ----------------------------------------------------------------------------------------------------

    async def _page(self, request: Request) -> Response:
        given = dict(request.query_params)
        if problem := self._problem(given):
            return HTMLResponse(f"<h1>That did not work</h1><p>{html.escape(problem)}</p>", 400)
        scopes = "".join(f"<li>{html.escape(scope)}</li>" for scope in self._scopes(given))
        return HTMLResponse(
            f"<title>Sign in</title><h1>Let revtops in?</h1><ul>{scopes}</ul><form method=post>"
            "<button name=answer value=allow>Allow</button><button name=answer value=deny>Deny</button></form>"
        )

    async def _decided(self, request: Request) -> Response:
        given = dict(request.query_params)
        if problem := self._problem(given):
            return HTMLResponse(html.escape(problem), 400)
        form = parse_qs((await request.body()).decode())
        if form.get("answer") == ["allow"]:
            return RedirectResponse(self._agreed(given), 302)
        said = {"error": "access_denied", "state": given.get("state", "")}
        return RedirectResponse(f"{given['redirect_uri']}?{urlencode(said)}", 302)

    def _problem(self, given: Mapping[str, str]) -> str:
        """What is wrong with an authorization request; such a one is never redirected (RFC 6749, 3.1.2.4)."""
        back = urlsplit(given.get("redirect_uri", ""))
        if given.get("client_id") != CLIENT_ID:
            return "There is no app with this client id."
        if back.hostname not in _LOOPBACK:
            return "The redirect URL is none of those that are registered with the app."
        if given.get("response_type") != "code":
            return "The response type must be code."
        if "code_challenge" in given and given.get("code_challenge_method") != "S256":
            return "The code challenge method must be S256."
        if not self.flow.secret and self.flow.pkce and "code_challenge" not in given:
            return "An app without a secret needs a code challenge."
        return ""

    def _agreed(self, given: Mapping[str, str]) -> str:
        code = f"code-{next(self._numbers)}"
        offline = self.flow.offline
        self._codes[code] = _Code(
            given["redirect_uri"],
            self._scopes(given),
            given.get("code_challenge", "") if self.flow.pkce else "",
            offline is None or given.get(offline[0]) == offline[1],
            self._now(),
        )
        return f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given.get('state', '')})}"

    def _scopes(self, given: Mapping[str, str]) -> list[str]:
        return [scope for scope in given.get("scope", "").split(self.flow.separator) if scope]

    # -- the token endpoint ------------------------------------------------------------------------------------------

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if not self._knows_app(request, form):
            return self.flow.refusal("invalid_client", "The client id or secret is wrong.")
        grants = {"authorization_code": self._redeem, "refresh_token": self._renew}
        grant = grants.get(form.get("grant_type", "authorization_code"))
        if grant is None:
            return self.flow.refusal("unsupported_grant_type", "There is no such grant.")
        return grant(form, f"{request.url.scheme}://{request.url.netloc}")

    def _knows_app(self, request: Request, form: Mapping[str, str]) -> bool:
        """The app's id and secret, in the header or in the form (RFC 6749, 2.3.1)."""
        header = request.headers.get("authorization", "")
        if header.startswith("Basic "):
            name, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        else:
            name, secret = form.get("client_id", ""), form.get("client_secret", "")
        proven = hmac.compare_digest(secret.encode(), CLIENT_SECRET.encode())
        return name == CLIENT_ID and (proven or (not self.flow.secret and not secret))

    def _redeem(self, form: Mapping[str, str], account: str) -> Response:
        code = self._codes.pop(form.get("code", ""), None)  # it is good once
        if code is None or self._now() > code.made_at + _CODE_SECONDS:
            return self.flow.refusal("invalid_grant", "The code is unknown, was used, or is too old.")
        if form.get("redirect_uri") != code.redirect_uri:
            return self.flow.refusal("invalid_grant", "The redirect URL is another one than before.")
        if code.challenge and _challenge(form.get("code_verifier", "")) != code.challenge:
            return self.flow.refusal("invalid_grant", "The code verifier does not fit.")
        grant = _Grant(code.scopes)
        if code.offline and self.flow.seconds is not None:
            grant.refresh_token = f"rt-{next(self._numbers)}"
        self._grants.append(grant)
        return JSONResponse(self._issue(grant, account, repeats=True))

    def _renew(self, form: Mapping[str, str], account: str) -> Response:
        given = form.get("refresh_token", "")
        until, again = self._replayed.get(given, (0.0, {}))
        if until > self._now():
            return JSONResponse(again)
        grant = next((g for g in self._grants if g.refresh_token == given and not g.revoked), None)
        if grant is None:
            return self.flow.refusal("invalid_grant", "The refresh token is unknown, was used, or was withdrawn.")
        self.renewals += 1
        if self.flow.renewal == "rotates":
            grant.refresh_token = f"rt-{next(self._numbers)}"
        said = self._issue(grant, account, repeats=self.flow.renewal != "left_out")
        if self.flow.renewal == "rotates":
            self._replayed[given] = (self._now() + _REPLAY_SECONDS, said)
        return JSONResponse(said)

    def _issue(self, grant: _Grant, account: str, *, repeats: bool) -> dict[str, Any]:
        token, seconds = f"{self.flow.prefix}{next(self._numbers)}", self.flow.seconds
        grant.tokens[token] = self._now() + seconds if seconds is not None else float("inf")
        return self.flow.answer(Asked(token, grant.refresh_token if repeats else None, seconds, grant.scopes, account))

    async def _revoke(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        for grant in self._grants:
            if form.get("token") in (grant.refresh_token, *grant.tokens):
                grant.revoked = True
        return JSONResponse({})

    def _now(self) -> float:
        return time.monotonic() + self._skipped


def _challenge(verifier: str) -> str:
    """RFC 7636, 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
