"""The objects a simulated account starts with, computed on demand: a million deals take no memory.

Object ids grow with the index, and so do the times of creation and of the last change: a search by either is a
bisection, never a scan. The objects from `live` on are archived ones.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from dataclasses import dataclass

from revtops_tui.simulators.hubspot.schema import OBJECT_TYPES, PIPELINES
from revtops_tui.simulators.seeding import DAY_MS, iso_day, iso_utc, mix, stream
from revtops_tui.simulators.story import Story

Properties = dict[str, str | None]
_FIRST_OWNER = 51_000_001
_BASES = {name: (n + 1) * 10_000_000_000 for n, name in enumerate(OBJECT_TYPES)}
_STAGE_CHOICES = [(pipeline.id, stage.id, stage.probability) for pipeline in PIPELINES for stage in pipeline.stages]
_COMPETITORS = (None, "Northbeam CRM", "Pipelane", None, "Spreadsheets", "In-house tool", None, "Salesmill")
_NEXT_STEPS = (
    "Send the revised quote",
    "Security review with IT",
    "Call procurement about payment terms",
    "Demo for the finance team",
    "Waiting for legal",
    "Agree on start date",
    "Introduce the onboarding lead",
    "Follow up after the board meeting",
)
_DISCOUNTS = [str(2.5 * n) for n in range(8)]
_SUBJECTS = ("Pricing", "Kick-off", "Security questionnaire", "Quarterly review", "Contract changes", "Data migration")
AWKWARD_NAMES: dict[int, str | None] = {
    3: "🚀 Launch 👩\u200d🚀 deal ✓",
    5: "שלום עולם \u202e abc",
    7: "[red]not red[/] [link=x]&amp;<b>",
    11: "plain \x1b[31mred\x1b[0m\x1b]0;title\x07 bell",
    13: "A very long name " * 14,
    17: None,
    19: "'; DROP TABLE deals; --",
    23: " tabs\tand\nnewlines ",
}
"""Names that some record always has, by index: what breaks a terminal, a query or a layout that trusts its data."""


@dataclass(frozen=True)
class Seeded:
    """The seeded objects of one type: `live` of them, then `archived` more, with ids from `first` on."""

    name: str
    first: int
    live: int
    archived: int
    story: Story
    build: Callable[[int], Properties]

    def created(self, index: int) -> int:
        """Milliseconds since 1970 UTC; grows with the index."""
        return self.story.created(index, self.live)

    def modified(self, index: int) -> int:
        """Milliseconds since 1970 UTC; grows with the index and is never before the creation."""
        return self.story.modified(index, self.live)

    def archived_at(self, index: int) -> int | None:
        """When it was archived, None for a live one."""
        return self.modified(index) if index >= self.live else None

    @functools.cached_property
    def ids(self) -> range:
        """The ids of all of them, the live ones first."""
        return range(self.first, self.first + self._total)

    @functools.cached_property
    def live_ids(self) -> range:
        """The ids of the live ones."""
        return range(self.first, self.first + self.live)

    @functools.cached_property
    def _total(self) -> int:
        return self.live + self.archived


class Account:
    """Everything a simulated account starts with."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.company = story.company
        self.owners = [_FIRST_OWNER + c.number for c in self.company.colleagues]
        self._owner_texts = [str(owner) for owner in self.owners]
        self.companies = story.customers
        self.contacts = story.contacts
        self.deals = story.deals
        self.activities = max(1, story.deals // 10)
        self._seeds = {name: stream(story.seed, name) for name in OBJECT_TYPES}
        counts = {"companies": self.companies, "contacts": self.contacts, "deals": self.deals, "goal_targets": 24}
        self.objects = {name: self._seeded(name, counts.get(name, self.activities)) for name in OBJECT_TYPES}

    def _seeded(self, name: str, live: int) -> Seeded:
        builders: dict[str, Callable[[int], Properties]] = {
            "companies": self._company,
            "contacts": self._contact,
            "deals": self._deal,
            "calls": self._call,
            "emails": self._email,
            "meetings": self._meeting,
            "notes": self._note,
            "tasks": self._task,
            "goal_targets": self._goal,
        }
        return Seeded(name, _BASES[name] + 1, live, live // 50, self.story, builders[name])

    def _stamps(self, name: str, index: int) -> tuple[int, str, str, str]:
        seeded = self.objects[name]
        created = seeded.created(index)
        return created, iso_utc(created), iso_utc(seeded.modified(index)), str(seeded.first + index)

    def _company(self, index: int) -> Properties:
        bits = mix(self._seeds["companies"], index)
        customer = self.company.customer(index)
        _, created, modified, object_id = self._stamps("companies", index)
        return {
            "name": AWKWARD_NAMES.get(index, customer.name),
            "domain": customer.domain,
            "industry": customer.industry,
            "numberofemployees": str(customer.employees),
            "annualrevenue": str(customer.revenue),
            "city": customer.city,
            "country": customer.country,
            "phone": customer.phone,
            "health_score": str(bits % 101),
            "customer_tier": ("gold", "silver", "bronze", None)[(bits >> 8) % 4],
            "createdate": created,
            "hs_lastmodifieddate": modified,
            "hs_object_id": object_id,
            "hubspot_owner_id": self._owner_texts[(bits >> 16) % len(self.owners)],
        }

    def _contact(self, index: int) -> Properties:
        bits = mix(self._seeds["contacts"], index)
        position, customer = divmod(index, self.companies)
        person = self.company.person(customer, position)
        _, created, modified, object_id = self._stamps("contacts", index)
        return {
            "email": person.email,
            "firstname": AWKWARD_NAMES.get(index, person.first_name),
            "lastname": person.last_name,
            "jobtitle": person.title,
            "phone": person.phone,
            "company": self.company.customer_name(customer),
            "lifecyclestage": ("lead", "opportunity", "customer", "customer")[bits % 4],
            "newsletter_opt_in": ("true", "false", None)[(bits >> 8) % 3],
            "createdate": created,
            "lastmodifieddate": modified,
            "hs_object_id": object_id,
            "hubspot_owner_id": self._owner_texts[(bits >> 16) % len(self.owners)],
        }

    def _deal(self, index: int) -> Properties:
        deal = self.story.deal(index)
        bits = deal.bits
        pipeline, stage, probability = _STAGE_CHOICES[deal.stage]
        return {  # a literal, because a page has a hundred of them
            "dealname": AWKWARD_NAMES.get(index, deal.name),
            "amount": None if deal.amount is None else str(deal.amount),
            "dealstage": stage,
            "pipeline": pipeline,
            "closedate": f"{iso_day(deal.closes)}T00:00:00Z",
            "dealtype": "existingbusiness" if bits >> 34 & 1 else "newbusiness",
            "deal_currency_code": deal.currency,
            "hs_deal_stage_probability": probability,
            "competitor": _COMPETITORS[(bits >> 38) % 8],
            "renewal_date": iso_day(deal.closes + 365) if bits >> 41 & 1 else None,
            "discount_pct": _DISCOUNTS[(bits >> 42) % 8],
            "next_step": _NEXT_STEPS[(bits >> 45) % 8],
            "createdate": iso_utc(deal.created),
            "hs_lastmodifieddate": iso_utc(deal.modified),
            "hs_object_id": str(self.objects["deals"].first + index),
            "hubspot_owner_id": self._owner_texts[deal.owner],
        }

    def _activity(self, name: str, index: int) -> tuple[int, str, Properties]:
        bits = mix(self._seeds[name], index)
        millis, created, modified, object_id = self._stamps(name, index)
        return (
            bits >> 16,
            _SUBJECTS[bits % len(_SUBJECTS)],
            {
                "hs_timestamp": iso_utc(millis - (bits >> 8) % DAY_MS),
                "hs_createdate": created,
                "hs_lastmodifieddate": modified,
                "hs_object_id": object_id,
                "hubspot_owner_id": self._owner_texts[(bits >> 40) % len(self.owners)],
            },
        )

    def _call(self, index: int) -> Properties:
        bits, subject, common = self._activity("calls", index)
        return common | {
            "hs_call_title": AWKWARD_NAMES.get(index, f"Call: {subject}"),
            "hs_call_body": f"<p>Talked about {subject.lower()}.</p>",
            "hs_call_duration": str(bits % 3600 * 1000),
            "hs_call_direction": ("INBOUND", "OUTBOUND")[bits >> 12 & 1],
            "hs_call_status": ("COMPLETED", "NO_ANSWER", "BUSY", "COMPLETED")[bits >> 13 & 3],
        }

    def _email(self, index: int) -> Properties:
        bits, subject, common = self._activity("emails", index)
        return common | {
            "hs_email_subject": AWKWARD_NAMES.get(index, f"Re: {subject}"),
            "hs_email_text": f"Thank you for the call.\n\nAs for {subject.lower()}: see attached.",
            "hs_email_direction": ("EMAIL", "INCOMING_EMAIL")[bits & 1],
            "hs_email_status": ("SENT", "SENT", "SENT", "BOUNCED")[bits >> 1 & 3],
        }

    def _meeting(self, index: int) -> Properties:
        bits, subject, common = self._activity("meetings", index)
        start = self.objects["meetings"].created(index)
        return common | {
            "hs_meeting_title": AWKWARD_NAMES.get(index, subject),
            "hs_meeting_body": f"<p>Agenda: {subject.lower()}</p>",
            "hs_meeting_start_time": iso_utc(start),
            "hs_meeting_end_time": iso_utc(start + (1 + bits % 4) * 1_800_000),
            "hs_meeting_outcome": ("SCHEDULED", "COMPLETED", "COMPLETED", "NO_SHOW")[bits >> 2 & 3],
        }

    def _note(self, index: int) -> Properties:
        _, subject, common = self._activity("notes", index)
        return common | {"hs_note_body": AWKWARD_NAMES.get(index, f"<p>{subject}: see the shared folder.</p>")}

    def _task(self, index: int) -> Properties:
        bits, subject, common = self._activity("tasks", index)
        return common | {
            "hs_task_subject": AWKWARD_NAMES.get(index, f"Follow up: {subject}"),
            "hs_task_body": f"Prepare {subject.lower()}.",
            "hs_task_status": ("NOT_STARTED", "IN_PROGRESS", "COMPLETED", "COMPLETED")[bits & 3],
            "hs_task_priority": ("LOW", "MEDIUM", "HIGH", None)[bits >> 2 & 3],
        }

    def _goal(self, index: int) -> Properties:
        bits = mix(self._seeds["goal_targets"], index)
        _, created, modified, object_id = self._stamps("goal_targets", index)
        quarter, who = index % 4, index // 4
        year = dt.datetime.fromtimestamp(self.story.end / 1000, dt.UTC).year
        start = dt.datetime(year, 3 * quarter + 1, 1, tzinfo=dt.UTC)
        end = dt.datetime(year + quarter // 3, (3 * quarter + 3) % 12 + 1, 1, tzinfo=dt.UTC)
        owner = who % len(self.owners)
        return {
            "hs_goal_name": f"Revenue Q{quarter + 1} {year} - {self.company.colleagues[owner].last_name}",
            "hs_target_amount": str(50_000 * (1 + bits % 10)),
            "hs_start_datetime": iso_utc(int(start.timestamp() * 1000)),
            "hs_end_datetime": iso_utc(int(end.timestamp() * 1000)),
            "hs_kpi_value_currency_code": "USD",
            "hs_created_by_user_id": str(self.owners[owner] - _FIRST_OWNER + 1001),
            "hs_createdate": created,
            "hs_lastmodifieddate": modified,
            "hs_object_id": object_id,
            "hubspot_owner_id": self._owner_texts[owner],
        }

    def contact_with(self, email: str) -> int | None:
        """The id of the seeded contact with this address, found without a search."""
        local, _, domain = email.lower().partition("@")
        customer = self.company.customer_at(domain)
        if customer is None or customer >= self.companies:
            return None
        contacts = self.objects["contacts"]
        for index in range(customer, len(contacts.ids), self.companies):
            if self.company.person(customer, index // self.companies).email.startswith(f"{local}@"):
                return contacts.first + index
        return None
