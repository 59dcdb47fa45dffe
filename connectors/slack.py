"""Slack: channels and messages as activities; search, files and history; sends; events, also by Socket Mode.

The page for its users is `docs/connectors/slack.md`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from connectors._slack.api import BUDGETS, SMALL_PAGE, SlackApi, is_expired
from connectors._slack.declared import ACTIONS, AUTH_FIELDS, EVENT_TYPES, SCOPES
from connectors._slack.query import FORMS, Queries
from connectors._slack.reading import Reader
from connectors._slack.records import TOMBSTONE, channel_record, message_record, permalink
from connectors._slack.signing_in import OAUTH
from connectors._slack.workspace import Workspace
from connectors.base import BaseConnector
from connectors.context import ConnectorContext
from connectors.errors import AuthenticationError, ConnectorError, InvalidInputError
from connectors.paging import Fetched
from connectors.persistence import delete_records, persist_records
from connectors.registry import AuthType, Capability, ConnectorMeta, ConnectorScope
from connectors.stream import Bookmark, Deleted, StreamItem
from connectors.webhooks import InboundEvent, WebhookReply, WebhookRequest, check_fresh, check_signature

if TYPE_CHECKING:
    import httpx2

_REPLAY_SECONDS = 300
"""Slack's page "Verifying requests from Slack"."""
_LONGEST_TEXT = 40_000
"""chat.postMessage cuts a longer text off ("Truncating content"); it is refused here instead."""
_CHANGES = frozenset({"message_changed", "message_deleted"})
"""Subtypes of events that are about an earlier message; any other one is about a new message."""
_REPLIED = "message_replied"
"""The subtype that tells a parent of a reply, which comes as a message of its own."""
_WATCHED = frozenset({"channel", "group"})
"""Channels, public and private; direct messages are nobody else's business and are not synced."""


