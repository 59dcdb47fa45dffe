"""What an object of Pipedrive is before an update of ours changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors._pipedrive.reading import Reader
from connectors._pipedrive.records import Fields, Item, Kind, primary
from connectors._pipedrive.writing import PLAIN, custom_field, id_of
from connectors.changes import RecordState, moment

_SAME = frozenset({name for names in PLAIN.values() for name in names} - {"due_time"} | {"type"})
"""Parameters whose values Pipedrive answers with as it takes them."""
_IDS = {"organization": "org_id", "person": "person_id", "deal": "deal_id"}
_ENTRIES = {"email": "emails", "phone": "phones"}


async def state_before(reader: Reader, kind: Kind, data: Mapping[str, Any]) -> RecordState:
    """The object that an update is about, with the values of the fields that the update sets.

    People, pipelines and stages are named; an organization, a person and a deal are their ids. Raises NotFoundError.
    """
    object_id = id_of(data["id"], kind)
    item = await reader.one(kind, object_id)
    values = {name: item.get(name) for name in data if name in _SAME}
    values |= {name: _text(item.get(key)) for name, key in _IDS.items() if name in data}
    values |= {name: primary(item.get(key)) for name, key in _ENTRIES.items() if name in data}
    if "due_time" in data:
        values["due_time"] = (item.get("due_time") or "")[:5] or None
    if "custom_fields" in data:
        values["custom_fields"] = await _custom_fields(reader, kind, item, data["custom_fields"])
    values |= {name: await look_up(reader, item) for name, look_up in _LOOK_UPS.items() if name in data}
    return RecordState(str(object_id), values, moment(item.get("update_time")))


async def _owner(reader: Reader, item: Item) -> str | None:
    emails = {user["id"]: user.get("email") for user in await reader.users()}
    return emails.get(item.get("owner_id")) or _text(item.get("owner_id"))


async def _pipeline(reader: Reader, item: Item) -> str | None:
    return _name(await reader.pipelines(), item.get("pipeline_id"))


async def _stage(reader: Reader, item: Item) -> str | None:
    return _name(await reader.stages(), item.get("stage_id"))


_LOOK_UPS: Mapping[str, Callable[[Reader, Item], Any]] = {"owner": _owner, "pipeline": _pipeline, "stage": _stage}


async def _custom_fields(reader: Reader, kind: Kind, item: Item, given: Mapping[str, Any]) -> Fields:
    """The values of these custom fields, under the names that they were given by; options by their ids."""
    known = await reader.fields(kind)
    held = item.get("custom_fields") or {}
    return {name: held.get(custom_field(name, known, kind)["field_code"]) for name in given}


def _name(items: list[Item], wanted: Any) -> str | None:
    return next((str(item["name"]) for item in items if item["id"] == wanted), _text(wanted))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
