"""How Twilio words things: its errors, its signature, what it refuses and what a filter finds."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import Response

from revtops_tui.simulators.twilio.messages import OWN_NUMBER, SERVICE_SID, Message
from revtops_tui.simulators.vendor import RefusalError, json_reply

_LONGEST_BODY = 1600
_BAD_NUMBERS = {
    "+15005550001": (21211, "Invalid 'To' Phone Number: +1500555XXXX"),
    "+15005550009": (21614, "'To' number: +1500555XXXX, is not a mobile number"),
}
"""Receivers that are refused, by the numbers that Twilio's page "Test credentials" has for it."""


def signature(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature as Twilio's page "Webhooks security" describes it."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def content(message: Message) -> dict[str, str]:
    """The part of a webhook that says what somebody wrote."""
    return {"SmsMessageSid": message.sid, "Body": message.body, "NumMedia": str(message.media), "NumSegments": "1"}


def error(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as Twilio words it: its page "REST API: errors"."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return json_reply({"code": code, "message": message, "more_info": more, "status": status}, status, headers)


def refusal(status: int, code: int, message: str) -> RefusalError:
    """`error`, to be raised."""
    return RefusalError(error(status, code, message))


def read_form(body: bytes) -> dict[str, str]:
    """A form's values; those that are given several times are lines."""
    return {name: "\n".join(values) for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}


def refuse_unsendable(form: Mapping[str, str]) -> None:
    """In Twilio's words, by its codes."""
    receiver = form.get("To", "")
    if not receiver:
        raise refusal(400, 21604, "A 'To' phone number is required.")
    if receiver in _BAD_NUMBERS:
        raise refusal(400, *_BAD_NUMBERS[receiver])
    if not receiver.removeprefix("whatsapp:").startswith("+"):
        raise refusal(400, 21211, f"Invalid 'To' Phone Number: {receiver}")
    if not (form.get("Body") or form.get("MediaUrl")):
        raise refusal(400, 21619, "A text message body or media urls must be specified.")
    if len(form.get("Body", "")) > _LONGEST_BODY:
        raise refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit")
    service, sender = form.get("MessagingServiceSid"), form.get("From")
    if not (service or sender):
        raise refusal(400, 21603, "A 'From' phone number is required.")
    if service not in (None, SERVICE_SID):
        raise refusal(404, 20404, f"The requested resource /Services/{service} was not found")
    if sender is not None and sender.removeprefix("whatsapp:") != OWN_NUMBER:
        raise refusal(400, 21606, f"The 'From' phone number provided ({sender}) is not a valid message-capable number")


def whole(text: str, name: str) -> int:
    """A count in a query."""
    if not text.isdigit() or not int(text):
        raise refusal(400, 20001, f"Invalid {name}: {text}")
    return int(text)


def matches(message: Message, query: Mapping[str, str]) -> bool:
    """Twilio compares the day on which a message was sent; one that was not sent yet has none."""
    if query.get("To", message.receiver) != message.receiver or query.get("From", message.sender) != message.sender:
        return False
    bounds = {name: query[name][:10] for name in ("DateSent", "DateSent<", "DateSent>") if name in query}
    if not bounds:
        return True
    if message.sent is None:
        return False
    day = dt.datetime.fromtimestamp(message.sent / 1000, dt.UTC).date().isoformat()
    low, high = bounds.get("DateSent>", day), bounds.get("DateSent<", day)
    return low <= day <= high and bounds.get("DateSent", day) == day


def distorted(documents: list[dict[str, Any]], fault: str | None) -> list[dict[str, Any]]:
    """A page with the fault that was asked for."""
    if fault == "duplicates":
        return [*documents, *documents[:1]]
    if fault == "schema_drift" and documents:
        documents[0] |= {"body": {"text": documents[0]["body"]}, "date_sent": "lately", "rating": 5}
    return documents


def only_page(uri: str, items: int) -> dict[str, Any]:
    """What surrounds a list that is short enough for one page."""
    return {
        "first_page_uri": f"{uri}?PageSize=50&Page=0",
        "end": max(0, items - 1),
        "previous_page_uri": None,
        "uri": f"{uri}?PageSize=50&Page=0",
        "page_size": 50,
        "start": 0,
        "next_page_uri": None,
        "page": 0,
    }
