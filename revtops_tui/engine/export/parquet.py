"""Parquet. A column's type is that of its values: integers, floats, true and false, times, days, bytes, else text.

Types are read from the first rows. Where a later row does not fit, the rest is looked through, and the file is
written once more with types that hold for all of it: a rare second reading instead of a copy of every row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any, BinaryIO, Literal, cast

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import write_parquet as write_file

from revtops_tui.engine.export.sources import Chunks
from revtops_tui.engine.export.values import DAY, DAY_LENGTH, TIME, TIME_LENGTH, text_of
from revtops_tui.engine.export.watching import Options, Watch

Kind = Literal["nothing", "integer", "float", "flag", "time", "day", "bytes", "text"]
_BATCH_CHUNKS = 4
_ROW_GROUP = 100_000
_INT64 = 2**63
_TYPES: dict[Kind, Callable[[], DataType]] = {
    "nothing": DataType.string,
    "integer": DataType.int64,
    "float": DataType.float64,
    "flag": DataType.bool,
    "time": partial(DataType.timestamp, "us", tz="UTC"),
    "day": DataType.date32,
    "bytes": DataType.binary,
    "text": DataType.string,
}
_PATTERNS: dict[Kind, re.Pattern[str]] = {"time": TIME, "day": DAY}
_BY_LENGTH: dict[int, Kind] = {TIME_LENGTH: "time", DAY_LENGTH: "day"}
_KINDS: dict[frozenset[type], Kind] = {
    frozenset(): "nothing",
    frozenset({int}): "integer",
    frozenset({float}): "float",
    frozenset({int, float}): "float",
    frozenset({bool}): "flag",
    frozenset({bytes}): "bytes",
    frozenset({str}): "text",
}


def write_parquet(watch: Watch, file: BinaryIO, _options: Options) -> None:
    """One file, compressed with Zstandard, in row groups of 100,000."""
    kinds: list[Kind] | None = None
    while True:
        file.seek(0)
        file.truncate()
        with watch.rows() as (columns, chunks):
            attempt = _Attempt(columns, _batches(chunks), kinds)
            kinds = attempt.write(file)
        if kinds is None:
            return


def _batches(chunks: Chunks) -> Iterator[list[Sequence[Any]]]:
    """Rows of several chunks, as columns."""
    while rows := [row for chunk in islice(chunks, _BATCH_CHUNKS) for row in chunk]:
        yield list(zip(*rows, strict=True))


class _Attempt:
    """Writes a file with one set of types, as long as they hold."""

    def __init__(self, columns: Sequence[str], batches: Iterator[list[Sequence[Any]]], kinds: list[Kind] | None):
        first = next(batches, None)
        self._batches = batches if first is None else chain([first], batches)
        self._kinds = kinds or [kind_of(values) for values in first or [()] * len(columns)]
        self._schema = Schema([Field(_name(n), _type(kind)) for n, kind in zip(columns, self._kinds, strict=True)])
        self._wider: list[Kind] | None = None
        self._error: BaseException | None = None

    def write(self, file: BinaryIO) -> list[Kind] | None:
        """Write all rows; the types to try again with when these do not hold."""
        sink = _Sink(file)
        reader = RecordBatchReader.from_batches(self._schema, self._filled(sink))
        write_file(reader, cast("BinaryIO", sink), compression="zstd(3)", max_row_group_size=_ROW_GROUP)
        if error := self._error or sink.error:
            raise error
        return self._wider

    def _filled(self, sink: _Sink) -> Iterator[RecordBatch]:
        # No error may pass through the writer: it would come out as another, or end the process with a panic.
        try:
            yield from self._until_one_does_not_fit(sink)
        except BaseException as error:  # noqa: BLE001 - raised again by `write`
            self._error = error

    def _until_one_does_not_fit(self, sink: _Sink) -> Iterator[RecordBatch]:
        for batch in self._batches:
            wider = [wide(old, kind_of(values)) for old, values in zip(self._kinds, batch, strict=True)]
            if wider != self._kinds and not self._is_still_text(wider):
                self._wider = self._widest(wider)
                return
            arrays = [_array(values, kind) for values, kind in zip(batch, self._kinds, strict=True)]
            yield RecordBatch.from_arrays(arrays, schema=self._schema)
            if sink.error is not None:
                return

    def _is_still_text(self, wider: list[Kind]) -> bool:
        """Whether all that is new is text in columns that had nothing yet: those are written as text already."""
        pairs = zip(self._kinds, wider, strict=True)
        return all(old == new or (old == "nothing" and new == "text") for old, new in pairs)

    def _widest(self, kinds: list[Kind]) -> list[Kind]:
        """Types that hold for all the rest."""
        for batch in self._batches:
            kinds = [wide(old, kind_of(values)) for old, values in zip(kinds, batch, strict=True)]
        return kinds


class _Sink:
    """A file that keeps its error to itself until the writer is done: see `_filled`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        if self.error is None:
            try:
                self._file.write(data)
            except OSError as error:
                self.error = error
        return len(data)

    def flush(self) -> None:
        """The file is flushed by who opened it."""

    def seek(self, offset: int, whence: int = 0) -> int:
        """What the writer looks for before it writes; it never goes back."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Where it is."""
        return self._file.tell()


def kind_of(values: Sequence[Any]) -> Kind:
    """The narrowest kind that holds all of these values."""
    kind = _KINDS.get(frozenset(set(map(type, values)) - {type(None)}), "text")
    if kind == "integer" and not all(v is None or -_INT64 <= v < _INT64 for v in values):
        return "text"
    return _moments_in(values) or kind if kind == "text" else kind


def _moments_in(values: Sequence[Any]) -> Kind | None:
    """Whether texts are all times, or all days, as the store writes them."""
    lengths = {0 if type(v) is not str else len(v) for v in values if v is not None}
    kind = _BY_LENGTH.get(lengths.pop()) if len(lengths) == 1 else None
    if kind is None or not all(v is None or _PATTERNS[kind].fullmatch(v) for v in values):
        return None
    return kind if _moments(values, kind).null_count == values.count(None) else None  # there is no 30th of February


def wide(old: Kind, new: Kind) -> Kind:
    """The narrowest kind that holds both."""
    if old == new or new == "nothing":
        return old
    if old == "nothing":
        return new
    return "float" if {old, new} == {"integer", "float"} else "text"


def _type(kind: Kind) -> DataType:
    return _TYPES[kind]()


def _array(values: Sequence[Any], kind: Kind) -> Array:
    if kind in _PATTERNS:
        return _moments(values, kind)
    if kind == "text":
        values = [None if v is None else _encodable(v if type(v) is str else text_of(v)) for v in values]
    return Array(values, _TYPES[kind]())


def _moments(values: Sequence[Any], kind: Kind) -> Array:
    return Array(values, DataType.string()).cast(_type(kind))


def _name(column: str) -> str:
    """A column's name, which ends at a null byte."""
    return _encodable(column).replace("\0", "\N{SYMBOL FOR NULL}")


def _encodable(text: str) -> str:
    """The text, without halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
