"""Twilio: text messages as activities, looked up live, sent, and heard of as they arrive.

The page for its users is `docs/connectors/twilio.md`. Twilio's pages named below are those of its documentation of the
API of 2010-04-01.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import cached_property, partial
from typing import Any, ClassVar

from connectors._twilio.declared import AUTH_FIELDS, SEND
from connectors._twilio.messages import LOOK_BACK, Message, Window, activity, channel_of, sent_or_created
from connectors._twilio.query import Lookup, parse
from connectors._twilio.reading import PAGE_SIZE, Reader
from connectors._twilio.sending import outgoing
from connectors._twilio.signature import form, verify
from connectors.base import BaseConnector
from connectors.errors import (
    AuthenticationError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    VendorUnavailableError,
)
from connectors.json_answers import json_object
from connectors.paging import Fetched
from connectors.persistence import delete_records, persist_records
from connectors.registry import (
    AuthType,
    Capability,
    ConnectorAction,
    ConnectorMeta,
    ConnectorScope,
    EventType,
)
from connectors.stream import Bookmark, Deleted, StreamItem
from connectors.webhooks import InboundEvent, WebhookReply, WebhookRequest

_MESSAGE_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
_COLUMNS = (
    "sid",
    "date",
    "type",
    "direction",
    "status",
    "from",
    "to",
    "body",
    "price",
    "price_unit",
    "error_code",
    "error_message",
    "num_media",
)


class TwilioConnector(BaseConnector):
    """Speaks Twilio's messaging API. Twilio states no rate: it limits requests at a time, and answers 429 (20429)."""

    source_system = "twilio"
    base_url = "https://api.twilio.com"
    webhook_reply = WebhookReply(
        headers={"Content-Type": "text/xml"}, body=b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
    )
    """Instructions in TwiML to do nothing: Twilio would send another text on to the one who wrote."""
    dry_runs: ClassVar[bool] = True

    meta = ConnectorMeta(
        name="Twilio",
        slug="twilio",
        auth_type=AuthType.CUSTOM,
        scope=ConnectorScope.ORGANIZATION,
        builtin=True,
        capabilities=[Capability.SYNC, Capability.QUERY, Capability.ACTION, Capability.LISTEN],
        entity_types=["activities"],
        auth_fields=AUTH_FIELDS,
        webhook_secret_extra_data_key="auth_token",  # noqa: S106 - the name of a field
        actions=[
            ConnectorAction("send_sms", "Send a text message, once", SEND),
            ConnectorAction("send_whatsapp", "Send a WhatsApp message, once", SEND),
        ],
        event_types=[
            EventType("message_received", "Somebody wrote to one of the account's numbers"),
            EventType("message_status", "A message that was sent got another status"),
        ],
        query_description="Messages, newest first: the SID of one, or `with +14155552671` (either side), "
        "`to +14155552671`, `from whatsapp:+14155552671`, `on 2026-09-30`, `since 2026-09-01`, `until 2026-09-30` "
        "(days in UTC), `limit 50`, in any combination. An empty request gives the last 100.",
        description="Text and WhatsApp messages: synced, looked up, sent.",
        icon="twilio",
        usage_guide="Copy the account SID and the auth token from the first page of the Twilio console. To send, give "
        "the number or the messaging service to send from. To hear of messages at once, enter the connection's webhook "
        "address in the console under the number's `A message comes in`.",
    )

    @cached_property
    def reader(self) -> Reader:
        """What this connection reads with."""
        return Reader(self.http, self.get_credentials)

    async def auth_headers(self) -> dict[str, str]:
        """Basic: the API key where there is one, else the account itself."""
        values = await self.get_credentials()
        key, secret = values.get("api_key"), values.get("api_key_secret")
        user, password = (key, secret) if key and secret else (values.get("account_sid"), values.get("auth_token"))
        if not password:
            raise AuthenticationError(
                "The Twilio connection has neither an auth token nor an API key with its secret.",
                hint="Connect again and give auth_token (TWILIO_AUTH_TOKEN), or api_key and api_key_secret.",
            )
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}

    async def test_connection(self) -> str:
        """Whose account it is; returns such as `Acme (AC…), active`. An API key may not ask that, only use it."""
        values, account = await self.get_credentials(), await self.reader.account()
        if values.get("api_key") and values.get("api_key_secret"):
            await self.http.get(f"{account}/Messages.json", params={"PageSize": 1})
            return f"account {values['account_sid']}"
        about = await self.reader.about()
        return f"{about.get('friendly_name')} ({values['account_sid']}), {about.get('status')}"

    # -- SYNC ------------------------------------------------------------------------------------------------------

    async def sync_activities(self) -> AsyncGenerator[StreamItem, None]:
        """Messages. All of them at first; then those from the day on which something may still have changed.

        Only the first listing has checkpoints: the later ones are short, and must be whole to tell what is gone.
        """
        started = dt.datetime.now(dt.UTC)
        since, resumed = self.sync_since, self.resume_cursor is not None
        window = Window((started - LOOK_BACK).date())
        if since is None:
            async with aclosing(self.walk(messages=partial(self._page, window))) as items:
                async for item in items:
                    yield item
        else:
            window = Window.of(since, started, self.bookmark)
        if since is not None or resumed:  # a listing that was gone on with began behind the newest pages
            first: dict[str, Any] | None = {"DateSent>": f"{window.first.isoformat()}T00:00:00Z"}
            cursor = None
            while first or cursor:
                messages, cursor = await self._noted(window, first or {}, cursor)
                yield [activity(message) for message in messages]
                first = None
            yield Deleted(window.gone(self.bookmark))
            for sid in window.unlisted(self.bookmark):
                yield await self._again(window, sid)
        yield Bookmark(window.bookmark(started))

    async def _again(self, window: Window, sid: str) -> StreamItem:
        try:
            message = await self.reader.message(sid)
        except NotFoundError:
            return Deleted([sid])
        window.note(message)
        return [activity(message)]

    async def _page(self, window: Window, cursor: str | None) -> Fetched:
        messages, following = await self._noted(window, {}, cursor)
        return Fetched([activity(message) for message in messages], following)

    async def _noted(
        self, window: Window, filters: Mapping[str, Any], cursor: str | None
    ) -> tuple[list[Message], str | None]:
        messages, following = await self.reader.page(filters, PAGE_SIZE, cursor)
        for message in messages:
            window.note(message)
        return messages, following

    # -- QUERY -----------------------------------------------------------------------------------------------------

    async def get_schema(self) -> list[dict[str, Any]]:
        """The one table that there is."""
        return [{"name": "messages", "type": "table", "columns": [{"name": name} for name in _COLUMNS]}]

    async def query(self, request: str) -> dict[str, Any]:
        """The messages that a request is about, newest first: `{"columns", "rows", "truncated"}`.

        See `connectors._twilio.query` for what a request looks like. Raises InvalidInputError, and NotFoundError for a
        SID that the account does not have.
        """
        lookup = parse(request)
        if lookup.sid:
            found, more = [await self.reader.message(lookup.sid)], False
        else:
            found, more = await self._find(lookup)
        return {"columns": list(_COLUMNS), "rows": [_row(message) for message in found], "truncated": more}

    async def _find(self, lookup: Lookup) -> tuple[list[Message], bool]:
        listings = [self.reader.newest(filters, lookup.limit + 1) for filters in lookup.listings]
        lists = await asyncio.gather(*listings)
        by_sid = {message.get("sid"): message for messages in lists for message in messages}
        found = list(by_sid.values())
        if len(lists) > 1:
            found.sort(key=_age, reverse=True)
        return found[: lookup.limit], len(found) > lookup.limit

    # -- ACTION ----------------------------------------------------------------------------------------------------

    async def execute_action(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a message, once: Twilio cannot tell a repetition from a second message.

        Raises InvalidInputError, before anything is sent, for a number, text or address that Twilio would not take.
        """
        if action not in ("send_sms", "send_whatsapp"):
            raise InvalidInputError(f"Twilio has no action {action}.")
        channel = "whatsapp:" if action == "send_whatsapp" else ""
        message = outgoing(params, await self.get_credentials(), channel)
        reply = await self.http.post(f"{await self.reader.account()}/Messages.json", data=message, repeatable=False)
        try:
            sent = json_object(reply.content, "Twilio")
        except VendorUnavailableError as error:
            raise OutcomeUnknownError(f"{error.message} The message may have been sent.") from error
        return {"id": sent.get("sid"), **{name: sent.get(name) for name in ("status", "to", "from", "num_segments")}}

    # -- LISTEN ----------------------------------------------------------------------------------------------------

    async def verify_webhook(self, request: WebhookRequest) -> None:
        """See `connectors._twilio.signature`. What is repeated does no harm: the message is fetched anew."""
        verify(request, self.webhook_secret())

    def process_webhook_payload(self, request: WebhookRequest) -> list[InboundEvent]:
        """The message that came in, or whose status changed. What is about no message is left out."""
        payload = {name: values[0] for name, values in form(request).items()}
        sid = payload.get("MessageSid", "")
        if not _MESSAGE_SID.fullmatch(sid):
            return []
        status = payload.get("MessageStatus")
        kind = "message_status" if status else "message_received"
        return [InboundEvent(kind, payload, f"{sid}:{status or 'received'}")]

    async def handle_event(
        self,
        event_type: str,  # noqa: ARG002 - what there is to do is the same
        payload: dict[str, Any],
    ) -> None:
        """Store the message as Twilio has it now: callbacks may overtake each other, and hold no price."""
        sid = payload["MessageSid"]
        try:
            message = await self.reader.message(sid)
        except NotFoundError:
            await delete_records(self.organization_id, "activities", [sid], self.source_system)
            return
        await persist_records(self.organization_id, "activities", [activity(message)], self.source_system)


def _row(message: Message) -> list[Any]:
    when = sent_or_created(message)
    own = {"date": when.isoformat() if isinstance(when, dt.datetime) else when, "type": channel_of(message)}
    return [own.get(name, message.get(name)) for name in _COLUMNS]


def _age(message: Message) -> dt.datetime:
    when = sent_or_created(message)
    return when if isinstance(when, dt.datetime) else dt.datetime.min.replace(tzinfo=dt.UTC)
