"""What every endpoint shares: how a request is read, how Asana says no, and its pages."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from revtops_tui.simulators.asana.documents import Json, Thing, Writer
from revtops_tui.simulators.faults import FAULT
from revtops_tui.simulators.vendor import RefusalError, json_reply

T = TypeVar("T")
T_thing = TypeVar("T_thing", bound=Thing)

_HELP = (
    "For more information on API status codes and how to handle them, read the docs on errors: "
    "https://developers.asana.com/docs/errors"
)
_MAX_PAGE = 100
_MAX_UNPAGED = 1_000
_OFFSET_SECONDS = 3_600.0


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """An error as Asana words them all."""
    return json_reply({"errors": [{"message": message, "help": _HELP}], **more}, status, headers)


def refuse(status: int, message: str, **more: Any) -> RefusalError:
    """The same, to be raised."""
    return RefusalError(refusal(status, message, **more))


def find(things: Mapping[str, T], gid: object, what: str) -> T:
    """The thing of a path. Raises RefusalError (404)."""
    found = things.get(str(gid))
    if found is None:
        raise refuse(404, f"{what}: Unknown object: {gid}")
    return found


def named(things: Mapping[str, T], gid: object, what: str) -> T:
    """The thing that a parameter or a field names. Raises RefusalError (400)."""
    found = things.get(str(gid))
    if found is None:
        raise refuse(400, f"{what}: Not a recognized ID: {gid}")
    return found


async def data(request: Request) -> Json:
    """The `data` of a body. Raises RefusalError."""
    try:
        body = orjson.loads(await request.body())
        given = body["data"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise refuse(400, "Could not parse request data, invalid JSON") from None
    if not isinstance(given, dict):
        raise refuse(400, "data: Value is not an object")
    return given


def flag(request: Request, name: str) -> bool | None:
    """A query parameter that is true or false, None where it is not given."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if text.lower() not in ("true", "false"):
        raise refuse(400, f"{name}: Value is not a boolean: {text}")
    return text.lower() == "true"


class Replies:
    """Answers with the things of one account. `expire_offsets` makes the tokens of pages so far useless."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._generation = 0

    def expire_offsets(self) -> None:
        """What time does to the tokens of pages."""
        self._generation += 1

    def one(self, request: Request, thing: Thing, status: int = 200, **more: Any) -> Response:
        """A single thing."""
        document = self._writer.one(thing, request.query_params.get("opt_fields"))
        return reply(request, {"data": document, **more}, status)

    def nothing(self, request: Request) -> Response:
        """The empty record that Asana answers with where there is nothing to show."""
        return reply(request, {"data": {}})

    def found(self, request: Request, things: Sequence[T_thing]) -> Response:
        """A list without pages."""
        documents = self._writer.many(things, request.query_params.get("opt_fields"))
        return reply(request, {"data": _distorted(documents, request)})

    def page(self, request: Request, things: Sequence[T_thing]) -> Response:
        """A page of a list, as `limit` and `offset` say. Raises RefusalError."""
        limit = request.query_params.get("limit")
        offset = request.query_params.get("offset")
        if limit is None:
            if offset is not None:
                raise refuse(400, "offset: Only valid together with limit")
            if len(things) > _MAX_UNPAGED:
                raise refuse(
                    400, "The result is too large. You should use pagination (may require specifying a workspace)!"
                )
            return self.found(request, things)
        if not limit.isdigit() or not 1 <= int(limit) <= _MAX_PAGE:
            raise refuse(400, f"limit: Must be between 1 and {_MAX_PAGE}")
        start = self._start(request, offset, things)
        part = things[start : start + int(limit)]
        documents = self._writer.many(part, request.query_params.get("opt_fields"))
        following = None
        if start + int(limit) < len(things):
            token = self._offset(request, part[-1].gid)
            path = f"{request.url.path.removeprefix('/api/1.0')}?limit={limit}&offset={token}"
            following = {"offset": token, "path": path, "uri": f"https://app.asana.com/api/1.0{path}"}
        return reply(request, {"data": _distorted(documents, request), "next_page": following})

    def _offset(self, request: Request, last: str) -> str:
        content = [self._generation, time.time(), request.url.path, last]
        return base64.urlsafe_b64encode(orjson.dumps(content)).decode()

    def _start(self, request: Request, offset: str | None, things: Sequence[Thing]) -> int:
        if offset is None:
            return 0
        try:
            generation, made, path, last = orjson.loads(base64.urlsafe_b64decode(offset.encode()))
        except (ValueError, binascii.Error):
            raise refuse(400, "offset: Your pagination token is invalid.") from None
        if path != request.url.path or generation != self._generation or time.time() - made > _OFFSET_SECONDS:
            raise refuse(400, "offset: Your pagination token has expired.")
        places = (index for index, thing in enumerate(things) if thing.gid == last)
        start = next(places, None)
        if start is None:  # deleted since: those of lists are in the order of their gids, or nearly so
            start = sum(thing.gid < last for thing in things) - 1
        shifted = request.scope.get("extensions", {}).get(FAULT) == "page_shift"
        return max(0, start if shifted else start + 1)


def reply(request: Request, document: Json, status: int = 200) -> Response:
    """JSON, on several lines where `opt_pretty` asks for it."""
    if flag(request, "opt_pretty"):
        body = orjson.dumps(document, option=orjson.OPT_INDENT_2)
        return Response(body, status, media_type="application/json")
    return json_reply(document, status)


def sorted_by_gid(things: Mapping[str, T], keep: Callable[[T], bool] = lambda _: True) -> list[T]:
    """Those to keep, in the order of a list."""
    return [thing for _, thing in sorted(things.items()) if keep(thing)]


def _distorted(documents: list[Json], request: Request) -> list[Json]:
    """A list with a fault in it: a record twice, or of another shape than promised."""
    fault = request.scope.get("extensions", {}).get(FAULT)
    if fault == "duplicates" and documents:
        return [*documents, documents[0]]
    if fault == "schema_drift" and documents:
        other = {"name": {"text": documents[0].get("name")}, "assignee": "somebody", "projects": ["1"]}
        drifted = {name: value for name, value in other.items() if name in documents[0]}
        return [{**documents[0], **drifted, "unannounced": [1, 2]}, *documents[1:]]
    return documents
