"""The pooled connection: one request out, an answer or a failure in. The only module that imports the HTTP library."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.request import getproxies

import httpx2

from connectors.http.call import Failure, UnsendableError

_QUIET = ("httpx2", "httpcore2")
"""Their log lines carry whole URLs and answer headers. What was exchanged is told by `on_exchange`, redacted."""

_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)


class Wire:
    """One connection pool, and the timeouts that hold on it.

    Args:
        timeout: seconds that connecting, and each single read or write, may take.
        deadline: seconds that a whole exchange may take, its body included. A timeout of single reads alone never
            ends an answer that drips one byte at a time.
    """

    def __init__(self, timeout: float, deadline: float, agent: str) -> None:
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
        self._timeout = timeout
        self._deadline = deadline
        self._client = httpx2.AsyncClient(headers={"User-Agent": agent}, verify=_tls(), mounts=_unproxied())
        self._headers = dict(self._client.headers)

    async def send(self, request: httpx2.Request) -> httpx2.Response | Failure:
        """Send once, follow nothing, and read the body to its end."""
        timeout = request.extensions["timeout"]["read"]
        deadline = max(self._deadline, timeout)
        try:
            async with asyncio.timeout(deadline):
                return await self._client.send(request)
        except (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol):
            pass  # raised below, without this one as its context: its text quotes the header
        except httpx2.HTTPError as cause:
            return Failure(cause, _words(cause, timeout), sent=not isinstance(cause, _NEVER_SENT))
        except TimeoutError as cause:
            return Failure(cause, f"the answer was not complete after {deadline:g} s")
        raise UnsendableError("its address or a header is not one that HTTP allows")

    def build(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float | None
    ) -> httpx2.Request:
        """A request as `send` takes it. Raises UnsendableError.

        Built by hand from an encoded URL: merging base URL, parameters, headers and cookies is a tenth of the cost of
        a request in the library, and cookies of a vendor's are none of an API client's business.
        """
        seconds = self._timeout if timeout is None else timeout
        timeouts = {"connect": seconds, "read": seconds, "write": seconds, "pool": seconds}
        merged = {**self._headers, **{name.lower(): value for name, value in headers.items()}}
        try:
            return httpx2.Request(method, url, headers=merged, content=body, extensions={"timeout": timeouts})
        except (httpx2.InvalidURL, UnicodeEncodeError):
            pass  # as in `send`
        raise UnsendableError("its address or a header is not one that HTTP allows")

    async def aclose(self) -> None:
        """Close the pool."""
        await self._client.aclose()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Verifies certificates. Made once: reading the trusted ones takes as long as fifty requests."""
    return httpx2.create_ssl_context()


def _unproxied() -> dict[str, None]:
    """Where a proxy of the environment does not apply: simulators listen on loopback, which no proxy can reach."""
    return {f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")} if getproxies() else {}


def encode_multipart(data: Mapping[str, Any] | None, files: Any) -> tuple[bytes, str]:
    """A multipart body, read whole so that it can be sent again, and its content type."""
    request = httpx2.Request("POST", "http://localhost", data=data, files=files)
    return request.read(), request.headers["content-type"]


def _words(cause: Exception, timeout: float) -> str:
    match cause:
        case httpx2.PoolTimeout():
            return f"all connections were busy for {timeout:g} s"
        case httpx2.ConnectTimeout():
            return f"connecting took longer than {timeout:g} s"
        case httpx2.TimeoutException():
            return f"nothing came or went for {timeout:g} s"
        case httpx2.ConnectError():
            return f"no connection could be made ({cause})"
        case httpx2.ProxyError():
            return f"the proxy refused ({cause})"
        case httpx2.DecodingError():
            return "the answer could not be decompressed"
        case httpx2.RemoteProtocolError():
            return "the answer broke off or was not HTTP"
        case _:
            return "the connection broke"
