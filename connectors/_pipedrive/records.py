"""Pipedrive's objects (API v2) as records: which keys become which fields; all others are kept as custom fields.

Values go through as Pipedrive wrote them, and the records' own validation reads them, so that a bad one is set aside
with its reason. The shapes are those of Pipedrive's OpenAPI document of v2 and of its "API v2 migration guide".
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from connectors.stream import Deleted

Item: TypeAlias = dict[str, Any]
"""An object of a reply."""
Fields: TypeAlias = dict[str, Any]
"""A record as a mapping: field -> value."""

_CLOSED = {"won": 1.0, "lost": 0.0}


@dataclass(frozen=True)
class FieldName:
    """What a key of an object means: its name for people, and what its option ids stand for."""

    name: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class Lookups:
    """What ids and keys stand for: user id -> e-mail, stage id -> stage, key -> field, and where the web app is.

    `content`: all of it as bytes, for telling whether a page would be mapped the same way again.
    """

    owners: Mapping[Any, str | None] = field(default_factory=dict)
    stages: Mapping[Any, Item] = field(default_factory=dict)
    names: Mapping[str, FieldName] = field(default_factory=dict)
    site: str = ""
    content: bytes = b""


@dataclass(frozen=True)
class Kind:
    """One of Pipedrive's object types and how its objects become records.

    Attributes:
        name: Pipedrive's word for one of them, as its webhooks have it.
        entity: where the records go.
        paths: the listings that together have all of them; `{path}/{id}` is one, for the first path.
        fields: the fields out of an object, without the ones that every object has.
        mapped: the keys that have a field of their own.
        relist: how often an incremental run lists everything, since what was deleted is not told, or not for long.
            None: always, because there is no way to ask for changes.
        tells_deleted: whether `status=deleted` lists what was deleted.
        fields_path: where the names of its fields are; empty for a type that has no custom fields.
        page: of the web app, below its site.
    """

    name: str
    entity: str
    paths: tuple[str, ...]
    fields: Callable[[Item, Lookups], Fields]
    mapped: frozenset[str] = frozenset()
    relist: dt.timedelta | None = None
    tells_deleted: bool = False
    fields_path: str = ""
    page: str = ""


def records(kind: Kind, items: Sequence[Any], to: Lookups) -> Iterator[Fields | Deleted]:
    """The records of some objects; one that is marked deleted is named as gone.

    An object of a shape that Pipedrive does not document is handed on as it is, to be rejected and shown.
    """
    for item in items:
        if isinstance(item, dict) and item.get("is_deleted") is True:
            yield Deleted([str(item.get("id"))])
        else:
            yield record(kind, item, to)


def record(kind: Kind, item: Any, to: Lookups) -> Fields:
    """The record of one object."""
    try:
        fields = {**kind.fields(item, to), "source_id": item["id"]}
        if kind.page:
            fields["url"] = f"{to.site}{kind.page}/{item['id']}"
        if kind.fields_path:
            owner = item.get("owner_id")
            fields["owner_email"] = to.owners.get(owner)
            fields["custom_fields"] = _kept(kind, item, to)
    except (AttributeError, KeyError, TypeError, ValueError):
        shown = item if isinstance(item, dict) else {"value": item}
        return {**shown, "source_id": str(shown.get("id", ""))}
    return fields


def field_names(definitions: Iterable[Item]) -> dict[str, FieldName]:
    """The fields of an object type by key.

    Custom fields go by the name that people gave them. Where two have the same, or one has that of a field of
    Pipedrive's own, the key is added: neither may hide the other.
    """
    known = list(definitions)
    taken = Counter(d["field_name"] if d.get("is_custom_field") else d["field_code"] for d in known)
    found = {}
    for definition in known:
        code, name = definition["field_code"], definition["field_name"]
        if not definition.get("is_custom_field"):
            name = code
        elif taken[name] > 1:
            name = f"{name} ({code})"
        options = {str(option["id"]): option["label"] for option in definition.get("options") or ()}
        found[code] = FieldName(name, options)
    return found


def _kept(kind: Kind, item: Item, to: Lookups) -> Fields:
    """Everything that has no field of its own and a value."""
    own = {key: value for key, value in item.items() if key not in kind.mapped}
    if item.get("owner_id") in to.owners:
        own.pop("owner_id")
    custom = own.pop("custom_fields", None) or {}
    kept = {}
    for key, value in (*own.items(), *custom.items()):
        if value or value == 0:  # False equals 0, and is a value as well
            meant = to.names.get(key)
            kept[meant.name if meant else key] = _labelled(value, meant.options) if meant else value
    return kept


def _labelled(value: Any, options: Mapping[str, str]) -> Any:
    """Option ids as the labels that people see."""
    if isinstance(value, list):
        return [_labelled(each, options) for each in value]
    return options.get(str(value), value) if isinstance(value, int) else value


def _deal(item: Item, to: Lookups) -> Fields:
    stage_id, closed = item.get("stage_id"), item.get("close_time")
    stage = to.stages.get(stage_id) or {}
    return {
        "name": item.get("title"),
        "amount": item.get("value"),
        "stage": stage.get("name", stage_id),
        "probability": _probability(item, stage),
        "close_date": closed[:10] if closed else item.get("expected_close_date"),
        "created_date": item.get("add_time"),
        "last_modified_date": item.get("update_time"),
        "account_source_id": item.get("org_id"),
        "pipeline_source_id": item.get("pipeline_id"),
        "currency": item.get("currency"),
    }


def _probability(item: Item, stage: Item) -> float | None:
    """From 0 to 1. A deal without a percentage of its own has its stage's; a closed one is certain either way."""
    status, percent = item.get("status"), item.get("probability")
    if status in _CLOSED:
        return _CLOSED[status]
    percent = stage.get("deal_probability") if percent is None else percent
    return None if percent is None else percent / 100


