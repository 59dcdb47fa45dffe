"""Writing to Asana: tasks and comments, every name resolved before anything is sent, nothing made twice.

Asana's creates know no idempotency key. A task may carry an `external` gid of the app that made it, by which it is
found again; that takes a token of an OAuth app ("Custom external data"). Without one, what was made within the last
hour and says the same is taken for the same: lists are consistent at once, as Asana says where it warns of search.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from connectors._asana.api import Api, Item
from connectors._asana.records import COMPLETED, NOT_COMPLETED
from connectors.choosing import choose
from connectors.errors import InvalidInputError, OutcomeUnknownError

Given = Mapping[str, Any]

_ME = frozenset({"me", "myself", "self", "@me"})
_TWIN_SECONDS = 3_600
_GID = re.compile(r"[0-9]+")
_SHOWN = "name,permalink_url,completed,created_at,created_by,due_on,notes,assignee,memberships.section"
_ADDRESSED = "name,workspace,projects"


class Writer:
    """Writes for one connection."""

    def __init__(self, api: Api) -> None:
        self._api = api

    # -- operations ------------------------------------------------------------------------------------------------

    async def create_issue(self, given: Given) -> dict[str, Any]:
        """A new task; the one that is there already where it was made by an attempt before. See the module's text."""
        workspace, project = await self._place(given)
        body: dict[str, Any] = {"name": given["title"], "notes": given.get("description") or ""}
        body |= {"projects": [project["gid"]]} if project else {"workspace": workspace["gid"]}
        # A task without a project is nobody's who could find it, unless somebody has it.
        assignee = given.get("assignee") or (None if project else "me")
        if assignee:
            body["assignee"] = await self._assignee(assignee, workspace)
        if given.get("due_date"):
            body["due_on"] = given["due_date"]
        section = await self._state(given, [project] if project else [], body)
        task, made = await self._create(body, workspace, given.get("external_id"))
        await self._move(task, section)
        return {**_shown(task), "created": made}

    async def update_issue(self, given: Given) -> dict[str, Any]:
        """Change a task. Saying it again changes nothing more."""
        gid = checked_gid(given["id"])
        task = await self._api.one(f"/tasks/{gid}", _ADDRESSED)
        body: dict[str, Any] = {}
        for name, field in (("title", "name"), ("description", "notes"), ("due_date", "due_on")):
            if name in given:
                body[field] = given[name]
        if "assignee" in given:
            body["assignee"] = await self._assignee(given["assignee"], task["workspace"])
        section = await self._state(given, task.get("projects") or [], body)
        if body:
            task = await self._api.send("PUT", f"/tasks/{gid}", body, _SHOWN)
        else:
            task = await self._api.one(f"/tasks/{gid}", _SHOWN)
        await self._move(task, section)
        return _shown(task)

    async def comment(self, given: Given) -> dict[str, Any]:
        """A comment on a task; the one of the last hour that says the same is not repeated."""
        gid = checked_gid(given["issue"])
        me = await self._api.me()
        path, fields = f"/tasks/{gid}/stories", "text,type,created_at,created_by"

        async def find() -> Item | None:
            stories = await self._api.all(path, fields)
            mine = (s for s in stories if (s.get("created_by") or {}).get("gid") == me["gid"] and _is_new(s))
            return next((s for s in mine if s.get("type") == "comment" and s.get("text") == given["body"]), None)

        async def send() -> Item:
            return await self._api.send("POST", path, {"text": given["body"]}, fields)

        story, made = await _once_only(find, send)
        return {"id": story["gid"], "issue": gid, "created": made}

    # -- sending ---------------------------------------------------------------------------------------------------

    async def _create(self, body: dict[str, Any], workspace: Item, external_id: str | None) -> tuple[Item, bool]:
        async def find() -> Item | None:
            if external_id:
                return await self._api.task(f"external:{quote(external_id, safe='')}", _SHOWN, gone=(404,))
            return await self._twin(body, workspace)

        async def send() -> Item:
            sent = {**body, "external": {"gid": external_id}} if external_id else body
            return await self._api.send("POST", "/tasks", sent, _SHOWN)

        return await _once_only(find, send)

    async def _twin(self, body: Given, workspace: Item) -> Item | None:
        since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=_TWIN_SECONDS)
        where = {"project": body["projects"][0]} if "projects" in body else {
            "assignee": body["assignee"], "workspace": workspace["gid"]
        }  # fmt: skip
        found = await self._api.all("/tasks", _SHOWN, **where, modified_since=since.isoformat())
        me = await self._api.me()
        return next((task for task in found if _is_new(task) and _says_the_same(task, body, me)), None)

    async def _move(self, task: Item, section: str | None) -> None:
        there = {_gid(membership.get("section")) for membership in task.get("memberships") or ()}
        if section is not None and section not in there:
            await self._api.send("POST", f"/sections/{section}/addTask", {"task": task["gid"]}, repeatable=True)

    # -- names into gids -------------------------------------------------------------------------------------------

    async def _place(self, given: Given) -> tuple[Item, Item | None]:
        """The workspace that a task goes to, and the project, where one is named."""
        workspaces = await self._api.workspaces()
        projects = list((await self._api.projects()).values())
        place, team = "", None
        if wanted := given.get("workspace"):
            workspaces = [choose(wanted, workspaces, what="workspace", names=_names)]
            place = f"workspace {workspaces[0]['name']}"
        inside = {workspace["gid"] for workspace in workspaces}
        if wanted := given.get("team"):
            teams = [team for team in await self._api.teams() if _gid(team.get("organization")) in inside]
            team = choose(wanted, teams, what="team", names=_names, place=place)
            place = f"team {team['name']}"
            projects = [project for project in projects if _gid(project.get("team")) == team["gid"]]
        projects = [project for project in projects if _gid(project.get("workspace")) in inside]
        if wanted := given.get("project"):
            project = choose(wanted, projects, what="project", names=_names, place=place)
            return project["workspace"], project
        if team:
            named = ", ".join(str(project["name"]) for project in projects) or "none"
            raise InvalidInputError(
                f"A task of Asana is in a project, not in a team itself: say which one of {place}.",
                hint=f"Give project; there are: {named}.",
            )
        return workspaces[0], None

    async def _assignee(self, wanted: str, workspace: Item) -> str | None:
        if not wanted:
            return None
        if wanted.casefold() in _ME:
            return str((await self._api.me())["gid"])
        people = await self._api.all("/users", "name,email", workspace=workspace["gid"])
        person = choose(
            wanted, people, what="assignee", names=lambda user: (user.get("name"), user.get("email"), user["gid"])
        )
        return str(person["gid"])

    async def _state(self, given: Given, projects: list[Item], body: dict[str, Any]) -> str | None:
        """The section that `state` means, if it is none of the two words, which go into the body."""
        wanted = given.get("state")
        if not wanted:
            return None
        if wanted.casefold() in (COMPLETED, NOT_COMPLETED):
            body["completed"] = wanted.casefold() == COMPLETED
            return None
        sections = [
            section
            for project in projects
            for section in await self._api.all(f"/projects/{project['gid']}/sections", "name")
        ]
        words = [{"name": COMPLETED, "gid": None}, {"name": NOT_COMPLETED, "gid": None}]
        return str(choose(wanted, [*words, *sections], what="state", names=_names)["gid"])


