"""Asana's teams, projects and tasks as fields of records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Item = Mapping[str, Any]
Fields = dict[str, Any]

COMPLETED, NOT_COMPLETED = "completed", "not completed"

_STATES = {"green": "on track", "yellow": "at risk", "red": "off track", "blue": "on hold", "complete": "complete"}
"""What the colors of a project's status mean in Asana ("Project statuses")."""


def safely(make: Callable[..., Fields], item: Any, *more: Any) -> Fields:
    """The fields of a record; of an item in no shape that we know, fields that are set aside with the whole item."""
    try:
        return make(item, *more)
    except (AttributeError, KeyError, TypeError, ValueError):
        gid = item.get("gid") if isinstance(item, Mapping) else None
        return {"source_id": gid, "item": item}


def team(item: Item) -> Fields:
    """A TrackerTeamRecord."""
    return {"source_id": item["gid"], "name": item["name"], "description": item.get("description")}


def project(item: Item, people: Mapping[str, Item]) -> Fields:
    """A TrackerProjectRecord. `state` is archived, completed, or what the newest status says."""
    status = item.get("current_status") or {}
    lead = people.get(_gid(item.get("owner")) or "", {})
    team_gid = _gid(item.get("team"))
    state = "archived" if item.get("archived") else COMPLETED if item.get("completed") else None
    return {
        "source_id": item["gid"],
        "name": item["name"],
        "description": item.get("notes"),
        "state": state or _STATES.get(str(status.get("color")), "active"),
        "target_date": item.get("due_on"),
        "start_date": item.get("start_on"),
        "url": item.get("permalink_url"),
        "lead_name": lead.get("name"),
        "team_source_ids": [team_gid] if team_gid else [],
        "custom_fields": _custom_fields(item),
    }


def issue(item: Item, home: Item | None, people: Mapping[str, Item]) -> Fields:
    """A TrackerIssueRecord of a task in its project `home`; a subtask's is that of the task above it."""
    assignee = item.get("assignee") or {}
    completed = item.get("completed")
    due_at = item.get("due_at")
    custom_fields = _custom_fields(item)
    state = COMPLETED if completed else NOT_COMPLETED
    return {
        "source_id": item["gid"],
        "identifier": item["gid"],
        "title": item["name"],
        "description": item.get("notes"),
        "state_name": _section(item, home) or state,
        "state_type": state,
        "priority_label": next((v for n, v in custom_fields.items() if n.casefold() == "priority"), None),
        "issue_type": item.get("resource_subtype"),
        "assignee_name": assignee.get("name"),
        "assignee_email": people.get(_gid(assignee) or "", {}).get("email"),
        "creator_name": people.get(_gid(item.get("created_by")) or "", {}).get("name"),
        "project_source_id": home["gid"] if home else None,
        "team_source_id": _gid(home.get("team")) if home else None,
        "parent_source_id": _gid(item.get("parent")),
        "labels": [tag["name"] for tag in item.get("tags") or ()],
        "url": item.get("permalink_url"),
        "due_date": item.get("due_on") or (due_at[:10] if due_at else None),
        "created_date": item.get("created_at"),
        "updated_date": item.get("modified_at"),
        "completed_date": item.get("completed_at"),
        "custom_fields": custom_fields,
    }


def _section(item: Item, home: Item | None) -> str | None:
    """The section that the task is in, in its project."""
    for membership in item.get("memberships") or ():
        if home and _gid(membership.get("project")) == home["gid"]:
            return (membership.get("section") or {}).get("name")
    return None


def _custom_fields(item: Item) -> Fields:
    """The values of custom fields by their names; of two fields of one name, the second is told apart by its gid."""
    values: Fields = {}
    for field in item.get("custom_fields") or ():
        name = field["name"] if field["name"] not in values else f"{field['name']} ({field['gid']})"
        if (value := _value(field)) is not None:
            values[name] = value
    return values


def _value(field: Item) -> Any:
    if field.get("type") == "number":
        return field.get("number_value")
    if field.get("type") == "multi_enum":
        return [option["name"] for option in field.get("multi_enum_values") or ()] or None
    return field.get("display_value")


def _gid(thing: Item | None) -> str | None:
    return thing["gid"] if thing else None
