"""Records to rows: validation of a page at once, one by one only where a record in it is bad."""

from __future__ import annotations

import datetime as dt
import json
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import blake2b
from inspect import isroutine
from itertools import groupby
from types import UnionType
from typing import Annotated, Any, NotRequired, TypeAlias, Union, get_args, get_origin

import orjson
from pydantic import BaseModel, FailFast, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from connectors.models import Record, UtcDatetime
from connectors.stream import Item
from store.clock import text_of, texts_of
from store.runs import Rejection
from store.upsert import Row

Fields: TypeAlias = dict[str, Any]
"""Field -> validated value."""

_KEPT_BY_STORE = {"source_id", "source_system"}
_PLAIN = (str, int, float, bool)
_TIMES = ((UtcDatetime, dt.datetime), (UtcDatetime | None, dt.datetime | None))
"""A time that is brought to UTC at once, and the same as it comes."""


@dataclass
class Batch:
    """Rows that set the same fields, in the order they came."""

    fields: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)


class RecordShape:
    """How the records of one entity become rows. Derived from the record's declaration."""

    def __init__(self, record: type[Record]) -> None:
        self.record = record
        self._columns = ["source_id", *(name for name in record.model_fields if name not in _KEPT_BY_STORE)]
        writers = {name: _writer(field.annotation) for name, field in record.model_fields.items()}
        self._writers = {name: writer for name, writer in writers.items() if writer}

    def rows(self, items: Sequence[Item]) -> tuple[list[Batch], list[Rejection]]:
        """Validate records (at least one), or mappings with their fields, and turn the good ones into rows."""
        try:
            return self._batches(self._validated(items)), []
        except (TypeError, ValueError, OverflowError, RecursionError):
            return self._one_by_one(items)

    def _validated(self, items: Sequence[Item]) -> list[Fields]:
        """For each record the fields that it sets, in the order of the columns. Raises for a single bad one."""
        if self._mappings is not None and isinstance(items[0], Mapping):
            return self._mappings.validate_python(items)
        return [self._set_by(record) for record in self._records.validate_python(items)]

    @cached_property
    def _records(self) -> TypeAdapter[list[Record]]:
        return TypeAdapter(list[self.record])  # type: ignore[name-defined]

    @cached_property
    def _mappings(self) -> TypeAdapter[list[Fields]] | None:
        """Validates as the record does, but makes no object of it, which would cost as much again.

        Times stay in the zone they came in: `texts_of` converts a whole column. None where the record has code of its
        own that looks at what it is given.
        """
        if not _only_declares(self.record):
            return None
        types = {name: self._type_of(name) for name in self._columns}
        fields: Any = with_config(self.record.model_config)(TypedDict(self.record.__name__, types))  # type: ignore[operator]
        return TypeAdapter(Annotated[list[fields], FailFast()])

    def _type_of(self, name: str) -> Any:
        field = self.record.model_fields[name]
        declared = field.rebuild_annotation()
        plain = next((plain for utc, plain in _TIMES if utc == declared), declared)
        return plain if field.is_required() or name == "source_id" else NotRequired[plain]

    def _set_by(self, record: Record) -> Fields:
        values, given = vars(record), record.model_fields_set
        return {name: values[name] for name in self._columns if name in given or name == "source_id"}

    def _batches(self, records: Iterable[Fields]) -> list[Batch]:
        return [Batch(fields, self._rows(fields, alike)) for fields, alike in groupby(records, key=tuple)]

    def _rows(self, fields: tuple[str, ...], records: Iterable[Fields]) -> list[Row]:
        columns: list[Sequence[Any]] = list(zip(*(record.values() for record in records), strict=True))
        for at, name in enumerate(fields):
            if name in self._writers:
                columns[at] = self._writers[name](columns[at])
        return list(zip(*columns, strict=True))

    def _one_by_one(self, items: Sequence[Item]) -> tuple[list[Batch], list[Rejection]]:
        batches: list[Batch] = []
        rejections: list[Rejection] = []
        for item in items:
            try:
                (record,) = self._records.validate_python([item])
            except ValidationError as error:
                rejections.append(_rejection(item, error))
                continue
            try:
                batches += self._batches([self._set_by(record)])
            except (TypeError, ValueError, RecursionError) as error:
                rejections.append(_unwritable(record, error))
        return batches, rejections


@cache
def shape_of(record: type[Record]) -> RecordShape:
    """The shape of a record class, made once."""
    return RecordShape(record)


def _only_declares(record: type[Record]) -> bool:
    """Whether a record class has fields and nothing else: no validator, no other method, no alias."""
    own = record.__mro__[: record.__mro__.index(Record)]
    has_code = any(isroutine(getattr(cls, name)) for cls in own for name in list(vars(cls)))
    return not has_code and not any(field.validation_alias for field in record.model_fields.values())


def _writer(annotation: Any) -> Callable[[Sequence[Any]], Sequence[Any]] | None:
    """How a column becomes what SQLite can hold; None where its values are that already."""
    kinds = set(_kinds(annotation)) - {type(None)}
    if kinds <= set(_PLAIN):
        return None
    if kinds == {dt.datetime}:
        return texts_of
    return _dates if kinds == {dt.date} else _jsons


def _dates(column: Sequence[dt.date | None]) -> list[str | None]:
    texts: list[str | None] = orjson.loads(orjson.dumps(column))
    return texts


def _jsons(column: Sequence[Any]) -> list[Any]:
    return [None if value is None else _json_text(value) for value in column]


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
    if isinstance(value, _PLAIN):
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


def _unwritable(record: Record, error: Exception) -> Rejection:
    """A valid record with a value that cannot even be written as JSON: circular, or nested too deep."""
    culprit = next((name for name in record.model_fields_set if not _is_writable(getattr(record, name))), None)
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
