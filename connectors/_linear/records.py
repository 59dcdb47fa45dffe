"""Linear's teams, projects and issues as records: the fields that are asked for, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from connectors.stream import Deleted, Item

Node = dict[str, Any]

TEAM = "id name key description archivedAt"
PROJECT = (
    "id name description progress targetDate startDate url archivedAt trashed status { name } lead { name } "
    "teams(first: 50, includeArchived: true) { nodes { id } pageInfo { hasNextPage } }"
)
ISSUE = (
    "id identifier title description priority priorityLabel estimate dueDate url createdAt updatedAt completedAt "
    "canceledAt archivedAt trashed labelIds state { name type } assignee { name email } creator { name } "
    "project { id } team { id }"
)
"""Labels by their ids, for a tenth of a point: a connection of them would cost more than all the rest."""


def records(nodes: Iterable[Any], make: Callable[[Node], Node]) -> Iterator[Item | Deleted]:
    """Records of what is there, and what was archived or lies in the trash as deleted.

    A node that is none is handed on as it is: it is rejected with its reason, and the others are stored.
    """
    gone: list[str] = []
    for node in nodes:
        if not isinstance(node, dict):
            yield node
        elif node.get("archivedAt") or node.get("trashed"):
            gone.append(node["id"])
        else:
            yield make(node)
    if gone:
        yield Deleted(gone)


def team(node: Node) -> Node:
    """The fields of a `TrackerTeamRecord`."""
    return {
        "source_id": node.get("id"),
        "name": node.get("name"),
        "key": node.get("key"),
        "description": node.get("description"),
    }


def project(node: Node) -> Node:
    """The fields of a `TrackerProjectRecord`; its `state` is the name of the project's status."""
    return {
        "source_id": node.get("id"),
        "name": node.get("name"),
        "description": node.get("description"),
        "state": _inner(node, "status", "name"),
        "progress": node.get("progress"),
        "target_date": node.get("targetDate"),
        "start_date": node.get("startDate"),
        "url": node.get("url"),
        "lead_name": _inner(node, "lead", "name"),
        "team_source_ids": [
            each.get("id") if isinstance(each, dict) else each for each in _inner(node, "teams", "nodes") or ()
        ],
    }


def issue(node: Node, labels: Mapping[str, str]) -> Node:
    """The fields of a `TrackerIssueRecord`; `labels` has the name of each label by its id."""
    return {
        "source_id": node.get("id"),
        "identifier": node.get("identifier"),
        "title": node.get("title"),
        "description": node.get("description"),
        "state_name": _inner(node, "state", "name"),
        "state_type": _inner(node, "state", "type"),
        "priority": node.get("priority"),
        "priority_label": node.get("priorityLabel"),
        "assignee_name": _inner(node, "assignee", "name"),
        "assignee_email": _inner(node, "assignee", "email"),
        "creator_name": _inner(node, "creator", "name"),
        "project_source_id": _inner(node, "project", "id"),
        "team_source_id": _inner(node, "team", "id"),
        "labels": [labels[each] for each in label_ids(node) if each in labels],
        "estimate": node.get("estimate"),
        "url": node.get("url"),
        "due_date": node.get("dueDate"),
        "created_date": node.get("createdAt"),
        "updated_date": node.get("updatedAt"),
        "completed_date": node.get("completedAt"),
        "cancelled_date": node.get("canceledAt"),
    }


def has_more_teams(node: Any) -> bool:
    """Whether a project has more teams than came with it."""
    page = _inner(node, "teams", "pageInfo") if isinstance(node, dict) else None
    return isinstance(page, dict) and bool(page.get("hasNextPage"))


def label_ids(node: Any) -> list[str]:
    """The ids of an issue's labels."""
    ids = node.get("labelIds") if isinstance(node, dict) else None
    return [each for each in ids if isinstance(each, str)] if isinstance(ids, list) else []


def _inner(node: Node, name: str, field: str) -> Any:
    """A field of something that the node refers to; None where it refers to nothing."""
    inner = node.get(name)
    return inner.get(field) if isinstance(inner, dict) else inner
