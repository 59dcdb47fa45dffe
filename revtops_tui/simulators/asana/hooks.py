"""Endpoints of what happens: events behind a sync token, and webhooks with their handshake."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.asana.account import Account
from revtops_tui.simulators.asana.documents import picked, tree
from revtops_tui.simulators.asana.feeds import Event
from revtops_tui.simulators.asana.places import BASE
from revtops_tui.simulators.asana.replies import data, find, refuse, reply
from revtops_tui.simulators.outbox import Outbox

_EVENTS, _WORKSPACE_EVENTS = 100, 1_000
_TOO_OLD = (
    "Sync token invalid or too old. If you are attempting to keep resources in sync, you must fetch the full dataset "
    "for this query now and use the new sync token for the next sync."
)
_PATIENCE = 15.0
Json = dict[str, Any]


@dataclass
class Webhook:
    """A target that is told of a resource's events; none of its filters, or one that fits, lets an event through."""

    gid: str
    resource: Json
    workspace: str
    target: str
    secret: str
    filters: list[Json] = field(default_factory=list)

    def document(self) -> Json:
        """As Asana writes it."""
        return {
            "gid": self.gid,
            "resource_type": "webhook",
            "resource": self.resource,
            "target": self.target,
            "active": True,
            "filters": self.filters,
        }

    def wants(self, event: Event) -> bool:
        """Whether an event of the resource passes the filters."""
        return not self.filters or any(_passes(event, each) for each in self.filters)


class HookRoutes:
    """The endpoints over one account; webhooks leave through the outbox."""

    def __init__(self, account: Account, outbox: Outbox) -> None:
        self._account = account
        self._outbox = outbox
        self.webhooks: dict[str, Webhook] = {}
        account.feeds.listeners.append(self._deliver)

    def routes(self) -> list[Route]:
        """What to mount."""
        return [
            Route(f"{BASE}/events", self.events, methods=["GET"]),
            Route(f"{BASE}/workspaces/{{gid}}/events", self.workspace_events, methods=["GET"]),
            Route(f"{BASE}/webhooks", self.all, methods=["GET"]),
            Route(f"{BASE}/webhooks", self.create, methods=["POST"]),
            Route(f"{BASE}/webhooks/{{gid}}", self.read, methods=["GET"]),
            Route(f"{BASE}/webhooks/{{gid}}", self.delete, methods=["DELETE"]),
        ]

    # -- events ------------------------------------------------------------------------------------------------

    async def events(self, request: Request) -> Response:
        """What happened to a project or a task, and to all below it."""
        resource = request.query_params.get("resource")
        if resource is None:
            raise refuse(400, "resource: Missing input")
        if resource not in self._account.projects and resource not in self._account.tasks:
            raise refuse(404, f"resource: Unknown object: {resource}")
        return self._events(request, resource, _EVENTS)

    async def workspace_events(self, request: Request) -> Response:
        """What happened in a workspace."""
        workspace = find(self._account.workspaces, request.path_params["gid"], "workspace")
        return self._events(request, workspace.gid, _WORKSPACE_EVENTS)

    def _events(self, request: Request, resource: str, limit: int) -> Response:
        token = request.query_params.get("sync")
        found = self._account.feeds.since(resource, token, limit) if token else None
        if found is None:
            raise refuse(412, _TOO_OLD, sync=self._account.feeds.token(resource))
        events, following, has_more = found
        if asked := request.query_params.get("opt_fields"):
            events = [picked(event, tree(asked)) for event in events]
        return reply(request, {"data": events, "sync": following, "has_more": has_more})

    # -- webhooks ----------------------------------------------------------------------------------------------

    async def all(self, request: Request) -> Response:
        """The webhooks of a workspace."""
        workspace, resource = request.query_params.get("workspace"), request.query_params.get("resource")
        if workspace is None:
            raise refuse(400, "workspace: Missing input")
        found = [
            hook.document()
            for hook in self.webhooks.values()
            if hook.workspace == workspace and resource in (None, hook.resource["gid"])
        ]
        return reply(request, {"data": found, "next_page": None})

    async def create(self, request: Request) -> Response:
        """Ask the target for the secret back while the caller waits; without it there is no webhook."""
        given = await data(request)
        target = str(given.get("target", ""))
        if urlsplit(target).hostname in (None, "localhost"):
            raise refuse(403, f"target: Forbidden hostname: {target}")
        resource, workspace = self._resource(str(given.get("resource")))
        secret = secrets.token_hex(32)
        hook = Webhook(
            self._account.gid("webhook"), resource, workspace, target, secret, [*(given.get("filters") or ())]
        )
        delivery = self._outbox.send(target, headers={"X-Hook-Secret": secret}, body=b"{}")
        await asyncio.to_thread(delivery.done.wait, _PATIENCE)
        if delivery.reply_headers.get("x-hook-secret") != secret or delivery.status not in (200, 204):
            raise refuse(400, "The remote server did not respond with the handshake secret.")
        self.webhooks[hook.gid] = hook
        return reply(request, {"data": hook.document(), "X-Hook-Secret": secret}, 201)

    async def read(self, request: Request) -> Response:
        """One webhook."""
        return reply(request, {"data": find(self.webhooks, request.path_params["gid"], "webhook").document()})

    async def delete(self, request: Request) -> Response:
        """Stop telling."""
        del self.webhooks[find(self.webhooks, request.path_params["gid"], "webhook").gid]
        return reply(request, {"data": {}})

    def _resource(self, gid: str) -> tuple[Json, str]:
        account = self._account
        kinds: dict[str, dict[str, Any]] = {
            "workspace": dict(account.workspaces),
            "team": dict(account.teams),
            "project": dict(account.projects),
            "task": dict(account.tasks),
        }
        for kind, things in kinds.items():
            if gid in things:
                thing = things[gid]
                return {"gid": gid, "resource_type": kind, "name": thing.name}, getattr(thing, "workspace", gid)
        raise refuse(400, f"resource: Not a recognized ID: {gid}")

    def _deliver(self, event: Event, reached: Iterable[str]) -> None:
        above = set(reached)
        for hook in list(self.webhooks.values()):
            if hook.resource["gid"] in above and hook.wants(event):
                body = orjson.dumps({"events": [_thin(event)]})
                self._outbox.send(hook.target, headers=signed_headers(hook.secret, body), body=body)


def signed_headers(secret: str, body: bytes) -> dict[str, str]:
    """The headers of a delivery with this body."""
    return {"X-Hook-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def _thin(event: Event) -> Event:
    """What a webhook says of an event: ids, and no name of anything."""
    thin = {name: value for name, value in event.items() if name != "type"}
    for name in ("resource", "parent"):
        if name in thin:
            thin[name] = {key: value for key, value in thin[name].items() if key != "name"}
    return thin


def _passes(event: Event, wanted: Json) -> bool:
    resource = event["resource"]
    return (
        wanted.get("resource_type") in (None, resource["resource_type"])
        and wanted.get("resource_subtype") in (None, resource.get("resource_subtype"))
        and wanted.get("action") in (None, event["action"])
        and ("fields" not in wanted or event.get("change", {}).get("field") in wanted["fields"])
    )
