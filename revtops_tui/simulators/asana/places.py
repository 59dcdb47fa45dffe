"""Endpoints of what tasks are in: workspaces, users, teams, projects, sections, tags."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.asana.account import Account
from revtops_tui.simulators.asana.replies import Replies, data, find, flag, named, refuse, sorted_by_gid
from revtops_tui.simulators.asana.things import Project, User

BASE = "/api/1.0"
_PROJECT_FIELDS = ("name", "notes", "due_on", "start_on", "archived", "color")


class PlaceRoutes:
    """The endpoints over one account."""

    def __init__(self, account: Account, replies: Replies) -> None:
        self._account = account
        self._replies = replies

    def routes(self) -> list[Route]:
        """What to mount."""
        get, post, put, delete = ["GET"], ["POST"], ["PUT"], ["DELETE"]
        return [
            Route(f"{BASE}/workspaces", self.workspaces, methods=get),
            Route(f"{BASE}/workspaces/{{gid}}", self.workspace, methods=get),
            Route(f"{BASE}/workspaces/{{gid}}/teams", self.teams, methods=get),
            Route(f"{BASE}/workspaces/{{gid}}/projects", self.projects, methods=get),
            Route(f"{BASE}/workspaces/{{gid}}/tags", self.tags, methods=get),
            Route(f"{BASE}/workspaces/{{gid}}/users", self.members, methods=get),
            Route(f"{BASE}/users", self.users, methods=get),
            Route(f"{BASE}/users/{{gid}}", self.user, methods=get),
            Route(f"{BASE}/teams/{{gid}}", self.team, methods=get),
            Route(f"{BASE}/teams/{{gid}}/projects", self.projects_of_team, methods=get),
            Route(f"{BASE}/projects", self.projects, methods=get),
            Route(f"{BASE}/projects", self.create_project, methods=post),
            Route(f"{BASE}/projects/{{gid}}", self.project, methods=get),
            Route(f"{BASE}/projects/{{gid}}", self.update_project, methods=put),
            Route(f"{BASE}/projects/{{gid}}", self.delete_project, methods=delete),
            Route(f"{BASE}/projects/{{gid}}/sections", self.sections, methods=get),
            Route(f"{BASE}/projects/{{gid}}/sections", self.create_section, methods=post),
            Route(f"{BASE}/sections/{{gid}}", self.section, methods=get),
        ]

    async def workspaces(self, request: Request) -> Response:
        """The workspaces of the token's user."""
        return self._replies.page(request, sorted_by_gid(self._account.workspaces))

    async def workspace(self, request: Request) -> Response:
        """One workspace."""
        return self._replies.one(request, find(self._account.workspaces, request.path_params["gid"], "workspace"))

    async def teams(self, request: Request) -> Response:
        """The teams of an organization."""
        workspace = find(self._account.workspaces, request.path_params["gid"], "workspace")
        if not workspace.is_organization:
            raise refuse(403, "workspace: Not an organization")
        return self._replies.page(
            request, sorted_by_gid(self._account.teams, lambda team: team.workspace == workspace.gid)
        )

    async def team(self, request: Request) -> Response:
        """One team."""
        return self._replies.one(request, find(self._account.teams, request.path_params["gid"], "team"))

    async def projects(self, request: Request) -> Response:
        """Projects, of a workspace or a team where one is named."""
        account, query = self._account, request.query_params
        workspace = request.path_params.get("gid") or query.get("workspace")
        if workspace is not None:
            find(account.workspaces, workspace, "workspace")
        team, archived = query.get("team"), flag(request, "archived")

        def keep(project: Project) -> bool:
            mine = workspace in (None, project.workspace) and team in (None, project.team)
            return mine and archived in (None, project.archived)

        return self._replies.page(request, sorted_by_gid(account.projects, keep))

    async def projects_of_team(self, request: Request) -> Response:
        """A team's projects."""
        team = find(self._account.teams, request.path_params["gid"], "team")
        archived = flag(request, "archived")
        found = sorted_by_gid(self._account.projects, lambda p: p.team == team.gid and archived in (None, p.archived))
        return self._replies.page(request, found)

    async def project(self, request: Request) -> Response:
        """One project."""
        return self._replies.one(request, self._project(request))

    async def create_project(self, request: Request) -> Response:
        """A new project; in an organization it needs a team."""
        account, given = self._account, await data(request)
        team = named(account.teams, given["team"], "team") if given.get("team") else None
        gid = given.get("workspace") or (team.workspace if team else None)
        if gid is None:
            raise refuse(400, "workspace: Missing input")
        workspace = named(account.workspaces, gid, "workspace")
        if workspace.is_organization and team is None:
            raise refuse(400, "team: Missing input")
        values = {"team": team.gid if team else None, **_project_values(given)}
        return self._replies.one(request, account.add_project(values.pop("name", ""), workspace.gid, **values), 201)

    async def update_project(self, request: Request) -> Response:
        """Change a project."""
        project = self._project(request)
        self._account.change_project(project, **_project_values(await data(request)))
        return self._replies.one(request, project)

    async def delete_project(self, request: Request) -> Response:
        """Delete a project."""
        self._account.remove_project(self._project(request))
        return self._replies.nothing(request)

    async def sections(self, request: Request) -> Response:
        """A project's sections, in their order."""
        return self._replies.page(request, [self._account.sections[gid] for gid in self._project(request).sections])

    async def create_section(self, request: Request) -> Response:
        """A new section at the end of a project."""
        project, given = self._project(request), await data(request)
        return self._replies.one(request, self._account.add_section(project, str(given.get("name", ""))), 201)

    async def section(self, request: Request) -> Response:
        """One section."""
        return self._replies.one(request, find(self._account.sections, request.path_params["gid"], "section"))

    async def tags(self, request: Request) -> Response:
        """A workspace's tags."""
        workspace = find(self._account.workspaces, request.path_params["gid"], "workspace")
        return self._replies.page(request, sorted_by_gid(self._account.tags, lambda t: t.workspace == workspace.gid))

    async def users(self, request: Request) -> Response:
        """The people of all workspaces, or of one."""
        workspace = request.query_params.get("workspace")
        if workspace is not None:
            named(self._account.workspaces, workspace, "workspace")
        found = sorted_by_gid(self._account.users, lambda user: workspace is None or workspace in user.workspaces)
        return self._replies.page(request, found)

    async def members(self, request: Request) -> Response:
        """The people of a workspace, by their names; this list has no pages."""
        workspace = find(self._account.workspaces, request.path_params["gid"], "workspace")
        members = sorted_by_gid(self._account.users, lambda user: workspace.gid in user.workspaces)
        return self._replies.found(request, sorted(members, key=lambda user: user.name))

    async def user(self, request: Request) -> Response:
        """Somebody by gid, e-mail address or as "me"."""
        gid = request.path_params["gid"]
        found = user_of(self._account, gid)
        if found is None:
            raise refuse(404, f"user: Unknown object: {gid}")
        return self._replies.one(request, found)

    def _project(self, request: Request) -> Project:
        return find(self._account.projects, request.path_params["gid"], "project")


def user_of(account: Account, text: object) -> User | None:
    """Somebody by what Asana takes for a person."""
    if text == "me":
        return account.users[account.me]
    by_mail = (user for user in list(account.users.values()) if user.email == text)
    return account.users.get(str(text)) or next(by_mail, None)


def _project_values(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in _PROJECT_FIELDS if name in given}
