"""A CRM search as it is asked for: filters, sort, page, and what HubSpot refuses."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from revtops_tui.simulators.hubspot.bodies import as_names, as_objects
from revtops_tui.simulators.hubspot.errors import bad_request
from revtops_tui.simulators.hubspot.schema import ObjectType, Property
from revtops_tui.simulators.hubspot.store import CrmObject
from revtops_tui.simulators.hubspot.values import to_milliseconds

MAX_LIMIT = 200
WALL = 10_000
"""No search answers beyond its first ten thousand results."""

AXES = ("id", "created", "modified")
"""What seeded objects are in order of: a filter on one of these is a bound, and needs no look at the objects."""

_INTERVALS = ("EQ", "GT", "GTE", "LT", "LTE", "BETWEEN")
_MAX_GROUPS, _MAX_FILTERS, _MAX_FILTERS_IN_ALL, _MAX_QUERY = 5, 6, 18, 3_000
Predicate = Callable[[CrmObject], bool]


@dataclass
class Group:
    """Filters that all have to hold: bounds on the axes (inclusive), and the rest."""

    bounds: dict[str, tuple[float, float]] = field(default_factory=lambda: dict.fromkeys(AXES, (-math.inf, math.inf)))
    rest: list[Predicate] = field(default_factory=list)

    def narrow(self, axis: str, low: float, high: float) -> None:
        """Add bounds on an axis."""
        old_low, old_high = self.bounds[axis]
        self.bounds[axis] = (max(low, old_low), min(high, old_high))

    def holds(self, item: CrmObject) -> bool:
        """Whether every filter holds for this object."""
        return self.spans(item.id, item.created, item.modified) and all(test(item) for test in self.rest)

    def spans(self, *position: int) -> bool:
        """Whether a place on the axes (id, created, modified) is within the bounds."""
        return all(low <= value <= high for value, (low, high) in zip(position, self.bounds.values(), strict=True))


@dataclass(frozen=True)
class Search:
    """A parsed search request."""

    groups: list[Group]
    text: str
    sort: str
    descending: bool
    limit: int
    after: int
    properties: list[str]
    key: bytes
    """What identifies the set of matches, whatever the page."""

    @property
    def only_bounds(self) -> bool:
        """Whether the axes alone decide, so that no object has to be looked at."""
        return len(self.groups) == 1 and not self.groups[0].rest and not self.text

    def matches(self, object_type: ObjectType, item: CrmObject) -> bool:
        """Whether a live object is found."""
        if not any(group.holds(item) for group in self.groups):
            return False
        return not self.text or _has_words(object_type, item, self.text)


def parse(object_type: ObjectType, body: Mapping[str, Any]) -> Search:
    """Read a search request. Raises HubSpotError for what HubSpot refuses."""
    groups = _filter_groups(body)
    text = str(body.get("query") or "")
    if len(text) > _MAX_QUERY:
        raise bad_request(f"The query is longer than {_MAX_QUERY} characters.")
    limit, after = _page(body)
    sort, descending = _sort(object_type, body.get("sorts") or [])
    return Search(
        groups=[_group(object_type, filters) for filters in groups] or [Group()],
        text=text.lower(),
        sort=sort,
        descending=descending,
        limit=limit,
        after=after,
        properties=as_names(body.get("properties"), "`properties`"),
        key=orjson.dumps([groups, text]),
    )


def axis_properties(object_type: ObjectType) -> dict[str, str]:
    """Property name -> the axis that it is."""
    return {"hs_object_id": "id", object_type.created: "created", object_type.modified: "modified"}


def _filter_groups(body: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """The filters of each group; `filters` alone are one group."""
    given = as_objects(body.get("filterGroups"), "`filterGroups`") or ([dict(body)] if body.get("filters") else [])
    groups = [as_objects(group.get("filters"), "`filters`") for group in given]
    sizes = [len(filters) for filters in groups]
    if len(sizes) > _MAX_GROUPS or max(sizes, default=0) > _MAX_FILTERS or sum(sizes) > _MAX_FILTERS_IN_ALL:
        limits = f"{_MAX_GROUPS} filter groups, {_MAX_FILTERS} filters in each and {_MAX_FILTERS_IN_ALL} in all"
        raise bad_request(f"A search takes at most {limits}.")
    return groups


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
    elif not isinstance(sorts[0], dict):
        raise bad_request("Invalid input JSON: a sort is an object with `propertyName` and `direction`.")
    else:
        name, descending = str(sorts[0].get("propertyName")), sorts[0].get("direction") == "DESCENDING"
    _known(object_type, name)
    return name, descending


def _known(object_type: ObjectType, name: Any) -> Property:
    prop = object_type.properties.get(name)
    if prop is None:
        raise bad_request(f"There was a problem with the request: property {name!r} does not exist.")
    return prop


def _group(object_type: ObjectType, filters: list[Any]) -> Group:
    group = Group()
    for item in filters:
        prop = _known(object_type, item.get("propertyName"))
        axis = axis_properties(object_type).get(prop.name)
        if axis is not None:
            group.narrow(axis, *_bounds(prop, item))
        if axis is None or item.get("operator") not in (*_INTERVALS, "HAS_PROPERTY"):
            group.rest.append(_predicate(prop, item))
    return group


def _bounds(prop: Property, item: Mapping[str, Any]) -> tuple[float, float]:
    """The inclusive bounds that a filter on an axis sets; wider than the filter where it is not an interval."""
    operator = item.get("operator")
    if operator == "IN":
        values = _operands(prop, item)
        return min(values, default=math.inf), max(values, default=-math.inf)
    if operator not in _INTERVALS:
        return -math.inf, math.inf
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
        return comparable(prop)(str(item[field_name]))
    except ValueError:
        raise bad_request(f"{item[field_name]!r} is not a value of property {prop.name} ({prop.type}).") from None


def _operands(prop: Property, item: Mapping[str, Any]) -> frozenset[Any]:
    if not isinstance(item.get("values"), list):
        raise bad_request(f"operator {item.get('operator')} requires `values` (property {prop.name}).")
    return frozenset(_operand(prop, {"operator": item["operator"], "value": v}, "value") for v in item["values"])


def comparable(prop: Property) -> Callable[[str], Any]:
    """How values of a property compare. The returned function raises ValueError for what is not a value."""
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
    of = comparable(prop)

    def holds(obj: CrmObject) -> bool:
        text = obj.properties.get(prop.name)
        try:
            return test(of(str(text))) if text else if_missing
        except ValueError:  # planted: HubSpot itself holds no such value
            return if_missing

    return holds


def _value_test(prop: Property, operator: Any, item: Mapping[str, Any]) -> tuple[Callable[[Any], bool], bool]:
    """The test of a value that is there, and the answer for one that is missing."""
    if operator in ("IN", "NOT_IN"):
        values, inside = _operands(prop, item), operator == "IN"
        return (lambda value: (value in values) is inside), not inside
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        pattern, inside = str(item.get("value") or "").lower(), operator == "CONTAINS_TOKEN"
        return (lambda value: _has_token(str(value), pattern) is inside), not inside
    if operator not in (*_INTERVALS, "NEQ"):
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


def _has_words(object_type: ObjectType, item: CrmObject, text: str) -> bool:
    """Every word of the query begins a word of a searched property."""
    found = [word for name in object_type.searched for word in _words(item.properties.get(name))]
    return all(any(word.startswith(wanted) for word in found) for wanted in _words(text))


def _words(text: str | None) -> list[str]:
    return re.findall(r"\w+", (text or "").lower())


def _has_token(value: str, pattern: str) -> bool:
    """Whether each token of the pattern (`*` stands for anything) is a token of the value."""
    tokens = [value, *value.split(), *_words(value)]
    return all(any(fnmatch.fnmatchcase(token, wanted) for token in tokens) for wanted in pattern.split() or [pattern])
