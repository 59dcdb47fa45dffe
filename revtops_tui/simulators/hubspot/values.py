"""Property values on their way in: HubSpot stores text, but takes only what fits the property's type."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from revtops_tui.simulators.hubspot.errors import invalid_properties
from revtops_tui.simulators.hubspot.schema import ObjectType, Property
from revtops_tui.simulators.hubspot.seeded import Properties
from revtops_tui.simulators.seeding import DAY_MS, iso_day, iso_utc

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


class _InvalidValueError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def to_stored(object_type: ObjectType, owners: frozenset[str], given: Mapping[str, Any]) -> Properties:
    """The properties of a create or update as they are stored: text, or None where a value is cleared.

    Raises HubSpotError naming every property that does not exist or does not take its value.
    """
    stored: Properties = {}
    problems = []
    for name, value in given.items():
        prop = object_type.properties.get(name)
        if prop is None:
            problem = f'Property "{name}" does not exist'
            problems.append({"name": name, "error": "PROPERTY_DOESNT_EXIST", "message": problem})
            continue
        try:
            stored[name] = _stored(prop, owners, value)
        except _InvalidValueError as error:
            problems.append({"name": name, "error": error.code, "message": str(error)})
    if problems:
        raise invalid_properties(problems)
    return stored


def _stored(prop: Property, owners: frozenset[str], value: Any) -> str | None:
    if prop.read_only:
        raise _InvalidValueError("READ_ONLY_VALUE", f'"{prop.name}" is a read only property; its value cannot be set.')
    if value is None or value == "":
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if prop.name == "hubspot_owner_id" and text not in owners:
        raise _InvalidValueError("INVALID_OWNER_ID", f"Owner {text} does not exist.")
    if prop.name == "email" and not _EMAIL.fullmatch(text):
        raise _InvalidValueError("INVALID_EMAIL", f"Email address {text} is invalid")
    return _BY_TYPE.get(prop.type, _as_given)(prop, text)


def _as_given(_: Property, text: str) -> str:
    return text


def _number(_: Property, text: str) -> str:
    try:
        float(text)
    except ValueError:
        raise _InvalidValueError("INVALID_NUMBER", f"{text} was not a valid number.") from None
    return text


def _option(prop: Property, text: str) -> str:
    if prop.options is not None and text not in prop.options:
        raise _InvalidValueError(
            "INVALID_OPTION", f"{text} was not one of the allowed options: [{', '.join(prop.options)}]"
        )
    return text


def _bool(_: Property, text: str) -> str:
    if text not in ("true", "false"):
        raise _InvalidValueError("INVALID_OPTION", f"{text} was not one of the allowed options: [true, false]")
    return text


def _date(_: Property, text: str) -> str:
    milliseconds = to_milliseconds(text)
    if milliseconds is None:
        raise _InvalidValueError("INVALID_DATE", f"{text} was not a valid date.")
    if milliseconds % DAY_MS:
        raise _InvalidValueError("INVALID_DATE", f"{text} is at {iso_utc(milliseconds)[11:]} UTC, not midnight!")
    return iso_day(milliseconds // DAY_MS)


def _datetime(_: Property, text: str) -> str:
    milliseconds = to_milliseconds(text)
    if milliseconds is None:
        raise _InvalidValueError("INVALID_DATE", f"{text} was not a valid datetime.")
    return iso_utc(milliseconds)


_BY_TYPE: dict[str, Callable[[Property, str], str]] = {
    "number": _number,
    "enumeration": _option,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
}


def to_milliseconds(text: str) -> int | None:
    """Milliseconds since 1970 UTC out of either form that HubSpot takes: digits, or ISO 8601; None for neither."""
    if text.isascii() and text.removeprefix("-").isdigit():
        return int(text)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp() * 1000)
