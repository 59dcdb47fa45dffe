"""Things as Asana writes them in JSON, cut down to what `opt_fields` asks for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from revtops_tui.simulators.asana.account import Account
from revtops_tui.simulators.asana.things import Project, Section, Story, Tag, Task, Team, User, Workspace
from revtops_tui.simulators.seeding import iso_utc

Json = dict[str, Any]
Thing = Workspace | User | Team | Project | Section | Task | Tag | Story
Tree = dict[str, Any]

COMPACT: Tree = {"gid": {}, "resource_type": {}, "name": {}, "resource_subtype": {}}
_COMPACT_STORY: Tree = {**COMPACT, "text": {}, "created_at": {}, "created_by": COMPACT, "type": {}}
_OPT_IN = frozenset({"num_subtasks", "external"})
"""What comes with a full record only when it is asked for by name."""


class Writer:
    """Writes the things of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def one(self, thing: Thing, opt_fields: str | None) -> Json:
        """A full record, or the fields that were asked for."""
        document = self._document(thing)
        if opt_fields:
            return picked(document, tree(opt_fields))
        return {name: _compact(value) for name, value in document.items() if name not in _OPT_IN}

    def many(self, things: Iterable[Thing], opt_fields: str | None) -> list[Json]:
        """Compact records, or the fields that were asked for."""
        asked = tree(opt_fields) if opt_fields else None
        return [
            picked(self._document(each), asked or (_COMPACT_STORY if isinstance(each, Story) else COMPACT))
            for each in things
        ]

    def _document(self, thing: Thing) -> Json:
        kind = type(thing).__name__.lower()
        document: Json = getattr(self, f"_{kind}")(thing)
        return {"gid": thing.gid, "resource_type": kind, **document}

    def _named(self, kind: str, gid: str | None) -> Json | None:
        thing = getattr(self._account, f"{kind}s").get(gid) if gid else None
        return {"gid": gid, "resource_type": kind, "name": thing.name} if thing else None

    def _workspace(self, it: Workspace) -> Json:
        domains = [next(iter(self._account.users.values())).email.partition("@")[2]] if it.is_organization else []
        return {"name": it.name, "is_organization": it.is_organization, "email_domains": domains}

    def _user(self, it: User) -> Json:
        return {
            "name": it.name,
            "email": it.email,
            "photo": None,
            "workspaces": [self._named("workspace", gid) for gid in it.workspaces],
        }

    def _team(self, it: Team) -> Json:
        return {
            "name": it.name,
            "description": it.description,
            "organization": self._named("workspace", it.workspace),
            "permalink_url": _link(it.workspace, "team", it.gid),
            "visibility": "public",
        }

    def _project(self, it: Project) -> Json:
        status = None
        if it.status:
            color, title = it.status
            status = {
                "gid": f"{it.gid}0",
                "resource_type": "project_status",
                "color": color,
                "title": title,
                "text": "",
            }
        team = self._named("team", it.team)
        return {
            "name": it.name,
            "notes": it.notes,
            "archived": it.archived,
            "color": it.color,
            "completed": False,
            "completed_at": None,
            "created_at": iso_utc(it.created),
            "modified_at": iso_utc(it.modified),
            "current_status": status,
            "due_on": it.due_on,
            "due_date": it.due_on,
            "start_on": it.start_on,
            "owner": self._named("user", it.owner),
            "permalink_url": _link(it.workspace, "project", it.gid),
            "privacy_setting": "public_to_workspace",
            "workspace": self._named("workspace", it.workspace),
            "custom_fields": self._values(it.fields),
            **({"team": team} if team else {}),
        }

    def _section(self, it: Section) -> Json:
        project = self._named("project", it.project)
        return {"name": it.name, "created_at": iso_utc(it.created), "project": project, "projects": [project]}

    def _task(self, it: Task) -> Json:
        projects = [self._named("project", gid) for gid in it.projects]
        sections = [self._named("section", gid) for gid in it.projects.values()]
        return {
            "name": it.name,
            "notes": it.notes,
            "resource_subtype": it.subtype,
            "assignee": self._named("user", it.assignee),
            "completed": it.completed_at is not None,
            "completed_at": None if it.completed_at is None else iso_utc(it.completed_at),
            "created_at": iso_utc(it.created),
            "created_by": {"gid": it.creator, "resource_type": "user"},
            "modified_at": iso_utc(it.modified),
            "due_on": it.due_on,
            "due_at": None,
            "start_on": None,
            "memberships": [
                {"project": project, "section": section} for project, section in zip(projects, sections, strict=True)
            ],
            "projects": projects,
            "parent": self._named("task", it.parent),
            "tags": [self._named("tag", gid) for gid in it.tags],
            "followers": [self._named("user", it.creator)],
            "num_subtasks": len(it.subtasks),
            "permalink_url": _link(it.workspace, "task", it.gid),
            "workspace": self._named("workspace", it.workspace),
            "custom_fields": self._values(it.fields),
            **({"external": it.external} if it.external else {}),
        }

    def _tag(self, it: Tag) -> Json:
        return {"name": it.name, "workspace": self._named("workspace", it.workspace)}

    def _story(self, it: Story) -> Json:
        return {
            "resource_subtype": "comment_added",
            "type": "comment",
            "text": it.text,
            "created_at": iso_utc(it.created),
            "created_by": self._named("user", it.creator),
            "target": self._named("task", it.task),
        }

    def _values(self, values: Json) -> list[Json]:
        result = []
        for gid, value in values.items():
            field = self._account.fields[gid]
            entry: Json = {
                "gid": gid,
                "resource_type": "custom_field",
                "name": field.name,
                "type": field.kind,
                "resource_subtype": field.kind,
                "enabled": True,
                "display_value": None if value is None else str(value),
            }
            if field.kind == "enum":
                option = field.options.get(value)
                entry["display_value"] = option
                entry["enum_value"] = None if option is None else {
                    "gid": value, "resource_type": "enum_option", "name": option, "enabled": True, "color": "none"
                }  # fmt: skip
            else:
                entry[f"{field.kind}_value"] = value
            result.append(entry)
        return result


def _link(workspace: str, kind: str, gid: str) -> str:
    return f"https://app.asana.com/1/{workspace}/{kind}/{gid}"


@lru_cache(maxsize=64)
def tree(opt_fields: str) -> Tree:
    """`a,b.c` as `{"a": {}, "b": {"c": {}}}`."""
    result: Tree = {}
    for path in opt_fields.split(","):
        at = result
        for step in path.strip().split("."):
            at = at.setdefault(step, {})
    return result


def picked(document: Json, asked: Tree) -> Json:
    """The document with its gid and what was asked for; unknown names are ignored, as Asana does."""
    result: Json = {"gid": document["gid"]} if "gid" in document else {}
    for name, inner in asked.items():
        if name in document:
            result[name] = _picked(document[name], inner)
    return result


def _picked(value: Any, asked: Tree) -> Any:
    if isinstance(value, list):
        return [_picked(each, asked) for each in value]
    if not isinstance(value, dict):
        return value
    if asked:
        return picked(value, asked)
    if "resource_type" in value:
        return {"gid": value["gid"], "resource_type": value["resource_type"]}
    return {name: _picked(inner, {}) for name, inner in value.items()}


def _compact(value: Any) -> Any:
    """A relation inside of a full record is compact; custom fields come whole."""
    if isinstance(value, list):
        return [_compact(each) for each in value]
    if isinstance(value, dict) and value.get("resource_type") not in (None, "custom_field"):
        return {name: inner for name, inner in value.items() if name in COMPACT}
    return value
