"""HubSpot's objects as records: which properties become which fields; all others are kept as custom fields.

Values go through as HubSpot wrote them, and the records' own validation reads them, so that a bad one is set aside
with its reason. HubSpot writes every value as text and a cleared one as "" or null: both are None here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Item: TypeAlias = dict[str, Any]
"""An object of a reply: `{"id", "properties", …}`."""
Fields: TypeAlias = dict[str, Any]
"""A record as a mapping: field -> value."""
Get: TypeAlias = Callable[[str], Any]
"""An object's `properties.get`."""

OWNER = "hubspot_owner_id"


@dataclass(frozen=True)
class Lookups:
    """What ids in properties stand for: owner id -> e-mail, deal stage id -> label."""

    owners: Mapping[str, str]
    stages: Mapping[str, str]


@dataclass(frozen=True)
class ObjectType:
    """One of HubSpot's object types and how its objects become records.

    Attributes:
        name: HubSpot's plural, as paths have it.
        properties: those that have a field of their own.
        fields: the fields out of an object's properties, without the ones that every object has.
        links: other object types -> the field that takes the id of the (primary) associated object.
        link_property: a property that already holds the one linked id, where the portal has it.
        prefix: put before ids where records of several object types share an entity.
    """

    name: str
    properties: tuple[str, ...]
    fields: Callable[[Get, Lookups], Fields]
    links: Mapping[str, str] = field(default_factory=dict)
    link_property: str = ""
    modified: str = "hs_lastmodifieddate"
    prefix: str = ""
    has_url: bool = False


def records(
    kind: ObjectType,
    items: Sequence[Item],
    links: Mapping[str, Sequence[str | None]],
    names: Iterable[str],
    to: Lookups,
) -> Iterator[Fields]:
    """The records of some objects; `names` are the properties that were asked for, `links` field -> id per object.

    An object of a shape that HubSpot does not document is handed on as it is, to be rejected and shown.
    """
    mapped = {*kind.properties, "hs_object_id"}
    custom = [name for name in names if name not in mapped]
    linked = list(links.items())
    fields_of, prefix, owners = kind.fields, kind.prefix, to.owners
    for at, item in enumerate(items):
        try:
            get = item["properties"].get
            fields = fields_of(get, to)
            fields["source_id"] = prefix + item["id"] if prefix else item["id"]
            fields["custom_fields"] = rest = {
                name: value for name in custom if (value := get(name)) is not None and value != ""
            }
            owner = get(OWNER)
            fields["owner_email"] = email = owners.get(owner)
            if owner and email is None:
                rest[OWNER] = owner
            if kind.has_url:
                fields["url"] = item.get("url")
            for name, targets in linked:
                fields[name] = targets[at]
        except (AttributeError, KeyError, TypeError):
            fields = {**item, "source_id": f"{prefix}{item.get('id', '')}"}
        yield fields


def merged_away(items: Iterable[Item]) -> list[str]:
    """The ids of objects that were merged into these, and are gone: HubSpot lists them nowhere else."""
    return [
        merged
        for item in items
        for merged in str((item.get("properties") or {}).get("hs_merged_object_ids") or "").split(";")
        if merged and merged != item["id"]
    ]


def _day(value: Any) -> Any:
    """The UTC day of a date or time; anything else as it is."""
    return value[:10] if isinstance(value, str) and value[10:11] == "T" else value or None


def _deal(get: Get, to: Lookups) -> Fields:
    stage = get("dealstage")
    amount, probability = get("amount"), get("hs_deal_stage_probability")
    return {
        "name": get("dealname") or "",
        "amount": None if amount == "" else amount,
        "stage": to.stages.get(stage, stage),
        "probability": None if probability == "" else probability,
        "close_date": _day(get("closedate")),
        "created_date": get("createdate") or None,
        "last_modified_date": get("hs_lastmodifieddate") or None,
        "pipeline_source_id": get("pipeline") or None,
        "currency": get("deal_currency_code") or None,
    }


def _account(get: Get, _: Lookups) -> Fields:
    employees, revenue = get("numberofemployees"), get("annualrevenue")
    return {
        "name": get("name") or "",
        "domain": get("domain") or None,
        "industry": get("industry") or None,
        "employee_count": None if employees == "" else employees,
        "annual_revenue": None if revenue == "" else revenue,
    }


