"""Single webhooks as vendors send them, signed with a connection's own secret: to try a listener with."""

from __future__ import annotations

import base64
import datetime as dt
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import orjson

Json = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """Which event, of which record (the vendor's id), for which address, and the secret that signs it."""

    event_type: str
    record_id: str
    url: str
    secret: str


@dataclass(frozen=True)
class Sample:
    """A webhook: the headers and the body of a POST."""

    headers: dict[str, str]
    body: bytes


def sample(slug: str, event_type: str, url: str, secret: str, record_id: str | None = None) -> Sample:
    """A webhook of a connector's vendor, about a record or a made-up one.

    Raises KeyError for a vendor of which there are no samples.
    """
    made, made_up = SAMPLES[slug]
    return made(Wanted(event_type, record_id or made_up(), url, secret))


def _asana(wanted: Wanted) -> Sample:
    from revtops_tui.simulators.asana.hooks import signed_headers

    action = wanted.event_type.removeprefix("task_")
    moment = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {
        "user": {"gid": "1", "resource_type": "user"},
        "created_at": moment,
        "action": action,
        "resource": {"gid": wanted.record_id, "resource_type": "task", "resource_subtype": "default_task"},
        "parent": None,
    }
    if action == "changed":
        event["change"] = {"field": "name", "action": "changed"}
    body = orjson.dumps({"events": [event]})
    return Sample(signed_headers(wanted.secret.split()[-1], body), body)


def _google_drive(wanted: Wanted) -> Sample:
    number = str(time.time_ns())
    return Sample(
        {
            "X-Goog-Channel-Id": "sample",
            "X-Goog-Channel-Token": wanted.secret,
            "X-Goog-Message-Number": number,
            "X-Goog-Resource-State": "change",
        },
        b"",
    )


def _hubspot(wanted: Wanted) -> Sample:
    from revtops_tui.simulators.hubspot.subscriptions import Subscriptions
    from revtops_tui.simulators.outbox import Outbox

    subscriptions = Subscriptions(Outbox(), wanted.secret, wanted.url)
    noun = wanted.event_type.removesuffix("_changed")
    object_id = int(wanted.record_id) if wanted.record_id.isdecimal() else 0
    event = subscriptions.event(
        f"{noun}.propertyChange", objectId=object_id, propertyName="name", propertyValue="A sample"
    )
    body = orjson.dumps([event])
    return Sample(subscriptions.signed(body, str(event["occurredAt"])), body)


def _linear(wanted: Wanted) -> Sample:
    from revtops_tui.simulators.linear.simulator import signature

    moment = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    is_done = wanted.event_type == "issue_done"
    payload: Json = {
        "action": "create" if wanted.event_type == "issue_created" else "update",
        "type": "Issue",
        "createdAt": moment,
        "data": {"id": wanted.record_id, "updatedAt": moment, "completedAt": moment if is_done else None},
        "webhookTimestamp": int(time.time() * 1000),
    }
    if is_done:
        payload["updatedFrom"] = {"completedAt": None}
    body = orjson.dumps(payload)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Linear-Delivery": str(uuid.uuid4()),
        "Linear-Event": "Issue",
        "Linear-Signature": signature(wanted.secret, body),
    }
    return Sample(headers, body)


def _pipedrive(wanted: Wanted) -> Sample:
    kind, _, done = wanted.event_type.rpartition("_")
    action = {"created": "create", "updated": "change", "deleted": "delete"}[done]
    meta = {
        "id": str(uuid.uuid4()),
        "version": "2.0",
        "entity": kind,
        "entity_id": wanted.record_id,
        "action": action,
        "timestamp": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    pair = base64.b64encode(f"revtops:{wanted.secret}".encode()).decode()
    return Sample(
        {"Content-Type": "application/json", "Authorization": f"Basic {pair}"},
        orjson.dumps({"meta": meta, "data": None, "previous": None}),
    )


def _slack(wanted: Wanted) -> Sample:
    from revtops_tui.simulators.slack.feeds import signed_headers

    channel, _, ts = wanted.record_id.partition(":")
    event: Json = {"type": "message", "channel": channel, "channel_type": "channel", "event_ts": f"{time.time():.6f}"}
    message = {"type": "message", "user": "U00000001", "text": "A sample", "ts": ts}
    if wanted.event_type == "message_created":
        event |= message
    elif wanted.event_type == "message_changed":
        event |= {"subtype": "message_changed", "message": message}
    else:
        event |= {"subtype": "message_deleted", "deleted_ts": ts}
    body = orjson.dumps({"type": "event_callback", "event_id": f"Ev{uuid.uuid4().hex}", "event": event})
    return Sample(signed_headers(wanted.secret, body, time.time()), body)


def _twilio(wanted: Wanted) -> Sample:
    from revtops_tui.simulators.twilio.answers import signature
    from revtops_tui.simulators.twilio.messages import OWN_NUMBER

    form = {"MessageSid": wanted.record_id, "From": "+15550100001", "To": OWN_NUMBER, "ApiVersion": "2010-04-01"}
    form |= {"Body": "A sample"} if wanted.event_type == "message_received" else {"MessageStatus": "delivered"}
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": signature(wanted.secret, wanted.url, form),
    }
    return Sample(headers, urlencode(form, quote_via=quote).encode())


SAMPLES: dict[str, tuple[Callable[[Wanted], Sample], Callable[[], str]]] = {
    "asana": (_asana, lambda: "1200000000000001"),
    "google_drive": (_google_drive, lambda: "sample"),
    "hubspot": (_hubspot, lambda: "1"),
    "linear": (_linear, lambda: str(uuid.uuid4())),
    "pipedrive": (_pipedrive, lambda: "1"),
    "slack": (_slack, lambda: f"C00000001:{time.time():.6f}"),
    "twilio": (_twilio, lambda: f"SM{uuid.uuid4().hex}"),
}
"""Slug -> how its vendor says it, and the id of a record that is made up."""
