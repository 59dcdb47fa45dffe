"""Asking Pipedrive: one request, one page of a listing, and what the ids in objects stand for.

API v2, except for users and activity types, which have no v2: those are below `/v1`. Facts are from Pipedrive's OpenAPI
documents and its page "API v2 migration guide".
"""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from connectors._pipedrive.records import PIPELINES, STAGES, Item, Kind, Lookups, field_names, records
from connectors.errors import InvalidInputError, VendorUnavailableError
from connectors.paging import Fetched
from connectors.stream import Deleted

if TYPE_CHECKING:
    import httpx2

    from connectors.http import HttpClient
    from connectors.once import Once

_LIMIT = 500
"""Objects on a page, the most that v2 gives."""


class Reply(NamedTuple):
    """What Pipedrive answered: `data`, the cursor of the next page, and the bytes that it came in."""

    data: Any
    after: str | None
    raw: bytes


def read(response: httpx2.Response) -> Reply:
    """Take an answer apart.

    Raises InvalidInputError for `success: false`, which Pipedrive's page "Responses" allows with any status, and
    VendorUnavailableError for what is no answer of the API's.
    """
    try:
        document = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise VendorUnavailableError(f"Pipedrive's answer to {response.request.url.path} is not what it documents.")
    if document.get("success") is False:
        raise InvalidInputError(f"Pipedrive refused {response.request.url.path}: {document.get('error')}.")
    after = (document.get("additional_data") or {}).get("next_cursor")
    return Reply(document.get("data"), after or None, response.content)


def stamp(moment: dt.datetime) -> str:
    """A time as v2 takes it: to the second, with a Z. Fractions and offsets are refused with a 400."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Reader:
    """What a connection's requests have in common. Look-ups are made when first needed, and once."""

    def __init__(self, http: HttpClient, once: Once) -> None:
        self._http = http
        self._once = once

    async def ask(self, path: str, budget: str = "default", **params: Any) -> Reply:
        """One GET; parameters that are None are left out."""
        return read(await self._http.get(path, params=params, budget=budget))

    async def everything(self, path: str) -> list[Item]:
        """All objects of a short listing."""
        reply = await self.ask(path, limit=_LIMIT)
        found = list(reply.data or ())
        while reply.after:
            reply = await self.ask(path, limit=_LIMIT, cursor=reply.after)
            found += reply.data or ()
        return found

    async def page(self, kind: Kind, path: str, cursor: Any, **params: Any) -> Fetched:
        """One page of a listing as records."""
        reply = await self.ask(path, limit=_LIMIT, cursor=cursor, **params)
        items = reply.data or []
        to = await self.lookups(kind) if items else Lookups()
        return Fetched(partial(records, kind, items, to), reply.after, (reply.raw, to.content))

    async def page_of_deleted(self, path: str, cursor: Any, **params: Any) -> Fetched:
        """One page of a listing of what was deleted."""
        reply = await self.ask(path, limit=_LIMIT, cursor=cursor, status="deleted", **params)
        return Fetched([Deleted([str(item["id"]) for item in reply.data or ()])], reply.after)

    async def one(self, kind: Kind, object_id: Any) -> Item:
        """One object. Raises NotFoundError."""
        item: Item = (await self.ask(f"{kind.paths[0]}/{object_id}")).data
        return item

    # -- what is looked up ---------------------------------------------------------------------------------------

    async def me(self) -> Item:
        """The user whose token it is, and their company."""
        found: Item = await self._once("me", lambda: self._data("/v1/users/me"))
        return found

    async def users(self) -> list[Item]:
        """All users, deactivated ones too."""
        found: list[Item] = await self._once("users", lambda: self._data("/v1/users"))
        return found

    async def pipelines(self) -> list[Item]:
        """The pipelines."""
        return await self._once("pipelines", lambda: self.everything(PIPELINES.paths[0]))

    async def stages(self) -> list[Item]:
        """The stages of all pipelines."""
        return await self._once("stages", lambda: self.everything(STAGES.paths[0]))

    async def activity_types(self) -> list[Item]:
        """What kinds of activities there are in this account."""
        found: list[Item] = await self._once("activity types", lambda: self._data("/v1/activityTypes"))
        return found

    async def fields(self, kind: Kind) -> list[Item]:
        """The definitions of an object type's fields."""
        return await self._once(kind.fields_path, lambda: self.everything(kind.fields_path))

    async def lookups(self, kind: Kind) -> Lookups:
        """What the objects of a type refer to."""
        if not kind.fields_path:
            return Lookups()
        return await self._once(f"look-ups of {kind.name}", lambda: self._lookups(kind))

    async def _lookups(self, kind: Kind) -> Lookups:
        users, stages, fields, site = await asyncio.gather(
            self.users(), self.stages() if kind.name == "deal" else _nothing(), self.fields(kind), self.site()
        )
        owners = {user["id"]: user.get("email") for user in users}
        steps = {stage["id"]: stage for stage in stages}
        names = field_names(fields)
        content = orjson.dumps([sorted(owners.items()), [*steps.values()], fields, site], option=orjson.OPT_SORT_KEYS)
        return Lookups(owners, steps, names, site, content)

    async def site(self) -> str:
        """Where this company's web app is."""
        return f"https://{(await self.me()).get('company_domain')}.pipedrive.com"

    async def _data(self, path: str) -> Any:
        return (await self.ask(path)).data


async def _nothing() -> list[Item]:
    return []
