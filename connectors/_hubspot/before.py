"""What an object of HubSpot is before an update of ours changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors._hubspot.answers import load
from connectors._hubspot.declared import WRITES
from connectors._hubspot.reading import Reader
from connectors._hubspot.records import OWNER, Lookups
from connectors._hubspot.writing import KINDS, object_id_of
from connectors.changes import RecordState, moment

if TYPE_CHECKING:
    from connectors.http import HttpClient

_REST = "properties"


async def state_before(http: HttpClient, reader: Reader, operation: str, data: Mapping[str, Any]) -> RecordState:
    """The object that an update is about, with the values of the properties that the update sets.

    A stage, a pipeline and an owner are named as people know them. Raises NotFoundError.
    """
    noun = operation.removeprefix("update_")
    kind, object_id = KINDS[noun], object_id_of(noun, data["id"])
    rest = data.get(_REST) or {}
    named = [name for name in data if name not in ("id", _REST)]
    asked = ",".join(dict.fromkeys([*named, *rest, kind.modified]))
    answer = load(await http.get(f"/crm/v3/objects/{kind.name}/{object_id}", params={"properties": asked}))
    held = answer.get("properties") or {}
    to = await reader.lookups() if {"dealstage", OWNER} & data.keys() else Lookups({}, {})
    pipelines = {str(one["id"]): one["label"] for one in await reader.pipelines()} if "pipeline" in data else {}
    meanings = {"dealstage": to.stages, OWNER: to.owners, "pipeline": pipelines}
    types = {spec["name"]: spec["type"] for each in WRITES if each.name == operation for spec in each.parameters}
    values = {name: _value(types[name], held.get(name), meanings.get(name, {})) for name in named}
    if rest:
        values[_REST] = {name: held.get(name) or None for name in rest}
    return RecordState(f"{kind.prefix}{object_id}", values, moment(held.get(kind.modified)))


def _value(kind: str, held: Any, meaning: Mapping[str, str]) -> Any:
    """A property's text as the parameter takes it; empty text clears a text."""
    if not held:
        return "" if kind in ("string", "text") else None
    if kind in ("number", "integer"):
        number = float(held)
        return int(number) if number.is_integer() else number
    if kind == "date":
        return held[:10]
    return meaning.get(held, held)
