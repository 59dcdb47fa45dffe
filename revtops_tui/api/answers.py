"""What every answer has in common: errors as `{"error": {"kind", "message", "hint"}}`, each with its status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from revtops_tui.engine.documents import to_json
from revtops_tui.engine.errors import EngineError

# A request that fits the document and asks for what the connected system does not do contradicts how things are.
_STATUSES = {
    "unauthorized": 401,
    "denied": 403,
    "forbidden": 403,
    "rejected": 403,
    "permission": 403,
    "not_connected": 404,
    "not_found": 404,
    "unknown_connector": 404,
    "method": 405,
    "authentication": 409,
    "broken_connector": 409,
    "busy": 409,
    "usage": 409,
    "cancelled": 409,
    "cannot_wait": 409,
    "connection_revoked": 409,
    "decided": 409,
    "expired": 409,
    "too_large": 413,
    "invalid_input": 422,
    "rate_limited": 429,
    "bug": 500,
    "connector_error": 502,
    "outcome_unknown": 504,
    "vendor_unavailable": 502,
}


def status_of(error: EngineError) -> int:
    """The HTTP status of an error; 503 for what this machine lacks: a keyring, room on the disk, a free database."""
    return _STATUSES.get(error.kind, 503)


class Document(JSONResponse):
    """A JSON answer in which what does not print is escaped: it may come from a vendor, and end in a terminal."""

    def render(self, content: Any) -> bytes:
        return to_json(content, indent=None).encode()


def refusal(error: EngineError, *, status: int | None = None, headers: Mapping[str, str] | None = None) -> Document:
    """An error as an answer."""
    return Document(error.document(), status or status_of(error), headers)
