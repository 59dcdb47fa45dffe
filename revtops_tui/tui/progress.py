"""A sync on paper: what each entity is doing, while it runs and when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revtops_tui.tui.text import duration, fit, label_of, number, plain, plural
from revtops_tui.tui.widgets.sheet import Paper, Part

if TYPE_CHECKING:
    from revtops_tui.engine.sync import EntityProgress, Progress, RunResult
    from revtops_tui.tui.jobs import Outcome, SyncJob

_WIDE = 92
_NAME = 15
_MARKS = {"waiting": ("·", "muted"), "running": ("⟳", "busy"), "done": ("✓", "good"), "failed": ("!", "bad")}
_COUNTS = (
    ("inserted", "new"),
    ("updated", "changed"),
    ("unchanged", "same"),
    ("deleted", "deleted"),
    ("rejected", "rejected"),
)
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
    if paper.width >= _WIDE and progress.entities:
        titles = "".join(fit(title, 9, right=True) for _, title in _COUNTS)
        paper.line(
            (
                f"    {fit('', _NAME)}{fit('fetched', 9, right=True)}{fit('', 22)}{titles}{fit('rate', 9, right=True)}",
                "muted",
            )
        )
    for name, entity in list(progress.entities.items()):
        _write_entity(paper, name, entity, job.rate(name), progress)


def _write_entity(paper: Paper, name: str, entity: EntityProgress, rate: float, progress: Progress) -> None:
    mark, tone = _MARKS.get(entity.state, _MARKS["waiting"])
    head: list[Part] = [("  ", ""), (mark, tone), (" ", ""), (fit(plain(label_of(name)), _NAME), "")]
    head.append((fit(number(entity.fetched) if entity.fetched or entity.state != "waiting" else "", 9, right=True), ""))
    speed = f"{rate:,.0f}/s" if entity.state == "running" and rate >= 1 else ""
    bar = _bar(entity, progress.seconds, 14)
    if paper.width >= _WIDE:
        counts = "".join(fit(number(getattr(entity, key) or None), 9, right=True) for key, _ in _COUNTS)
        paper.line(*head, *bar, (counts, ""), (fit(speed, 9, right=True), "muted"))
    else:
        paper.line(*head, *bar, (f" {speed}", "muted"))
        told = _told({key: getattr(entity, key) for key, _ in _COUNTS})
        if told:
            paper.line((f"    {told}", "muted"))
    if entity.error:
        paper.text(entity.error, "bad", indent=4, limit=3)


def _bar(entity: EntityProgress, seconds: float, width: int) -> list[Part]:
    """A bar with its percentage in `width + 8` cells; one that wanders when the total is not known."""
    if entity.state == "waiting":
        return [("  ", ""), ("─" * width, "muted"), (" " * 6, "")]
    if entity.state == "done":
        return [("  ", ""), ("━" * width, "good"), ("  100%", "muted")]
    if entity.total:
        share = min(1.0, entity.fetched / entity.total)
        full = int(share * width)
        return [
            ("  ", ""),
            ("━" * full, "bar"),
            ("─" * (width - full), "muted"),
            (fit(f"{share:.0%}", 6, right=True), "muted"),
        ]
    start = int(seconds * 6) % (width - 2)
    return [("  ", ""), ("─" * start, "muted"), ("━━━", "bar"), ("─" * (width - 3 - start), "muted"), (" " * 6, "")]


def _told(counts: dict[str, int]) -> str:
    return " · ".join(f"{counts[key]:,} {word}" for key, word in _COUNTS if counts.get(key))


def write_outcome(paper: Paper, outcome: Outcome) -> None:
    """A sync that ended while the app was open."""
    result = outcome.result
    if result is None:
        paper.blank().line(("! ", "bad"), ("Not synced", "title"))
        if outcome.error:
            write_error(paper, outcome.error.message, outcome.error.hint)
        return
    mark, tone, words = _OUTCOMES.get(result.status, _OUTCOMES["failed"])
    if outcome.cancelled:
        mark, tone, words = _OUTCOMES["aborted"]
    paper.blank().line((f"{mark} ", tone), (words, "title"), (f"  after {duration(result.seconds)}", "muted"))
    if result.error and not outcome.cancelled:
        write_error(paper, result.error, result.hint or "")
    for name, counts in result.entities.items():
        paper.line(f"  {fit(plain(label_of(name)), _NAME)} ", (_told(counts) or "nothing new", "muted"))


def write_error(paper: Paper, message: str, hint: str = "") -> None:
    """What went wrong, and what to do next."""
    paper.text(message, "bad", indent=2, limit=8)
    if hint:
        paper.text(hint, "muted", indent=2, limit=4)


def run_line(result_counts: dict[str, dict[str, int]]) -> str:
    """A run's counts over all its entities, in one line."""
    total: dict[str, int] = {}
    for counts in result_counts.values():
        for key, count in counts.items():
            total[key] = total.get(key, 0) + count
    return _told(total)


def toast_of(result: RunResult) -> str:
    """A finished run in one sentence."""
    return run_line(result.entities) or "Nothing new."
