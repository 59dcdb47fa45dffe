"""Values as files have them: what a format does not know becomes text, whole and readable."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

SIMPLE = frozenset({type(None), str, int, float})
"""Types that every format writes as they are."""

_DAY = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
DAY = re.compile(_DAY)
DAY_LENGTH = len("2026-11-23")
TIME = re.compile(_DAY + r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z")
"""A time as the store writes it (`store.clock`), and nothing else: other texts stay texts."""
TIME_LENGTH = len("2026-11-23T08:15:00.000000Z")


def text_of(value: Any) -> str:
    """Any value as text: JSON for lists and objects, base64 for bytes, ISO-8601 for times."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=text_of)
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
