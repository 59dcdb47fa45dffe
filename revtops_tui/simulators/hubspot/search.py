"""CRM search: filters, order, pages and limits as HubSpot has them.

A filter on the id or on the times of creation and last change narrows the seeded objects by bisection; only other
filters have to look at objects one by one, and what they found is kept for the next page.
"""

from __future__ import annotations

import bisect
import fnmatch
import heapq
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from revtops_tui.simulators.hubspot.errors import bad_request
from revtops_tui.simulators.hubspot.schema import ObjectType, Property
from revtops_tui.simulators.hubspot.store import CrmObject, ObjectStore
from revtops_tui.simulators.hubspot.values import to_milliseconds

MAX_LIMIT = 200
WALL = 10_000
"""No search answers beyond its first ten thousand results."""

_MAX_GROUPS, _MAX_FILTERS, _MAX_FILTERS_IN_ALL, _MAX_QUERY = 5, 6, 18, 3_000
_AXES = ("id", "created", "modified")
Predicate = Callable[[CrmObject], bool]


@dataclass
class _Group:
    """Filters that all have to hold: bounds on the axes (inclusive), and the rest."""

    bounds: dict[str, tuple[float, float]] = field(default_factory=lambda: dict.fromkeys(_AXES, (-math.inf, math.inf)))
    rest: list[Predicate] = field(default_factory=list)

    def narrow(self, axis: str, low: float, high: float) -> None:
        old_low, old_high = self.bounds[axis]
        self.bounds[axis] = (max(low, old_low), min(high, old_high))

    def holds(self, item: CrmObject) -> bool:
        return self.spans(item.id, item.created, item.modified) and all(test(item) for test in self.rest)

    def spans(self, *position: int) -> bool:
        return all(low <= value <= high for value, (low, high) in zip(position, self.bounds.values(), strict=True))


@dataclass(frozen=True)
class Search:
    """A parsed search request."""

    groups: list[_Group]
    text: str
    sort: str
    descending: bool
    limit: int
    after: int
    properties: list[str] | None
    key: bytes
    """What identifies the set of matches, whatever the page."""


@dataclass(frozen=True)
class Found:
    """One page of a search. `after` is None on the last page."""

    total: int
    items: list[CrmObject]
    after: str | None


def parse(object_type: ObjectType, body: Mapping[str, Any]) -> Search:
    """Read a search request. Raises HubSpotError for what HubSpot refuses."""
    groups = body.get("filterGroups") or ([{"filters": body["filters"]}] if body.get("filters") else [])
    _check_size(groups)
    text = str(body.get("query") or "")
    if len(text) > _MAX_QUERY:
        raise bad_request(f"The query is longer than {_MAX_QUERY} characters.")
    limit, after = _page(body)
    sort, descending = _sort(object_type, body.get("sorts") or [])
    return Search(
        groups=[_group(object_type, group["filters"]) for group in groups] or [_Group()],
        text=text.lower(),
        sort=sort,
        descending=descending,
        limit=limit,
        after=after,
        properties=body.get("properties") or None,
        key=orjson.dumps([groups, text]),
    )


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
    if len(search.groups) == 1 and not search.groups[0].rest and not search.text:
        overlaid = sum(1 for i in store.changes if i in candidates)
        return _Matches(candidates, sorted(changed), len(candidates) - overlaid + len(changed))
    unchanged = (i for i in candidates if i not in store.changes)
    seeded = [i for i in unchanged if (item := store.get(i)) and _matches(store.type, search, item)]
    return _Matches(seeded, sorted(changed), len(seeded) + len(changed))


def _matches(object_type: ObjectType, search: Search, item: CrmObject) -> bool:
    if not any(group.holds(item) for group in search.groups):
        return False
    return not search.text or _has_words(object_type, item, search.text)


def _changed_matches(store: ObjectStore, search: Search, object_id: int) -> bool:
    change = store.changes[object_id]
    if change.archived is not None:
        return False
    if not any(g.spans(object_id, change.created, change.modified) for g in search.groups):
        return False
    if len(search.groups) == 1 and not search.groups[0].rest and not search.text:
        return True
    item = store.get(object_id)
    return item is not None and _matches(store.type, search, item)


