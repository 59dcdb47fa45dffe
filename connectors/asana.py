"""Asana: teams, projects and tasks, by events after the first run; task search; tasks and comments written.

The page for its users is `docs/connectors/asana.md`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import ClassVar

from connectors import _asana_records as records
from connectors._asana_api import Api
from connectors._asana_reading import Reader
from connectors.base import BaseConnector
from connectors.http import RateBudget
from connectors.registry import AuthType, Capability, ConnectorMeta, ConnectorScope
from connectors.stream import Bookmark, Deleted, StreamItem


class AsanaConnector(BaseConnector):
    """Speaks Asana's API 1.0."""

    source_system = "asana"
    base_url = "https://app.asana.com"
    rate_budgets = (RateBudget(1500, per=60), RateBudget(60, per=60, name="search"))
    """Asana's "Rate limits": a token of a paid domain may ask 1,500 times a minute, and search 60 times. That of a free
    one may ask 150 times; Asana states no limits in its answers, and says this one with 429 and Retry-After."""
    concurrent_entities: ClassVar[int] = 3

    meta = ConnectorMeta(
        name="Asana",
        slug="asana",
        auth_type=AuthType.OAUTH2,
        scope=ConnectorScope.ORGANIZATION,
        capabilities=[Capability.SYNC],
        entity_types=["tracker_teams", "tracker_projects", "tracker_issues"],
        nango_integration_id="asana",
        description="Teams, projects and tasks from Asana.",
        icon="asana",
    )

    _reader: Reader | None = None

    @property
    def api(self) -> Api:
        """What this connection asks with."""
        return self.reader.api

    @property
    def reader(self) -> Reader:
        """What this connection reads tasks with; look-ups are kept as long as the connector."""
        if self._reader is None:
            self._reader = Reader(Api(self.http, self.once), self.once)
        return self._reader

    async def test_connection(self) -> str:
        """Ask whose token it is; returns such as `Ada Lovelace (ada@acme.com), workspaces Acme, Acme Labs`."""
        await self.get_credentials()
        me = await self.api.me()
        places = ", ".join(sorted(each["name"] for each in me.get("workspaces") or ()))
        return f"{me['name']} ({me['email']}), workspaces {places}"

    # -- SYNC ------------------------------------------------------------------------------------------------------

    async def sync_tracker_teams(self) -> AsyncGenerator[StreamItem, None]:
        """The teams of all organizations."""
        found = [records.safely(records.team, item) for item in await self.api.teams()]
        for item in self._whole(found):
            yield item

    async def sync_tracker_projects(self) -> AsyncGenerator[StreamItem, None]:
        """The projects of all workspaces."""
        people = await self.api.people()
        found = [records.safely(records.project, item, people) for item in (await self.api.projects()).values()]
        for item in self._whole(found):
            yield item

    def _whole(self, found: list[records.Fields]) -> Iterable[StreamItem]:
        """All there is, on every run: Asana tells no changes of teams, and a project's own only while it exists.

        So the bookmark is the list of gids, and what was on the last one and is not on this one was deleted.
        """
        gids = [fields["source_id"] for fields in found]
        yield found
        if self.bookmark is not None:
            yield Deleted(sorted(set(self.bookmark).difference(gids)))
        if self._keeps_bookmark:
            yield Bookmark(gids)

    async def sync_tracker_issues(self) -> AsyncGenerator[StreamItem, None]:
        """The tasks of all projects with their subtasks; from the second run on what the projects' events name.

        The bookmark is `{project: sync token}`, each token taken before its project was listed.
        """
        if self.bookmark is not None:
            async with aclosing(self._changes(self.bookmark)) as changes:
                async for item in changes:
                    yield item
            return
        async with aclosing(self.walk(tasks=self.reader.page)) as listing:
            async for item in listing:
                yield item
        if self._keeps_bookmark:
            yield Bookmark(self.reader.tokens)

    async def _changes(self, known: dict[str, str]) -> AsyncGenerator[StreamItem, None]:
        """What happened since these tokens. There is no checkpoint: Asana answers the same tokens with the same."""
        news = await self.reader.news(known)
        new = [gid for gid in await self.api.projects() if gid not in known]
        tokens = {each.project: each.sync for each in news} | await self.reader.fresh_tokens(new)
        for gid in [*new, *(each.project for each in news if each.relist)]:
            async with aclosing(self._project(gid)) as pages:
                async for page in pages:
                    yield page
        touched = {gid for each in news for gid in each.tasks}
        async with aclosing(self.reader.changed(touched)) as changed:
            async for found, gone in changed:
                yield found
                yield gone
        yield Bookmark(tokens)

    async def _project(self, gid: str) -> AsyncGenerator[StreamItem, None]:
        offset = None
        while True:
            fetched = await self.reader.project_page(gid, offset)
            for item in fetched.items():
                yield item
            if fetched.next is None:
                return
            offset = fetched.next

    @property
    def _keeps_bookmark(self) -> bool:
        """Not where a user chose the window: what happened before it is still to be asked for."""
        return self.bookmark is not None or self.sync_since is None
