"""`revtops events`: the inbox of what vendors told us by themselves; handling something again; trying it out."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

from revtops_tui.cli.console import Console
from revtops_tui.cli.numbers import count
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.cli.text import ago, outline
from revtops_tui.engine import inbox
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.inbox import EventInfo
from revtops_tui.engine.workspace import Workspace
from store.clock import now

_PARTIAL = 3
_REPLAY, _SIMULATE = "replay", "simulate"


def add_events(parser: Parser) -> None:
    parser.teach(
        "What vendors told us by themselves, by webhook or feed. Each event is stored before its sender is answered, "
        "and handled afterwards: again and again where that fails, until it is set aside. Replay handles it anew, "
        "whatever became of it.",
        ("revtops events", "the newest"),
        ("revtops events --status set_aside", "those that nobody tries any more"),
        ("revtops events 12", "one of them, with its payload"),
        ("revtops events 12 15 replay", "handle these again"),
        ("revtops events replay --status set_aside", "handle all of them again"),
        ("revtops events simulate linear issue_updated", "a signed sample, taken and handled like any other"),
    )
    parser.add_argument("what", nargs="*", metavar="ID", help="events, then `replay`; or `simulate SLUG TYPE`")
    parser.add_argument("--connection", metavar="SLUG", help="only those of this connection")
    parser.add_argument("--status", choices=inbox.STATUSES, help="only those of this status")
    parser.add_argument("--limit", type=count, default=50, metavar="N", help="how many at most (50)")
    parser.add_argument("--record", metavar="ID", help="for simulate: the vendor's id of the record that it is about")
    parser.set_defaults(run=events)


def events(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.what[:1] == [_SIMULATE]:
        return _simulate(options, ws, console)
    replay = _REPLAY in options.what
    named = [_identifier(word) for word in options.what if word != _REPLAY]
    if replay:
        return _replay(named or [one.id for one in _listed(options, ws)], ws, console)
    if named:
        return _show([inbox.event(ws, one) for one in named], console)
    return _list(_listed(options, ws), console)


def _listed(options: Namespace, ws: Workspace) -> list[EventInfo]:
    return inbox.events(ws, options.connection, status=options.status, limit=options.limit)


def _identifier(word: str) -> int:
    if not word.isdecimal():
        raise EngineError("usage", f"{word} is no event's ID.", hint="revtops events --help")
    return int(word)


def _simulate(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import samples

    if len(options.what) != 3:
        raise EngineError("usage", "Which connection, and which event?", hint="revtops events simulate SLUG TYPE")
    _, selector, event_type = options.what
    unlock(ws, console)
    return _report(samples.simulate(ws, selector, event_type, record_id=options.record), console)


def _replay(ids: Sequence[int], ws: Workspace, console: Console) -> int:
    unlock(ws, console)
    return _report(inbox.replay(ws, ids), console)


def _report(found: Sequence[EventInfo], console: Console) -> int:
    """The events as they are after they were tried; the exit code says whether all were handled."""
    _list(found, console)
    failed = [one for one in found if one.error]
    for one in failed:
        console.say(f"{one.id}: {one.error}", "red")
    if any(one.status == "waiting" for one in found):
        console.say("The process that listens handles what is waiting.", "dim")
    if not failed:
        return 0
    return 1 if len(failed) == len(found) else _PARTIAL


def _list(found: Sequence[EventInfo], console: Console) -> int:
    if console.as_json:
        console.document([asdict(one) for one in found])
        return 0
    if not found:
        console.say("There are no such events.")
        return 0
    moment = now()
    console.table(
        ("id", "connection", "event", "status", "came", "tries", "again at", "error"),
        [
            (e.id, e.connection, e.type, e.status, ago(e.received_at, moment), e.attempts, _again(e), e.error or "")
            for e in found
        ],
    )
    return 0


def _again(event: EventInfo) -> str:
    if event.status != "failed" or event.next_attempt_at is None:
        return ""
    return f"{event.next_attempt_at.astimezone():%H:%M:%S}"


def _show(found: Sequence[EventInfo], console: Console) -> int:
    if console.as_json:
        console.document([asdict(one) for one in found])
        return 0
    for one in found:
        for line in outline(asdict(one)):
            console.line(line)
    return 0


COMMANDS = {"events": add_events}