def _organization(item: Item, to: Lookups) -> Fields:
    industry = item.get("industry")
    names = to.names.get("industry")
    return {
        "name": item.get("name"),
        "domain": _domain(item.get("website")),
        "industry": _labelled(industry, names.options) if names else industry,
        "employee_count": item.get("employee_count"),
        "annual_revenue": item.get("annual_revenue"),
    }


def _domain(website: Any) -> str | None:
    """The host of a web address as people type it, which may be none at all."""
    if not isinstance(website, str):
        return None
    try:
        host = urlsplit(website if "//" in website else f"//{website}").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def _person(item: Item, _: Lookups) -> Fields:
    return {
        "name": item.get("name"),
        "email": primary(item.get("emails")),
        "title": item.get("job_title"),
        "phone": primary(item.get("phones")),
        "account_source_id": item.get("org_id"),
    }


def primary(entries: Any) -> Any:
    """The value marked as primary, or the first one."""
    if not entries:
        return None
    return next((entry for entry in entries if entry.get("primary")), entries[0]).get("value") or None


def _activity(item: Item, _: Lookups) -> Fields:
    day, time = item.get("due_date"), item.get("due_time")
    due = f"{day}T{time or '00:00'}Z" if day else None  # times of day are UTC in the API, whatever the web app shows
    return {
        "type": item.get("type"),
        "subject": item.get("subject"),
        "description": item.get("note") or item.get("public_description") or None,
        "activity_date": due or item.get("marked_as_done_time") or item.get("add_time"),
        "deal_source_id": item.get("deal_id"),
        "account_source_id": item.get("org_id"),
        "contact_source_id": item.get("person_id"),
    }


def _pipeline(item: Item, _: Lookups) -> Fields:
    return {"name": item.get("name"), "display_order": item.get("order_nr")}


def _stage(item: Item, _: Lookups) -> Fields:
    percent = item.get("deal_probability")
    return {
        "pipeline_source_id": item.get("pipeline_id"),
        "name": item.get("name"),
        "display_order": item.get("order_nr"),
        "probability": None if percent is None else percent / 100,
        "is_closed_won": False,  # what closes a deal is its status: it stays in the stage that it was in
        "is_closed_lost": False,
    }


_COMMON = ("id", "is_deleted")

DEALS = Kind(
    "deal",
    "deals",
    ("/api/v2/deals", "/api/v2/deals/archived"),
    _deal,
    frozenset({*_COMMON, "title", "value", "add_time", "update_time", "org_id", "pipeline_id", "currency"}),
    relist=dt.timedelta(days=25),  # what was deleted is listed for 30 days
    tells_deleted=True,
    fields_path="/api/v2/dealFields",
    page="/deal",
)
ORGANIZATIONS = Kind(
    "organization",
    "accounts",
    ("/api/v2/organizations",),
    _organization,
    frozenset({*_COMMON, "name", "industry", "employee_count", "annual_revenue"}),
    relist=dt.timedelta(days=1),
    fields_path="/api/v2/organizationFields",
    page="/organization",
)
PERSONS = Kind(
    "person",
    "contacts",
    ("/api/v2/persons",),
    _person,
    frozenset({*_COMMON, "name", "job_title", "org_id"}),
    relist=dt.timedelta(days=1),
    fields_path="/api/v2/personFields",
    page="/person",
)
ACTIVITIES = Kind(
    "activity",
    "activities",
    ("/api/v2/activities",),
    _activity,
    frozenset({*_COMMON, "type", "subject", "note", "due_date", "due_time", "deal_id", "org_id", "person_id"}),
    relist=dt.timedelta(days=1),
    fields_path="/api/v2/activityFields",
)
PIPELINES = Kind("pipeline", "pipelines", ("/api/v2/pipelines",), _pipeline)
STAGES = Kind("stage", "pipeline_stages", ("/api/v2/stages",), _stage)

KINDS = {kind.name: kind for kind in (DEALS, PERSONS, ORGANIZATIONS, ACTIVITIES, PIPELINES, STAGES)}
