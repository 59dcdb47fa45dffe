"""`LinearSimulator`: the account, its credentials, what goes wrong, what happens behind its back, its webhooks."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from revtops_tui.simulators.faults import FAULT, Fault
from revtops_tui.simulators.limits import Meter
from revtops_tui.simulators.linear import errors
from revtops_tui.simulators.linear.account import Account, Node, now
from revtops_tui.simulators.linear.api import Answer, Api
from revtops_tui.simulators.linear.seeded import seed_account
from revtops_tui.simulators.signing_in import Flow
from revtops_tui.simulators.vendor import RefusalError, VendorSimulator, json_reply

API_KEY = "lin_api_simulated0000000000000000000000000000"
OAUTH_TOKEN = "lin_oauth_simulated"  # noqa: S105 - opens a simulator
WEBHOOK_SECRET = "lin_wh_simulated"  # noqa: S105
_ACCEPTED = (API_KEY, f"Bearer {OAUTH_TOKEN}")
_MAX_COMPLEXITY = 10_000
"""Of a single query (developer page "Rate limiting")."""

_LISTS = {"tracker_teams": "teams", "tracker_projects": "projects", "tracker_issues": "issues"}
_KINDS = {"tracker_teams": "Team", "tracker_projects": "Project", "tracker_issues": "Issue"}


class LinearSimulator(VendorSimulator):
    """A Linear workspace. Webhooks are made with `webhookCreate`; its key and an OAuth token are accepted.

    `complexity`: points that queries may cost in an hour; None means no limit. See `VendorSimulator` for the others.
    """

    slug = "linear"
    flow = Flow(
        "/oauth/authorize",
        "/oauth/token",
        "/oauth/revoke",
        pkce=True,
        secret=False,
        seconds=86_399,
        renewal="rotates",
        prefix="lin_oauth_",
        separator=",",
    )

    def __init__(self, *, seed: int = 1, complexity: int | None = None, **options: Any) -> None:
        super().__init__(seed=seed, **options)
        self.account: Account = seed_account(self.story, seed)
        self.account.changed = self._notify
        self._api = Api(self.account, self._spend)
        self._points = Points(complexity) if complexity else None
        self._changes: Counter[str] = Counter()

    @property
    def credentials(self) -> dict[str, Any]:
        return {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET}

    @property
    def account_token(self) -> str:
        return OAUTH_TOKEN

    def routes(self) -> Sequence[BaseRoute]:
        return [Route("/graphql", self._graphql, methods=["POST"])]

    # -- saying no -----------------------------------------------------------------------------------------------------

    def unauthorized(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "")
        if given in _ACCEPTED:
            return None
        if given.startswith("Bearer lin_api_"):
            return errors.refusal(
                "It looks like you're trying to use an API key as a Bearer token. Remove the Bearer prefix from the "
                "Authorization header.",
                "authentication error",
                "AUTHENTICATION_ERROR",
                400,
            )
        return _not_authenticated()

    def fault_reply(self, fault: Fault) -> Response:
        if fault.kind == "429":
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            return _rate_limited(headers)
        if fault.kind == "500":
            return errors.refusal("Internal server error", "internal error", "INTERNAL_SERVER_ERROR", 500)
        return _not_authenticated()

    def not_found(self) -> Response:
        return Response("Not Found", 404, media_type="text/plain")

    def limit_headers(self, meter: Meter) -> dict[str, str]:
        return {
            "X-RateLimit-Requests-Limit": str(meter.limit.requests),
            "X-RateLimit-Requests-Remaining": str(meter.remaining),
            "X-RateLimit-Requests-Reset": _epoch_ms(meter.resets_in),
        }

    # -- the API -------------------------------------------------------------------------------------------------------

    async def _graphql(self, request: Request) -> Response:
        fault = request.scope.get("extensions", {}).get(FAULT)
        try:
            body = orjson.loads(await request.body())
            text, variables, operation = body["query"], body.get("variables"), body.get("operationName")
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return errors.refusal("POST body missing, invalid, or no query in it.", "graphql error", "BAD_REQUEST", 400)
        answer = self._api.execute(text, variables, operation, shift=int(fault == "page_shift"))
        headers = {"X-Complexity": f"{answer.complexity:.0f}", **(self._points.headers() if self._points else {})}
        return json_reply(_document(answer, fault), 400 if answer.refused else 200, headers)

    def _spend(self, complexity: float) -> None:
        if complexity > _MAX_COMPLEXITY:
            raise RefusalError(errors.refusal("Query too complex", "invalid input", "INPUT_ERROR", 400))
        if self._points and (wait := self._points.take(complexity)):
            raise RefusalError(_rate_limited({**self._points.headers(), "Retry-After": f"{wait:.0f}"}))

    # -- what happens behind its back ----------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        return {entity: len(self._live(entity)) for entity in _LISTS}

    @property
    def changeable(self) -> tuple[str, ...]:
        return tuple(_LISTS)

    def create(self, entity: str) -> str:
        account, number = self.account, len(self._nodes(entity)) + 1
        if entity == "tracker_teams":
            node = account.add_team(f"Team {number}", f"T{number}")
        elif entity == "tracker_projects":
            node = account.add_project(f"Project {number}", [self._live("tracker_teams")[0]])
        else:
            node = account.add_issue(self._live("tracker_teams")[0], f"Issue {number}")
        account.changed("create", _KINDS[entity], node, {})
        return str(node["id"])

    def change(self, entity: str) -> str:
        """Rename the oldest one, the next one the next time; an issue is moved to another state too."""
        live = self._live(entity)
        node = live[self._changes[entity] % len(live)]
        self._changes[entity] += 1
        name = "title" if entity == "tracker_issues" else "name"
        values = {name: f"{node[name]} changed"}
        if entity == "tracker_issues":
            values["state"] = next(state for state in node["team"]["states"] if state is not node["state"])
        return str(self.account.update(_KINDS[entity], node, values)["id"])

    def remove(self, entity: str) -> str:
        """Archive the oldest team without issues, or put the second oldest project or issue into the trash."""
        live = self._live(entity)
        node = live[1]
        if entity == "tracker_teams":
            node = next((team for team in live if not any(self.account.issues_of(team))), node)
        return str(self.account.archive(_KINDS[entity], node, trash=entity != "tracker_teams")["id"])

    def archive_quietly(self) -> str:
        """Archive the oldest issue as Linear does by itself some months after it was closed: nothing else about the
        issue changes, its time of change included. Returns its id."""
        issue = self._live("tracker_issues")[0]
        issue["archivedAt"] = issue["autoArchivedAt"] = now()
        return str(issue["id"])

    def _nodes(self, entity: str) -> list[Node]:
        nodes: list[Node] = getattr(self.account, _LISTS[entity])
        return nodes

    def _live(self, entity: str) -> list[Node]:
        return [node for node in self._nodes(entity) if node["archivedAt"] is None]

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def _notify(self, action: str, kind: str, node: Node, before: Node) -> None:
        """Send a change to every webhook that asked for it (developer page "Webhooks")."""
        for webhook in self.account.webhooks:
            if not webhook["enabled"] or kind not in webhook["resourceTypes"]:
                continue
            if webhook["team"] is not None and webhook["team"] is not node.get("team"):
                continue
            body = orjson.dumps(self._payload(webhook, action, kind, node, before))
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "Linear-Delivery": str(uuid.uuid4()),
                "Linear-Event": kind,
                "Linear-Signature": signature(webhook["secret"], body),
            }
            self.outbox.send(webhook["url"], headers=headers, body=body)

    def _payload(self, webhook: Node, action: str, kind: str, node: Node, before: Node) -> Node:
        viewer = self.account.viewer
        return {
            "action": action,
            "actor": {"id": viewer["id"], "type": "user", "name": viewer["name"], "email": viewer["email"]},
            "createdAt": node["updatedAt"],
            "data": _flat(node),
            **({"updatedFrom": _flat(before)} if action == "update" else {}),
            "url": node.get("url"),
            "type": kind,
            "organizationId": self.account.organization["id"],
            "webhookTimestamp": int(time.time() * 1000),
            "webhookId": webhook["id"],
        }


class Points:
    """A budget of complexity that fills up again at a constant rate: `limit` points in an hour."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = float(limit)
        self._at = time.monotonic()

    def take(self, points: float) -> float:
        """Spend points; returns 0, or the seconds until they will be there: then nothing was spent."""
        moment = time.monotonic()
        self._left = min(self._limit, self._left + (moment - self._at) * self._limit / 3600)
        self._at = moment
        if points > self._left:
            return max(1.0, (points - self._left) * 3600 / self._limit)
        self._left -= points
        return 0.0

    def headers(self) -> dict[str, str]:
        """How much is left, and when it is all there again."""
        full_in = (self._limit - self._left) * 3600 / self._limit
        return {
            "X-RateLimit-Complexity-Limit": str(self._limit),
            "X-RateLimit-Complexity-Remaining": str(math.floor(self._left)),
            "X-RateLimit-Complexity-Reset": _epoch_ms(full_in),
        }


