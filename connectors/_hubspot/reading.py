"""Reading HubSpot's CRM (API v3; associations v4): listings, searches, and what their objects refer to.

Facts about the API are from HubSpot's pages "CRM search", "Associations v4" and "Usage guidelines".
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from connectors._hubspot.answers import Reply, check_errors, ids_of, load, read, reply_of, unexpected
from connectors._hubspot.records import Item, Lookups, ObjectType
from connectors._read_ahead import read_ahead
from connectors.errors import NotFoundError

if TYPE_CHECKING:
    from connectors.http import HttpClient
    from connectors.once import Once

_LISTING_LIMIT, SEARCH_LIMIT, _BATCH_LIMIT = 100, 200, 100
_GROUP = 1_000
"""How many objects one request for associations takes."""
_PAGES_AHEAD = 10
_URL_ROOM = 15_000
"""Characters of property names that go into a URL; HubSpot's gateway refuses longer ones."""


@dataclass(frozen=True, slots=True)
class Names:
    """The properties of an object type: those that fit into a URL, and the rest."""

    listed: tuple[str, ...]
    rest: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every one."""
        return self.listed + self.rest


@dataclass
class Group:
    """Pages in a row, complete with what other requests say of their objects.

    `links`: field -> id of the linked object, for each item. `after`: where the next group starts. `content`: the bytes
    that everything here was made of, less what differs from one reply to the next.
    """

    start: str
    items: list[Item] = field(default_factory=list)
    after: str | None = None
    links: dict[str, list[str | None]] = field(default_factory=dict)
    content: list[bytes] = field(default_factory=list)

    @property
    def last_id(self) -> str:
        """The highest id in it."""
        return _highest(self.items)


class Reader:
    """What a connection's requests have in common. Look-ups are made when first needed, and once."""

    def __init__(self, http: HttpClient, once: Once) -> None:
        self._http = http
        self._once = once

    # -- what is looked up ---------------------------------------------------------------------------------------

    async def properties(self, kind: str) -> list[Item]:
        """The definitions of an object type's properties."""

        async def fetch() -> list[Item]:
            return list(read(await self._http.get(f"/crm/v3/properties/{quote(kind, safe='')}")).items)

        return await self._once(f"properties/{kind}", fetch)

    async def names(self, kind: ObjectType) -> Names:
        """The names of all its properties, those with fields of their own first."""
        known = {str(definition.get("name")) for definition in await self.properties(kind.name)}
        mapped = [name for name in kind.properties if name in known]
        return _split([*mapped, *sorted(known.difference(mapped))])

    async def lookups(self) -> Lookups:
        """Owners, deactivated ones too, and deal stages."""
        present, gone, pipelines = await asyncio.gather(
            self.owners(archived=False), self.owners(archived=True), self.pipelines()
        )
        emails = {str(owner["id"]): owner["email"] for owner in (*gone, *present) if owner.get("email")}
        stages = {stage["id"]: stage["label"] for pipeline in pipelines for stage in pipeline.get("stages") or ()}
        return Lookups(emails, stages)

    async def pipelines(self) -> list[Item]:
        """The deal pipelines with their stages."""

        async def fetch() -> list[Item]:
            return list(read(await self._http.get("/crm/v3/pipelines/deals")).items)

        return await self._once("pipelines", fetch)

    async def owners(self, *, archived: bool) -> list[Item]:
        """The owners, or those who were deactivated."""

        async def fetch() -> list[Item]:
            url = f"/crm/v3/owners?limit=100&archived={str(archived).lower()}"
            return [owner async for reply in self._pages(url) for owner in reply.items]

        return await self._once(f"owners/{archived}", fetch)

    async def portal(self) -> Item:
        """The account: `{"portalId", "uiDomain", …}`."""

        async def fetch() -> Item:
            return dict(load(await self._http.get("/account-info/v3/details")))

        return await self._once("portal", fetch)

    # -- pages ---------------------------------------------------------------------------------------------------

    def listing(self, kind: ObjectType, names: Names, after: str | None) -> AsyncGenerator[Group, None]:
        """Every object of a type in groups, fetched ahead of whoever takes them."""
        properties = quote(",".join(names.listed), safe=",")
        url = f"/crm/v3/objects/{kind.name}?limit={_LISTING_LIMIT}&properties={properties}"
        return self._ahead(kind, self._pages(url, after), names, after or "")

    def changes(self, kind: ObjectType, names: Names, since: dt.datetime, last_id: str) -> AsyncGenerator[Group, None]:
        """Every object changed since then whose id is above `last_id`, in groups, in order of id."""
        pages = self._found(kind, names.all, since, last_id)
        return self._ahead(kind, pages, Names(names.all, ()), last_id)

    async def count_changes(self, kind: ObjectType, since: dt.datetime, last_id: str) -> int:
        """How many objects `changes` would yield: one cheap request."""
        return (await self._search(kind, ("hs_object_id",), since, last_id, limit=1)).total

    async def archived(self, kind: ObjectType) -> AsyncGenerator[list[str], None]:
        """The ids of archived objects, page by page. HubSpot keeps them for 90 days."""
        url = f"/crm/v3/objects/{kind.name}?archived=true&limit={_LISTING_LIMIT}&properties=hs_object_id"
        async for reply in self._pages(url):
            yield ids_of(reply.items)

    async def _pages(self, url: str, after: str | None = None) -> AsyncGenerator[Reply, None]:
        while True:
            reply = read(await self._http.get(f"{url}&after={quote(after, safe='')}" if after else url))
            yield reply
            if reply.after is None:
                return
            if reply.after == after:
                raise unexpected(f"its listing does not go on after {after}")
            after = reply.after

    async def _found(
        self, kind: ObjectType, names: Sequence[str], since: dt.datetime, last_id: str
    ) -> AsyncGenerator[Reply, None]:
        """Each page starts behind the last id of the one before, and not at an offset: offsets end at 10,000, and they
        shift, past an object that would be missed, when another one is archived meanwhile.
        """
        while True:
            reply = await self._search(kind, names, since, last_id, limit=SEARCH_LIMIT)
            yield reply
            if reply.after is None or not reply.items:
                return
            before, last_id = last_id, _highest(reply.items)
            if int(last_id) <= int(before or 0):
                raise unexpected(f"its search does not go on after {last_id}")

    async def _search(
        self, kind: ObjectType, names: Sequence[str], since: dt.datetime, last_id: str, *, limit: int
    ) -> Reply:
        filters = [{"propertyName": kind.modified, "operator": "GTE", "value": str(int(since.timestamp() * 1000))}]
        if last_id:
            filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": last_id})
        sorts = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
        body = {"filterGroups": [{"filters": filters}], "sorts": sorts, "properties": names, "limit": limit}
        return await self.search(kind.name, body)

    async def one(self, kind: ObjectType, object_id: str) -> Item:
        """One live object with all its properties. Raises NotFoundError."""
        items = await self._read_batch(kind.name, [object_id], (await self.names(kind)).all)
        if not items:
            raise NotFoundError(f"HubSpot has no object {object_id} among its {kind.name}.")
        return items[0]

    async def some(self, kind: ObjectType, ids: Sequence[str]) -> AsyncGenerator[Group, None]:
        """Those of these objects that are live, in groups, as complete as a listing has them."""
        names = await self.names(kind)
        for at in range(0, len(ids), _BATCH_LIMIT):
            group = Group("", await self._read_batch(kind.name, ids[at : at + _BATCH_LIMIT], names.all))
            await self._complete(group, kind.name, _asked_links(kind, names), ())
            yield group

    async def pipeline_of(self, deal_id: str) -> str | None:
        """The id of the pipeline that a deal is in. Raises NotFoundError."""
        deal = load(await self._http.get(f"/crm/v3/objects/deals/{quote(deal_id, safe='')}?properties=pipeline"))
        return (deal.get("properties") or {}).get("pipeline") or None

    async def search(self, kind: str, body: Mapping[str, Any]) -> Reply:
        """One page of a search."""
        url = f"/crm/v3/objects/{quote(kind, safe='')}/search"
        return read(await self._http.post(url, json=body, reads=True, budget="search"))

    # -- groups --------------------------------------------------------------------------------------------------

    async def _ahead(
        self, kind: ObjectType, pages: AsyncGenerator[Reply, None], names: Names, start: str
    ) -> AsyncGenerator[Group, None]:
        """Pages are requested while the objects before them are completed, and those while others are stored."""
        completed = self._completed(kind, read_ahead(pages, _PAGES_AHEAD), names, start)
        async with aclosing(read_ahead(completed, 1)) as groups:
            async for group in groups:
                yield group

    async def _completed(
        self, kind: ObjectType, pages: AsyncGenerator[Reply, None], names: Names, start: str
    ) -> AsyncGenerator[Group, None]:
        links = _asked_links(kind, names)
        group = Group(start)
        async with aclosing(pages):
            async for reply in pages:
                group.items += reply.items
                group.content.append(reply.raw)
                group.after = reply.after
                if reply.after is None or len(group.items) + len(reply.items) > _GROUP:
                    await self._complete(group, kind.name, links, names.rest)
                    yield group
                    group = Group(reply.after or "")

    async def _complete(self, group: Group, kind: str, links: Mapping[str, str], rest: Sequence[str]) -> None:
        ids = ids_of(group.items)
        if not ids:
            return
        linked = await asyncio.gather(*(self._links(kind, target, ids) for target in links))
        group.links = dict(zip(links.values(), linked, strict=True))
        group.content += map(orjson.dumps, linked)
        if rest:
            parts = [group.items[at : at + _BATCH_LIMIT] for at in range(0, len(ids), _BATCH_LIMIT)]
            group.content += await asyncio.gather(*(self._add_rest(kind, part, rest) for part in parts))

    async def _links(self, kind: str, target: str, ids: Sequence[str]) -> list[str | None]:
        """For each id the object of type `target` it is associated with: the primary one, or else the first."""
        url = f"/crm/v4/associations/{kind}/{target}/batch/read"
        inputs = [{"id": object_id} for object_id in ids]
        document = load(await self._http.post(url, json={"inputs": inputs}, reads=True))
        check_errors(document)
        found: dict[str, str] = {}
        try:
            for result in document["results"]:
                to = result["to"]
                if to:
                    chosen = to[0] if len(to) == 1 else _primary(to)
                    found[str(result["from"]["id"])] = str(chosen["toObjectId"])
        except (KeyError, TypeError) as error:
            raise unexpected("its reply about associations has another shape than documented") from error
        return [found.get(object_id) for object_id in ids]

    async def _add_rest(self, kind: str, items: Sequence[Item], names: Sequence[str]) -> bytes:
        """Read the properties that did not fit into the listing's URL; returns them as stable bytes."""
        found = {item["id"]: item["properties"] for item in await self._read_batch(kind, ids_of(items), names)}
        for item in items:
            item["properties"] |= found.get(item["id"], {})
        return orjson.dumps([found.get(item["id"]) for item in items])

    async def _read_batch(self, kind: str, ids: Sequence[str], names: Sequence[str]) -> list[Item]:
        body = {"properties": names, "inputs": [{"id": object_id} for object_id in ids]}
        response = await self._http.post(f"/crm/v3/objects/{kind}/batch/read", json=body, reads=True)
        document = load(response)
        check_errors(document)
        return reply_of(document, response.content).items


def _asked_links(kind: ObjectType, names: Names) -> Mapping[str, str]:
    """The links that need a request of their own: none where a property holds the only one."""
    return {} if kind.link_property in names.all else kind.links


def _highest(items: Iterable[Item]) -> str:
    return str(max(map(int, ids_of(items))))


def _split(names: Sequence[str]) -> Names:
    used = 0
    for at, name in enumerate(names):
        used += len(name) + 1
        if used > _URL_ROOM:
            return Names(tuple(names[:at]), tuple(names[at:]))
    return Names(tuple(names), ())


def _primary(to: Sequence[Item]) -> Item:
    for candidate in to:
        for kind in candidate.get("associationTypes") or ():
            if kind.get("category") == "HUBSPOT_DEFINED" and str(kind.get("label")).lower() == "primary":
                return candidate
    return to[0]
