"""Inbound webhooks: what arrives, and how a connector tells that its vendor sent it.

A request is judged by its raw bytes: a body that was parsed and written again is another body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import orjson

from connectors.errors import ConnectorError


class WebhookRefusedError(ConnectorError):
    """A webhook that its vendor did not sign, or that is too old or unreadable. `status` is the answer to it."""

    kind: ClassVar[str] = "webhook_refused"

    def __init__(self, message: str, *, status: int = 401, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


@dataclass(frozen=True)
class WebhookRequest:
    """A request as it came in. `url` is the public one that the vendor called; `headers` have lower-case names."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body. Raises WebhookRefusedError where it is no JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise WebhookRefusedError("The body of the webhook is no JSON.", status=400) from None


@dataclass(frozen=True)
class WebhookReply:
    """What to answer when a request is no event but a question: is this address yours?

    `keep`: values that belong to the connection's credentials from now on, such as a secret agreed on here.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    keep: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InboundEvent:
    """One event out of a webhook or a feed. `type` is a declared `EventType`; the same `id` is the same event."""

    type: str
    payload: dict[str, Any]
    id: str = ""


def check_signature(
    secret: str | None,
    message: bytes,
    given: str | None,
    *,
    digest: Literal["sha256", "sha1"] = "sha256",
    encoding: Literal["hex", "base64"] = "hex",
    prefix: str = "",
) -> None:
    """Compare an HMAC with the one that came along, in constant time. Raises WebhookRefusedError."""
    if not secret:
        raise WebhookRefusedError(
            "The connection has no webhook secret, so nobody can tell who sent this.",
            status=403,
            hint="Connect again and give the webhook secret.",
        )
    code = hmac.new(secret.encode(), message, getattr(hashlib, digest)).digest()
    expected = prefix + (code.hex() if encoding == "hex" else base64.b64encode(code).decode())
    if not hmac.compare_digest(expected.encode(), (given or "").encode("utf-8", "surrogateescape")):
        raise WebhookRefusedError("The webhook is not signed with this connection's secret.")


def check_fresh(moment: Any, within: float, *, unit: float = 1.0) -> None:
    """Refuse what is older (or newer) than `within` seconds: it may be a replay. `unit`: seconds per unit of `moment`.

    Raises WebhookRefusedError.
    """
    try:
        age = abs(time.time() - float(moment) * unit)
    except (TypeError, ValueError):
        raise WebhookRefusedError("The webhook does not say when it was sent.") from None
    if not age <= within:
        raise WebhookRefusedError(f"The webhook was sent {age:.0f} seconds ago; {within:.0f} are allowed.")
