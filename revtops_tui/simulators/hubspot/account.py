"""What a HubSpot account has besides objects: associations, owners, pipelines, properties, and who is asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.hubspot.associations import association_types
from revtops_tui.simulators.hubspot.bodies import any_json, as_id, as_object, as_objects, flag, json_body, whole_number
from revtops_tui.simulators.hubspot.errors import json_response, not_found
from revtops_tui.simulators.hubspot.objects import batch_response
from revtops_tui.simulators.hubspot.schema import CREATED, PIPELINES, PORTAL_ID

if TYPE_CHECKING:
    from starlette.requests import Request

    from revtops_tui.simulators.company import Colleague
    from revtops_tui.simulators.hubspot.state import State

MAX_ASSOCIATION_INPUTS = 1_000
_ASSOCIATIONS_PAGE = 500
_OWNERS_PAGE = 100


class AssociationRoutes:
    """`/crm/v4/associations` and `/crm/v4/objects/…/associations`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """What to mount."""
        one = "/crm/v4/objects/{source}/{id}/associations"
        return [
            Route("/crm/v4/associations/{source}/{target}/batch/read", self.batch_read, methods=["POST"]),
            Route("/crm/v4/associations/{source}/{target}/batch/create", self.batch_create, methods=["POST"]),
            Route("/crm/v4/associations/{source}/{target}/batch/archive", self.batch_archive, methods=["POST"]),
            Route("/crm/v4/associations/{source}/{target}/labels", self.labels, methods=["GET"]),
            Route(f"{one}/default/{{target}}/{{to}}", self.link_plainly, methods=["PUT"]),
            Route(f"{one}/{{target}}/{{to}}", self.link, methods=["PUT"]),
            Route(f"{one}/{{target}}/{{to}}", self.unlink, methods=["DELETE"]),
            Route(f"{one}/{{target}}", self.read, methods=["GET"]),
        ]

    async def batch_read(self, request: Request) -> Response:
        """The links of up to a thousand objects; those without any are listed as errors (207)."""
        source, target = self._types(request)
        inputs = await _inputs(request)
        results, errors = [], []
        for given in inputs:
            object_id = str(given.get("id"))
            links = self._links(source, object_id, target)
            if links:
                results.append({"from": {"id": object_id}, "to": links})
            else:
                errors.append(self._nothing(source, object_id, target))
        return batch_response(results, errors)

    async def batch_create(self, request: Request) -> Response:
        """Link pairs of objects."""
        source, target = self._types(request)
        inputs = await _inputs(request)
        results = [
            self._link(source, _id_in(given, "from"), target, _id_in(given, "to"), given.get("types"))
            for given in inputs
        ]
        return batch_response(results, [], status=201)

    async def batch_archive(self, request: Request) -> Response:
        """Remove every link between objects: each `from` with several in `to`."""
        source, target = self._types(request)
        for given in await _inputs(request):
            for to in as_objects(given.get("to"), "`to`"):
                self._unlink(source, _id_in(given, "from"), target, str(to.get("id")))
        return Response(status_code=204)

    async def labels(self, request: Request) -> Response:
        """The association types between two object types."""
        source, target = self._types(request)
        return json_response({"results": [t.document() for t in association_types(source, target)]})

    async def read(self, request: Request) -> Response:
        """The links of one object, 500 a page."""
        source, target = self._types(request)
        self._state.object(self._state.store(source), request.path_params["id"])
        limit = min(whole_number(request, "limit", _ASSOCIATIONS_PAGE), _ASSOCIATIONS_PAGE)
        after = whole_number(request, "after", 0)
        links = [li for li in self._links(source, request.path_params["id"], target) if int(li["toObjectId"]) > after]
        body: dict[str, Any] = {"results": links[:limit]}
        if len(links) > limit:
            body["paging"] = {"next": {"after": links[limit - 1]["toObjectId"]}}
        return json_response(body)

    async def link(self, request: Request) -> Response:
        """Link two objects, with the types in the body or the plain one."""
        source, target = self._types(request)
        given, params = await any_json(request), request.path_params
        return json_response(self._link(source, params["id"], target, params["to"], given), status=201)

    async def link_plainly(self, request: Request) -> Response:
        """Link two objects with the plain type, in both directions."""
        source, target = self._types(request)
        first, second = request.path_params["id"], request.path_params["to"]
        self._link(source, first, target, second, None)
        pairs = ((source, first, target, second), (target, second, source, first))
        return batch_response([_default_link(*pair) for pair in pairs], [])

    async def unlink(self, request: Request) -> Response:
        """Remove every link between two objects."""
        source, target = self._types(request)
        self._unlink(source, request.path_params["id"], target, request.path_params["to"])
        return Response(status_code=204)

    def _types(self, request: Request) -> tuple[str, str]:
        params = request.path_params
        return self._state.store(params["source"]).type.name, self._state.store(params["target"]).type.name

    def _links(self, source: str, object_id: str, target: str) -> list[dict[str, Any]]:
        known = as_id(object_id)
        links = {} if known is None else self._state.associations.of(source, known, target)
        return [{"toObjectId": str(i), "associationTypes": [t.document() for t in types]} for i, types in links.items()]

    def _link(self, source: str, from_id: str, target: str, to_id: str, given: Any) -> dict[str, Any]:
        stores = self._state.store(source), self._state.store(target)
        first, second = self._state.object(stores[0], from_id), self._state.object(stores[1], to_id)
        types = self._state.types(source, target, given)
        self._state.associations.add(source, first.id, target, second.id, types)
        return {
            "fromObjectTypeId": stores[0].type.type_id,
            "fromObjectId": str(first.id),
            "toObjectTypeId": stores[1].type.type_id,
            "toObjectId": str(second.id),
            "labels": [t.label for t in types if t.label],
        }

    def _unlink(self, source: str, from_id: str, target: str, to_id: str) -> None:
        first = self._state.object(self._state.store(source), from_id)
        second = self._state.object(self._state.store(target), to_id)
        self._state.associations.remove(source, first.id, target, second.id)

    def _nothing(self, source: str, object_id: str, target: str) -> dict[str, Any]:
        first, second = self._state.store(source).type.singular, self._state.store(target).type.singular
        return {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
            "message": f"No {second} is associated with {first} {object_id}.",
            "context": {"fromObjectId": [object_id], "fromObjectType": [first], "toObjectType": [second]},
        }


