"""`revtops org`: whose data is seen."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.engine import organizations as engine
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace


def add_org(parser: Parser) -> None:
    parser.teach(
        "Organizations keep data apart: connections, records and queries belong to one, and see no other. --org NAME "
        "or REVTOPS_ORG chooses one for a single command.",
        ("revtops org list", "all of them"),
        ("revtops org create acme", "a new one"),
        ("revtops org use acme", "the one for every command from now on"),
    )
    parser.add_argument("verb", nargs="?", choices=("list", "create", "use"), default="list", help="list by default")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the organization")
    parser.set_defaults(run=org)


def org(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.verb == "list":
        return _list(ws, console)
    if options.name is None:
        raise EngineError("usage", f"Which organization to {options.verb}?", hint=f"revtops org {options.verb} NAME")
    change = engine.create_organization if options.verb == "create" else engine.use_organization
    changed = change(ws, options.name)
    if console.as_json:
        console.document(asdict(changed))
    elif options.verb == "create":
        console.line(f"Created {changed.id}.")
        console.say(f"Make it the current one: revtops org use {changed.id}", "dim")
    else:
        console.line(f"{changed.id} is the current organization now.")
    return 0


def _list(ws: Workspace, console: Console) -> int:
    found = engine.organizations(ws)
    if console.as_json:
        console.document([asdict(one) for one in found])
    elif not found:
        console.say("There is no organization yet: the first connection makes one, or: revtops org create NAME")
    else:
        console.table(
            ("organization", "current", "connections"),
            [(one.id, "yes" if one.current else "", one.connections) for one in found],
        )
    return 0


COMMANDS = {"org": add_org}
