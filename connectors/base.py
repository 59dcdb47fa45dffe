"""`BaseConnector`: what every connector inherits. The guide is `building-a-connector.md`."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.changes import RecordState
from connectors.context import ConnectorContext, Sink, current_entity, local_context
from connectors.errors import (
    AuthenticationError,
    ConnectorError,
    RateLimitedError,
    SyncCancelledError,
    VendorUnavailableError,
)
from connectors.http import HttpClient, RateBudget
from connectors.http.client import is_refusal
from connectors.http.urls import is_at, origin
from connectors.models import entity_name
from connectors.oauth import OPEN_FIELDS, has_expired, is_due, token_of
from connectors.once import Once
from connectors.paging import Fetch, walk
from connectors.redaction import secret_values
from connectors.registry import AuthType, ConnectorMeta, credential_fields
from connectors.webhooks import InboundEvent, WebhookRefusedError, WebhookReply, WebhookRequest

if TYPE_CHECKING:
    import httpx2
    from sqlmodel import SQLModel

    from connectors.models import Record
    from connectors.stream import StreamItem

_SYNC_ORDER = (
    "pipelines", "pipeline_stages", "accounts", "contacts", "deals", "activities", "goals",
    "tracker_teams", "tracker_projects", "tracker_issues", "shared_files",
)  # fmt: skip
"""Parents first: a reader who looks while a sync runs sees accounts before their deals."""

_SECONDS_BETWEEN_RENEWALS = 60.0
"""A token that was just renewed and is refused again is not renewed once more, nor is a failed renewal repeated, within
this time: either would be a loop."""


class BaseConnector:
    """A system's API as the product sees it. Implement the methods of the capabilities that `meta` declares.

    Args:
        organization_id: whose connection this is (opaque text).
        user_id: the user, where `meta.scope` is USER.
        context: given by the engine; without it the organization's own connection is looked up when needed.
    """

    meta: ClassVar[ConnectorMeta]
    source_system: ClassVar[str] = ""
    base_url: ClassVar[str] = ""
    """The API's origin; a connection's own base URL (self-hosted, simulator) takes its place."""
    instance_hosts: ClassVar[Sequence[str]] = ()
    """Where the vendor gives each account an address of its own: the hosts that it is, or is below. An `instance_url`
    of the credentials that is there takes the place of `base_url`; to any other the token is not sent."""
    rate_budgets: ClassVar[Sequence[RateBudget]] = ()
    """What the vendor allows at `base_url`. Another origin has limits of its own: only what its answers state holds."""
    concurrent_entities: ClassVar[int] = 1
    """How many entities the vendor lets one sync fetch at the same time."""
    dry_runs: ClassVar[bool] = False
    """Whether all that its operations do is asked for with `self.http`, so that a dry run can hold it back."""
    webhook_reply: ClassVar[WebhookReply] = WebhookReply()
    """What a webhook is answered with once its events were handled."""
    entities: ClassVar[Mapping[str, tuple[type[Record], type[SQLModel]]]] = {}
    """Tier 3: entities of the connector's own, each with its record and its table."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        meta = cls.__dict__.get("meta")
        if isinstance(meta, ConnectorMeta) and not cls.source_system:
            cls.source_system = meta.slug

    def __init__(
        self, organization_id: str, user_id: str | None = None, *, context: ConnectorContext | None = None
    ) -> None:
        self.organization_id = organization_id
        self.user_id = user_id
        self.context = context or local_context(organization_id, self.source_system, user_id)
        self.once = Once()
        """Look-ups that this connector makes once: `await self.once("users", self._fetch_users)`."""
        self._http: HttpClient | None = None
        self._credentials: dict[str, Any] | None = None
        self._secrets: set[str] = set()
        self._reading = asyncio.Lock()
        self._renewing = asyncio.Lock()
        self._renew_not_before = 0.0

    # -- credentials -------------------------------------------------------------------------------------------

    @property
    def credentials(self) -> dict[str, Any]:
        """The connection's credentials: the fields of its auth type and of `meta.auth_fields`."""
        if self._credentials is None:
            return self._hold(self.context.credentials())
        return self._credentials

    async def get_credentials(self) -> dict[str, Any]:
        """The credentials, read off the event loop: a keyring may ask its user first.

        Once for all who wait for them: the first requests go out together.
        """
        if self._credentials is None:
            async with self._reading:
                if self._credentials is None:
                    return self._hold(await asyncio.to_thread(self.context.credentials))
        return self._credentials

    async def get_oauth_token(self) -> tuple[str, str]:
        """`(token, instance_url)` of this connection, whatever its auth type; `instance_url` may be empty.

        Raises AuthenticationError where the credentials hold no token.
        """
        credentials = await self.get_credentials()
        if self.context.renew is not None and is_due(credentials, time.time()):
            async with self._renewing:
                credentials = await self._renewed_in_time(self.context.renew)
        if token := token_of(credentials):
            return token, str(credentials.get("instance_url") or "")
        raise AuthenticationError(f"The connection to {self.meta.name or self.source_system} holds no token.")

    async def granted_scopes(self) -> list[str]:
        """The scopes that the credentials were given, where that is known. Override where the vendor can be asked."""
        return [str(scope) for scope in (await self.get_credentials()).get("granted_scopes") or ()]

    async def _renewed_in_time(self, renew: Callable[[str], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """The credentials with a new token; as they are while the vendor gives none and the old one still holds."""
        credentials, now = await self.get_credentials(), time.time()
        if not is_due(credentials, now):
            return credentials  # another request had it renewed meanwhile
        expired = has_expired(credentials, now)
        if not expired and time.monotonic() < self._renew_not_before:
            return credentials
        try:
            return self._hold(await renew(token_of(credentials)))
        except (VendorUnavailableError, RateLimitedError):
            if expired:
                raise
            self._renew_not_before = time.monotonic() + _SECONDS_BETWEEN_RENEWALS
            return credentials

    async def _renew_refused(self, request: httpx2.Request) -> bool:
        """Whether there is another token now than the one that the vendor refused in this request."""
        if self.context.renew is None:
            return False
        async with self._renewing:
            return await self._renewed_after_refusal(self.context.renew, request)

    async def _renewed_after_refusal(
        self, renew: Callable[[str], Awaitable[dict[str, Any]]], request: httpx2.Request
    ) -> bool:
        refused = token_of(self._credentials or {})
        if not refused:
            return False
        if not any(refused in value for value in request.headers.values()):
            return True  # it was renewed for another request while this one was under way
        if time.monotonic() < self._renew_not_before:
            return False
        self._renew_not_before = time.monotonic() + _SECONDS_BETWEEN_RENEWALS
        return token_of(self._hold(await renew(refused))) != refused

    def refuses_token(self, answer: httpx2.Response) -> bool:
        """Whether the vendor refuses the token in this answer: then it is renewed, and the request sent once more.

        Override where the vendor says so with another status than 401.
        """
        return is_refusal(answer)

    async def auth_headers(self) -> dict[str, str]:
        """The headers that authenticate a request. Override where the vendor wants something else than Bearer."""
        if self.meta.auth_type is AuthType.CUSTOM:
            return {}
        token, _ = await self.get_oauth_token()
        return {"Authorization": f"Bearer {token}"}

    # -- talking to the vendor ---------------------------------------------------------------------------------

    @property
    def http(self) -> HttpClient:
        """The connection's HTTP client: pooled, authenticated, paced, retried where safe, redacted."""
        if self._http is None:
            base_url = self.context.base_url or self.base_url
            self._http = HttpClient(
                base_url,
                locate=self._account_url if self.instance_hosts and not self.context.base_url else None,
                auth_headers=self.auth_headers,
                renew=self._renew_refused,
                refused=self.refuses_token,
                budgets=self.rate_budgets,
                keep_budgets=not self.base_url or origin(base_url) == origin(self.base_url),
                on_exchange=self.context.on_exchange,
                hold=self.context.hold,
                on_wait=self.context.on_wait,
                cancelled=self.context.cancelled,
                secrets=self._unshown,
                system=self.meta.name or self.source_system,
            )
        return self._http

    async def _account_url(self) -> str:
        """The address of the account's own API, where the credentials name one that is the vendor's."""
        address = str((await self.get_credentials()).get("instance_url") or "")
        return address if any(is_at(address, host) for host in self.instance_hosts) else self.base_url

    def _hold(self, credentials: Mapping[str, Any]) -> dict[str, Any]:
        self._credentials = dict(credentials)
        self._secrets.update(secret_values(credential_fields(self.meta), self._credentials))
        return self._credentials

    def secrets(self) -> set[str]:
        """What nobody may see of the credentials that it has had: a token that was renewed is still one."""
        return self._secrets

    def _unshown(self) -> set[str]:
        """What is masked in what is exchanged: all of the credentials but what is known to be open."""
        held = {str(v) for n, v in (self._credentials or {}).items() if v and n not in OPEN_FIELDS}
        return held | self._secrets

    async def aclose(self) -> None:
        """Close what the connector opened. The engine calls it; override to close more, and call this one too."""
        await self.once.aclose()
        if self._http is not None:
            await self._http.aclose()

    async def test_connection(self) -> str:
        """Try the credentials; returns who they belong to, as a person would say it. Raises a ConnectorError."""
        await self.get_credentials()
        return ""

    # -- SYNC --------------------------------------------------------------------------------------------------

    @property
    def sync_since(self) -> dt.datetime | None:
        """From when on to fetch the entity being synced (watermark less the look-back); None: everything."""
        sink = self.context.sink
        return sink.since(current_entity.get()) if sink else None

    @property
    def resume_cursor(self) -> Any:
        """Where an unfinished run of this entity left off (a `Checkpoint`'s cursor), or None."""
        sink = self.context.sink
        return sink.resume_cursor(current_entity.get()) if sink else None

    @property
    def bookmark(self) -> Any:
        """What the last complete run of this entity left as its `Bookmark`; None in a full run."""
        sink = self.context.sink
        return sink.bookmark(current_entity.get()) if sink else None

    def walk(self, **listings: Fetch) -> AsyncGenerator[StreamItem, None]:
        """Everything in these paged listings, one after the other; see `connectors.paging`."""
        return walk(self, listings)

    async def ensure_sync_active(self, stage: str = "") -> None:
        """Raise SyncCancelledError when the run was asked to stop. Call it inside long loops; `stage` names where."""
        if self.context.cancelled():
            raise SyncCancelledError(f"The sync was cancelled{f' at {stage}' if stage else ''}.")

    async def sync_all(self) -> dict[str, int]:
        """Sync every declared entity that this run wants; returns records taken, per entity.

        Override it to store the records of several entities yourself, with `persist_records`.
        """
        wanted = sorted(
            {entity_name(e) for e in self.meta.entity_types if self.syncs(entity_name(e))},
            key=lambda e: _SYNC_ORDER.index(e) if e in _SYNC_ORDER else len(_SYNC_ORDER),
        )
        gate = asyncio.Semaphore(self.concurrent_entities)

        async def one(entity: str) -> int:
            async with gate:
                await self.ensure_sync_active(entity)
                return await self.sink.sync_entity(entity, self.sync_method(entity))

        async with asyncio.TaskGroup() as group:
            tasks = {entity: group.create_task(one(entity)) for entity in wanted}
        return {entity: task.result() for entity, task in tasks.items()}

    @classmethod
    def syncs(cls, entity: str) -> bool:
        """Whether there is a method that syncs the entity."""
        return any(hasattr(cls, name) for name in _method_names(entity))

    def sync_method(self, entity: str) -> Callable[[], Any]:
        """The `sync_*` of an entity, under its table's name or the guide's short one."""
        method: Callable[[], Any] = next(getattr(self, n) for n in _method_names(entity) if hasattr(self, n))
        return method

    @property
    def sink(self) -> Sink:
        """The sync run this connector works for. Raises ConnectorError outside of one."""
        if self.context.sink is None:
            raise ConnectorError("This connector is not part of a sync run, so it has nowhere to store records.")
        return self.context.sink

    # Plain `def` and Any, so that a subclass may make them `async def` as well as an async generator.

    def sync_deals(self) -> Any:
        """Deals: a list of `DealRecord`, an async generator, or the number of rows stored by the connector itself."""
        return _nothing()

    def sync_accounts(self) -> Any:
        """Accounts; see `sync_deals`."""
        return _nothing()

    def sync_contacts(self) -> Any:
        """Contacts; see `sync_deals`."""
        return _nothing()

    def sync_activities(self) -> Any:
        """Activities; see `sync_deals`."""
        return _nothing()

    async def fetch_deal(self, deal_id: str) -> dict[str, Any]:
        """One deal, straight from the vendor."""
        raise NotImplementedError(f"{self.source_system} cannot fetch a single deal ({deal_id})")

    # -- QUERY, WRITE, ACTION, LISTEN ----------------------------------------------------------------------------

    async def get_schema(self) -> list[dict[str, Any]]:
        """What can be queried: one dict per table or object type, with its columns."""
        raise NotImplementedError(f"{self.source_system} has no schema")

    async def query(self, request: str) -> Any:
        """Answer an on-demand request; tabular answers are `{"columns", "rows", "truncated"}`."""
        raise NotImplementedError(f"{self.source_system} cannot be queried ({request})")

    async def write(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        """Carry out a declared, idempotent write. `data` is a copy: the caller's dict stays as it is."""
        raise NotImplementedError(f"{self.source_system} has no write operation {operation} ({len(data)} values given)")

    async def before(self, operation: str, data: Mapping[str, Any]) -> RecordState | None:  # noqa: ARG002 - to override
        """What a write would change, as it is now; None where that cannot be told. `data` has no aliases in it.

        With it a change can be shown before it is made, and taken back after.
        """
        return None

    async def execute_action(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """Carry out a declared action, once."""
        raise NotImplementedError(f"{self.source_system} has no action {action} ({len(params)} values given)")

    def webhook_secret(self) -> str | None:
        """The secret that the vendor signs this connection's webhooks with, where the credentials hold one."""
        key = self.meta.webhook_secret_extra_data_key
        secret = self.credentials.get(key) if key else None
        return str(secret) if secret else None

    async def webhook_handshake(
        self,
        request: WebhookRequest,  # noqa: ARG002 - for those who override it
    ) -> WebhookReply | None:
        """The answer to a request by which the vendor makes sure of the address; None for what is an event."""
        return None

    async def verify_webhook(self, request: WebhookRequest) -> None:
        """Make sure that the vendor sent this, now, and for this connection. Raises WebhookRefusedError."""
        raise WebhookRefusedError(
            f"{self.source_system} sends no webhooks ({request.method} was received).", status=404
        )

    def process_webhook_payload(self, request: WebhookRequest) -> list[InboundEvent]:
        """The events in a verified request, each of a declared type. What is of no interest is left out."""
        raise NotImplementedError(f"{self.source_system} reads no webhooks ({len(request.body)} bytes received)")

    def listen(self) -> AsyncGenerator[InboundEvent, None]:
        """The vendor's own feed of events, for a machine without a public address; it ends only by being closed.

        An event counts as handled when the next one is asked for: only then may the feed acknowledge it, so that one
        whose handling failed comes again. Lost connections are opened again. Raises a ConnectorError where the vendor
        refuses.
        """
        raise NotImplementedError(f"{self.source_system} has no feed of events, only webhooks")

    async def handle_event(self, event_type: str, payload: dict[str, Any]) -> None:
        """Process an inbound event, already verified: `persist_records` and `delete_records` take what it changed."""
        raise NotImplementedError(f"{self.source_system} has no event {event_type} ({len(payload)} fields given)")


async def _nothing() -> int:
    return 0


def _method_names(entity: str) -> tuple[str, ...]:
    from connectors.models import ENTITY_ALIASES

    short = [alias for alias, name in ENTITY_ALIASES.items() if name == entity]
    return (f"sync_{entity}", *(f"sync_{alias}" for alias in short))
