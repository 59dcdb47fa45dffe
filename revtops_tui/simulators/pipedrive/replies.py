"""How Pipedrive words its answers."""

from __future__ import annotations

import base64
from typing import Any

import orjson
from starlette.responses import Response

from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.vendor import RefusalError, json_reply

_INFO = "Please check developers.pipedrive.com"


def ok(data: Any, **additional: Any) -> Response:
    """A good answer; `additional` goes beside the data."""
    return json_reply({"success": True, "data": data, **({"additional_data": additional} if additional else {})})


def invalid(place: str, why: str) -> RefusalError:
    """v2's refusal of a request that does not fit its schema."""
    body = {"success": False, "error": f"Validation failed: {place}: {why}", "code": "ERR_SCHEMA_VALIDATION_FAILED"}
    return RefusalError(json_reply(body, 400))


def missing(what: str) -> RefusalError:
    """There is no such object."""
    body = {"success": False, "error": f"{what.capitalize()} not found", "error_info": _INFO, "data": None}
    return RefusalError(json_reply({**body, "additional_data": None}, 404))


def unauthorized(error: str = "unauthorized access") -> Response:
    """The gateway's refusal of a token."""
    return json_reply({"success": False, "error": error, "errorCode": 401, "error_info": _INFO}, 401)


def fault_reply(fault: Fault) -> Response:
    """A fault in Pipedrive's words. How long to wait is said by `x-ratelimit-reset`, in seconds from now."""
    if fault.kind == "429":
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": fault.retry_after or "2"}
        return json_reply({"success": False, "error": "Rate limit exceeded", "errorCode": 429}, 429, headers)
    if fault.kind == "500":
        error = "Internal Server Error occurred. Pipedrive staff was notified about this."
        body = {"success": False, "error": error, "error_info": _INFO, "data": None, "additional_data": None}
        return json_reply(body, 500)
    return unauthorized("Invalid token: access token is invalid" if fault.kind == "expired_token" else "revoked token")


def cursor(field: str, value: Any, object_id: int, direction: str) -> str:
    """The cursor behind an object, as v2 makes them."""
    document = {"field": field, "fieldValue": value, "sortDirection": direction, "id": object_id}
    return base64.urlsafe_b64encode(orjson.dumps(document)).decode().rstrip("=")


def read_cursor(text: str) -> dict[str, Any]:
    """What a cursor says. Raises RefusalError for what is none."""
    try:
        document = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return {"field": str(document["field"]), "value": document["fieldValue"], "id": int(document["id"])}
    except (ValueError, KeyError, TypeError):
        raise invalid("cursor", "This value is not a valid cursor.") from None
