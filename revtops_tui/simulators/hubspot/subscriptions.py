"""What HubSpot tells an app about changes: lists of events, signed with the app's secret (signature version 3).

From HubSpot's pages "Webhooks API" and "Validating requests from HubSpot".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson

from revtops_tui.simulators.hubspot.schema import PORTAL_ID
from revtops_tui.simulators.hubspot.state import now_ms

if TYPE_CHECKING:
    from revtops_tui.simulators.hubspot.store import ObjectStore
    from revtops_tui.simulators.outbox import Delivery, Outbox

_REPORTED = ("deals", "contacts", "companies")


class Subscriptions:
    """Reports what happens to deals, contacts and companies to `url`, as long as there is one."""

    def __init__(self, outbox: Outbox, secret: str, url: str) -> None:
        self.url = url
        self._outbox = outbox
        self._secret = secret
        self._ids = count(1)

    def report(self, store: ObjectStore, object_id: int, verb: str, properties: Mapping[str, str | None]) -> None:
        """Send what happened to one object: `creation`, `deletion`, or `propertyChange`, an event for each property."""
        if not self.url or store.type.name not in _REPORTED:
            return
        values: list[dict[str, Any]] = [{}]
        if verb == "propertyChange":
            values = [{"propertyName": name, "propertyValue": value or ""} for name, value in properties.items()]
        events = [self.event(f"{store.type.singular}.{verb}", objectId=object_id, **value) for value in values]
        if events:
            self.send(events)

    def event(self, subscription: str, **fields: Any) -> dict[str, Any]:
        """One event of a subscription, such as `deal.creation`."""
        return {
            "eventId": next(self._ids),
            "subscriptionId": 1,
            "portalId": PORTAL_ID,
            "appId": 1,
            "occurredAt": now_ms(),
            "subscriptionType": subscription,
            "attemptNumber": 0,
            "changeSource": "CRM_UI",
            **fields,
        }

    def send(self, events: Sequence[Mapping[str, Any]]) -> Delivery:
        """Send events as one request."""
        body, moment = orjson.dumps(events), str(now_ms())
        return self._outbox.send(self.url, headers=self.signed(body, moment), body=body)

    def signed(self, body: bytes, moment: str) -> dict[str, str]:
        """The headers of a request with this body at `moment`, in milliseconds since 1970 UTC."""
        message = b"POST" + self.url.encode() + body + moment.encode()
        signature = base64.b64encode(hmac.new(self._secret.encode(), message, hashlib.sha256).digest()).decode()
        return {
            "Content-Type": "application/json",
            "X-HubSpot-Signature-Version": "v1",
            "X-HubSpot-Signature": hashlib.sha256(self._secret.encode() + body).hexdigest(),
            "X-HubSpot-Signature-v3": signature,
            "X-HubSpot-Request-Timestamp": moment,
        }
