"""Endpoints that find tasks by words and conditions: search, for those who pay, and typeahead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.asana.account import Account
from revtops_tui.simulators.asana.places import BASE, user_of
from revtops_tui.simulators.asana.replies import Replies, find, flag, refuse, sorted_by_gid
from revtops_tui.simulators.asana.tasks import milliseconds
from revtops_tui.simulators.asana.things import Task

_PAGE = 100
_PREMIUM = "Search is only available to premium users."
_ORDERS: dict[str, Callable[[Task], Any]] = {
    "created_at": lambda task: (task.created, task.gid),
    "modified_at": lambda task: (task.modified, task.gid),
    "completed_at": lambda task: (task.completed_at or 0, task.gid),
    "due_date": lambda task: (task.due_on or "", task.gid),
    "relevance": lambda task: task.gid,
    "likes": lambda task: task.gid,
}
_MOMENTS: dict[str, Callable[[Task], int | None]] = {
    "created_at": lambda task: task.created,
    "modified_at": lambda task: task.modified,
    "completed_at": lambda task: task.completed_at,
}
_TYPES = {"task": "tasks", "project": "projects", "team": "teams", "user": "users", "tag": "tags"}


class SearchRoutes:
    """The endpoints over one account."""

    def __init__(self, account: Account, replies: Replies) -> None:
        self._account = account
        self._replies = replies

    def routes(self) -> list[Route]:
        """What to mount."""
        return [
            Route(f"{BASE}/workspaces/{{gid}}/tasks/search", self.search, methods=["GET"]),
            Route(f"{BASE}/workspaces/{{gid}}/typeahead", self.typeahead, methods=["GET"]),
        ]

    async def search(self, request: Request) -> Response:
        """At most a hundred tasks that meet every condition. There are no pages, and it costs a plan."""
        workspace = find(self._account.workspaces, request.path_params["gid"], "workspace")
        if not workspace.paid:
            raise refuse(402, _PREMIUM)
        order = request.query_params.get("sort_by", "modified_at")
        if order not in _ORDERS:
            raise refuse(400, f"sort_by: Not one of {', '.join(_ORDERS)}")
        tests = self._conditions(request)
        found = sorted_by_gid(
            self._account.tasks, lambda task: task.workspace == workspace.gid and all(test(task) for test in tests)
        )
        found.sort(key=_ORDERS[order], reverse=not flag(request, "sort_ascending"))
        return self._replies.found(request, found[:_PAGE])

    def _conditions(self, request: Request) -> list[Callable[[Task], bool]]:
        query = request.query_params
        tests: list[Callable[[Task], bool]] = []
        if words := query.get("text", "").casefold().split():
            tests.append(lambda task: all(word in f"{task.name} {task.notes}".casefold() for word in words))
        if (done := flag(request, "completed")) is not None:
            tests.append(lambda task: (task.completed_at is not None) is done)
        if (below := flag(request, "is_subtask")) is not None:
            tests.append(lambda task: (task.parent is not None) is below)
        if (given := query.get("assignee.any")) is not None:
            people = {user.gid for each in given.split(",") if (user := user_of(self._account, each))}
            tests.append(lambda task: task.assignee in people)
        if (given := query.get("projects.any")) is not None:
            projects = set(given.split(","))
            tests.append(lambda task: not projects.isdisjoint(task.projects))
        for name, moment in _MOMENTS.items():
            tests += _bounds(request, name, moment)
        return tests

    async def typeahead(self, request: Request) -> Response:
        """At most a hundred things with the text in their names, on any plan."""
        workspace = find(self._account.workspaces, request.path_params["gid"], "workspace")
        query, kind = request.query_params, request.query_params.get("resource_type", "")
        if kind not in _TYPES:
            raise refuse(400, f"resource_type: Not a recognized type: {kind}")
        count = query.get("count", "20")
        if not count.isdigit() or not 1 <= int(count) <= _PAGE:
            raise refuse(400, f"count: Must be between 1 and {_PAGE}")
        words = query.get("query", "").casefold()
        things: dict[str, Any] = getattr(self._account, _TYPES[kind])

        def fits(thing: Any) -> bool:
            places = thing.workspaces if kind == "user" else (thing.workspace,)
            return workspace.gid in places and words in thing.name.casefold()

        return self._replies.found(request, sorted_by_gid(things, fits)[: int(count)])


def _bounds(request: Request, name: str, moment: Callable[[Task], int | None]) -> list[Callable[[Task], bool]]:
    tests: list[Callable[[Task], bool]] = []
    if text := request.query_params.get(f"{name}.before"):
        before = milliseconds(text, f"{name}.before")
        tests.append(lambda task: (at := moment(task)) is not None and at < before)
    if text := request.query_params.get(f"{name}.after"):
        after = milliseconds(text, f"{name}.after")
        tests.append(lambda task: (at := moment(task)) is not None and at > after)
    return tests
