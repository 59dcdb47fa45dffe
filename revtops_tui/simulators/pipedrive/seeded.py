"""The company's story as Pipedrive tells it: objects built by index when they are looked at."""

from __future__ import annotations

import hashlib
from typing import Any, TypeAlias

from revtops_tui.simulators.hubspot.seeded import AWKWARD_NAMES
from revtops_tui.simulators.seeding import DAY_MS, iso_day, iso_utc, mix, stream
from revtops_tui.simulators.story import STAGES, Story

Item: TypeAlias = dict[str, Any]

FIRST_USER = 15_000_001
DOMAIN = "larkspur"

_SPARE_PIPELINES = {"Partnerships": ("Registered", "Certified"), "Events": ()}
"""Pipelines that nobody uses: in every real account there are some."""
_ACTIVITIES = ("call", "meeting", "task", "email", "lunch")
_LOST = ("Price", "Went with a competitor", "No budget this year", "No answer")
_COMPETITORS = ("", "Contoso", "Initech", "", "Globex", "", "Umbrella", "")


def stamp(milliseconds: int) -> str:
    """A time as v2 writes it."""
    return f"{iso_utc(milliseconds)[:19]}Z"


def key(entity: str, name: str) -> str:
    """The 40 characters that stand for a custom field."""
    return hashlib.sha1(f"{entity}/{name}".encode(), usedforsecurity=False).hexdigest()


def _options(first: int, *labels: str) -> list[Item]:
    return [{"id": first + at, "label": label, "color": None} for at, label in enumerate(labels)]


def _own(code: str, name: str, kind: str, options: list[Item] | None = None) -> Item:
    return _field(code, name, kind, options, custom=False)


def _custom(entity: str, name: str, kind: str, options: list[Item] | None = None, marker: str = "") -> Item:
    return _field(key(entity, f"{name}{marker}"), name, kind, options, custom=True)


def _field(code: str, name: str, kind: str, options: list[Item] | None, *, custom: bool) -> Item:
    return {
        "field_name": name,
        "field_code": code,
        "description": f"{name} of the record",
        "field_type": kind,
        "options": options,
        "subfields": None,
        "is_custom_field": custom,
        "is_optional_response_field": False,
    }


FIELDS: dict[str, list[Item]] = {
    "deal": [
        _own("title", "Title", "varchar"),
        _own("value", "Value", "monetary"),
        _own("status", "Status", "status", [{"id": name, "label": name.title()} for name in ("open", "won", "lost")]),
        _own("label_ids", "Label", "set", _options(31, "Hot", "Warm", "Cold")),
        _own("lost_reason", "Lost reason", "varchar_options"),
        _custom("deal", "Competitor", "varchar"),
        _custom("deal", "Contract", "enum", _options(41, "Monthly", "Annual", "Multi-year")),
        _custom("deal", "Products", "set", _options(51, "Insights Platform", "Forecasting", "Data Hub")),
        _custom("deal", "Setup fee", "monetary"),
        _custom("deal", "Region", "varchar"),
        _custom("deal", "Region", "enum", _options(61, "EMEA", "Americas", "APAC"), marker=" (2)"),
        _custom("deal", "status", "varchar"),
    ],
    "person": [
        _own("name", "Name", "varchar"),
        _own("label_ids", "Labels", "set", _options(71, "Customer", "Lead")),
        _custom("person", "Newsletter", "enum", _options(81, "Yes", "No")),
    ],
    "organization": [
        _own("name", "Name", "varchar"),
        _own("industry", "Industry", "enum", _options(1, "Software", "Finance", "Health", "Logistics", "Retail")),
        _custom("organization", "Health score", "double"),
        _custom("organization", "Customer tier", "enum", _options(91, "Gold", "Silver", "Bronze")),
    ],
    "activity": [_own("subject", "Subject", "varchar"), _own("type", "Type", "varchar")],
}


