"""Asking Linear's GraphQL: one request, a whole listing, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import getitem
from typing import Any

from connectors.errors import (
    AuthenticationError,
    ConnectorError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    VendorUnavailableError,
)
from connectors.http import HttpClient
from connectors.http.answers import plain
from connectors.json_answers import json_object

Node = dict[str, Any]

_MOST = 250
"""Nodes in a page at most (developer page "Pagination")."""

_TEAMS_OF = (
    f"query ($id: String!, $after: String) {{ project(id: $id) {{ teams(first: {_MOST}, after: $after, "
    "includeArchived: true) { nodes { id } pageInfo { hasNextPage endCursor } } } }"
)

_BY_TYPE: dict[str, type[ConnectorError]] = {
    "authentication error": AuthenticationError,
    "bootstrap error": VendorUnavailableError,
    "feature not accessible": PermissionDeniedError,
    "forbidden": PermissionDeniedError,
    "internal error": VendorUnavailableError,
    "lock timeout": VendorUnavailableError,
    "network error": VendorUnavailableError,
    "ratelimited": RateLimitedError,
    "usage limit exceeded": PermissionDeniedError,
}
"""The types of errors that Linear's SDK tells apart (`LinearErrorType`); the rest is about what was asked."""


@dataclass(frozen=True)
class Reply:
    """An answer without errors: its data, and the bytes that it came as."""

    data: Node
    content: bytes


@lru_cache(maxsize=64)
def listing(name: str, filters: str, fields: str, size: int, *, archived: bool) -> str:
    """The query for a page of a connection; its variables are `after` and `filter`, of the input type `filters`.

    By creation, whichever is asked for: nothing that happens to a node while one reads moves it to another page.
    """
    return (
        f"query ($after: String, $filter: {filters}) {{ {name}(first: {size}, after: $after, filter: $filter, "
        f"includeArchived: {str(archived).lower()}, orderBy: createdAt) "
        f"{{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    )


def next_cursor(connection: Node) -> str | None:
    """The cursor of the page behind this one; None behind the last."""
    info = connection["pageInfo"]
    return info["endCursor"] if info["hasNextPage"] else None


async def ask(
    http: HttpClient, query: str, variables: Mapping[str, Any] | None = None, *, budget: str = "default"
) -> Reply:
    """Send a query, or a mutation that may be repeated. Raises the ConnectorError that the answer amounts to."""
    body = {"query": query, "variables": variables or {}}
    reads = not query.startswith("mutation")
    response = await http.post("/graphql", json=body, repeatable=True, reads=reads, budget=budget)
    document = json_object(response.content, "Linear")
    if errors := document.get("errors"):
        raise _error(errors)
    return Reply(document["data"], response.content)


async def every(
    http: HttpClient, name: str, filters: str, fields: str, wanted: Node | None = None, *, archived: bool = False
) -> list[Node]:
    """All nodes of a connection that `wanted` lets through, page by page."""
    query = listing(name, filters, fields, _MOST, archived=archived)
    return await _every(http, query, (name,), {"filter": wanted})


async def teams_of(http: HttpClient, project: str) -> list[Node]:
    """The ids of all teams of a project, page by page."""
    return await _every(http, _TEAMS_OF, ("project", "teams"), {"id": project})


async def _every(http: HttpClient, query: str, path: Sequence[str], variables: Mapping[str, Any]) -> list[Node]:
    found: list[Node] = []
    after: str | None = None
    while True:
        connection: Node = reduce(getitem, path, (await ask(http, query, {**variables, "after": after})).data)
        found += connection["nodes"]
        if (after := next_cursor(connection)) is None:
            return found


def _error(errors: Sequence[Any]) -> ConnectorError:
    first = errors[0] if isinstance(errors[0], dict) else {}
    extensions = first.get("extensions") or {}
    message, shown = str(first.get("message") or ""), str(extensions.get("userPresentableMessage") or "")
    words = plain(f"{message} ({shown})" if shown and shown not in message else message)[:300]
    if message.startswith("Entity not found"):
        return NotFoundError(f"Linear says: {words}")
    return _BY_TYPE.get(str(extensions.get("type")), InvalidInputError)(f"Linear says: {words}")
