"""Asking Asana: words, a project's or a person's tasks, and Asana's own search parameters.

renewal maple                     words in title or description; titles alone where a workspace has no paid plan
title: kick-off                   words in titles, on every plan
project: Enterprise rollouts 1    a project's tasks
assignee: me                      a person's tasks, by name or address
{"text": "maple", "completed": false, "limit": 500}    the parameters of Asana's "Search tasks in a workspace"
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson

from connectors._asana.api import PAGE, Api, Item, data, together
from connectors._asana.records import COMPLETED
from connectors.choosing import choose
from connectors.errors import InvalidInputError, PermissionDeniedError

COLUMNS = ("gid", "name", "completed", "assignee", "due_on", "project", "section", "url", "found_by")
_FIELDS = (
    "name,completed,assignee,assignee.name,due_on,created_at,memberships.project,memberships.project.name,"
    "memberships.section,memberships.section.name,permalink_url"
)
_OURS = frozenset({"workspace", "limit"})
_FIXED = frozenset({"sort_by", "sort_ascending", "opt_fields", "opt_pretty"})
_PAYMENT_REQUIRED = 402
_SEARCH, _TITLE_ONLY = "search", "title only: no paid plan"

Rows = list[list[Any]]
Found = tuple[Rows, bool]
"""Rows, and whether there are more."""


class Query:
    """Answers requests for one connection."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def answer(self, request: str) -> dict[str, Any]:
        """`{"columns", "rows", "truncated"}`. Raises InvalidInputError, PermissionDeniedError."""
        rows, more = await self._find(request.strip())
        return {"columns": list(COLUMNS), "rows": rows, "truncated": more}

    async def _find(self, request: str) -> Found:
        if request.startswith("{"):
            return await self._by_parameters(request)
        kind, _, rest = request.partition(":")
        wanted = rest.strip()
        ways = {"title": self._by_title, "project": self._of_project, "assignee": self._of_person}
        if kind.strip().lower() in ways and wanted:
            return await ways[kind.strip().lower()](wanted)
        if not request:
            raise InvalidInputError("Nothing is asked for.", hint="Words, `title: …`, `project: …` or `assignee: …`.")
        return await self._by_words(request)

    # -- search ----------------------------------------------------------------------------------------------------

    async def _by_words(self, words: str) -> Found:
        """Search, and titles where Asana refuses to search. Raises PermissionDeniedError rather than find nothing."""
        rows: Rows = []
        more = False
        unpaid = []
        for workspace in await self._api.workspaces():
            found = await self._search(workspace, {"text": words}, PAGE)
            if found is None:
                unpaid.append(workspace)
                found = await self._titles(workspace, words, _TITLE_ONLY)
            rows += found[0]
            more |= found[1]
        if unpaid and not rows:
            raise _payment_required(unpaid, "No title has these words. ")
        return rows, more

    async def _by_parameters(self, request: str) -> Found:
        asked = _parameters(request)
        limit = asked.pop("limit", PAGE)
        workspaces = await self._api.workspaces()
        if "workspace" in asked:
            workspaces = [choose(asked.pop("workspace"), workspaces, what="workspace", names=_names)]
        rows: Rows = []
        more = False
        refused = []
        for workspace in workspaces:
            found = await self._search(workspace, asked, limit)
            if found is None:
                refused.append(workspace)
                continue
            rows += found[0]
            more |= found[1]
        if refused:
            raise _payment_required(refused)
        return rows[:limit], more or len(rows) > limit

    async def _search(self, workspace: Item, asked: dict[str, Any], limit: int) -> Found | None:
        """What a workspace's search finds, the newest first; None where it takes a plan that there is not.

        The search has no pages: as Asana says, one asks again for what was created before the last one.
        """
        found: dict[str, Item] = {}
        params = {**asked, "sort_by": "created_at", "sort_ascending": "false"}
        while len(found) <= limit:
            reply = await self._api.get(
                f"/workspaces/{workspace['gid']}/tasks/search",
                params,
                fields=_FIELDS,
                budget="search",
                expect=(_PAYMENT_REQUIRED,),
            )
            if reply.status_code == _PAYMENT_REQUIRED:
                return None
            page: list[Item] = data(reply)
            if found.keys() >= {item["gid"] for item in page}:
                break
            found |= {item["gid"]: item for item in page}
            params["created_at.before"] = _just_after(page[-1]["created_at"])
        rows = [_row(item, _SEARCH) for item in found.values()]
        return rows[:limit], len(rows) > limit

    # -- on every plan ---------------------------------------------------------------------------------------------

    async def _by_title(self, words: str) -> Found:
        found = await together(self._titles(each, words, "title") for each in await self._api.workspaces())
        return [row for rows, _ in found for row in rows], any(more for _, more in found)

    async def _titles(self, workspace: Item, words: str, found_by: str) -> Found:
        """Typeahead tells gid and title, of a hundred tasks at most."""
        params = {"resource_type": "task", "query": words, "count": PAGE}
        found: list[Item] = data(
            await self._api.get(f"/workspaces/{workspace['gid']}/typeahead", params, fields="name")
        )
        return [_row(item, found_by) for item in found], len(found) == PAGE

    async def _of_project(self, name: str) -> Found:
        projects = (await self._api.projects()).values()
        project = choose(name, projects, what="project", names=_names)
        return _rows(await self._api.all("/tasks", _FIELDS, project=project["gid"]), "project")

    async def _of_person(self, name: str) -> Found:
        if name.casefold() == "me":
            person = await self._api.me()
        else:
            people = (await self._api.people()).values()
            person = choose(name, people, what="assignee", names=lambda p: (p.get("name"), p.get("email"), p["gid"]))
        places = [each["gid"] for each in person.get("workspaces") or ()]
        found = await together(
            self._api.all("/tasks", _FIELDS, assignee=person["gid"], workspace=place) for place in places
        )
        return _rows([item for part in found for item in part], "assignee")


