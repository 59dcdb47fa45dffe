"""A Linear workspace in memory: a graph of dicts, each one of GraphQL's objects as it is, that refer to each other."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from revtops_tui.simulators.seeding import iso_utc, mix

Node = dict[str, Any]

PRIORITIES = ("No priority", "Urgent", "High", "Medium", "Low")
STATES = (
    ("Backlog", "backlog", "#bec2c8"),
    ("Todo", "unstarted", "#e2e2e2"),
    ("In Progress", "started", "#f2c94c"),
    ("In Review", "started", "#0f783c"),
    ("Done", "completed", "#5e6ad2"),
    ("Canceled", "canceled", "#95a2b3"),
)
"""Name, type and colour of what every new team starts with."""


def now() -> str:
    """This moment as the API writes it."""
    return iso_utc(int(time.time() * 1000))


def seeded_id(seed: int, index: int) -> str:
    """A UUID that depends on nothing but its arguments."""
    return str(uuid.UUID(int=mix(seed, index) << 64 | mix(seed, -index - 2), version=4))


@dataclass
class Account:
    """The workspace. Lists are in order of creation, and hold what is archived too.

    `changed(action, kind, node, before)` is told of each change: create, update or remove; `before` has the former
    values of what an update changed.
    """

    organization: Node
    users: list[Node] = field(default_factory=list)
    teams: list[Node] = field(default_factory=list)
    states: list[Node] = field(default_factory=list)
    labels: list[Node] = field(default_factory=list)
    statuses: list[Node] = field(default_factory=list)
    projects: list[Node] = field(default_factory=list)
    issues: list[Node] = field(default_factory=list)
    comments: list[Node] = field(default_factory=list)
    webhooks: list[Node] = field(default_factory=list)
    by_id: dict[str, Node] = field(default_factory=dict)
    """Everything by its id; issues by their identifier too."""
    changed: Callable[[str, str, Node, Node], None] = lambda *_: None

    @property
    def viewer(self) -> Node:
        """Whose key it is."""
        return self.users[0]

    @property
    def url(self) -> str:
        """Where the workspace is in the browser."""
        return f"https://linear.app/{self.organization['urlKey']}"

    # -- making --------------------------------------------------------------------------------------------------------

    def add(self, nodes: list[Node], node: Node, *, created: str = "", node_id: str | None = None) -> Node:
        """Put a node into one of the lists, with what all of them have."""
        created = created or now()
        node["id"] = node_id or str(uuid.uuid4())
        node.setdefault("createdAt", created)
        node.setdefault("updatedAt", created)
        node.setdefault("archivedAt", None)
        nodes.append(node)
        self.by_id[node["id"]] = node
        return node

    def add_team(self, name: str, key: str, *, description: str | None = None, **made: Any) -> Node:
        """A team with its workflow."""
        team = {"name": name, "displayName": name, "key": key, "description": description, "timezone": "Etc/UTC"}
        self.add(self.teams, {**team, "organization": self.organization}, **made)
        added = self.teams[-1]
        states = [
            self.add(
                self.states,
                {"name": name, "type": kind, "color": color, "position": float(at), "team": added, "description": None},
                created=added["createdAt"],
                node_id=str(uuid.uuid5(uuid.UUID(added["id"]), name)),
            )
            for at, (name, kind, color) in enumerate(STATES)
        ]
        added.update(states=states, defaultIssueState=states[0], numbers=0)
        return added

    def add_label(self, name: str, *, team: Node | None = None, parent: Node | None = None, **made: Any) -> Node:
        """A label, of a team or of the whole workspace."""
        label = {"name": name, "color": "#5e6ad2", "description": None, "isGroup": False, "creator": self.viewer}
        return self.add(self.labels, {**label, "team": team, "parent": parent}, **made)

    def add_project(self, name: str, teams: list[Node], *, status: Node | None = None, **made: Any) -> Node:
        """A project of these teams."""
        project = {
            "name": name,
            "description": "",
            "color": "#bec2c8",
            "creator": self.viewer,
            "lead": None,
            "priority": 0,
            "scope": 0.0,
            "progress": 0.0,
            "startDate": None,
            "targetDate": None,
            "startedAt": None,
            "completedAt": None,
            "canceledAt": None,
            "trashed": None,
            "status": status or self.statuses[0],
            "teams": teams,
        }
        added = self.add(self.projects, project, **made)
        added["slugId"] = added["id"].replace("-", "")[:12]
        added["url"] = f"{self.url}/project/{added['slugId']}"
        return added

    def add_issue(self, team: Node, title: str, *, values: Node | None = None, **made: Any) -> Node:
        """An issue of a team, with the next number. `values` are fields as the API has them."""
        team["numbers"] += 1
        number = team["numbers"]
        identifier = f"{team['key']}-{number}"
        issue = {
            "title": title,
            "description": None,
            "team": team,
            "state": team["defaultIssueState"],
            "assignee": None,
            "creator": self.viewer,
            "project": None,
            "parent": None,
            "labels": [],
            "priority": 0,
            "estimate": None,
            "dueDate": None,
            "startedAt": None,
            "completedAt": None,
            "canceledAt": None,
            "autoArchivedAt": None,
            "trashed": None,
            "number": number,
            "identifier": identifier,
            "previousIdentifiers": [],
            "sortOrder": float(-number),
            "branchName": identifier.lower(),
            "url": f"{self.url}/issue/{identifier}",
            **(values or {}),
        }
        self.add(self.issues, issue, **made)
        self.by_id[identifier] = issue
        complete(issue)
        return issue

    def recount(self, *projects: Node) -> None:
        """Set how far these projects are: the part of their issues that is done, from 0 to 1."""
        counts = {id(project): [0, 0] for project in projects}
        for issue in self.issues:
            if (count := counts.get(id(issue["project"]))) is not None and issue["state"]["type"] != "canceled":
                count[0] += issue["completedAt"] is not None
                count[1] += 1
        for project in projects:
            done, scope = counts[id(project)]
            project.update(scope=float(scope), progress=done / scope if scope else 0.0)

    # -- changing ------------------------------------------------------------------------------------------------------

    def update(self, kind: str, node: Node, values: Node) -> Node:
        """Change fields of a node, and tell."""
        before = {name: node[name] for name, value in values.items() if node[name] != value}
        node.update(values, updatedAt=now())
        if kind == "Issue":
            before |= follow_state(node, before)
            complete(node)
            self.recount(*(project for project in (node["project"], before.get("project")) if project))
        self.changed("update", kind, node, before)
        return node

    def archive(self, kind: str, node: Node, *, trash: bool = False) -> Node:
        """Archive a node, or put it into the trash; a team takes its issues along."""
        moment = now()
        node.update(archivedAt=moment, updatedAt=moment)
        if trash:
            node["trashed"] = True
        for issue in self.issues_of(node) if kind == "Team" else ():
            issue.update(archivedAt=moment, updatedAt=moment)
        self.changed("remove", kind, node, {})
        return node

    def unarchive(self, kind: str, node: Node) -> Node:
        """Bring a node back."""
        return self.update(kind, node, {"archivedAt": None, "trashed": None})

    def delete(self, kind: str, nodes: list[Node], node: Node) -> None:
        """Take a node away for good."""
        nodes.remove(node)
        self.by_id = {key: known for key, known in self.by_id.items() if known is not node}
        self.changed("remove", kind, node, {})

    def issues_of(self, team: Node) -> Iterator[Node]:
        """The issues of a team that are not archived."""
        return (issue for issue in self.issues if issue["team"] is team and issue["archivedAt"] is None)


def complete(issue: Node) -> None:
    """Set the fields of an issue that follow from others."""
    issue["priorityLabel"] = PRIORITIES[issue["priority"]]
    issue["labelIds"] = [label["id"] for label in issue["labels"]]


def follow_state(issue: Node, before: Node) -> Node:
    """Set the times that a change of state brings; returns the former ones of those that it changed."""
    if "state" not in before:
        return {}
    kind, moment = issue["state"]["type"], issue["updatedAt"]
    times = {
        "startedAt": issue["startedAt"] or (moment if kind in ("started", "completed") else None),
        "completedAt": moment if kind == "completed" else None,
        "canceledAt": moment if kind == "canceled" else None,
    }
    former = {name: issue[name] for name, value in times.items() if issue[name] != value}
    issue.update(times)
    return former
