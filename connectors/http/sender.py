"""One attempt: authenticated, sent, followed where it is redirected, and shown to whoever watches the traffic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from connectors.errors import InvalidInputError
from connectors.http import answers
from connectors.http.call import Failure, UnsendableError
from connectors.http.rates import read_limits
from connectors.http.traffic import Exchange, describe
from connectors.http.urls import origin, redirected
from connectors.redaction import is_sensitive

if TYPE_CHECKING:
    import httpx2

    from connectors.http.call import Call
    from connectors.http.wire import Outgoing, Wire
    from connectors.redaction import Redactor

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FOLLOWED = frozenset({"GET", "HEAD"})
_MOST_REDIRECTS = 5


class Sender:
    """Sends calls over a wire. Credentials go to the base URL's origin and nowhere else."""

    def __init__(
        self,
        wire: Wire,
        base_url: str,
        auth_headers: Callable[[], Awaitable[Mapping[str, str]]] | None,
        redactor: Redactor,
        on_exchange: Callable[[Exchange], None] | None,
        clock: Callable[[], float],
        system: str,
    ) -> None:
        self.wire = wire
        self._below_base = f"{base_url.rstrip('/')}/"
        self._origin = origin(base_url) if base_url else None
        self._auth_headers = auth_headers
        self._redactor = redactor
        self._on_exchange = on_exchange
        self._clock = clock
        self._system = system

    async def send(self, call: Call) -> tuple[httpx2.Request, httpx2.Response | Failure]:
        """The last request that the call led to, and what came of it.

        Raises InvalidInputError for a request that cannot be sent, or is redirected where it must not follow.
        """
        url = call.url
        for _ in range(_MOST_REDIRECTS + 1):
            request = await self._prepare(call, url)
            answer = await self._exchange(call, request)
            location = self._redirected_to(call, answer)
            if location is None:
                return request, answer
            url = redirected(url, location)
            self._refuse_to_follow(call, request, url)
        raise self._misdirected(request, "redirects without end")

    async def _prepare(self, call: Call, url: str) -> Outgoing:
        where = self._origin if self._origin and url.startswith(self._below_base) else origin(url)
        if not where.host:
            raise self._unsendable(call, "its address is not a web address")
        headers = call.headers
        if self._auth_headers is not None and where == self._origin:
            headers = {**await self._auth_headers(), **headers}
        elif url is not call.url and where != origin(call.url):
            headers = {name: value for name, value in headers.items() if not self._is_secret(name, value)}
        try:
            return self.wire.build(call.method, url, headers, call.body, call.timeout, call.most)
        except UnsendableError as error:
            raise self._unsendable(call, str(error)) from None

    def _is_secret(self, name: str, value: str) -> bool:
        return is_sensitive(name) or self._redactor.text(value) != value

    async def _exchange(self, call: Call, request: Outgoing) -> httpx2.Response | Failure:
        began = self._clock()
        call.pacer.start()
        try:
            answer = await self.wire.send(request)
        except UnsendableError as error:
            raise self._unsendable(call, str(error)) from None
        finally:
            call.pacer.finish()
        if not isinstance(answer, Failure):
            call.pacer.learn(read_limits(answer.headers.raw))
        if self._on_exchange is not None:
            self._on_exchange(describe(call, request, answer, self._clock() - began, self._redactor))
        return answer

    def _redirected_to(self, call: Call, answer: httpx2.Response | Failure) -> str | None:
        if isinstance(answer, Failure) or answer.status_code not in _REDIRECTS or answer.status_code in call.expect:
            return None
        return answer.headers.get("location")

    def _refuse_to_follow(self, call: Call, request: httpx2.Request, url: str) -> None:
        if call.method not in _FOLLOWED or call.body is not None:
            raise self._misdirected(request, "redirects a request that must not be sent elsewhere")
        if request.url.scheme == "https" and origin(url).scheme != "https":
            raise self._misdirected(request, "redirects to an address without encryption")

    def _misdirected(self, request: httpx2.Request, what: str) -> InvalidInputError:
        where = answers.target(request, self._redactor)
        return InvalidInputError(
            f"{self._system} {what} ({where}).", hint="Check the connection's base URL: the API may have moved."
        )

    def _unsendable(self, call: Call, why: str) -> InvalidInputError:
        return InvalidInputError(
            f"A {call.method} request to {self._system} could not be sent: {why}.",
            hint="Check the base URL, and the credentials for a line break or another stray character.",
        )
