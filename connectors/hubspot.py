"""HubSpot: companies, contacts, deals with their pipelines, goals and activities; search, writing, webhooks.

The page for its users is `docs/connectors/hubspot.md`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import orjson

from connectors._hubspot.answers import load
from connectors._hubspot.declared import ACTIONS, EVENTS, WRITES
from connectors._hubspot.reading import SEARCH_LIMIT, Reader
from connectors._hubspot.records import (
    ACTIVITIES,
    COMPANIES,
    CONTACTS,
    DEALS,
    GOALS,
    OBJECT_TYPES,
    Fields,
    Item,
    ObjectType,
    merged_away,
    pipeline,
    records,
    stages,
)
from connectors._hubspot.signing_in import OAUTH
from connectors.base import BaseConnector
from connectors.changes import RecordState
from connectors.http import RateBudget
from connectors.persistence import delete_records, persist_records
from connectors.registry import AuthField, AuthType, Capability, ConnectorMeta, ConnectorScope
from connectors.stream import Checkpoint, Deleted, Page, StreamItem
from connectors.webhooks import InboundEvent, WebhookRequest

if TYPE_CHECKING:
    from connectors._hubspot.query import Request

# A sync is what is run most, and starts anew each time: what it does not need is imported where it is used.


class HubSpotConnector(BaseConnector):
    """Speaks HubSpot's CRM API."""

    source_system = "hubspot"
    base_url = "https://api.hubapi.com"
    rate_budgets = (RateBudget(190, per=10), RateBudget(5, per=1, name="search"))
    """HubSpot's "API usage guidelines": a private app of a Professional account, and the search of every account. Its
    answers, searches excepted, state what holds for this one."""
    concurrent_entities: ClassVar[int] = 3
    dry_runs: ClassVar[bool] = True

    meta = ConnectorMeta(
        name="HubSpot",
        slug="hubspot",
        auth_type=AuthType.OAUTH2,
        scope=ConnectorScope.ORGANIZATION,
        capabilities=[Capability.SYNC, Capability.QUERY, Capability.WRITE, Capability.ACTION, Capability.LISTEN],
        entity_types=["accounts", "contacts", "deals", "pipelines", "pipeline_stages", "goals", "activities"],
        write_operations=WRITES,
        actions=ACTIONS,
        event_types=EVENTS,
        auth_fields=[
            AuthField(
                "client_secret",
                "Client secret",
                type="password",
                required=False,
                help_text="The app's secret, from its Auth tab; HubSpot signs webhooks with it. Needed only for them.",
            )
        ],
        webhook_secret_extra_data_key="client_secret",  # noqa: S106 - the name of a field
        oauth_scopes=[
            "content",
            "crm.objects.companies.read",
            "crm.objects.companies.write",
            "crm.objects.contacts.read",
            "crm.objects.contacts.write",
            "crm.objects.deals.read",
            "crm.objects.deals.write",
            "crm.objects.goals.read",
            "crm.objects.owners.read",
            "crm.schemas.companies.read",
            "crm.schemas.contacts.read",
            "crm.schemas.deals.read",
            "sales-email-read",
        ],
        query_description="Live object search. `deals where amount > 10000 and dealstage = closedwon order by amount "
        "desc limit 50` (operators = != < <= > >= in, contains, between, is null; and, or), `contacts: acme` for words "
        "anywhere, or HubSpot's own search JSON with an objectType. get_schema has the property names.",
        nango_integration_id="hubspot",
        oauth=OAUTH,
        description="Companies, contacts, deals, goals and activities of HubSpot CRM, read and written.",
        icon="hubspot",
        usage_guide="Connect with an access token: in HubSpot, Settings > Integrations > Private Apps, create an app "
        "with the scopes of this connector and copy its token; the write scopes only where you want to write. Calls, "
        "meetings, notes and tasks come with crm.objects.contacts.read; e-mails need sales-email-read, marketing "
        "e-mails content.",
    )

    @cached_property
    def reader(self) -> Reader:
        """What this connection reads with; look-ups are kept as long as the connector."""
        return Reader(self.http, self.once)

    async def test_connection(self) -> str:
        """Ask whose token it is; returns such as `portal 4242424 (acme.com), scopes crm.objects.deals.read, …`."""
        account = await self.reader.portal()
        token, _ = await self.get_oauth_token()
        # A private app's token is none of OAuth's: it is good, but this endpoint does not know it.
        response = await self.http.get(f"/oauth/v1/access-tokens/{quote(token, safe='')}", expect=range(400, 500))
        known = load(response) if response.status_code == 200 else {}
        portal = f"portal {account.get('portalId')} ({known.get('hub_domain') or account.get('uiDomain')})"
        scopes = known.get("scopes")
        return f"{portal}, scopes {', '.join(scopes)}" if scopes else portal

    # -- SYNC ------------------------------------------------------------------------------------------------------

    def sync_accounts(self) -> Any:
        """HubSpot's companies."""
        return self._objects(COMPANIES)

    def sync_contacts(self) -> Any:
        """Contacts, each with its primary company."""
        return self._objects(CONTACTS)

    def sync_deals(self) -> Any:
        """Deals, each with its primary company."""
        return self._objects(DEALS)

    def sync_goals(self) -> Any:
        """HubSpot's goal targets: one for each person and time span of a goal."""
        return self._objects(GOALS)

    def sync_activities(self) -> Any:
        """Calls, meetings, notes, tasks and e-mails, one type after the other."""
        return self._objects(*ACTIVITIES)

    async def sync_pipelines(self) -> list[Fields]:
        """Deal pipelines."""
        return [pipeline(document) for document in await self.reader.pipelines()]

    async def sync_pipeline_stages(self) -> list[Fields]:
        """The stages of all deal pipelines."""
        return [stage for document in await self.reader.pipelines() for stage in stages(document)]

    async def fetch_deal(self, deal_id: str) -> dict[str, Any]:
        """One deal with all its properties, as HubSpot has it. Raises NotFoundError."""
        return await self.reader.one(DEALS, deal_id)

    async def _objects(self, *kinds: ObjectType) -> AsyncGenerator[StreamItem, None]:
        """The objects of these types, listed or, from the second run on, searched for what changed.

        A checkpoint is `{"type": …, "after": …}` in a listing and `{"type": …, "last_id": …}` in a search.
        """
        since, cursor = self.sync_since, self.resume_cursor or {}
        names = [kind.name for kind in kinds]
        at = names.index(cursor["type"]) if cursor.get("type") in names else 0
        for kind, following in zip(kinds[at:], (*names[at + 1 :], None), strict=True):
            items = self._all(kind, cursor) if since is None else self._changed(kind, since, cursor)
            async with aclosing(items):
                async for item in items:
                    yield item
            cursor = {"type": following}
            if following:
                yield Checkpoint(cursor)

    async def _all(self, kind: ObjectType, cursor: Mapping[str, str]) -> AsyncGenerator[StreamItem, None]:
        names, lookups = await asyncio.gather(self.reader.names(kind), self.reader.lookups())
        looked_up = orjson.dumps([lookups.owners, lookups.stages], option=orjson.OPT_SORT_KEYS)
        async with aclosing(self.reader.listing(kind, names, cursor.get("after"))) as groups:
            async for group in groups:
                yield Page(
                    key=f"{kind.name}:{group.start}",
                    content=[*group.content, looked_up],
                    records=partial(records, kind, group.items, group.links, names.all, lookups),
                    cursor={"type": kind.name, "after": group.after} if group.after else None,
                )

    async def _changed(
        self, kind: ObjectType, since: dt.datetime, cursor: Mapping[str, str]
    ) -> AsyncGenerator[StreamItem, None]:
        last_id = cursor.get("last_id", "")
        if await self.reader.count_changes(kind, since, last_id):
            names, lookups = await asyncio.gather(self.reader.names(kind), self.reader.lookups())
            async with aclosing(self.reader.changes(kind, names, since, last_id)) as groups:
                async for group in groups:
                    yield records(kind, group.items, group.links, names.all, lookups)
                    yield Deleted([kind.prefix + source_id for source_id in merged_away(group.items)])
                    if group.items:
                        yield Checkpoint({"type": kind.name, "last_id": group.last_id})
        async with aclosing(self.reader.archived(kind)) as pages:
            async for ids in pages:
                yield Deleted([kind.prefix + source_id for source_id in ids])

    # -- QUERY -----------------------------------------------------------------------------------------------------

    async def get_schema(self) -> list[dict[str, Any]]:
        """The object types that can be searched, and their properties.

        Each is `{"name", "type", "columns": [{"name", "type", "label", "description"}]}`.
        """
        found = await asyncio.gather(*(self.reader.properties(name) for name in OBJECT_TYPES))
        return [
            {"name": name, "type": "object type", "columns": [_column(definition) for definition in definitions]}
            for name, definitions in zip(OBJECT_TYPES, found, strict=True)
        ]

    async def query(self, request: str) -> dict[str, Any]:
        """The objects that a search finds: `{"columns", "rows", "truncated"}`; values are HubSpot's own texts.

        See `connectors._hubspot.query` for what a request looks like. Raises InvalidInputError.
        """
        from connectors._hubspot.query import parse, resolve

        asked = parse(request)
        if asked.checked:
            resolve(asked, await self.reader.properties(asked.object_type))
        kind = OBJECT_TYPES.get(asked.object_type)
        if "properties" not in asked.body and kind is not None:
            asked.body["properties"] = list(dict.fromkeys((*kind.properties, *asked.properties)))
        items, total = await self._search(asked)
        columns = _columns(items, asked.body.get("properties") or ())
        rows = [[item["id"], *map((item.get("properties") or {}).get, columns)] for item in items]
        return {"columns": ["id", *columns], "rows": rows, "truncated": total > len(rows)}

    async def _search(self, asked: Request) -> tuple[list[Item], int]:
        items: list[Item] = []
        body = dict(asked.body)
        while True:
            body["limit"] = min(SEARCH_LIMIT, asked.limit - len(items))
            reply = await self.reader.search(asked.object_type, body)
            items += reply.items
            if reply.after is None or len(items) >= asked.limit:
                return items, reply.total
            body["after"] = reply.after

    # -- WRITE and ACTION ------------------------------------------------------------------------------------------

    async def write(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        """Create or update a deal, a contact, a company or a note; see `connectors._hubspot.writing`."""
        from connectors._hubspot.writing import Writer

        return await Writer(self.http, self.reader).write(operation, data)

    async def before(self, operation: str, data: Mapping[str, Any]) -> RecordState | None:
        """The object that an update changes; what is created was nothing before."""
        if operation.startswith("create_"):
            return None
        from connectors._hubspot.before import state_before

        return await state_before(self.http, self.reader, operation, data)

    async def execute_action(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """Look something up that is not synced; see `connectors._hubspot.actions`."""
        from connectors._hubspot.actions import Actions

        found: dict[str, Any] = await getattr(Actions(self.http, self.reader), action)(params)
        return found

    # -- LISTEN ----------------------------------------------------------------------------------------------------

    async def verify_webhook(self, request: WebhookRequest) -> None:
        """HubSpot signs with the app's client secret. Raises WebhookRefusedError."""
        from connectors._hubspot.events import verify

        verify(request, self.webhook_secret())

    def process_webhook_payload(self, request: WebhookRequest) -> list[InboundEvent]:
        """An event for each object type that the request is about: `{"events": [HubSpot's own, …]}`."""
        from connectors._hubspot.events import inbound

        return inbound(request.json())

    async def handle_event(self, event_type: str, payload: dict[str, Any]) -> None:
        """Read the objects again and store them as a sync does; those that are gone are marked deleted.

        An event says what one property became at one moment, and events may come late and in any order.
        """
        from connectors._hubspot.events import CHANGED, touched

        kind, entity = CHANGED[event_type]
        names, lookups = await asyncio.gather(self.reader.names(kind), self.reader.lookups())
        gone = dict.fromkeys(touched(payload["events"]))
        async for group in self.reader.some(kind, list(gone)):
            found = list(records(kind, group.items, group.links, names.all, lookups))
            await persist_records(self.organization_id, entity, found, self.source_system)
            gone |= dict.fromkeys(merged_away(group.items))
            for item in group.items:
                gone.pop(item["id"], None)
        await delete_records(self.organization_id, entity, list(gone), self.source_system)


def _column(definition: Item) -> dict[str, Any]:
    return {name: definition.get(name) for name in ("name", "type", "label", "description")}


def _columns(items: list[Item], asked: Sequence[str]) -> list[str]:
    """The properties of an answer: those asked for, in their order, then what HubSpot adds by itself."""
    present = {name for item in items for name in item.get("properties") or ()} or set(asked)
    return [name for name in asked if name in present] + sorted(present.difference(asked, {"hs_object_id"}))
