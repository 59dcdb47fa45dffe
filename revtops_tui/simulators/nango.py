"""A simulated Nango: sessions that a person completes in a browser, connections, and the tokens behind them.

It issues the credentials that the simulated vendors take, so a connection made through it works like any other. The API
is Nango's OpenAPI document of 2026-08; the page at the session's link stands for its Connect UI.
"""

from __future__ import annotations

import datetime as dt
import html
import itertools
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from revtops_tui.simulators.vendor import json_reply

_SESSION = dt.timedelta(minutes=30)
_TOKEN = dt.timedelta(hours=1)


@dataclass
class Session:
    """A sign-in that was begun. `reconnects`: the connection that gets a new grant."""

    integration: str
    tags: dict[str, str]
    reconnects: str | None = None


@dataclass
class Grant:
    """A connection: whose, at which vendor, and whether the vendor still stands by it.

    `stale`: the vendor no longer takes its token, which the broker has not noticed.
    """

    number: int
    integration: str
    tags: dict[str, str]
    revoked: bool = False
    renewals: int = 0
    stale: bool = False


@dataclass
class NangoSimulator:
    """A broker's environment on this machine; `app` is the ASGI application.

    `integrations`: integration -> the credentials behind its connections, in Nango's form (`{"type": "OAUTH2", …}`).
    `page`: the address of the page that sessions are completed at; empty: its own.
    """

    integrations: dict[str, dict[str, Any]]
    secret_key: str = "simulated-secret-key"  # noqa: S105 - simulated
    page: str = ""
    sessions: dict[str, Session] = field(default_factory=dict)
    connections: dict[str, Grant] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self.app = Starlette(
            routes=[
                Route("/connect/sessions", self._begin, methods=["POST"]),
                Route("/connect/sessions/reconnect", self._begin_again, methods=["POST"]),
                Route("/connect/{token}", self._page, methods=["GET"]),
                Route("/connect/{token}", self._complete, methods=["POST"]),
                Route("/connections", self._list, methods=["GET"]),
                Route("/connections/{connection_id}", self._one, methods=["GET"]),
            ]
        )
        self.app.state.vendor = "nango"

    def complete(self, token: str) -> str:
        """Sign in as the person would on the page; returns the connection's id."""
        session = self.sessions.pop(token)
        if session.reconnects:
            grant = self.connections[session.reconnects]
            grant.revoked, grant.tags = False, session.tags
            return session.reconnects
        number = next(self._numbers)
        self.connections[f"connection-{number}"] = Grant(number, session.integration, session.tags)
        return f"connection-{number}"

    # -- the API -------------------------------------------------------------------------------------------------------

    async def _begin(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        body = orjson.loads(await request.body())
        allowed = body.get("allowed_integrations") or list(self.integrations)
        if unknown := [name for name in allowed if name not in self.integrations]:
            return _error(400, "invalid_body", f"Integrations do not exist: {', '.join(unknown)}")
        return self._session(request, Session(allowed[0], body.get("tags", {})))

    async def _begin_again(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        body = orjson.loads(await request.body())
        grant = self.connections.get(body["connection_id"])
        if grant is None or grant.integration != body["integration_id"]:
            return _error(400, "invalid_body", "The connection does not exist.")
        return self._session(request, Session(grant.integration, body.get("tags", {}), body["connection_id"]))

    def _session(self, request: Request, session: Session) -> Response:
        token = f"nango_connect_session_{next(self._numbers):04}"
        self.sessions[token] = session
        link = f"{self.page or f'{request.url.scheme}://{request.url.netloc}'}/connect/{token}"
        expires = dt.datetime.now(dt.UTC) + _SESSION
        data = {"token": token, "connect_link": link, "expires_at": expires.isoformat().replace("+00:00", "Z")}
        return json_reply({"data": data}, 201)

    async def _list(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        wanted = {name[5:-1]: value for name, value in request.query_params.items() if name.startswith("tags[")}
        found = [
            {**self._described(name, grant), "created": _moment()}
            for name, grant in self.connections.items()
            if wanted.items() <= grant.tags.items()
        ]
        return json_reply({"connections": found})

    async def _one(self, request: Request) -> Response:
        if refusal := self._unauthorized(request):
            return refusal
        name = request.path_params["connection_id"]
        grant = self.connections.get(name)
        if grant is None or grant.integration != request.query_params.get("provider_config_key"):
            return _error(404, "not_found", "No connection matches.")
        if grant.revoked:
            return _error(424, "invalid_credentials", "The refresh limit has been reached for this connection.")
        if request.query_params.get("force_refresh") == "true":
            grant.renewals, grant.stale = grant.renewals + 1, False
        held = dict(self.integrations[grant.integration])
        if grant.stale:
            held["access_token"] = "stale-token"  # noqa: S105 - simulated
        if held["type"] == "OAUTH2":
            held |= {"expires_at": _moment(_TOKEN), "raw": held.get("raw", {})}
        times = dict.fromkeys(("created_at", "updated_at", "last_fetched_at"), _moment())
        return json_reply({**self._described(name, grant), **times, "connection_config": {}, "credentials": held})

    def _described(self, name: str, grant: Grant) -> dict[str, Any]:
        return {
            "id": grant.number,
            "connection_id": name,
            "provider": grant.integration,
            "provider_config_key": grant.integration,
            "metadata": {},
            "tags": grant.tags,
            "errors": [],
        }

    def _unauthorized(self, request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {self.secret_key}":
            return None
        return _error(401, "unknown_account", "The provided secret key does not match any account.")

    # -- what a person sees --------------------------------------------------------------------------------------------

    async def _page(self, request: Request) -> Response:
        session = self.sessions.get(request.path_params["token"])
        if session is None:
            return HTMLResponse("<p>This link has expired.</p>", 404)
        name = html.escape(session.integration)
        return HTMLResponse(f"<form method=post><p>Let the app use {name}?</p><button>Connect</button></form>")

    async def _complete(self, request: Request) -> Response:
        token = request.path_params["token"]
        if token not in self.sessions:
            return HTMLResponse("<p>This link has expired.</p>", 404)
        self.complete(token)
        return HTMLResponse("<p>Connected. You can close this window.</p>")


def _moment(later: dt.timedelta = dt.timedelta()) -> str:
    return (dt.datetime.now(dt.UTC) + later).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error(status: int, code: str, message: str) -> Response:
    return json_reply({"error": {"code": code, "message": message}}, status)
