"""`revtops approvals` and `revtops policy`: what waits for somebody to agree, and who has to ask at all."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from connectors.parameters import coerce_text, parse_parameters
from revtops_tui.cli import values
from revtops_tui.cli.console import Console
from revtops_tui.cli.numbers import amount, whole
from revtops_tui.cli.operations import report
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.cli.text import ago, outline
from revtops_tui.engine.catalog import connector_info
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.person import whoever_this_is
from revtops_tui.engine.workspace import Workspace
from store.clock import now

if TYPE_CHECKING:
    from revtops_tui.engine.approvals import ApprovalInfo

_VERBS = ("approve", "reject", "edit")
_ASKERS = ("person", "agent", "api")
_DECISIONS = ("allow", "ask", "deny", "default")


def add_approvals(parser: Parser) -> None:
    parser.teach(
        "Writes and actions that wait for somebody to agree, because an agent or a program asked for them. A request "
        "is carried out once, however many agree to it, and expires when nobody decides. The one who asked is told "
        "what was decided, and why.",
        ("revtops approvals", "what waits"),
        ("revtops approvals 7", "one request with its values"),
        ("revtops approvals 7 approve", "carry it out"),
        ("revtops approvals 7 edit amount=900", "carry it out with another value"),
        ("revtops approvals 7 reject --note 'The customer has left'", "say no, and why"),
        ("revtops approvals --all", "those that were decided, too"),
    )
    parser.add_argument("id", nargs="?", type=whole, metavar="ID", help="which request")
    parser.add_argument("verb", nargs="?", choices=_VERBS, help="what to do with it")
    parser.add_argument("values", nargs="*", metavar="name=value", help="for edit: the values that are others")
    parser.add_argument("--note", metavar="TEXT", help="what to tell the one who asked")
    parser.add_argument("--all", action="store_true", help="list those that do not wait any more, too")
    parser.set_defaults(run=approvals)


def approvals(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import approvals as engine

    if options.id is None:
        return _list(engine.approvals(ws) if options.all else engine.waiting(ws), console)
    if options.verb is None:
        return _show_one(engine.find(ws, options.id), console)
    if bool(options.values) != (options.verb == "edit"):
        raise EngineError("usage", "Values are given to edit a request, and only then.", hint="Such as: amount=900")
    unlock(ws, console)
    who = whoever_this_is()
    if options.verb == "reject":
        engine.reject(ws, options.id, decided_by=who, note=options.note)
        return _show_one(engine.find(ws, options.id), console)
    data = _edited(ws, engine.find(ws, options.id), options.values) if options.values else None
    return report(engine.approve(ws, options.id, decided_by=who, data=data, note=options.note), console)


def _edited(ws: Workspace, asked: ApprovalInfo, given: list[str]) -> dict[str, Any]:
    """What was asked for, with some values read anew."""
    manifest = connector_info(ws, asked.slug).manifest
    operations = manifest["write_operations" if asked.kind == "write" else "actions"]
    parameters = [spec for one in operations if one["name"] == asked.operation for spec in one["parameters"]]
    return {**asked.arguments, **coerce_text(parse_parameters(parameters), values.pairs(given))}


def _list(found: list[ApprovalInfo], console: Console) -> int:
    if console.as_json:
        console.document([asdict(one) for one in found])
        return 0
    if not found:
        console.say("Nothing waits for approval.", "green")
        return 0
    moment = now()
    console.table(
        ("id", "connection", "operation", "asked by", "status", "asked", "reason"),
        [
            (
                one.id,
                one.selector,
                one.operation,
                one.requested_by,
                one.status,
                ago(one.created_at, moment),
                one.reason,
            )
            for one in found
        ],
    )
    return 0


def _show_one(one: ApprovalInfo, console: Console) -> int:
    if console.as_json:
        console.document(asdict(one))
        return 0
    console.heading(f"{one.id}: {one.selector} {one.operation} ({one.kind})")
    shown = {
        "status": one.status,
        "asked by": one.requested_by,
        "reason": one.reason,
        "until": f"{one.expires_at.astimezone():%Y-%m-%d %H:%M}" if one.status == "waiting" else None,
        "decided by": one.decided_by,
        "note": one.note,
        "ledger entry": one.ledger_id,
        "arguments": one.arguments,
    }
    for line in outline({name: value for name, value in shown.items() if value is not None}):
        console.line(line)
    return 0


def add_policy(parser: Parser) -> None:
    parser.teach(
        "Who may do what without being asked. Unless something else is set, a person may do everything; agents and "
        "programs that use the API may look, and have to ask for writes and actions. A policy of one operation goes "
        "before that of all (`all`).",
        ("revtops policy", "the policies that were set"),
        ("revtops policy hubspot", "what holds for each of its operations"),
        ("revtops policy hubspot create_note allow", "agents may write notes without asking"),
        ("revtops policy hubspot all deny --for api", "no program may change anything over the API"),
        ("revtops policy hubspot create_note default", "as if nothing had been set"),
        ("revtops policy --expire 48", "requests wait two days for somebody to decide"),
    )
    parser.add_argument("connection", nargs="?", metavar="SLUG", help="which connection")
    parser.add_argument("operation", nargs="?", metavar="OPERATION", help="which operation, or `all`")
    parser.add_argument("decision", nargs="?", choices=_DECISIONS, help="what is to hold")
    parser.add_argument("--for", dest="asker", choices=_ASKERS, default="agent", help="whom it is for (agent)")
    parser.add_argument("--expire", type=amount, metavar="HOURS", help="how long requests wait; 24 by default")
    parser.set_defaults(run=policy)


def policy(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import approvals as engine

    if options.expire is not None:
        engine.set_patience(ws, options.expire)
    if options.operation is not None:
        if options.decision is None:
            raise EngineError("usage", "What is to hold for it?", hint=f"One of {', '.join(_DECISIONS)}.")
        operation = "*" if options.operation == "all" else options.operation
        decision = None if options.decision == "default" else options.decision
        engine.set_policy(ws, options.connection, operation, options.asker, decision)
    return _show_policies(ws, options.connection, console)


def _show_policies(ws: Workspace, selector: str | None, console: Console) -> int:
    from revtops_tui.engine import approvals as engine

    if selector is None:
        return _show_set(ws, console)
    found = engine.table(ws, selector)
    if console.as_json:
        console.document([{"operation": name, **decisions} for name, decisions in found.items()])
        return 0
    console.table(("operation", *_ASKERS), [(name, *(of[asker] for asker in _ASKERS)) for name, of in found.items()])
    return 0


def _show_set(ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import approvals as engine

    found = engine.policies(ws)
    if console.as_json:
        console.document([asdict(one) for one in found])
    elif found:
        rows = [(p.selector, "all" if p.operation == "*" else p.operation, p.requested_by, p.decision) for p in found]
        console.table(("connection", "operation", "for", "decision"), rows)
    else:
        console.say("No policy was set: the defaults hold.")
    if not console.as_json:
        console.say(f"Requests wait {engine.patience(ws):g} h for somebody to decide.", "dim")
    return 0


COMMANDS = {"approvals": add_approvals, "policy": add_policy}