def signature(secret: str, body: bytes) -> str:
    """How a webhook is signed."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _epoch_ms(seconds: float) -> str:
    return str(int((time.time() + seconds) * 1000))


def _not_authenticated() -> Response:
    message = "Authentication required, not authenticated"
    return errors.refusal(message, "authentication error", "AUTHENTICATION_ERROR", 401)


def _rate_limited(headers: Mapping[str, str]) -> Response:
    message = "Rate limit exceeded. Please reduce the number of requests you are making."
    return errors.refusal(message, "ratelimited", "RATELIMITED", 400, headers)


def _document(answer: Answer, fault: str | None) -> dict[str, Any]:
    """A GraphQL response, with the fault in it that was asked for."""
    document: dict[str, Any] = {} if answer.refused else {"data": answer.data}
    if answer.errors:
        kind = errors.extensions("graphql error", "GRAPHQL_VALIDATION_FAILED", 400, "The query is not valid.")
        document["errors"] = [{"extensions": kind, **error.formatted} for error in answer.errors]
    for name, value in (answer.data or {}).items():
        nodes = value.get("nodes") if isinstance(value, dict) else None
        if not nodes:
            continue
        if fault == "duplicates":
            nodes.append(nodes[0])
        elif fault == "schema_drift" and name in _LISTS.values():
            nodes[0] |= {field: {"text": nodes[0][field]} for field in ("title", "name") if field in nodes[0]}
    return document


def _flat(node: Node) -> Node:
    """A node as webhooks carry it: its plain fields, what it refers to by id and in short."""
    flat: Node = {}
    for name, value in node.items():
        if isinstance(value, dict):
            flat[f"{name}Id"] = value["id"]
            flat[name] = {key: value[key] for key in ("id", "name", "key", "type", "email") if key in value}
        elif name == "labels":
            flat[name] = [{"id": label["id"], "name": label["name"], "color": label["color"]} for label in value]
        elif not isinstance(value, list) or name == "labelIds":
            flat[name] = value
    return flat
