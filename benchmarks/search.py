"""Searching synced deals as one types: building the index, a keystroke, catching up with changes, and its size."""

from __future__ import annotations

import random
import shutil
import sys
import time
from contextlib import contextmanager
from statistics import quantiles
from typing import TYPE_CHECKING

from benchmarks.contenders import WORK
from benchmarks.figures import Figures, size_name
from revtops_tui.engine.search import catch_up, search_records
from revtops_tui.engine.workspace import Workspace
from store import upsert
from store.connections import save_connection
from store.upsert import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SIZES = (100_000, 1_000_000)
_BATCH = 10_000
_REPEATED = 25
_LIMIT = 60
"""Records that the dialog asks for."""

_SYLLABLES = (
    "ac",
    "nor",
    "vel",
    "tri",
    "ron",
    "mar",
    "ka",
    "lu",
    "sen",
    "del",
    "fi",
    "go",
    "har",
    "jo",
    "ber",
    "re",
    "mi",
)
_LINES = ("Robotics", "Foods", "Systems", "Logistics", "Health", "Energy", "Media", "Labs", "Partners", "Group")
_KINDS = ("renewal", "expansion", "new logo", "pilot", "migration")
_COMPANIES = 4_000

QUERIES = ("a", "re", "renewal", "acme ren", "acme robotics renewal 0", "0000", "9000000017", "nothing like it")
"""A letter that begins something in every other deal, words that a fifth of them have, a few hits, one, and none."""
TYPED = ("acme renewal", "robotics pilot 00", "fire energy", "karon", "migration 0012345")
"""What is typed letter by letter."""


def _names(count: int) -> list[str]:
    chance = random.Random(5)
    companies = ["Acme", *("".join(chance.choices(_SYLLABLES, k=3)).title() for _ in range(_COMPANIES - 1))]
    return [
        f"{companies[i * 31 % _COMPANIES]} {_LINES[i * 7 % len(_LINES)]} {_KINDS[i % len(_KINDS)]} {i:07d}"
        for i in range(count)
    ]


def measure_search(runs: int) -> Figures:
    """`search/<size> deals/…`: `build`, `caught up` and `1 % changed` (CPU, wall), `index` (MB), and each query."""
    figures = Figures()
    for rows in _SIZES:
        names = _names(rows)
        home = WORK / "data" / "search"
        shutil.rmtree(home, ignore_errors=True)
        with Workspace(home, "benchmark") as ws:
            scope = _fill(ws, names)
            for run in range(runs):
                print(f"search, {size_name(rows)} deals, run {run + 1} ...", file=sys.stderr)
                _measure(figures, ws, scope, names, run)
        shutil.rmtree(home)
    return figures


def _fill(ws: Workspace, names: list[str]) -> Scope:
    connection = save_connection(ws.database, ws.organization_id, "hubspot", source_system="hubspot")
    scope = Scope(connection.id, ws.organization_id, "hubspot")
    for start in range(0, len(names), _BATCH):
        _store(ws, scope, dict(enumerate(names[start : start + _BATCH], start)))
    return scope


def _store(ws: Workspace, scope: Scope, names: dict[int, str]) -> None:
    rows = [(str(9_000_000_000 + i), name, 1000.0 + i, f"Stage {i % 7}") for i, name in names.items()]
    fields = ("source_id", "name", "amount", "stage")
    ws.database.writer.run(lambda connection: upsert.apply(connection, "deals", scope, fields, rows))


def _measure(figures: Figures, ws: Workspace, scope: Scope, names: list[str], run: int) -> None:
    prefix = f"search/{size_name(len(names))} deals"
    shutil.rmtree(ws.home / "search", ignore_errors=True)
    with _timed(figures, f"{prefix}/build"):
        catch_up(ws)
    figures.add(
        f"{prefix}/index",
        mb=_megabytes(ws.home / "search"),
        database_mb=_megabytes(ws.home) - _megabytes(ws.home / "search"),
    )
    with _timed(figures, f"{prefix}/caught up"):
        catch_up(ws)
    for query in QUERIES:
        _note(figures, f"{prefix}/{query!r}", [_keystroke(ws, query) for _ in range(_REPEATED)])
    typed = [text[:length] for text in TYPED for length in range(1, len(text) + 1)]
    _note(figures, f"{prefix}/typing", [_keystroke(ws, text) for text in typed if text.strip()])
    for start in range(0, len(names), _BATCH):  # every hundredth deal gets another name
        changed = range(start + run, min(start + _BATCH, len(names)), 100)
        _store(ws, scope, {i: f"{names[i]} revised {run}" for i in changed})
    with _timed(figures, f"{prefix}/1 % changed"):
        catch_up(ws)


@contextmanager
def _timed(figures: Figures, prefix: str) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    figures.add(prefix, cpu=time.process_time() - cpu, wall=time.perf_counter() - wall)


def _keystroke(ws: Workspace, text: str) -> float:
    """Milliseconds from a key to its answer."""
    started = time.perf_counter()
    search_records(ws, text, limit=_LIMIT, told=None)
    return (time.perf_counter() - started) * 1000


def _note(figures: Figures, prefix: str, milliseconds: list[float]) -> None:
    cuts = quantiles(milliseconds, n=20)
    figures.add(prefix, p50_ms=cuts[9], p95_ms=cuts[18])


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*")) / 1e6
