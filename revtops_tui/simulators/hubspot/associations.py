"""Who belongs to whom in a simulated account: the seeded relations by arithmetic, and what was changed since.

Deal d belongs to company d mod companies, contact c to company c mod companies, and so on: each relation can be read
from both ends without a table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from revtops_tui.simulators.hubspot.schema import OBJECT_TYPES

if TYPE_CHECKING:
    from revtops_tui.simulators.hubspot.seeded import Account

ACTIVITIES = ("calls", "emails", "meetings", "notes", "tasks")
_DEALS_WITHOUT_COMPANY = 50  # every 50th deal and every 40th contact has none
_CONTACTS_WITHOUT_COMPANY = 40
_ACTIVITIES_WITHOUT_DEAL = 7


@dataclass(frozen=True, slots=True)
class AssociationType:
    """One kind of link; `label` None is the plain one that every link has."""

    type_id: int
    label: str | None = None
    category: str = "HUBSPOT_DEFINED"

    def document(self) -> dict[str, Any]:
        """The type as v4 shows it."""
        return {"category": self.category, "typeId": self.type_id, "label": self.label}


# HubSpot's own ids, by (from, to): the plain type. From "Associations v4", table of HubSpot-defined types.
_PLAIN = {
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("deals", "companies"): 341,
    ("companies", "deals"): 342,
    ("deals", "contacts"): 3,
    ("contacts", "deals"): 4,
    ("companies", "calls"): 181,
    ("calls", "companies"): 182,
    ("companies", "emails"): 185,
    ("emails", "companies"): 186,
    ("companies", "meetings"): 187,
    ("meetings", "companies"): 188,
    ("companies", "notes"): 189,
    ("notes", "companies"): 190,
    ("companies", "tasks"): 191,
    ("tasks", "companies"): 192,
    ("contacts", "calls"): 193,
    ("calls", "contacts"): 194,
    ("contacts", "emails"): 197,
    ("emails", "contacts"): 198,
    ("contacts", "meetings"): 199,
    ("meetings", "contacts"): 200,
    ("contacts", "notes"): 201,
    ("notes", "contacts"): 202,
    ("contacts", "tasks"): 203,
    ("tasks", "contacts"): 204,
    ("deals", "calls"): 205,
    ("calls", "deals"): 206,
    ("deals", "emails"): 209,
    ("emails", "deals"): 210,
    ("deals", "meetings"): 211,
    ("meetings", "deals"): 212,
    ("deals", "notes"): 213,
    ("notes", "deals"): 214,
    ("deals", "tasks"): 215,
    ("tasks", "deals"): 216,
}
_PRIMARY = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("deals", "companies"): 5,
    ("companies", "deals"): 6,
}


def plain_type(source: str, target: str) -> AssociationType | None:
    """The unlabelled type from one object type to another; None when HubSpot has none."""
    type_id = _PLAIN.get((source, target))
    return None if type_id is None else AssociationType(type_id)


def association_types(source: str, target: str) -> list[AssociationType]:
    """All types from one object type to another, the plain one first."""
    plain = plain_type(source, target)
    primary = _PRIMARY.get((source, target))
    found = [] if plain is None else [plain]
    return found if primary is None else [*found, AssociationType(primary, "Primary")]


Links = dict[int, list[AssociationType]]
_Key = tuple[str, int, str]


class Associations:
    """The links of a simulated account, seeded ones and later changes."""

    def __init__(self, account: Account, is_live: Callable[[str, int], bool]) -> None:
        self._account = account
        self._is_live = is_live
        self._added: defaultdict[_Key, Links] = defaultdict(dict)
        self._removed: defaultdict[_Key, set[int]] = defaultdict(set)

    def of(self, source: str, object_id: int, target: str) -> Links:
        """What an object is linked to: id -> types, in order of id; archived objects are left out."""
        key = (source, object_id, target)
        links: Links = {}
        if not self._is_live(source, object_id):
            return links
        types = association_types(source, target)
        for linked in self._seeded(source, object_id, target):
            links[linked] = types
        for linked in self._removed.get(key, ()):
            links.pop(linked, None)
        for linked, added in self._added.get(key, {}).items():
            links[linked] = [*links.get(linked, ()), *(t for t in added if t not in links.get(linked, ()))]
        return {linked: links[linked] for linked in sorted(links) if self._is_live(target, linked)}

    def add(self, source: str, object_id: int, target: str, linked: int, types: Iterable[AssociationType]) -> None:
        """Link two objects, both ways. A labelled link always has the plain type too."""
        labelled = [t for t in types if t.label is not None]
        self._add_one_way((source, object_id, target), linked, labelled)
        opposite = {t.label: t for t in association_types(target, source)}
        self._add_one_way(
            (target, linked, source), object_id, [opposite[t.label] for t in labelled if t.label in opposite]
        )

    def remove(self, source: str, object_id: int, target: str, linked: int) -> None:
        """Unlink two objects, both ways."""
        for key, other in (((source, object_id, target), linked), ((target, linked, source), object_id)):
            self._added[key].pop(other, None)
            self._removed[key].add(other)

    def _add_one_way(self, key: _Key, linked: int, labelled: list[AssociationType]) -> None:
        if any(t.label == "Primary" for t in labelled):
            self._unset_primary(key)
        plain = plain_type(key[0], key[2])
        self._added[key][linked] = ([] if plain is None else [plain]) + labelled

    def _unset_primary(self, key: _Key) -> None:
        """An object has one primary company: a new one takes the label from the old one, which stays linked."""
        if key[2] != "companies":
            return
        for linked, types in self.of(*key).items():
            self._removed[key].add(linked)
            self._added[key][linked] = [t for t in types if t.label != "Primary"]

    def _seeded(self, source: str, object_id: int, target: str) -> Iterable[int]:
        seeded, targets = self._account.objects[source], self._account.objects[target]
        index = object_id - seeded.first
        if not 0 <= index < seeded.live:
            return ()
        return (targets.first + n for n in self._indexes(source, index, target) if 0 <= n < targets.live)

    def _indexes(self, source: str, index: int, target: str) -> Iterable[int]:
        if source in ACTIVITIES:
            return self._from_activity(source, index, target)
        if target in ACTIVITIES:
            return self._to_activities(source, index, target)
        relation = {
            ("deals", "companies"): self._company_of_deal,
            ("contacts", "companies"): self._company_of_contact,
            ("companies", "deals"): self._deals_of_company,
            ("companies", "contacts"): self._contacts_of_company,
            ("deals", "contacts"): self._contacts_of_deal,
            ("contacts", "deals"): self._deals_of_contact,
        }.get((source, target))
        return () if relation is None else relation(index)

    def _company_of_deal(self, deal: int) -> list[int]:
        alone = deal % _DEALS_WITHOUT_COMPANY == _DEALS_WITHOUT_COMPANY - 1
        return [] if alone else [deal % self._account.companies]

    def _company_of_contact(self, contact: int) -> list[int]:
        alone = contact % _CONTACTS_WITHOUT_COMPANY == _CONTACTS_WITHOUT_COMPANY - 1
        return [] if alone else [contact % self._account.companies]

    def _deals_of_company(self, company: int) -> list[int]:
        return [d for d in range(company, self._account.deals, self._account.companies) if self._company_of_deal(d)]

    def _contacts_of_company(self, company: int) -> list[int]:
        every = range(company, self._account.contacts, self._account.companies)
        return [c for c in every if self._company_of_contact(c)]

    def _contacts_of_deal(self, deal: int) -> list[int]:
        """One contact of the deal's company, and for every third deal the next one too."""
        step = self._account.companies
        people = range(deal % step, self._account.contacts, step)
        if not people:
            return []
        turn = deal // step
        chosen = {people[turn % len(people)]}
        if deal % 3 == 0:
            chosen.add(people[(turn + 1) % len(people)])
        return sorted(chosen)

    def _deals_of_contact(self, contact: int) -> list[int]:
        step = self._account.companies
        deals = range(contact % step, self._account.deals, step)
        return [deal for deal in deals if contact in self._contacts_of_deal(deal)]

    def _deal_of_activity(self, name: str, activity: int) -> int:
        return (activity * 10 + ACTIVITIES.index(name)) % max(1, self._account.deals)

    def _from_activity(self, name: str, activity: int, target: str) -> Iterable[int]:
        deal = self._deal_of_activity(name, activity)
        if target == "deals":
            return [] if activity % _ACTIVITIES_WITHOUT_DEAL == _ACTIVITIES_WITHOUT_DEAL - 1 else [deal]
        if target == "companies":
            return self._company_of_deal(deal)
        return self._contacts_of_deal(deal)[:1] if target == "contacts" else []

    def _to_activities(self, source: str, index: int, name: str) -> Iterable[int]:
        if source == "deals":
            deals: Iterable[int] = [index]
        elif source == "companies":
            deals = self._deals_of_company(index)
        elif source == "contacts":
            deals = self._deals_of_contact(index)
        else:
            return []
        candidates = (a for deal in deals for a in self._activities_at(name, deal))
        return [a for a in candidates if index in self._from_activity(name, a, source)]

    def _activities_at(self, name: str, deal: int) -> list[int]:
        """The activities whose deal this is, whether or not they are linked to it."""
        activity, rest = divmod((deal - ACTIVITIES.index(name)) % max(1, self._account.deals), 10)
        return [] if rest or activity >= self._account.activities else [activity]


ASSOCIABLE = frozenset(name for name in OBJECT_TYPES if name != "goal_targets")
