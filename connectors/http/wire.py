"""The pooled connections: one request out, an answer or a failure in.

HTTP is imported here, in `websocket` and in `public`, and nowhere else.
httpx2 is the face, its Request and Response are what the rest sees. aiohttp carries the bytes: its parser is compiled.
"""

from __future__ import annotations

import asyncio
import io
import logging
import re
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import aiohttp
import httpx2
from yarl import URL

from connectors.http.call import Failure, UnsendableError
from connectors.http.proxies import Proxies

_QUIET = ("aiohttp", "httpx2", "httpcore2")
"""Their log lines carry addresses, headers and cookies. What was exchanged is told by `on_exchange`, redacted."""

_CONNECTIONS, _CONNECTIONS_PER_HOST = 100, 20
_KEPT_IDLE = 5.0
"""Seconds; shorter than servers keep an idle connection, so that few are closed under a request."""
_LONGEST_HEADER = 64 * 1024
"""Bytes; aiohttp's 8 kB are less than some vendors' Link and policy headers."""
_LARGE_BODY = 1024 * 1024
"""Bytes; a larger body is written in pieces, between which other requests get their turn."""

_LONGEST_QUERY = 32 * 1024
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLAIN_QUERY = re.compile(r"(?:[0-9A-Za-z._~!$&()*+,;=:@/?-]+|%[0-9A-Fa-f]{2})*+")
"""A query that means itself (RFC 3986, 3.4)."""
RawHeaders = tuple[tuple[bytes, bytes], ...]

_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
_ILLEGAL = "its address or a header is not one that HTTP allows"


class _BrokenError(aiohttp.ClientError):
    """A connection broke under a request; its cause says how."""


class Outgoing(httpx2.Request):
    """A request that becomes httpx2's once somebody looks at it. What is sent needs nothing of that, and few do look.

    Args:
        target: the URL as it is sent.
        timeout, most: see `HttpClient.request`.
    """

    def __init__(
        self, method: str, target: str, sent: dict[str, str], body: bytes | None, timeout: float, most: int | None
    ) -> None:
        self.method, self.target, self.sent, self.body = method, target, sent, body
        self.timeout, self.most = timeout, most

    def __getattr__(self, name: str) -> Any:
        if "url" in vars(self):
            raise AttributeError(name)
        super().__init__(self.method, self.target, headers=self.sent, content=self.body)
        return getattr(self, name)


class Wire:
    """One pool of connections, and the timeouts that hold on it. Made and used in one running event loop.

    Args:
        timeout: seconds that getting a connection, and each single read, may take.
        deadline: seconds that a whole exchange may take, its body included. A timeout of single reads alone never
            ends an answer that drips one byte at a time.
    """

    def __init__(self, timeout: float, deadline: float, agent: str) -> None:
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.ERROR)
        self._timeout = timeout
        self._deadline = deadline
        self._headers = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": agent}
        self._proxies = Proxies()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=_CONNECTIONS, limit_per_host=_CONNECTIONS_PER_HOST, keepalive_timeout=_KEPT_IDLE
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            auto_decompress=False,  # httpx2's Response does it
            middlewares=(_only_once,),
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
        )

    async def send(self, request: Outgoing) -> httpx2.Response | Failure:
        """Send once, follow nothing, and read the body to its end."""
        timeout = request.timeout
        deadline = max(self._deadline, timeout)
        try:
            async with asyncio.timeout(deadline):
                return await self._exchange(request)
        except _NEVER_SENT as cause:  # before ValueError, which a certificate that is not trusted also is
            return Failure(cause, _words(cause, timeout), sent=False)
        except ValueError:
            pass  # raised below, without this one as its context: its text quotes the address
        except (aiohttp.ClientError, httpx2.DecodingError) as cause:
            return Failure(cause, _words(cause, timeout))
        except TimeoutError as cause:
            return Failure(cause, f"the answer was not complete after {deadline:g} s")
        raise UnsendableError(_ILLEGAL)

    def build(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float | None,
        most: int | None = None,
    ) -> Outgoing:
        """A request as `send` takes it, from a URL that is encoded already. Raises UnsendableError."""
        try:
            target = _target(url)
        except httpx2.InvalidURL:
            target = ""  # as in `send`
        if not target.startswith(("http://", "https://")) or not _may_be_sent(headers):
            raise UnsendableError(_ILLEGAL)
        merged = {**self._headers, **{name.lower(): value for name, value in headers.items()}}
        return Outgoing(method, target, merged, body, self._timeout if timeout is None else timeout, most)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _exchange(self, request: Outgoing) -> httpx2.Response:
        url = URL(request.target, encoded=True)
        await _notice_closed_connections()
        answer = await self._session.request(
            request.method,
            url,
            headers=request.sent,
            data=_body(request.body),
            allow_redirects=False,
            proxy=self._proxies.of(url.scheme, url.raw_host or ""),
            ssl=tls() if url.scheme == "https" else True,
            timeout=_timeouts(request.timeout),
        )
        most = request.most
        body = httpx2.ByteStream(await (_whole(answer) if most is None else _beginning(answer, most)))
        headers = answer.raw_headers if most is None else _as_it_is(answer.raw_headers)
        response = httpx2.Response(answer.status, headers=headers, stream=body, request=request)
        response.read()
        return response


