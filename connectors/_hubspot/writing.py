"""Writing to HubSpot: deals, contacts, companies and notes, created without duplicates where HubSpot lets one.

Facts are from HubSpot's pages on each object's API (v3) and "Associations v4" (the ids of association types).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from connectors._hubspot.answers import load
from connectors._hubspot.query import milliseconds
from connectors._hubspot.reading import Reader
from connectors._hubspot.records import COMPANIES, CONTACTS, DEALS, NOTES, OWNER, Item
from connectors.choosing import choose
from connectors.errors import InvalidInputError

if TYPE_CHECKING:
    from connectors.http import HttpClient

_EXISTING = re.compile(r"Existing ID: (\d+)")
"""Where HubSpot's refusal of a second contact names the first one."""
_ASSOCIATIONS = {
    ("deal", "company"): 5, ("deal", "contact"): 3, ("contact", "company"): 1,
    ("note", "deal"): 214, ("note", "company"): 190, ("note", "contact"): 202,
}  # fmt: skip
"""From and to -> HubSpot's id of the type; that of a company is the primary one, where there is one."""


KINDS = {"deal": DEALS, "contact": CONTACTS, "company": COMPANIES, "note": NOTES}
"""What is written under each noun."""
_PAGES = {"deal": "0-3", "contact": "0-1", "company": "0-2"}
"""HubSpot's number of a type, which is in the address of a page; a note has none."""


class Writer:
    """Carries out the declared writes. Every name is an id before the first request that changes anything."""

    def __init__(self, http: HttpClient, reader: Reader) -> None:
        self._http = http
        self._reader = reader

    async def write(self, operation: str, data: dict[str, Any]) -> dict[str, Any]:
        """Carry out one write; returns `{"id", "url"}`, and `created` where it was asked to create."""
        verb, _, noun = operation.partition("_")
        if verb == "create":
            return await self._create(noun, data)
        return await self._update(noun, data)

    async def _update(self, noun: str, data: dict[str, Any]) -> dict[str, Any]:
        legacy = data.pop(f"{noun}_id", None)
        object_id = object_id_of(noun, data.pop("id", legacy))
        given = _properties(data)
        if not given:
            raise InvalidInputError(
                f"There is nothing to change in the {noun} {object_id}.", hint="Give some property."
            )
        pipeline = None
        if given.get("dealstage") and "pipeline" not in given and noun == "deal":
            pipeline = await self._reader.pipeline_of(object_id)
        properties, page = await asyncio.gather(self._resolved(given, pipeline), self._page(noun))
        url = f"/crm/v3/objects/{KINDS[noun].name}/{object_id}"
        await self._http.patch(url, json={"properties": properties}, repeatable=True)
        return _result(object_id, page)

    async def _create(self, noun: str, data: dict[str, Any]) -> dict[str, Any]:
        links = [*_links(noun, data)]
        given = _properties(data)
        if noun == "note":
            given.setdefault("hs_timestamp", dt.datetime.now(dt.UTC).isoformat())
        properties, page = await asyncio.gather(self._resolved(given, None), self._page(noun))
        if noun == "company" and (found := await self._company_at(given.get("domain"))):
            return {**_result(found, page), "created": False}
        body = {"properties": properties, "associations": links}
        url = f"/crm/v3/objects/{KINDS[noun].name}"
        # Only a contact can be sent again when no answer came: HubSpot takes an e-mail address once, and says whose it
        # is. A search would not do for the others: it does not yet find what was created a moment ago.
        unique = noun == "contact"
        response = await self._http.post(url, json=body, repeatable=unique, expect=(409,) if unique else ())
        answer = load(response)
        if response.status_code == 409:
            return {**_result(_existing(answer), page), "created": False}
        return {**_result(str(answer.get("id")), page), "created": True}

    async def _company_at(self, domain: Any) -> str | None:
        """The id of the company with this domain, None for no company. Raises InvalidInputError for several."""
        if not domain:
            return None
        condition = {"propertyName": "domain", "operator": "EQ", "value": _text("domain", domain)}
        body = {"filterGroups": [{"filters": [condition]}], "properties": ["name"], "limit": 5}
        found = (await self._reader.search("companies", body)).items
        if len(found) > 1:
            listed = ", ".join(f"{(item.get('properties') or {}).get('name')} ({item['id']})" for item in found)
            raise InvalidInputError(
                f"Several companies have the domain {domain} already: {listed}.", hint="Use update_company with an id."
            )
        return str(found[0]["id"]) if found else None

    async def _page(self, noun: str) -> str:
        """The address of the noun's pages in HubSpot, without the id; empty where it has none."""
        type_id = _PAGES.get(noun)
        if type_id is None:
            return ""
        portal = await self._reader.portal()
        return f"https://{portal.get('uiDomain')}/contacts/{portal.get('portalId')}/record/{type_id}/"

    # -- names into ids --------------------------------------------------------------------------------------------

    async def _resolved(self, given: Mapping[str, Any], pipeline: str | None) -> dict[str, str]:
        """The properties as HubSpot takes them; `pipeline`: the one whose stage is meant. Raises InvalidInputError."""
        properties = {name: _text(name, value) for name, value in given.items()}
        if day := properties.get("closedate"):
            properties["closedate"] = _noon(day)
        if moment := properties.get("hs_timestamp"):
            properties["hs_timestamp"] = milliseconds(moment)
        if owner := properties.get(OWNER):
            properties[OWNER] = await self._owner(owner)
        if properties.get("pipeline") or properties.get("dealstage"):
            await self._place(properties, pipeline)
        return properties

    async def _owner(self, wanted: str) -> str:
        owners = await self._reader.owners(archived=False)
        return str(choose(wanted, owners, what="owner", names=_names_of_owner)["id"])

    async def _place(self, properties: dict[str, str], pipeline: str | None) -> None:
        """Put the ids of a stage and of its pipeline in the place of their names."""
        pool, place = await self._reader.pipelines(), ""
        if wanted := properties.get("pipeline") or pipeline:
            pool = [choose(wanted, pool, what="pipeline", names=_names)]
            place = f"the pipeline {pool[0]['label']}"
        stages = [(one, stage) for one in pool for stage in one.get("stages") or ()]
        if not properties.get("dealstage"):
            listed = ", ".join(str(stage["label"]) for _, stage in stages)
            raise InvalidInputError(f"A deal in {place} needs a dealstage of it.", hint=f"There are: {listed}.")
        chosen, stage = choose(
            properties["dealstage"], stages, what="stage", names=lambda found: _names(found[1]), place=place
        )
        properties |= {"pipeline": str(chosen["id"]), "dealstage": str(stage["id"])}


