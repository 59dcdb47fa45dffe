"""Pages of the public internet, at addresses that somebody else has chosen: fetched without credentials, guarded.

An address can lead back: to this machine, to the network it is in, to the metadata of the cloud it runs in. So the
guard is where a connection is made, on the very address that is about to be connected to. What a name resolved to a
moment before, how an address is written and which redirect it came from make no difference there.
"""

from __future__ import annotations

import asyncio
import re
import socket
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from connectors.errors import (
    ConnectorError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    VendorUnavailableError,
)
from connectors.http.addresses import is_public, is_public_host
from connectors.http.wire import tls
from connectors.wording import printable

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver
    from aiohttp.connector import AddrInfoType

_AGENT = "revtops"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_PIECE = 64 * 1024
_LONGEST_URL = 4_000
_STRAY = re.compile(r"[\x00-\x20\x7f\\]")
"""What parsers of addresses disagree on, and no address needs."""
_GZIP = 31
"""zlib's name for it."""
_BY_STATUS: dict[int, type[ConnectorError]] = {
    401: PermissionDeniedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    410: NotFoundError,
    429: RateLimitedError,
}


@dataclass(frozen=True)
class PublicPage:
    """What was at an address. `url` is where the redirects ended; `kind` the content type without its parameters."""

    url: str
    kind: str
    charset: str | None
    body: bytes = field(repr=False)


