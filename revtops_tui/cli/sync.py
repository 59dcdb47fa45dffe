"""`revtops sync`: progress on stderr, the summary on stdout, Ctrl-C that keeps what was committed."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from revtops_tui.cli import prompts
from revtops_tui.cli.console import Console
from revtops_tui.cli.interrupt import run_cancellable
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.cli.progress import view
from revtops_tui.cli.when import moment
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.sync import RunResult, SyncOptions
from revtops_tui.engine.sync import sync as sync_connections
from revtops_tui.engine.workspace import Workspace
from revtops_tui.words import duration

_COUNTS = ("inserted", "updated", "unchanged", "deleted", "rejected")
_CANCELLED = 130
_PARTIAL = 3


def add_sync(parser: Parser) -> None:
    parser.teach(
        "Bring new and changed records into the local database. A run goes on where the last one stopped; Ctrl-C "
        "stops it in an orderly way and keeps what was committed.",
        ("revtops sync", "everything that is connected"),
        ("revtops sync hubspot --entity deals", "one entity of one connection"),
        ("revtops sync hubspot --full", "fetch everything again, and notice what was deleted"),
        ("revtops sync hubspot --since 7d", "what changed in the last week"),
        ("revtops sync --json | jq '.runs[] | {slug, status}'", "for scripts"),
    )
    parser.add_argument("connections", nargs="*", metavar="SLUG", help="which connections; all of them without one")
    parser.add_argument("--full", action="store_true", help="fetch everything, and mark what is gone as deleted")
    parser.add_argument("--since", type=moment, metavar="WHEN", help="a date, a time, 12h, 7d, today or yesterday")
    parser.add_argument("--entity", action="append", default=[], metavar="NAME", help="only this entity; repeat it")
    parser.add_argument("--record", action="store_true", help="keep each HTTP exchange, for `revtops traffic`")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    parser.add_argument(
        "--allow-deletes", action="store_true", help="accept that more than half of an entity is marked deleted"
    )
    parser.set_defaults(run=sync)


def sync(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.full and options.since:
        raise EngineError("usage", "--full and --since contradict each other.", hint="Give one of them.")
    wanted = SyncOptions(
        full=options.full,
        since=options.since,
        entities=tuple(options.entity),
        dry_run=options.dry_run,
        allow_deletes=options.allow_deletes,
    )
    ws.records = options.record  # a first load would cost a fifth more CPU with it
    unlock(ws, console)
    results = _run(ws, options.connections, wanted, console)
    results = _ask_about_deletes(ws, results, wanted, console)
    _show(results, options, console)
    return exit_code(results)


def _run(ws: Workspace, selectors: Sequence[str], options: SyncOptions, console: Console) -> list[RunResult]:
    progress = view(console)
    try:
        return run_cancellable(
            lambda cancel: sync_connections(
                ws,
                selectors,
                options,
                on_progress=progress.update,
                on_exchange=console.exchange if console.verbose else None,
                cancel=cancel,
            ),
            progress.draw,
        )
    finally:
        progress.close()


def _ask_about_deletes(
    ws: Workspace, results: list[RunResult], options: SyncOptions, console: Console
) -> list[RunResult]:
    """Where a full run withheld deletes because they were so many: ask, and run those again."""
    final = []
    for result in results:
        if result.error_kind == "sweep_refused" and console.interactive:
            console.say(f"{result.selector}: {result.error}", "yellow")
            if prompts.confirm("Were they deleted there, and should they be marked deleted here?"):
                final += _run(ws, [result.selector], replace(options, full=True, allow_deletes=True), console)
                continue
        final.append(result)
    return final


def exit_code(results: Sequence[RunResult]) -> int:
    """The worst of the results, in one number; several kinds of failure make a plain 1."""
    codes = {_code(result) for result in results} - {0}
    if _CANCELLED in codes:
        return _CANCELLED
    failures = codes - {_PARTIAL}
    if failures:
        return failures.pop() if len(failures) == 1 else 1
    return _PARTIAL if codes else 0


def _code(result: RunResult) -> int:
    if result.status == "failed":
        return EngineError(result.error_kind or "", result.error or "").exit_code
    return {"success": 0, "partial": _PARTIAL, "aborted": _CANCELLED}.get(result.status, 1)


# -- the summary -------------------------------------------------------------------------------------------------------


def _show(results: Sequence[RunResult], options: Namespace, console: Console) -> None:
    if console.as_json:
        console.document({"runs": [document(result) for result in results]})
        return
    rows = [
        (result.selector, entity, *(f"{counts[name]:,}" for name in _COUNTS))
        for result in results
        for entity, counts in result.entities.items()
    ]
    if rows:
        console.table(("connection", "entity", *_COUNTS), rows)
    for result in results:
        _remark(result, options, console)


def _remark(result: RunResult, options: Namespace, console: Console) -> None:
    style = {"success": "green", "partial": "yellow"}.get(result.status, "red")
    rehearsed = ", nothing was stored" if options.dry_run else ""
    console.say(f"{result.selector}: {result.status} in {duration(result.seconds)}{rehearsed}", style)
    for text in (result.error, result.hint):
        if text:
            console.say(f"  {text}")
    if any(counts["rejected"] for counts in result.entities.values()):
        console.say(f"  Why records were rejected: revtops rejected {result.selector}", "dim")


def document(result: RunResult) -> dict[str, Any]:
    """A run as `--json` shows it."""
    return asdict(result)


COMMANDS = {"sync": add_sync}