class Seeded:
    """Builds the objects of one account; ids are indexes plus one."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.company = story.company
        self._bits = stream(story.deal(0).bits, "pipedrive")
        self.deals = story.deals + max(1, story.deals // 50)
        """The last ones, which the story has archived, are so here too."""
        self.persons, self.organizations, self.activities = story.contacts, story.customers, 2 * story.deals
        self.pipelines: list[Item] = []
        self.stages: list[Item] = []
        self._stage_of: list[tuple[int, int, str]] = []
        self._lay_pipelines()

    def user(self, number: int) -> int:
        """The user id of a colleague."""
        return FIRST_USER + number

    def modified(self, name: str, index: int) -> int:
        """When a seeded object last changed, in milliseconds since 1970 UTC."""
        return self.story.modified(index, getattr(self, name))

    def deal(self, index: int) -> Item:
        """One deal. A closed stage of the story is a status here, in the last open stage of its pipeline."""
        deal = self.story.deal(index)
        pipeline, stage, status = self._stage_of[deal.stage]
        bits, closed = deal.bits, stamp(deal.modified) if status != "open" else None
        return self._base("deals", index) | {
            "title": AWKWARD_NAMES.get(index) or deal.name,
            "creator_user_id": self.user(deal.owner),
            "owner_id": self.user(deal.owner),
            "value": 0 if deal.amount is None else deal.amount,
            "person_id": deal.customer + 1,
            "org_id": deal.customer + 1,
            "stage_id": stage,
            "pipeline_id": pipeline,
            "currency": deal.currency,
            "stage_change_time": stamp(deal.modified),
            "status": status,
            "is_archived": index >= self.story.deals,
            "archive_time": stamp(deal.modified) if index >= self.story.deals else None,
            "probability": (None, None, None, 35)[bits >> 8 & 3],
            "lost_reason": _LOST[bits >> 12 & 3] if status == "lost" else None,
            "visible_to": 3,
            "close_time": closed,
            "won_time": closed if status == "won" else None,
            "lost_time": closed if status == "lost" else None,
            "expected_close_date": iso_day(deal.closes),
            "label_ids": [31 + bits % 3] if bits >> 14 & 1 else [],
            "origin": "ManuallyCreated",
            "origin_id": None,
            "channel": None,
            "channel_id": None,
            "acv": None,
            "arr": None,
            "mrr": None,
            "custom_fields": self._custom_of_deal(bits),
        }

    def _custom_of_deal(self, bits: int) -> Item:
        product = (bits >> 22) % 3
        return {
            key("deal", "Competitor"): _COMPETITORS[(bits >> 38) % 8] or None,
            key("deal", "Contract"): 41 + (bits >> 20) % 3,
            key("deal", "Products"): [51 + product, 51 + (product + 1) % 3] if bits >> 24 & 1 else None,
            key("deal", "Setup fee"): {"value": 500 + bits % 9 * 100, "currency": "EUR"} if bits >> 26 & 1 else None,
            key("deal", "Region"): ("North", None)[bits >> 27 & 1],
            key("deal", "Region (2)"): (61 + (bits >> 29) % 3, None)[bits >> 28 & 1],
            key("deal", "status"): ("waiting for legal", None)[bits >> 31 & 1],
        }

    def organization(self, index: int) -> Item:
        """One customer."""
        customer, bits = self.company.customer(index), mix(self._bits, index)
        return self._base("organizations", index) | {
            "name": AWKWARD_NAMES.get(index) or customer.name,
            "owner_id": self.user(bits % len(self.company.colleagues)),
            "address": {
                "value": f"{customer.city}, {customer.country}",
                "country": customer.country,
                "locality": customer.city,
            },
            "visible_to": 3,
            "label_ids": [],
            "website": f"https://www.{customer.domain}/about",
            "linkedin": None,
            "industry": (bits >> 8) % 5 + 1,
            "annual_revenue": customer.revenue,
            "employee_count": customer.employees,
            "custom_fields": {
                key("organization", "Health score"): bits % 101,
                key("organization", "Customer tier"): (91, 92, 93, None)[bits >> 12 & 3],
            },
        }

    def person(self, index: int) -> Item:
        """Somebody at a customer; the first one of each, then the second one of each, and so on."""
        position, customer = divmod(index, self.organizations)
        person, bits = self.company.person(customer, position), mix(self._bits, ~index)
        name = f"{person.first_name} {person.last_name}"
        home = [{"value": f"{person.first_name}@home.example".lower(), "primary": False, "label": "home"}]
        return self._base("persons", index) | {
            "name": AWKWARD_NAMES.get(index) or name,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "owner_id": self.user(bits % len(self.company.colleagues)),
            "org_id": customer + 1,
            "emails": [{"value": person.email, "primary": True, "label": "work"}, *(home if bits >> 9 & 1 else [])],
            "phones": [{"value": person.phone, "primary": True, "label": "work"}],
            "visible_to": 3,
            "label_ids": [71] if bits >> 8 & 1 else [],
            "job_title": person.title,
            "custom_fields": {key("person", "Newsletter"): (81, 82, None)[(bits >> 10) % 3]},
        }

    def activity(self, index: int) -> Item:
        """What was done about a deal, or is planned: two for each."""
        deal = self.story.deal(index // 2)
        bits = mix(self._bits, deal.bits + index)
        kind, due = _ACTIVITIES[bits % len(_ACTIVITIES)], deal.created + bits % 60 * DAY_MS
        done = due < self.story.end
        return self._base("activities", index) | {
            "subject": AWKWARD_NAMES.get(index) or f"{kind.title()}: {deal.name}",
            "type": kind,
            "owner_id": self.user(deal.owner),
            "creator_user_id": self.user(deal.owner),
            "deal_id": deal.index + 1,
            "lead_id": None,
            "person_id": deal.customer + 1,
            "org_id": deal.customer + 1,
            "project_id": None,
            "due_date": iso_day(due // DAY_MS),
            "due_time": ("09:30:00", "14:00:00", None)[(bits >> 12) % 3],
            "duration": ("00:30:00", "01:00:00", None)[(bits >> 16) % 3],
            "busy": True,
            "done": done,
            "marked_as_done_time": stamp(min(due, self.story.end)) if done else None,
            "location": None,
            "participants": [{"person_id": deal.customer + 1, "primary": True}],
            "attendees": [],
            "priority": None,
            "public_description": None,
            "note": f"<p>About {deal.product}.</p>",
        }

    def users(self) -> list[Item]:
        """The colleagues, as v1 has them; the first one is who the token belongs to."""
        return [
            {
                "id": self.user(who.number),
                "name": f"{who.first_name} {who.last_name}",
                "default_currency": "EUR",
                "locale": "en_GB",
                "lang": 1,
                "email": who.email,
                "phone": None,
                "activated": True,
                "last_login": iso_utc(self.story.end)[:19].replace("T", " "),
                "created": "2021-03-01 09:00:00",
                "modified": None,
                "has_created_company": who.number == 0,
                "access": [{"app": "sales", "admin": who.number == 0, "permission_set_id": key("set", "sales")}],
                "active_flag": who.active,
                "timezone_name": "Europe/Berlin",
                "timezone_offset": "+02:00",
                "role_id": 1,
                "icon_url": None,
                "is_you": who.number == 0,
                "is_deleted": False,
            }
            for who in self.company.colleagues
        ]

    def _base(self, name: str, index: int) -> Item:
        return {
            "id": index + 1,
            "add_time": stamp(self.story.created(index, getattr(self, name))),
            "update_time": stamp(self.modified(name, index)),
            "is_deleted": False,
        }

    def _lay_pipelines(self) -> None:
        names = dict.fromkeys(stage.pipeline for stage in STAGES)
        for name in (*names, *_SPARE_PIPELINES):
            pipeline = len(self.pipelines) + 1
            self.pipelines.append(self._dated(pipeline, name=name, order_nr=pipeline, is_deal_probability_enabled=True))
            own = [(s.name, round(s.probability * 100)) for s in STAGES if s.pipeline == name and not s.closed]
            for order, (label, percent) in enumerate([*own, *((s, 100) for s in _SPARE_PIPELINES.get(name, ()))], 1):
                self.stages.append(
                    self._dated(
                        len(self.stages) + 1,
                        name=label,
                        order_nr=order,
                        pipeline_id=pipeline,
                        deal_probability=percent,
                        is_deal_rot_enabled=False,
                        days_to_rotten=None,
                        update_time=None,
                    )
                )
        for stage in STAGES:
            pipeline = list(names).index(stage.pipeline) + 1
            mine = [s for s in self.stages if s["pipeline_id"] == pipeline]
            status = "open" if not stage.closed else "won" if stage.probability else "lost"
            named = next((s["id"] for s in mine if s["name"] == stage.name), mine[-1]["id"])
            self._stage_of.append((pipeline, named, status))

    def _dated(self, object_id: int, **values: Any) -> Item:
        began = stamp(self.story.created(0, 1))
        return {"id": object_id, "is_deleted": False, "add_time": began, "update_time": began, **values}
