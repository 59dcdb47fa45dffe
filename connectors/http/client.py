"""`HttpClient`: what a connector asks its vendor with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, Unpack

from connectors.errors import RateLimitedError, VendorUnavailableError
from connectors.http.breaker import Breaker
from connectors.http.call import Call, Failure, RequestOptions, encode_body
from connectors.http.rates import BudgetLeft, Pacer, RateBudget
from connectors.http.retries import AgainError, Judge, Retrier
from connectors.http.sender import Sender
from connectors.http.traffic import Exchange, HeldBackError, HeldRequest, held
from connectors.http.urls import Params, join, with_params
from connectors.http.waiting import Waiting
from connectors.redaction import Redactor

if TYPE_CHECKING:
    import httpx2

_AGENT = "revtops"
_UNAUTHORIZED = 401


def is_refusal(answer: httpx2.Response) -> bool:
    """Whether an answer refuses the credentials, as HTTP has it."""
    return answer.status_code == _UNAUTHORIZED


class HttpClient:
    """A pooled client with authentication, pacing, safe retries, a circuit breaker and redacted traffic.

    Args:
        base_url: what relative URLs are below; its path prefix is kept.
        locate: asked once, before the first request, for the address that takes the place of `base_url`.
        auth_headers: asked before each attempt. They go to the base URL's origin and nowhere else.
        renew: asked when the credentials of a request were refused; where it finds other ones, the request is sent
            once more with them. A refused request was not carried out, so that is safe for any of them.
        refused: whether an answer refuses the credentials.
        budgets: how many requests the vendor allows; requests name theirs with `budget`.
        keep_budgets: False where the base URL is not the vendor's own: a simulator or a self-hosted instance has limits
            of its own, and only those that its answers state are kept.
        timeout, deadline: seconds a single read may take, and a whole attempt.
        attempts: how often a request is tried at most, the first time included.
        longest_wait: seconds; a vendor that asks for more patience gets a RateLimitedError instead.
        on_exchange: called after each attempt. Without it nothing is recorded, and nothing spent on it.
        hold: called with each request that would change something, and the request is not sent: for a dry run.
        on_wait: called with the reason when requests wait ("rate limit: 3 s"), with None when they go on.
        cancelled: asked before each attempt and while waiting; then a SyncCancelledError is raised.
        secrets: the values to mask wherever they appear.
        system: the vendor's name, for errors.
        clock, sleep: monotonic seconds and how they pass.
    """

    def __init__(
        self,
        base_url: str = "",
        *,
        locate: Callable[[], Awaitable[str]] | None = None,
        auth_headers: Callable[[], Awaitable[Mapping[str, str]]] | None = None,
        renew: Callable[[httpx2.Request], Awaitable[bool]] | None = None,
        refused: Callable[[httpx2.Response], bool] = is_refusal,
        budgets: Sequence[RateBudget] = (),
        keep_budgets: bool = True,
        timeout: float = 30.0,
        deadline: float = 120.0,
        attempts: int = 5,
        longest_wait: float = 60.0,
        on_exchange: Callable[[Exchange], None] | None = None,
        hold: Callable[[HeldRequest], None] | None = None,
        on_wait: Callable[[str | None], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        secrets: Callable[[], Iterable[str]] = tuple,
        system: str = "the vendor",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base_url = base_url
        self.requests = 0
        """How many requests were asked for so far."""
        self._locate = locate
        self._auth_headers = auth_headers
        self._renew = renew
        self._refused = refused
        self._timeout, self._deadline = timeout, deadline
        self._longest_wait = longest_wait
        self._on_exchange = on_exchange
        self._hold = hold
        self._system = system
        self._clock = clock
        self._redactor = Redactor(secrets)
        self._judge = Judge(system, self._redactor, longest_wait)
        self._breaker = Breaker(clock)
        self._waiting = Waiting(on_wait, cancelled, clock, sleep)
        self._retrier = Retrier(attempts, longest_wait, self._waiting)
        names = {"default", *(budget.name for budget in budgets)}
        kept = budgets if keep_budgets else ()
        self._pacers = {name: Pacer([b for b in kept if b.name == name], clock) for name in names}
        self._sender: Sender | None = None

    @property
    def left(self) -> BudgetLeft | None:
        """What is left of the tightest budget that was spent from; None where nothing is known of any."""
        known = [left for pacer in self._pacers.values() if (left := pacer.left()) is not None]
        return min(known, key=lambda left: left.requests, default=None)

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        json: Any = None,
        content: bytes | str | None = None,
        data: Params | None = None,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        reads: bool = False,
        expect: Container[int] = (),
        budget: str = "default",
        timeout: float | None = None,  # noqa: ASYNC109 - of each read, which asyncio.timeout cannot say
        most: int | None = None,
    ) -> httpx2.Response:
        """Ask the vendor and return its answer, the body read.

        Args:
            url: below the base URL, or absolute.
            json, content, data, files: the body: JSON, bytes, a form, or a multipart form (`files`, with `data`).
            repeatable: whether carrying it out twice does no harm. None goes by the method; True suits a write
                that carries an id of its own; False forbids any repetition of a request that reached the vendor.
            reads: it changes nothing, though its method does not say so: it may be repeated, and is sent in a dry run.
            expect: statuses from 300 on that are answers, not errors.
            budget: the name of the `RateBudget` that it is paid from.
            timeout: seconds, in place of the client's.
            most: bytes of the body to read, where its length is in the hands of somebody who is not trusted. The rest
                is dropped with the connection, and what is packed stays packed.

        Raises a ConnectorError: see `docs/http.md` for which status becomes which, and what is repeated.
        """
        if budget not in self._pacers:
            raise ValueError(f"no rate budget is named {budget!r}; declared are {', '.join(sorted(self._pacers))}")
        self.requests += 1
        await self._find_base_url()
        body, content_type = encode_body(json, content, data, files)
        call = Call(
            method=method.upper(),
            url=with_params(join(self.base_url, url), params),
            headers={**({"content-type": content_type} if content_type else {}), **(headers or {})},
            body=body,
            repeatable=reads or repeatable,
            expect=expect,
            pacer=self._pacers[budget],
            timeout=timeout,
            most=most,
            reads=reads,
        )
        if self._hold is not None and call.may_change:
            self._hold(held(call, self._redactor))
            raise HeldBackError
        self._refuse_while_down()
        try:
            response = await self._with_retries(call)
        except VendorUnavailableError:
            self._breaker.failed()
            raise
        except BaseException as error:
            self._breaker.ended(answered=getattr(error, "status", None) is not None)
            raise
        self._breaker.ended(answered=True)
        return response

    async def get(self, url: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """`request` with GET."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """`request` with POST: repeated only after a refusal, unless it is said to be repeatable."""
        return await self.request("POST", url, **options)

    async def put(self, url: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """`request` with PUT."""
        return await self.request("PUT", url, **options)

    async def patch(self, url: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """`request` with PATCH: repeated only after a refusal, unless it is said to be repeatable."""
        return await self.request("PATCH", url, **options)

    async def delete(self, url: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """`request` with DELETE."""
        return await self.request("DELETE", url, **options)

    async def aclose(self) -> None:
        """Close the connections. A later request opens new ones."""
        if self._sender is not None:
            sender, self._sender = self._sender, None
            await sender.wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _find_base_url(self) -> None:
        if (locate := self._locate) is not None:
            self.base_url = await locate()
            self._locate = None

    async def _with_retries(self, call: Call) -> httpx2.Response:
        try:
            return await self._attempt(call)
        except AgainError as first:
            failed = first
        try:
            return await self._retrier.go_on(call, failed, self._attempt)
        except AgainError as last:
            error = last.error
        raise error

    async def _attempt(self, call: Call) -> httpx2.Response:
        await self._wait_for_budget(call)
        self._waiting.stop_if_cancelled()
        call.attempt += 1
        request, answer = await self._open().send(call)
        if not call.renewed and await self._has_renewed(request, answer):
            call.renewed = True
            request, answer = await self._open().send(call)
        call.waited = 0.0
        return self._judge.settle(call, request, answer)

    async def _has_renewed(self, request: httpx2.Request, answer: httpx2.Response | Failure) -> bool:
        """Whether the credentials were refused, and there are others now."""
        if self._renew is None or isinstance(answer, Failure) or not self._refused(answer):
            return False
        return await self._renew(request)

    async def _wait_for_budget(self, call: Call) -> None:
        while (delay := call.pacer.delay()) > 0:
            if delay > self._longest_wait:
                raise RateLimitedError(
                    f"{self._system} allows no further request for {delay:.0f} s.", retry_after=delay
                )
            call.waited += await self._waiting.pause(delay, "rate limit")

    def _refuse_while_down(self) -> None:
        if seconds := self._breaker.refuses_for():
            raise VendorUnavailableError(
                f"{self._system} was not available {self._breaker.count} times in a row; "
                f"it is left alone for another {seconds:.0f} s."
            )

    def _open(self) -> Sender:
        if self._sender is None:
            from connectors.http.wire import Wire

            self._sender = Sender(
                Wire(self._timeout, self._deadline, _AGENT),
                base_url=self.base_url,
                auth_headers=self._auth_headers,
                redactor=self._redactor,
                on_exchange=self._on_exchange,
                clock=self._clock,
                system=self._system,
            )
        return self._sender
