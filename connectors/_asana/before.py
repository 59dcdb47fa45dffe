"""What a task of Asana is before an update of ours changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors._asana.api import Api, Item
from connectors._asana.records import COMPLETED, NOT_COMPLETED
from connectors._asana.writing import checked_gid
from connectors.changes import RecordState, moment

_FIELDS = "name,notes,due_on,completed,assignee,modified_at,memberships.section.name"


async def state_before(api: Api, data: Mapping[str, Any]) -> RecordState:
    """The task that an update is about, with the values of the fields that the update sets.

    Where the update moves a task of several projects to a section, which section it was in is left out: which project
    is meant turns out when it is moved. Raises NotFoundError.
    """
    gid = checked_gid(data["id"])
    task = await api.one(f"/tasks/{gid}", _FIELDS)
    held: dict[str, Any] = {
        "title": task.get("name"),
        "description": task.get("notes") or "",
        "due_date": task.get("due_on"),
    }
    if "assignee" in data:
        held["assignee"] = await _assignee(api, task)
    if state := _state(task, str(data.get("state", ""))):
        held["state"] = state
    values = {name: held[name] for name in data if name in held}
    return RecordState(gid, values, moment(task.get("modified_at")))


async def _assignee(api: Api, task: Item) -> str:
    """The e-mail address of whoever has the task, the gid where there is none to be seen; empty for nobody."""
    gid = (task.get("assignee") or {}).get("gid")
    if gid is None:
        return ""
    person = (await api.people()).get(gid, {})
    return str(person.get("email") or gid)


def _state(task: Item, wanted: str) -> str | None:
    """What `state` is now, in the sense in which the update says it."""
    if wanted.casefold() in (COMPLETED, NOT_COMPLETED):
        return COMPLETED if task.get("completed") else NOT_COMPLETED
    sections = [membership["section"] for membership in task.get("memberships") or () if membership.get("section")]
    return str(sections[0]["name"]) if len(sections) == 1 else None
