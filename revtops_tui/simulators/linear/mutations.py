"""What the simulated API can change, by the names of GraphQL's mutations."""

from __future__ import annotations

import itertools
import re
import secrets
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from revtops_tui.simulators.linear.account import Account, Node, now
from revtops_tui.simulators.linear.errors import invalid, missing

Fields = dict[str, Any]

MAX_BATCH = 50
_REFERENCES = {
    "assigneeId": ("assignee", "users", "User"),
    "leadId": ("lead", "users", "User"),
    "parentId": ("parent", "issues", "Issue"),
    "projectId": ("project", "projects", "Project"),
    "stateId": ("state", "states", "WorkflowState"),
    "statusId": ("status", "statuses", "ProjectStatus"),
    "teamId": ("team", "teams", "Team"),
}
_ARGUMENTS = {"id": "key", "input": "given", "permanentlyDelete": "for_good"}
_LABELS = ("labelIds", "addedLabelIds", "removedLabelIds")


class Mutations:
    """Each public method is a mutation of Linear's, and returns its payload; `by_name` has them under Linear's names.

    `given` is the mutation's input, `key` the id of what it is about.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._syncs = itertools.count(1)

    # -- issues --------------------------------------------------------------------------------------------------------

    def issue_create(self, given: Fields) -> Node:
        return self._done(issue=self._new_issue(given))

    def issue_batch_create(self, given: Fields) -> Node:
        if len(given["issues"]) > MAX_BATCH:
            raise invalid(f"Argument Validation Error: at most {MAX_BATCH} issues at once")
        return self._done(issues=[self._new_issue(each) for each in given["issues"]])

    def issue_update(self, key: str, given: Fields) -> Node:
        issue = self._find("issues", key, "Issue")
        values = self._issue_values(given, issue["team"], issue["labels"])
        return self._done(issue=self._account.update("Issue", issue, values))

    def issue_archive(self, key: str, trash: bool = False) -> Node:
        return self._done(entity=self._account.archive("Issue", self._find("issues", key, "Issue"), trash=trash))

    def issue_unarchive(self, key: str) -> Node:
        return self._done(entity=self._account.unarchive("Issue", self._find("issues", key, "Issue")))

    def issue_delete(self, key: str, for_good: bool = False) -> Node:
        issue = self._find("issues", key, "Issue")
        if for_good:
            self._account.delete("Issue", self._account.issues, issue)
            return self._done(entity=None)
        return self._done(entity=self._account.archive("Issue", issue, trash=True))

    def _new_issue(self, given: Fields) -> Node:
        team = self._find("teams", given["teamId"], "Team")
        if not (title := (given.get("title") or "").strip()):
            raise invalid("Argument Validation Error: title must not be empty", "An issue needs a title.")
        values = self._issue_values({k: v for k, v in given.items() if k not in ("id", "teamId", "title")}, team, [])
        issue = self._account.add_issue(team, title, values=values, node_id=self._own_id(given, "Issue"))
        self._account.changed("create", "Issue", issue, {})
        return issue

    def _issue_values(self, given: Fields, team: Node, labels: list[Node]) -> Fields:
        values = self._values({name: value for name, value in given.items() if name not in _LABELS})
        if values.get("priority") not in (None, *range(5)):
            raise invalid("Argument Validation Error: priority must be between 0 and 4")
        if "state" in values and values["state"]["team"] is not values.get("team", team):
            raise invalid("Invalid state", "The state does not belong to the team of the issue.")
        if (project := values.get("project")) and values.get("team", team) not in project["teams"]:
            raise invalid("Project not in same team", "The project does not belong to the team of the issue.")
        if any(name in given for name in _LABELS):
            wanted = given.get("labelIds", [label["id"] for label in labels])
            gone = given.get("removedLabelIds") or []
            ids = [each for each in [*wanted, *(given.get("addedLabelIds") or [])] if each not in gone]
            values["labels"] = self._all("labels", dict.fromkeys(ids), "IssueLabel")
            if any(label["isGroup"] for label in values["labels"]):
                raise invalid("Label is a group", "A group of labels cannot be put on an issue.")
        return values

    # -- comments, labels ----------------------------------------------------------------------------------------------

    def comment_create(self, given: Fields) -> Node:
        issue = self._find("issues", given.get("issueId"), "Issue")
        if not given.get("body"):
            raise invalid("Argument Validation Error: body must not be empty", "A comment needs a text.")
        parent = self._find("comments", given["parentId"], "Comment") if given.get("parentId") else None
        comment = {"body": given["body"], "issue": issue, "user": self._account.viewer, "parent": parent}
        node_id = self._own_id(given, "Comment")
        added = self._account.add(self._account.comments, {**comment, "editedAt": None}, node_id=node_id)
        added["url"] = f"{issue['url']}#comment-{added['id'][:8]}"
        self._account.changed("create", "Comment", added, {})
        return self._done(comment=added)

    def comment_update(self, key: str, given: Fields) -> Node:
        comment = self._find("comments", key, "Comment")
        return self._done(comment=self._account.update("Comment", comment, {**given, "editedAt": now()}))

    def comment_delete(self, key: str) -> Node:
        self._account.delete("Comment", self._account.comments, self._find("comments", key, "Comment"))
        return self._done(entityId=key)

    def issue_label_create(self, given: Fields) -> Node:
        team = self._find("teams", given["teamId"], "Team") if given.get("teamId") else None
        parent = self._find("labels", given["parentId"], "IssueLabel") if given.get("parentId") else None
        if any(label["name"].lower() == given["name"].lower() and label["team"] is team for label in self._labels()):
            raise invalid("Duplicate label name", f"There is a label {given['name']} already.")
        label = self._account.add_label(
            given["name"], team=team, parent=parent, node_id=self._own_id(given, "IssueLabel")
        )
        label.update({name: given[name] for name in ("color", "description", "isGroup") if name in given})
        return self._done(issueLabel=label)

    def _labels(self) -> list[Node]:
        return [label for label in self._account.labels if label["archivedAt"] is None]

    # -- projects, teams -----------------------------------------------------------------------------------------------

    def project_create(self, given: Fields) -> Node:
        values = self._values({k: v for k, v in given.items() if k not in ("id", "name", "teamIds")})
        teams = self._all("teams", given["teamIds"], "Team")
        project = self._account.add_project(given["name"], teams, node_id=self._own_id(given, "Project"))
        project.update(values)
        self._account.changed("create", "Project", project, {})
        return self._done(project=project)

    def project_update(self, key: str, given: Fields) -> Node:
        values = self._values({k: v for k, v in given.items() if k != "teamIds"})
        if "teamIds" in given:
            values["teams"] = self._all("teams", given["teamIds"], "Team")
        return self._done(project=self._account.update("Project", self._find("projects", key, "Project"), values))

    def project_delete(self, key: str) -> Node:
        project = self._find("projects", key, "Project")
        return self._done(entity=self._account.archive("Project", project, trash=True))

    def project_unarchive(self, key: str) -> Node:
        return self._done(entity=self._account.unarchive("Project", self._find("projects", key, "Project")))

    def team_create(self, given: Fields) -> Node:
        key = given.get("key") or re.sub(r"[^A-Z]", "", given["name"].upper())[:3] or "TEA"
        if any(team["key"] == key for team in self._account.teams):
            raise invalid("Duplicate team key", f"There is a team with the key {key} already.")
        team = self._account.add_team(
            given["name"], key, description=given.get("description"), node_id=self._own_id(given, "Team")
        )
        return self._done(team=team)

    def team_update(self, key: str, given: Fields) -> Node:
        values = {**given, **({"displayName": given["name"]} if "name" in given else {})}
        return self._done(team=self._account.update("Team", self._find("teams", key, "Team"), values))

    def team_delete(self, key: str) -> Node:
        team = self._account.archive("Team", self._find("teams", key, "Team"))
        return self._done(entityId=team["id"])

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def webhook_create(self, given: Fields) -> Node:
        if not (given.get("allPublicTeams") or given.get("teamId")):
            raise invalid("Argument Validation Error: either teamId or allPublicTeams must be given")
        webhook = {
            "allPublicTeams": bool(given.get("allPublicTeams")),
            "creator": self._account.viewer,
            "enabled": given["enabled"],
            "label": given.get("label"),
            "resourceTypes": given["resourceTypes"],
            "secret": given.get("secret") or f"lin_wh_{secrets.token_hex(20)}",
            "team": self._find("teams", given["teamId"], "Team") if given.get("teamId") else None,
            "url": given["url"],
        }
        added = self._account.add(self._account.webhooks, webhook, node_id=self._own_id(given, "Webhook"))
        return self._done(webhook=added)

    def webhook_update(self, key: str, given: Fields) -> Node:
        return self._done(webhook=self._account.update("Webhook", self._find("webhooks", key, "Webhook"), dict(given)))

    def webhook_delete(self, key: str) -> Node:
        self._account.delete("Webhook", self._account.webhooks, self._find("webhooks", key, "Webhook"))
        return self._done(entityId=key)

    # -- what they share -----------------------------------------------------------------------------------------------

    def _values(self, given: Fields) -> Fields:
        """An input's fields as nodes have them: ids become what they stand for."""
        values: Fields = {}
        for name, value in given.items():
            if name in _REFERENCES:
                field, kind, word = _REFERENCES[name]
                values[field] = self._find(kind, value, word) if value is not None else None
            else:
                values[name] = value
        return values

    def _all(self, kind: str, ids: Iterable[str], word: str) -> list[Node]:
        return [self._find(kind, each, word) for each in ids]

    def _find(self, kind: str, key: str | None, word: str) -> Node:
        return find(self._account, kind, key, word)

    def _own_id(self, given: Fields, word: str) -> str | None:
        """The id that the caller chose."""
        if (chosen := given.get("id")) is None:
            return None
        try:
            uuid.UUID(chosen)
        except ValueError:
            raise invalid("Argument Validation Error: id must be a UUID") from None
        if chosen in self._account.by_id:
            raise invalid(f"Entity {word} with id {chosen} already exists", f"The {word} exists already.")
        return str(chosen)

    def _done(self, **payload: Any) -> Node:
        return {**payload, "success": True, "lastSyncId": float(next(self._syncs))}


def find(account: Account, kind: str, key: str | None, word: str) -> Node:
    """A node of a list by its id, an issue by its identifier too, a team by its key. Raises GraphQLError."""
    nodes: list[Node] = getattr(account, kind)
    if kind == "teams":
        found = next((team for team in nodes if key in (team["id"], team["key"])), None)
    else:
        known = account.by_id.get(key or "")
        found = known if known is not None and any(node is known for node in nodes) else None
    if found is None:
        raise missing(word)
    return found


def by_name(mutations: Mutations) -> dict[str, Callable[[Fields], Node]]:
    """The mutations under GraphQL's names, such as `issueCreate`; each takes its arguments under GraphQL's names."""
    names = [name for name in vars(Mutations) if not name.startswith("_")]
    return {re.sub(r"_(.)", lambda match: match[1].upper(), name): _called(getattr(mutations, name)) for name in names}


def _called(mutation: Callable[..., Node]) -> Callable[[Fields], Node]:
    return lambda args: mutation(**{_ARGUMENTS.get(name, name): value for name, value in args.items()})
