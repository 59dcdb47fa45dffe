"""The results as a page: the machine, a table for each size, start-up, and the bars."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bars import judge
from benchmarks.contenders import DELTA, HERE, LOAD, NOTHING_NEW, RESYNC
from benchmarks.figures import size_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.figures import Figures

_MB = 1e6
_PINNED = {
    "floor": ("pycurl", "orjson", "pydantic"),
    "sqlite-utils": ("sqlite-utils",),
    "dlt": ("dlt",),
    "airbyte": ("airbyte",),
    "textual-fastdatatable": ("textual-fastdatatable", "textual"),
}


def render(figures: Figures, keyring: str) -> str:
    """The whole page as Markdown."""
    parts = ["# Results\n", "Written by `python -m benchmarks`; how to read it is in [README.md](README.md).\n"]
    parts += [_setting(keyring), "## Bars\n", _bars(figures)]
    sizes = sorted({key.split("/")[1] for key in figures.values if f"/{LOAD}/" in key}, key=size_of)
    for size in sizes:
        parts += [f"## {size} deals\n", f"Measured {figures.measured.get(size, '')}.\n", _loads(figures, size)]
        parts.append(_more(figures, size))
    parts += ["## Start-up and the app\n", _start(figures)]
    parts += ["## Search\n", _search(figures)]
    parts += ["## A table of 20 columns\n", _grid(figures)]
    return "\n".join(parts).rstrip() + "\n"


def _setting(keyring: str) -> str:
    versions = ", ".join(f"{name} {_version(packages, name)}" for packages, names in _PINNED.items() for name in names)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"- {machine}; {_processor()}; {python}.\n- {versions}.\n- revtops kept its credentials in: {keyring}.\n"


def _version(packages: str, name: str) -> str:
    lines = (HERE / "requirements" / f"{packages}.txt").read_text().splitlines()
    return next(line.split("==")[1].split()[0] for line in lines if line.startswith(f"{name}=="))


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown processor")


def _bars(figures: Figures) -> str:
    rows = []
    for verdict in judge(figures):
        word = {True: "pass", False: "**FAIL**", None: "not measured"}[verdict.holds]
        sign = "at least" if verdict.bar.at_least else "at most"
        rows.append((verdict.bar.text, _number(verdict.value), f"{sign} {verdict.bar.limit:g}", word))
    return _table(("bar", "measured", "limit", ""), rows)


def _loads(figures: Figures, size: str) -> str:
    names = [key.split("/")[0] for key in figures.values if key.endswith(f"/{size}/{LOAD}/cpu")]
    floor = figures.median(f"floor/{size}/{LOAD}/cpu")
    rows = []
    for name in names:
        load = f"{name}/{size}/{LOAD}"
        cpu, database = figures.median(f"{load}/cpu") or 0.0, figures.median(f"{load}/database") or 0.0
        rows.append(
            (
                name,
                _number(cpu),
                f"{size_of(size) / cpu / 1000:.1f}k",
                _number(cpu / floor if floor else None),
                _number(figures.median(f"{load}/wall")),
                _number(figures.median(f"{name}/{size}/{RESYNC}/cpu")),
                _number(figures.median(f"{name}/{size}/{NOTHING_NEW}/cpu")),
                _number(figures.median(f"{name}/{size}/{DELTA}/cpu")),
                f"{figures.median(f'{load}/peak_mb'):.0f}",
                f"{database / _MB:.0f}",
                str(figures.runs(f"{load}/cpu")),
            )
        )
    heads = ("loader", "CPU s, load", "deals/CPU s", "x floor", "wall s", "re-sync", "nothing new", "1 % changed")
    return _table((*heads, "peak MB", "database MB", "runs"), rows)


def _more(figures: Figures, size: str) -> str:
    """Requests and bytes of every phase."""
    rows = []
    for key in figures.values:
        if not key.endswith("/cpu") or key.split("/")[1] != size:
            continue
        name, _, phase, _ = key.split("/")
        prefix = f"{name}/{size}/{phase}"
        rows.append(
            (
                name,
                phase,
                *(_number(figures.median(f"{prefix}/{metric}")) for metric in ("cpu", "wall", "peak_mb")),
                f"{figures.median(f'{prefix}/requests'):.0f}",
                _number((figures.median(f"{prefix}/written") or 0) / _MB),
                _number(figures.median(f"{prefix}/changed_rows")),
            )
        )
    return _table(("loader", "phase", "CPU s", "wall s", "peak MB", "requests", "MB written", "rows written"), rows)


def _start(figures: Figures) -> str:
    rows = [
        (key.rpartition("/")[0], key.rpartition("/")[2], _number(figures.median(key), 3), str(figures.runs(key)))
        for key in figures.values
        if key.split("/")[0] in {"start", "app"}
    ]
    return _table(("what", "metric", "median", "runs"), rows)


def _search(figures: Figures) -> str:
    rows = []
    for key in figures.values:
        if key.startswith("search/"):
            _, size, what, metric = key.split("/")
            rows.append((f"{size}, {what}", metric, _number(figures.median(key)), str(figures.runs(key))))
    return _table(("what", "metric", "median", "runs"), rows)


def _grid(figures: Figures) -> str:
    """A line for each widget at each size."""
    shown = dict.fromkeys(key.rpartition("/")[0] for key in figures.values if key.startswith("grid/"))
    metrics = ("open_ms", "open_mb", "page_ms", "end_ms", "all_ms", "all_mb")
    rows = [
        (one.partition("/")[2], *(_number(figures.median(f"{one}/{metric}")) for metric in metrics)) for one in shown
    ]
    heads = ("widget, rows", "open, CPU ms", "MB", "page down, CPU ms", "end, CPU ms", "all known, CPU ms", "MB")
    return _table(heads, rows)


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " --: |" * (len(heads) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
