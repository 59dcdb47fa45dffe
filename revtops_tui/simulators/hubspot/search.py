"""Answers to CRM searches, over a million objects without looking at each.

A filter on the id or on the times of creation and last change narrows the seeded objects by bisection; only other
filters have to look at objects one by one, and what they found is kept for the next page.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from revtops_tui.simulators.hubspot.filters import AXES, Group, Search, axis_properties, comparable
from revtops_tui.simulators.hubspot.store import CrmObject, ObjectStore


@dataclass(frozen=True)
class Found:
    """One page of a search. `after` is None on the last page."""

    total: int
    items: list[CrmObject]
    after: str | None


class Searcher:
    """Answers searches over one store; keeps the last set of matches, for its next page."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._kept: tuple[tuple[bytes, int], _Matches] | None = None

    def find(self, search: Search) -> Found:
        """The page that was asked for."""
        key = (search.key, self._store.version)
        if self._kept is None or self._kept[0] != key:
            self._kept = (key, _match(self._store, search))
        matches = self._kept[1]
        ids = islice(_ordered(self._store, matches, search), search.after, search.after + search.limit)
        items = [item for item in (self._store.get(i) for i in ids) if item is not None]
        end = search.after + search.limit
        return Found(matches.total, items, str(end) if end < matches.total else None)


@dataclass(frozen=True)
class _Matches:
    """Matching ids, ascending: unchanged seeded ones (a range where bounds were enough), and changed ones."""

    seeded: Sequence[int]
    changed: list[int]
    total: int


def _match(store: ObjectStore, search: Search) -> _Matches:
    changed = [i for i in store.changes if _changed_matches(store, search, i)]
    candidates = _seeded_range(store, search.groups)
    if search.only_bounds:
        overlaid = sum(1 for i in store.changes if i in candidates)
        return _Matches(candidates, sorted(changed), len(candidates) - overlaid + len(changed))
    unchanged = (i for i in candidates if i not in store.changes)
    seeded = [i for i in unchanged if (item := store.get(i)) and search.matches(store.type, item)]
    return _Matches(seeded, sorted(changed), len(seeded) + len(changed))


def _changed_matches(store: ObjectStore, search: Search, object_id: int) -> bool:
    change = store.changes[object_id]
    if change.archived is not None:
        return False
    if not any(g.spans(object_id, change.created, change.modified) for g in search.groups):
        return False
    if search.only_bounds:
        return True
    item = store.get(object_id)
    return item is not None and search.matches(store.type, item)


def _seeded_range(store: ObjectStore, groups: list[Group]) -> range:
    """The seeded live ids outside of which no group can hold."""
    spans = [_span(store, group) for group in groups]
    return store.seeded.live_ids[min(start for start, _ in spans) : max(end for _, end in spans)]


def _span(store: ObjectStore, group: Group) -> tuple[int, int]:
    """The indexes within a group's bounds, by bisection on each axis."""
    seeded, indexes = store.seeded, range(store.seeded.live)
    values = (lambda index: seeded.first + index, seeded.created, seeded.modified)
    bounds = [(*group.bounds[axis], of) for axis, of in zip(AXES, values, strict=True)]
    start = max(bisect.bisect_left(indexes, low, key=of) for low, _, of in bounds)
    end = min(bisect.bisect_right(indexes, high, key=of) for _, high, of in bounds)
    return start, max(start, end)


def _ordered(store: ObjectStore, matches: _Matches, search: Search) -> Iterator[int]:
    axis, down = axis_properties(store.type).get(search.sort), search.descending
    unchanged = (i for i in (reversed(matches.seeded) if down else matches.seeded) if i not in store.changes)
    if axis is None:
        key = _value_key(store, search.sort, descending=down)
        return iter(sorted([*unchanged, *matches.changed], key=key, reverse=down))
    if axis == "id":  # both are in order already: no page sorts a hundred thousand changes again
        return heapq.merge(unchanged, matches.changed[::-1] if down else matches.changed, reverse=down)
    moment = _moment_key(store, axis)
    return heapq.merge(unchanged, sorted(matches.changed, key=moment, reverse=down), key=moment, reverse=down)


def _moment_key(store: ObjectStore, axis: str) -> Callable[[int], tuple[int, int]]:
    times = store.seeded.created if axis == "created" else store.seeded.modified

    def key(object_id: int) -> tuple[int, int]:
        change = store.changes.get(object_id)
        return (getattr(change, axis) if change else times(object_id - store.seeded.first)), object_id

    return key


def _value_key(store: ObjectStore, name: str, *, descending: bool) -> Callable[[int], tuple[bool, Any, int]]:
    """Missing values come last, whatever the direction."""
    order = comparable(store.type.properties[name])

    def key(object_id: int) -> tuple[bool, Any, int]:
        item = store.get(object_id)
        text = item.properties.get(name) if item else None
        try:
            return (descending, order(str(text)), object_id) if text else (not descending, 0, object_id)
        except ValueError:  # planted: HubSpot itself holds no such value
            return not descending, 0, object_id

    return key