async def _only_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending again by itself: it repeats idempotent methods on a broken connection, and cannot know
    which requests must run once. What is repeated is decided in `retries`."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as cause:
        raise _BrokenError from cause


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    """The body. Where only the end of the connection ends it, aiohttp takes a reset for such an end."""
    connection = answer.connection
    if connection is None or "content-length" in answer.headers or "transfer-encoding" in answer.headers:
        return await answer.read()
    protocol = connection.protocol
    body = await answer.read()
    if protocol is not None and isinstance(ended := protocol.exception(), aiohttp.ClientOSError):
        raise _BrokenError from ended
    return body


async def _beginning(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The first bytes of the body. Where there are more, the connection is closed under the rest."""
    body = bytearray()
    async for piece in answer.content.iter_chunked(_LARGE_BODY):
        body += piece[: most - len(body)]
        if len(body) == most:
            answer.close()
            break
    return bytes(body)


def _as_it_is(headers: RawHeaders) -> RawHeaders:
    """The headers of a body that is not to be unpacked: a small one can become a very large one."""
    return tuple(pair for pair in headers if pair[0].lower() != b"content-encoding")


async def _notice_closed_connections() -> None:
    """Let the event loop read what arrived, so that the pool drops connections that the server closed while idle.

    A POST on such a connection would be one whose outcome is unknown. Turns of the loop: to look at the sockets, to
    read the end of the stream, and with TLS to close what is below.
    """
    for _ in range(3):
        await asyncio.sleep(0)


def _may_be_sent(headers: Mapping[str, str]) -> bool:
    """Whether the headers are single lines, without stray blanks or control characters (RFC 9110, 5.1 and 5.5)."""
    return all(
        _HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable() and value == value.strip()
        for name, value in headers.items()
    )


def _target(url: str) -> str:
    """The URL as httpx2 sends it, which looks at each character: of a plain query, the longest part, none is changed.

    Raises httpx2.InvalidURL.
    """
    address, _, query = url.partition("?")
    if query and len(query) < _LONGEST_QUERY and "#" not in address and _PLAIN_QUERY.fullmatch(query):
        return f"{_address(address)}?{query}"
    return str(httpx2.URL(url))


@lru_cache(maxsize=256)
def _address(url: str) -> str:
    return str(httpx2.URL(url))


def _body(content: bytes | None) -> bytes | io.BytesIO | None:
    return io.BytesIO(content) if content and len(content) > _LARGE_BODY else content or None


@lru_cache(maxsize=8)
def _timeouts(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=seconds, sock_read=seconds)


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """Verifies certificates, by what the operating system trusts. Made once: reading that takes long."""
    return httpx2.create_ssl_context()


def encode_multipart(data: Mapping[str, Any] | None, files: Any) -> tuple[bytes, str]:
    """A multipart body, read whole so that it can be sent again, and its content type."""
    request = httpx2.Request("POST", "http://localhost", data=data, files=files)
    return request.read(), request.headers["content-type"]


def _words(cause: Exception, timeout: float) -> str:
    match cause:
        case aiohttp.ConnectionTimeoutError():
            return f"no connection was free or could be made in {timeout:g} s"
        case aiohttp.ServerTimeoutError():
            return f"nothing came or went for {timeout:g} s"
        case aiohttp.ClientConnectorError():
            return f"no connection could be made ({cause.__cause__})"
        case aiohttp.ClientHttpProxyError():
            return f"the proxy refused with HTTP {cause.status}"
        case httpx2.DecodingError():
            return "the answer could not be decompressed"
        case _BrokenError() if isinstance(cause.__cause__, aiohttp.ClientOSError):
            return "the connection broke"
        case _:
            return "the answer broke off or was not HTTP"
