"""Marketing e-mails and what became of them: `/marketing/v3/emails` and `/email/public/v1/events`.

From HubSpot's pages "Marketing emails" and "Email events" (the latter API is of version 1 still).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from revtops_tui.simulators.company import PRODUCTS
from revtops_tui.simulators.hubspot.bodies import flag, whole_number
from revtops_tui.simulators.hubspot.errors import bad_request, json_response, not_found
from revtops_tui.simulators.hubspot.schema import PORTAL_ID
from revtops_tui.simulators.seeding import DAY_MS, iso_utc, mix, stream

if TYPE_CHECKING:
    from starlette.requests import Request

    from revtops_tui.simulators.company import Person
    from revtops_tui.simulators.story import Story

_FIRST_EMAIL = 180_000_000_001
_FIRST_CAMPAIGN = 7_000_001
_APP_ID = 113
_WEEK = 7 * DAY_MS
_RECIPIENTS = 20
_MOST_EVENTS = 1_000
_TOPICS = ("What is new in", "Three customers on", "An hour with", "Save your seat:")
_FATES = (
    ("SENT", "DELIVERED"),
    ("SENT", "DELIVERED", "OPEN"),
    ("SENT", "DELIVERED", "OPEN", "CLICK"),
    ("SENT", "BOUNCE"),
)


class MarketingRoutes:
    """The company's newsletters: one a week, to twenty contacts each; the last one is a draft."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._seed = stream(story.seed, "marketing")
        self._count = max(3, story.deals // 100)

    def routes(self) -> list[Route]:
        """What to mount."""
        return [
            Route("/marketing/v3/emails", self.emails, methods=["GET"]),
            Route("/marketing/v3/emails/", self.emails, methods=["GET"]),
            Route("/marketing/v3/emails/{id}", self.email, methods=["GET"]),
            Route("/email/public/v1/events", self.events, methods=["GET"]),
        ]

    async def emails(self, request: Request) -> Response:
        """A page of e-mails."""
        limit, after = whole_number(request, "limit", 10), whole_number(request, "after", 0)
        if not limit:
            raise bad_request("`limit` must be at least 1.")
        stats = flag(request, "includeStats")
        results = [self._email(index, stats=stats) for index in range(after, min(after + limit, self._count))]
        body: dict[str, Any] = {"total": self._count, "results": results}
        if after + limit < self._count:
            cursor = str(after + limit)
            body["paging"] = {"next": {"after": cursor, "link": str(request.url.include_query_params(after=cursor))}}
        return json_response(body)

    async def email(self, request: Request) -> Response:
        """One e-mail, with its numbers where they are asked for."""
        given = request.path_params["id"]
        index = int(given) - _FIRST_EMAIL if given.isascii() and given.isdigit() else -1
        if not 0 <= index < self._count:
            raise not_found()
        return json_response(self._email(index, stats=flag(request, "includeStats")))

    async def events(self, request: Request) -> Response:
        """A page of events, the newest first; `offset` is where it goes on."""
        given = request.query_params
        if ("campaignId" in given) != ("appId" in given):
            raise bad_request("`campaignId` and `appId` must be given together.")
        limit = whole_number(request, "limit", 10)
        if not 1 <= limit <= _MOST_EVENTS:
            raise bad_request(f"`limit` must be from 1 to {_MOST_EVENTS}.")
        wanted = {
            name: given[parameter]
            for parameter, name in (
                ("recipient", "recipient"),
                ("campaignId", "emailCampaignId"),
                ("appId", "appId"),
                ("eventType", "type"),
            )
            if parameter in given
        }
        start = whole_number(request, "startTimestamp", 0)
        end = whole_number(request, "endTimestamp", self._story.end)
        found = [
            event
            for event in self._events
            if start <= event["created"] <= end and all(str(event[name]) == value for name, value in wanted.items())
        ]
        offset = whole_number(request, "offset", 0)
        page = found[offset : offset + limit]
        more = offset + limit < len(found)
        return json_response({"hasMore": more, "offset": str(offset + len(page)), "events": page})

    @cached_property
    def _events(self) -> list[dict[str, Any]]:
        events = (event for index in range(self._count - 1) for event in self._events_of(index))
        return sorted(events, key=lambda event: (-event["created"], event["id"]))

    def _sent_at(self, index: int) -> int:
        return self._story.end - (self._count - index) * _WEEK

    def _recipients(self, index: int) -> Iterator[tuple[int, Person]]:
        story = self._story
        for number in range(min(_RECIPIENTS, story.contacts)):
            contact = (index * _RECIPIENTS + number) % story.contacts
            position, customer = divmod(contact, story.customers)
            yield mix(self._seed, index * _RECIPIENTS + number), story.company.person(customer, position)

    def _events_of(self, index: int) -> Iterator[dict[str, Any]]:
        for bits, person in self._recipients(index):
            for step, kind in enumerate(_FATES[bits % len(_FATES)]):
                created = self._sent_at(index) + step * (1_000 + (bits >> 8) % 3_600_000)
                yield {
                    "id": f"{bits:016x}-{step}",
                    "created": created,
                    "type": kind,
                    "recipient": person.email,
                    "portalId": PORTAL_ID,
                    "appId": _APP_ID,
                    "appName": "Batch",
                    "emailCampaignId": _FIRST_CAMPAIGN + index,
                    "sentBy": {"id": f"{bits:016x}-0", "created": self._sent_at(index)},
                }

    def _email(self, index: int, *, stats: bool) -> dict[str, Any]:
        company, bits = self._story.company, mix(self._seed, -1 - index)
        author = company.colleagues[bits % len(company.colleagues)]
        subject = f"{_TOPICS[(bits >> 8) % len(_TOPICS)]} {PRODUCTS[(bits >> 16) % len(PRODUCTS)]}"
        draft = index == self._count - 1
        sent = iso_utc(self._sent_at(index))
        email: dict[str, Any] = {
            "id": str(_FIRST_EMAIL + index),
            "name": f"Newsletter {index + 1}",
            "subject": subject,
            "state": "DRAFT" if draft else "PUBLISHED",
            "type": "BATCH_EMAIL",
            "subcategory": "batch",
            "from": {"fromName": f"{author.first_name} {author.last_name}", "replyTo": author.email},
            "to": {"contactIds": {"include": [], "exclude": []}},
            "content": {"plainTextVersion": f"{subject}: read on."},
            "campaign": str(_FIRST_CAMPAIGN + index),
            "isPublished": not draft,
            "sendOnPublish": True,
            "archived": False,
            "createdAt": iso_utc(self._sent_at(index) - DAY_MS),
            "updatedAt": sent,
        }
        if not draft:
            email["publishDate"] = sent
        if stats:
            email["stats"] = self._stats(index, draft=draft)
        return email

    def _stats(self, index: int, *, draft: bool) -> dict[str, Any]:
        counters = Counter({kind.lower(): 0 for fate in _FATES for kind in fate})
        if not draft:
            counters.update(event["type"].lower() for event in self._events_of(index))
        sent = max(1, counters["sent"])
        ratios = {f"{name}ratio": 100 * times / sent for name, times in counters.items() if name != "sent"}
        return {"counters": counters, "ratios": ratios, "deviceBreakdown": {}, "qualifierStats": {}}
