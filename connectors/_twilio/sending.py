"""A message that may be sent: everything that can be wrong with it is said before Twilio hears of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.errors import InvalidInputError
from connectors.wording import printable

_LONGEST_BODY = 1600
"""Characters; by Twilio's page "Message resource" a longer body is refused with error 21617."""
_WRITTEN = re.compile(r"\+?[0-9 ()./\u00a0-]+")


def outgoing(params: Mapping[str, Any], credentials: Mapping[str, Any], channel: str) -> dict[str, Any]:
    """The form of a new message; `channel` is `whatsapp:` or empty. Raises InvalidInputError."""
    return {
        "To": channel + e164(params["to"].removeprefix(channel)),
        **_sender(credentials, channel),
        "Body": _body(params["body"]),
        "MediaUrl": _media(params.get("media_url")),
        "StatusCallback": credentials.get("status_callback_url"),
    }


def e164(text: str) -> str:
    """A telephone number in E.164, `+14155552671`. Ten digits without a `+` are taken for a number of North America.

    Raises InvalidInputError where it is none: letters, a leading zero, fewer than 7 digits or more than 15.
    """
    stripped = text.strip()
    digits = "".join(c for c in stripped if c.isdecimal())
    if not _WRITTEN.fullmatch(stripped) or not 7 <= len(digits) <= 15 or digits.startswith("0"):
        raise InvalidInputError(
            f"{printable(text)!r} is not a telephone number that can be reached from everywhere.",
            hint="Write it with its country code: +14155552671, 7 to 15 digits.",
        )
    return f"+1{digits}" if len(digits) == 10 and not stripped.startswith("+") else f"+{digits}"


def _sender(credentials: Mapping[str, Any], channel: str) -> dict[str, str]:
    number = (credentials.get("whatsapp_from") if channel else None) or credentials.get("from_number")
    service = credentials.get("messaging_service_sid")
    if service and not (channel and number):
        return {"MessagingServiceSid": str(service)}
    if number:
        return {"From": channel + e164(str(number).removeprefix(channel))}
    raise InvalidInputError(
        "The Twilio connection has no number to send from.",
        hint="Connect again and give from_number (TWILIO_FROM_NUMBER) or messaging_service_sid.",
    )


def _body(text: str) -> str:
    if not text.strip():
        raise InvalidInputError("The message is empty.")
    if len(text) > _LONGEST_BODY:
        raise InvalidInputError(
            f"The message has {len(text):,} characters; Twilio takes {_LONGEST_BODY:,}. Nothing was sent.",
            hint="Shorten it, or send it in parts.",
        )
    return text


def _media(address: str | None) -> str | None:
    if address and not re.match(r"https?://[^\s/]", address):
        raise InvalidInputError("media_url is no web address: Twilio fetches the file from there.")
    return address
