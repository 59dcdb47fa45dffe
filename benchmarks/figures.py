"""What was measured, under keys like `contender/100k/load/cpu`; kept, so that parts can be measured apart."""

from __future__ import annotations

import datetime as dt
import json
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SIZES = {10_000: "10k", 100_000: "100k", 1_000_000: "1M"}


def size_name(rows: int) -> str:
    """A number of rows as keys, tables and bars write it."""
    return _SIZES.get(rows, str(rows))


def size_of(name: str) -> int:
    """The number of rows that `10k`, `1M` or `2500` stands for."""
    scale = {"k": 1_000, "m": 1_000_000}.get(name[-1:].lower())
    return int(name[:-1]) * scale if scale else int(name)


class Figures:
    """One value a run for each key; the median is what is compared. `measured` says when each part was."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}
        self.measured: dict[str, str] = {}

    def add(self, prefix: str, **metrics: float) -> None:
        """Note one run's figures."""
        for name, value in metrics.items():
            self.values.setdefault(f"{prefix}/{name}", []).append(value)

    def median(self, key: str) -> float | None:
        """The median over the runs, None where it was not measured."""
        values = self.values.get(key)
        return median(values) if values else None

    def runs(self, key: str) -> int:
        """How many runs a median stands on."""
        return len(self.values.get(key, ()))

    def replace(self, part: str, fresh: Figures) -> None:
        """Take over a new measurement of a part (a size's name, `start` or `app`) in place of an older one."""
        self.values = {key: value for key, value in self.values.items() if part not in key.split("/")[:2]}
        self.values |= fresh.values
        self.measured[part] = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")

    @classmethod
    def read(cls, file: Path) -> Figures:
        """What earlier runs left in a file; nothing if there is none."""
        figures = cls()
        if file.exists():
            document = json.loads(file.read_text())
            figures.values, figures.measured = document["values"], document["measured"]
        return figures

    def write(self, file: Path) -> None:
        """Keep it for the next run."""
        file.write_text(json.dumps({"measured": self.measured, "values": self.values}, indent=1))
