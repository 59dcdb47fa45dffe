"""A call of a Web API method: its arguments, and the ways Slack says no."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

import orjson

if TYPE_CHECKING:
    from starlette.requests import Request

    from revtops_tui.simulators.slack.workspace import User

T = TypeVar("T")


class SlackError(Exception):
    """HTTP 200 with `ok: false`. `more` are fields beside `error`, such as `needed`."""

    def __init__(self, error: str, **more: str) -> None:
        super().__init__(error)
        self.document = {"ok": False, "error": error, **more}


@dataclass(frozen=True)
class Call:
    """Arguments as texts (JSON values stay what they are), whoever calls, and the address they used."""

    arguments: Mapping[str, Any]
    user: User
    kind: str
    host: str
    fault: str = ""

    def text(self, name: str, default: str = "") -> str:
        """A text, `default` where it is left out or empty."""
        value = self.arguments.get(name)
        return default if value in (None, "") else str(value)

    def flag(self, name: str) -> bool:
        """Slack takes true and 1 for yes."""
        return self.text(name).lower() in ("true", "1")

    def limit(self, default: int, most: int) -> int:
        """`limit`. Raises SlackError for one that is out of bounds."""
        text = self.text("limit", str(default))
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise SlackError("invalid_limit")
        return int(text)

    def objects(self, name: str) -> list[dict[str, Any]]:
        """A list of objects, as JSON or as JSON in a text. Raises SlackError."""
        value = self.arguments.get(name)
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise SlackError("invalid_arguments") from None
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise SlackError("invalid_arguments")
        return found


async def arguments(request: Request) -> dict[str, Any]:
    """What was given in the query, in a form or in JSON: Slack takes each of them. Raises SlackError."""
    given: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    if not body:
        return given
    if "json" in request.headers.get("content-type", ""):
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise SlackError("invalid_json") from None
        if not isinstance(document, dict):
            raise SlackError("json_not_object")
        return given | document
    return given | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def page(items: Sequence[T], call: Call, *, default: int = 100, most: int = 999) -> tuple[list[T], str]:
    """A page by `limit` and `cursor`, and the cursor of the next one, empty on the last."""
    limit = call.limit(default, most)
    start = int(decoded(call.text("cursor"), "offset:") or 0)
    if call.fault == "page_shift" and start:
        start -= 1
    return list(items[start : start + limit]), encoded(f"offset:{start + limit}") if start + limit < len(items) else ""


def encoded(place: str) -> str:
    """A cursor: opaque to whoever gets it."""
    return base64.b64encode(place.encode()).decode()


def decoded(cursor: str, prefix: str) -> str:
    """What a cursor says behind its prefix, empty for none. Raises SlackError."""
    if not cursor:
        return ""
    try:
        place = base64.b64decode(cursor, validate=True).decode()
    except ValueError:
        raise SlackError("invalid_cursor") from None
    if not place.startswith(prefix):
        raise SlackError("invalid_cursor")
    return place.removeprefix(prefix)


def distorted(items: list[dict[str, Any]], call: Call, *names: str) -> list[dict[str, Any]]:
    """A page with a fault in it: an item twice, or one of another shape than promised."""
    if call.fault == "duplicates" and items:
        return [*items, items[0]]
    if call.fault == "schema_drift" and items:
        changed = {name: {"value": items[0][name]} for name in names if name in items[0]}
        return [{**items[0], **changed, "unannounced": [1, 2]}, *items[1:]]
    return items
