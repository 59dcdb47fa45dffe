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
    `seconds` is the attempt's own duration and `waited` the seconds held back before it. The attempts of one request,
    and what it was redirected to, have the same `call`, a number of this process. `may_change`: whether the method says
    that something may be changed, and the connector did not say that it only reads.
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
    call: int = 0
    may_change: bool = False


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
    call: Call, request: httpx2.Request, answer: httpx2.Response | Failure, seconds: float, redactor: Redactor
) -> Exchange:
    """The exchange that has just ended after `seconds`, with an answer or with the failure that came in its place."""
    response = None if isinstance(answer, Failure) else answer
    return Exchange(
        method=request.method,
        url=redactor.url(str(request.url)),
        status=response.status_code if response is not None else None,
        seconds=seconds,
        request_headers=redactor.headers(request.headers.raw),
        response_headers=redactor.headers(response.headers.raw) if response is not None else {},
        request_body=_body(request, redactor) if request.content else None,
        response_body=_body(response, redactor) if response is not None else None,
        attempt=call.attempt,
        waited=call.waited,
        error=redactor.text(answer.words) if isinstance(answer, Failure) else None,
        started_at=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds),
        call=call.number,
        may_change=call.may_change,
    )


def _body(message: httpx2.Request | httpx2.Response, redactor: Redactor) -> bytes:
    return redactor.body(message.content, message.headers.get("content-type", "").lower())
