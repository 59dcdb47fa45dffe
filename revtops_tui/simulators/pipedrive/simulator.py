"""Pipedrive's API over a seeded account."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from revtops_tui.simulators.pipedrive import replies
from revtops_tui.simulators.pipedrive.account import AccountRoutes
from revtops_tui.simulators.pipedrive.objects import ObjectRoutes
from revtops_tui.simulators.pipedrive.search import SearchRoutes
from revtops_tui.simulators.pipedrive.seeded import Seeded
from revtops_tui.simulators.pipedrive.state import SOURCE_ENTITIES, State
from revtops_tui.simulators.signing_in import Asked, Flow, answer
from revtops_tui.simulators.vendor import VendorSimulator, json_reply

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from revtops_tui.simulators.faults import Fault
    from revtops_tui.simulators.limits import Meter

TOKEN = "simulated-token"  # noqa: S105 - opens nothing but this simulator

_TITLES = {"deal": "title", "activity": "subject"}


def _answer(asked: Asked) -> dict[str, Any]:
    """Pipedrive's names the company's own address (page "OAuth authorization")."""
    return {**answer(asked), "api_domain": asked.account}


class PipedriveSimulator(VendorSimulator):
    """A Pipedrive account on this machine. Its token is good as an API token and as one of OAuth."""

    slug = "pipedrive"
    flow = Flow("/oauth/authorize", "/oauth/token", "/oauth/revoke", seconds=3_599, answer=_answer)

    @cached_property
    def state(self) -> State:
        """What the account holds."""
        return State(Seeded(self.story), self.outbox)

    @property
    def credentials(self) -> dict[str, Any]:
        """An API token."""
        return {"api_token": TOKEN}

    @property
    def account_token(self) -> str:
        """The same."""
        return TOKEN

    def routes(self) -> Sequence[BaseRoute]:
        """v2, and of v1 what has no v2."""
        state = self.state
        return [*SearchRoutes(state).routes(), *ObjectRoutes(state).routes(), *AccountRoutes(state).routes()]

    def unauthorized(self, request: Request) -> Response | None:
        """A token in `x-api-token`, or OAuth's in `Authorization`."""
        api_token, bearer = request.headers.get("x-api-token", ""), request.headers.get("authorization", "")
        given = api_token or bearer.removeprefix("Bearer ")
        return None if hmac.compare_digest(given.encode(), TOKEN.encode()) else replies.unauthorized()

    def fault_reply(self, fault: Fault) -> Response:
        """In Pipedrive's words."""
        return replies.fault_reply(fault)

    def not_found(self) -> Response:
        """The gateway's answer to a path that there is not."""
        return json_reply({"success": False, "error": "Unknown method.", "data": None}, 404)

    def limit_headers(self, meter: Meter) -> dict[str, str]:
        """What is left of the burst limit; the reset is in seconds from now."""
        return {
            "x-ratelimit-limit": str(meter.limit.requests),
            "x-ratelimit-remaining": str(meter.remaining),
            "x-ratelimit-reset": f"{meter.resets_in:.2f}",
        }

    # -- what users of the account do ------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Live records; archived deals are."""
        return {entity: self.state.collections[kind].count() for entity, kind in SOURCE_ENTITIES.items()}

    @property
    def changeable(self) -> tuple[str, ...]:
        """Those of which an incremental run sees a deletion at once; of the others it does once a day."""
        return ("deals", "pipelines", "pipeline_stages")

    def create(self, entity: str) -> str:
        """Add a record of any entity."""
        kind = SOURCE_ENTITIES[entity]
        extra = {"pipeline_id": 1, "deal_probability": 50} if kind == "stage" else {}
        return str(self.state.create(kind, {_TITLES.get(kind, "name"): f"A new {kind}", **extra})["id"])

    def change(self, entity: str) -> str:
        """Rename the second record."""
        kind = SOURCE_ENTITIES[entity]
        live = self.state.collections[kind].live()
        next(live)
        item, title = next(live), _TITLES.get(kind, "name")
        return str(self.state.update(kind, item, {title: f"{item[title]} (changed)"})["id"])

    def remove(self, entity: str) -> str:
        """Delete the last seeded record; of pipelines and stages one that no deal is in."""
        kind = SOURCE_ENTITIES[entity]
        collection = self.state.collections[kind]
        seeded = (collection.get(object_id) for object_id in range(collection.seeded, 0, -1))
        item = next(item for item in seeded if item and not item["is_deleted"])
        self.state.delete(kind, item)
        return str(item["id"])
