"""What a person or an agent asks HubSpot on the spot, as a CRM search.

deals where amount > 10000 and dealstage = closedwon order by amount desc limit 50
contacts: acme
{"objectType": "deals", "filterGroups": [...], "properties": [...]}
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import orjson

from connectors.errors import InvalidInputError

_OBJECT_TYPES = {
    "accounts": "companies", "account": "companies", "company": "companies", "contact": "contacts", "deal": "deals",
    "goals": "goal_targets", "goal": "goal_targets", "call": "calls", "email": "emails", "meeting": "meetings",
    "note": "notes", "task": "tasks",
}  # fmt: skip
"""The product's names and singulars -> HubSpot's. Any other name goes through: portals have objects of their own."""

_COMPARISONS = {"=": "EQ", "!=": "NEQ", "<>": "NEQ", ">": "GT", ">=": "GTE", "<": "LT", "<=": "LTE"}
_WORD = re.compile(r"""\s*("(?:[^"]*)"|'(?:[^']*)'|<=|>=|!=|<>|[=<>(),]|[^\s=<>!(),'"]+)""")
_FULL_TEXT = re.compile(r"\s*([\w-]+)\s*:\s*(.*)", re.DOTALL)
_EXAMPLES = "Such as: deals where amount > 10000 order by amount desc limit 50; or: contacts: acme"
DEFAULT_LIMIT = 100
WALL = 10_000
"""Results that HubSpot gives for one search at most."""


@dataclass
class Request:
    """A search: `body` is HubSpot's, without a limit; `limit` is how many rows are wanted.

    `checked`: it was written in our own form, so its names and dates are compared with the portal's properties.
    """

    object_type: str
    body: dict[str, Any] = field(default_factory=dict)
    limit: int = DEFAULT_LIMIT
    checked: bool = False

    @property
    def properties(self) -> list[str]:
        """Those that its filters and its order name: an answer without them would not explain itself."""
        filters = (f for group in self.body.get("filterGroups") or () for f in group.get("filters") or ())
        named = (*filters, *(sort for sort in self.body.get("sorts") or () if isinstance(sort, dict)))
        return [str(item["propertyName"]) for item in named if "propertyName" in item]


def parse(request: str) -> Request:
    """Read a request. Raises InvalidInputError, which says where it stops making sense."""
    text = request.strip()
    if text.startswith("{"):
        return _json(text)
    if full_text := _FULL_TEXT.fullmatch(text):
        return Request(_object_type(full_text[1]), {"query": full_text[2].strip()})
    return _Parser(text).request()


def resolve(request: Request, definitions: Sequence[Mapping[str, Any]]) -> None:
    """Compare the properties of a request with the portal's, and write its dates as HubSpot compares them.

    Raises InvalidInputError for a property that the portal has not.
    """
    types = {str(definition.get("name")): definition.get("type") for definition in definitions}
    for sort in request.body.get("sorts") or ():
        _known(sort["propertyName"], types, request.object_type)
    for group in request.body.get("filterGroups") or ():
        for condition in group["filters"]:
            _known(condition["propertyName"], types, request.object_type)
            if types[condition["propertyName"]] in ("date", "datetime"):
                _use_milliseconds(condition)


def _json(text: str) -> Request:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(f"The request is not JSON: {error}.", hint=_EXAMPLES) from None
    object_type = body.pop("objectType", None)
    if not isinstance(object_type, str) or not object_type:
        raise InvalidInputError(
            "A search as JSON needs an objectType.", hint='{"objectType": "deals", "filterGroups": [...]}'
        )
    limit = body.pop("limit", DEFAULT_LIMIT)
    return Request(_object_type(object_type), body, _limit(limit))


def _object_type(name: str) -> str:
    return _OBJECT_TYPES.get(name.lower(), name)


def _limit(value: Any) -> int:
    text = str(value)
    if not text.isdecimal() or not 1 <= int(text) <= WALL:
        raise InvalidInputError(f"The limit must be a number from 1 to {WALL:,}; it was {text}.")
    return int(text)


def _known(name: str, types: Mapping[str, Any], object_type: str) -> None:
    if name in types:
        return
    close = get_close_matches(name, types, n=3)
    hint = f"Did you mean {' or '.join(close)}?" if close else "revtops schema hubspot lists them."
    raise InvalidInputError(f"HubSpot's {object_type} have no property {name}.", hint=hint)


def _use_milliseconds(condition: dict[str, Any]) -> None:
    for key in ("value", "highValue"):
        if key in condition:
            condition[key] = milliseconds(condition[key])
    if "values" in condition:
        condition["values"] = [milliseconds(value) for value in condition["values"]]


def milliseconds(value: str) -> str:
    """A date or time, UTC unless it says otherwise, as every part of HubSpot's API takes it.

    Raises InvalidInputError.
    """
    if value.isdecimal():
        return value
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        raise InvalidInputError(
            f"{value} is not a date.", hint="Write it as 2026-03-31 or 2026-03-31T12:00Z."
        ) from None
    return str(int((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp() * 1000))


class _Parser:
    """TYPE [where CONDITION {and|or CONDITION}] [order by PROPERTY [asc|desc]] [limit N]; `and` binds before `or`."""

    def __init__(self, text: str) -> None:
        self._words: list[str] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            found = _WORD.match(text, at)
            if found is None:
                raise InvalidInputError(
                    f"The request cannot be read from here on: {text[at : at + 40]}", hint=_EXAMPLES
                )
            self._words.append(found[1])
            at = found.end()
        self._at = 0

    def request(self) -> Request:
        asked = Request(_object_type(self._name("an object type, such as deals")), checked=True)
        if self._take("where"):
            asked.body["filterGroups"] = self._groups()
        if self._take("order"):
            if not self._take("by"):
                raise self._expected("by")
            asked.body["sorts"] = [self._sort()]
        if self._take("limit"):
            asked.limit = _limit(self._value())
        if self._at < len(self._words):
            raise self._expected("where, and, or, order by, limit or the end")
        return asked

    def _groups(self) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = [{"filters": [self._condition()]}]
        while True:
            if self._take("and"):
                groups[-1]["filters"].append(self._condition())
            elif self._take("or"):
                groups.append({"filters": [self._condition()]})
            else:
                return groups

    def _condition(self) -> dict[str, Any]:
        condition: dict[str, Any] = {"propertyName": self._name("a property")}
        word = self._next("an operator").lower()
        if word in _COMPARISONS:
            return condition | {"operator": _COMPARISONS[word], "value": self._value()}
        if word == "is":
            return condition | {"operator": self._presence()}
        if word == "between":
            low = self._value()
            if not self._take("and"):
                raise self._expected("and")
            return condition | {"operator": "BETWEEN", "value": low, "highValue": self._value()}
        negated = word == "not"
        return condition | self._membership("NOT_" if negated else "", self._next("in").lower() if negated else word)

    def _membership(self, prefix: str, word: str) -> dict[str, Any]:
        if word == "in":
            return {"operator": f"{prefix}IN", "values": self._values()}
        if word == "contains":
            return {"operator": f"{prefix}CONTAINS_TOKEN", "value": self._value()}
        self._at -= 1
        raise self._expected("=, !=, <, <=, >, >=, in, contains, between or is")

    def _presence(self) -> str:
        negated = self._take("not")
        if not (self._take("null") or self._take("empty")):
            raise self._expected("null")
        return "HAS_PROPERTY" if negated else "NOT_HAS_PROPERTY"

    def _sort(self) -> dict[str, str]:
        name = self._name("a property")
        descending = self._take("desc")
        if not descending:
            self._take("asc")
        return {"propertyName": name, "direction": "DESCENDING" if descending else "ASCENDING"}

    def _values(self) -> list[str]:
        if not self._take("("):
            raise self._expected("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        if not self._take(")"):
            raise self._expected(")")
        return values

    def _take(self, word: str) -> bool:
        if self._at < len(self._words) and self._words[self._at].lower() == word:
            self._at += 1
            return True
        return False

    def _next(self, expected: str) -> str:
        if self._at == len(self._words):
            raise self._expected(expected)
        self._at += 1
        return self._words[self._at - 1]

    def _name(self, expected: str) -> str:
        word = self._next(expected)
        if not re.fullmatch(r"[\w-]+", word):
            self._at -= 1
            raise self._expected(expected)
        return word

    def _value(self) -> str:
        word = self._next("a value")
        if word[0] in "\"'":
            return word[1:-1]
        if word in _COMPARISONS or word in "(),":
            self._at -= 1
            raise self._expected("a value")
        return word

    def _expected(self, what: str) -> InvalidInputError:
        found = self._words[self._at] if self._at < len(self._words) else "the end"
        before = " ".join(self._words[: self._at]) or "the beginning"
        return InvalidInputError(f"After {before}: expected {what}, found {found}.", hint=_EXAMPLES)
