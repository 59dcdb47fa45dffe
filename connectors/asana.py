"""Asana: teams, projects and tasks, by events after the first run; task search; tasks and comments written.

The page for its users is `docs/connectors/asana.md`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from functools import cached_property
from typing import Any, ClassVar

from connectors._asana import records
from connectors._asana.api import Api
from connectors._asana.before import state_before
from connectors._asana.declared import EVENT_TYPES, SCOPES, WRITE_OPERATIONS
from connectors._asana.events import Feed, inbound
from connectors._asana.query import COLUMNS, Query
from connectors._asana.reading import Reader
from connectors._asana.signing_in import OAUTH
from connectors._asana.writing import Writer
from connectors.base import BaseConnector
from connectors.changes import RecordState
from connectors.http import RateBudget
from connectors.parameters import own_names
from connectors.persistence import delete_records, persist_records
from connectors.registry import AuthField, AuthType, Capability, ConnectorMeta, ConnectorScope
from connectors.stream import Bookmark, Deleted, StreamItem
from connectors.webhooks import InboundEvent, WebhookRefusedError, WebhookReply, WebhookRequest, check_signature

_MOST_WEBHOOKS = 100


class AsanaConnector(BaseConnector):
    """Speaks Asana's API 1.0."""

    source_system = "asana"
    base_url = "https://app.asana.com"
    rate_budgets = (RateBudget(1500, per=60), RateBudget(60, per=60, name="search"))
    """Asana's "Rate limits": a token of a paid domain may ask 1,500 times a minute, and search 60 times. That of a free
    one may ask 150 times; Asana states no limits in its answers, and says this one with 429 and Retry-After."""
    concurrent_entities: ClassVar[int] = 3
    dry_runs: ClassVar[bool] = True
    poll_seconds: ClassVar[float] = 15.0
    """The pause of `listen` between two rounds of all projects; with more than 20 of them it is longer."""

    meta = ConnectorMeta(
        name="Asana",
        slug="asana",
        auth_type=AuthType.OAUTH2,
        scope=ConnectorScope.ORGANIZATION,
        capabilities=[Capability.SYNC, Capability.QUERY, Capability.WRITE, Capability.LISTEN],
        entity_types=["tracker_teams", "tracker_projects", "tracker_issues"],
        auth_fields=[
            AuthField(
                "access_token",
                "Access token",
                "password",
                help_text="A personal access token: app.asana.com/0/my-apps. That of an OAuth app works too.",
            ),
            AuthField(
                "webhook_secret",
                "Webhook secret",
                "password",
                required=False,
                help_text="Leave it empty: Asana tells it when a webhook is made, and it is kept then.",
            ),
        ],
        webhook_secret_extra_data_key="webhook_secret",  # noqa: S106 - the name of a field
        oauth_scopes=SCOPES,
        query_description="Words search titles and descriptions: `maple renewal` (titles alone without a paid plan). "
        "`title: kick-off`, `project: Rollouts 1` and `assignee: me` work on every plan. JSON is a search by Asana's "
        'own parameters: `{"text": "maple", "completed": false, "due_on.before": "2026-01-31", "workspace": "Acme", '
        '"limit": 500}`.',
        write_operations=WRITE_OPERATIONS,
        event_types=EVENT_TYPES,
        nango_integration_id="asana",
        oauth=OAUTH,
        description="Teams, projects and tasks from Asana.",
        icon="asana",
        usage_guide="Connect with a personal access token: it sees what you see, in all your workspaces. For webhooks "
        "make one with Asana's API, as the page on Asana shows: its secret is agreed on while it is made. Without a "
        "public address the projects' own events are followed.",
    )

    @property
    def api(self) -> Api:
        """What this connection asks with."""
        return self.reader.api

    @cached_property
    def reader(self) -> Reader:
        """What this connection reads tasks with; look-ups are kept as long as the connector."""
        return Reader(Api(self.http, self.once), self.once)

    async def test_connection(self) -> str:
        """Ask whose token it is; returns such as `Ada Lovelace (ada@acme.com), workspaces Acme, Acme Labs`."""
        await self.get_credentials()
        me = await self.api.me()
        places = ", ".join(sorted(each["name"] for each in me.get("workspaces") or ()))
        return f"{me['name']} ({me['email']}), workspaces {places}"

    # -- SYNC ------------------------------------------------------------------------------------------------------

    async def sync_tracker_teams(self) -> AsyncGenerator[StreamItem, None]:
        """The teams of all organizations."""
        found = [records.safely(records.team, item) for item in await self.api.teams()]
        for item in self._whole(found):
            yield item

    async def sync_tracker_projects(self) -> AsyncGenerator[StreamItem, None]:
        """The projects of all workspaces."""
        people = await self.api.people()
        found = [records.safely(records.project, item, people) for item in (await self.api.projects()).values()]
        for item in self._whole(found):
            yield item

    def _whole(self, found: list[records.Fields]) -> Iterable[StreamItem]:
        """All there is, on every run: Asana tells no changes of teams, and a project's own only while it exists.

        So the bookmark is the list of gids, and what was on the last one and is not on this one was deleted.
        """
        gids = [str(fields["source_id"]) for fields in found]
        yield found
        if self.bookmark is not None:
            yield Deleted(sorted(set(self.bookmark).difference(gids)))
        if self._keeps_bookmark:
            yield Bookmark(gids)

    async def sync_tracker_issues(self) -> AsyncGenerator[StreamItem, None]:
        """The tasks of all projects with their subtasks; from the second run on what the projects' events name.

        The bookmark is `{project: sync token}`, each token taken before its project was listed.
        """
        if self.bookmark is not None:
            async with aclosing(self._changes(self.bookmark)) as changes:
                async for item in changes:
                    yield item
            return
        async with aclosing(self.walk(tasks=self.reader.page)) as listing:
            async for item in listing:
                yield item
        if self._keeps_bookmark:
            yield Bookmark(self.reader.tokens)

    async def _changes(self, known: dict[str, str]) -> AsyncGenerator[StreamItem, None]:
        """What happened since these tokens. There is no checkpoint: Asana answers the same tokens with the same."""
        news = await self.reader.news(known)
        new = [gid for gid in await self.api.projects() if gid not in known]
        tokens = {each.project: each.sync for each in news} | await self.reader.fresh_tokens(new)
        for gid in [*new, *(each.project for each in news if each.relist)]:
            async with aclosing(self._project(gid)) as pages:
                async for page in pages:
                    yield page
        touched = {gid for each in news for gid in each.tasks}
        async with aclosing(self.reader.changed(touched)) as changed:
            async for found, gone in changed:
                yield found
                yield gone
        yield Bookmark(tokens)

    async def _project(self, gid: str) -> AsyncGenerator[StreamItem, None]:
        offset = None
        while True:
            fetched = await self.reader.project_page(gid, offset)
            for item in fetched.items():
                yield item
            if fetched.next is None:
                return
            offset = fetched.next

    @property
    def _keeps_bookmark(self) -> bool:
        """Not where a user chose the window: what happened before it is still to be asked for."""
        return self.bookmark is not None or self.sync_since is None

    # -- QUERY -----------------------------------------------------------------------------------------------------

    async def get_schema(self) -> list[dict[str, Any]]:
        """What an answer has, and the projects and people that can be named: `{"name", "type", "columns"}` each."""
        projects, people = await self.api.projects(), await self.api.people()
        return [
            {"name": "tasks", "type": "columns of an answer", "columns": [{"name": name} for name in COLUMNS]},
            {
                "name": "project",
                "type": "projects to list",
                "columns": [{"name": each["name"], "type": each["gid"]} for each in projects.values()],
            },
            {
                "name": "assignee",
                "type": "people to list tasks of",
                "columns": [{"name": each["name"], "type": each["email"]} for each in people.values()],
            },
        ]

    async def query(self, request: str) -> dict[str, Any]:
        """Tasks, as `{"columns", "rows", "truncated"}`; `connectors._asana.query` says how to ask for them.

        Raises InvalidInputError, and PermissionDeniedError where the answer takes a paid plan.
        """
        return await Query(self.api).answer(request)

    # -- WRITE -----------------------------------------------------------------------------------------------------

    async def write(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        """Carry out a write. `connectors._asana.writing` says why all can be repeated."""
        (declared,) = (each for each in self.meta.write_operations if each.name == operation)
        write: Callable[[dict[str, Any]], Any] = getattr(Writer(self.api), operation)
        result: dict[str, Any] = await write(own_names(declared.parameters, data))
        return result

    async def before(self, operation: str, data: Mapping[str, Any]) -> RecordState | None:
        """The task that an update changes."""
        return await state_before(self.api, data) if operation == "update_issue" else None

    # -- LISTEN ----------------------------------------------------------------------------------------------------

    async def webhook_handshake(self, request: WebhookRequest) -> WebhookReply | None:
        """Echo the secret of a webhook that is being made, and keep it beside those of others.

        Asana's "Webhooks" guide: each webhook has a secret of its own, told only now. Nothing says who asks, so the
        secret of one that is not Asana's may be among them; an event only makes us ask Asana for a task.
        """
        secret = request.headers.get("x-hook-secret")
        if secret is None:
            return None
        known = (self.webhook_secret() or "").split()
        if secret not in known and len(known) >= _MOST_WEBHOOKS:
            raise WebhookRefusedError(
                f"This connection has the secrets of {_MOST_WEBHOOKS} webhooks already.",
                status=403,
                hint="Connect again with an empty webhook secret, then make the webhooks again.",
            )
        kept = " ".join(dict.fromkeys([*known, secret]))
        return WebhookReply(headers={"X-Hook-Secret": secret}, keep={"webhook_secret": kept})

    async def verify_webhook(self, request: WebhookRequest) -> None:
        """Asana's "Webhooks" guide: X-Hook-Signature is made of the raw body, with the secret of the webhook."""
        given = request.headers.get("x-hook-signature")
        *others, last = (self.webhook_secret() or "").split() or [""]
        for secret in others:
            try:
                return check_signature(secret, request.body, given)
            except WebhookRefusedError:
                continue
        return check_signature(last, request.body, given)

    def process_webhook_payload(self, request: WebhookRequest) -> list[InboundEvent]:
        """The events about tasks; a delivery without events only asks whether we are still there."""
        return inbound(request.json().get("events") or [])

    async def listen(self) -> AsyncGenerator[InboundEvent, None]:
        """The same events from the projects' own feeds, from now on. Raises a ConnectorError.

        Sync tokens are kept while it listens, and through failures of Asana; the next listener begins anew, and what
        happened in between is the next sync's.
        """
        async with aclosing(Feed(self.api).pages(self.poll_seconds)) as pages:
            async for page in pages:
                for event in inbound(page):
                    yield event

    async def handle_event(self, event_type: str, payload: dict[str, Any]) -> None:  # noqa: ARG002 - all: look again
        """Fetch the task again, with its subtasks, and store it, or mark it deleted: an event tells only its gid."""
        async with aclosing(self.reader.changed([payload["resource"]["gid"]])) as changed:
            async for found, gone in changed:
                await persist_records(self.organization_id, "tracker_issues", found, self.source_system)
                await delete_records(self.organization_id, "tracker_issues", gone.source_ids, self.source_system)
