"""Linear: teams, projects and issues; live search and GraphQL; issues and comments written; webhooks.

Facts are from Linear's developer pages (linear.app/developers) and its published GraphQL schema. The page for users of
this connector is `docs/connectors/linear.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

import orjson

from connectors._linear.before import state_before
from connectors._linear.graphql import Reply, ask, every, listing, next_cursor, teams_of
from connectors._linear.query import SCHEMA, SEARCH, Search, described, parse, table
from connectors._linear.records import ISSUE, PROJECT, TEAM, has_more_teams, issue, label_ids, project, records, team
from connectors._linear.signing_in import OAUTH
from connectors._linear.writing import Writer
from connectors.base import BaseConnector
from connectors.changes import RecordState
from connectors.http import RateBudget
from connectors.paging import Fetched
from connectors.parameters import own_names
from connectors.persistence import delete_records, persist_records
from connectors.registry import (
    AuthField,
    AuthType,
    Capability,
    ConnectorMeta,
    ConnectorScope,
    EventType,
    Idempotency,
    WriteOperation,
)
from connectors.stream import Deleted
from connectors.webhooks import InboundEvent, WebhookRefusedError, WebhookRequest, check_fresh, check_signature

Node = dict[str, Any]

_PAGE = 100
"""Issues or teams in a page: 833 points of complexity for issues, of the 10,000 that a query may cost."""
_PROJECT_PAGE = 50
"""A project may name 50 teams, so a page costs some 3,000 points."""
_FRESH = 60.0
"""Seconds that a webhook may be old (developer page "Webhooks")."""
_ISSUE_FIELDS: list[dict[str, Any]] = [
    {"name": "description", "description": "In Markdown"},
    {"name": "priority", "type": "integer", "choices": [0, 1, 2, 3, 4], "description": "0 none, 1 urgent … 4 low"},
    {
        "name": "assignee",
        "aliases": ["assignee_name"],
        "description": "Name, e-mail address or id, or @me; empty takes it off",
    },
    {"name": "project", "aliases": ["project_name"], "description": "Name or id; empty takes it out"},
    {"name": "state", "aliases": ["state_name"], "description": "Name or id of a state of the team"},
    {"name": "labels", "type": "array", "items": "string", "description": "Names or ids; on an update, instead of all"},
    {"name": "due_date", "type": "date", "nullable": True, "description": "Day it is due; null clears it"},
    {"name": "estimate", "type": "integer", "nullable": True, "description": "Points of the scale; null clears them"},
]
_WHICH: dict[str, Any] = {
    "required": True,
    "aliases": ["issue_identifier", "issue_id"],
    "description": "Such as ENG-12, or the source_id",
}
_OWN_ID = "A UUID of your own: given again, it is not made a second time"


class LinearConnector(BaseConnector):
    """Speaks Linear's GraphQL API."""

    source_system = "linear"
    base_url = "https://api.linear.app"
    rate_budgets = (RateBudget(2_500, per=3600), RateBudget(30, per=60, name="search"))
    """Developer page "Rate limiting" for an API key, and the schema's description of `searchIssues`; the answers state
    what is left of requests and of complexity."""
    concurrent_entities: ClassVar[int] = 3
    dry_runs: ClassVar[bool] = True

    meta = ConnectorMeta(
        name="Linear",
        slug="linear",
        auth_type=AuthType.API_KEY,
        scope=ConnectorScope.ORGANIZATION,
        capabilities=[Capability.SYNC, Capability.QUERY, Capability.WRITE, Capability.LISTEN],
        entity_types=["tracker_teams", "tracker_projects", "tracker_issues"],
        auth_fields=[
            AuthField(
                "api_key",
                "API key",
                "password",
                help_text="lin_api_…, from Linear: Settings > Security & access > Personal API keys. The access token "
                "of an OAuth application works too.",
            ),
            AuthField(
                "webhook_secret",
                "Webhook signing secret",
                "password",
                required=False,
                help_text="Only to receive webhooks: Settings > API > Webhooks shows it.",
            ),
        ],
        webhook_secret_extra_data_key="webhook_secret",  # noqa: S106 - the name of a field
        oauth_scopes=["read", "write"],
        query_description="Words search issues: `login fails limit 20`. What has braces is GraphQL that only reads: "
        '`{ issues(first: 20, filter: {state: {type: {eq: "started"}}}) { nodes { identifier title } } }`, or JSON '
        "with `query` and `variables`. get_schema has the fields of issues, projects, teams, users, states and labels.",
        write_operations=[
            WriteOperation(
                name="create_issue",
                entity_type="tracker_issues",
                description="Create an issue",
                parameters=[
                    {
                        "name": "team",
                        "required": True,
                        "aliases": ["team_key"],
                        "description": "Key, name or id, such as ENG",
                    },
                    {"name": "title", "required": True},
                    *_ISSUE_FIELDS,
                    {"name": "id", "description": _OWN_ID},
                ],
                idempotency=Idempotency.CLIENT_ID,
                client_id="id",
            ),
            WriteOperation(
                name="update_issue",
                entity_type="tracker_issues",
                description="Change an issue",
                parameters=[
                    {"name": "id", **_WHICH},
                    {"name": "title", "one_of": "change"},
                    *({**spec, "one_of": "change"} for spec in _ISSUE_FIELDS),
                ],
            ),
            WriteOperation(
                name="comment",
                entity_type="tracker_issues",
                description="Comment on an issue",
                parameters=[
                    {"name": "issue", **_WHICH},
                    {"name": "body", "required": True, "description": "In Markdown"},
                    {"name": "id", "description": _OWN_ID},
                ],
                idempotency=Idempotency.CLIENT_ID,
                client_id="id",
            ),
        ],
        event_types=[
            EventType("issue_created", "An issue was created"),
            EventType("issue_updated", "An issue was changed, archived, deleted or restored"),
            EventType("issue_done", "An issue came into a state of the type completed"),
        ],
        nango_integration_id="linear",
        oauth=OAUTH,
        description="Teams, projects and issues from Linear.",
        icon="linear",
        usage_guide="Connect with a personal API key: it sees what you see. For webhooks make one in Linear under "
        "Settings > API for Issues, and give its signing secret too.",
    )

    async def auth_headers(self) -> dict[str, str]:
        """An API key goes without `Bearer`, an OAuth token with it (developer page "Getting started")."""
        token, _ = await self.get_oauth_token()
        return {"Authorization": token if token.startswith("lin_api_") else f"Bearer {token}"}

    async def test_connection(self) -> str:
        """Ask whose key it is; returns such as `Ada Smith (ada@acme.com) at Acme`."""
        data = (await ask(self.http, "{ viewer { name email } organization { name } }")).data
        return f"{data['viewer']['name']} ({data['viewer']['email']}) at {data['organization']['name']}"

    # -- SYNC ----------------------------------------------------------------------------------------------------------

    def sync_teams(self) -> Any:
        """Teams."""
        return self.walk(teams=self._teams)

    def sync_projects(self) -> Any:
        """Projects, each with its teams."""
        return self.walk(projects=self._projects)

    def sync_issues(self) -> Any:
        """Issues of all teams."""
        return self.walk(issues=self._issues)

    async def _teams(self, after: Any) -> Fetched:
        reply = await self._page("teams", "TeamFilter", TEAM, after, _PAGE)
        return _fetched(reply, "teams", team)

    async def _projects(self, after: Any) -> Fetched:
        reply = await self._page("projects", "ProjectFilter", PROJECT, after, _PROJECT_PAGE)
        many = [node for node in reply.data["projects"]["nodes"] if has_more_teams(node)]
        for node in many:
            node["teams"]["nodes"] = await teams_of(self.http, node["id"])
        return _fetched(reply, "projects", project, orjson.dumps([node["teams"] for node in many]))

    async def _issues(self, after: Any) -> Fetched:
        reply = await self._page("issues", "IssueFilter", ISSUE, after, _PAGE)
        labels = await self._label_names(reply.data["issues"]["nodes"])
        looked_up = orjson.dumps(labels, option=orjson.OPT_SORT_KEYS)
        return _fetched(reply, "issues", partial(issue, labels=labels), looked_up)

    async def _page(self, name: str, filters: str, fields: str, after: Any, size: int) -> Reply:
        """A page of everything, archived too, or of what changed since the last run."""
        wanted: Node | None = None
        if self.sync_since is not None:
            since = {"gte": self.sync_since.isoformat()}
            wanted = {"updatedAt": since}
            if name == "issues":  # Linear archives closed issues by itself, which is no change of the issue
                wanted = {"or": [wanted, {"archivedAt": since}]}
        query = listing(name, filters, fields, size, archived=True)
        return await ask(self.http, query, {"after": after, "filter": wanted})

    @cached_property
    def _labels(self) -> dict[str, str]:
        """The names of labels by their ids, as far as they were met."""
        return {}

    async def _label_names(self, nodes: Sequence[Node]) -> dict[str, str]:
        """The names of the labels of these issues; each label is looked up once, when it is first met."""
        known, ids = self._labels, {each for node in nodes for each in label_ids(node)}
        if missing := sorted(ids - known.keys()):
            wanted = {"id": {"in": missing}}
            found = await every(self.http, "issueLabels", "IssueLabelFilter", "id name", wanted, archived=True)
            known.update({label["id"]: label["name"] for label in found})
        return {each: known[each] for each in ids if each in known}

    # -- QUERY ---------------------------------------------------------------------------------------------------------

    async def get_schema(self) -> list[Node]:
        """What GraphQL can ask for: `{"name", "type", "columns": [{"name", "type", "description"}]}` for each list."""
        return described((await ask(self.http, SCHEMA)).data)

    async def query(self, request: str) -> Any:
        """Issues that words find, as `{"columns", "rows", "truncated"}`, or the data that GraphQL asks for.

        Raises InvalidInputError, before anything is sent, for GraphQL that is not valid or would do more than read.
        """
        asked = parse(request)
        if isinstance(asked, Search):
            variables = {"term": asked.words, "first": asked.limit}
            return table((await ask(self.http, SEARCH, variables, budget="search")).data["searchIssues"])
        return (await ask(self.http, asked.text, asked.variables)).data

    # -- WRITE ---------------------------------------------------------------------------------------------------------

    async def write(self, operation: str, data: Node) -> Node:
        """Carry out a write. All can be repeated: what is made has an id of ours, under which it is there once."""
        (declared,) = (each for each in self.meta.write_operations if each.name == operation)
        write: Callable[[Node], Any] = getattr(Writer(self.http), operation)
        result: Node = await write(own_names(declared.parameters, data))
        return result

    async def before(self, operation: str, data: Mapping[str, Any]) -> RecordState | None:
        """The issue that an update changes."""
        return await state_before(self.http, data) if operation == "update_issue" else None

    # -- LISTEN --------------------------------------------------------------------------------------------------------

    async def verify_webhook(self, request: WebhookRequest) -> None:
        """Developer page "Webhooks", section "Securing webhooks": the signature of the raw body, and its time."""
        check_signature(self.webhook_secret(), request.body, request.headers.get("linear-signature"))
        payload = request.json()
        if not isinstance(payload, dict):
            raise WebhookRefusedError("The webhook is no JSON object.", status=400)
        check_fresh(payload.get("webhookTimestamp"), _FRESH, unit=0.001)

    def process_webhook_payload(self, request: WebhookRequest) -> list[InboundEvent]:
        """An issue that came into a completed state is updated, and done."""
        payload = request.json()
        now, before = payload.get("data") or {}, payload.get("updatedFrom") or {}
        if payload.get("type") != "Issue" or not now.get("id"):
            return []
        types = ["issue_created" if payload.get("action") == "create" else "issue_updated"]
        if "completedAt" in before and before["completedAt"] is None and now.get("completedAt"):
            types.append("issue_done")
        delivery = request.headers.get("linear-delivery", "")
        return [InboundEvent(kind, payload, f"{delivery}:{kind}" if delivery else "") for kind in types]

    async def handle_event(self, event_type: str, payload: Node) -> None:  # noqa: ARG002 - all mean: look again
        """Fetch the issue again and store it, or mark it deleted: webhooks may arrive late and out of order."""
        source_id = str(payload["data"]["id"])
        found = await every(self.http, "issues", "IssueFilter", ISSUE, {"id": {"eq": source_id}}, archived=True)
        labels = await self._label_names(found)
        for item in records(found, partial(issue, labels=labels)) if found else [Deleted([source_id])]:
            if isinstance(item, Deleted):
                await delete_records(self.organization_id, "tracker_issues", item.source_ids, self.source_system)
            else:
                await persist_records(self.organization_id, "tracker_issues", [item], self.source_system)


def _fetched(reply: Reply, name: str, make: Callable[[Node], Node], *looked_up: bytes) -> Fetched:
    connection = reply.data[name]
    made = partial(records, connection["nodes"], make)
    return Fetched(made, next_cursor(connection), [reply.content, *looked_up])
