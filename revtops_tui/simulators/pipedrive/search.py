"""`/api/v2/itemSearch` and the searches of single types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from starlette.routing import Route

from revtops_tui.simulators.pipedrive.replies import cursor, invalid, ok, read_cursor
from revtops_tui.simulators.pipedrive.seeded import Item
from revtops_tui.simulators.pipedrive.state import State

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_COMMON = {"term", "fields", "exact_match", "include_fields", "limit", "cursor"}
_TYPES = {
    "deals": ("deal", {"person_id", "organization_id", "status"}),
    "persons": ("person", {"organization_id"}),
    "organizations": ("organization", set()),
    "products": ("", set()),
    "leads": ("", {"person_id", "organization_id"}),
    "projects": ("", {"person_id", "organization_id"}),
}
_FOUND = ("deal", "person", "organization")


class SearchRoutes:
    """The searches over one account. Products, leads and projects there are none."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """What to mount, before the single objects."""
        found = [Route("/api/v2/itemSearch", self.items)]
        for plural, (kind, filters) in _TYPES.items():
            found.append(Route(f"/api/v2/{plural}/search", self._of(kind, filters)))
        return found

    async def items(self, request: Request) -> Response:
        """A search of all types, or of some."""
        wanted = request.query_params.get("item_types", ",".join(_FOUND)).split(",")
        allowed = _COMMON | {"item_types", "search_for_related_items"}
        return self._page(request, [kind for kind in _FOUND if kind in wanted], allowed, most=100)

    def _of(self, kind: str, filters: set[str]) -> Callable[[Request], object]:
        async def search(request: Request) -> Response:
            return self._page(request, [kind] if kind else [], _COMMON | filters, most=500)

        return search

    def _page(self, request: Request, kinds: list[str], allowed: set[str], *, most: int) -> Response:
        query = request.query_params
        for name in query:
            if name not in allowed:
                raise invalid(name, f"Parameter '{name}' is not allowed for this request")
        exact, term = query.get("exact_match") == "true", query.get("term", "")
        if len(term) < (1 if exact else 2):
            raise invalid("term", "This value is too short.")
        limit = query.get("limit", "100")
        if not limit.isdecimal() or not 1 <= int(limit) <= most:
            raise invalid("limit", f"This value should be between 1 and {most}.")
        start = read_cursor(query["cursor"])["id"] if "cursor" in query else 0
        hits = list(islice(self._hits(kinds, term.casefold(), exact, query), start, start + int(limit) + 1))
        behind = start + int(limit)
        following = cursor("id", behind, behind, "asc") if len(hits) > int(limit) else None
        shown = [{"result_score": 1.0 if exact else 0.5, "item": hit} for hit in hits[: int(limit)]]
        return ok({"items": shown}, next_cursor=following)

    def _hits(self, kinds: list[str], term: str, exact: bool, query: Mapping[str, str]) -> Iterator[Item]:
        for kind in kinds:
            for item in self._state.collections[kind].live():
                texts = [text.casefold() for text in _texts(kind, item)]
                if (term in texts if exact else any(term in text for text in texts)) and _fits(item, query):
                    yield self._shown(kind, item)

    def _shown(self, kind: str, item: Item) -> Item:
        shown = {"id": item["id"], "type": kind, "visible_to": 3, "owner": {"id": item["owner_id"]}}
        shown |= {"custom_fields": [], "notes": []}
        if kind == "organization":
            return shown | {"name": item["name"], "address": (item.get("address") or {}).get("value")}
        organization = self._linked("organization", item["org_id"])
        if kind == "person":
            lists = {name: [entry["value"] for entry in item[name]] for name in ("phones", "emails")}
            return shown | {"name": item["name"], **lists, "organization": organization}
        return shown | {
            **{name: item[name] for name in ("title", "value", "currency", "status", "is_archived")},
            "stage": self._linked("stage", item["stage_id"]),
            "person": self._linked("person", item["person_id"]),
            "organization": organization,
        }

    def _linked(self, kind: str, object_id: int | None) -> Item | None:
        item = self._state.collections[kind].get(object_id) if object_id else None
        return {"id": item["id"], "name": item["name"]} if item else None


def _texts(kind: str, item: Item) -> list[str]:
    if kind == "deal":
        return [item["title"]]
    entries = [*item.get("emails", ()), *item.get("phones", ())]
    return [item["name"], *(entry["value"] for entry in entries)]


def _fits(item: Item, query: Mapping[str, str]) -> bool:
    wanted = {"person_id": query.get("person_id"), "org_id": query.get("organization_id")}
    if query.get("status", item.get("status")) != item.get("status"):
        return False
    return all(value is None or str(item.get(name)) == value for name, value in wanted.items())
