"""What an answer means: usable, a refusal to wait for, or an error for a person to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from connectors.errors import (
    AuthenticationError,
    ConnectorError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    VendorUnavailableError,
)
from connectors.http.rates import answered_at, parse_retry_after, read_limits

if TYPE_CHECKING:
    import httpx2

    from connectors.redaction import Redactor

_MESSAGE_LIMIT = 200

_WORDS = ("message", "detail", "error", "msg")
"""Where an object inside of an error body has its words: the second is Brave's, the last two Tavily's and FastAPI's."""

_BY_STATUS: dict[int, type[ConnectorError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: VendorUnavailableError,
    410: NotFoundError,
}

_RATE_LIMIT_REASONS = frozenset({"ratelimitexceeded", "userratelimitexceeded", "ratelimited"})
"""Lower-case. Google says the first two with 403, Linear the third with 400."""


def is_rate_limit(response: httpx2.Response) -> bool:
    """Whether a refusal is about pace: 429, and the 403 and 400 that some vendors send in its place."""
    status = response.status_code
    if status == 429:
        return True
    if status not in (400, 403):
        return False
    if status == 403 and ("retry-after" in response.headers or _nothing_remains(response)):
        return True
    return any(reason in _RATE_LIMIT_REASONS for reason in _reasons(_json(response)))


def retry_after(response: httpx2.Response) -> float | None:
    """The seconds that the answer asks to wait; None where it names none that can be waited for."""
    headers = response.headers
    return parse_retry_after(headers.get("retry-after"), answered_at(headers.get("date")))


def error_for(response: httpx2.Response, system: str, redactor: Redactor) -> ConnectorError:
    """The error that a refusal becomes: a sentence with the vendor's own words, and the hint of its kind."""
    status = response.status_code
    sentence = f"{system} answered {target(response.request, redactor)} with HTTP {status}"
    words = vendor_message(response, redactor)
    sentence = f"{sentence}: {words}" if words else f"{sentence}."
    error: ConnectorError
    if is_rate_limit(response):
        error = RateLimitedError(sentence, retry_after=retry_after(response))
    else:
        error = _BY_STATUS.get(status, VendorUnavailableError if status >= 500 else InvalidInputError)(sentence)
    error.status = status
    return error


def target(request: httpx2.Request, redactor: Redactor) -> str:
    """`GET /crm/v3/objects/deals`: the request as a sentence may name it, without its query."""
    return f"{request.method} {plain(redactor.text(request.url.path))}"


def vendor_message(response: httpx2.Response, redactor: Redactor) -> str:
    """The vendor's own short message, or an empty string."""
    message = next(_messages(_json(response)), "")
    return plain(redactor.text(message))[:_MESSAGE_LIMIT]


def plain(text: str) -> str:
    """Vendor text on one line, without control characters: it ends up in terminals."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def broken_off(response: httpx2.Response) -> bool:
    """Whether a JSON answer ended early where HTTP cannot tell: no length, no chunks, only a closed connection."""
    headers = response.headers
    if "content-length" in headers or "transfer-encoding" in headers or not response.content:
        return False
    if "json" not in headers.get("content-type", ""):
        return False
    return _json(response) is None and response.content.strip() != b"null"


def _json(response: httpx2.Response) -> Any:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None


def _messages(document: Any) -> Iterator[str]:
    """Where vendors put a message for people, the most telling place first."""
    if not isinstance(document, dict):
        return
    error, errors, detail = document.get("error"), document.get("errors"), document.get("detail")
    first, details = (v[0] if isinstance(v, list) and v else v for v in (errors, detail))
    for place in (document.get("message"), document.get("error_description"), error, first, details):
        for message in map(place.get, _WORDS) if isinstance(place, dict) else (place,):
            if isinstance(message, str) and message:
                yield message


def _reasons(document: Any) -> Iterator[str]:
    """The machine-readable reasons of an error body, in lower case (Google's and GraphQL's shapes)."""
    if not isinstance(document, dict):
        return
    error = document.get("error")
    errors = document.get("errors") or (error.get("errors") if isinstance(error, dict) else None)
    for item in errors if isinstance(errors, list) else ():
        if not isinstance(item, dict):
            continue
        extensions = item.get("extensions")
        for reason in (item.get("reason"), extensions.get("code") if isinstance(extensions, dict) else None):
            if isinstance(reason, str):
                yield reason.lower()


def _nothing_remains(response: httpx2.Response) -> bool:
    """GitHub's 403: the limit is spent, as its headers say."""
    return any(limit.remaining <= 0 for limit in read_limits(response.headers.raw))
