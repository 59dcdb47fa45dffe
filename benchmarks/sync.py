"""The comparison: every contender, every phase, in turns: a busy minute of the machine hits all of them alike."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from benchmarks import measure
from benchmarks.contenders import DELTA, LOAD, SCATTERED, SLOW, WORK, Contender
from benchmarks.figures import Figures, size_name
from benchmarks.serving import Server, server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TOUCHED = {DELTA: 0.01, SCATTERED: 0.1}
_LATENCY_MS = 20
_PAGE = 100
_ONLY_AT = {SCATTERED: 1_000_000, SLOW: 100_000}
"""Phases that are measured at one size."""


def compare(contenders: Sequence[Contender], rows: int, runs: int) -> Figures:
    """Measure every contender at one size; they take turns within each run."""
    figures = Figures()
    for each in contenders:
        if each.prepare:
            each.prepare()
    with server(rows) as running:
        for _ in range(runs):
            for each in contenders:
                _one_run(each, running, figures)
    return figures


def _one_run(contender: Contender, running: Server, figures: Figures) -> None:
    """All phases of one contender, in a fresh folder and against a server as it was at the start."""
    folder = WORK / "data" / contender.name
    for phase in contender.phases:
        if running.rows != _ONLY_AT.get(phase, running.rows):
            continue
        if phase in {LOAD, SLOW}:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            running.admin("reset")
            if contender.set_up:
                contender.set_up(running.base_url, folder)
        metrics = _one_phase(contender, phase, running)
        figures.add(f"{contender.name}/{size_name(running.rows)}/{phase}", **metrics)
        cost = f"{metrics['cpu']:.2f} CPU s, {metrics['peak_mb']:.0f} MB, {metrics['requests']:.0f} requests"
        print(f"{contender.name:>16} {size_name(running.rows):>5} {phase:<13} {cost}", file=sys.stderr)
    shutil.rmtree(folder)


def _one_phase(contender: Contender, phase: str, running: Server) -> dict[str, float]:
    """One measured command, with what it asked for and left behind."""
    folder = WORK / "data" / contender.name
    touched = running.admin("touch", fraction=_TOUCHED[phase]) if phase in _TOUCHED else 0
    running.admin("latency", ms=_LATENCY_MS if phase == SLOW else 0)
    before = running.requests()
    used = measure.run(contender.command(phase, running.base_url, folder), env=contender.env, cwd=folder)
    asked = {path: count - before.get(path, 0) for path, count in running.requests().items()}
    for_deals = sum(count for path, count in asked.items() if "/objects/" in path or "/associations/" in path)
    metrics: dict[str, float] = {
        "cpu": used.cpu,
        "wall": used.wall,
        "peak_mb": used.peak_mb,
        "written": used.written,
        "stored": used.stored,
        "requests": sum(asked.values()),
        "entity_requests": for_deals,
        "database": sum(file.stat().st_size for file in folder.glob(contender.database)),
        "json": running.admin("stats")["json_bytes"],
        "latency_floor": running.rows / _PAGE * _LATENCY_MS / 1000,
    }
    if touched:
        metrics["written_per_row"] = used.written / touched
    if contender.changed_rows:
        metrics["changed_rows"] = contender.changed_rows(used.output)
    for file in folder.glob(contender.database.removesuffix("*")):
        _check(file, running.rows, touched)
    return metrics


def _check(file: Path, rows: int, changed: int) -> None:
    """Refuse figures of a run that left deals out: all must be there, and those that were just changed up to date.

    Looks into SQLite files; PyAirbyte's DuckDB is taken at its word.
    """
    if file.suffix != ".db":
        return
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        found, revised = database.execute("SELECT count(*), sum(name LIKE '%(revised %') FROM deals").fetchone()
    if found != rows or revised < changed:
        raise measure.CommandError(f"{file} has {found} of {rows} deals, {revised} of them changed, not {changed}")