def _contact(get: Get, _: Lookups) -> Fields:
    return {
        "name": " ".join(part for part in (get("firstname"), get("lastname")) if part) or None,
        "email": get("email") or None,
        "title": get("jobtitle") or None,
        "phone": get("phone") or None,
        "account_source_id": get("associatedcompanyid") or None,
    }


def _goal(get: Get, _: Lookups) -> Fields:
    target = get("hs_target_amount")
    return {
        "name": get("hs_goal_name") or "",
        "target_amount": None if target == "" else target,
        "start_date": _day(get("hs_start_datetime")),
        "end_date": _day(get("hs_end_datetime")),
    }


def _activity(name: str, kind: str, subject: str, description: str) -> ObjectType:
    def fields(get: Get, _: Lookups) -> Fields:
        return {
            "type": kind,
            "subject": get(subject) or None,
            "description": get(description) or None,
            "activity_date": get("hs_timestamp") or None,
        }

    return ObjectType(
        name,
        properties=(*filter(None, (subject, description)), "hs_timestamp", OWNER),
        fields=fields,
        links={"deals": "deal_source_id", "companies": "account_source_id", "contacts": "contact_source_id"},
        prefix=f"{kind}:",
    )


DEALS = ObjectType(
    "deals",
    properties=(
        "dealname", "amount", "dealstage", "hs_deal_stage_probability", "closedate", "createdate",
        "hs_lastmodifieddate", "pipeline", "deal_currency_code", OWNER,
    ),
    fields=_deal,
    links={"companies": "account_source_id"},
    has_url=True,
)  # fmt: skip
COMPANIES = ObjectType(
    "companies",
    properties=("name", "domain", "industry", "numberofemployees", "annualrevenue", OWNER),
    fields=_account,
    has_url=True,
)
CONTACTS = ObjectType(
    "contacts",
    properties=("firstname", "lastname", "email", "jobtitle", "phone", "associatedcompanyid", OWNER),
    fields=_contact,
    links={"companies": "account_source_id"},
    link_property="associatedcompanyid",
    modified="lastmodifieddate",
    has_url=True,
)
GOALS = ObjectType(
    "goal_targets",
    properties=("hs_goal_name", "hs_target_amount", "hs_start_datetime", "hs_end_datetime", OWNER),
    fields=_goal,
)
ACTIVITIES = (
    _activity("calls", "call", "hs_call_title", "hs_call_body"),
    _activity("meetings", "meeting", "hs_meeting_title", "hs_meeting_body"),
    _activity("notes", "note", "", "hs_note_body"),
    _activity("tasks", "task", "hs_task_subject", "hs_task_body"),
    _activity("emails", "email", "hs_email_subject", "hs_email_text"),
)
"""E-mails last: they alone need another scope, and where it is missing the others are synced all the same."""

NOTES = next(kind for kind in ACTIVITIES if kind.name == "notes")
OBJECT_TYPES = {kind.name: kind for kind in (COMPANIES, CONTACTS, DEALS, *ACTIVITIES, GOALS)}


def pipeline(document: Item) -> Fields:
    """A deal pipeline. HubSpot's first one, which cannot be deleted, has the id `default`."""
    return {
        "source_id": document.get("id"),
        "name": document.get("label"),
        "display_order": document.get("displayOrder"),
        "is_default": document.get("id") == "default",
    }


def stages(document: Item) -> list[Fields]:
    """The stages of a deal pipeline. Closed at probability 1 is won, closed at any other is lost."""
    return [_stage(document, stage) for stage in document.get("stages") or ()]


def _stage(document: Item, stage: Item) -> Fields:
    metadata = stage.get("metadata") or {}
    probability = metadata.get("probability")
    closed = str(metadata.get("isClosed")).lower() == "true"
    won = closed and probability in ("1", "1.0", 1)
    return {
        "source_id": stage.get("id"),
        "pipeline_source_id": document.get("id"),
        "name": stage.get("label"),
        "display_order": stage.get("displayOrder"),
        "probability": probability,
        "is_closed_won": won,
        "is_closed_lost": closed and not won,
    }
