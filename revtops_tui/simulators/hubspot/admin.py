"""`/_simulator/`: what a test does behind the vendor's back, and what it compares with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.faults import ADMIN_PREFIX, Traffic
from revtops_tui.simulators.hubspot.bodies import flag, json_body, whole_number
from revtops_tui.simulators.hubspot.errors import json_response
from revtops_tui.simulators.hubspot.state import now_ms

if TYPE_CHECKING:
    from starlette.requests import Request

    from revtops_tui.simulators.hubspot.state import State
    from revtops_tui.simulators.hubspot.store import ObjectStore


class AdminRoutes:
    """What HubSpot's simulator has there besides what every simulator has: see `vendor.admin_routes`."""

    def __init__(self, state: State, traffic: Traffic) -> None:
        self._state = state
        self._traffic = traffic

    def routes(self) -> list[Route]:
        """What to mount."""
        return [
            Route(f"{ADMIN_PREFIX}requests", self.clear_requests, methods=["DELETE"]),
            Route(f"{ADMIN_PREFIX}objects", self.totals),
            Route(f"{ADMIN_PREFIX}objects/{{type}}", self.objects),
            Route(f"{ADMIN_PREFIX}touch", self.touch, methods=["POST"]),
            Route(f"{ADMIN_PREFIX}delete", self.delete, methods=["POST"]),
            Route(f"{ADMIN_PREFIX}create", self.create, methods=["POST"]),
        ]

    async def clear_requests(self, _: Request) -> Response:
        """Count from zero."""
        self._traffic.requests.clear()
        return Response(status_code=204)

    async def totals(self, _: Request) -> Response:
        """How many live and archived objects there are, per type."""
        return json_response(
            {name: {"live": s.count(), "archived": s.count(archived=True)} for name, s in self._state.stores.items()}
        )

    async def objects(self, request: Request) -> Response:
        """The truth for a test: objects with all their properties. `after`, `limit` (1000), `archived`."""
        store = self._store(request.path_params["type"])
        after, limit = whole_number(request, "after", 0), whole_number(request, "limit", 1000)
        items = store.page(after, limit, archived=flag(request, "archived"))
        return json_response({"results": [self._state.described(store, i, store.type.properties) for i in items]})

    async def touch(self, request: Request) -> Response:
        """Change objects now: `ids`, or `count` of them spread over all; `properties` sets values too."""
        return await self._each(
            request, lambda store, object_id, properties: store.update(object_id, properties, now_ms()).id
        )

    async def delete(self, request: Request) -> Response:
        """Archive objects now: `ids`, or `count` of them spread over all."""

        def archive(store: ObjectStore, object_id: int, _: dict[str, Any]) -> int:
            store.archive(object_id, now_ms())
            return object_id

        return await self._each(request, archive)

    async def create(self, request: Request) -> Response:
        """Add `count` objects with `properties`, unchecked: a way to plant what HubSpot would refuse."""
        body = await json_body(request)
        store = self._store(str(body.get("type")))
        count, properties = int(body.get("count", 1)), body.get("properties") or {}
        created = [store.create(properties, now_ms()).id for _ in range(count)]
        return json_response({"ids": [str(i) for i in created]}, status=201)

    async def _each(self, request: Request, change: Callable[[ObjectStore, int, dict[str, Any]], int]) -> Response:
        body = await json_body(request)
        store = self._store(str(body.get("type")))
        ids = [int(i) for i in body["ids"]] if "ids" in body else store.scattered(int(body.get("count", 1)))
        properties = body.get("properties") or {}
        changed = [change(store, i, properties) for i in ids if store.is_live(i)]
        return json_response({"ids": [str(i) for i in changed]})

    def _store(self, name: str) -> ObjectStore:
        return self._state.store(name)
