"""A set of row ids as a bitmap: a million rows that a full listing has seen cost 125 kB, and less on disk."""

from __future__ import annotations

import zlib
from collections.abc import Iterable


class RowSet:
    """A set of small non-negative integers."""

    def __init__(self, packed: bytes | None = None) -> None:
        self._bits = bytearray(zlib.decompress(packed)) if packed else bytearray()

    def add_range(self, first: int, last: int) -> None:
        """Add every id from `first` to `last`, both included."""
        self._reach(last)
        head, tail = (first + 7) // 8 * 8, (last + 1) // 8 * 8
        if head < tail:
            self._bits[head // 8 : tail // 8] = b"\xff" * ((tail - head) // 8)
        for row in (*range(first, min(head, last + 1)), *range(max(tail, head, first), last + 1)):
            self._bits[row >> 3] |= 1 << (row & 7)

    def add(self, rows: Iterable[int]) -> None:
        """Add ids in any order; runs of neighbours are cheap."""
        for first, last in runs(rows):
            self.add_range(first, last)

    def __contains__(self, row: int) -> bool:
        byte = row >> 3
        return byte < len(self._bits) and bool(self._bits[byte] >> (row & 7) & 1)

    def __len__(self) -> int:
        return int.from_bytes(self._bits, "little").bit_count()

    def count_below(self, row: int) -> int:
        """How many ids are smaller than `row`."""
        whole, rest = max(row, 0) >> 3, max(row, 0) & 7
        count = int.from_bytes(self._bits[:whole], "little").bit_count()
        return count + (self._bits[whole] & ((1 << rest) - 1)).bit_count() if whole < len(self._bits) else count

    def pack(self) -> bytes:
        """The set as bytes for `RowSet(packed)`."""
        return zlib.compress(self._bits, 1)

    def _reach(self, row: int) -> None:
        missing = (row >> 3) + 1 - len(self._bits)
        if missing > 0:
            self._bits.extend(bytes(missing))


def runs(rows: Iterable[int]) -> list[tuple[int, int]]:
    """Ids folded into `(first, last)` runs, in order."""
    folded: list[tuple[int, int]] = []
    first = last = -2
    for row in sorted(rows):
        if row == last + 1:
            last = row
            continue
        if first >= 0:
            folded.append((first, last))
        first = last = row
    if first >= 0:
        folded.append((first, last))
    return folded