def _names(document: Item) -> tuple[str, str]:
    return str(document["label"]), str(document["id"])


def _names_of_owner(owner: Item) -> tuple[str | None, str, str]:
    name = f"{owner.get('firstName') or ''} {owner.get('lastName') or ''}".strip()
    return owner.get("email"), name, str(owner["id"])


def _properties(data: dict[str, Any]) -> dict[str, Any]:
    """The properties to set: the named ones and those under `properties`. Raises InvalidInputError for one in both."""
    rest = data.pop("properties", {})
    if twice := sorted(rest.keys() & data.keys()):
        raise InvalidInputError(f"`{twice[0]}` is given twice: by itself and among the properties.")
    given = {**data, **rest}
    if domain := given.get("domain"):
        given["domain"] = re.sub(r"^(https?://)?(www\.)?", "", str(domain).strip().lower()).partition("/")[0]
    return given


def _links(noun: str, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The associations that the ids in `data` ask for; they are taken out of it."""
    for (source, target), type_id in _ASSOCIATIONS.items():
        if source == noun and (given := data.pop(f"{target}_id", None)):
            kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}
            yield {"to": {"id": object_id_of(target, given)}, "types": [kind]}


def object_id_of(noun: str, given: Any) -> str:
    """An object's id; also as activities are stored here, with their type before it."""
    object_id = str(given).strip().removeprefix(f"{noun}:")
    if not (object_id.isascii() and object_id.isdigit()):
        raise InvalidInputError(f"{given} is no id of a {noun}: it is a number.")
    return object_id


def _text(name: str, value: Any) -> str:
    """A value as HubSpot takes it: everything is text, several choices are joined by semicolons, empty clears."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ";".join(_text(name, item) for item in value)
    if isinstance(value, dict):
        raise InvalidInputError(f"The property `{name}` cannot be an object.")
    return "" if value is None else str(value)


def _noon(day: str) -> str:
    """Noon UTC of a day: that is the same day nearly everywhere; midnight is the day before in America."""
    try:
        return f"{dt.date.fromisoformat(day).isoformat()}T12:00:00Z"
    except ValueError:
        return day


def _existing(refusal: Item) -> str:
    if found := _EXISTING.search(str(refusal.get("message"))):
        return found[1]
    raise InvalidInputError(f"HubSpot refuses the contact: {refusal.get('message')}")


def _result(object_id: str, page: str) -> dict[str, Any]:
    return {"id": object_id, "url": page + object_id} if page else {"id": object_id}