async def _once_only(
    find: Callable[[], Awaitable[Item | None]], send: Callable[[], Awaitable[Item]]
) -> tuple[Item, bool]:
    """What is there already, else what is sent; and whether this call made it. Raises OutcomeUnknownError."""
    if (found := await find()) is not None:
        return found, False
    try:
        return await send(), True
    except OutcomeUnknownError:
        if (found := await find()) is None:
            raise
        return found, True


def _says_the_same(task: Item, body: Given, me: Item) -> bool:
    return (
        _gid(task.get("created_by")) == me["gid"]
        and task.get("name") == body["name"]
        and (task.get("notes") or "") == body["notes"]
        and task.get("due_on") == body.get("due_on")
        and _gid(task.get("assignee")) == body.get("assignee")
    )


def _is_new(thing: Item) -> bool:
    created = dt.datetime.fromisoformat(thing["created_at"])
    return (dt.datetime.now(dt.UTC) - created).total_seconds() < _TWIN_SECONDS


def checked_gid(gid: str) -> str:
    """The gid of a task as it goes into a path. Raises InvalidInputError."""
    if not _GID.fullmatch(gid):
        raise InvalidInputError(
            f"{gid} is no id of a task.", hint="Give the task's gid: the number behind /task/ in its address."
        )
    return gid


def _names(thing: Item) -> tuple[str | None, str | None]:
    return thing.get("name"), thing["gid"]


def _gid(thing: Item | None) -> str | None:
    return thing["gid"] if thing else None


def _shown(task: Item) -> dict[str, Any]:
    return {
        "id": task["gid"],
        "url": task.get("permalink_url"),
        "title": task.get("name"),
        "completed": task.get("completed"),
    }
