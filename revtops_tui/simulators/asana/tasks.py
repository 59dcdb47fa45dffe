"""Endpoints of tasks: lists, single tasks, subtasks, where they are, comments."""

from __future__ import annotations

import datetime as dt
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.asana.account import Account, now_ms
from revtops_tui.simulators.asana.places import BASE, user_of
from revtops_tui.simulators.asana.replies import Replies, data, find, named, refuse, sorted_by_gid
from revtops_tui.simulators.asana.things import Task

_TOO_WIDE = "You should specify one of the following: project, tag, section, user task list, or assignee + workspace"
Values = dict[str, Any]


class TaskRoutes:
    """The endpoints over one account."""

    def __init__(self, account: Account, replies: Replies) -> None:
        self._account = account
        self._replies = replies

    def routes(self) -> list[Route]:
        """What to mount."""
        get, post, put, delete = ["GET"], ["POST"], ["PUT"], ["DELETE"]
        one = f"{BASE}/tasks/{{gid}}"
        return [
            Route(f"{BASE}/tasks", self.tasks, methods=get),
            Route(f"{BASE}/tasks", self.create, methods=post),
            Route(one, self.read, methods=get),
            Route(one, self.update, methods=put),
            Route(one, self.delete, methods=delete),
            Route(f"{one}/subtasks", self.subtasks, methods=get),
            Route(f"{one}/subtasks", self.create_subtask, methods=post),
            Route(f"{one}/addProject", self.add_project, methods=post),
            Route(f"{one}/removeProject", self.remove_project, methods=post),
            Route(f"{one}/stories", self.stories, methods=get),
            Route(f"{one}/stories", self.comment, methods=post),
            Route(f"{BASE}/projects/{{gid}}/tasks", self.of_project, methods=get),
            Route(f"{BASE}/sections/{{gid}}/tasks", self.of_section, methods=get),
            Route(f"{BASE}/sections/{{gid}}/addTask", self.add_to_section, methods=post),
        ]

    # -- lists -------------------------------------------------------------------------------------------------

    async def tasks(self, request: Request) -> Response:
        """The tasks of a project, a section, a tag, or of somebody in a workspace."""
        account, query = self._account, request.query_params
        if project := query.get("project"):
            tasks = self._of_project(named(account.projects, project, "project").gid)
        elif section := query.get("section"):
            tasks = self._of_section(named(account.sections, section, "section").gid)
        elif tag := query.get("tag"):
            tasks = sorted_by_gid(account.tasks, lambda task: tag in task.tags)
        elif query.get("assignee") and query.get("workspace"):
            user = user_of(account, query["assignee"])
            workspace = named(account.workspaces, query["workspace"], "workspace")
            if user is None:
                raise refuse(400, f"assignee: Not a recognized ID: {query['assignee']}")
            tasks = sorted_by_gid(account.tasks, lambda t: t.assignee == user.gid and t.workspace == workspace.gid)
        else:
            raise refuse(400, _TOO_WIDE)
        return self._replies.page(request, _filtered(request, tasks))

    async def of_project(self, request: Request) -> Response:
        """A project's tasks."""
        project = find(self._account.projects, request.path_params["gid"], "project")
        return self._replies.page(request, _filtered(request, self._of_project(project.gid)))

    async def of_section(self, request: Request) -> Response:
        """A section's tasks."""
        section = find(self._account.sections, request.path_params["gid"], "section")
        return self._replies.page(request, _filtered(request, self._of_section(section.gid)))

    async def subtasks(self, request: Request) -> Response:
        """A task's subtasks, one level deep."""
        return self._replies.page(request, [self._account.tasks[gid] for gid in self._task(request).subtasks])

    def _of_project(self, gid: str) -> list[Task]:
        return [self._account.tasks[task] for task in list(self._account.projects[gid].tasks)]

    def _of_section(self, gid: str) -> list[Task]:
        project = self._account.sections[gid].project
        return [task for task in self._of_project(project) if task.projects[project] == gid]

    # -- single tasks ------------------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        """A new task in projects, below another one, or only in a workspace."""
        return self._created(request, await data(request))

    async def create_subtask(self, request: Request) -> Response:
        """A new task below another one."""
        return self._created(request, {**await data(request), "parent": self._task(request).gid})

    async def read(self, request: Request) -> Response:
        """One task."""
        return self._replies.one(request, self._task(request))

    async def update(self, request: Request) -> Response:
        """Change a task."""
        task, given = self._task(request), await data(request)
        self._account.change_task(task, **self._values(given, task))
        return self._replies.one(request, task)

    async def delete(self, request: Request) -> Response:
        """Delete a task and its subtasks."""
        self._account.remove_task(self._task(request))
        return self._replies.nothing(request)

    def _created(self, request: Request, given: Values) -> Response:
        account = self._account
        parent = named(account.tasks, given["parent"], "parent") if given.get("parent") else None
        projects = [named(account.projects, gid, "projects") for gid in given.get("projects") or ()]
        places = [*(p.workspace for p in projects), *([parent.workspace] if parent else [])]
        if given.get("workspace"):
            places.append(named(account.workspaces, given["workspace"], "workspace").gid)
        if not places:
            raise refuse(400, "You should specify one of workspace, parent, projects")
        if len(set(places)) > 1:
            raise refuse(400, "projects: Not the same workspace")
        now = now_ms()
        task = Task("", "", places[0], account.me, now, now, parent=parent.gid if parent else None)
        values = self._values(given, task)
        for name, value in values.items():
            setattr(task, name, value)
        task.gid = account.gid("task")
        task.tags = [named(account.tags, gid, "tags").gid for gid in given.get("tags") or ()]
        task.projects = {project.gid: project.sections[0] for project in projects}
        account.add_task(task)
        return self._replies.one(request, task, 201)

    def _values(self, given: Values, task: Task) -> Values:
        """What a body says of a task. Raises RefusalError before anything is changed."""
        values: Values = {name: str(given[name]) for name in ("name", "notes") if name in given}
        if "resource_subtype" in given:
            values["subtype"] = given["resource_subtype"]
        if "due_on" in given:
            values["due_on"] = _day(given["due_on"])
        if "completed" in given:
            done = task.completed_at or now_ms()
            values["completed_at"] = done if given["completed"] else None
        if "assignee" in given:
            values["assignee"] = self._assignee(given["assignee"], task.workspace)
        if "custom_fields" in given:
            values["fields"] = {**task.fields, **self._field_values(given["custom_fields"])}
        if "external" in given:
            values["external"] = self._external(given["external"], task)
        return values

    def _assignee(self, given: Any, workspace: str) -> str | None:
        if given is None:
            return None
        user = user_of(self._account, given)
        if user is None or workspace not in user.workspaces:
            raise refuse(400, f"assignee: Not a user in Workspace: {given}")
        return user.gid

    def _field_values(self, given: Any) -> Values:
        if not isinstance(given, dict):
            raise refuse(400, "custom_fields: Value is not an object")
        for gid in given:
            named(self._account.fields, gid, "custom_fields")
        return given

    def _external(self, given: Any, task: Task) -> dict[str, str] | None:
        other = self._account.by_external(given["gid"]) if given and "gid" in given else None
        if other is not None and other is not task:
            raise refuse(400, f"external: The gid {given['gid']} is in use.")
        return {name: str(value) for name, value in given.items()} if given else None

    # -- where a task is ---------------------------------------------------------------------------------------

    async def add_project(self, request: Request) -> Response:
        """Put a task into a project, in a section of it where one is named."""
        task, given = self._task(request), await data(request)
        project = named(self._account.projects, given.get("project"), "project")
        section = named(self._account.sections, given.get("section") or project.sections[0], "section")
        self._account.place_task(task, project, section.gid)
        return self._replies.nothing(request)

    async def remove_project(self, request: Request) -> Response:
        """Take a task out of a project."""
        task, given = self._task(request), await data(request)
        self._account.take_task_out(task, named(self._account.projects, given.get("project"), "project"))
        return self._replies.nothing(request)

    async def add_to_section(self, request: Request) -> Response:
        """Put a task into a section, and so out of the others of that project."""
        section = find(self._account.sections, request.path_params["gid"], "section")
        task = named(self._account.tasks, (await data(request)).get("task"), "task")
        self._account.place_task(task, self._account.projects[section.project], section.gid)
        return self._replies.nothing(request)

    # -- comments ----------------------------------------------------------------------------------------------

    async def stories(self, request: Request) -> Response:
        """A task's stories, the oldest first."""
        return self._replies.page(request, list(self._account.stories.get(self._task(request).gid, ())))

    async def comment(self, request: Request) -> Response:
        """Add a comment."""
        task, given = self._task(request), await data(request)
        if not given.get("text"):
            raise refuse(400, "text: Missing input")
        return self._replies.one(request, self._account.comment(task, str(given["text"])), 201)

    def _task(self, request: Request) -> Task:
        """The task of the path, by its gid or as `external:…`. Raises RefusalError."""
        gid: str = request.path_params["gid"]
        if gid.startswith("external:"):
            found = self._account.by_external(gid.removeprefix("external:"))
            if found is None:
                raise refuse(404, f"task: Unknown object: {gid}")
            return found
        return find(self._account.tasks, gid, "task")


def _filtered(request: Request, tasks: list[Task]) -> list[Task]:
    completed = _since(request, "completed_since")
    modified = _since(request, "modified_since")

    def keep(task: Task) -> bool:
        undone = task.completed_at is None or completed is None or task.completed_at >= completed
        return undone and (modified is None or task.modified >= modified)

    return [task for task in tasks if keep(task)]


def _since(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    return now_ms() if text == "now" else milliseconds(text, name)


def milliseconds(text: str, name: str) -> int:
    """A date-time of a request. Raises RefusalError."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise refuse(400, f"{name}: Invalid date: {text}") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp() * 1000)


def _day(given: Any) -> str | None:
    if given is None:
        return None
    try:
        return dt.date.fromisoformat(given).isoformat()
    except (TypeError, ValueError):
        raise refuse(400, f"due_on: Invalid date: {given}") from None