class SlackConnector(BaseConnector):
    """Speaks Slack's Web API, Events API and Socket Mode."""

    source_system = "slack"
    base_url = "https://slack.com"
    rate_budgets = BUDGETS
    dry_runs: ClassVar[bool] = True

    meta = ConnectorMeta(
        name="Slack",
        slug="slack",
        auth_type=AuthType.OAUTH2,
        scope=ConnectorScope.ORGANIZATION,
        capabilities=[Capability.SYNC, Capability.QUERY, Capability.ACTION, Capability.LISTEN],
        entity_types=["activities"],
        oauth_scopes=SCOPES,
        auth_fields=AUTH_FIELDS,
        webhook_secret_extra_data_key="signing_secret",  # noqa: S106 - the name of a field
        actions=ACTIONS,
        event_types=EVENT_TYPES,
        query_description="One of: "
        + "; ".join(f"`{form}`" for form, _ in FORMS.values())
        + ". Channels go by #name or id. `search` takes Slack's own modifiers (in:, from:, before:) and needs a user "
        "token. `file` gives the text of a file. History is newest first, a thread oldest first.",
        nango_integration_id="slack",
        oauth=OAUTH,
        description="Channels, messages and threads from Slack; sends messages and files; hears of new messages.",
        icon="slack",
        usage_guide="Make an app of your own from the manifest in docs/connectors/slack.md, install it, and give its "
        "bot token. Invite it to the channels whose messages you want: it never joins one by itself.",
    )

    def __init__(
        self, organization_id: str, user_id: str | None = None, *, context: ConnectorContext | None = None
    ) -> None:
        super().__init__(organization_id, user_id, context=context)
        self._on_wait = self.context.on_wait
        self.context = replace(self.context, on_wait=self._say_why)

    @cached_property
    def api(self) -> SlackApi:
        """Slack's methods."""
        return SlackApi(self.http, lambda: self._say_why("going slowly"))

    @cached_property
    def workspace(self) -> Workspace:
        """Channels and people, looked up once."""
        return Workspace(self.api, self.once)

    def _say_why(self, reason: str | None) -> None:
        if self._on_wait is not None:
            small = f"Slack gives this app {SMALL_PAGE} messages a minute"
            self._on_wait(f"{small}: {reason}" if reason and self.api.small else reason)

    def refuses_token(self, answer: httpx2.Response) -> bool:
        """With 401, or with 200 and a word in the body."""
        return super().refuses_token(answer) or is_expired(answer.content)

    async def test_connection(self) -> str:
        """Ask whose token it is; returns such as `revtops in Acme (https://acme.slack.com/)`."""
        known = await self.workspace.whoami()
        return f"{known.get('user')} in {known.get('team')} ({known.get('url')})"

    # -- SYNC ------------------------------------------------------------------------------------------------------

    async def sync_activities(self) -> AsyncGenerator[StreamItem, None]:
        """Every channel, and the messages of those that the app is in, with their threads.

        The bookmark is `{"channels": [id, …], "messages": {channel: what was seen of it}}`.
        """
        channels, url = await self.workspace.channels(), await self.workspace.url()
        await self.workspace.people()
        before = self.bookmark or {}
        reader = Reader(
            self.api,
            self.workspace.names,
            url,
            [str(channel.get("id")) for channel in channels if channel.get("is_member")],
            self.sync_since,
            before.get("messages"),
        )
        ids = {str(channel.get("id")): None for channel in channels}
        gone = [f"channel:{known}" for known in before.get("channels", ()) if known not in ids]

        async def listed(_: Any) -> Fetched:
            return Fetched([*(channel_record(c, self.workspace.names, url) for c in channels), Deleted(gone)])

        async with aclosing(self.walk(channels=listed, messages=reader.fetch)) as items:
            async for item in items:
                yield item
        if before or self.sync_since is None:  # a window of the user's is no place to go on from
            yield Bookmark({"channels": list(ids), "messages": reader.seen})

    # -- QUERY -----------------------------------------------------------------------------------------------------

    async def get_schema(self) -> list[dict[str, Any]]:
        """The requests that can be made, each with the columns of its answer."""
        return [
            {"name": name, "type": form, "columns": [{"name": column, "type": "string"} for column in columns]}
            for name, (form, columns) in FORMS.items()
        ]

    async def query(self, request: str) -> dict[str, Any]:
        """Answer a request; see `FORMS`. Raises InvalidInputError."""
        token, _ = await self.get_oauth_token()
        user_token = str(self.credentials.get("user_token") or "")
        return await Queries(self.api, self.workspace, self.http, token, user_token).answer(request)

    # -- ACTION ----------------------------------------------------------------------------------------------------

    async def execute_action(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send, react or upload, once; names are resolved before anything is sent. Raises a ConnectorError."""
        match action:
            case "send_message":
                return await self._send(params)
            case "add_reaction":
                return await self._react(params)
            case "upload_file":
                return await self._upload(params)
        raise InvalidInputError(f"Slack has no action {action}.")

    async def _send(self, params: dict[str, Any]) -> dict[str, Any]:
        if len(params["text"]) > _LONGEST_TEXT:
            raise InvalidInputError(f"Slack takes {_LONGEST_TEXT:,} characters; these are {len(params['text']):,}.")
        url, channel = await self.workspace.url(), await self._target(params)
        thread = params.get("thread_ts")
        sent = await self.api.post("chat.postMessage", channel=channel, text=params["text"], thread_ts=thread)
        channel, ts = str(sent.get("channel")), str(sent.get("ts"))
        link = permalink(url, channel, ts, thread)
        return {"id": f"{channel}:{ts}", "channel": channel, "ts": ts, "url": link}

    async def _react(self, params: dict[str, Any]) -> dict[str, Any]:
        channel, ts = await self.workspace.channel_id(params["channel"]), params["timestamp"]
        name = params["name"].strip(":")
        reply = await self.api.post(
            "reactions.add", fine=("already_reacted",), channel=channel, timestamp=ts, name=name
        )
        return {"id": f"{channel}:{ts}", "name": name, "added": bool(reply["ok"])}

    async def _upload(self, params: dict[str, Any]) -> dict[str, Any]:
        channel, content = await self._target(params), params["content"].encode()
        name = params["filename"]
        if not content:
            raise InvalidInputError("Slack takes no empty file.")
        ticket = await self.api.get("files.getUploadURLExternal", filename=name, length=len(content))
        await self.http.post(
            ticket["upload_url"], content=content, repeatable=True
        )  # nobody sees it before it is shared
        file = {"id": ticket["file_id"], "title": params.get("title") or name}
        done = await self.api.post(
            "files.completeUploadExternal",
            files=orjson.dumps([file]).decode(),
            channel_id=channel,
            initial_comment=params.get("comment"),
            thread_ts=params.get("thread_ts"),
        )
        shared = (done.get("files") or [{}])[0]
        return {"id": file["id"], "channel": channel, "url": shared.get("permalink")}

    async def _target(self, params: dict[str, Any]) -> str:
        if params.get("channel") and params.get("user_id"):
            raise InvalidInputError("Give a channel or a user_id, not both.")
        if params.get("channel"):
            return await self.workspace.channel_id(params["channel"])
        user = await self.workspace.user_id(params["user_id"])
        opened = await self.api.post("conversations.open", repeatable=True, users=user)
        return str(opened["channel"]["id"])

    # -- LISTEN ----------------------------------------------------------------------------------------------------

    async def webhook_handshake(self, request: WebhookRequest) -> WebhookReply | None:
        """Answer the challenge that Slack sends when an address is entered; it is signed like everything else."""
        document = request.json()
        if not isinstance(document, dict) or document.get("type") != "url_verification":
            return None
        await self.verify_webhook(request)
        return WebhookReply(headers={"content-type": "text/plain"}, body=str(document.get("challenge")).encode())

    async def verify_webhook(self, request: WebhookRequest) -> None:
        """Slack's signature over the time and the body, not older than five minutes. Raises WebhookRefusedError."""
        moment = request.headers.get("x-slack-request-timestamp", "")
        signed = b"v0:" + moment.encode() + b":" + request.body
        check_signature(self.webhook_secret(), signed, request.headers.get("x-slack-signature"), prefix="v0=")
        check_fresh(moment, _REPLAY_SECONDS)

    def process_webhook_payload(self, request: WebhookRequest) -> list[InboundEvent]:
        """The message event in a request of the Events API; others are left out."""
        return _events(request.json())

    async def listen(self) -> AsyncGenerator[InboundEvent, None]:
        """Socket Mode: the same events over a WebSocket that Slack gives out. Raises a ConnectorError.

        An envelope is acknowledged when the next event is asked for. Slack closes a socket every few hours.
        """
        token = (await self.get_credentials()).get("app_token")
        if not token:
            raise AuthenticationError(
                "Listening without a public address needs an app-level token, and this connection has none.",
                hint="Connect again and give app_token (xapp-…) with the scope connections:write.",
            )
        from connectors.http.websocket import websocket

        while True:
            opened = await self.api.post("apps.connections.open", token=str(token), repeatable=True)
            async with websocket(str(opened["url"]), system="Slack") as socket:
                async for message in socket:
                    if message.get("reason") == "link_disabled":
                        hint = "Turn it on in the app's settings, or enter the address of a webhook listener there."
                        raise ConnectorError("Socket Mode was turned off for the app.", hint=hint)
                    if message.get("type") == "disconnect":
                        break
                    for event in _events(message.get("payload")):
                        yield event
                    if envelope := message.get("envelope_id"):
                        await socket.send({"envelope_id": envelope})

    async def handle_event(self, event_type: str, payload: dict[str, Any]) -> None:
        """Store or mark deleted the message that an event is about."""
        channel = str(payload.get("channel"))
        message = payload.get("message") if event_type == "message_changed" else payload
        if not isinstance(message, dict):
            raise ConnectorError("Slack sent an event about a message without the message.")
        if event_type == "message_deleted" or message.get("subtype") == TOMBSTONE:
            gone = [f"{channel}:{payload.get('deleted_ts') or message.get('ts')}"]
            await delete_records(self.organization_id, "activities", gone, self.source_system)
            return
        names = self.workspace.names
        await names.find([message, {"text": f"<#{channel}>"}])
        record = message_record(message, channel, names, await self.workspace.url())
        await persist_records(self.organization_id, "activities", [record], self.source_system)


def _events(document: Any) -> list[InboundEvent]:
    """The event of an `event_callback`, where it is one about a message in a channel."""
    event = document.get("event") if isinstance(document, dict) else None
    if not isinstance(event, dict) or event.get("type") != "message" or event.get("channel_type") not in _WATCHED:
        return []
    subtype = event.get("subtype")
    if subtype == _REPLIED:
        return []
    kind = subtype if subtype in _CHANGES else "message_created"
    return [InboundEvent(kind, event, str(document.get("event_id") or ""))]
