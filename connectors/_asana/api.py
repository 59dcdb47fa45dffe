"""Asana over HTTP: lists with all their pages, single things, and the look-ups that everything else needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from connectors.http import HttpClient
from connectors.once import Once

if TYPE_CHECKING:
    import httpx2

Item = dict[str, Any]
T = TypeVar("T")

_PREFIX = "/api/1.0"
PAGE = 100
"""Asana's "Pagination": a page holds 1 to 100 objects."""
GONE = (403, 404)
"""What Asana answers for a task that was deleted, or that the token's user may no longer see."""

TASK_FIELDS = (
    "name,notes,resource_subtype,completed,completed_at,created_at,created_by,modified_at,due_on,due_at,assignee,"
    "assignee.name,memberships.project,memberships.section,memberships.section.name,projects,parent,tags,tags.name,"
    "num_subtasks,permalink_url,custom_fields,custom_fields.name,custom_fields.type,"
    "custom_fields.display_value,custom_fields.number_value,custom_fields.multi_enum_values,"
    "custom_fields.multi_enum_values.name"
)
_PROJECT_FIELDS = (
    "name,notes,archived,completed,current_status,current_status.color,due_on,start_on,owner,permalink_url,team,"
    "team.name,workspace,custom_fields,custom_fields.name,custom_fields.type,custom_fields.display_value,"
    "custom_fields.number_value,custom_fields.multi_enum_values,custom_fields.multi_enum_values.name"
)
_TEAM_FIELDS = "name,description,organization"
_AT_ONCE = 10


@dataclass(frozen=True)
class Page:
    """A page of a list: what it holds, the token of the next one (None on the last), and its bytes."""

    items: list[Item]
    next: str | None
    content: bytes


class Api:
    """One connection's Asana. Look-ups are kept as long as the connector."""

    def __init__(self, http: HttpClient, once: Once) -> None:
        self.http = http
        self._once = once

    # -- requests ------------------------------------------------------------------------------------------------

    async def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        fields: str = "",
        expect: Container[int] = (),
        budget: str = "default",
    ) -> httpx2.Response:
        """An answer as it comes. Without `fields` Asana sends compact records, which hold next to nothing."""
        asked = {**(params or {}), **({"opt_fields": fields} if fields else {})}
        return await self.http.get(f"{_PREFIX}{path}", params=asked, expect=expect, budget=budget)

    async def one(self, path: str, fields: str) -> Item:
        """A single thing. Raises NotFoundError."""
        found: Item = data(await self.get(path, fields=fields))
        return found

    async def send(
        self, method: str, path: str, body: Item, fields: str = "", *, repeatable: bool | None = None
    ) -> Item:
        """Write something; returns it as it is now. POST is sent once unless it is said to be repeatable."""
        asked = {"opt_fields": fields} if fields else {}
        reply = await self.http.request(
            method, f"{_PREFIX}{path}", json={"data": body}, params=asked, repeatable=repeatable
        )
        found: Item = data(reply)
        return found

    async def page(self, path: str, fields: str, offset: str | None = None, **params: Any) -> Page:
        """A page of a list: the first one, or the one at an offset token that Asana gave."""
        more = {"offset": offset} if offset else {}
        reply = await self.get(path, {**params, "limit": PAGE, **more}, fields=fields)
        answer = orjson.loads(reply.content)
        following = answer.get("next_page")
        return Page(answer["data"], following["offset"] if following else None, reply.content)

    async def pages(self, path: str, fields: str, **params: Any) -> AsyncGenerator[Page, None]:
        """The pages of a list."""
        offset: str | None = None
        while True:
            page = await self.page(path, fields, offset, **params)
            yield page
            offset = page.next
            if offset is None:
                return

    async def all(self, path: str, fields: str, **params: Any) -> list[Item]:
        """A whole list."""
        return [item async for page in self.pages(path, fields, **params) for item in page.items]

    # -- look-ups ------------------------------------------------------------------------------------------------

    async def workspaces(self) -> list[Item]:
        """All workspaces and organizations of the token's user."""
        return await self._once("workspaces", lambda: self.all("/workspaces", "name,is_organization"))

    async def teams(self) -> list[Item]:
        """The teams of all organizations; a workspace that is none has no teams."""
        organizations = [each["gid"] for each in await self.workspaces() if each.get("is_organization")]
        return await self._once("teams", lambda: self._of_each("teams", organizations, _TEAM_FIELDS))

    async def projects(self) -> dict[str, Item]:
        """The projects of all workspaces by gid, archived ones too."""

        async def fetch() -> dict[str, Item]:
            workspaces = [each["gid"] for each in await self.workspaces()]
            return {item["gid"]: item for item in await self._of_each("projects", workspaces, _PROJECT_FIELDS)}

        return await self._once("projects", fetch)

    async def project_gids(self) -> list[str]:
        """The projects of all workspaces as they are now, for those who look more than once."""
        workspaces = [each["gid"] for each in await self.workspaces()]
        return [item["gid"] for item in await self._of_each("projects", workspaces, "")]

    async def people(self) -> dict[str, Item]:
        """Everybody in all workspaces, by gid: a task names its people, but tells no address."""

        async def fetch() -> dict[str, Item]:
            return {person["gid"]: person for person in await self.all("/users", "name,email,workspaces")}

        return await self._once("people", fetch)

    async def me(self) -> Item:
        """The token's user."""
        return await self._once("me", lambda: self.one("/users/me", "name,email,workspaces.name"))

    async def task(self, gid: str, fields: str = TASK_FIELDS, gone: Container[int] = GONE) -> Item | None:
        """A task as it is now; None where Asana answers with one of the statuses `gone`."""
        reply = await self.get(f"/tasks/{gid}", fields=fields, expect=gone)
        found: Item | None = None if reply.status_code in gone else data(reply)
        return found

    async def _of_each(self, what: str, workspaces: list[str], fields: str) -> list[Item]:
        found = await together(self.all(f"/workspaces/{gid}/{what}", fields) for gid in workspaces)
        return [item for part in found for item in part]


async def together(work: Iterable[Awaitable[T]]) -> list[T]:
    """The results of all, a few at the same time: Asana counts concurrent requests too."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Awaitable[T]) -> T:
        async with gate:
            return await each

    tasks = [asyncio.ensure_future(one(each)) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:  # after a failure the others are of no use
        for task in tasks:
            task.cancel()


def data(reply: httpx2.Response) -> Any:
    """What an answer holds: a thing, or a list of them where Asana has no pages."""
    return orjson.loads(reply.content)["data"]
