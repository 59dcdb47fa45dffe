"""`revtops rejected`: the records that were set aside, and why; retrying them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

from revtops_tui.cli.console import Console
from revtops_tui.cli.numbers import whole
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.text import ago
from revtops_tui.engine import rejected as engine
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.words import plural
from store.clock import now

_PARTIAL = 3


def add_rejected(parser: Parser) -> None:
    parser.teach(
        "Records that could not be stored are set aside, each with its reason, and stop no sync. Mend the cause (the "
        "connector, or the record at the vendor), then retry them or sync again.",
        ("revtops rejected", "all of them"),
        ("revtops rejected hubspot --json", "one connection's, with their payloads"),
        ("revtops rejected --retry", "try to store all of them again"),
        ("revtops rejected --retry 12 15", "only these"),
        ("revtops rejected --ignore 12", "forget it; a full sync brings what the vendor still has again"),
    )
    parser.add_argument("connection", nargs="?", metavar="SLUG", help="only those of this connection")
    parser.add_argument("--retry", nargs="*", type=whole, metavar="ID", help="store them again: all, or those named")
    parser.add_argument("--ignore", nargs="+", type=whole, metavar="ID", help="forget these")
    parser.set_defaults(run=rejected)


def rejected(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.ignore:
        return _ignore(options, ws, console)
    if options.retry is not None:
        return _retry(options, ws, console)
    found = engine.rejected(ws, options.connection)
    if console.as_json:
        console.document([asdict(one) for one in found])
        return 0
    if not found:
        console.say("No records were rejected.", "green")
        return 0
    moment = now()
    console.table(
        ("id", "connection", "entity", "record", "field", "reason", "when"),
        [(r.id, r.selector, r.entity, r.source_id, r.field, r.reason, ago(r.created_at, moment)) for r in found],
    )
    return 0


def _ignore(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.retry is not None or options.connection:
        raise EngineError(
            "usage", "--ignore stands alone, with the IDs of records.", hint="revtops rejected lists them."
        )
    forgotten = engine.ignore_rejected(ws, options.ignore)
    unknown = _unknown(options.ignore, forgotten)
    if console.as_json:
        console.document({"ignored": forgotten})
    else:
        console.line(f"{plural(forgotten, 'rejected record')} forgotten.")
    return _partial(unknown, console)


def _retry(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.retry and options.connection:
        raise EngineError("usage", "Give a connection or IDs, not both.")
    stored, remaining = engine.retry_rejected(ws, options.retry or None, options.connection)
    unknown = _unknown(options.retry, stored + remaining) if options.retry else 0
    if console.as_json:
        console.document({"stored": stored, "rejected": remaining})
    else:
        console.line(f"{plural(stored, 'record')} stored, {remaining:,} still rejected.")
    return _partial(unknown, console) or (_PARTIAL if remaining else 0)


def _unknown(ids: Sequence[int], known: int) -> int:
    """How many of the IDs there are not. Raises EngineError where there is none of them: nothing was done then."""
    if not known:
        listed = " or ".join(map(str, ids))
        raise EngineError("usage", f"There is no rejected record {listed}.", hint="revtops rejected lists them.")
    return len(set(ids)) - known


def _partial(unknown: int, console: Console) -> int:
    if unknown:
        console.say(f"{plural(unknown, 'ID')} not among the rejected records.", "yellow")
    return _PARTIAL if unknown else 0


COMMANDS = {"rejected": add_rejected}
