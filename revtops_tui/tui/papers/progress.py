"""A sync on paper: what each entity is doing, while it runs and when it has ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from revtops_tui.tui.text import fit, label_of, number
from revtops_tui.tui.widgets.sheet import Paper, Part
from revtops_tui.words import duration, plural

if TYPE_CHECKING:
    from connectors.http import BudgetLeft
    from revtops_tui.engine.sync import EntityProgress, RunResult
    from revtops_tui.tui.shell.jobs import Outcome, SyncJob

_WIDE = 100
_NAME = 15
_CELL = 9
_MARKS = {"waiting": ("·", "muted"), "running": ("⟳", "busy"), "done": ("✓", "good"), "failed": ("!", "bad")}
_WORDS = {"inserted": "new", "updated": "changed", "unchanged": "same", "deleted": "deleted", "rejected": "rejected"}
_OUTCOMES = {
    "success": ("✓", "good", "Synced"),
    "partial": ("!", "busy", "Synced in part"),
    "aborted": ("!", "busy", "Stopped"),
    "failed": ("!", "bad", "Sync failed"),
}


def write_progress(paper: Paper, job: SyncJob) -> None:
    """A running sync."""
    progress = job.progress
    if progress is None:
        paper.heading("Syncing").line(("  Starting…", "muted"))
        return
    state = "Stopping, keeping what is stored" if job.cancelling else "Syncing"
    paper.heading(state, f"{duration(progress.seconds)} · {plural(progress.requests, 'request')}")
    if progress.waiting_for:
        paper.line((f"  waiting for {progress.waiting_for}", "busy"))
    if progress.budget:
        paper.line((f"  {_budget(progress.budget)}", "busy" if progress.waiting_for else "muted"))
    if paper.width >= _WIDE and progress.entities:
        titles = "".join(fit(title, _CELL, right=True) for title in ("fetched", "", "", *_WORDS.values(), "rate"))
        paper.line((f"    {fit('', _NAME)}{titles}", "muted"))
    for name, entity in list(progress.entities.items()):
        _write_entity(paper, name, entity, job.rate(name), progress.seconds)


def _budget(budget: BudgetLeft) -> str:
    """What the vendor lets be asked for now."""
    more = f", more in {duration(budget.seconds)}" if budget.seconds > 0 else ""
    return f"{_left(budget)}{more}"


def _left(budget: BudgetLeft) -> str:
    of = f" of {budget.of:,}" if budget.of else ""
    return f"budget: {budget.requests:,}{of} requests left"


def _write_entity(paper: Paper, name: str, entity: EntityProgress, rate: float, seconds: float) -> None:
    """One line for an entity: all its counts where there is room for columns, else its rate or what it brought."""
    fetched = "" if entity.state == "waiting" else number(entity.fetched)
    head = (("  ", ""), _MARKS[entity.state], (f" {fit(label_of(name), _NAME)}{fit(fetched, _CELL, right=True)}", ""))
    speed = f"{rate:,.0f}/s" if entity.state == "running" and rate >= 1 else ""
    if paper.width >= _WIDE:
        counts = "".join(fit(number(getattr(entity, key) or None), _CELL, right=True) for key in _WORDS)
        paper.line(*head, *_bar(entity, seconds, 12), (counts, ""), (fit(speed, _CELL, right=True), "muted"))
    else:
        paper.line(
            *head,
            *_bar(entity, seconds, max(6, min(16, paper.width - 44))),
            (f" {speed or _in_short(entity)}", "muted"),
        )
    if entity.error:
        paper.text(entity.error, "bad", indent=4, limit=3)


def _bar(entity: EntityProgress, seconds: float, width: int) -> tuple[Part, ...]:
    """A bar with its percentage, in `width + 6` cells; a piece that wanders when the total is not known."""
    percent, start, full, tone = "", 0, 0, "bar"
    if entity.state == "done":
        percent, full, tone = "100%", width, "good"
    elif entity.state == "running" and entity.total:
        share = min(1.0, entity.fetched / entity.total)
        percent, full = f"{share:.0%}", int(share * width)
    elif entity.state == "running":
        start, full = int(seconds * 6) % (width - 2), 3
    before, after = ("─" * start, "muted"), ("─" * (width - start - full), "muted")
    return (" ", ""), before, ("━" * full, tone), after, (fit(percent, 5, right=True), "muted")


def _in_short(entity: EntityProgress) -> str:
    signs = (("+", entity.inserted), ("~", entity.updated), ("-", entity.deleted), ("!", entity.rejected))
    return " ".join(f"{sign}{count:,}" for sign, count in signs if count)


def told(counts: dict[str, int]) -> str:
    """Counts in words; nothing when all are zero."""
    return " · ".join(f"{counts[key]:,} {word}" for key, word in _WORDS.items() if counts.get(key))


def write_outcome(paper: Paper, outcome: Outcome) -> None:
    """How a sync ended while the app was open; its counts stand beside those of the records."""
    result = outcome.result
    if result is None:
        paper.blank().line(("! ", "bad"), ("Not synced", "title"))
        if outcome.error:
            write_error(paper, outcome.error.message, outcome.error.hint)
        return
    mark, tone, words = _OUTCOMES.get(result.status, _OUTCOMES["failed"])
    if outcome.cancelled:
        mark, tone, words = _OUTCOMES["aborted"]
    if outcome.dry_run:
        words = f"{words}: tried, nothing stored"
    paper.blank().line((f"{mark} ", tone), (words, "title"), (f"  after {duration(result.seconds)}", "muted"))
    if outcome.budget:
        paper.line((f"  {_left(outcome.budget)} when it ended", "muted"))
    if result.error and not outcome.cancelled:
        write_error(paper, result.error, result.hint or "")


def write_error(paper: Paper, message: str, hint: str = "") -> None:
    """What went wrong, and what to do next."""
    paper.text(message, "bad", indent=2, limit=8)
    if hint:
        paper.text(hint, "muted", indent=2, limit=4)


def run_line(result_counts: dict[str, dict[str, int]]) -> str:
    """A run's counts over all its entities, in one line."""
    return told(_total(result_counts.values()))


def _total(all_counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in all_counts:
        for key, count in counts.items():
            total[key] = total.get(key, 0) + count
    return total


def toast_of(results: Sequence[RunResult]) -> str:
    """Finished runs in one sentence."""
    return told(_total(counts for result in results for counts in result.entities.values())) or "Nothing new."
