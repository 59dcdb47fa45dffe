"""What is left of v1: users, activity types and webhooks. It answers below `/v1` and `/api/v1`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from starlette.routing import Route

from revtops_tui.simulators.pipedrive.replies import ok
from revtops_tui.simulators.pipedrive.seeded import DOMAIN, Item
from revtops_tui.simulators.pipedrive.state import COMPANY, State
from revtops_tui.simulators.vendor import RefusalError, json_reply

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_TYPES = ("Call", "Meeting", "Task", "Deadline", "Email", "Lunch")
_SUBSCRIPTION = ("subscription_url", "event_action", "event_object", "name")


class AccountRoutes:
    """The account endpoints."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """What to mount."""
        found = []
        for base in ("/v1", "/api/v1"):
            found += [
                Route(f"{base}/users", self.users),
                Route(f"{base}/users/me", self.me),
                Route(f"{base}/users/{{id:int}}", self.user),
                Route(f"{base}/activityTypes", self.activity_types),
                Route(f"{base}/webhooks", self.webhooks),
                Route(f"{base}/webhooks", self.subscribe, methods=["POST"]),
                Route(f"{base}/webhooks/{{id:int}}", self.unsubscribe, methods=["DELETE"]),
            ]
        return found

    async def users(self, _: Request) -> Response:
        """Everybody, those who left too."""
        return ok(self._state.users)

    async def me(self, _: Request) -> Response:
        """The user whose token it is, with their company."""
        company = {
            "company_id": COMPANY,
            "company_name": self._state.seeded.company.name,
            "company_domain": DOMAIN,
            "company_country": "DE",
            "company_industry": "Software",
            "language": {"language_code": "en", "country_code": "GB"},
        }
        return ok({**self._state.users[0], **company})

    async def user(self, request: Request) -> Response:
        """One user."""
        for user in self._state.users:
            if user["id"] == request.path_params["id"]:
                return ok(user)
        return json_reply({"success": False, "error": "User not found or not accessible."}, 404)

    async def activity_types(self, _: Request) -> Response:
        """The kinds of activities."""
        return ok([_activity_type(order, name) for order, name in enumerate(_TYPES, 1)])

    async def webhooks(self, _: Request) -> Response:
        """The webhooks that there are."""
        return _status([*self._state.webhooks.values()])

    async def subscribe(self, request: Request) -> Response:
        """Create a webhook."""
        values: Item = orjson.loads(await request.body())
        if wrong := {name: ["required"] for name in _SUBSCRIPTION if not values.get(name)}:
            raise RefusalError(json_reply({"status": "error", "success": False, "errors": wrong}, 400))
        return _status(self._state.subscribe(values), 201)

    async def unsubscribe(self, request: Request) -> Response:
        """Delete a webhook."""
        if self._state.webhooks.pop(request.path_params["id"], None) is None:
            return json_reply({"status": "error", "success": False, "errors": {"id": ["not found"]}}, 404)
        return json_reply({"status": "ok", "success": True})


def _status(data: object, status: int = 200) -> Response:
    return json_reply({"status": "ok", "success": True, "data": data}, status)


def _activity_type(order: int, name: str) -> Item:
    return {
        "id": order,
        "order_nr": order,
        "name": name,
        "key_string": name.lower(),
        "icon_key": name.lower(),
        "active_flag": True,
        "color": "FFFFFF",
        "is_custom_flag": False,
        "add_time": "2021-03-01 09:00:00",
        "update_time": "2021-03-01 09:00:00",
    }
