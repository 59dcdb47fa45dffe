"""HubSpot's webhooks: who sent them, and which objects they are about.

From HubSpot's pages "Validating requests from HubSpot" (signature v3) and "Webhooks API" (the events).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

import orjson

from connectors._hubspot.records import COMPANIES, CONTACTS, DEALS, ObjectType
from connectors.webhooks import InboundEvent, WebhookRefusedError, WebhookRequest, check_fresh, check_signature

_WINDOW = 300.0
"""Seconds that a request is good for."""
_DECODED = re.compile(r"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""What HubSpot signs in plain where the address has it escaped."""

CHANGED: dict[str, tuple[ObjectType, str]] = {
    "deal_changed": (DEALS, "deals"),
    "contact_changed": (CONTACTS, "contacts"),
    "company_changed": (COMPANIES, "accounts"),
}
"""Event type -> the object type, and the entity that its records belong to."""
_NOUNS = {"0-3": "deal", "0-1": "contact", "0-2": "company"}
"""The object type ids of generic subscriptions (`object.creation`)."""


def verify(request: WebhookRequest, secret: str | None) -> None:
    """Make sure that HubSpot signed this request within the last five minutes. Raises WebhookRefusedError."""
    moment = request.headers.get("x-hubspot-request-timestamp", "")
    address = _DECODED.sub(lambda escaped: unquote(escaped[0]), request.url)
    message = f"{request.method}{address}".encode() + request.body + moment.encode()
    check_signature(secret, message, request.headers.get("x-hubspot-signature-v3"), encoding="base64")
    check_fresh(moment, _WINDOW, unit=0.001)


def inbound(document: Any) -> list[InboundEvent]:
    """The events of a request: one for each object type, so that its objects are read together.

    HubSpot sends up to a hundred events in one request. Raises WebhookRefusedError.
    """
    if not isinstance(document, list) or not all(isinstance(event, dict) for event in document):
        raise WebhookRefusedError("The body of the webhook is no list of events.", status=400)
    by_type: dict[str, list[dict[str, Any]]] = {}
    for event in document:
        name = f"{_noun(event)}_changed"
        if name in CHANGED:
            by_type.setdefault(name, []).append(event)
    return [InboundEvent(name, {"events": events}, _digest(events)) for name, events in by_type.items()]


def touched(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The ids of the objects that events are about: changed, or gone. What became of each, HubSpot knows."""
    found: dict[str, None] = {}
    for event in events:
        named = [event.get(name) for name in ("objectId", "fromObjectId", "primaryObjectId", "newObjectId")]
        found.update(dict.fromkeys(str(one) for one in (*named, *(event.get("mergedObjectIds") or ())) if one))
    return list(found)


def _noun(event: Mapping[str, Any]) -> str:
    noun = str(event.get("subscriptionType")).partition(".")[0]
    if noun != "object":
        return noun
    return _NOUNS.get(str(event.get("objectTypeId") or event.get("fromObjectTypeId")), "")


def _digest(events: Iterable[Mapping[str, Any]]) -> str:
    """The same for a request that HubSpot repeats; event ids alone are not unique, it says."""
    same = [{name: value for name, value in event.items() if name != "attemptNumber"} for event in events]
    return hashlib.sha256(orjson.dumps(same, option=orjson.OPT_SORT_KEYS)).hexdigest()
