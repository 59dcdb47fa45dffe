"""PostgreSQL's values as JSON-able Python values.

The server sends text, and everything without a closer match stays the text that PostgreSQL itself would show: this
way no value is beyond what Python can hold (dates before Christ, `infinity`, types of extensions).
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from functools import cache, reduce
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.array import register_array
from psycopg.types.bool import BoolLoader
from psycopg.types.numeric import IntLoader
from psycopg.types.string import TextLoader

if TYPE_CHECKING:
    from psycopg.abc import Buffer

_JSON_INTEGERS = range(-(2**63), 2**64)
"""What JSON writers agree to write as an integer."""
_LAYERS = 10
"""How deep a document lies in an answer as JSON: document, rows, row, and PostgreSQL's six dimensions of an array."""
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(?:([+-]\d\d)(:\d\d(?::\d\d)?)?)?")


def number(text: str) -> int | float | str:
    """A number where it survives as one, digit for digit; otherwise (1e400, NaN, 30 digits) the text itself."""
    try:
        integer = int(text)
    except ValueError:  # a fraction, NaN, or more digits than Python converts
        value = float(text)
        return value if math.isfinite(value) and Decimal(repr(value)) == Decimal(text) else text
    return integer if integer in _JSON_INTEGERS else text


def iso_timestamp(text: str) -> str:
    """`2016-10-20 09:30:00+02` as `2016-10-20T09:30:00+02:00`; what ISO 8601 cannot say (BC, infinity) as it is."""
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        return text
    date, time, hours, minutes = match.groups()
    return f"{date}T{time}" + (f"{hours}{minutes or ':00'}" if hours else "")


def json_value(text: str) -> Any:
    """A JSON document; its text, where it cannot be passed on as JSON (nested beyond reason, lone surrogates)."""
    try:
        value = json.loads(text, parse_float=number, parse_int=number)
        orjson.dumps(reduce(lambda inner, _: [inner], range(_LAYERS), value))
    except (ValueError, TypeError, RecursionError):
        return text
    return value


class _Float(Loader):
    """Floats come in their shortest exact digits; only NaN and the infinities have no JSON."""

    def load(self, data: Buffer) -> float | str:
        value = float(bytes(data))
        return value if math.isfinite(value) else bytes(data).decode()


class _Number(Loader):
    def load(self, data: Buffer) -> int | float | str:
        return number(bytes(data).decode())


class _Timestamp(Loader):
    def load(self, data: Buffer) -> str:
        return iso_timestamp(bytes(data).decode())


class _Json(Loader):
    def load(self, data: Buffer) -> Any:
        return json_value(bytes(data).decode())


_LOADERS: dict[type[Loader], tuple[str, ...]] = {
    BoolLoader: ("bool",),
    IntLoader: ("int2", "int4", "int8", "oid"),
    _Float: ("float4", "float8"),
    _Number: ("numeric",),
    _Timestamp: ("timestamp", "timestamptz"),
    _Json: ("json", "jsonb"),
}


@cache
def json_adapters() -> AdaptersMap:
    """What turns an answer into JSON-able values: numbers, booleans, JSON and arrays of all; the rest is text.

    It reads only: statements sent under it take no parameters.
    """
    adapters = AdaptersMap(types=psycopg.adapters.types)
    adapters.register_loader(0, TextLoader)
    for loader, names in _LOADERS.items():
        for name in names:
            adapters.register_loader(name, loader)
    for info in adapters.types:
        if info.array_oid:
            register_array(info, adapters)
    return adapters
