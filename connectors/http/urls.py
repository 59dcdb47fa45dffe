"""Addresses: joined to the base URL, with parameters, and whose they are."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode, urljoin, urlsplit

Scalar = str | int | float | bool | dt.datetime | dt.date | None
Params = Mapping[str, Scalar | Sequence[Scalar]]
"""Query parameters. None is left out, a sequence repeats the name; booleans are `true` and `false`, times ISO-8601."""

_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """What credentials belong to (RFC 6454)."""

    scheme: str = ""
    host: str = ""
    port: int | None = None


def origin(url: str) -> Origin:
    """The origin of a URL, all empty where it is none."""
    try:
        parts = urlsplit(url)
        return Origin(parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme))
    except ValueError:
        return Origin()


def is_at(url: str, host: str) -> bool:
    """Whether a URL is the root of the host, or of one below it, over https, and says nothing else.

    So narrow, because what is at it will be sent a token, and two parsers may differ about anything wider.
    """
    return re.fullmatch(rf"https://([a-z0-9-]+\.)*{re.escape(host)}/?", url, re.ASCII) is not None


def redirected(url: str, location: str) -> str:
    """The address that a Location header means; the header itself where it means none."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def join(base: str, url: str) -> str:
    """`url` itself where it is absolute, else below `base`, whose path prefix is kept."""
    if _ABSOLUTE.match(url):
        return url
    return f"{base.rstrip('/')}/{url.lstrip('/')}" if url else base


def with_params(url: str, params: Params | None) -> str:
    """`url` with the parameters added to those it has. Spaces become %20, which every vendor reads."""
    if not params:
        return url
    query = encode_pairs(params)
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def encode_pairs(pairs: Params) -> str:
    """A query string or form body."""
    flat: list[tuple[str, str]] = []
    for name, value in pairs.items():
        if isinstance(value, (list, tuple)):
            flat.extend((name, _text(item)) for item in value if item is not None)
        elif value is not None:
            flat.append((name, _text(value)))
    return urlencode(flat, quote_via=quote, safe=",")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.date) else str(value)
