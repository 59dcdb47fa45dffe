"""What the workspace starts with: the company's teams, and their work for its key deals and on its product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from revtops_tui.simulators.company import PRODUCTS
from revtops_tui.simulators.hubspot.seeded import AWKWARD_NAMES
from revtops_tui.simulators.linear.account import Account, Node, seeded_id
from revtops_tui.simulators.seeding import DAY_MS, iso_day, iso_utc, mix, stream
from revtops_tui.simulators.story import STAGES, Story

_TEAMS = (
    ("Engineering", "ENG", "Builds and runs the platform."),
    ("Product", "PRO", "Decides what is built next."),
    ("Sales Engineering", "SE", "Gets customers live."),
    ("Customer Success", "CS", None),
    ("Security", "SEC", "Answers questionnaires, closes holes."),
    ("Design", "DES", None),
)
_STATUSES = (
    ("Backlog", "backlog"),
    ("Planned", "planned"),
    ("In Progress", "started"),
    ("Completed", "completed"),
    ("Canceled", "canceled"),
)
_LABELS = ("Bug", "Feature", "Improvement", "Customer request")
_FOR_CUSTOMERS = (
    ("SEC", "Security questionnaire for {customer}"),
    ("SE", "Single sign-on for {customer}"),
    ("SE", "Import the data of {customer}"),
    ("ENG", "{product}: the export is slow for {customer}"),
    ("CS", "Training for {customer}"),
)
_VERBS = ("Speed up", "Rework", "Fix", "Document", "Test", "Retire", "Translate", "Measure")
_THINGS = ("the importer", "the report editor", "sign-in", "the audit log", "billing", "search", "the mobile app")
_OWN_WORK = 360
"""Issues that have nothing to do with a deal: as many, however much is sold."""
_PER_PROJECT = 8
"""One project for so many key deals."""


def seed_account(story: Story, seed: int) -> Account:
    """The workspace as it is at the end of the story."""
    return _Seeding(story, seed).account


class _Seeding:
    def __init__(self, story: Story, seed: int) -> None:
        self._story = story
        self._seed = stream(seed, "linear")
        self._start = iso_utc(story.created(0, story.deals) - 30 * DAY_MS)
        company = story.company
        organization = {"name": company.name, "urlKey": "larkspur", "createdAt": self._start, "updatedAt": self._start}
        self.account = account = Account({**organization, "id": seeded_id(self._seed, 0)})
        self._ids = (seeded_id(self._seed, index) for index in range(1, 1 << 40))
        self._people()
        self._teams = {key: account.add_team(name, key, description=text, **self._made()) for name, key, text in _TEAMS}
        old = account.add_team("Field Operations", "OPS", **self._made())
        old.update(archivedAt=self._start, updatedAt=self._start)
        self._labels = [account.add_label(name, **self._made()) for name in _LABELS]
        group = account.add_label("Product", **self._made())
        group["isGroup"] = True
        self._products = {name: account.add_label(name, parent=group, **self._made()) for name in PRODUCTS}
        account.add_label("Pen test", team=self._teams["SEC"], **self._made())
        self._projects_of_customers = self._projects()
        self._issues()
        account.recount(*account.projects)

    def _made(self, created: str = "") -> dict[str, Any]:
        return {"created": created or self._start, "node_id": next(self._ids)}

    def _people(self) -> None:
        for number, colleague in enumerate(self._story.company.colleagues):
            name = f"{colleague.first_name} {colleague.last_name}"
            handle = f"{colleague.first_name}.{colleague.last_name}".lower()
            person = {
                "name": name,
                "displayName": handle,
                "email": colleague.email,
                "active": colleague.active,
                "admin": number == 0,
                "guest": False,
                "isMe": number == 0,
                "organization": self.account.organization,
                "url": f"{self.account.url}/profiles/{handle}",
            }
            self.account.add(self.account.users, person, **self._made())

    def _projects(self) -> dict[int, Node]:
        """The projects, by the customer that they are for."""
        for position, (name, kind) in enumerate(_STATUSES):
            status = {"name": name, "type": kind, "color": "#bec2c8", "description": None, "indefinite": False}
            self.account.add(self.account.statuses, {**status, "position": float(position)}, **self._made())
        by_type = {status["type"]: status for status in self.account.statuses}
        engineering, product = self._teams["ENG"], self._teams["PRO"]
        self.account.add_project("Reliability", [engineering], status=by_type["started"], **self._made())
        self.account.add_project("Field Sales App 2.0", [engineering, product], **self._made())
        found: dict[int, Node] = {}
        for index in self._story.key_deals()[::_PER_PROJECT]:
            deal = self._story.deal(index)
            customer = self._story.company.customer_name(deal.customer)
            stage = STAGES[deal.stage]
            status = by_type["started" if not stage.closed else "completed" if stage.probability else "canceled"]
            teams = [self._teams["SE"], self._teams["CS"], engineering]
            made = self._made(iso_utc(deal.created))
            project = self.account.add_project(f"Go-live of {customer}", teams, status=status, **made)
            moment = iso_utc(max(deal.modified, deal.created))
            project.update(
                description=f"{deal.name}: everything until {customer} works with it.",
                lead=self.account.users[deal.owner],
                startDate=iso_day(deal.created // DAY_MS),
                targetDate=iso_day(deal.closes),
                updatedAt=moment,
                completedAt=moment if status["type"] == "completed" else None,
                canceledAt=moment if status["type"] == "canceled" else None,
            )
            found[deal.customer] = project
        dropped = self.account.add_project("Fax gateway", [engineering], **self._made())
        dropped.update(archivedAt=dropped["createdAt"], trashed=True)
        return found

    def _issues(self) -> None:
        planned = [*self._for_deals(), *self._own_work()]
        planned.sort(key=lambda one: one[0])
        for index, (created, title, team, values) in enumerate(planned):
            bits = mix(self._seed, index)
            awkward = AWKWARD_NAMES.get(index, title) or ""
            made = self._made(iso_utc(created))
            updated = min(self._story.end, created + bits % (60 * DAY_MS))
            issue = self.account.add_issue(team, awkward, values=self._grown(team, updated, bits, values), **made)
            if bits >> 20 & 1:
                comment = {"body": f"See {issue['url']}.", "issue": issue, "user": issue["creator"]}
                self._comment(comment, iso_utc(updated))

    def _for_deals(self) -> Iterator[tuple[int, str, Node, Node]]:
        """Two issues for a key deal, or one."""
        for position, index in enumerate(self._story.key_deals()):
            deal = self._story.deal(index)
            for number in range(1 + position % 2):
                key, title = _FOR_CUSTOMERS[(deal.bits >> 4 + 3 * number) % len(_FOR_CUSTOMERS)]
                customer = self._story.company.customer_name(deal.customer)
                values = {
                    "description": f"For the deal **{deal.name}**.",
                    "assignee": self.account.users[deal.owner],
                    "project": self._projects_of_customers.get(deal.customer),
                    "labels": [self._labels[3], self._products[deal.product]],
                    "dueDate": iso_day(deal.closes),
                }
                created = min(self._story.end, deal.created + (2 + number) * DAY_MS)
                yield created, title.format(customer=customer, product=deal.product), self._teams[key], values

    def _own_work(self) -> Iterator[tuple[int, str, Node, Node]]:
        for index in range(_OWN_WORK):
            bits = mix(self._seed, -index - 9)
            team = self._teams["ENG" if bits & 1 else "PRO"]
            title = f"{_VERBS[(bits >> 1) % len(_VERBS)]} {_THINGS[(bits >> 8) % len(_THINGS)]}"
            values = {
                "assignee": self.account.users[(bits >> 16) % len(self.account.users)] if bits >> 24 & 3 else None,
                "project": self.account.projects[0] if bits >> 26 & 7 == 0 else None,
                "labels": [self._labels[(bits >> 30) % 3]] if bits >> 34 & 1 else [],
            }
            yield self._story.created(index, _OWN_WORK), title, team, values

    def _grown(self, team: Node, updated: int, bits: int, values: Node) -> Node:
        """The fields of an issue some time after its creation."""
        state = team["states"][(bits >> 40) % len(team["states"])]
        moment = iso_utc(updated)
        kind = state["type"]
        archived = bits >> 44 & 31 == 0
        return {
            **values,
            "state": state,
            "creator": self.account.users[(bits >> 50) % len(self.account.users)],
            "priority": (bits >> 54) % 5,
            "estimate": (None, 1, 2, 3, 5, 8)[(bits >> 58) % 6],
            "startedAt": moment if kind in ("started", "completed") else None,
            "completedAt": moment if kind == "completed" else None,
            "canceledAt": moment if kind == "canceled" else None,
            "updatedAt": moment,
            "archivedAt": moment if archived else None,
            "trashed": True if archived and bits & 1 else None,
        }

    def _comment(self, comment: Node, created: str) -> None:
        node = {**comment, "editedAt": None, "parent": None, "url": comment["issue"]["url"]}
        self.account.add(self.account.comments, node, **self._made(created))