def _has_words(object_type: ObjectType, item: CrmObject, text: str) -> bool:
    """Every word of the query begins a word of a searched property."""
    words = [w for name in object_type.searched for w in _words(item.properties.get(name))]
    return all(any(word.startswith(wanted) for word in words) for wanted in _words(text))


def _seeded_range(store: ObjectStore, groups: list[_Group]) -> range:
    """The seeded live ids outside of which no group can hold."""
    seeded, indexes = store.seeded, range(store.seeded.live)
    axes = (lambda i: seeded.first + i, seeded.created, seeded.modified)
    starts, ends = [], []
    for group in groups:
        low = max(
            _position(indexes, group.bounds[n][0], of, bisect.bisect_left) for n, of in zip(_AXES, axes, strict=True)
        )
        high = min(
            _position(indexes, group.bounds[n][1], of, bisect.bisect_right) for n, of in zip(_AXES, axes, strict=True)
        )
        starts.append(low)
        ends.append(max(low, high))
    return seeded.live_ids[min(starts) : max(ends)]


def _position(indexes: range, bound: float, of: Callable[[int], int], find: Callable[..., int]) -> int:
    return find(indexes, bound, key=of)


def _ordered(store: ObjectStore, matches: _Matches, search: Search) -> Iterator[int]:
    axis, down = _axis_properties(store.type).get(search.sort), search.descending
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
    order = _comparable(store.type.properties[name])

    def key(object_id: int) -> tuple[bool, Any, int]:
        item = store.get(object_id)
        text = item.properties.get(name) if item else None
        return (descending, order(text), object_id) if text else (not descending, 0, object_id)

    return key


def _axis_properties(object_type: ObjectType) -> dict[str, str]:
    return {"hs_object_id": "id", object_type.created: "created", object_type.modified: "modified"}


def _check_size(groups: Any) -> None:
    if not isinstance(groups, list) or not all(
        isinstance(g, dict) and isinstance(g.get("filters"), list) for g in groups
    ):
        raise bad_request("Invalid input JSON: `filterGroups` must be a list of objects with `filters`.")
    sizes = [len(group["filters"]) for group in groups]
    if len(sizes) > _MAX_GROUPS or max(sizes, default=0) > _MAX_FILTERS or sum(sizes) > _MAX_FILTERS_IN_ALL:
        limits = f"{_MAX_GROUPS} filter groups, {_MAX_FILTERS} filters in each and {_MAX_FILTERS_IN_ALL} in all"
        raise bad_request(f"A search takes at most {limits}.")


def _page(body: Mapping[str, Any]) -> tuple[int, int]:
    try:
        limit, after = int(body.get("limit") or 10), int(body.get("after") or 0)
    except (TypeError, ValueError):
        raise bad_request("`limit` and `after` must be numbers.") from None
    if not 1 <= limit <= MAX_LIMIT or after < 0:
        raise bad_request(f"`limit` must be from 1 to {MAX_LIMIT}, and `after` what the last page returned.")
    if after + limit > WALL:
        raise bad_request(f"The search is limited to {WALL} results: `after` and `limit` go beyond them.")
    return limit, after


def _sort(object_type: ObjectType, sorts: Any) -> tuple[str, bool]:
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise bad_request("A search takes one sort.")
    if not sorts:
        return object_type.created, False
    if isinstance(sorts[0], str):
        name, descending = sorts[0].lstrip("-"), sorts[0].startswith("-")
    else:
        name, descending = sorts[0].get("propertyName"), sorts[0].get("direction") == "DESCENDING"
    _known(object_type, name)
    return name, descending


def _known(object_type: ObjectType, name: Any) -> Property:
    prop = object_type.properties.get(name)
    if prop is None:
        raise bad_request(f"There was a problem with the request: property {name!r} does not exist.")
    return prop


def _group(object_type: ObjectType, filters: list[Any]) -> _Group:
    group = _Group()
    for item in filters:
        prop = _known(object_type, item.get("propertyName"))
        axis = _axis_properties(object_type).get(prop.name)
        bounds = None if axis is None else _bounds(prop, item)
        if axis is not None and bounds is not None:
            group.narrow(axis, *bounds)
        else:
            group.rest.append(_predicate(prop, item))
    return group


