"""Linear's filters: which nodes a filter of the API lets through, and the times that it may name."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from revtops_tui.simulators.linear.account import Node

_DURATION = re.compile(
    r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_DAYS = (365, 30, 7, 1)

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, given: value == given,
    "neq": lambda value, given: value != given,
    "in": lambda value, given: value in given,
    "nin": lambda value, given: value not in given,
    "null": lambda value, given: (value is None) == given,
    "gt": lambda value, given: value is not None and value > given,
    "gte": lambda value, given: value is not None and value >= given,
    "lt": lambda value, given: value is not None and value < given,
    "lte": lambda value, given: value is not None and value <= given,
    "contains": lambda value, given: given in (value or ""),
    "notContains": lambda value, given: given not in (value or ""),
    "startsWith": lambda value, given: (value or "").startswith(given),
    "endsWith": lambda value, given: (value or "").endswith(given),
    "eqIgnoreCase": lambda value, given: (value or "").lower() == given.lower(),
    "neqIgnoreCase": lambda value, given: (value or "").lower() != given.lower(),
    "containsIgnoreCase": lambda value, given: given.lower() in (value or "").lower(),
    "notContainsIgnoreCase": lambda value, given: given.lower() not in (value or "").lower(),
    "startsWithIgnoreCase": lambda value, given: (value or "").lower().startswith(given.lower()),
}


def matches(value: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether a node, or a value of one, is let through by a filter."""
    return all(_one(value, name, given) for name, given in wanted.items())


def _one(value: Any, name: str, given: Any) -> bool:
    if name == "and":
        return all(matches(value, each) for each in given)
    if name == "or":
        return any(matches(value, each) for each in given)
    if isinstance(value, list):
        return _some(value, name, given)
    if name in _COMPARE:
        return _COMPARE[name](value, given)
    return value is not None and matches(_field(value, name), given)


def _some(nodes: list[Node], name: str, given: Any) -> bool:
    """A collection filter; a condition without `some` or `every` is about some of them."""
    if name == "length":
        return matches(len(nodes), given)
    if name == "every":
        return all(matches(node, given) for node in nodes)
    return any(matches(node, given if name == "some" else {name: given}) for node in nodes)


def _field(node: Node, name: str) -> Any:
    return node["teams"] if name == "accessibleTeams" else node[name]


def moment(text: Any) -> str:
    """A `DateTimeOrDuration` as the times of nodes are written, so that the two compare.

    Raises ValueError or TypeError.
    """
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is no time")
    if re.fullmatch(r"\d{4}(-\d{2})?", text):
        text += "-01-01"[: 10 - len(text)] if len(text) == 4 else "-01"
    span = _DURATION.fullmatch(text)
    found = dt.datetime.now(dt.UTC) + _span(span) if span else dt.datetime.fromisoformat(text)
    found = found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    return found.strftime("%Y-%m-%dT%H:%M:%S.") + f"{found.microsecond // 1000:03d}Z"


def day(text: Any) -> str:
    """A `TimelessDateOrDuration` as the days of nodes are written. Raises ValueError."""
    return moment(text)[:10]


def _span(match: re.Match[str]) -> dt.timedelta:
    sign, *numbers = match.groups()
    days = sum(int(number or 0) * length for number, length in zip(numbers[:4], _DAYS, strict=True))
    hours, minutes, seconds = (float(number or 0) for number in numbers[4:])
    span = dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -span if sign else span
