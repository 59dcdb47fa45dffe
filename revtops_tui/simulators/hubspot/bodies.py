"""Requests as they come in: their shapes are checked here, once, so that nothing behind has to doubt them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from revtops_tui.simulators.hubspot.errors import HubSpotError, bad_request

if TYPE_CHECKING:
    from starlette.requests import Request


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object. Raises HubSpotError when it is something else."""
    return as_object(await any_json(request), "the body")


async def any_json(request: Request) -> Any:
    """The request's JSON, None for an empty body. Raises HubSpotError when it is not JSON."""
    raw = await request.body()
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError as error:
        raise bad_request(f"Invalid input JSON on line {error.lineno}, column {error.colno}: {error.msg}") from None


def as_object(value: Any, what: str) -> dict[str, Any]:
    """A JSON object. Raises HubSpotError for anything else."""
    if not isinstance(value, dict):
        raise _wrong_shape(what, "an object")
    return value


def as_objects(value: Any, what: str, most: int | None = None) -> list[dict[str, Any]]:
    """A list of JSON objects, `most` of them; None is an empty list. Raises HubSpotError for anything else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _wrong_shape(what, "a list of objects")
    if most is not None and len(value) > most:
        raise bad_request(f"{what} takes at most {most}; there are {len(value)}.")
    return value


def as_names(value: Any, what: str) -> list[str]:
    """A list of names; None is an empty list. Raises HubSpotError for anything else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong_shape(what, "a list of names")
    return value


def as_id(value: Any) -> int | None:
    """An object id, given as text or number; None when it cannot be one."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None


def whole_number(request: Request, parameter: str, default: int) -> int:
    """A whole number in the query, not negative. Raises HubSpotError for anything else."""
    given = request.query_params.get(parameter) or str(default)
    if (number := as_id(given)) is None:
        raise bad_request(f"`{parameter}` must be a whole number; it was {given!r}.")
    return number


def flag(request: Request, parameter: str) -> bool:
    """A boolean in the query; HubSpot's Python client writes `True`."""
    return request.query_params.get(parameter, "").lower() == "true"


def names(request: Request, parameter: str) -> list[str]:
    """A list in the query, comma-separated or repeated."""
    return [name for given in request.query_params.getlist(parameter) for name in given.split(",") if name]


def _wrong_shape(what: str, wanted: str) -> HubSpotError:
    return bad_request(f"Invalid input JSON: {what} must be {wanted}.")
