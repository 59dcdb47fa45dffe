"""Events on their way out: signed requests to the app's request URL, and Socket Mode."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from revtops_tui.simulators.slack.workspace import Channel, Message, Workspace, shown_message

if TYPE_CHECKING:
    from revtops_tui.simulators.outbox import Delivery, Outbox

_NOT_ANNOUNCED = "https://files.slack.com"
"""Where files are that come along with an event: it is told to no particular caller."""


class Announcer:
    """Tells an app what happens in the channels that it is in.

    `request_url` is set once an address has proved to be the app's own; `secret` signs what is sent there.
    """

    def __init__(self, workspace: Workspace, outbox: Outbox, secret: str) -> None:
        self.request_url = ""
        self.sockets = Sockets()
        self._workspace = workspace
        self._outbox = outbox
        self._secret = secret

    def subscribe(self, url: str) -> Delivery:
        """The address of an app's settings: Slack asks it for a challenge, and sends events from then on."""
        self.request_url = url
        challenge = {"token": "simulated", "challenge": uuid.uuid4().hex, "type": "url_verification"}
        return self._send(challenge)

    def announce(self, what: str, channel: Channel, message: Message, before: Message | None) -> None:
        """Send an event about a message to everybody who listens."""
        if channel.is_member and (self.request_url or self.sockets.used):
            payload = self.callback(self._event(what, channel, message, before))
            if self.request_url:
                self._send(payload)
            self.sockets.send(payload)

    def callback(self, event: dict[str, Any]) -> dict[str, Any]:
        """The envelope of the Events API around an event."""
        return {
            "token": "simulated",
            "team_id": self._workspace.team_id,
            "api_app_id": self._workspace.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": self._workspace.next_id("Ev"),
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": self._workspace.team_id,
                    "user_id": self._workspace.bot.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }

    def signed(self, body: bytes, moment: float | None = None) -> dict[str, str]:
        """The headers of a request with this body, at this moment or now."""
        return signed_headers(self._secret, body, moment or time.time())

    def _send(self, document: dict[str, Any]) -> Delivery:
        body = orjson.dumps(document)
        return self._outbox.send(self.request_url, headers=self.signed(body), body=body)

    def _event(self, what: str, channel: Channel, message: Message, before: Message | None) -> dict[str, Any]:
        kind = "im" if channel.with_user else "group" if channel.is_private else "channel"
        where = {"type": "message", "channel": channel.id, "channel_type": kind}
        now = self._workspace.now_ts()
        if what == "created":
            return {**self._shown(channel, message), **where, "event_ts": message.ts}
        if what == "reacted":
            item = {"type": "message", "channel": channel.id, "ts": message.ts}
            return {"type": "reaction_added", "user": message.user, "item": item, "event_ts": now}
        change = {**where, "subtype": f"message_{what}", "hidden": True, "ts": now, "event_ts": now}
        if before is not None:
            change["previous_message"] = self._shown(channel, before)
        gone = {"deleted_ts": message.ts} if what == "deleted" else {"message": self._shown(channel, message)}
        return {**change, **gone}

    def _shown(self, channel: Channel, message: Message) -> dict[str, Any]:
        return shown_message(channel, message, self._workspace, _NOT_ANNOUNCED)


def signed_headers(secret: str, body: bytes, moment: float) -> dict[str, str]:
    """The headers of a request with this body: "Verifying requests from Slack"."""
    stamp = f"{moment:.0f}"
    code = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={code}",
    }


@dataclass(eq=False)
class _Link:
    """One open socket: what waits to be sent, and what was sent and not yet acknowledged."""

    loop: asyncio.AbstractEventLoop
    waiting: asyncio.Queue[dict[str, Any] | None] = field(default_factory=asyncio.Queue)
    unacknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)

    def put(self, document: dict[str, Any] | None) -> None:
        """Send a document, from any thread; None closes the socket."""
        if document is not None and "envelope_id" in document:
            self.unacknowledged[document["envelope_id"]] = document
        self.loop.call_soon_threadsafe(self.waiting.put_nowait, document)


class Sockets:
    """Socket Mode. An envelope goes to one socket, and to another one where it was not acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        """The ids of the events that were, in that order."""
        self.used = False
        """Whether somebody asked for an address: from then on events are kept for them."""
        self._tickets: set[str] = set()
        self._links: list[_Link] = []
        self._waiting: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)

    def address(self, host: str) -> str:
        """Where a client may connect, once."""
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        self.used = True
        return f"{host.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id=simulated"

    def send(self, payload: dict[str, Any]) -> None:
        """Put an event on its way."""
        envelope = {
            "envelope_id": str(uuid.uuid4()),
            "payload": payload,
            "type": "events_api",
            "accepts_response_payload": False,
            "retry_attempt": 0,
            "retry_reason": "",
        }
        with self._lock:
            self._deliver(envelope)

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every client to connect again, as Slack does every few hours, or that Socket Mode was turned off."""
        with self._lock:
            links, self._links = self._links, []
            for link in links:
                link.put({"type": "disconnect", "reason": reason, "debug_info": {"host": "simulator"}})
                link.put(None)

    def wait(self, acknowledged: int, seconds: float = 30.0) -> list[str]:
        """Wait until this many events were acknowledged; returns them. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.acknowledged) >= acknowledged, seconds):
                raise TimeoutError(f"Only {len(self.acknowledged)} of {acknowledged} events were acknowledged.")
            return list(self.acknowledged)

    async def serve(self, socket: WebSocket) -> None:
        """One client, from its greeting to its end."""
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self._tickets:
            await socket.close()
            return
        self._tickets.remove(ticket)
        await socket.accept()
        link = _Link(asyncio.get_running_loop())
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "simulated"}})
        with self._lock:
            self._links.append(link)
            waiting, self._waiting = self._waiting, []
            for envelope in waiting:
                self._deliver(envelope)
        sender = asyncio.create_task(_send_all(socket, link))
        try:
            while True:
                self._acknowledge(link, (await socket.receive_json()).get("envelope_id"))
        except WebSocketDisconnect:
            pass
        finally:
            sender.cancel()
            self._close(link)

    def _deliver(self, envelope: dict[str, Any]) -> None:
        if self._links:
            self._links[-1].put(envelope)
        else:
            self._waiting.append(envelope)

    def _acknowledge(self, link: _Link, envelope_id: str) -> None:
        with self._changed:
            envelope = link.unacknowledged.pop(envelope_id, None)
            if envelope is not None:
                self.acknowledged.append(envelope["payload"]["event_id"])
                self._changed.notify_all()

    def _close(self, link: _Link) -> None:
        with self._lock:
            if link in self._links:
                self._links.remove(link)
            for envelope in link.unacknowledged.values():
                self._deliver(envelope | {"retry_attempt": 1, "retry_reason": "timeout"})


async def _send_all(socket: WebSocket, link: _Link) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # the client is gone: what it did not acknowledge is sent again
        while (document := await link.waiting.get()) is not None:
            await socket.send_json(document)
        await socket.close()
