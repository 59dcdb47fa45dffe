"""One exchange with a vendor as it may be shown: to the traffic inspector, a log, a recording."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.http.call import Call, Failure

if TYPE_CHECKING:
    import httpx2

    from connectors.redaction import Redactor


@dataclass(frozen=True)
class Exchange:
    """One attempt of a request, secrets masked and bodies cut (see `connectors.redaction`).

    `status` and `response_body` are None where no answer came, and `error` then says why. `attempt` counts from 1;
    `seconds` is the attempt's own duration and `waited` the seconds held back before it.
    """

    method: str
    url: str
    status: int | None
    seconds: float
    request_headers: Mapping[str, str]
    response_headers: Mapping[str, str]
    request_body: bytes | None
    response_body: bytes | None
    attempt: int
    waited: float
    error: str | None
    started_at: dt.datetime


@dataclass(frozen=True)
class Timing:
    """How long an attempt took, and which one it was; see `Exchange`."""

    seconds: float
    attempt: int
    waited: float


@dataclass(frozen=True)
class HeldRequest:
    """A request that was not sent, as it may be shown: secrets masked, the body cut."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


class HeldBackError(Exception):
    """A dry run ends here: the next request would change something. It is no ConnectorError, for none handles it."""


def held(call: Call, redactor: Redactor) -> HeldRequest:
    """A request as it would be sent, without the headers that authenticate it."""
    kind = call.headers.get("content-type", "")
    return HeldRequest(
        call.method,
        redactor.url(call.url),
        redactor.headers((name.encode(), value.encode()) for name, value in call.headers.items()),
        redactor.body(call.body, kind.lower()) if call.body else None,
    )


def describe(
    request: httpx2.Request, answer: httpx2.Response | Failure, timing: Timing, redactor: Redactor
) -> Exchange:
    """The exchange that has just ended, with an answer or with the failure that came in its place."""
    response = None if isinstance(answer, Failure) else answer
    return Exchange(
        method=request.method,
        url=redactor.url(str(request.url)),
        status=response.status_code if response is not None else None,
        seconds=timing.seconds,
        request_headers=redactor.headers(request.headers.raw),
        response_headers=redactor.headers(response.headers.raw) if response is not None else {},
        request_body=_body(request, redactor) if request.content else None,
        response_body=_body(response, redactor) if response is not None else None,
        attempt=timing.attempt,
        waited=timing.waited,
        error=redactor.text(answer.words) if isinstance(answer, Failure) else None,
        started_at=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=timing.seconds),
    )


def _body(message: httpx2.Request | httpx2.Response, redactor: Redactor) -> bytes:
    return redactor.body(message.content, message.headers.get("content-type", "").lower())
