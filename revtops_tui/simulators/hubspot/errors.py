"""HubSpot's way of saying no: one error shape for every refusal."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from revtops_tui.simulators.vendor import RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from revtops_tui.simulators.faults import Fault


class HubSpotError(RefusalError):
    """A refusal, worded as HubSpot words it. `document` is what goes into the body besides the ids."""

    def __init__(self, status: int, category: str, message: str, **document: Any) -> None:
        ids = {"status": "error", "correlationId": str(uuid.uuid4())}
        super().__init__(json_response({**ids, "message": message, "category": category, **document}, status=status))
        self.status = status


def json_response(document: Any, *, status: int = 200) -> Response:
    """JSON as HubSpot sends it."""
    return Response(orjson.dumps(document), status, media_type="application/json;charset=utf-8")


def bad_request(message: str, **document: Any) -> HubSpotError:
    """400 for a request that is wrong in itself."""
    return HubSpotError(400, "VALIDATION_ERROR", message, **document)


def not_found(message: str = "resource not found") -> HubSpotError:
    """404."""
    return HubSpotError(404, "OBJECT_NOT_FOUND", message)


def invalid_properties(problems: Sequence[Mapping[str, str]]) -> HubSpotError:
    """400 for property values; each problem has `name`, `error` and `message`. The message carries them as JSON."""
    listed = [{"isValid": False, **problem} for problem in problems]
    details = [
        {"message": p["message"], "code": p["error"], "context": {"propertyName": [p["name"]]}} for p in problems
    ]
    text = orjson.dumps(listed).decode()
    return bad_request(f"Property values were not valid: {text}", errors=details)


def unauthorized() -> HubSpotError:
    """401 for no token, or one that was never given out."""
    return HubSpotError(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found or not valid. This API takes a Bearer token.",
    )


def expired() -> HubSpotError:
    """401 for a token past its thirty minutes."""
    return HubSpotError(
        401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired 5 minute(s) ago."
    )


def revoked() -> HubSpotError:
    """401 after the user removed the app."""
    return HubSpotError(
        401, "INVALID_AUTHENTICATION", "The access token was revoked: the app is no longer installed in this account."
    )


def rate_limited(policy: str) -> HubSpotError:
    """429; `policy` is SECONDLY, TEN_SECONDLY_ROLLING or DAILY."""
    return HubSpotError(
        429,
        "RATE_LIMITS",
        f"You have reached your {policy.lower()} limit.",
        errorType="RATE_LIMIT",
        policyName=policy,
        groupName=f"publicapi:private-app-api-calls-{policy.lower()}",
    )


def fault_reply(fault: Fault) -> Response:
    """A fault that HubSpot reports itself."""
    if fault.kind == "429":
        refusal = rate_limited("TEN_SECONDLY_ROLLING").response
        if fault.retry_after is not None:
            refusal.headers["Retry-After"] = fault.retry_after
        return refusal
    if fault.kind == "expired_token":
        return expired().response
    if fault.kind == "revoked":
        return revoked().response
    return HubSpotError(500, "INTERNAL_ERROR", "internal error").response
