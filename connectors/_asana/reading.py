"""Reading tasks: the lists of projects with what is below, and what events name."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any

import orjson

from connectors._asana import records
from connectors._asana.api import TASK_FIELDS, Api, Item, together
from connectors.errors import BookmarkLostError, NotFoundError, PermissionDeniedError
from connectors.once import Once
from connectors.paging import Fetched
from connectors.stream import Deleted

_FETCHED_TOGETHER = 50

Placed = tuple[Item, Item | None]
"""A task, and the project that it counts to: the first of its own that the token sees, or that of the task above it."""


@dataclass
class News:
    """What a project's feed of events tells: where it goes on, which tasks to look at, whether to list it anew."""

    project: str
    sync: str
    tasks: set[str] = field(default_factory=set)
    relist: bool = False

    def take(self, event: Mapping[str, Any]) -> None:
        """Note what an event touches. A section's new name is that of a state, and no task has an event for it."""
        for thing in (event.get("resource"), event.get("parent")):
            if thing and thing.get("resource_type") == "task":
                self.tasks.add(thing["gid"])
        resource = event.get("resource") or {}
        self.relist |= resource.get("resource_type") == "section" and event.get("action") == "changed"


class Reader:
    """Reads the tasks of one connection."""

    def __init__(self, api: Api, once: Once) -> None:
        self.api = api
        self._once = once
        self.tokens: dict[str, str] = {}
        """The sync tokens that were taken before the listing under way began, by project."""

    # -- listing ---------------------------------------------------------------------------------------------------

    async def page(self, cursor: Any) -> Fetched:
        """A page of the listing of all projects, one after the other.

        A cursor is `{"tokens": {project: sync token}, "project": gid, "offset": token or None}`: a listing that is gone
        on with keeps the sync tokens from before it began, so that no change in between is lost.
        """
        projects = await self.api.projects()
        order = sorted(projects)
        if cursor is None:
            cursor = {"tokens": await self.fresh_tokens(order), "project": order[0] if order else "", "offset": None}
        self.tokens = cursor["tokens"]
        left = [gid for gid in order if gid >= cursor["project"]]
        if not left:
            return Fetched([])
        offset = cursor["offset"] if left[0] == cursor["project"] else None
        fetched = await self.project_page(left[0], offset)
        if fetched.next is not None:
            following: Any = {**cursor, "project": left[0], "offset": fetched.next}
        else:
            following = {**cursor, "project": left[1], "offset": None} if len(left) > 1 else None
        return Fetched(fetched.records, following, fetched.content)

    async def project_page(self, project: str, offset: str | None) -> Fetched:
        """A page of a project's tasks and their subtasks; a task that counts to another project comes with that one."""
        page = await self.api.page("/tasks", TASK_FIELDS, offset, project=project)
        projects = await self.api.projects()
        homes = [(item, _own_home(item, projects) or projects[project]) for item in page.items]
        mine: list[Placed] = [(item, home) for item, home in homes if home["gid"] == project]
        below, content = await self._below(mine)
        make = partial(_records, [*mine, *below], await self.api.people())
        return Fetched(make, page.next, [page.content, *content, await self._look_ups()])

    async def _look_ups(self) -> bytes:
        """A digest of everything beside a page that its records are made from."""

        async def digest() -> bytes:
            seen = orjson.dumps([await self.api.projects(), await self.api.people()], option=orjson.OPT_SORT_KEYS)
            return blake2b(seen, digest_size=16).digest()

        return await self._once("look-ups of tasks", digest)

    async def fresh_tokens(self, projects: Iterable[str]) -> dict[str, str]:
        """A sync token for each project: what happens from now on."""
        order = list(projects)
        return dict(zip(order, await together(self._fresh_token(gid) for gid in order), strict=True))

    async def _fresh_token(self, project: str) -> str:
        # Asana's "Events": the first request has no token, and is answered with 412 and one.
        reply = await self.api.get("/events", {"resource": project}, expect=(412,))
        token: str = orjson.loads(reply.content)["sync"]
        return token

    async def _below(self, above: list[Placed]) -> tuple[list[Placed], list[bytes]]:
        """The subtasks at every depth, and the bytes that they came in."""
        projects = await self.api.projects()
        found: list[Placed] = []
        content: list[bytes] = []
        while above := [(item, home) for item, home in above if item.get("num_subtasks")]:
            replies = await together(self._subtasks(item["gid"]) for item, _ in above)
            level = [
                (child, home)
                for (_, home), (children, _) in zip(above, replies, strict=True)
                for child in children
                if _own_home(child, projects) is None  # else it comes with the project that it is in
            ]
            content += [part for _, parts in replies for part in parts]
            found += level
            above = level
        return found, content

    async def _subtasks(self, gid: str) -> tuple[list[Item], list[bytes]]:
        try:
            pages = [page async for page in self.api.pages(f"/tasks/{gid}/subtasks", TASK_FIELDS)]
        except (NotFoundError, PermissionDeniedError):  # the task has gone meanwhile, and an event will say so
            return [], []
        return [item for page in pages for item in page.items], [page.content for page in pages]

    # -- events ----------------------------------------------------------------------------------------------------

    async def news(self, known: Mapping[str, str]) -> list[News]:
        """What happened since the tokens in `known`. Raises BookmarkLostError."""
        gone = known.keys() - (await self.api.projects()).keys()
        if gone:
            # What becomes of its tasks is told to nobody: those with an assignee live on, the others do not.
            raise BookmarkLostError(f"{len(gone)} projects of Asana are gone, and tell no more events.")
        return await together(self._news(gid, token) for gid, token in known.items())

    async def _news(self, project: str, token: str) -> News:
        news = News(project, token)
        while True:
            reply = await self.api.get("/events", {"resource": project, "sync": news.sync}, expect=(412,))
            if reply.status_code == 412:
                raise BookmarkLostError("Asana no longer knows what changed since the last run.")
            answer = orjson.loads(reply.content)
            for event in answer["data"]:
                news.take(event)
            news.sync = answer["sync"]
            if not answer.get("has_more"):
                return news

    async def changed(self, gids: Iterable[str]) -> AsyncGenerator[tuple[list[records.Fields], Deleted], None]:
        """These tasks as they are now, with their subtasks: a task that moves takes them along."""
        waiting = sorted(gids)
        while waiting:
            some, waiting = waiting[:_FETCHED_TOGETHER], waiting[_FETCHED_TOGETHER:]
            found = await together(self.api.task(gid) for gid in some)
            there = [item for item in found if item is not None]
            placed: list[Placed] = [(item, await self._home(item)) for item in there]
            below, _ = await self._below(placed)
            family = [*placed, *below]
            kept = [(item, home) for item, home in family if home is not None]
            gone = [gid for gid, item in zip(some, found, strict=True) if item is None]
            gone += [item["gid"] for item, home in family if home is None]
            people = await self.api.people() if kept else {}
            yield _records(kept, people), Deleted(gone)

    async def _home(self, item: Item) -> Item | None:
        projects = await self.api.projects()
        at: Item | None = item
        while at is not None:
            if home := _own_home(at, projects):
                return home
            parent = at.get("parent")
            at = await self._above(parent["gid"]) if parent else None
        return None

    async def _above(self, gid: str) -> Item | None:
        return await self._once(f"above:{gid}", lambda: self.api.task(gid))


def _own_home(item: Item, projects: Mapping[str, Item]) -> Item | None:
    """The first project of a task that the token sees. A task in several comes once: with this one."""
    listed = item.get("projects")
    gids = [str(each.get("gid")) for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return next((projects[gid] for gid in gids if gid in projects), None)


def _records(placed: Iterable[Placed], people: Mapping[str, Item]) -> list[records.Fields]:
    return [records.safely(records.issue, item, home, people) for item, home in placed]
