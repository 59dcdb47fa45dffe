"""A connection's syncs: the one that runs, when the next one is due, and how the last ones went."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from revtops_tui.tui.background import in_background
from revtops_tui.tui.panels.overview import recent_runs
from revtops_tui.tui.panels.paper_panel import PaperPanel
from revtops_tui.tui.papers.overview import mark_of
from revtops_tui.tui.papers.progress import run_line, told, write_outcome, write_progress
from revtops_tui.tui.papers.schedule import write_schedule
from revtops_tui.tui.text import ago, fit, label_of
from revtops_tui.tui.widgets.sheet import Paper
from revtops_tui.words import duration

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.schedules import ScheduleInfo
    from revtops_tui.engine.sync import RunInfo
    from revtops_tui.engine.workspace import Workspace

_CHART = 7
_FRESH = ("inserted", "updated", "deleted")


@dataclass(frozen=True)
class _Known:
    """What is stored about a connection's syncs."""

    of: str
    runs: Sequence[RunInfo]
    schedule: ScheduleInfo | None
    has_daemon: bool


class SyncPanel(PaperPanel):
    """The page about them."""

    _known: _Known | None = None
    _problem: EngineError | None = None

    def on_mount(self) -> None:
        """Follow what is stored: another process may sync."""
        self.host.committed.subscribe(self, lambda _: self.read() if self.display else None)

    def read(self) -> None:
        """Runs, and the schedule."""
        if self.entry is not None and self.entry.connection is not None:
            read = partial(_read, self.host.ws, self.entry.id)
            in_background(self, read, self._have, self._failed, group="runs", exclusive=True)

    def _have(self, known: _Known) -> None:
        self._known, self._problem = known, None
        self.rewrite()

    def _failed(self, error: EngineError) -> None:
        self._problem = error
        self.rewrite()

    def write(self, width: int) -> Paper:
        """The page."""
        paper, entry, host = Paper(width), self.entry, self.host
        if entry is None or entry.connection is None:
            return paper
        known = self._known if self._known and self._known.of == entry.id else None
        if job := host.jobs.running.get(entry.id):
            write_progress(paper, job)
        elif outcome := host.jobs.ended.get(entry.id):
            write_outcome(paper, outcome)
        if problem := self._problem:
            paper.blank().text(problem.message, "bad").text(problem.hint, "muted")
        elif known is None:
            paper.blank().line(("Reading…", "muted"))
        if known is None:
            return paper
        write_schedule(paper, known.schedule, has_daemon=known.has_daemon, now=host.clock())
        _write_pictures(paper, known.runs)
        return _write_runs(paper, known.runs, host.clock())


def _write_pictures(paper: Paper, runs: Sequence[RunInfo]) -> None:
    """What each run brought, and what went wrong in it, from the oldest to the newest."""
    from revtops_tui.tui.charts import column_chart, sparkline

    ended = [run for run in reversed(runs) if run.status != "running"]
    if len(ended) < 2:
        return
    rows = [(f"{run.started_at.astimezone():%H:%M}", float(_count(run, _FRESH))) for run in ended]
    paper.heading("Rows by run", "new, changed and deleted").put(column_chart(paper.width - 2, _CHART, rows), indent=2)
    wrong = [float(_count(run, ("rejected",)) + (run.status != "success")) for run in ended]
    if any(wrong):
        line = sparkline(wrong, paper.width - 24)
        paper.line(("  errors and rejected  ", "muted"), (line, "bad"))
    else:
        paper.line(("  no errors, nothing rejected", "muted"))


def _count(run: RunInfo, kinds: Sequence[str]) -> int:
    return sum(counts.get(kind, 0) for counts in run.entities.values() for kind in kinds)


def _write_runs(paper: Paper, runs: Sequence[RunInfo], now: dt.datetime) -> Paper:
    if not runs:
        return paper.heading("Runs", "none yet").line(("  ", ""), ("s", "key"), (" syncs it", "muted"))
    paper.heading("Runs")
    for run in runs:
        mark, tone = mark_of(run.status)
        took = duration(run.seconds) if run.seconds is not None else ""
        paper.line(
            ("  ", ""),
            (mark, tone),
            f" {fit(ago(run.started_at, now), 13)}",
            (f"{fit(took, 7, right=True)}  {fit(run.mode, 12)}{run_line(run.entities)}", "muted"),
        )
        if run.error:
            paper.text(run.error, "bad", indent=6, limit=3)
        for name, counts in run.entities.items():
            if len(run.entities) > 1 and (line := told(counts)):
                paper.line(f"      {fit(label_of(name), 16)}", (line, "muted"))
    return paper


def _read(ws: Workspace, selector: str) -> _Known:
    from revtops_tui.engine.locks import daemon_holder
    from revtops_tui.engine.schedules import schedules

    mine = next((one for one in schedules(ws) if one.selector == selector), None)
    return _Known(selector, recent_runs(ws, selector), mine, daemon_holder(ws.home) is not None)
