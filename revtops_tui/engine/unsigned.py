"""Webhooks of connectors that only say how an event is handled: nobody signs them, so their address is a secret.

The last part of such an address cannot be guessed, and is derived from a key that is kept with the credentials. The
body is a JSON object; it names its event under `event_type`, `event` or `type`, unless the connector has only one.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from connectors.base import BaseConnector
from connectors.webhooks import InboundEvent, WebhookRefusedError, WebhookRequest
from revtops_tui.engine import tokens
from revtops_tui.engine.workspace import Workspace

if TYPE_CHECKING:
    from connectors.registry import ConnectorMeta

_NAMED_UNDER = ("event_type", "event", "type")


def is_unsigned(cls: type[BaseConnector]) -> bool:
    """Whether the connector cannot tell by itself who sent a webhook."""
    return cls.verify_webhook is BaseConnector.verify_webhook


def secret_part(ws: Workspace, selector: str) -> str:
    """The last part of a connection's address. Raises EngineError where the key cannot be kept."""
    key = tokens.token(ws, "webhooks")
    return hmac.new(key.encode(), selector.encode(), hashlib.sha256).hexdigest()[:32]


def check_secret_part(ws: Workspace, selector: str, given: str) -> None:
    """Compare it in constant time. Raises WebhookRefusedError."""
    if not hmac.compare_digest(secret_part(ws, selector).encode(), given.encode()):
        raise WebhookRefusedError("Nothing is connected under this address.", status=404)


def read(meta: ConnectorMeta, request: WebhookRequest) -> list[InboundEvent]:
    """The one event in a body. Raises WebhookRefusedError where it is none that the connector declares."""
    payload = request.json()
    if not isinstance(payload, dict):
        raise WebhookRefusedError("The body of the webhook is no JSON object.", status=400)
    known = [one.name for one in meta.event_types]
    named = [payload[field] for field in _NAMED_UNDER if payload.get(field) in known]
    if not named and len(known) != 1:
        raise WebhookRefusedError(
            "The webhook does not say which event it is.",
            status=400,
            hint=f"As event_type, one of: {', '.join(known)}.",
        )
    return [InboundEvent(str((named or known)[0]), payload)]