def _parameters(request: str) -> dict[str, Any]:
    try:
        asked = orjson.loads(request)
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(f"This is no JSON: {error}.") from None
    limit = asked.get("limit", PAGE)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise InvalidInputError("`limit` must be a number of rows, 1 at least.")
    if fixed := sorted(_FIXED & asked.keys()):
        raise InvalidInputError(
            f"`{fixed[0]}` cannot be given: the results come by their creation, the newest first.",
            hint="created_at.before and created_at.after choose a span.",
        )
    if not asked.keys() - _OURS:
        raise InvalidInputError("The search has no condition.", hint='Such as {"text": "maple", "completed": false}.')
    return {name: value if name in _OURS else _text(value) for name, value in asked.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return "null" if value is None else str(value)


def _rows(found: list[Item], found_by: str) -> Found:
    return [_row(item, found_by) for item in found], False


def _row(item: Item, found_by: str) -> list[Any]:
    membership: Item = next(iter(item.get("memberships") or ()), {})
    return [
        item["gid"],
        item.get("name"),
        item.get(COMPLETED),
        (item.get("assignee") or {}).get("name"),
        item.get("due_on"),
        (membership.get("project") or {}).get("name"),
        (membership.get("section") or {}).get("name"),
        item.get("permalink_url"),
        found_by,
    ]


def _just_after(created_at: str) -> str:
    """A bound that still meets what was created in the same millisecond."""
    return (dt.datetime.fromisoformat(created_at) + dt.timedelta(milliseconds=1)).isoformat()


def _payment_required(workspaces: list[Item], before: str = "") -> PermissionDeniedError:
    names = ", ".join(str(each["name"]) for each in workspaces)
    return PermissionDeniedError(
        f"{before}Asana searches tasks only where there is a paid plan (HTTP 402), and there is none for {names}.",
        hint="`title: words`, `project: NAME` and `assignee: NAME` work on every plan; a search by parameters may name "
        "a paid `workspace`.",
    )


def _names(thing: Item) -> tuple[str | None, str | None]:
    return thing.get("name"), thing["gid"]
