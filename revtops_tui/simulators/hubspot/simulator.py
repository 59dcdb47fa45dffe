"""HubSpot's CRM API over an account of the company."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from revtops_tui.simulators.hubspot.account import AccountRoutes, AssociationRoutes
from revtops_tui.simulators.hubspot.admin import AdminRoutes
from revtops_tui.simulators.hubspot.associations import ACTIVITIES
from revtops_tui.simulators.hubspot.errors import fault_reply, not_found, rate_limited, unauthorized
from revtops_tui.simulators.hubspot.limits import Limiter, RateLimit
from revtops_tui.simulators.hubspot.marketing import MarketingRoutes
from revtops_tui.simulators.hubspot.objects import ObjectRoutes
from revtops_tui.simulators.hubspot.schema import PIPELINES, STAGES
from revtops_tui.simulators.hubspot.state import State, now_ms
from revtops_tui.simulators.hubspot.subscriptions import Subscriptions
from revtops_tui.simulators.limits import Limit
from revtops_tui.simulators.signing_in import Flow, refusal
from revtops_tui.simulators.vendor import VendorSimulator, json_reply

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from revtops_tui.simulators.faults import Fault
    from revtops_tui.simulators.hubspot.store import ObjectStore

_NAMED_BY = {
    "accounts": ("companies", "name"),
    "contacts": ("contacts", "lastname"),
    "deals": ("deals", "dealname"),
    "goals": ("goal_targets", "hs_goal_name"),
    "activities": ("calls", "hs_call_title"),
}
"""Entity -> the object type that is changed for it, and the property with its name."""


def _refusal(code: str, sentence: str) -> Response:
    """HubSpot's words for a grant that is no good, which are not the protocol's (page "OAuth tokens")."""
    if code != "invalid_grant":
        return refusal(code, sentence)
    status = "BAD_REFRESH_TOKEN" if "refresh" in sentence else "BAD_AUTH_CODE"
    return json_reply({"status": status, "message": sentence, "correlationId": str(uuid.UUID(int=0))}, 400)


class HubSpotSimulator(VendorSimulator):
    """A HubSpot account on this machine. Any size takes the same memory: objects are made when they are asked for.

    Args:
        token, client_secret: what requests carry, and what webhooks are signed with.
        webhook_url: where changes are reported to, as set in the app's settings; empty for nowhere.
        limit: a `RateLimit` says all that HubSpot limits; of a plain `Limit` the rest is the usual.
        options: those of every simulator.
    """

    slug = "hubspot"
    flow = Flow("/oauth/authorize", "/oauth/2026-03/token", seconds=1_800, refusal=_refusal)

    def __init__(
        self,
        *,
        token: str = "simulated-token",  # noqa: S107 - opens nothing but this simulator
        client_secret: str = "simulated-client-secret",  # noqa: S107 - signs nothing but its webhooks
        webhook_url: str = "",
        limit: Limit | None = None,
        **options: Any,
    ) -> None:
        self._token, self._client_secret = token, client_secret
        if limit is not None and not isinstance(limit, RateLimit):
            limit = RateLimit(limit.requests, limit.per)
        self._limiter = None if limit is None else Limiter(limit)
        super().__init__(**options)
        self.subscriptions = Subscriptions(self.outbox, client_secret, webhook_url)
        for store in self.state.stores.values():
            store.watch = self.subscriptions.report

    @cached_property
    def state(self) -> State:
        """What the account holds."""
        return State(self.story)

    @property
    def credentials(self) -> dict[str, Any]:
        """The token of a private app, and the secret of its webhooks."""
        return {"access_token": self._token, "client_secret": self._client_secret}

    def routes(self) -> Sequence[BaseRoute]:
        """The API, and what a test does behind its back."""
        return [
            *ObjectRoutes(self.state).routes(),
            *AssociationRoutes(self.state).routes(),
            *AccountRoutes(self.state).routes(),
            *MarketingRoutes(self.story).routes(),
            *AdminRoutes(self.state, self.traffic).routes(),
        ]

    def unauthorized(self, request: Request) -> Response | None:
        """401 without the token, but for the endpoint that takes it in its path."""
        given = request.headers.get("authorization", "")
        known = hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode())
        return None if known or request.url.path.startswith("/oauth/") else unauthorized().response

    def gate(self, request: Request) -> tuple[Response | None, dict[str, str]]:
        """HubSpot counts a search against a limit of its own too, and tells nothing of what is left then."""
        refusal = self.unauthorized(request)
        if refusal is not None or self._limiter is None:
            return refusal, {}
        is_search = request.url.path.endswith("/search")
        policy = self._limiter.refusal(is_search=is_search)
        return None if policy is None else rate_limited(policy).response, self._limiter.headers(is_search=is_search)

    def fault_reply(self, fault: Fault) -> Response:
        """In HubSpot's words."""
        return fault_reply(fault)

    def not_found(self) -> Response:
        """The answer to a path that there is not."""
        return not_found().response

    # -- what happens behind the vendor's back ---------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Activities are objects of five types."""
        of = {name: store.count() for name, store in self.state.stores.items()}
        return {
            "accounts": of["companies"],
            "contacts": of["contacts"],
            "deals": of["deals"],
            "pipelines": len(PIPELINES),
            "pipeline_stages": len(STAGES),
            "goals": of["goal_targets"],
            "activities": sum(of[name] for name in ACTIVITIES),
        }

    @property
    def changeable(self) -> tuple[str, ...]:
        """All but the pipelines, which are part of the account's settings."""
        return tuple(_NAMED_BY)

    def create(self, entity: str) -> str:
        """Add the object that the story has next."""
        store, _ = self._named(entity)
        following = store.seeded.build(len(store.seeded.ids) + store.created)
        set_by_user = {name: value for name, value in following.items() if not store.type.properties[name].read_only}
        return _source_id(store, store.create(set_by_user, now_ms()).id)

    def change(self, entity: str) -> str:
        """Rename the first object that nobody has touched yet; the very first one when there is none left."""
        store, name = self._named(entity)
        untouched = (object_id for object_id in store.seeded.live_ids if object_id not in store.changes)
        (first,) = store.page(next(untouched, 1) - 1, 1)
        return _source_id(store, store.update(first.id, {name: f"{first.properties[name]} (changed)"}, now_ms()).id)

    def remove(self, entity: str) -> str:
        """Archive the last object that the account started with and still has."""
        store, _ = self._named(entity)
        last = next(object_id for object_id in reversed(store.seeded.live_ids) if store.is_live(object_id))
        store.archive(last, now_ms())
        return _source_id(store, last)

    def _named(self, entity: str) -> tuple[ObjectStore, str]:
        kind, name = _NAMED_BY[entity]
        return self.state.stores[kind], name


def _source_id(store: ObjectStore, object_id: int) -> str:
    return f"{store.type.singular}:{object_id}" if store.type.name in ACTIVITIES else str(object_id)
