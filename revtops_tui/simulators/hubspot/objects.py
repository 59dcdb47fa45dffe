"""`/crm/v3/objects`: list, search, single objects and batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.faults import FAULT
from revtops_tui.simulators.hubspot import filters
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
        names, targets = wanted(store.type, _names(request, "properties")), _names(request, "associations")
        results = [document(store.type, item, names) for item in items[:limit]]
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
        names = wanted(store.type, asked.properties)
        results = [document(store.type, item, names) for item in found.items]
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
        item = store.get(int(given)) if flag(request, "archived") and given.isdigit() else None
        if item is None or item.archived is None:
            item = self._state.object(store, given, request.query_params.get("idProperty"))
        shown = self._state.described(store, item, _names(request, "properties"))
        if links := self._state.links_of(store, item, _names(request, "associations")):
            shown["associations"] = links
        return json_response(shown)

    async def update(self, request: Request) -> Response:
        """Change one object."""
        store = self._store(request)
        item = self._state.object(store, request.path_params["id"], request.query_params.get("idProperty"))
        body = await json_body(request)
        changed = self._state.update(store, item, body.get("properties", {}))
        return json_response(self._state.described(store, changed, [*body.get("properties", {})]))

    async def archive(self, request: Request) -> Response:
        """Archive one object; archiving twice is no error."""
        store, given = self._store(request), request.path_params["id"]
        if given.isdigit():
            store.archive(int(given), now_ms())
        return Response(status_code=204)

    async def batch(self, request: Request) -> Response:
        """Up to a hundred objects at once: read, create, update, upsert, archive."""
        store, verb = self._store(request), request.path_params["verb"]
        body = await json_body(request)
        inputs = batch_inputs(body, MAX_BATCH)
        if verb == "archive":
            for given in inputs:
                if str(given.get("id")).isdigit():
                    store.archive(int(given["id"]), now_ms())
            return Response(status_code=204)
        verbs: dict[str, Callable[[ObjectStore, dict[str, Any], dict[str, Any]], dict[str, Any]]] = {
            "read": self._read_one,
            "create": self._create_one,
            "update": self._update_one,
            "upsert": self._upsert_one,
        }
        if verb not in verbs:
            raise HubSpotError(404, "OBJECT_NOT_FOUND", f"There is no batch operation {verb}.")
        return self._answer(store, verb, body, inputs, verbs[verb])

    def _answer(
        self,
        store: ObjectStore,
        verb: str,
        body: dict[str, Any],
        inputs: Sequence[dict[str, Any]],
        one: Callable[[ObjectStore, dict[str, Any], dict[str, Any]], dict[str, Any]],
    ) -> Response:
        """Missing objects are listed beside the results (207); anything else that is wrong refuses the whole batch."""
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
        return self._state.described(store, item, body.get("properties"))

    def _create_one(self, store: ObjectStore, _: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        return self._state.described(store, self._state.create(store, given), _everything(store))

    def _update_one(self, store: ObjectStore, _: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        item = self._state.object(store, str(given.get("id")), given.get("idProperty"))
        changed = self._state.update(store, item, given.get("properties", {}))
        return self._state.described(store, changed, [*given.get("properties", {})])

    def _upsert_one(self, store: ObjectStore, _: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        id_property = given.get("idProperty")
        if not id_property:
            raise bad_request("An upsert needs an `idProperty`.")
        properties = {id_property: given.get("id"), **given.get("properties", {})}
        try:
            item = self._state.object(store, str(given.get("id")), id_property)
        except HubSpotError as error:
            if error.status != 404:
                raise
            created = self._state.create(store, {"properties": properties})
            return self._state.described(store, created, [*properties]) | {"new": True}
        changed = self._state.update(store, item, properties)
        return self._state.described(store, changed, [*properties]) | {"new": False}

    def _store(self, request: Request) -> ObjectStore:
        return self._state.store(request.path_params["type"])


def batch_response(results: list[Any], errors: list[dict[str, Any]], *, status: int = 200) -> Response:
    """The answer to a batch: 207 with `errors` where not everything could be done."""
    now = iso_utc(now_ms())
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if not errors:
        return json_response(body, status=status)
    return json_response(body | {"numErrors": len(errors), "errors": errors}, status=207)


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object. Raises HubSpotError when it is something else."""
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise bad_request(f"Invalid input JSON on line {error.lineno}, column {error.colno}: {error.msg}") from None
    if not isinstance(body, dict):
        raise bad_request("Invalid input JSON: an object was expected.")
    return body


def _missing(store: ObjectStore, ids: list[str]) -> list[dict[str, Any]]:
    if not ids:
        return []
    message = f"Could not get some {store.type.singular.upper()} objects, they may be deleted or not exist."
    return [{"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": {"ids": ids}}]


def batch_inputs(body: dict[str, Any], most: int) -> list[dict[str, Any]]:
    """The `inputs` of a batch request. Raises HubSpotError when they are none, or too many."""
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(given, dict) for given in inputs):
        raise bad_request("Invalid input JSON: `inputs` must be a list of objects.")
    if len(inputs) > most:
        raise bad_request(f"A batch takes at most {most} inputs; there are {len(inputs)}.")
    return inputs


def _page(request: Request) -> tuple[int, int]:
    limit = number(request, "limit", 10)
    if not 1 <= limit <= MAX_PAGE:
        raise bad_request(f"`limit` must be from 1 to {MAX_PAGE}; it was {limit}.")
    return limit, number(request, "after", 0)


def number(request: Request, parameter: str, default: int) -> int:
    """A whole number parameter, not negative. Raises HubSpotError for anything else."""
    given = request.query_params.get(parameter) or str(default)
    if not given.isdecimal():
        raise bad_request(f"`{parameter}` must be a whole number; it was {given!r}.")
    return int(given)


def flag(request: Request, parameter: str) -> bool:
    """A boolean parameter; HubSpot's Python client writes `True`."""
    return request.query_params.get(parameter, "").lower() == "true"


def _names(request: Request, parameter: str) -> list[str]:
    """A list parameter, comma-separated or repeated."""
    return [name for given in request.query_params.getlist(parameter) for name in given.split(",") if name]


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
