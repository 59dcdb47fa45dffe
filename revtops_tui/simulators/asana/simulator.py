"""Asana's API: https://app.asana.com/api/1.0."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from revtops_tui.simulators.asana.account import now_ms
from revtops_tui.simulators.asana.documents import Writer
from revtops_tui.simulators.asana.hooks import HookRoutes
from revtops_tui.simulators.asana.places import PlaceRoutes
from revtops_tui.simulators.asana.replies import Replies, refusal
from revtops_tui.simulators.asana.searching import SearchRoutes
from revtops_tui.simulators.asana.seeded import Seeder
from revtops_tui.simulators.asana.tasks import TaskRoutes
from revtops_tui.simulators.asana.things import Task
from revtops_tui.simulators.signing_in import Asked, Flow, answer
from revtops_tui.simulators.vendor import VendorSimulator

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from revtops_tui.simulators.faults import Fault

_TOKEN = "simulated-token"  # noqa: S105 - opens nothing but this simulator


def _answer(asked: Asked) -> dict[str, Any]:
    """Asana's also says whose the token is (developer page "OAuth")."""
    return {**answer(asked), "data": {"id": 4001, "gid": "4001", "name": "The Person Who Agreed"}}


class AsanaSimulator(VendorSimulator):
    """An Asana account on this machine; see `VendorSimulator` for the arguments."""

    slug = "asana"
    flow = Flow(
        "/-/oauth_authorize", "/-/oauth_token", "/-/oauth_revoke", pkce=True, renewal="left_out", answer=_answer
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._created: set[str] = set()

    @property
    def credentials(self) -> dict[str, Any]:
        """A token, as of an OAuth app."""
        return {"access_token": _TOKEN}

    def routes(self) -> Sequence[BaseRoute]:
        """The API."""
        self.account = Seeder(self.story).account
        self.replies = Replies(Writer(self.account))
        self.hooks = HookRoutes(self.account, self.outbox)
        return [
            *SearchRoutes(self.account, self.replies).routes(),
            *self.hooks.routes(),
            *PlaceRoutes(self.account, self.replies).routes(),
            *TaskRoutes(self.account, self.replies).routes(),
        ]

    def unauthorized(self, request: Request) -> Response | None:
        """The refusal of a request without the token."""
        given = request.headers.get("authorization", "")
        return (
            None if hmac.compare_digest(given.encode(), f"Bearer {_TOKEN}".encode()) else refusal(401, "Not Authorized")
        )

    def fault_reply(self, fault: Fault) -> Response:
        """Asana's words for what goes wrong; only an error of its own has a phrase."""
        if fault.kind == "429":
            message = "You have made too many requests recently. Please retry after the given amount of time."
            return refusal(429, message, {"Retry-After": fault.retry_after} if fault.retry_after else None)
        if fault.kind == "500":
            return refusal(500, "Server Error")
        if fault.kind == "expired_token":
            return refusal(401, "The bearer token has expired. Use the refresh token to request a new one.")
        return refusal(401, "Not Authorized")

    def not_found(self) -> Response:
        """The answer to a path that the API does not have."""
        return refusal(404, "No matching route for request")

    def counts(self) -> dict[str, int]:
        """Teams, projects, and the tasks in projects with their subtasks."""
        account = self.account
        return {
            "tracker_teams": len(account.teams),
            "tracker_projects": len(account.projects),
            "tracker_issues": sum(1 for _ in account.in_projects()),
        }

    # -- what users do -----------------------------------------------------------------------------------------

    @property
    def changeable(self) -> tuple[str, ...]:
        """Everything that is synced."""
        return ("tracker_teams", "tracker_projects", "tracker_issues")

    def create(self, entity: str) -> str:
        """A new team, a new project of a new team, or a new task in the first project."""
        account = self.account
        project = next(iter(account.projects.values()))
        if entity == "tracker_teams":
            gid = account.add_team("A new team", next(iter(account.teams.values())).workspace).gid
        elif entity == "tracker_projects":
            team = next(iter(account.teams.values()))
            gid = account.add_project("A new project", team.workspace, team=team.gid).gid
        else:
            now = now_ms()
            task = Task(account.gid("task"), "A new task", project.workspace, account.me, now, now)
            task.projects = {project.gid: project.sections[0]}
            account.add_task(task)
            gid = task.gid
        self._created.add(gid)
        return gid

    def change(self, entity: str) -> str:
        """The first one gets another name."""
        account = self.account
        if entity == "tracker_teams":
            team = next(iter(account.teams.values()))
            team.name += " (changed)"
            return team.gid
        if entity == "tracker_projects":
            project = next(iter(account.projects.values()))
            account.change_project(project, name=f"{project.name} (changed)")
            return project.gid
        task = next(account.in_projects())
        account.change_task(task, name=f"{task.name} (changed)")
        return task.gid

    def remove(self, entity: str) -> str:
        """The last one from the beginning goes: of the teams one without projects, of the projects one with tasks."""
        account = self.account
        if entity == "tracker_teams":
            used = {project.team for project in account.projects.values()} | self._created
            gid = next(gid for gid in reversed(account.teams) if gid not in used)
            del account.teams[gid]
        elif entity == "tracker_projects":
            gid = next(gid for gid, it in reversed(account.projects.items()) if it.tasks and gid not in self._created)
            account.remove_project(account.projects[gid])
        else:
            gid = [task.gid for task in account.in_projects() if task.gid not in self._created][-1]
            account.remove_task(account.tasks[gid])
        return gid
