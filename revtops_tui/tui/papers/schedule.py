"""A schedule on paper: what was asked for, when it is due next, and whether anything heeds it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from revtops_tui.tui.text import ago
from revtops_tui.tui.widgets.sheet import Paper
from revtops_tui.words import until

if TYPE_CHECKING:
    from revtops_tui.engine.due import Spec
    from revtops_tui.engine.schedules import ScheduleInfo

_LABEL = 8
_SHOWN = 3


def write_schedule(paper: Paper, info: ScheduleInfo | None, *, has_daemon: bool, now: dt.datetime) -> Paper:
    """The schedule of a connection, or that it has none."""
    paper.heading("Schedule")
    if info is None:
        paper.line(("  It is synced when you say so.", "muted"))
        return paper.line(("  h", "key"), (" has it done by itself", "muted"))
    paper.line(f"  {info.spec}")
    if not info.enabled:
        return paper.line(("  Switched off. ", "busy"), ("h", "key"), (" switches it on again", "muted"))
    state = "running now" if info.running else f"{until(info.next_due_at, now)}, {local(info.next_due_at)}"
    paper.line((f"  {'next':<{_LABEL}}", "key"), state)
    if info.last_run_at:
        paper.line((f"  {'last':<{_LABEL}}", "key"), f"{ago(info.last_run_at, now)}, {info.last_status or ''}")
    return paper if has_daemon else write_nobody(paper)


def write_nobody(paper: Paper) -> Paper:
    """What is true while no daemon runs."""
    paper.text("No daemon runs that would heed it, and this app does not: what is due is done once one runs.", "busy")
    return paper.line(("  revtops daemon", "key"), ("  or  ", "muted"), ("revtops daemon install", "key"))


def next_times(spec: Spec, now: dt.datetime, seed: str = "") -> Sequence[dt.datetime]:
    """The next few moments at which it is due. Raises EngineError for what never comes."""
    from revtops_tui.engine.due import next_due

    found: list[dt.datetime] = []
    for _ in range(_SHOWN):
        found.append(next_due(spec, found[-1] if found else now, seed=seed))
    return found


def local(moment: dt.datetime) -> str:
    """`Mon 2026-03-02 14:30`, on this machine's clock."""
    return f"{moment.astimezone():%a %Y-%m-%d %H:%M}"
