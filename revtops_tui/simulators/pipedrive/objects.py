"""`/api/v2`: objects listed by cursor, read, created, changed and deleted; definitions of their fields."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from revtops_tui.simulators.faults import FAULT
from revtops_tui.simulators.pipedrive.bodies import LINKED, read_body
from revtops_tui.simulators.pipedrive.replies import cursor, invalid, missing, ok, read_cursor
from revtops_tui.simulators.pipedrive.seeded import Item
from revtops_tui.simulators.pipedrive.state import State

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_BASE = "/api/v2"
_PLURALS = {
    "deals": "deal",
    "persons": "person",
    "organizations": "organization",
    "activities": "activity",
    "pipelines": "pipeline",
    "stages": "stage",
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_KEPT = dt.timedelta(days=30)
"""How long a deleted object is there."""
_PAGING = {"limit", "cursor", "sort_by", "sort_direction"}
_COMMON = {"filter_id", "ids", "owner_id", "updated_since", "updated_until", "include_fields", "custom_fields"}
_LABELS = {"include_option_labels", "include_labels"}
_DEAL = _PAGING | _COMMON | {"person_id", "org_id", "pipeline_id", "stage_id", "status"}
_QUERY = {
    "deal": _DEAL | _LABELS,
    "person": _PAGING | _COMMON | _LABELS | {"org_id", "deal_id"},
    "organization": _PAGING | _COMMON | _LABELS,
    "activity": _PAGING | _COMMON - {"custom_fields"} | {"deal_id", "lead_id", "person_id", "org_id", "done"},
    "pipeline": _PAGING,
    "stage": _PAGING | {"pipeline_id"},
}
_SORTED_BY = ("id", "update_time", "add_time", "due_date", "order_nr")


class ObjectRoutes:
    """The object endpoints over one account."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """What to mount, behind the searches, since `search` is no id."""
        found = [Route(f"{_BASE}/deals/archived", self._handler(self.archived, "deal"))]
        for plural, kind in _PLURALS.items():
            all_of_them, one = f"{_BASE}/{plural}", f"{_BASE}/{plural}/{{id}}"
            for path, how, do in (
                (all_of_them, "GET", self.list),
                (all_of_them, "POST", self.create),
                (one, "GET", self.read),
                (one, "PATCH", self.update),
                (one, "DELETE", self.delete),
            ):
                found.append(Route(path, self._handler(do, kind), methods=[how]))
        for kind in self._state.fields:
            found.append(Route(f"{_BASE}/{kind}Fields", self._handler(self.fields, kind)))
            found.append(Route(f"{_BASE}/{kind}Fields/{{code}}", self._handler(self.one_field, kind)))
        return found

    def _handler(self, do: Callable[[Request, str], Any], kind: str) -> Callable[[Request], Any]:
        async def handle(request: Request) -> Response:
            answer: Response = await do(request, kind)
            return answer

        return handle

    async def list(self, request: Request, kind: str) -> Response:
        """A page of the objects; of deals those that are not archived."""
        _allow(request, _QUERY[kind])
        return self._page(request, kind, lambda item: not item.get("is_archived"))

    async def archived(self, request: Request, kind: str) -> Response:
        """A page of the archived deals."""
        _allow(request, _DEAL)
        return self._page(request, kind, lambda item: bool(item["is_archived"]))

    async def read(self, request: Request, kind: str) -> Response:
        """One object; a deleted one says so, as long as it is kept."""
        return ok(self._item(request, kind))

    async def create(self, request: Request, kind: str) -> Response:
        """Add one."""
        return ok(self._state.create(kind, await read_body(request, kind, self._state, complete=True)))

    async def update(self, request: Request, kind: str) -> Response:
        """Change one."""
        item = self._item(request, kind)
        if item["is_deleted"]:
            raise missing(kind)
        values = await read_body(request, kind, self._state)
        if kind == "deal" and "stage_id" in values:
            stage = self._state.collections["stage"].get(values["stage_id"]) or {}
            if stage.get("pipeline_id") != values.get("pipeline_id", item["pipeline_id"]):
                raise invalid("stage_id", "The stage does not belong to the pipeline.")
        return ok(self._state.update(kind, item, values))

    async def delete(self, request: Request, kind: str) -> Response:
        """Mark one as deleted."""
        item = self._item(request, kind)
        if item["is_deleted"]:
            raise missing(kind)
        self._state.delete(kind, item)
        return ok({"id": item["id"]})

    async def fields(self, request: Request, kind: str) -> Response:
        """The definitions of a type's fields, a page of them."""
        _allow(request, {"include_fields", "limit", "cursor"})
        limit = _whole(request, "limit", 100, most=500)
        text = request.query_params.get("cursor")
        after = read_cursor(text)["id"] if text else 0
        known = self._state.fields[kind]
        following = cursor("id", after + limit, after + limit, "asc") if after + limit < len(known) else None
        return ok(known[after : after + limit], next_cursor=following)

    async def one_field(self, request: Request, kind: str) -> Response:
        """The definition of one field."""
        code = request.path_params["code"]
        for definition in self._state.fields[kind]:
            if definition["field_code"] == code:
                return ok(definition)
        raise missing("field")

    # -- pages ---------------------------------------------------------------------------------------------------

    def _page(self, request: Request, kind: str, where: Callable[[Item], bool]) -> Response:
        query = request.query_params
        limit, after = _whole(request, "limit", 100, most=500), query.get("cursor")
        sort_by, direction = query.get("sort_by", "id"), query.get("sort_direction", "asc")
        if sort_by not in _SORTED_BY or direction not in ("asc", "desc"):
            raise invalid("sort_by", "This value is not one of the allowed ones.")
        behind = read_cursor(after) if after else None
        if behind and behind["field"] != sort_by:
            raise invalid("cursor", "This value is not a valid cursor.")
        fault = request.scope.get("extensions", {}).get(FAULT)
        if fault == "page_shift" and behind and sort_by == "id":
            behind["id"] -= 1
        keep = _filter(query)
        found = self._sorted(kind, sort_by, direction, behind, query.get("updated_since", ""))
        items = list(islice((item for item in found if where(item) and keep(item)), limit + 1))
        last = items[limit - 1] if len(items) > limit else None
        following = cursor(sort_by, last[sort_by], last["id"], direction) if last else None
        return ok(_distorted(items[:limit], fault), next_cursor=following)

    def _sorted(
        self, kind: str, sort_by: str, direction: str, behind: Mapping[str, Any] | None, since: str
    ) -> Iterator[Item]:
        collection = self._state.collections[kind]
        if sort_by == "id" and direction == "asc":
            yield from collection.since(since, behind["id"] if behind else 0)
            return
        descending = direction == "desc"
        placed = [((item.get(sort_by) or "", item["id"]), item) for item in collection.since(since)]
        placed.sort(key=lambda pair: pair[0], reverse=descending)
        start = (behind["value"] or "", behind["id"]) if behind else None
        for place, item in placed:
            if start is None or (place < start if descending else place > start):
                yield item

    # -- single objects ------------------------------------------------------------------------------------------

    def _item(self, request: Request, kind: str) -> Item:
        given = request.path_params["id"]
        if not given.isdecimal():
            raise invalid("id", "This value should be of type integer.")
        item = self._state.collections[kind].get(int(given))
        if item is None:
            raise missing(kind)
        return item


