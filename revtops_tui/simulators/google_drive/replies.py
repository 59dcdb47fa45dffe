"""Drive's way of answering: partial replies by a `fields` mask, and refusals."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from revtops_tui.simulators.vendor import RefusalError, json_reply

if TYPE_CHECKING:
    from starlette.responses import Response

    from revtops_tui.simulators.faults import Fault

Json = dict[str, Any]
Mask = dict[str, "Mask"]
"""Name -> what is wanted of it; empty means all of it."""

_TOKEN = re.compile(r"[A-Za-z0-9*$.]+|[(),/]")


def refusal(status: int, reason: str, message: str, *, location: str = "", domain: str = "global") -> Response:
    """An error in Drive's shape (its page "Resolve errors")."""
    error = {"message": message, "domain": domain, "reason": reason}
    if location:
        error |= {"location": location, "locationType": "header" if location == "Authorization" else "parameter"}
    return json_reply({"error": {"code": status, "message": message, "errors": [error]}}, status)


def invalid(message: str, location: str = "", reason: str = "invalid") -> RefusalError:
    """400."""
    return RefusalError(refusal(400, reason, message, location=location))


def no_file(file_id: str) -> RefusalError:
    """404: also for a file that exists and that this account may not see."""
    return RefusalError(refusal(404, "notFound", f"File not found: {file_id}.", location="fileId"))


def forbidden(reason: str, message: str) -> RefusalError:
    """403."""
    return RefusalError(refusal(403, reason, message))


def unauthorized() -> Response:
    """401, for no token, an old one and a revoked one alike."""
    message = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return refusal(401, "authError", message, location="Authorization")


def fault_reply(fault: Fault) -> Response:
    """A fault that Drive reports itself. Too many requests are a 403, told from others by its reason alone."""
    if fault.kind == "429":
        message = "User Rate Limit Exceeded. Rate of requests for user exceed configured project quota."
        reply = refusal(403, "userRateLimitExceeded", message, domain="usageLimits")
        if fault.retry_after is not None:
            reply.headers["Retry-After"] = fault.retry_after
        return reply
    if fault.kind in ("expired_token", "revoked"):
        return unauthorized()
    return refusal(500, "internalError", "Internal Error")


def parse_mask(text: str) -> Mask:
    """`files(id,owners/emailAddress),nextPageToken` as a tree. Raises RefusalError."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text.replace(" ", ""):
        raise _bad_field(text)
    mask, rest = _level(tokens, text)
    if rest:
        raise _bad_field(text)
    return mask


def _level(tokens: list[str], text: str) -> tuple[Mask, list[str]]:
    mask: Mask = {}
    while True:
        inner, tokens = _path(mask, tokens, text)
        if tokens[:1] == ["("]:
            below, tokens = _level(tokens[1:], text)
            inner.update(below)
            if tokens[:1] != [")"]:
                raise _bad_field(text)
            tokens = tokens[1:]
        if tokens[:1] != [","]:
            return mask, tokens
        tokens = tokens[1:]


def _path(mask: Mask, tokens: list[str], text: str) -> tuple[Mask, list[str]]:
    while True:
        if not tokens or (not tokens[0][0].isalpha() and tokens[0] != "*"):
            raise _bad_field(text)
        mask = mask.setdefault(tokens[0], {})
        tokens = tokens[1:]
        if tokens[:1] != ["/"]:
            return mask, tokens
        tokens = tokens[1:]


def check_names(mask: Mask, known: Collection[str]) -> None:
    """Refuse a field that the resource does not have."""
    for name in mask:
        if name != "*" and name not in known:
            raise _bad_field(name)


def masked(value: Any, mask: Mask) -> Any:
    """What the mask leaves of a value."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [masked(item, mask) for item in value]
    if isinstance(value, dict):
        return {name: masked(value[name], below) for name, below in mask.items() if name in value}
    return value


def _bad_field(name: str) -> RefusalError:
    return invalid(f"Invalid field selection {name}", "fields", "invalidParameter")
