"""What vendors answer with, where that is to be JSON."""

from __future__ import annotations

from typing import Any

import orjson

from connectors.errors import VendorUnavailableError


def json_object(content: bytes, vendor: str) -> dict[str, Any]:
    """The JSON object that an answer of `vendor` holds. Raises VendorUnavailableError where it holds none."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise VendorUnavailableError(f"{vendor}'s answer cannot be used: it is not a JSON object.")
    return document