def _allow(request: Request, names: set[str]) -> None:
    for name in request.query_params:
        if name not in names:
            raise invalid(name, f"Parameter '{name}' is not allowed for this request")
    for name in ("updated_since", "updated_until"):
        given = request.query_params.get(name)
        if given is not None and not _MOMENT.fullmatch(given):
            raise invalid(name, "This value is not a valid datetime.")


def _whole(request: Request, name: str, default: int, *, most: int) -> int:
    given = request.query_params.get(name, str(default))
    if not given.isdecimal() or not 1 <= int(given) <= most:
        raise invalid(name, f"This value should be between 1 and {most}.")
    return int(given)


def _filter(query: Mapping[str, str]) -> Callable[[Item], bool]:
    """The filter of a listing's parameters."""
    statuses = set(query["status"].split(",")) if "status" in query else set()
    ids = set(map(int, query["ids"].split(","))) if "ids" in query else None
    linked = {name: int(query[name]) for name in LINKED if name in query}
    until, done = query.get("updated_until", "9"), query.get("done")
    purged = (dt.datetime.now(dt.UTC) - _KEPT).strftime("%Y-%m-%dT%H:%M:%SZ")

    def keep(item: Item) -> bool:
        if item["is_deleted"]:
            return "deleted" in statuses and item["update_time"] >= purged
        return (
            (not statuses or item["status"] in statuses)
            and (ids is None or item["id"] in ids)
            and (item["update_time"] or item["add_time"]) < until
            and (done is None or item["done"] is (done == "true"))
            and all(item.get(name) == value for name, value in linked.items())
        )

    return keep


def _distorted(items: list[Item], fault: str | None) -> list[Item]:
    """The page with a fault in it: a record twice, or of another shape than promised."""
    if fault == "duplicates" and items:
        return [*items, items[0]]
    if fault == "schema_drift" and items:
        drifted = {**items[0], "unannounced": [1, 2]}
        for name in ("value", "emails", "employee_count", "due_date", "order_nr"):
            if name in drifted:
                drifted[name] = {"value": drifted[name]}
        return [drifted, *items[1:]]
    return items
