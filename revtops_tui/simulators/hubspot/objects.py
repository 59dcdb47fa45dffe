"""`/crm/v3/objects`: list, search, single objects and batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.faults import FAULT
from revtops_tui.simulators.hubspot import filters
from revtops_tui.simulators.hubspot.bodies import (
    as_id,
    as_names,
    as_object,
    as_objects,
    flag,
    json_body,
    names,
    whole_number,
)
from revtops_tui.simulators.hubspot.errors import HubSpotError, bad_request, json_response
from revtops_tui.simulators.hubspot.state import State, document, now_ms, wanted
from revtops_tui.simulators.seeding import iso_utc

if TYPE_CHECKING:
    from starlette.requests import Request

    from revtops_tui.simulators.hubspot.store import ObjectStore

MAX_PAGE = 100
MAX_BATCH = 100


class ObjectRoutes:
    """The object endpoints over one account."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """What to mount; order matters: `search` is not an id."""
        base = "/crm/v3/objects/{type}"
        return [
            Route(base, self.list, methods=["GET"]),
            Route(base, self.create, methods=["POST"]),
            Route(f"{base}/search", self.search, methods=["POST"]),
            Route(f"{base}/batch/{{verb}}", self.batch, methods=["POST"]),
            Route(f"{base}/{{id}}", self.read, methods=["GET"]),
            Route(f"{base}/{{id}}", self.update, methods=["PATCH"]),
            Route(f"{base}/{{id}}", self.archive, methods=["DELETE"]),
        ]

    async def list(self, request: Request) -> Response:
        """A page in order of id; `after` is the last id of the page before."""
        store = self._store(request)
        limit, after = _page(request)
        fault = request.scope.get("extensions", {}).get(FAULT)
        if fault == "page_shift" and after:
            after -= 1
        archived = flag(request, "archived")
        items = store.page(after, limit + 1, archived=archived)
        shape, targets = wanted(store.type, names(request, "properties")), names(request, "associations")
        results = [document(store.type, item, shape) for item in items[:limit]]
        for item, shown in zip(items, results, strict=False):
            if targets and (links := self._state.links_of(store, item, targets)):
                shown["associations"] = links
        body: dict[str, Any] = {"results": _distorted(results, fault)}
        if len(items) > limit:
            cursor = str(items[limit - 1].id)
            link = request.url.include_query_params(after=cursor)
            body["paging"] = {"next": {"after": cursor, "link": str(link)}}
        return json_response(body)

    async def search(self, request: Request) -> Response:
        """A page of a search."""
        store = self._store(request)
        asked = filters.parse(store.type, await json_body(request))
        found = self._state.searchers[store.type.name].find(asked)
        shape = wanted(store.type, asked.properties)
        results = [document(store.type, item, shape) for item in found.items]
        fault = request.scope.get("extensions", {}).get(FAULT)
        body: dict[str, Any] = {"total": found.total, "results": _distorted(results, fault)}
        if found.after is not None:
            body["paging"] = {"next": {"after": found.after}}
        return json_response(body)

    async def create(self, request: Request) -> Response:
        """Add one object."""
        store = self._store(request)
        item = self._state.create(store, await json_body(request))
        return json_response(self._state.described(store, item, _everything(store)), status=201)

    async def read(self, request: Request) -> Response:
        """One object, by id or by a unique property; `archived=true` finds archived ones."""
        store = self._store(request)
        given = request.path_params["id"]
        object_id = as_id(given) if flag(request, "archived") else None
        item = None if object_id is None else store.get(object_id)
        if item is None or item.archived is None:
            item = self._state.object(store, given, request.query_params.get("idProperty"))
        shown = self._state.described(store, item, names(request, "properties"))
        if links := self._state.links_of(store, item, names(request, "associations")):
            shown["associations"] = links
        return json_response(shown)

    async def update(self, request: Request) -> Response:
        """Change one object."""
        store, properties = self._store(request), _properties(await json_body(request))
        item = self._state.object(store, request.path_params["id"], request.query_params.get("idProperty"))
        changed = self._state.update(store, item, properties)
        return json_response(self._state.described(store, changed, properties))

    async def archive(self, request: Request) -> Response:
        """Archive one object; archiving twice is no error."""
        self._archive_one(self._store(request), request.path_params["id"])
        return Response(status_code=204)

    async def batch(self, request: Request) -> Response:
        """Up to a hundred objects at once: read, create, update, upsert, archive."""
        store, verb = self._store(request), request.path_params["verb"]
        body = await json_body(request)
        inputs = as_objects(body.get("inputs"), "`inputs`", MAX_BATCH)
        if verb == "archive":
            for given in inputs:
                self._archive_one(store, given.get("id"))
            return Response(status_code=204)
        verbs: dict[str, Callable[[ObjectStore, dict[str, Any], dict[str, Any]], dict[str, Any]]] = {
            "read": self._read_one,
            "create": self._create_one,
            "update": self._update_one,
            "upsert": self._upsert_one,
        }
        if verb not in verbs:
            raise HubSpotError(404, "OBJECT_NOT_FOUND", f"There is no batch operation {verb}.")
        for given in inputs:  # all of them before the first change: one wrong value refuses the whole batch
            self._state.stored(store, _properties(given))
        return self._answer(store, verb, body, inputs, verbs[verb])

    def _answer(
        self,
        store: ObjectStore,
        verb: str,
        body: dict[str, Any],
        inputs: Sequence[dict[str, Any]],
        one: Callable[[ObjectStore, dict[str, Any], dict[str, Any]], dict[str, Any]],
    ) -> Response:
        """Missing objects are listed beside the results (207)."""
        results, missing = [], []
        for given in inputs:
            try:
                results.append(one(store, body, given))
            except HubSpotError as error:
                if error.status != 404:
                    raise
                missing.append(str(given.get("id")))
        return batch_response(results, _missing(store, missing), status=201 if verb == "create" else 200)

    def _read_one(self, store: ObjectStore, body: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        item = self._state.object(store, str(given.get("id")), body.get("idProperty"))
        return self._state.described(store, item, as_names(body.get("properties"), "`properties`"))

    def _create_one(self, store: ObjectStore, _: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        return self._state.described(store, self._state.create(store, given), _everything(store))

    def _update_one(self, store: ObjectStore, _: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        item = self._state.object(store, str(given.get("id")), given.get("idProperty"))
        properties = _properties(given)
        return self._state.described(store, self._state.update(store, item, properties), properties)

    def _upsert_one(self, store: ObjectStore, _: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        id_property = given.get("idProperty")
        if not isinstance(id_property, str):
            raise bad_request("An upsert needs an `idProperty`.")
        properties = {id_property: given.get("id"), **_properties(given)}
        try:
            item = self._state.object(store, str(given.get("id")), id_property)
        except HubSpotError as error:
            if error.status != 404:
                raise
            created = self._state.create(store, {"properties": properties})
            return self._state.described(store, created, properties) | {"new": True}
        changed = self._state.update(store, item, properties)
        return self._state.described(store, changed, properties) | {"new": False}

    def _archive_one(self, store: ObjectStore, given: Any) -> None:
        if (object_id := as_id(given)) is not None:
            store.archive(object_id, now_ms())

    def _store(self, request: Request) -> ObjectStore:
        return self._state.store(request.path_params["type"])


def batch_response(results: list[Any], errors: list[dict[str, Any]], *, status: int = 200) -> Response:
    """The answer to a batch: 207 with `errors` where not everything could be done."""
    now = iso_utc(now_ms())
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if not errors:
        return json_response(body, status=status)
    return json_response(body | {"numErrors": len(errors), "errors": errors}, status=207)


def _missing(store: ObjectStore, ids: list[str]) -> list[dict[str, Any]]:
    if not ids:
        return []
    message = f"Could not get some {store.type.singular.upper()} objects, they may be deleted or not exist."
    return [{"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": {"ids": ids}}]


def _page(request: Request) -> tuple[int, int]:
    limit = whole_number(request, "limit", 10)
    if not 1 <= limit <= MAX_PAGE:
        raise bad_request(f"`limit` must be from 1 to {MAX_PAGE}; it was {limit}.")
    return limit, whole_number(request, "after", 0)


def _properties(given: dict[str, Any]) -> dict[str, Any]:
    return as_object(given.get("properties", {}), "`properties`")


def _everything(store: ObjectStore) -> list[str]:
    return list(store.type.properties)


def _distorted(results: list[dict[str, Any]], fault: str | None) -> list[dict[str, Any]]:
    """The page with a fault in it: a record twice, or of another shape than promised."""
    if fault == "duplicates" and results:
        return [*results, results[0]]
    if fault == "schema_drift" and results:
        drifted = dict(results[0]["properties"], hs_unannounced="new")
        for name in ("amount", "numberofemployees", "hs_call_duration", "hs_target_amount"):
            if name in drifted:
                drifted[name] = {"value": drifted[name]}
        results[0] = results[0] | {"properties": drifted, "unannounced": [1, 2]}
    return results
