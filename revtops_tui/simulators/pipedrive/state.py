"""What a simulated account holds now: seeded objects, overlaid with what changed since, and who wants to hear of it."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from revtops_tui.simulators.outbox import Outbox
from revtops_tui.simulators.pipedrive.seeded import DOMAIN, FIELDS, Item, Seeded, stamp

COMPANY = 7_300_001
SOURCE_ENTITIES = {
    "deals": "deal",
    "contacts": "person",
    "accounts": "organization",
    "activities": "activity",
    "pipelines": "pipeline",
    "pipeline_stages": "stage",
}
"""Our entities -> Pipedrive's words."""


def now() -> str:
    """The time, to the second."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Collection:
    """All objects of one type. `seeded` is how many there were; `build` makes one by its index.

    `last` is when the last seeded object changed: whoever asks for later changes need not look at the seeded ones.
    """

    seeded: int
    build: Callable[[int], Item]
    last: str
    changes: dict[int, Item] = field(default_factory=dict)
    newest: int = 0

    def __post_init__(self) -> None:
        self.newest = self.seeded

    def get(self, object_id: int) -> Item | None:
        """The object, deleted or not; None when there never was one."""
        if (changed := self.changes.get(object_id)) is not None:
            return changed
        return self.build(object_id - 1) if 1 <= object_id <= self.seeded else None

    def since(self, moment: str = "", after: int = 0) -> Iterator[Item]:
        """The objects with an id above `after` that changed at this time or later, in order of id."""
        ids: Iterable[int] = range(after + 1, self.newest + 1)
        if moment > self.last:
            ids = sorted(object_id for object_id in list(self.changes) if object_id > after)
        for object_id in ids:
            item = self.get(object_id)
            if item is not None and (item["update_time"] or item["add_time"]) >= moment:
                yield item

    def live(self) -> Iterator[Item]:
        """Those that are not deleted."""
        return (item for item in self.since() if not item["is_deleted"])

    def count(self) -> int:
        """How many are not deleted."""
        return self.newest - sum(1 for item in self.changes.values() if item["is_deleted"])


@dataclass
class State:
    """One account."""

    seeded: Seeded
    outbox: Outbox
    webhooks: dict[int, Item] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seeded = self.seeded
        last = stamp(seeded.story.end)
        self.collections = {
            "deal": Collection(seeded.deals, seeded.deal, last),
            "person": Collection(seeded.persons, seeded.person, last),
            "organization": Collection(seeded.organizations, seeded.organization, last),
            "activity": Collection(seeded.activities, seeded.activity, last),
            "pipeline": Collection(len(seeded.pipelines), lambda index: dict(seeded.pipelines[index]), last),
            "stage": Collection(len(seeded.stages), lambda index: dict(seeded.stages[index]), last),
        }
        self.users = seeded.users()
        self.fields = FIELDS

    def create(self, kind: str, values: Item) -> Item:
        """Add an object."""
        collection, moment = self.collections[kind], now()
        collection.newest += 1
        item: Item = {"id": collection.newest, "is_deleted": False, "add_time": moment, "update_time": moment}
        item = self._derived(kind, {**item, **self._defaults(kind), **values}, values)
        collection.changes[item["id"]] = item
        self._tell("create", kind, item, None)
        return item

    def update(self, kind: str, before: Item, values: Item) -> Item:
        """Change an object; custom fields that are not given stay."""
        item = {**before, **values, "update_time": now()}
        if "custom_fields" in values:
            item["custom_fields"] = {**before.get("custom_fields", {}), **values["custom_fields"]}
        item = self._derived(kind, item, values)
        self.collections[kind].changes[item["id"]] = item
        self._tell("delete" if item["is_deleted"] else "change", kind, item, before)
        return item

    def delete(self, kind: str, item: Item) -> None:
        """Mark an object as deleted, and with a pipeline its stages."""
        self.update(kind, item, {"is_deleted": True})
        if kind == "pipeline":
            for stage in list(self.collections["stage"].live()):
                if stage["pipeline_id"] == item["id"]:
                    self.update("stage", stage, {"is_deleted": True})

    def _defaults(self, kind: str) -> Item:
        me = self.users[0]["id"]
        if kind in ("pipeline", "stage"):
            order = self.collections[kind].newest
            extra = {"is_deal_probability_enabled": False} if kind == "pipeline" else {"deal_probability": 100}
            return {"order_nr": order, **extra}
        common = {"owner_id": me, "visible_to": 3, "label_ids": [], "custom_fields": {}}
        if kind == "deal":
            pipeline = next(self.collections["pipeline"].live())
            return common | {
                "creator_user_id": me, "value": 0, "currency": "EUR", "status": "open", "probability": None,
                "person_id": None, "org_id": None, "pipeline_id": pipeline["id"], "is_archived": False,
                "expected_close_date": None, "origin": "API", "stage_change_time": now(),
            }  # fmt: skip
        if kind == "activity":
            links: Item = {"deal_id": None, "person_id": None, "org_id": None, "participants": [], "attendees": []}
            own = {"creator_user_id": me, "type": "call", "subject": "Call", "done": False, "busy": False}
            return {"owner_id": me, **own, **links, "due_date": None, "due_time": None, "duration": None, "note": None}
        if kind == "person":
            return common | {"emails": [], "phones": [], "org_id": None}
        return common | {"website": None, "industry": None, "annual_revenue": None, "employee_count": None}

    def _derived(self, kind: str, item: Item, given: Item) -> Item:
        """What follows from the values that were given."""
        moment = item["update_time"]
        if kind == "person" and "name" in given:
            first, _, last = given["name"].partition(" ")
            item |= {"first_name": first, "last_name": last}
        elif kind == "activity" and "participants" in given:
            primary = [one["person_id"] for one in given["participants"] if one.get("primary")]
            item["person_id"] = primary[0] if primary else None
        elif kind == "deal":
            status = item["status"]
            if "status" in given:
                closed = moment if status != "open" else None
                won, lost = closed if status == "won" else None, closed if status == "lost" else None
                item |= {"close_time": closed, "won_time": won, "lost_time": lost}
            if "stage_id" not in given and ("pipeline_id" in given or "stage_id" not in item):
                steps = self.collections["stage"].live()
                item["stage_id"] = next((s["id"] for s in steps if s["pipeline_id"] == item["pipeline_id"]), None)
        return item

    # -- webhooks ------------------------------------------------------------------------------------------------

    def subscribe(self, values: Item) -> Item:
        """Create a webhook."""
        me = self.users[0]["id"]
        webhook = {
            "id": len(self.webhooks) + 1, "company_id": COMPANY, "owner_id": me, "user_id": me, "admin_id": me,
            "is_active": 1, "add_time": f"{now()[:-1]}.000Z", "remove_time": None, "type": "general",
            "http_auth_user": None, "http_auth_password": None, "remove_reason": None, "last_delivery_time": None,
            "last_http_status": None, "version": "2.0", **values,
        }  # fmt: skip
        self.webhooks[webhook["id"]] = webhook
        return webhook

    def _tell(self, action: str, kind: str, item: Item, before: Item | None) -> None:
        for webhook in self.webhooks.values():
            if webhook["event_action"] in (action, "*") and webhook["event_object"] in (kind, "*"):
                self._send(webhook, action, kind, item, before)

    def _send(self, webhook: Item, action: str, kind: str, item: Item, before: Item | None) -> None:
        meta: dict[str, Any] = {
            "action": action, "entity": kind, "entity_id": str(item["id"]), "company_id": str(COMPANY),
            "id": str(uuid.uuid4()), "correlation_id": str(uuid.uuid4()), "is_bulk_edit": False,
            "timestamp": f"{now()[:-1]}.000Z", "type": "general", "user_id": str(self.users[0]["id"]),
            "version": "2.0", "webhook_id": str(webhook["id"]), "webhook_owner_id": str(webhook["owner_id"]),
            "change_source": "app", "attempt": 1, "host": f"{DOMAIN}.pipedrive.com",
            "permitted_user_ids": [str(user["id"]) for user in self.users],
        }  # fmt: skip
        changed = {key: value for key, value in (before or {}).items() if item.get(key) != value}
        previous = before if action == "delete" else changed or None
        body = orjson.dumps({"meta": meta, "data": None if action == "delete" else item, "previous": previous})
        headers = {"content-type": "application/json", "user-agent": "Pipedrive Webhooks"}
        if webhook["http_auth_password"]:
            pair = f"{webhook['http_auth_user'] or ''}:{webhook['http_auth_password']}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self.outbox.send(webhook["subscription_url"], headers=headers, body=body)
