"""What a search request asks for: words, and what every provider can narrow them down by."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.errors import InvalidInputError
from connectors.wording import printable

FRESHNESS = ("day", "week", "month", "year")
MOST_RESULTS = 20
"""Tavily's and Brave's most; the others would give more."""
_DEFAULT_RESULTS = 10

_OPTION = re.compile(r"(?:^|(?<=\s))(provider|site|freshness|limit):(\S+)", re.IGNORECASE)
_SITE = re.compile(r"(?:[a-z0-9-]+\.)+[a-z0-9-]{2,}")


@dataclass(frozen=True)
class Search:
    """A request, read. `provider` and `freshness` are empty where they were left out."""

    words: str
    provider: str = ""
    sites: tuple[str, ...] = ()
    freshness: str = ""
    limit: int = _DEFAULT_RESULTS


def parse(request: str) -> Search:
    """Read `acme pricing site:acme.com freshness:month limit:5 provider:exa`. Raises InvalidInputError."""
    given: dict[str, list[str]] = {}
    for name, value in _OPTION.findall(request):
        given.setdefault(name.lower(), []).append(value.lower())
    words = " ".join(_OPTION.sub(" ", request).split())
    if not words:
        raise InvalidInputError("There is nothing to search for.", hint="For example: acme pricing freshness:month")
    for name in ("provider", "freshness", "limit"):
        if len(given.get(name, ())) > 1:
            raise InvalidInputError(f"`{name}:` is given more than once.")
    return Search(
        words,
        provider=given.get("provider", [""])[0],
        sites=tuple(dict.fromkeys(_site(value) for value in given.get("site", ()))),
        freshness=_freshness(given.get("freshness", [""])[0]),
        limit=_limit(given.get("limit", [str(_DEFAULT_RESULTS)])[0]),
    )


def _site(value: str) -> str:
    if not _SITE.fullmatch(value):
        raise InvalidInputError(f"{printable(value)!r} is not a site.", hint="A domain alone: site:acme.com")
    return value


def _freshness(value: str) -> str:
    if value and value not in FRESHNESS:
        raise InvalidInputError(f"There is no freshness {printable(value)}.", hint=f"One of: {', '.join(FRESHNESS)}.")
    return value


def _limit(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= MOST_RESULTS:
        raise InvalidInputError(f"The limit must be from 1 to {MOST_RESULTS}, not {printable(value)}.")
    return int(value)