class PublicWeb:
    """Fetches pages of the public internet. The arguments are for tests, which have a server of their own to reach.

    No proxy is used: it would look names up by itself, and connect to whatever it finds.

    Args:
        allowed: whether an IP address may be connected to.
        ports: the ports that may be.
        resolver: who looks names up; the operating system by default.
        seconds: what a page may take, with its redirects.
        most_bytes: how large it may be, unpacked as well.
    """

    def __init__(
        self,
        *,
        allowed: Callable[[str], bool] = is_public,
        ports: Collection[int] = (80, 443),
        resolver: AbstractResolver | None = None,
        seconds: float = 20.0,
        most_bytes: int = 10 * 1024 * 1024,
    ) -> None:
        self._allowed = allowed
        self._ports = ports
        self._resolver = resolver
        self._seconds = seconds
        self._most_bytes = most_bytes

    async def get(self, url: str, kinds: Collection[str]) -> PublicPage:
        """The page at an address, if it is of one of these content types. Redirects are followed, each one guarded.

        Raises InvalidInputError for an address that is not on the public internet, and for a page that is too large or
        of another type; NotFoundError, PermissionDeniedError, RateLimitedError and VendorUnavailableError by what the
        server answered, the last one also where it did not, or not in time.
        """
        address = self._checked(url).with_fragment(None)
        try:
            async with asyncio.timeout(self._seconds):
                for _ in range(_MOST_REDIRECTS + 1):
                    found = await self._visit(address, kinds)
                    if isinstance(found, PublicPage):
                        return found
                    address = self._checked(found).with_fragment(None)
        except TimeoutError:
            raise VendorUnavailableError(f"{_name(address)} took more than {self._seconds:g} s.", hint="") from None
        raise InvalidInputError(f"{_name(address)} redirects without end.")

    def handed_on(self, url: str) -> str:
        """An address that somebody else is asked to fetch, once its form is checked; nothing is looked up.

        Whoever fetches it does so from a network of their own, where the guard is theirs. What is kept here is that
        addresses of this machine and its network, which tell about it, go to nobody. Raises InvalidInputError.
        """
        address = self._checked(url)
        if not is_public_host(address.raw_host or ""):
            raise InvalidInputError(
                f"{_name(address)} is not on the public internet. It was not handed on.",
                hint="Addresses of this machine and of its network are told to nobody.",
            )
        return str(address)

    def _checked(self, url: str) -> URL:
        try:
            address = None if _STRAY.search(url) or len(url) > _LONGEST_URL else URL(url)
            host, port = (address.raw_host, address.port) if address else (None, None)
        except ValueError:
            address = host = None
        if address is None or not host or address.scheme not in ("http", "https"):
            raise InvalidInputError(
                f"{printable(url, 80)!r} is not a web address.", hint="It begins with https:// or http://."
            )
        if address.user is not None or address.password is not None:
            raise InvalidInputError("The address holds a user name or a password; no credentials are sent to pages.")
        if port not in self._ports:
            raise InvalidInputError(f"{_name(address)} is at port {port}; pages are fetched from 80 and 443 only.")
        return address

    async def _visit(self, address: URL, kinds: Collection[str]) -> PublicPage | str:
        """The page, or the address that it is at now."""
        refused: list[str] = []

        def guarded(info: AddrInfoType) -> socket.socket:
            family, kind, protocol, _, (ip, *_) = info
            if not self._allowed(str(ip)):
                refused.append(str(ip))
                raise PermissionError(f"{ip} is not public")
            return socket.socket(family, kind, protocol)

        # A session for each hop: nothing of one page, neither connection nor cookie, is there for the next.
        connector = aiohttp.TCPConnector(
            resolver=self._resolver, use_dns_cache=False, force_close=True, socket_factory=guarded, ssl=tls()
        )
        async with aiohttp.ClientSession(
            connector=connector,
            connector_owner=True,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers={"User-Agent": _AGENT, "Accept": ", ".join(kinds), "Accept-Encoding": "gzip"},
        ) as session:
            try:
                async with session.get(address, allow_redirects=False, timeout=aiohttp.ClientTimeout()) as answer:
                    return await self._answer(address, answer, kinds)
            except (aiohttp.ClientError, OSError, zlib.error) as cause:
                failure = _failure(address, cause, refused)
        raise failure

    async def _answer(self, address: URL, answer: aiohttp.ClientResponse, kinds: Collection[str]) -> PublicPage | str:
        location = answer.headers.get("Location")
        if answer.status in _REDIRECTS and location:
            return urljoin(str(address), location)
        if answer.status != 200:
            error = _BY_STATUS.get(answer.status, VendorUnavailableError)
            raise error(f"{_name(address)} answered with HTTP {answer.status}.", hint="")
        kind = answer.content_type.lower() if "Content-Type" in answer.headers else ""
        if kind not in kinds:
            raise InvalidInputError(f"{_name(address)} is {printable(kind) or 'of no type'}, which is not read.")
        return PublicPage(str(address), kind, answer.charset, await self._body(address, answer))

    async def _body(self, address: URL, answer: aiohttp.ClientResponse) -> bytes:
        packing = answer.headers.get("Content-Encoding", "").strip().lower()
        if packing not in ("", "identity", "gzip"):
            raise InvalidInputError(f"{_name(address)} is packed as {printable(packing)}, which was not asked for.")
        unpacker = zlib.decompressobj(_GZIP) if packing == "gzip" else None
        body, received = bytearray(), 0
        async for piece in answer.content.iter_chunked(_PIECE):
            received += len(piece)
            # One byte more than there is room for is enough to know; a bomb is never unpacked.
            body += unpacker.decompress(piece, self._most_bytes - len(body) + 1) if unpacker else piece
            if max(received, len(body)) > self._most_bytes:
                raise InvalidInputError(f"{_name(address)} is larger than {self._most_bytes / 1024**2:g} MB; not read.")
        if unpacker and (unpacker.unused_data or not unpacker.eof):
            raise VendorUnavailableError(f"{_name(address)} broke off.", hint="")
        return bytes(body)


def _name(address: URL) -> str:
    """An address as a sentence may have it: without its query and fragment, which may hold anything."""
    return printable(str(address.with_query(None).with_fragment(None)), 120)


def _failure(address: URL, cause: Exception, refused: list[str]) -> ConnectorError:
    if refused:
        return InvalidInputError(
            f"{_name(address)} leads to {refused[0]}, which is not on the public internet. It was not fetched.",
            hint="Pages of this machine and of its network are never fetched.",
        )
    match cause:
        case aiohttp.InvalidURL():
            return InvalidInputError(f"{_name(address)} is not a web address.")
        case aiohttp.ClientConnectorDNSError():
            why = "has a name that nobody knows"
        case aiohttp.ClientConnectorCertificateError():
            why = "has a certificate that is not trusted"
        case aiohttp.ClientConnectorError():
            why = "does not accept connections"
        case _:
            why = "broke off, or its answer was not HTTP"
    return VendorUnavailableError(f"{_name(address)} {why}.", hint="")
