"""Pipedrive: deals, persons, organizations, activities, pipelines and stages; search; writes; webhooks.

The page for its users is `docs/connectors/pipedrive.md`. The API is v2 of Pipedrive's OpenAPI document.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, ClassVar

from connectors._pipedrive.before import state_before
from connectors._pipedrive.operations import OPERATIONS
from connectors._pipedrive.query import parse
from connectors._pipedrive.reading import Reader, stamp
from connectors._pipedrive.records import (
    ACTIVITIES,
    DEALS,
    KINDS,
    ORGANIZATIONS,
    PERSONS,
    PIPELINES,
    STAGES,
    Kind,
    record,
)
from connectors._pipedrive.signing_in import OAUTH
from connectors._pipedrive.writing import Writer
from connectors.base import BaseConnector
from connectors.changes import RecordState
from connectors.errors import BookmarkLostError, NotFoundError
from connectors.http import RateBudget
from connectors.paging import Fetch
from connectors.parameters import own_names
from connectors.persistence import delete_records, persist_records
from connectors.registry import (
    AuthField,
    AuthType,
    Capability,
    ConnectorMeta,
    ConnectorScope,
    EventType,
)
from connectors.stream import Bookmark, StreamItem
from connectors.webhooks import InboundEvent, WebhookRefusedError, WebhookRequest

_DONE = {"create": "created", "change": "updated", "delete": "deleted"}
"""The actions of webhooks v2, in the words of our events."""


class PipedriveConnector(BaseConnector):
    """Speaks Pipedrive's API."""

    source_system = "pipedrive"
    base_url = "https://api.pipedrive.com"
    instance_hosts = ("pipedrive.com",)
    """`api_domain`, which stands in the answer to a sign-in (page "OAuth authorization"): https://acme.pipedrive.com."""
    rate_budgets = (RateBudget(20, per=2), RateBudget(10, per=2, name="search"))
    """Pipedrive's page "Rate limiting": the burst limits of an API token on the smallest plan, and of every search. Its
    answers state what is left of this one's. The daily budget, which is in tokens, they need not state."""
    concurrent_entities: ClassVar[int] = 3
    dry_runs: ClassVar[bool] = True

    meta = ConnectorMeta(
        name="Pipedrive",
        slug="pipedrive",
        auth_type=AuthType.OAUTH2,
        scope=ConnectorScope.ORGANIZATION,
        capabilities=[Capability.SYNC, Capability.QUERY, Capability.WRITE, Capability.LISTEN],
        entity_types=["pipelines", "pipeline_stages", "accounts", "contacts", "deals", "activities"],
        oauth_scopes=["base", "deals:full", "contacts:full", "activities:full", "users:read", "search:read"],
        nango_integration_id="pipedrive",
        oauth=OAUTH,
        auth_fields=[
            AuthField(
                "api_token",
                "API token",
                "password",
                required=False,
                help_text="In Pipedrive: your name > Personal preferences > API. Enough where it is your own account.",
            ),
            AuthField(
                "access_token", "OAuth access token", "password", required=False, help_text="In place of an API token."
            ),
            AuthField(
                "webhook_password",
                "Webhook password",
                "password",
                required=False,
                help_text="The HTTP auth password of your webhooks in Pipedrive; needed to receive them.",
            ),
        ],
        webhook_secret_extra_data_key="webhook_password",  # noqa: S106 - the name of a field, not a secret
        write_operations=OPERATIONS,
        event_types=[
            EventType(f"{kind}_{done}", f"{kind.capitalize()} {done} in Pipedrive")
            for kind in KINDS
            for done in _DONE.values()
        ],
        query_description="Item search. `maple` finds words in all types; `deals: maple limit 20`, `persons: …`, "
        "`organizations: …`, `products: …`, `leads: …` in one; in quotes only exact matches "
        '(`persons: "ada@maple.example"`). As JSON with filters: {"type": "deals", "term": "maple", "status": "won"}.',
        description="Deals, persons, organizations and activities from Pipedrive.",
        icon="pipedrive",
        usage_guide="Connect with your API token (Personal preferences > API), or an OAuth app's access token. "
        "For webhooks create them in Pipedrive (version 2, with an HTTP auth password) and give that password here.",
    )

    _reader: Reader | None = None

    @property
    def reader(self) -> Reader:
        """What this connection reads with; look-ups are kept as long as the connector."""
        if self._reader is None:
            self._reader = Reader(self.http, self.once)
        return self._reader

    async def auth_headers(self) -> dict[str, str]:
        """The API token where there is one, in a header and never in the URL; else the OAuth token."""
        if token := (await self.get_credentials()).get("api_token"):
            return {"x-api-token": str(token)}
        return await super().auth_headers()

    async def test_connection(self) -> str:
        """Ask whose token it is; returns such as `ada@acme.com, Acme (acme.pipedrive.com)`."""
        me = await self.reader.me()
        return f"{me.get('email')}, {me.get('company_name')} ({me.get('company_domain')}.pipedrive.com)"

    # -- SYNC ------------------------------------------------------------------------------------------------------

    def sync_pipelines(self) -> Any:
        """Pipelines."""
        return self._objects(PIPELINES)

    def sync_pipeline_stages(self) -> Any:
        """The stages of all pipelines."""
        return self._objects(STAGES)

    def sync_accounts(self) -> Any:
        """Pipedrive's organizations."""
        return self._objects(ORGANIZATIONS)

    def sync_contacts(self) -> Any:
        """Pipedrive's persons."""
        return self._objects(PERSONS)

    def sync_deals(self) -> Any:
        """Deals, archived ones too."""
        return self._objects(DEALS)

    def sync_activities(self) -> Any:
        """Activities, done or planned."""
        return self._objects(ACTIVITIES)

    async def fetch_deal(self, deal_id: str) -> dict[str, Any]:
        """One deal as Pipedrive has it. Raises NotFoundError."""
        return await self.reader.one(DEALS, deal_id)

    async def _objects(self, kind: Kind) -> AsyncGenerator[StreamItem, None]:
        since, began = self.sync_since, dt.datetime.now(dt.UTC)
        if since is not None and self._must_list(kind):
            raise BookmarkLostError(f"Pipedrive does not tell which {kind.entity} were deleted.")
        listings = self._everything(kind) if since is None else self._changes(kind, stamp(since))
        async with aclosing(self.walk(**listings)) as items:
            async for item in items:
                yield item
        if since is None:
            yield Bookmark({"listed": stamp(began)})

    def _must_list(self, kind: Kind) -> bool:
        """Whether it is time to list everything in place of the changes; see `Kind.relist`."""
        if kind.relist is None:
            return True
        listed = (self.bookmark or {}).get("listed")
        return listed is not None and dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(listed) >= kind.relist

    def _everything(self, kind: Kind) -> dict[str, Fetch]:
        return {path: partial(self.reader.page, kind, path) for path in kind.paths}

    def _changes(self, kind: Kind, since: str) -> dict[str, Fetch]:
        changed = {f"{path} changed": partial(self.reader.page, kind, path, updated_since=since) for path in kind.paths}
        deleted = {
            f"{path} deleted": partial(self.reader.page_of_deleted, path, updated_since=since)
            for path in (kind.paths if kind.tells_deleted else ())
        }
        return {**changed, **deleted}

    # -- QUERY -----------------------------------------------------------------------------------------------------

    async def get_schema(self) -> list[dict[str, Any]]:
        """The types that are searched, with their fields.

        Each is `{"name", "type", "columns": [{"name", "type", "label", "description"}]}`; `name` is Pipedrive's key.
        """
        return [
            {
                "name": f"{kind.name}s",
                "type": "item type",
                "columns": [_column(definition) for definition in await self.reader.fields(kind)],
            }
            for kind in (DEALS, PERSONS, ORGANIZATIONS)
        ]

    async def query(self, request: str) -> dict[str, Any]:
        """What a search finds: `{"columns", "rows", "truncated"}`. See `connectors._pipedrive.query` for requests."""
        return await parse(request).run(self.reader)

    # -- WRITE -----------------------------------------------------------------------------------------------------

    async def write(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        """Create or update a deal, a person or an activity.

        Returns `{"id", "title" | "name" | "subject", "url"?, "created"?}`. Raises InvalidInputError, before anything is
        written, for a name that does not stand for exactly one thing.
        """
        verb, _, name = operation.partition("_")
        writer, kind = Writer(self.http, self.reader), KINDS[name]
        given = own_names(next(known.parameters for known in OPERATIONS if known.name == operation), data)
        return await (writer.create(kind, given) if verb == "create" else writer.update(kind, given))

    async def before(self, operation: str, data: Mapping[str, Any]) -> RecordState | None:
        """The object that an update changes."""
        verb, _, name = operation.partition("_")
        return await state_before(self.reader, KINDS[name], data) if verb == "update" else None

    # -- LISTEN ----------------------------------------------------------------------------------------------------

    async def verify_webhook(self, request: WebhookRequest) -> None:
        """Compare the password of HTTP basic auth, which is all that Pipedrive offers ("Guide for Webhooks v2").

        There is no signature and no time to trust, so `handle_event` believes nothing that a webhook says: it asks.
        """
        password = self.webhook_secret()
        if not password:
            raise WebhookRefusedError(
                "The connection has no webhook password, so nobody can tell who sent this.",
                status=403,
                hint="Connect again and give the webhook password.",
            )
        given = _basic_password(request.headers.get("authorization", ""))
        if not hmac.compare_digest(password.encode(), given):
            raise WebhookRefusedError("The webhook does not come with this connection's password.")

    def process_webhook_payload(self, request: WebhookRequest) -> list[InboundEvent]:
        """The change that a webhook tells of. Objects that are not synced, such as notes, are left out."""
        document = request.json()
        meta = (document.get("meta") if isinstance(document, dict) else None) or {}
        if str(meta.get("version", "")).partition(".")[0] != "2":
            raise WebhookRefusedError(
                "This is no webhook of version 2.", status=400, hint="Create it again in Pipedrive, with version 2.0."
            )
        kind, done = meta.get("entity"), _DONE.get(str(meta.get("action")))
        if kind not in KINDS or done is None:
            return []
        payload = {"entity": kind, "id": str(meta.get("entity_id"))}
        return [InboundEvent(f"{kind}_{done}", payload, str(meta.get("id") or ""))]

    async def handle_event(self, event_type: str, payload: dict[str, Any]) -> None:  # noqa: ARG002 - Pipedrive decides
        """Fetch the object and store what it is now; it may have been changed or deleted again meanwhile."""
        kind, object_id = KINDS[payload["entity"]], payload["id"]
        try:
            item: Mapping[str, Any] = await self.reader.one(kind, object_id)
        except NotFoundError:
            item = {"is_deleted": True}
        if item.get("is_deleted"):
            await delete_records(self.organization_id, kind.entity, [object_id], self.source_system)
        else:
            fields = record(kind, item, await self.reader.lookups(kind))
            await persist_records(self.organization_id, kind.entity, [fields], self.source_system)


def _column(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": definition.get("field_code"),
        "type": definition.get("field_type"),
        "label": definition.get("field_name"),
        "description": definition.get("description"),
    }


def _basic_password(header: str) -> bytes:
    """The password in an Authorization header; empty where there is none."""
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded) if scheme.lower() == "basic" else b""
    except ValueError:
        return b""
    return decoded.partition(b":")[2]
