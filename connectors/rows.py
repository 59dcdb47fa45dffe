"""Records to rows: validation of a page at once, one by one only where a record in it is bad."""

from __future__ import annotations

import datetime as dt
import json
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from connectors.models import Record
from connectors.stream import Item
from store.clock import text_of
from store.runs import Rejection
from store.upsert import Row

_KEPT_BY_STORE = {"source_id", "source_system"}


@dataclass
class Batch:
    """Rows that set the same fields, in the order they came."""

    fields: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)


class RecordShape:
    """How the records of one entity become rows. Derived from the record's declaration."""

    def __init__(self, record: type[Record]) -> None:
        self.record = record
        self._adapter: TypeAdapter[list[Record]] = TypeAdapter(list[record])  # type: ignore[valid-type]
        self._columns = [name for name in record.model_fields if name not in _KEPT_BY_STORE]
        self._makers: dict[frozenset[str], _RowMaker] = {}

    def rows(self, items: Sequence[Item]) -> tuple[list[Batch], list[Rejection]]:
        """Validate records, or mappings with their fields, and turn the good ones into rows."""
        rejections: list[Rejection] = []
        try:
            records = self._adapter.validate_python(items)
        except ValidationError:
            records = [record for item in items if (record := self._validate_alone(item, rejections)) is not None]
        return self._batches(records, rejections), rejections

    def _validate_alone(self, item: Item, rejections: list[Rejection]) -> Record | None:
        try:
            return self._adapter.validate_python([item])[0]
        except ValidationError as error:
            rejections.append(_rejection(item, error))
            return None

    def _batches(self, records: Iterable[Record], rejections: list[Rejection]) -> list[Batch]:
        batches: list[Batch] = []
        current: frozenset[str] | set[str] | None = None
        for record in records:
            fields = record.model_fields_set
            if fields != current:
                current = frozenset(fields)
                maker = self._maker(current)
                batch = Batch(maker.fields)
                batches.append(batch)
                append, make = batch.rows.append, maker.row
            try:
                append(make(record))
            except (TypeError, ValueError, RecursionError) as error:
                rejections.append(_unwritable(record, current, error))
        return batches

    def _maker(self, fields: frozenset[str]) -> _RowMaker:
        maker = self._makers.get(fields)
        if maker is None:
            names = ("source_id", *(name for name in self._columns if name in fields))
            maker = self._makers[fields] = _RowMaker(names, self.record)
        return maker


@cache
def shape_of(record: type[Record]) -> RecordShape:
    """The shape of a record class, made once."""
    return RecordShape(record)


class _RowMaker:
    """Turns records that set the same fields into tuples."""

    def __init__(self, fields: tuple[str, ...], record: type[Record]) -> None:
        self.fields = fields
        self._values: Callable[[Any], Any] = attrgetter(*fields) if len(fields) > 1 else lambda one: (one.source_id,)
        texts = [(at, _text_maker(record.model_fields[name].annotation)) for at, name in enumerate(fields)]
        self._texts = [(at, make) for at, make in texts if make]

    def row(self, record: Record) -> Row:
        values = list(self._values(record))
        for at, make in self._texts:
            value = values[at]
            if value is not None:
                values[at] = make(value)
        return tuple(values)


def _text_maker(annotation: Any) -> Callable[[Any], Any] | None:
    """How a field's values become what SQLite can hold; None where they are that already."""
    kinds = set(_kinds(annotation)) - {type(None)}
    if kinds <= {str, int, float, bool}:
        return None
    if kinds == {dt.datetime}:
        return text_of
    return dt.date.isoformat if kinds == {dt.date} else _json_text


def _kinds(annotation: Any) -> Iterator[Any]:
    """The plain types in an annotation such as `Annotated[datetime, …] | None`."""
    if get_origin(annotation) is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _kinds(part)
    else:
        yield get_origin(annotation) or annotation


def _json_text(value: Any) -> Any:
    """What SQLite has no type for, as JSON with its keys in order: equal values are equal text."""
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, dt.datetime):
        return text_of(value)
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # whole numbers over 64 bits and lone surrogates: JSON has both, orjson has neither
        return json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else str(value)


def payload_text(item: Any) -> str:
    """A record as JSON, whatever it holds: what is kept of one that is set aside."""
    try:
        return orjson.dumps(item, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        return json.dumps(item, default=_plain)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(reprlib.repr(item))


def _rejection(item: Any, error: ValidationError) -> Rejection:
    payload = payload_text(item)
    problems = error.errors(include_url=False)
    fields = [".".join(str(part) for part in problem["loc"][1:]) for problem in problems]
    reason = "; ".join(f"{name or 'record'}: {problem['msg']}" for name, problem in zip(fields, problems, strict=True))
    return Rejection(_id_of(item, payload), fields[0] or None, reason, payload)


def _id_of(item: Any, payload: str) -> str:
    """The record's own id, or one made of its content, so that it is set aside once and not at every run."""
    names = ("source_id", "external_id")
    values = (item.get(name) if isinstance(item, Mapping) else getattr(item, name, None) for name in names)
    given = next((value for value in values if value not in (None, "")), None)
    return f"content:{blake2b(payload.encode(), digest_size=8).hexdigest()}" if given is None else str(given)


def _unwritable(record: Record, fields: Iterable[str], error: Exception) -> Rejection:
    """A valid record with a value that cannot even be written as JSON: circular, or nested too deep."""
    culprit = next((name for name in fields if not _is_writable(getattr(record, name))), None)
    return Rejection(
        record.source_id, culprit, f"{culprit or 'record'}: cannot be stored: {error}", payload_text(record)
    )


def _is_writable(value: Any) -> bool:
    try:
        _json_text(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def refused(source_id: str, reason: str, fields: Sequence[str], row: Row) -> Rejection:
    """A record that was valid but that the database would not take."""
    culprit = next((name for name, value in zip(fields, row, strict=True) if not _fits(value)), None)
    return Rejection(source_id, culprit, reason, payload_text(dict(zip(fields, row, strict=True))))


def _fits(value: Any) -> bool:
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63
