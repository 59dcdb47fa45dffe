"""What simulated vendors have in common: an account of the company, credentials, faults, limits, webhooks.

A vendor's own module adds its routes, its way of saying no, and what tests and demos change behind its back.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.faults import ADMIN_PREFIX, Fault, FaultMiddleware, Traffic
from revtops_tui.simulators.limits import Limit, Meter
from revtops_tui.simulators.outbox import Outbox
from revtops_tui.simulators.signing_in import Flow, SignIn
from revtops_tui.simulators.story import DEFAULT_AS_OF, Story

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RefusalError(Exception):
    """A vendor's no, raised by a handler; `response` is how the vendor words it."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.response = response


def json_reply(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(document), status, headers, media_type="application/json")


class VendorSimulator(ABC):
    """A vendor's account on this machine; `app` is the ASGI application.

    Args:
        seed, size: which company, and how many deals it has; everything else comes in proportion.
        latency: seconds that an answer takes at least.
        faults: what goes wrong from the start; `POST /_simulator/faults` adds more.
        limit: the vendor's rate limit; None means none.
        as_of: the moment of the last seeded change.
    """

    slug: ClassVar[str]
    """The connector that speaks to it."""
    flow: ClassVar[Flow | None] = None
    """How it lets apps in with OAuth 2, where it does; `sign_in` is that part of it."""

    def __init__(
        self,
        *,
        seed: int = 1,
        size: int = 1_000,
        latency: float = 0.0,
        faults: Iterable[Fault] = (),
        limit: Limit | None = None,
        as_of: dt.datetime = DEFAULT_AS_OF,
    ) -> None:
        self.story = Story(seed=seed, size=size, as_of=as_of)
        self.traffic = Traffic(faults)
        self.outbox = Outbox()
        self._meter = Meter(limit) if limit else None
        self.sign_in = SignIn(self.flow, self.account_token) if self.flow else None
        self.app = Starlette(
            routes=[*admin_routes(self), *(self.sign_in.routes() if self.sign_in else ()), *self.routes()],
            middleware=[
                Middleware(FaultMiddleware, traffic=self.traffic, reply=self.fault_reply, latency=latency),
                Middleware(_Gate, vendor=self),
            ],
            exception_handlers={RefusalError: _refuse, 404: self._no_such_path, 405: self._no_such_path},
        )
        self.app.state.vendor = self.slug

    # -- what a vendor says of itself ------------------------------------------------------------------------------

    @property
    @abstractmethod
    def credentials(self) -> dict[str, Any]:
        """What a connection to this account takes: the values of the connector's fields."""

    @property
    def account_token(self) -> str:
        """The bearer token that the API takes, and that issued ones stand for."""
        return str(self.credentials["access_token"])

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """The API."""

    @abstractmethod
    def unauthorized(self, request: Request) -> Response | None:
        """The refusal of a request without the right credentials; None lets it pass."""

    @abstractmethod
    def fault_reply(self, fault: Fault) -> Response:
        """How the vendor words the faults `429`, `500`, `expired_token` and `revoked`."""

    def not_found(self) -> Response:
        """The answer to a path that the API does not have."""
        return json_reply({"error": "not found"}, 404)

    def limit_headers(self, meter: Meter) -> dict[str, str]:  # noqa: ARG002 - for those who override it
        """The headers by which the vendor says how much is left, where it does."""
        return {}

    # -- what happens behind the vendor's back ---------------------------------------------------------------------

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """Entity -> how many live records a connection of this account should have after a sync."""

    @property
    def changeable(self) -> tuple[str, ...]:
        """The entities that `create`, `change` and `remove` know."""
        return ()

    def create(self, entity: str) -> str:
        """Add a record as a user of the vendor would; returns the `source_id` it is synced under."""
        raise NotImplementedError(entity)

    def change(self, entity: str) -> str:
        """Change the name or title of some record, so that it contains "changed"; returns its `source_id`."""
        raise NotImplementedError(entity)

    def remove(self, entity: str) -> str:
        """Delete some record as a user would; returns its `source_id`."""
        raise NotImplementedError(entity)

    async def _no_such_path(self, _: Request, __: Exception) -> Response:
        return self.not_found()

    def gate(self, request: Request) -> tuple[Response | None, dict[str, str]]:
        """The refusal of a request, if any, and the headers that its answer gets."""
        refusal = self.unauthorized(request)
        if refusal is not None or self._meter is None:
            return refusal, {}
        wait = self._meter.take()
        headers = self.limit_headers(self._meter)
        if wait:
            return self.fault_reply(Fault("429", retry_after=f"{wait:.0f}" if wait >= 1 else "1")), headers
        return None, headers


class _Gate:
    """Lets requests with the right credentials through, as many as the limit allows."""

    def __init__(self, app: ASGIApp, *, vendor: VendorSimulator) -> None:
        self._app = app
        self._vendor = vendor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        ended = self._worth(scope)
        refusal, headers = (ended, {}) if ended else self._vendor.gate(Request(scope))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
                message["headers"] = [*message["headers"], *pairs]
            await send(message)

        await (refusal or self._app)(scope, receive, send_with_headers)

    def _is_open(self, path: str) -> bool:
        sign_in = self._vendor.sign_in
        return path.startswith(ADMIN_PREFIX) or (sign_in is not None and path in sign_in.paths)

    def _worth(self, scope: Scope) -> Response | None:
        """Put the account's own token in the place of one that was issued for it; the refusal of one that ended."""
        sign_in, given = self._vendor.sign_in, Request(scope).headers.get("authorization", "")
        standing = sign_in.standing(given.removeprefix("Bearer ")) if sign_in else "unknown"
        if sign_in is None or standing == "unknown":
            return None
        if standing != "good":
            return self._vendor.fault_reply(Fault("expired_token" if standing == "expired" else "revoked"))
        others = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
        scope["headers"] = [*others, (b"authorization", f"Bearer {sign_in.account_token}".encode())]
        return None


async def _refuse(_: Request, error: Exception) -> Response:
    return cast("RefusalError", error).response


# -- /_simulator/ --------------------------------------------------------------------------------------------------


def admin_routes(vendor: VendorSimulator) -> list[Route]:
    """A simulator's own endpoints. They need no credentials, are never slow, limited or broken, and are not counted."""

    async def faults(_: Request) -> Response:
        return json_reply({"results": vendor.traffic.describe()})

    async def add_fault(request: Request) -> Response:
        try:
            vendor.traffic.faults.append(Fault.parse(orjson.loads(await request.body())))
        except (TypeError, ValueError) as error:
            return json_reply({"error": str(error)}, 400)
        return json_reply({"results": vendor.traffic.describe()}, 201)

    async def clear_faults(_: Request) -> Response:
        vendor.traffic.faults.clear()
        return Response(status_code=204)

    async def requests(_: Request) -> Response:
        return json_reply({"total": vendor.traffic.requests.total(), "paths": dict(vendor.traffic.requests)})

    async def counts(_: Request) -> Response:
        return json_reply(vendor.counts())

    return [
        Route(f"{ADMIN_PREFIX}faults", faults, methods=["GET"]),
        Route(f"{ADMIN_PREFIX}faults", add_fault, methods=["POST"]),
        Route(f"{ADMIN_PREFIX}faults", clear_faults, methods=["DELETE"]),
        Route(f"{ADMIN_PREFIX}requests", requests, methods=["GET"]),
        Route(f"{ADMIN_PREFIX}counts", counts, methods=["GET"]),
    ]
