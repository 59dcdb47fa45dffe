"""Between what is typed into a form and the values that are sent: one place for every kind of parameter."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.errors import InvalidInputError
from connectors.parameters import Parameter, coerce_text, validate_arguments

RESTRICT = {"integer": r"[+-]?\d*", "number": r"[+-]?[\d.eE+-]*"}
"""What can be typed at all, by kind."""
OF_LINES = frozenset({"text", "array"})
"""The kinds that are written in several lines."""
_PLACEHOLDERS = {
    "url": "https://…",
    "date": "2026-01-31",
    "datetime": "2026-01-31T09:30",
    "object": '{"name": "value"}',
    "array": "one a line",
}
_BEGINNINGS = {
    "date": re.compile(r"\d{0,4}|\d{4}-\d{0,2}|\d{4}-\d{2}-\d?"),
    "datetime": re.compile(r"\d{0,4}|\d{4}-\d{0,2}|\d{4}-\d{2}-\d{0,2}|\d{4}-\d{2}-\d{2}[T ][\d:.+-]{0,4}"),
    "integer": re.compile(r"[+-]?"),
    "number": re.compile(r"[+-]?(\d+\.?)?(\d*[eE][+-]?)?"),
    "url": re.compile(r"[a-z]*:?/?/?"),
}
"""What a value of the kind may look like while it is being typed."""


def placeholder(parameter: Parameter) -> str:
    """What stands in the empty field."""
    return _PLACEHOLDERS.get(parameter.type, "")


def text_of(parameter: Parameter, value: Any) -> str:
    """A value as one would type it."""
    if value is None or isinstance(value, str):
        return value or ""
    if parameter.type == "array" and isinstance(value, list) and all(_fits_a_line(item) for item in value):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, Mapping) else None)


def _fits_a_line(item: Any) -> bool:
    return isinstance(item, str) and item == item.strip() != "" and "\n" not in item and item[0] != "["


def value_of(parameter: Parameter, text: str) -> Any:
    """What was typed, in the declared type; text where it is none of that, so that it can be said."""
    if parameter.type == "array" and not text.lstrip().startswith("["):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        item = replace(parameter.items or Parameter(parameter.name), name="item")
        return [coerce_text([item], {"item": line})["item"] for line in lines] or None
    return coerce_text([parameter], {parameter.name: text})[parameter.name]


def is_unfinished(parameter: Parameter, given: Any) -> bool:
    """Whether typing on may make it right: then nothing is wrong with it yet."""
    if not isinstance(given, str):
        return False
    if parameter.type == "object" or (parameter.type == "array" and given.lstrip().startswith("[")):
        where = _stumble(given)
        return where is not None and where.pos >= len(given.rstrip())
    beginning = _BEGINNINGS.get(parameter.type)
    return beginning is not None and bool(beginning.fullmatch(given.strip()))


def problem(parameter: Parameter, value: Any) -> str:
    """What is wrong with a value, in a sentence; nothing where nothing is."""
    if isinstance(value, str) and parameter.type in ("object", "array") and (where := _stumble(value)):
        return f"Line {where.lineno}, column {where.colno}: {where.msg}."
    alone = replace(parameter, one_of="")  # whether one of a group was given, no field knows for itself
    try:
        validate_arguments([alone], {} if value is None else {parameter.name: value})
    except InvalidInputError as error:
        return "Required." if value is None else error.message.replace(f"`{parameter.name}` must", "It must")
    return ""


def _stumble(text: str) -> json.JSONDecodeError | None:
    """Where a text stops being JSON."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error
    except RecursionError:
        return json.JSONDecodeError("Too deep", text, 0)
    return None
