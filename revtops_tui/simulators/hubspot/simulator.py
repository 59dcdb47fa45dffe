"""HubSpot's CRM API over a seeded account."""

from __future__ import annotations

import datetime as dt
import hmac
from typing import TYPE_CHECKING, cast

from starlette.applications import Starlette
from starlette.middleware import Middleware

from revtops_tui.simulators.faults import ADMIN_PREFIX, Fault, FaultMiddleware, Traffic
from revtops_tui.simulators.hubspot.account import AccountRoutes, AssociationRoutes
from revtops_tui.simulators.hubspot.admin import AdminRoutes
from revtops_tui.simulators.hubspot.errors import HubSpotError, fault_reply, rate_limited, unauthorized
from revtops_tui.simulators.hubspot.limits import Limiter, RateLimit
from revtops_tui.simulators.hubspot.objects import ObjectRoutes
from revtops_tui.simulators.hubspot.state import State
from revtops_tui.simulators.story import DEFAULT_AS_OF

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HubSpotSimulator:
    """A HubSpot account on this machine; `app` is the ASGI application.

    `size` is the number of deals, other objects come in proportion; any size takes the same memory. The same `seed`
    and `size` give the same account, whose last change was at `as_of`. `latency` is in seconds a request;
    `rate_limit` None means no limit. Requests need `Authorization: Bearer <token>`.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        size: int = 1_000,
        token: str = "simulated-token",  # noqa: S107 - opens nothing but this simulator
        rate_limit: RateLimit | None = None,
        latency: float = 0.0,
        faults: Iterable[Fault] = (),
        as_of: dt.datetime = DEFAULT_AS_OF,
    ) -> None:
        self.state = State(seed=seed, size=size, as_of=as_of)
        self.traffic = Traffic(faults)
        self.app = Starlette(
            routes=[
                *ObjectRoutes(self.state).routes(),
                *AssociationRoutes(self.state).routes(),
                *AccountRoutes(self.state).routes(),
                *AdminRoutes(self.state, self.traffic).routes(),
            ],
            middleware=[
                Middleware(FaultMiddleware, traffic=self.traffic, reply=fault_reply, latency=latency),
                Middleware(_Gate, token=token, limiter=None if rate_limit is None else Limiter(rate_limit)),
            ],
            exception_handlers={HubSpotError: _refuse, 404: _no_such_path},
        )
        self.app.state.vendor = "hubspot"


class _Gate:
    """Lets requests with the right token through, as many as the limit allows."""

    def __init__(self, app: ASGIApp, *, token: str, limiter: Limiter | None) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith(ADMIN_PREFIX):
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"authorization", b"")
        # The token endpoint carries the token in its path and takes no header.
        if not path.startswith("/oauth/") and not hmac.compare_digest(given, self._expected):
            await unauthorized().response()(scope, receive, send)
        elif self._limiter is None:
            await self._app(scope, receive, send)
        else:
            await self._limited(self._limiter, scope, receive, send)

    async def _limited(self, limiter: Limiter, scope: Scope, receive: Receive, send: Send) -> None:
        is_search = scope["path"].endswith("/search")
        policy = limiter.refusal(is_search=is_search)
        headers = limiter.headers(is_search=is_search)
        if policy is not None:
            await rate_limited(policy).response(headers)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
                message["headers"] = [*message["headers"], *pairs]
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _refuse(_: Request, error: Exception) -> Response:
    return cast("HubSpotError", error).response()


async def _no_such_path(_: Request, __: Exception) -> Response:
    return HubSpotError(404, "OBJECT_NOT_FOUND", "resource not found").response()
