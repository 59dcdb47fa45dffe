"""Writing to Pipedrive: names into ids, values into the shapes of v2, and never the same object twice.

Bodies are those of Pipedrive's OpenAPI document of v2; values of custom fields those of its "API v2 migration guide".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from connectors._pipedrive.reading import Reader, read, stamp
from connectors._pipedrive.records import ACTIVITIES, DEALS, ORGANIZATIONS, PERSONS, Fields, Item, Kind
from connectors.choosing import choose
from connectors.errors import InvalidInputError

if TYPE_CHECKING:
    from connectors.http import HttpClient

_TWIN_WITHIN = dt.timedelta(hours=1)
_SECONDS = re.compile(r"(\d\d:\d\d):00")
_TITLES = {"deal": "title", "person": "name", "activity": "subject"}

PLAIN = {
    "deal": ("title", "value", "currency", "status", "probability", "expected_close_date", "lost_reason"),
    "person": ("name",),
    "activity": ("subject", "due_date", "due_time", "duration", "note", "done"),
}
"""Parameters that go into a body as they are."""


class Writer:
    """Creates and updates objects. Every name is resolved before anything is written."""

    def __init__(self, http: HttpClient, reader: Reader) -> None:
        self._http = http
        self._reader = reader

    async def create(self, kind: Kind, data: Mapping[str, Any]) -> Fields:
        """Create an object; `created` is False where an equal one was added within the last hour.

        Pipedrive takes no id or key of ours, so that is how a repetition is told from the first time: all that is asked
        for is compared with what was added lately. Its search would be no help: it lags behind.
        """
        body, site = await self._body(kind, data), await self._reader.site()  # nothing may fail behind the write
        twin = await self._twin(kind, body)
        item = twin or read(await self._http.post(kind.paths[0], json=body)).data
        return {**_told(kind, item, site), "created": twin is None}

    async def update(self, kind: Kind, data: Mapping[str, Any]) -> Fields:
        """Change an object. The values are absolute, so doing it twice is doing it once."""
        path = f"{kind.paths[0]}/{id_of(data['id'], kind)}"
        depends = bool(data.keys() & {"email", "phone"}) or ("stage" in data and "pipeline" not in data)
        current = (await self._reader.ask(path)).data if depends else {}
        body, site = await self._body(kind, data, current), await self._reader.site()
        return _told(kind, read(await self._http.patch(path, json=body, repeatable=True)).data, site)

    # -- bodies --------------------------------------------------------------------------------------------------

    async def _body(self, kind: Kind, data: Mapping[str, Any], current: Mapping[str, Any] | None = None) -> Fields:
        body = {name: data[name] for name in PLAIN[kind.name] if name in data}
        if "owner" in data:
            body["owner_id"] = await self._owner(data["owner"])
        if "organization" in data:
            body["org_id"] = await self._found(ORGANIZATIONS, data["organization"])
        if "custom_fields" in data:
            body["custom_fields"] = await self._custom_fields(kind, data["custom_fields"])
        if kind is DEALS:
            body |= await self._of_deal(data, current or {})
        elif kind is ACTIVITIES:
            body |= await self._of_activity(data)
        else:
            for name, key in (("email", "emails"), ("phone", "phones")):
                if name in data:
                    body[key] = _with_primary(data[name], (current or {}).get(key))
        return body

    async def _of_deal(self, data: Mapping[str, Any], current: Mapping[str, Any]) -> Fields:
        body: Fields = {}
        if "person" in data:
            body["person_id"] = await self._found(PERSONS, data["person"])
        if "pipeline" in data:
            pipelines = [pipeline for pipeline in await self._reader.pipelines() if not pipeline.get("is_deleted")]
            chosen = choose(data["pipeline"], pipelines, what="pipeline", names=_named)
            body["pipeline_id"] = chosen["id"]
        if "stage" in data:
            stage = await self._stage(data["stage"], body.get("pipeline_id") or current.get("pipeline_id"))
            body |= {"stage_id": stage["id"], "pipeline_id": stage["pipeline_id"]}
        return body

    async def _of_activity(self, data: Mapping[str, Any]) -> Fields:
        body: Fields = {}
        if "deal" in data:
            body["deal_id"] = await self._found(DEALS, data["deal"])
        if "person" in data:  # `person_id` is read-only in v2: it is that of the primary participant
            body["participants"] = [{"person_id": await self._found(PERSONS, data["person"]), "primary": True}]
        if "type" in data:
            types = [known for known in await self._reader.activity_types() if known.get("active_flag", True)]
            chosen = choose(data["type"], types, what="activity type", names=lambda t: (t["key_string"], t["name"]))
            body["type"] = chosen["key_string"]
        return body

    async def _custom_fields(self, kind: Kind, given: Mapping[str, Any]) -> Fields:
        """Names of fields into their keys, labels of options into their ids; null clears a field."""
        known = await self._reader.fields(kind)
        body = {}
        for name, value in given.items():
            chosen = custom_field(name, known, kind)
            body[chosen["field_code"]] = _option_ids(value, chosen)
        return body

    # -- names into ids ------------------------------------------------------------------------------------------

    async def _owner(self, wanted: Any) -> int:
        users = [user for user in await self._reader.users() if user.get("active_flag", True)]
        chosen = choose(wanted, users, what="user", names=lambda u: (u.get("name"), u.get("email"), str(u["id"])))
        return int(chosen["id"])

    async def _stage(self, wanted: Any, pipeline_id: int | None) -> Item:
        pipelines = {pipeline["id"]: pipeline["name"] for pipeline in await self._reader.pipelines()}
        stages = [
            stage
            for stage in await self._reader.stages()
            if not stage.get("is_deleted") and pipeline_id in (None, stage["pipeline_id"])
        ]
        return choose(
            wanted,
            stages,
            what="stage",
            names=lambda s: (s["name"], f"{pipelines.get(s['pipeline_id'])} / {s['name']}", str(s["id"])),
            place=f"pipeline {pipelines.get(pipeline_id)}" if pipeline_id else "",
        )

    async def _found(self, kind: Kind, wanted: Any) -> int:
        """The id of a deal, a person or an organization: digits are one, anything else is an exact name or e-mail."""
        text = str(wanted).strip()
        if text.isdecimal():
            return int(text)
        pool = await self._search(kind, text, exact=True)
        if not pool and len(text) > 1:
            pool = await self._search(kind, text, exact=False)
        if not pool:
            raise InvalidInputError(
                f"There is no {kind.name} {text}.",
                hint="Pipedrive's search finds nothing like it. What was just added is found some seconds later; its "
                "id is good at once.",
            )
        chosen = choose(text, pool, what=kind.name, names=_searched_names)
        return int(chosen["id"])

    async def _search(self, kind: Kind, term: str, *, exact: bool) -> list[Item]:
        reply = await self._reader.ask(f"{kind.paths[0]}/search", "search", term=term, exact_match=exact, limit=100)
        return [found["item"] for found in (reply.data or {}).get("items") or ()]

    # -- the same one again --------------------------------------------------------------------------------------

    async def _twin(self, kind: Kind, body: Fields) -> Item | None:
        since = stamp(dt.datetime.now(dt.UTC) - _TWIN_WITHIN)
        cursor = None
        while True:
            reply = await self._reader.ask(kind.paths[0], limit=500, cursor=cursor, updated_since=since)
            for item in reply.data or ():
                if (item.get("add_time") or "") >= since and _holds(item, body):
                    twin: Item = item
                    return twin
            if (cursor := reply.after) is None:
                return None


def custom_field(name: str, definitions: Iterable[Item], kind: Kind) -> Item:
    """The custom field of that name or key. Raises InvalidInputError."""
    known = [definition for definition in definitions if definition.get("is_custom_field")]
    return choose(name, known, what=f"custom field of a {kind.name}", names=_field_names)


def _told(kind: Kind, item: Item, site: str) -> Fields:
    """What a write answers: the id, the title, and where the web app has a page for it."""
    title = _TITLES[kind.name]
    told = {"id": str(item["id"]), title: item.get(title)}
    return {**told, "url": f"{site}{kind.page}/{item['id']}"} if kind.page else told


def id_of(given: Any, kind: Kind) -> int:
    """An object's id. Raises InvalidInputError."""
    if not str(given).strip().isdecimal():
        raise InvalidInputError(f"The id of a {kind.name} is a number, not {given}.")
    return int(given)


