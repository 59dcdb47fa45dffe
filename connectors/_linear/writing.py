"""Writing to Linear: names become ids before the first write; what is made has an id of ours, so it can be repeated."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from connectors._linear.graphql import ask, every
from connectors.choosing import choose
from connectors.errors import InvalidInputError
from connectors.http import HttpClient

Node = dict[str, Any]

_ME = ("me", "@me", "myself", "self")
_ISSUE = "id identifier title url state { name } assignee { name }"
_COMMENT = "id url issue { identifier }"
_ISSUE_TEAM = "query ($id: String!) { issue(id: $id) { id team { id key } } }"
_CREATE_ISSUE = (
    f"mutation ($input: IssueCreateInput!) {{ done: issueCreate(input: $input) {{ made: issue {{ {_ISSUE} }} }} }}"
)
_UPDATE_ISSUE = (
    "mutation ($id: String!, $input: IssueUpdateInput!) "
    f"{{ done: issueUpdate(id: $id, input: $input) {{ made: issue {{ {_ISSUE} }} }} }}"
)
_CREATE_COMMENT = (
    "mutation ($input: CommentCreateInput!) "
    f"{{ done: commentCreate(input: $input) {{ made: comment {{ {_COMMENT} }} }} }}"
)
_PLAIN = {
    "title": "title",
    "description": "description",
    "priority": "priority",
    "estimate": "estimate",
    "due_date": "dueDate",
}
"""Parameters that are sent as they are -> Linear's fields."""


class Writer:
    """What can be written. `given` holds an operation's parameters under their own names, never an alias.

    Raises InvalidInputError, before anything is written, for a name that is not exactly one thing's.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def create_issue(self, given: Node) -> Node:
        """Create an issue, or find the one with the given id."""
        teams = await every(self._http, "teams", "TeamFilter", "id key name")
        team = choose(given["team"], teams, what="team", names=_names("key", "name", "id"))
        made = {"id": given.get("id") or str(uuid.uuid4()), "teamId": team["id"], **await self._fields(given, team)}
        known = partial(every, self._http, "issues", "IssueFilter", _ISSUE, archived=True)
        return _shown(await self._create(_CREATE_ISSUE, made, known))

    async def update_issue(self, given: Node) -> Node:
        """Change the issue with this id or identifier."""
        issue = (await ask(self._http, _ISSUE_TEAM, {"id": given["id"]})).data["issue"]
        changes = await self._fields(given, issue["team"])
        reply = await ask(self._http, _UPDATE_ISSUE, {"id": issue["id"], "input": changes})
        return _shown(reply.data["done"]["made"])

    async def comment(self, given: Node) -> Node:
        """Comment on the issue with this id or identifier, or find the comment with the given id."""
        made = {"id": given.get("id") or str(uuid.uuid4()), "issueId": given["issue"], "body": given["body"]}
        known = partial(every, self._http, "comments", "CommentFilter", _COMMENT, archived=True)
        comment = await self._create(_CREATE_COMMENT, made, known)
        return {"id": comment["id"], "url": comment["url"], "issue": comment["issue"]["identifier"]}

    async def _create(self, mutation: str, made: Node, known: Callable[[Node], Any]) -> Node:
        try:
            created: Node = (await ask(self._http, mutation, {"input": made})).data["done"]["made"]
        except InvalidInputError:
            # Refused because it is there: an earlier attempt was carried out, and only its answer was lost.
            if not (found := await known({"id": {"eq": made["id"]}})):
                raise
            created = found[0]
        return created

    # -- names into ids ----------------------------------------------------------------------------------------------

    async def _fields(self, given: Node, team: Node) -> Node:
        """The fields of an issue as Linear takes them."""
        resolve = {
            "assignee": ("assigneeId", self._assignee),
            "project": ("projectId", self._project),
            "state": ("stateId", self._state),
            "labels": ("labelIds", self._labels),
        }
        named = [(theirs, find(given[ours], team)) for ours, (theirs, find) in resolve.items() if ours in given]
        ids = await asyncio.gather(*(found for _, found in named))
        plain = {theirs: given[ours] for ours, theirs in _PLAIN.items() if ours in given}
        return plain | {theirs: found for (theirs, _), found in zip(named, ids, strict=True)}

    async def _assignee(self, name: str, _: Node) -> str | None:
        if not name:
            return None
        if name.lower() in _ME:
            return str((await ask(self._http, "{ viewer { id } }")).data["viewer"]["id"])
        users = await every(self._http, "users", "UserFilter", "id name displayName email")
        return str(choose(name, users, what="assignee", names=_names("name", "email", "displayName", "id"))["id"])

    async def _project(self, name: str, team: Node) -> str | None:
        if not name:
            return None
        wanted = {"accessibleTeams": {"some": {"id": {"eq": team["id"]}}}}
        return _chosen(name, await every(self._http, "projects", "ProjectFilter", "id name", wanted), "project", team)

    async def _state(self, name: str, team: Node) -> str:
        wanted = {"team": {"id": {"eq": team["id"]}}}
        states = await every(self._http, "workflowStates", "WorkflowStateFilter", "id name position", wanted)
        return _chosen(name, sorted(states, key=lambda state: state["position"]), "state", team)

    async def _labels(self, names: Sequence[str], team: Node) -> list[str]:
        """Labels of the team and of the workspace; a group of labels is none."""
        of_team = {"or": [{"team": {"id": {"eq": team["id"]}}}, {"team": {"null": True}}]}
        wanted = {"and": [of_team, {"isGroup": {"eq": False}}]}
        labels = await every(self._http, "issueLabels", "IssueLabelFilter", "id name", wanted)
        return [_chosen(name, labels, "label", team) for name in names]


def _names(*fields: str) -> Callable[[Node], list[str | None]]:
    return lambda node: [node[field] for field in fields]


def _chosen(name: str, candidates: Sequence[Node], what: str, team: Node) -> str:
    times = Counter(node["name"] for node in candidates)

    def names(node: Node) -> list[str | None]:
        # A UUID says something to people only where it tells two of the same name apart.
        return [node["name"], node["id"]] if times[node["name"]] > 1 else [node["name"], node["name"], node["id"]]

    return str(choose(name, candidates, what=what, names=names, place=f"team {team['key']}")["id"])


def _shown(issue: Node) -> Node:
    return {
        "id": issue["id"],
        "identifier": issue["identifier"],
        "title": issue["title"],
        "url": issue["url"],
        "state": issue["state"]["name"],
        "assignee": (issue["assignee"] or {}).get("name"),
    }
