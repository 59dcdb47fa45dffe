"""`revtops ledger` and `revtops undo`: what was sent, for whom, how it ended; and taking a change back."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from revtops_tui.cli import prompts
from revtops_tui.cli.console import Console
from revtops_tui.cli.numbers import count, whole
from revtops_tui.cli.operations import report
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.cli.previews import show_changes, show_preview
from revtops_tui.cli.text import ago, outline
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from store.clock import now

if TYPE_CHECKING:
    from revtops_tui.engine.ledger import LedgerInfo

_STATUSES = ("ok", "failed", "unknown")


def add_ledger(parser: Parser) -> None:
    parser.teach(
        "Every write and every action, the newest first: who asked, with which values, and how it ended. An entry is "
        "there before anything is sent; one that stays unknown was under way when its process ended, or got no answer.",
        ("revtops ledger", "the newest"),
        ("revtops ledger hubspot --search renewal", "one connection's, with this word anywhere in it"),
        ("revtops ledger --status unknown", "those to check in the other system"),
        ("revtops ledger 12", "one entry with all there is to it"),
    )
    parser.add_argument("which", nargs="?", metavar="SLUG|ID", help="only this connection's, or this one entry")
    parser.add_argument("--search", default="", metavar="WORDS", help="only those with all these words in them")
    parser.add_argument("--status", choices=_STATUSES, help="only those that ended like this")
    parser.add_argument("--before", type=whole, metavar="ID", help="only those older than this entry")
    parser.add_argument("--limit", type=count, default=50, metavar="N", help="how many at most (50)")
    parser.set_defaults(run=show_ledger)


def show_ledger(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import ledger as engine

    if (options.which or "").isdecimal():
        return _show_one(engine.entry(ws, int(options.which)), console)
    found = engine.entries(
        ws,
        options.which,
        search=options.search,
        status=options.status,
        older_than=options.before,
        limit=options.limit,
    )
    if console.as_json:
        console.document([_document(one) for one in found])
        return 0
    if not found:
        console.say("The ledger has no such entry." if options.search or options.which else "The ledger is empty.")
        return 0
    moment = now()
    console.table(
        ("id", "connection", "operation", "record", "asked by", "status", "seconds", "when"),
        [
            (
                one.id,
                one.selector,
                one.operation,
                one.vendor_id or one.arguments.get("id"),
                one.requested_by,
                _status(one),
                None if one.seconds is None else f"{one.seconds:.2f}",
                ago(one.created_at, moment),
            )
            for one in found
        ],
    )
    return 0


def _status(one: LedgerInfo) -> str:
    if one.undone_by:
        return f"{one.status}, undone by {one.undone_by}"
    return f"{one.status}, undoes {one.undoes}" if one.undoes else one.status


def _show_one(one: LedgerInfo, console: Console) -> int:
    if console.as_json:
        console.document(_document(one))
        return 0
    console.heading(f"{one.id}: {one.selector} {one.operation} ({one.kind})")
    shown = {
        "status": _status(one),
        "asked by": one.requested_by,
        "at": f"{one.created_at.astimezone():%Y-%m-%d %H:%M:%S}",
        "seconds": one.seconds,
        "record": one.vendor_id,
        "url": one.url,
        "error": one.error,
        "arguments": one.arguments,
        "before": one.before,
        "answer": one.result,
    }
    for line in outline({name: value for name, value in shown.items() if value is not None}):
        console.line(line)
    if one.status == "unknown":
        console.say(f"Look in {one.selector} whether it happened before you send it again.", "yellow")
    return 0


def _document(one: LedgerInfo) -> dict[str, Any]:
    return {**asdict(one), "seconds": one.seconds}


def add_undo(parser: Parser) -> None:
    parser.teach(
        "Take a change back: what the record was before is written to it again. It shows what that would change and "
        "asks first, and is in the ledger itself. It works where the ledger knows what was there before.",
        ("revtops undo 12", "shows what would change, and asks"),
        ("revtops undo 12 --dry-run", "shows it, and changes nothing"),
        ("revtops undo 12 --yes", "for scripts"),
    )
    parser.add_argument("id", type=whole, metavar="ID", help="the entry of the ledger")
    parser.add_argument("--yes", action="store_true", help="do it without asking")
    parser.add_argument("--dry-run", action="store_true", help="show what would be sent, and send nothing")
    parser.set_defaults(run=undo)


def undo(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import ledger as engine

    unlock(ws, console)
    if options.dry_run:
        return show_preview(engine.undo_preview(ws, options.id), console)
    if not options.yes:
        if not console.interactive:
            engine.entry(ws, options.id)  # one that is not there needs nobody to agree
            raise EngineError("usage", "A change is taken back only when somebody agrees.", hint="Add --yes to do it.")
        show_changes(engine.undo_preview(ws, options.id), console)
        if not prompts.confirm("Write this back?"):
            raise EngineError("cancelled", "Nothing was sent.")
    return report(engine.undo(ws, options.id), console)


COMMANDS = {"ledger": add_ledger, "undo": add_undo}