def _named(item: Item) -> tuple[str, str]:
    return item["name"], str(item["id"])


def _field_names(definition: Item) -> tuple[str, str]:
    return definition["field_name"], definition["field_code"]


def _searched_names(item: Item) -> tuple[str, ...]:
    return item.get("title") or item.get("name") or "", str(item["id"]), *(item.get("emails") or ())


def _option_ids(value: Any, definition: Item) -> Any:
    options = definition.get("options")
    if not options or value is None:
        return value
    if isinstance(value, list):
        return [_option_ids(each, definition) for each in value]
    what = f"option of {definition['field_name']}"
    return choose(value, options, what=what, names=lambda o: (o["label"], str(o["id"])))["id"]


def _with_primary(value: str, current: list[Item] | None) -> list[Item]:
    """The list with this value as its primary one. The others stay: a list that is sent takes the place of all."""
    others = [{**entry, "primary": False} for entry in current or () if entry.get("value") not in (value, "")]
    label = next((entry["label"] for entry in current or () if entry.get("value") == value), "work")
    return [{"value": value, "primary": True, "label": label}, *others]


def _holds(item: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether an object has all that is asked for."""
    return all(_equal(value, item.get(key)) for key, value in asked.items())


def _equal(asked: Any, stored: Any) -> bool:
    if isinstance(asked, Mapping):
        return isinstance(stored, Mapping) and _holds(stored, asked)
    if isinstance(asked, list) and isinstance(stored, list):
        return len(asked) == len(stored) and all(map(_equal, asked, stored))
    if isinstance(asked, str) and isinstance(stored, str):
        return _SECONDS.sub(r"\1", asked) == _SECONDS.sub(r"\1", stored)
    return bool(asked == stored)
