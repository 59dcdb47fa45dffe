"""What must hold, as data: ratios of two figures of one run, or a figure against a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.figures import Figures


@dataclass(frozen=True)
class Bar:
    """`left` divided by `right` (a figure's key, or a number) must be at most, or at least, `limit`."""

    text: str
    left: str
    right: str | float
    limit: float
    at_least: bool = False


@dataclass(frozen=True)
class Verdict:
    """A bar with what was measured; `holds` is None where something it needs was not."""

    bar: Bar
    left: float | None
    right: float | None

    @property
    def value(self) -> float | None:
        """The figure that is held against the limit."""
        if self.left is None or not self.right:
            return None
        return self.left / self.right

    @property
    def holds(self) -> bool | None:
        """Whether the bar is passed."""
        if self.value is None:
            return None
        return self.value >= self.bar.limit if self.bar.at_least else self.value <= self.bar.limit

    def __str__(self) -> str:
        word = {True: "PASS", False: "FAIL", None: "----"}[self.holds]
        sign = ">=" if self.bar.at_least else "<="
        value = "not measured" if self.value is None else f"{self.value:.2f}"
        return f"{word}  {self.bar.text}: {value} ({sign} {self.bar.limit:g})"


_LOAD = "revtops/100k/load/cpu"

BARS = (
    Bar("first load of 100k / floor", _LOAD, "floor/100k/load/cpu", 2.0),
    Bar("dlt / first load of 100k", "dlt/100k/load/cpu", _LOAD, 6.0, at_least=True),
    Bar("PyAirbyte / first load of 100k", "airbyte/100k/load/cpu", _LOAD, 6.0, at_least=True),
    Bar("first load of 100k / sqlite-utils", _LOAD, "sqlite-utils/100k/load/cpu", 1.0),
    Bar("unchanged full listing / first load", "revtops/100k/resync/cpu", _LOAD, 0.5),
    Bar("rows written by an unchanged full listing", "revtops/100k/resync/changed_rows", 1, 0),
    Bar("incremental, nothing new / first load", "revtops/100k/nothing new/cpu", _LOAD, 0.2),
    Bar("requests for deals, incremental, nothing new", "revtops/100k/nothing new/entity_requests", 1, 2),
    Bar("incremental, 1 % changed / first load", "revtops/100k/1 % changed/cpu", _LOAD, 0.25),
    Bar("20 ms a page: wall / pages x latency", "revtops/100k/20 ms/wall", "revtops/100k/20 ms/latency_floor", 1.25),
    Bar("first load, CPU: 1M / 100k", "revtops/1M/load/cpu", _LOAD, 11.0),
    Bar("first load, peak memory: 1M / 100k", "revtops/1M/load/peak_mb", "revtops/100k/load/peak_mb", 1.2),
    Bar("first load of 1M, peak memory, MB", "revtops/1M/load/peak_mb", 1, 150),
    Bar("database / JSON bytes, 100k", "revtops/100k/load/database", "revtops/100k/load/json", 1.0),
    Bar("database / JSON bytes, 1M", "revtops/1M/load/database", "revtops/1M/load/json", 1.0),
    Bar("100,000 changes into 1M rows, kB written a row", "revtops/1M/10 % changed/written_per_row", 1000, 15),
    Bar("revtops --version / python -c pass", "start/version/cpu", "start/pass/cpu", 3.0),
    Bar("modules that --version must not import", "start/version/forbidden", 1, 0),
    Bar("revtops connectors / python -c pass", "start/connectors/cpu", "start/pass/cpu", 8.0),
    Bar("connector modules that listing imports", "start/connectors/forbidden", 1, 0),
    Bar("first frame / empty Textual app", "app/revtops/cpu", "app/empty/cpu", 1.7),
    Bar("main widget focused at the first frame", "app/revtops/focused", 1, 1, at_least=True),
    Bar("first frame / Posting", "app/revtops/cpu", "app/posting/cpu", 0.5),
    Bar("first frame / Harlequin", "app/revtops/cpu", "app/harlequin/cpu", 0.5),
    Bar("typed-ahead keys lost, of 22", "app/keys/lost", 1, 0),
    Bar("key press to repaint while a sync runs, p95, ms", "app/echo/p95_ms", 1, 50),
    Bar("search while typing, 1M deals, p95, ms", "search/1M deals/typing/p95_ms", 1, 100),
    Bar("a letter that most of 1M deals have, p95, ms", "search/1M deals/'a'/p95_ms", 1, 100),
    Bar("a word that 200,000 of 1M deals have, p95, ms", "search/1M deals/'renewal'/p95_ms", 1, 100),
    Bar("a table of 1M rows and 20 columns ready, CPU ms", "grid/revtops 1M/open_ms", 1, 50),
    Bar("the same, MB", "grid/revtops 1M/open_mb", 1, 10),
    Bar("a page down in it, CPU ms", "grid/revtops 1M/page_ms", 1, 15),
    Bar(
        "the same table ready: CPU / textual-fastdatatable",
        "grid/revtops 1M/open_ms",
        "grid/textual-fastdatatable 1M/open_ms",
        1.0,
    ),
    Bar(
        "a page down: CPU / textual-fastdatatable",
        "grid/revtops 1M/page_ms",
        "grid/textual-fastdatatable 1M/page_ms",
        1.0,
    ),
    Bar("a JSON body of 5 MB open, CPU ms", "body/json-view/open_ms", 1, 300),
    Bar("event-loop lag while a sync runs, p95, ms", "app/lag/p95_ms", 1, 20),
)


def judge(figures: Figures) -> list[Verdict]:
    """Every bar with its figures."""

    def value(key: str | float) -> float | None:
        return figures.median(key) if isinstance(key, str) else key

    return [Verdict(bar, value(bar.left), value(bar.right)) for bar in BARS]
