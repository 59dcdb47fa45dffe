"""`revtops write` and `revtops action`: changes in connected systems, checked against what their connector declares."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import ConnectorError
from connectors.parameters import coerce_text, parse_parameters, validate_arguments
from revtops_tui.cli import prompts, values
from revtops_tui.cli.connectors import show_operation
from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.cli.previews import show_preview
from revtops_tui.cli.text import outline
from revtops_tui.engine.catalog import connector_info
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from revtops_tui.engine.operations import OperationResult

_NOT_YET = 3
_DECLARED = {"write": "write_operations", "action": "actions"}
_OTHER = {"write": "action", "action": "write"}
_PLURAL = {"write": "writes", "action": "actions"}


def add_write(parser: Parser) -> None:
    parser.teach(
        "Create or change a record in a connected system. The values are checked against the operation's declaration "
        "before anything is sent. Without an operation: the ones there are.",
        ("revtops write hubspot", "the operations there are"),
        ("revtops write hubspot update_deal --help", "what one of them takes"),
        ("revtops write hubspot update_deal id=42 amount=1200", "values are read by their declared type"),
        ("revtops write hubspot update_deal id=42 amount=1200 --dry-run", "what would be sent, and what would change"),
        ("""revtops write hubspot update_deal --data '{"id": "42"}'""", "the same as JSON; - reads it from stdin"),
    )
    _add_operation(parser, "operation", "which operation")
    parser.set_defaults(run=write)


def add_action(parser: Parser) -> None:
    parser.teach(
        "Have a connected system do something, such as sending a message. It is sent once and never again by itself; "
        "when no answer comes, the outcome is reported as unknown. Without an action: the ones there are.",
        ("revtops action slack", "the actions there are"),
        ("revtops action slack send_message --help", "what one of them takes"),
        ("revtops action slack send_message channel=#sales text='Deal closed!'", "asks before it is sent"),
        ("revtops action slack send_message channel=#sales text=Hello --yes", "for scripts"),
    )
    _add_operation(parser, "action", "which action")
    parser.add_argument("--yes", action="store_true", help="send it without asking")
    parser.set_defaults(run=action)


def _add_operation(parser: Parser, name: str, meaning: str) -> None:
    parser.leave_help_to_command()
    parser.add_argument("connection", nargs="?", metavar="SLUG", help="which connection: its slug, or slug:name")
    parser.add_argument(name, nargs="?", metavar=name.upper(), help=meaning)
    parser.add_argument("values", nargs="*", metavar="name=value", help="its parameters")
    parser.add_argument("--data", metavar="JSON", help="its parameters as a JSON object; - reads it from stdin")
    parser.add_argument("--dry-run", action="store_true", help="show what would be sent, and send nothing")
    parser.set_defaults(parser=parser)


def write(options: Namespace, ws: Workspace, console: Console) -> int:
    operation = _chosen("write", options.operation, options, ws, console)
    if operation is None:
        return 0
    from revtops_tui.engine import operations

    data = _checked(operation, options)
    unlock(ws, console)
    if options.dry_run:
        return _preview(options, ws, console, "write", operation["name"], data)
    return report(operations.write(ws, options.connection, operation["name"], data), console)


def action(options: Namespace, ws: Workspace, console: Console) -> int:
    operation = _chosen("action", options.action, options, ws, console)
    if operation is None:
        return 0
    from revtops_tui.engine import operations

    data = _checked(operation, options)
    if options.dry_run:
        unlock(ws, console)
        return _preview(options, ws, console, "action", operation["name"], data)
    if not options.yes and not operation["read_only"]:
        _ask_once(options, operation["name"], data, console)
    unlock(ws, console)
    return report(operations.action(ws, options.connection, operation["name"], data), console)


def _ask_once(options: Namespace, name: str, data: Mapping[str, Any], console: Console) -> None:
    if not console.interactive:
        raise EngineError("usage", "An action is sent only when somebody agrees.", hint="Add --yes to send it.")
    console.say(f"{options.connection}: {name}")
    for line in outline(data, 1):
        console.say(line)
    if not prompts.confirm("Send this once?"):
        raise EngineError("cancelled", "Nothing was sent.")


# -- which operation, with which values --------------------------------------------------------------------------------


def _chosen(
    verb: str, name: str | None, options: Namespace, ws: Workspace, console: Console
) -> Mapping[str, Any] | None:
    """The declared operation; None when it was enough to tell about it."""
    if options.connection is None:
        _explain(options, verb)
        return None
    slug = options.connection.partition(":")[0]
    declared: Sequence[Mapping[str, Any]] = connector_info(ws, slug).manifest[_DECLARED[verb]]
    if name is None:
        _list(verb, slug, declared, console)
        return None
    found = next((one for one in declared if one["name"] == name), None)
    if found is None:
        raise EngineError("usage", f"{slug} has no {verb} {name}.", hint=_meant(verb, name, slug, ws))
    if options.help:
        if console.as_json:
            console.document(found)
        else:
            show_operation(verb, slug, found, console)
        return None
    return found


def _meant(verb: str, name: str, slug: str, ws: Workspace) -> str:
    """Where to look for an operation that is not there: under the other verb, or among those of this one."""
    manifest = connector_info(ws, slug).manifest
    names, others = ([one["name"] for one in manifest[_DECLARED[each]]] for each in (verb, _OTHER[verb]))
    if name in others:
        return f"revtops {_OTHER[verb]} {slug} {name}"
    return did_you_mean(name, names) or (f"There are: {', '.join(names)}." if names else _elsewhere(slug))


def _elsewhere(slug: str) -> str:
    return f"What it can do: revtops connectors {slug}"


def _explain(options: Namespace, verb: str) -> None:
    if not options.help:
        raise EngineError("usage", f"Which connection, and which {verb}?", hint=f"revtops {verb} --help")
    options.parser.print_help()


def _list(verb: str, slug: str, declared: Sequence[Mapping[str, Any]], console: Console) -> None:
    if console.as_json:
        console.document(declared)
        return
    if not declared:
        console.say(f"{slug} declares no {_PLURAL[verb]}. {_elsewhere(slug)}")
    for position, one in enumerate(declared):
        if position:
            console.line()
        show_operation(verb, slug, one, console)


def _checked(operation: Mapping[str, Any], options: Namespace) -> dict[str, Any]:
    """The values, read and validated: nobody is asked about, and nothing is opened for, what cannot be sent."""
    if options.data is not None and options.values:
        raise EngineError("usage", "Give the values as name=value or with --data, not both.")
    try:
        parameters = parse_parameters(operation["parameters"])
        if options.data is not None:
            return validate_arguments(parameters, values.read_object(options.data, "--data"))
        return validate_arguments(parameters, coerce_text(parameters, values.pairs(options.values)))
    except ConnectorError as error:
        raise people(error) from error


# -- what came of it ---------------------------------------------------------------------------------------------------


def report(outcome: OperationResult, console: Console) -> int:
    """Tell how a write or an action ended; returns the exit code."""
    if console.as_json:
        console.document(
            {
                "status": outcome.status,
                "result": outcome.result,
                "error": outcome.error.document()["error"] if outcome.error else None,
                "ledger_id": outcome.ledger_id,
                "approval_id": outcome.approval_id,
                "id": outcome.vendor_id,
                "url": outcome.url,
            }
        )
    else:
        for line in outline(outcome.result or {}):
            console.line(line)
        if outcome.error:
            console.failure(outcome.error)
        console.say(_standing(outcome), "dim")
    if outcome.status == "waiting":
        return _NOT_YET
    return outcome.error.exit_code if outcome.error else 0


def _standing(outcome: OperationResult) -> str:
    if outcome.status == "waiting":
        return f"waiting for approval: revtops approvals {outcome.approval_id}"
    return f"{outcome.status} (ledger entry {outcome.ledger_id})" if outcome.ledger_id else outcome.status


def _preview(options: Namespace, ws: Workspace, console: Console, kind: str, name: str, data: Mapping[str, Any]) -> int:
    from revtops_tui.engine.preview import preview

    return show_preview(preview(ws, options.connection, kind, name, data), console)


COMMANDS = {"write": add_write, "action": add_action}
