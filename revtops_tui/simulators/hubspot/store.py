"""What a simulated account holds now: the seeded objects, overlaid with everything that changed since."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple, TypeAlias

from revtops_tui.simulators.hubspot.schema import STAGES, ObjectType
from revtops_tui.simulators.hubspot.seeded import Properties, Seeded
from revtops_tui.simulators.seeding import iso_utc

_CREATED_FROM = 5_000_000_000
"""Distance of the first created object's id from the first seeded one: never reached by seeding."""


Watch: TypeAlias = "Callable[[ObjectStore, int, str, Mapping[str, str | None]], None]"


@dataclass(slots=True)
class Change:
    """What differs from the seeded object; for a created one, all of it. Times are milliseconds since 1970 UTC."""

    properties: Properties
    created: int
    modified: int
    archived: int | None = None


class CrmObject(NamedTuple):
    """One object as it is now. Times are milliseconds since 1970 UTC; `archived` is None for a live one."""

    id: int
    properties: Properties
    created: int
    modified: int
    archived: int | None


@dataclass
class ObjectStore:
    """All objects of one type. `version` moves with every change."""

    type: ObjectType
    seeded: Seeded
    changes: dict[int, Change] = field(default_factory=dict)
    version: int = 0
    watch: Watch | None = None
    """Told of every change: the store, the object's id, creation, propertyChange or deletion, the values set."""
    _created: list[int] = field(default_factory=list)
    _unique: dict[tuple[str, str], int] = field(default_factory=dict)

    def get(self, object_id: int) -> CrmObject | None:
        """The object, live or archived; None when there is none."""
        change = self.changes.get(object_id)
        index = object_id - self.seeded.first
        if object_id in self.seeded.ids:
            properties = self.seeded.build(index)
            if change is None:
                created, modified = self.seeded.created(index), self.seeded.modified(index)
                return CrmObject(object_id, properties, created, modified, self.seeded.archived_at(index))
        elif change is None:
            return None
        else:
            properties = {self.type.created: iso_utc(change.created), "hs_object_id": str(object_id)}
        properties.update(change.properties)
        properties[self.type.modified] = iso_utc(change.modified)
        return CrmObject(object_id, properties, change.created, change.modified, change.archived)

    @property
    def created(self) -> int:
        """How many objects were added to the seeded ones."""
        return len(self._created)

    def is_live(self, object_id: int) -> bool:
        """Whether there is such an object and it is not archived."""
        change = self.changes.get(object_id)
        return object_id in self.seeded.live_ids if change is None else change.archived is None

    def page(self, after: int, limit: int, *, archived: bool = False) -> list[CrmObject]:
        """The next `limit` objects with an id above `after`, in order of id."""
        ids = self._archived_ids(after) if archived else self._live_ids(after)
        found = (self.get(object_id) for object_id in islice(ids, limit))
        return [item for item in found if item is not None]

    def count(self, *, archived: bool = False) -> int:
        """How many there are."""
        if archived:
            return sum(1 for _ in self._archived_ids(0))
        gone = sum(1 for i, c in self.changes.items() if c.archived is not None and i in self.seeded.live_ids)
        born = sum(1 for i in self._created if self.changes[i].archived is None)
        return self.seeded.live - gone + born

    def create(self, properties: Mapping[str, str | None], now: int) -> CrmObject:
        """Add an object."""
        object_id = self.seeded.first + _CREATED_FROM + len(self._created)
        self._created.append(object_id)
        self.changes[object_id] = Change({}, now, now)
        return self._update(object_id, properties, now, "creation")

    def update(self, object_id: int, properties: Mapping[str, str | None], now: int) -> CrmObject:
        """Change a live object; an empty `properties` only touches it. Raises KeyError when there is none."""
        return self._update(object_id, properties, now, "propertyChange")

    def _update(self, object_id: int, properties: Mapping[str, str | None], now: int, verb: str) -> CrmObject:
        change = self._change(object_id)
        change.properties.update(properties)
        if "dealstage" in properties and (stage := STAGES.get(properties["dealstage"] or "")):
            change.properties["hs_deal_stage_probability"] = stage.probability
        change.modified = max(now, change.modified)
        for name, value in properties.items():
            if value is not None and name in self.type.properties and self.type.properties[name].unique:
                self._unique[name, str(value).lower()] = object_id
        self.version += 1
        item = self.get(object_id)
        if item is None:
            raise KeyError(object_id)
        if self.watch is not None:
            self.watch(self, object_id, verb, properties)
        return item

    def archive(self, object_id: int, now: int) -> None:
        """Archive a live object; nothing happens to one that is gone already."""
        if self.is_live(object_id):
            change = self._change(object_id)
            change.archived = change.modified = now
            self.version += 1
            if self.watch is not None:
                self.watch(self, object_id, "deletion", {})

    def find(self, name: str, value: str) -> int | None:
        """The id of the live object that was given this value of a unique property after the seeding."""
        object_id = self._unique.get((name, value.lower()))
        item = None if object_id is None else self.get(object_id)
        if item is None or item.archived is not None or (item.properties.get(name) or "").lower() != value.lower():
            return None
        return item.id

    def scattered(self, count: int) -> list[int]:
        """`count` seeded live ids, spread evenly over all of them: the same ones each time."""
        ids = self.seeded.live_ids
        wanted = min(count, len(ids))
        return [ids[n * len(ids) // wanted] for n in range(wanted)]

    def _change(self, object_id: int) -> Change:
        if not self.is_live(object_id):
            raise KeyError(object_id)
        if (change := self.changes.get(object_id)) is None:
            index = object_id - self.seeded.first
            change = Change({}, self.seeded.created(index), self.seeded.modified(index))
            self.changes[object_id] = change
        return change

    def _live_ids(self, after: int) -> Iterator[int]:
        ids = self.seeded.live_ids
        rest = ids[max(0, after + 1 - ids.start) :]
        born = self._created[bisect.bisect_right(self._created, after) :]
        for object_id in chain(rest, born):
            change = self.changes.get(object_id)
            if change is None or change.archived is None:
                yield object_id

    def _archived_ids(self, after: int) -> Iterator[int]:
        gone: Iterable[int] = (i for i, change in self.changes.items() if change.archived is not None)
        seeded = self.seeded.ids[self.seeded.live :]
        return iter(sorted(i for i in chain(gone, seeded) if i > after))