class AccountRoutes:
    """Owners, pipelines, properties, account details and tokens."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """What to mount."""
        return [
            Route("/crm/v3/owners", self.owners),
            Route("/crm/v3/owners/", self.owners),
            Route("/crm/v3/owners/{id}", self.owner),
            Route("/crm/v3/pipelines/{type}", self.pipelines),
            Route("/crm/v3/pipelines/{type}/{id}", self.pipeline),
            Route("/crm/v3/properties/{type}", self.properties, methods=["GET"]),
            Route("/crm/v3/properties/{type}", self.add_property, methods=["POST"]),
            Route("/crm/v3/properties/{type}/{name}", self.property, methods=["GET"]),
            Route("/account-info/v3/details", self.details),
            Route("/oauth/v1/access-tokens/{token}", self.token),
        ]

    async def owners(self, request: Request) -> Response:
        """Owners in order of id, the ones who left with `archived=true`; `email` finds one."""
        params = request.query_params
        archived, after = flag(request, "archived"), whole_number(request, "after", 0)
        limit = whole_number(request, "limit", _OWNERS_PAGE)
        people = zip(self._state.account.owners, self._state.account.company.colleagues, strict=True)
        found = [
            _owner(owner, colleague)
            for owner, colleague in people
            if colleague.active is not archived
            and owner > after
            and params.get("email", colleague.email) == colleague.email
        ]
        body: dict[str, Any] = {"results": found[:limit]}
        if len(found) > limit:
            cursor = found[limit - 1]["id"]
            body["paging"] = {"next": {"after": cursor, "link": str(request.url.include_query_params(after=cursor))}}
        return json_response(body)

    async def owner(self, request: Request) -> Response:
        """One owner."""
        account = self._state.account
        for owner, colleague in zip(account.owners, account.company.colleagues, strict=True):
            if str(owner) == request.path_params["id"]:
                return json_response(_owner(owner, colleague))
        raise not_found()

    async def pipelines(self, request: Request) -> Response:
        """All pipelines; only deals have any."""
        name = self._state.store(request.path_params["type"]).type.name
        pipelines = PIPELINES if name == "deals" else ()
        return json_response({"results": [p.document(n) for n, p in enumerate(pipelines)]})

    async def pipeline(self, request: Request) -> Response:
        """One pipeline."""
        for n, pipeline in enumerate(PIPELINES):
            if pipeline.id == request.path_params["id"]:
                return json_response(pipeline.document(n))
        raise not_found()

    async def properties(self, request: Request) -> Response:
        """All properties of an object type."""
        store = self._state.store(request.path_params["type"])
        return json_response({"results": [p.document() for p in store.type.properties.values()]})

    async def property(self, request: Request) -> Response:
        """One property."""
        store = self._state.store(request.path_params["type"])
        prop = store.type.properties.get(request.path_params["name"])
        if prop is None:
            raise not_found()
        return json_response(prop.document())

    async def add_property(self, request: Request) -> Response:
        """Define a custom property."""
        store = self._state.store(request.path_params["type"])
        return json_response(self._state.add_property(store, await json_body(request)).document(), status=201)

    async def details(self, _: Request) -> Response:
        """Whose account this is."""
        return json_response(
            {
                "portalId": PORTAL_ID,
                "accountType": "DEVELOPER_TEST",
                "timeZone": "Europe/Dublin",
                "companyCurrency": "USD",
                "additionalCurrencies": ["EUR", "GBP", "JPY"],
                "utcOffset": "+00:00",
                "utcOffsetMilliseconds": 0,
                "uiDomain": "app.hubspot.com",
                "dataHostingLocation": "na1",
            }
        )

    async def token(self, request: Request) -> Response:
        """Who the token belongs to."""
        user = self._state.account.company.colleagues[0]
        return json_response(
            {
                "token": request.path_params["token"],
                "user": user.email,
                "hub_domain": self._state.account.company.domain,
                "scopes": [
                    "oauth",
                    "crm.objects.companies.read",
                    "crm.objects.contacts.read",
                    "crm.objects.deals.read",
                ],
                "hub_id": PORTAL_ID,
                "app_id": 1,
                "expires_in": 1800,
                "user_id": user.number + 1001,
                "token_type": "access",
            }
        )


async def _inputs(request: Request) -> list[dict[str, Any]]:
    return as_objects((await json_body(request)).get("inputs"), "`inputs`", MAX_ASSOCIATION_INPUTS)


def _id_in(given: dict[str, Any], end: str) -> str:
    return str(as_object(given.get(end), f"`{end}`").get("id"))


def _default_link(source: str, from_id: str, target: str, to_id: str) -> dict[str, Any]:
    plain = association_types(source, target)[0]
    spec = {"associationCategory": plain.category, "associationTypeId": plain.type_id}
    return {"from": {"id": from_id}, "to": {"id": to_id}, "associationSpec": spec}


def _owner(owner: int, colleague: Colleague) -> dict[str, Any]:
    user = colleague.number + 1001
    return {
        "id": str(owner),
        "email": colleague.email,
        "type": "PERSON",
        "firstName": colleague.first_name,
        "lastName": colleague.last_name,
        "userId": user if colleague.active else None,
        "userIdIncludingInactive": user,
        "createdAt": CREATED,
        "updatedAt": CREATED,
        "archived": not colleague.active,
        "teams": [{"id": str(len(colleague.team)), "name": colleague.team, "primary": True}],
    }
