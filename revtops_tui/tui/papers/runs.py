"""Sync runs wherever they are looked at: as rows, and on paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from revtops_tui.tui.panes.connectors.inventory import load as load_inventory
from revtops_tui.tui.papers import rejected
from revtops_tui.tui.papers.overview import mark_of
from revtops_tui.tui.papers.progress import run_line, told, write_error, write_progress
from revtops_tui.tui.text import age, ago, fit, label_of, wrap
from revtops_tui.tui.widgets.item_list import Item
from revtops_tui.tui.widgets.sheet import Paper
from revtops_tui.words import duration

if TYPE_CHECKING:
    from revtops_tui.engine.rejected import RejectedGroup
    from revtops_tui.engine.sync import RunInfo
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.shell.jobs import Jobs, SyncJob

_RUNS = 500
_ENTITY = 18


@dataclass(frozen=True)
class Register:
    """The runs of an organization, newest first, and its rejected records by reason. `titles` are of connections."""

    runs: Sequence[RunInfo] = ()
    groups: Sequence[RejectedGroup] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    def title(self, run: RunInfo) -> str:
        """The title of a run's connection."""
        selector = run.selector
        return self.titles.get(selector, selector)


def load(ws: Workspace) -> Register:
    """All of it. Blocking. Raises EngineError."""
    from revtops_tui.engine.sync import runs

    titles = {entry.id: entry.title for entry in load_inventory(ws) if entry.connection is not None}
    return Register(runs(ws, limit=_RUNS), rejected.load(ws), titles)


def job_of(run: RunInfo, jobs: Jobs) -> SyncJob | None:
    """The sync of this app that a run is, while it is under way."""
    return jobs.running.get(run.selector) if run.status == "running" else None


def run_items(register: Register, jobs: Jobs, now: dt.datetime) -> list[Item]:
    """The runs as rows; one that is under way says how far it is."""
    return [_run_item(register, run, jobs, now) for run in register.runs]


def _run_item(register: Register, run: RunInfo, jobs: Jobs, now: dt.datetime) -> Item:
    mark, tone = mark_of(run.status)
    note = age(run.started_at, now)
    if job := job_of(run, jobs):
        note = "waits" if job.waiting_for else f"{job.share:.0%}" if job.share is not None else "running"
    brought = run_line(run.entities)
    label = " · ".join(part for part in (register.title(run), "full" if run.mode == "full" else "", brought) if part)
    return Item(str(run.id), label, note, mark, tone, search=f"{run.slug} {run.status} {run.mode} {run.error or ''}")


def write_run(width: int, register: Register, run: RunInfo, job: SyncJob | None, now: dt.datetime) -> Paper:
    """A run: how it went, by entity."""
    paper = Paper(width)
    mark, tone = mark_of(run.status)
    paper.line((f"{mark} ", tone), (f"{register.title(run)}: {run.status}", "title"), (f"  run {run.id}", "muted"))
    paper.blank()
    paper.labelled("mode", run.mode)
    paper.labelled("started", f"{ago(run.started_at, now)}, {run.started_at.astimezone():%Y-%m-%d %H:%M:%S}")
    if run.seconds is not None:
        paper.labelled("took", duration(run.seconds))
    if run.error:
        write_error(paper.blank(), run.error)
    if job is not None:
        write_progress(paper, job)
        return paper
    if run.entities:
        paper.heading("Records")
    for name, counts in run.entities.items():
        first, *rest = wrap(told(counts) or "nothing", paper.width - _ENTITY)
        paper.line(f"  {fit(label_of(name), _ENTITY - 2)}", (first, "muted"))
        for line in rest:
            paper.text(line, "muted", indent=_ENTITY)
    if any(counts.get("rejected") for counts in run.entities.values()):
        paper.blank().line(("tab", "key"), (" goes to the rejected records", "muted"))
    return paper.blank().line(("t", "key"), (" shows what was exchanged in it", "muted"))


def write_none(width: int) -> Paper:
    """What comes here, while nothing has run."""
    paper = Paper(width).line(("Nothing has been synced yet", "title")).blank()
    paper.line(("1", "key"), (" leads to the connections", "muted"))
    return paper.line(("s", "key"), (" syncs one there", "muted"))
