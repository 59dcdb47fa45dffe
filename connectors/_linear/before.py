"""What an issue of Linear is before an update of ours changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors._linear.graphql import ask, every
from connectors.changes import RecordState, moment
from connectors.http import HttpClient

Node = dict[str, Any]

_ISSUE = (
    "query ($id: String!) { issue(id: $id) { id title description priority estimate dueDate updatedAt labelIds "
    "state { name } assignee { email } project { name } } }"
)


async def state_before(http: HttpClient, data: Mapping[str, Any]) -> RecordState:
    """The issue that an update is about, with the values of the fields that the update sets.

    Raises NotFoundError.
    """
    issue = (await ask(http, _ISSUE, {"id": data["id"]})).data["issue"]
    held = {
        "title": issue["title"],
        "description": issue["description"] or "",
        "priority": _whole(issue["priority"]),
        "assignee": (issue["assignee"] or {}).get("email", ""),
        "project": (issue["project"] or {}).get("name", ""),
        "state": issue["state"]["name"],
        "labels": await _labels(http, issue) if "labels" in data else [],
        "due_date": issue["dueDate"],
        "estimate": _whole(issue["estimate"]),
    }
    values = {name: held[name] for name in data if name in held}
    return RecordState(issue["id"], values, moment(issue["updatedAt"]))


async def _labels(http: HttpClient, issue: Node) -> list[str]:
    """The names of an issue's labels, in their order."""
    wanted = {"id": {"in": issue["labelIds"]}}
    found = await every(http, "issueLabels", "IssueLabelFilter", "id name", wanted, archived=True)
    names = {label["id"]: label["name"] for label in found}
    return [names.get(each, each) for each in issue["labelIds"]]


def _whole(number: float | None) -> int | None:
    """Linear answers with a float what it takes as an integer."""
    return None if number is None else int(number)