def _bounds(prop: Property, item: Mapping[str, Any]) -> tuple[float, float] | None:
    """A filter on an axis as inclusive bounds; None when it is not an interval."""
    operator = item.get("operator")
    if operator == "HAS_PROPERTY":
        return -math.inf, math.inf
    if operator not in ("EQ", "GT", "GTE", "LT", "LTE", "BETWEEN"):
        return None
    value = _operand(prop, item, "value")
    high = _operand(prop, item, "highValue") if operator == "BETWEEN" else value
    return {
        "EQ": (value, value),
        "GT": (value + 1, math.inf),
        "GTE": (value, math.inf),
        "LT": (-math.inf, value - 1),
        "LTE": (-math.inf, value),
        "BETWEEN": (value, high),
    }[operator]


def _operand(prop: Property, item: Mapping[str, Any], field_name: str) -> Any:
    """A filter's value as what its property compares as."""
    if item.get(field_name) is None:
        raise bad_request(f"operator {item.get('operator')} requires `{field_name}` (property {prop.name}).")
    try:
        return _comparable(prop)(str(item[field_name]))
    except ValueError:
        raise bad_request(f"{item[field_name]!r} is not a value of property {prop.name} ({prop.type}).") from None


def _operands(prop: Property, item: Mapping[str, Any]) -> frozenset[Any]:
    if not isinstance(item.get("values"), list):
        raise bad_request(f"operator {item.get('operator')} requires `values` (property {prop.name}).")
    return frozenset(_operand(prop, {"operator": item["operator"], "value": v}, "value") for v in item["values"])


def _comparable(prop: Property) -> Callable[[str], Any]:
    """How values of a property compare. The function raises ValueError for what is not a value."""
    if prop.type == "number":
        return lambda text: int(text) if text.isdigit() else float(text)
    if prop.type in ("date", "datetime"):
        return _milliseconds
    return str.lower


def _milliseconds(text: str) -> int:
    if (value := to_milliseconds(text)) is None:
        raise ValueError(text)
    return value


def _predicate(prop: Property, item: Mapping[str, Any]) -> Predicate:
    operator = item.get("operator")
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        wanted = operator == "HAS_PROPERTY"
        return lambda obj: bool(obj.properties.get(prop.name)) is wanted
    test, if_missing = _value_test(prop, operator, item)
    of = _comparable(prop)

    def holds(obj: CrmObject) -> bool:
        text = obj.properties.get(prop.name)
        return test(of(text)) if text else if_missing

    return holds


def _value_test(prop: Property, operator: Any, item: Mapping[str, Any]) -> tuple[Callable[[Any], bool], bool]:
    """The test of a value that is there, and the answer for one that is missing."""
    if operator in ("IN", "NOT_IN"):
        values, inside = _operands(prop, item), operator == "IN"
        return (lambda value: (value in values) is inside), not inside
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        pattern, inside = str(item.get("value") or "").lower(), operator == "CONTAINS_TOKEN"
        return (lambda value: _has_token(str(value), pattern) is inside), not inside
    if operator not in ("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN"):
        raise bad_request(f"Unknown operator {operator!r} (property {prop.name}).")
    low = _operand(prop, item, "value")
    high = _operand(prop, item, "highValue") if operator == "BETWEEN" else low
    tests: dict[str, Callable[[Any], bool]] = {
        "EQ": lambda value: value == low,
        "NEQ": lambda value: value != low,
        "LT": lambda value: value < low,
        "LTE": lambda value: value <= low,
        "GT": lambda value: value > low,
        "GTE": lambda value: value >= low,
        "BETWEEN": lambda value: low <= value <= high,
    }
    return tests[operator], operator == "NEQ"


def _words(text: str | None) -> list[str]:
    return re.findall(r"\w+", (text or "").lower())


def _has_token(value: str, pattern: str) -> bool:
    """Whether each token of the pattern (`*` stands for anything) is a token of the value."""
    tokens = [value, *value.split(), *_words(value)]
    return all(any(fnmatch.fnmatchcase(token, wanted) for token in tokens) for wanted in pattern.split() or [pattern])
