"""One connection or connector on paper: what it is, how it stands, what it brought."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from revtops_tui.tui.papers.progress import run_line, told, write_error, write_outcome, write_progress
from revtops_tui.tui.paths import shown_path
from revtops_tui.tui.text import ago, fit, label_of, number, wrap
from revtops_tui.tui.widgets.sheet import Paper
from revtops_tui.words import duration, until

if TYPE_CHECKING:
    from revtops_tui.engine.connections import ConnectionInfo
    from revtops_tui.engine.sync import RunInfo
    from revtops_tui.tui.panes.connectors.inventory import Entry
    from revtops_tui.tui.shell.jobs import Outcome, SyncJob

_RUN_MARKS = {"success": ("✓", "good"), "running": ("⟳", "busy"), "partial": ("!", "busy"), "aborted": ("!", "busy")}
_RUNS_SHOWN = 6
_CAN = {
    "sync": "copy its records here",
    "query": "be asked live",
    "write": "change its records",
    "action": "act for you",
    "listen": "hear from it",
}


def mark_of(status: str) -> tuple[str, str]:
    """The mark of a run and its tone."""
    return _RUN_MARKS.get(status, ("!", "bad"))


def welcome(width: int, home: Path) -> Paper:
    """What a newcomer sees: three ways in."""
    paper = Paper(width)
    paper.line(("Welcome to revtops", "title"))
    paper.text("The data of the systems your company lives in: in one file on this machine, in one terminal.", "muted")
    paper.heading("Connect a system")
    paper.text("Choose one in the list on the left and press enter. It is tested before anything is kept.", indent=2)
    paper.heading("Look around first")
    paper.line(("  revtops demo", "key"))
    paper.text("opens this app over simulated systems; nothing of it is kept.", indent=2)
    paper.heading("Write a connector")
    paper.line(("  revtops connectors my_crm --new", "key"))
    paper.text(f"writes one Python file to change, into {shown_path(home / 'connectors')}.", indent=2)
    return paper


def overview(
    width: int,
    entry: Entry,
    runs: Sequence[RunInfo] | None,
    now: dt.datetime,
    job: SyncJob | None = None,
    outcome: Outcome | None = None,
) -> Paper:
    """A connection with its state, a connector that can be added, or one that is broken."""
    paper = Paper(width)
    if entry.reason:
        return _write_broken(paper, entry)
    if entry.connection is None:
        return _write_connector(paper, entry)
    _write_state(paper, entry.connection, now)
    _write_description(paper, entry)
    if job is not None:
        write_progress(paper, job)
    else:
        if outcome is not None:
            write_outcome(paper, outcome)
        elif entry.connection.last_error:
            write_error(paper.blank(), entry.connection.last_error)
        _write_counts(paper, entry, outcome, now)
    _write_runs(paper, runs, now)
    _write_allowed(paper, entry)
    return paper


def _write_broken(paper: Paper, entry: Entry) -> Paper:
    paper.line(("✗ ", "bad"), ("This connector cannot be used", "title")).blank()
    paper.text(entry.reason, "bad")
    return paper.blank().text("Mend its file; it is read again at the next start.", "muted")


def _write_connector(paper: Paper, entry: Entry) -> Paper:
    paper.line(("○ ", "muted"), ("Not connected", "muted"))
    _write_description(paper, entry)
    manifest = entry.manifest or {}
    fields = manifest.get("auth_fields", ())
    if fields:
        paper.heading("It asks for")
        for field in fields:
            star = "" if not field["required"] or field["default"] is not None else " *"
            paper.line(f"  {field['label'] or label_of(field['name'])}{star}")
    if manifest.get("usage_guide"):
        paper.blank().text(manifest["usage_guide"], "muted")
    return paper.blank().line(("enter", "key"), (" connects it", "muted"))


def _write_state(paper: Paper, connection: ConnectionInfo, now: dt.datetime) -> None:
    who = f" as {connection.identity}" if connection.identity else ""
    if connection.status == "connected":
        mark, state = ("● ", "good"), f"Connected{who}"
    elif connection.status == "error":
        mark, state = ("! ", "bad"), f"Needs attention. Connected{who}; enter gives new credentials."
    else:
        mark, state = ("! ", "bad"), "The vendor withdrew access: enter connects again."
    first, *rest = wrap(state, paper.width - 2)
    paper.line(mark, first)
    if rest:
        paper.line(f"  {rest[0]}{'…' if rest[1:] else ''}")
    paper.line((f"  {connection.selector}, {_whose(connection)}", "muted"))
    if connection.base_url:
        paper.line((f"  at {connection.base_url}", "muted"))
    if connection.next_sync_at:
        paper.line((f"  next sync {until(connection.next_sync_at, now)}", "muted"))


def _whose(connection: ConnectionInfo) -> str:
    """Who it was made for: a person whose account it is, or everybody."""
    if connection.user_id:
        return f"{connection.user_id}'s own"
    return f"for everybody in {connection.organization_id}"


def _write_description(paper: Paper, entry: Entry) -> None:
    manifest = entry.manifest
    if manifest is None:
        paper.blank().text("Its connector is not there any more. What it brought is kept.", "bad")
        return
    if manifest["description"]:
        paper.blank().text(manifest["description"])
    can = [_CAN[c] for c in entry.capabilities if c in _CAN]
    if can:
        paper.text(f"It can {', '.join(can)}.", "muted")


def _write_counts(paper: Paper, entry: Entry, outcome: Outcome | None, now: dt.datetime) -> None:
    connection = entry.connection
    if connection is None or not entry.can_sync:
        return
    brought = outcome.result.entities if outcome and outcome.result else {}
    counts = {name: connection.counts.get(name, 0) for name in dict.fromkeys([*connection.counts, *brought])}
    shown = {name: count for name, count in counts.items() if count or told(brought.get(name, {}))}
    if not shown:
        paper.heading("Records", "none yet").line(("  ", ""), ("s", "key"), (" syncs it", "muted"))
        return
    paper.heading("Records", f"synced {ago(connection.last_sync_at, now)}")
    for name, count in shown.items():
        line = f"  {fit(label_of(name), 16)}{fit(number(count), 10, right=True)}   "
        paper.line(line, (told(brought.get(name, {})), "muted"))


def _write_history(paper: Paper, runs: Sequence[RunInfo]) -> None:
    """How many rows the runs brought and how many troubles they had, oldest first, as two lines of blocks."""
    ended = [run for run in reversed(runs) if run.status != "running"]
    if len(ended) < 2:
        return
    from revtops_tui.tui.charts import sparkline

    rows = [_sum(run, ("inserted", "updated", "deleted")) for run in ended]
    wrong = [_sum(run, ("rejected",)) + (run.status not in ("success", "aborted")) for run in ended]
    width = paper.width - 22
    paper.line((f"  {'rows':<8}", "muted"), (sparkline(rows, width), "bar"), (f"  {sum(rows):,}", "muted"))
    if any(wrong):
        paper.line((f"  {'errors':<8}", "muted"), (sparkline(wrong, width), "bad"), (f"  {sum(wrong):,}", "muted"))


def _sum(run: RunInfo, kinds: Sequence[str]) -> int:
    return sum(counts.get(kind, 0) for counts in run.entities.values() for kind in kinds)


def _write_allowed(paper: Paper, entry: Entry) -> None:
    connection = entry.connection
    if connection is not None and connection.granted_scopes:
        paper.heading("Scopes", "what the vendor lets it do")
        paper.text(", ".join(connection.granted_scopes), "muted", indent=2)
        if connection.missing_scopes:
            paper.line(("! ", "bad"), "Not given, though its connector can use them:")
            paper.text(", ".join(connection.missing_scopes), "bad", indent=2)
    elif entry.manifest and (scopes := entry.manifest["oauth_scopes"]):
        paper.heading("Scopes", "what its connector asks for").text(", ".join(scopes), "muted", indent=2)


def _write_runs(paper: Paper, runs: Sequence[RunInfo] | None, now: dt.datetime) -> None:
    if not runs:
        return
    paper.heading("Last runs")
    for run in runs[:_RUNS_SHOWN]:
        mark, tone = mark_of(run.status)
        took = duration(run.seconds) if run.seconds is not None else ""
        told = run.error or run_line(run.entities) or ("running" if run.status == "running" else "nothing new")
        paper.line(
            ("  ", ""),
            (mark, tone),
            (f" {fit(ago(run.started_at, now), 13)}", ""),
            (f"{fit(took, 7, right=True)}  {told}", "muted"),
        )
    _write_history(paper, runs)
