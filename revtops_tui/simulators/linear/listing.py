"""Linear's connections: pages of nodes in Relay's form. A cursor is the id of a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from revtops_tui.simulators.linear.account import Node
from revtops_tui.simulators.linear.errors import invalid
from revtops_tui.simulators.linear.filters import matches

DEFAULT_PAGE = 50
MAX_PAGE = 250


def listed(nodes: Sequence[Node], args: dict[str, Any]) -> list[Node]:
    """The nodes that the arguments ask for, the newest first by creation or by change."""
    found = list(reversed(nodes))
    if not args.get("includeArchived"):
        found = [node for node in found if node["archivedAt"] is None]
    if wanted := args.get("filter"):
        found = [node for node in found if matches(node, wanted)]
    if args.get("orderBy") == "updatedAt":
        found.sort(key=lambda node: node["updatedAt"], reverse=True)
    return found


def page(nodes: Sequence[Node], args: dict[str, Any], known: Mapping[str, Node], *, shift: int = 0) -> Node:
    """A connection. With a `shift`, a following page starts so many rows early: rows moved meanwhile.

    `known` has the node of each cursor. Raises GraphQLError for a cursor that is none, and for a size beyond the limit.
    """
    size = args.get("first") or args.get("last") or DEFAULT_PAGE
    if not 0 < size <= MAX_PAGE:
        name = "first" if args.get("first") else "last"
        raise invalid(f"Argument Validation Error: {name} must be between 1 and {MAX_PAGE}")
    start, end = 0, len(nodes)
    if after := args.get("after"):
        start = max(0, _position(nodes, after, args, known) + 1 - shift)
    if before := args.get("before"):
        end = _position(nodes, before, args, known)
    if args.get("last"):
        start = max(start, end - size)
    else:
        end = min(end, start + size)
    shown = list(nodes[start:end])
    info = {
        "hasNextPage": end < len(nodes),
        "hasPreviousPage": start > 0,
        "startCursor": shown[0]["id"] if shown else None,
        "endCursor": shown[-1]["id"] if shown else None,
    }
    return {"nodes": shown, "edges": [{"cursor": node["id"], "node": node} for node in shown], "pageInfo": info}


def _position(nodes: Sequence[Node], cursor: str, args: dict[str, Any], known: Mapping[str, Node]) -> int:
    """Where a cursor is; that of a node which is no longer in the list is where the node would be."""
    if (at := next((at for at, node in enumerate(nodes) if node["id"] == cursor), None)) is not None:
        return at
    if cursor not in known:
        raise invalid(f"Argument Validation Error: {cursor} is no cursor")
    order = args.get("orderBy") or "createdAt"
    return sum(1 for node in nodes if node[order] > known[cursor][order]) - 1
