"""What every chart needs of numbers: which of them count, how far they reach, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from revtops_tui.tui.widgets.sheet import Paper

Value = float | None
MISSING = "\N{EN DASH}"
_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_LONGEST = 11
"""Characters of the longest number that is written out; where one is longer, all are shortened."""


def nothing(width: int) -> Paper:
    """What a chart of no rows is."""
    return Paper(width).line(("Nothing to draw.", "muted"))


def finite(value: Value) -> float | None:
    """The number, or None for what cannot be drawn."""
    try:
        return float(value) if value is not None and math.isfinite(value) else None
    except OverflowError:  # an integer beyond every float
        return None


def short(value: float) -> str:
    """A number in at most seven characters: `950`, `0.25`, `1.2k`, `34M`, `1e+18`."""
    size = abs(value)
    if size >= 1e15:
        return f"{value:.0e}"
    for index, (unit, letter) in enumerate(_UNITS):
        if size >= unit * 0.9995:
            scaled = value / unit
            if abs(scaled) >= 999.5 and index:
                return f"{value / _UNITS[index - 1][0]:.0f}{_UNITS[index - 1][1]}"
            text = f"{scaled:.1f}" if abs(scaled) < 99.95 else f"{scaled:.0f}"
            return f"{text.removesuffix('.0')}{letter}"
    if size and size < 0.01:
        return f"{value:.0e}"
    return f"{value:.0f}" if value == int(value) else f"{value:.3g}"


def exact(value: float) -> str:
    """A number written out, with no more than two decimals."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def written(values: Iterable[Value]) -> list[str]:
    """Numbers all in one manner: written out, or shortened where one of them would be too long or too small."""
    known = [finite(value) for value in values]
    numbers = [value for value in known if value is not None]
    plain = all(len(exact(value)) <= _LONGEST and (value == 0 or abs(value) >= 0.01) for value in numbers)
    write = exact if plain else short
    return [MISSING if value is None else write(value) for value in known]


def ticks(low: float, high: float) -> tuple[str, str]:
    """The two ends of an axis, told apart."""
    if short(low) != short(high) or low == high:
        return short(low), short(high)
    return f"{low:,.10g}", f"{high:,.10g}"


@dataclass(frozen=True)
class Halves:
    """A number of cells shared between what is above zero and what is below it, on one scale."""

    above: int
    below: int
    biggest: float
    """What numbers are divided by first, so that the largest floats still have differences."""
    per_cell: float

    def cells(self, value: float) -> float:
        """How many cells a number fills, on its side of zero."""
        return abs(value) / self.biggest / self.per_cell if self.biggest else 0.0


def halves(values: Sequence[Value], cells: int) -> Halves:
    """Share `cells` between the two sides as the numbers need them."""
    numbers = [number for value in values if (number := finite(value)) is not None]
    biggest = max((abs(number) for number in numbers), default=0.0)
    if not biggest:
        return Halves(cells, 0, 0.0, 1.0)
    high = max(0.0, max(numbers) / biggest)
    low = max(0.0, -min(numbers) / biggest)
    below = 0 if not low else cells if not high else min(max(1, round(cells * low / (high + low))), cells - 1)
    above = cells - below
    per_cell = max(high / above if above else 0.0, low / below if below else 0.0)
    return Halves(above, below, biggest, per_cell)


def top(rows: Sequence[tuple[str, Value]], most: int) -> tuple[list[tuple[str, Value]], int]:
    """The `most` rows that weigh most, in the order they were in, with the rest summed up in a last row.

    Also how many rows that last one stands for: 0 when all fit.
    """
    if len(rows) <= most:
        return list(rows), 0
    numbers = [finite(value) for _, value in rows]
    by_weight = sorted(range(len(rows)), key=lambda i: (-abs(numbers[i] or 0.0), i))
    kept, rest = sorted(by_weight[: most - 1]), by_weight[most - 1 :]
    others = finite(sum(number for i in rest if (number := numbers[i]) is not None))
    return [*(rows[i] for i in kept), (f"{len(rest):,} others together", others)], len(rest)
