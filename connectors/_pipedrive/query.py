"""What a person or an agent looks for in Pipedrive: its item search, and the search of one type.

maple
deals: maple expansion limit 20
persons: "ada.ellis@maple.example"
{"type": "deals", "term": "maple", "status": "won"}

Facts are from "ItemSearch" and the `/search` operations of Pipedrive's OpenAPI document of v2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors._pipedrive.reading import Reader
from connectors._pipedrive.records import Item
from connectors.errors import InvalidInputError

_TYPES = {
    "deals": "/api/v2/deals/search",
    "persons": "/api/v2/persons/search",
    "organizations": "/api/v2/organizations/search",
    "products": "/api/v2/products/search",
    "leads": "/api/v2/leads/search",
    "projects": "/api/v2/projects/search",
}
_ALIASES = {
    "contacts": "persons", "contact": "persons", "accounts": "organizations", "account": "organizations",
    **{name[:-1]: name for name in _TYPES},
}  # fmt: skip
_ANY = "/api/v2/itemSearch"
_FILTERS = {
    _ANY: ("item_types", "fields"),
    "deals": ("fields", "person_id", "organization_id", "status"),
    "persons": ("fields", "organization_id"),
    "organizations": ("fields",),
    "products": ("fields",),
    "leads": ("fields", "person_id", "organization_id"),
    "projects": ("fields", "person_id", "organization_id"),
}
_TYPED = re.compile(r"(\w+)\s*:\s*(.*)", re.DOTALL)
_LIMITED = re.compile(r"(.*?)\s+limit\s+(\d+)", re.DOTALL | re.IGNORECASE)
_FIRST = ("type", "id", "name", "title", "status", "value", "currency", "stage", "organization", "person", "owner")
_PAGE, _DEFAULT_LIMIT = 100, 100
_EXAMPLES = 'Such as: maple; deals: maple limit 20; persons: "ada@maple.example"; {"type": "deals", "term": "maple"}'


@dataclass
class Search:
    """A search: `params` are Pipedrive's own, `limit` is how many rows are wanted."""

    path: str
    params: dict[str, Any]
    limit: int = _DEFAULT_LIMIT
    items: list[Item] = field(default_factory=list)

    async def run(self, reader: Reader) -> dict[str, Any]:
        """The answer: `{"columns", "rows", "truncated"}`."""
        cursor = None
        while True:
            size = min(_PAGE, self.limit - len(self.items))
            reply = await reader.ask(self.path, "search", **self.params, limit=size, cursor=cursor)
            self.items += [found.get("item") or {} for found in (reply.data or {}).get("items") or ()]
            cursor = reply.after
            if cursor is None or len(self.items) >= self.limit:
                break
        columns = _columns(self.items)
        rows = [[_shown(item.get(column)) for column in columns] for item in self.items[: self.limit]]
        return {"columns": columns, "rows": rows, "truncated": cursor is not None}


def parse(request: str) -> Search:
    """Read a request. Raises InvalidInputError."""
    text = request.strip()
    if text.startswith("{"):
        return _from_json(text)
    limit = _DEFAULT_LIMIT
    if limited := _LIMITED.fullmatch(text):
        text, limit = limited[1], int(limited[2])
    typed = _TYPED.fullmatch(text)
    kind = _ALIASES.get(typed[1].lower(), typed[1].lower()) if typed else ""
    if typed and kind in _TYPES:
        return _search(kind, typed[2], {}, limit)
    return _search("", text, {}, limit)


def _from_json(text: str) -> Search:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(f"The request is not JSON: {error}.", hint=_EXAMPLES) from None
    kind = str(body.pop("type", ""))
    kind = _ALIASES.get(kind.lower(), kind.lower())
    if kind and kind not in _TYPES:
        raise InvalidInputError(f"Pipedrive has no search of {kind}.", hint=f"There are: {', '.join(_TYPES)}.")
    allowed = ("term", "exact_match", "limit", *_FILTERS[kind or _ANY])
    if unknown := [name for name in body if name not in allowed]:
        raise InvalidInputError(f"A search has no {unknown[0]}.", hint=f"It takes: type, {', '.join(allowed)}.")
    return _search(kind, str(body.pop("term", "")), body, body.pop("limit", _DEFAULT_LIMIT))


def _search(kind: str, words: str, params: dict[str, Any], limit: Any) -> Search:
    term = words.strip()
    if len(term) > 1 and term[0] == term[-1] == '"':
        term, params = term[1:-1], {**params, "exact_match": True}
    if len(term) < (1 if params.get("exact_match") else 2):
        raise InvalidInputError(
            f"Pipedrive looks for at least two characters, not for {term!r}.",
            hint=f"In quotes one is enough. {_EXAMPLES}",
        )
    if not isinstance(limit, int) or limit < 1:
        raise InvalidInputError(f"The limit must be a number from 1 on; it was {limit}.")
    return Search(_TYPES.get(kind, _ANY), {"term": term, **params}, limit)


def _columns(items: Iterable[Item]) -> list[str]:
    """What the items have, the telling things first."""
    present = dict.fromkeys(key for item in items for key, value in item.items() if value not in (None, "", [], {}))
    return [*(name for name in _FIRST if name in present), *(name for name in present if name not in _FIRST)]


def _shown(value: Any) -> Any:
    """Linked objects by their name, lists as one text."""
    if isinstance(value, dict):
        return value.get("name") or value.get("title") or value.get("id")
    if isinstance(value, list):
        return ", ".join(str(_shown(each)) for each in value)
    return value
