"""A scroll bar as cells, for a widget that draws its own lines; to an eighth of a cell, and where it is pulled to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

_EIGHTHS = 8
_FILLED_FROM_BELOW = " ▁▂▃▄▅▆▇"


@dataclass(frozen=True)
class Bar:
    """A bar beside `seen` of `all` lines, as many cells high; the first line in view is `top`."""

    seen: int
    all: int
    top: float

    @property
    def thumb(self) -> tuple[int, int]:
        """Where the thumb begins and ends, in eighths of a cell; it is never smaller than a cell."""
        length = max(1.0, self.seen * self.seen / self.all)
        start = int((self.seen - length) * self.top / max(1, self.all - self.seen) * _EIGHTHS)
        return start, start + ceil(length * _EIGHTHS)

    def pressed(self, y: int) -> float:
        """The first line in view when cell `y` is pressed: the same on the thumb, else the thumb comes there."""
        start, end = self.thumb
        middle = y * _EIGHTHS + _EIGHTHS // 2
        return (
            self.top if start - _EIGHTHS < middle < end + _EIGHTHS else self.pulled(y - (start + end) // 2 // _EIGHTHS)
        )

    def pulled(self, cells: int) -> float:
        """The first line in view when the thumb has been pulled down by so many cells."""
        start, end = self.thumb
        free = self.seen * _EIGHTHS - (end - start)
        return self.top + cells * _EIGHTHS * (self.all - self.seen) / free if free > 0 else self.top

    def drawn(self, thumb: Color, ground: Color) -> Sequence[Segment]:
        """Its cells, from above to below."""
        start, end = self.thumb
        return [_cell(start - y * _EIGHTHS, end - y * _EIGHTHS, thumb, ground) for y in range(self.seen)]


def _cell(start: int, end: int, thumb: Color, ground: Color) -> Segment:
    """A cell of which the thumb fills the eighths from `start` to `end`."""
    if start >= _EIGHTHS or end <= 0:
        return _segment(" ", thumb, ground)
    if start > 0:
        return _segment(_FILLED_FROM_BELOW[_EIGHTHS - start], thumb, ground)
    return _segment(_FILLED_FROM_BELOW[_EIGHTHS - end] if end < _EIGHTHS else " ", ground, thumb)


@lru_cache(64)
def _segment(text: str, color: Color, ground: Color) -> Segment:
    return Segment(text, Style(color=color, bgcolor=ground))
