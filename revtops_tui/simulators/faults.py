"""Faults on request: what a vendor does on its bad days, done at a known moment.

A fault is a rule about matching requests: `Fault("500", path="/crm/v3/objects/deals", after=3, times=1)` breaks the
fourth one and no other. Rules come from a simulator's constructor or, at run time, from `POST /_simulator/faults`.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from revtops_tui.simulators.server import FAULT as FAULT  # simulators take it from here
from revtops_tui.simulators.server import TRANSPORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FaultKind = Literal[
    "429",  # refused by the rate limit; `retry_after` adds the header
    "500",  # an error page, before anything was done
    "timeout",  # the request is taken and never answered
    "disconnect",  # the request is taken and the connection reset
    "lost_reply",  # the request is carried out, the reply is lost
    "half_body",  # the reply breaks off in the middle
    "expired_token",  # 401 that a fresh token would cure
    "revoked",  # 401 that only the user can cure
    "duplicates",  # a record comes twice in a page
    "page_shift",  # rows moved between two pages: the last row of a page comes again on the next
    "schema_drift",  # a value of another type, and a field nobody announced
    "slow",  # the answer comes after `delay_ms`
]
_REPLIES: frozenset[str] = frozenset({"429", "500", "expired_token", "revoked"})

ADMIN_PREFIX = "/_simulator/"
_IDS = re.compile(r"(?<=/)\d+(?=/|$)")


@dataclass
class Fault:
    """One rule. `path` is a part of the request's path; of the matching requests the first `after` pass, then every
    `every`-th is hit, at most `times` times (None: until it is cleared). Times are in milliseconds or seconds as named.

    Raises ValueError for an unknown kind or a count below its least.
    """

    kind: FaultKind
    path: str = ""
    method: str = ""
    after: int = 0
    every: int = 1
    times: int | None = None
    delay_ms: int = 0
    retry_after: str | None = None
    seen: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"Unknown fault {self.kind!r}; there are: {', '.join(get_args(FaultKind))}.")
        if self.every < 1 or self.after < 0 or self.delay_ms < 0 or (self.times is not None and self.times < 0):
            raise ValueError("`every` is at least 1; `after`, `times` and `delay_ms` are at least 0.")

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Fault:
        """A fault out of JSON. Raises ValueError for what is not a fault."""
        known = {f.name for f in fields(cls) if f.init}
        if unknown := sorted(set(document) - known):
            raise ValueError(f"Unknown field {unknown[0]!r}; there are: {', '.join(sorted(known))}.")
        if "kind" not in document:
            raise ValueError("A fault needs a `kind`.")
        return cls(**document)

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is hit; counts it."""
        if self.path not in path or (self.method and self.method != method):
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self.seen += 1
        if self.seen <= self.after or (self.seen - self.after) % self.every:
            return False
        self.hits += 1
        return True


class Traffic:
    """What happens to requests on their way in: the active faults, and how many requests came per path."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.faults = list(faults)
        self.requests: Counter[str] = Counter()

    def record(self, method: str, path: str) -> None:
        """Count a request; ids in a path count as one."""
        self.requests[f"{method} {_IDS.sub('{id}', path)}"] += 1

    def fault(self, method: str, path: str) -> Fault | None:
        """The first fault that hits this request."""
        return next((fault for fault in self.faults if fault.strikes(method, path)), None)

    def describe(self) -> list[dict[str, Any]]:
        """The active faults with what they have done so far."""
        return [asdict(fault) for fault in self.faults]


class FaultReply(Protocol):
    """How a vendor words a fault that it reports itself: 429, 500, expired_token, revoked."""

    def __call__(self, fault: Fault) -> Response: ...


class FaultMiddleware:
    """Counts, delays and breaks requests before the simulator sees them; what is under /_simulator/ passes.

    `latency` is in seconds: no reply begins earlier, and the simulator's own work is part of it.
    """

    def __init__(self, app: ASGIApp, *, traffic: Traffic, reply: FaultReply, latency: float = 0.0) -> None:
        self._app = app
        self._traffic = traffic
        self._reply = reply
        self._latency = latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or break it. A WebSocket passes: it was asked for by a request that could be broken."""
        path = scope["path"]
        if scope["type"] != "http" or path.startswith(ADMIN_PREFIX):
            await self._app(scope, receive, send)
            return
        self._traffic.record(scope["method"], path)
        if self._latency:
            send = _not_before(time.monotonic() + self._latency, send)
        fault = self._traffic.fault(scope["method"], path)
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._break(fault, scope, receive, send)

    async def _break(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault.kind in _REPLIES:
            await self._reply(fault)(scope, receive, send)
        elif fault.kind == "timeout":
            await _until_gone(receive)
        elif fault.kind == "disconnect":
            _transport(scope).abort()
            await _until_gone(receive)
        elif fault.kind in ("lost_reply", "half_body"):
            await self._cut(fault, scope, receive, send)
        else:
            scope.setdefault("extensions", {})[FAULT] = fault.kind
            await self._app(scope, receive, send)

    async def _cut(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        transport = _transport(scope)
        if fault.kind == "lost_reply":
            transport.abort()
            await _until_gone(receive)
            return
        body = b"".join(m.get("body", b"") for m in messages[1:])
        await send(messages[0])
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        transport.close()
        await _until_gone(receive)


def _not_before(moment: float, send: Send) -> Send:
    async def send_in_time(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(moment - time.monotonic())
        await send(message)

    return send_in_time


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport | None = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        raise RuntimeError("This fault breaks a connection: run the simulator with revtops_tui.simulators.server.")
    return transport
