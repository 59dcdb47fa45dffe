"""How Twilio signs its webhooks: its page "Webhooks security"."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from connectors.webhooks import WebhookRefusedError, WebhookRequest, check_signature


def verify(request: WebhookRequest, auth_token: str | None) -> None:
    """Check X-Twilio-Signature, which is over the address and the form; no time is signed.

    A JSON body is signed by its SHA-256 in the address. Twilio leaves the port out of some of the addresses that it
    signs, so both ways are tried. Raises WebhookRefusedError.
    """
    digest = parse_qs(urlsplit(request.url).query).get("bodySHA256")
    if digest and not hmac.compare_digest(
        digest[0].lower().encode(), hashlib.sha256(request.body).hexdigest().encode()
    ):
        raise WebhookRefusedError("The body of the webhook is not the one that Twilio signed.")
    signed = "" if digest else _in_order(form(request))
    given = request.headers.get("x-twilio-signature")
    with_port, without_port = _addresses(request.url)
    try:
        _check(auth_token, with_port + signed, given)
    except WebhookRefusedError:
        _check(auth_token, without_port + signed, given)


def form(request: WebhookRequest) -> dict[str, list[str]]:
    """The values of a form body; none of another body."""
    if "json" in request.headers.get("content-type", ""):
        return {}
    return parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)


def _check(auth_token: str | None, message: str, given: str | None) -> None:
    check_signature(auth_token, message.encode(), given, digest="sha1", encoding="base64")


def _in_order(values: Mapping[str, list[str]]) -> str:
    """Names in order, each with its values in order; one that is given twice counts once."""
    return "".join(name + value for name in sorted(values) for value in sorted(set(values[name])))


def _addresses(url: str) -> tuple[str, str]:
    """The address with its port and without."""
    parts = urlsplit(url)
    host = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts._replace(netloc=f"{host}:{port}").geturl(), parts._replace(netloc=host).geturl()
