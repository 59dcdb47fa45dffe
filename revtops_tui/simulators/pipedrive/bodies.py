"""What v2 takes as the body of a POST or PATCH, and how strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from revtops_tui.simulators.pipedrive.replies import invalid
from revtops_tui.simulators.pipedrive.seeded import Item

if TYPE_CHECKING:
    from starlette.requests import Request

    from revtops_tui.simulators.pipedrive.state import State

_NUMBER, _LIST = (int, float), (list,)
_TEXTS: dict[str, tuple[type, ...]] = dict.fromkeys(("add_time", "currency", "lost_reason"), (str,))
LINKED = {"owner_id": "user", "person_id": "person", "org_id": "organization", "deal_id": "deal"}
LINKED |= {"pipeline_id": "pipeline", "stage_id": "stage"}
_IDS: dict[str, tuple[type, ...]] = dict.fromkeys(LINKED, (int,))
_BODY: dict[str, dict[str, tuple[type, ...]]] = {
    "deal": {
        **{name: _IDS[name] for name in ("owner_id", "person_id", "org_id", "pipeline_id", "stage_id")}, **_TEXTS,
        "title": (str,), "value": _NUMBER, "status": (str,), "probability": _NUMBER, "expected_close_date": (str,),
        "is_archived": (bool,), "archive_time": (str,), "visible_to": (int,), "close_time": (str,),
        "won_time": (str,), "lost_time": (str,), "label_ids": _LIST, "custom_fields": (dict,),
    },
    "person": {
        "name": (str,), "owner_id": (int,), "org_id": (int,), "add_time": (str,), "emails": _LIST, "phones": _LIST,
        "visible_to": (int,), "label_ids": _LIST, "custom_fields": (dict,),
    },
    "organization": {
        "name": (str,), "owner_id": (int,), "add_time": (str,), "visible_to": (int,), "label_ids": _LIST,
        "address": (dict,), "website": (str,), "linkedin": (str,), "industry": (int,), "annual_revenue": (int,),
        "employee_count": (int,), "custom_fields": (dict,),
    },
    "activity": {
        "subject": (str,), "type": (str,), "owner_id": (int,), "deal_id": (int,), "lead_id": (str,), "org_id": (int,),
        "due_date": (str,), "due_time": (str,), "duration": (str,), "busy": (bool,), "done": (bool,),
        "location": (dict,), "participants": _LIST, "attendees": _LIST, "public_description": (str,),
        "priority": (int,), "note": (str,),
    },
    "pipeline": {"name": (str,), "is_deal_probability_enabled": (bool,)},
    "stage": {
        "name": (str,), "pipeline_id": (int,), "deal_probability": (int,), "is_deal_rot_enabled": (bool,),
        "days_to_rotten": (int,),
    },
}  # fmt: skip
_REQUIRED: dict[str, tuple[str, ...]] = {
    "deal": ("title",),
    "person": ("name",),
    "organization": ("name",),
    "pipeline": ("name",),
}
_REQUIRED |= {"stage": ("name", "pipeline_id"), "activity": ()}


async def read_body(request: Request, kind: str, state: State, *, complete: bool = False) -> Item:
    """The values to write; with `complete` none that is required may be missing. Raises RefusalError."""
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise invalid("body", "The body of the request is not a JSON object.")
    for name in _REQUIRED[kind] if complete else ():
        if not body.get(name):
            raise invalid(name, f"Parameter '{name}' is required for this request")
    for name, value in body.items():
        _check(name, value, kind, state)
    if body.get("status", "open") not in ("open", "won", "lost"):
        raise invalid("status", "This value is not one of the allowed ones.")
    custom = {field["field_code"] for field in state.fields.get(kind, ()) if field["is_custom_field"]}
    for code in body.get("custom_fields") or ():
        if code not in custom:
            raise invalid(f"custom_fields.{code}", f"Parameter '{code}' is not allowed for this request")
    return body


def _check(name: str, value: Any, kind: str, state: State) -> None:
    known = _BODY[kind].get(name)
    if known is None:
        raise invalid(name, f"Parameter '{name}' is not allowed for this request")
    if value is None:
        return
    # True is an int in Python, and no number in JSON.
    if not isinstance(value, known) or isinstance(value, bool) != (bool in known):
        raise invalid(name, f"This value should be of type {known[0].__name__}.")
    if name in LINKED and not _is_there(state, LINKED[name], value):
        raise invalid(name, f"The {LINKED[name]} {value} was not found or is not accessible.")


def _is_there(state: State, kind: str, object_id: Any) -> bool:
    if kind == "user":
        return any(user["id"] == object_id for user in state.users)
    item = state.collections[kind].get(object_id)
    return item is not None and not item["is_deleted"]
