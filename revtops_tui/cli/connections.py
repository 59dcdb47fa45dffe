"""`revtops connect`, `connections`, `test`, `rename` and `disconnect`."""

from __future__ import annotations

import datetime as dt
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from connectors.oauth import TOKEN_FIELDS
from connectors.parameters import Parameter, coerce_text, parse_auth_fields
from connectors.registry import AuthField
from revtops_tui.cli import sign_in, values
from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import offer_encrypted_file, unlock
from revtops_tui.cli.text import ago
from revtops_tui.engine import connections as engine
from revtops_tui.engine.builtin import connect_builtin
from revtops_tui.engine.catalog import connector_info
from revtops_tui.engine.connections import ConnectionInfo, Proof
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace
from revtops_tui.words import plural, until
from store.clock import now
from store.connections import DEFAULT_NAME

NANGO = "nango"
"""The way to connect by which a broker keeps the grant."""

# -- connect -----------------------------------------------------------------------------------------------------------


def add_connect(parser: Parser) -> None:
    parser.teach(
        "Connect a system: its credentials are tried, then kept in this machine's keyring. What --set and --stdin "
        "leave out is asked for. Secrets are never arguments: other users of the machine could read those.",
        ("revtops connect hubspot", "asks for the access token"),
        ("revtops connect customer_postgres --set host=db.local --set database=crm", "asks for the rest"),
        ("pass show hubspot | jq -R '{access_token: .}' | revtops connect hubspot --stdin", "from a password manager"),
        ("revtops connect twilio", "built in: takes TWILIO_… from the environment, and asks for what is not there"),
        ("revtops connect hubspot --sign-in browser", "with an app of your own; the page on signing in shows how"),
        ("revtops connect hubspot:emea", "a second one, told apart by a name of your own"),
    )
    parser.add_argument("connector", metavar="SLUG", help="which connector, or slug:name")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a field that is not secret; repeat it"
    )
    parser.add_argument("--stdin", action="store_true", help="read fields from stdin, as a JSON object")
    parser.add_argument("--base-url", metavar="URL", help="another address than the vendor's: self-hosted, a simulator")
    parser.add_argument(
        "--name", default=DEFAULT_NAME, help="a name of your own, for a second connection of a connector"
    )
    sign_in.add_options(parser)
    parser.add_argument(
        "--nango", action="store_true", help="sign in through Nango, which keeps the grant (REVTOPS_NANGO_SECRET_KEY)"
    )
    parser.set_defaults(run=connect)


def connect(options: Namespace, ws: Workspace, console: Console) -> int:
    _read_name(options)
    described = connector_info(ws, options.connector).manifest
    fields = parse_auth_fields([AuthField(**field) for field in described["auth_fields"]])
    unlock(ws, console)
    info = _one_click(options, ws, console) if described["builtin"] else None
    if info is None:
        way = NANGO if options.nango else sign_in.choose(options, ws, described, console)
        attempt = _with_fields if way == sign_in.TOKEN else _signing_in
        info = attempt(options, ws, way, described, fields, console)
    if console.as_json:
        console.document(document(info))
    else:
        console.line(f"Connected {info.selector}{_identity(info.identity)}")
        _say_proof(info.proof, console)
        if "sync" in described["capabilities"]:
            console.say(f"Bring its data here: revtops sync {info.selector}", "dim")
    return 0


def _read_name(options: Namespace) -> None:
    """`slug:name` names a connection as it does everywhere else. Raises EngineError where --name says otherwise."""
    options.connector, _, name = options.connector.partition(":")
    if name and options.name not in (DEFAULT_NAME, name):
        raise EngineError("usage", f"The connection is called {name} and {options.name}.", hint="Leave --name out.")
    options.name = name or options.name


def _with_fields(
    options: Namespace,
    ws: Workspace,
    _way: str,
    described: Mapping[str, Any],
    fields: Sequence[Parameter],
    console: Console,
) -> ConnectionInfo:
    given = _given(options, fields, console)
    _trying(described, console)
    return _connect(ws, console, partial(engine.connect, ws, options.connector, given, **_where(options)))


def _signing_in(
    options: Namespace,
    ws: Workspace,
    way: str,
    described: Mapping[str, Any],
    fields: Sequence[Parameter],
    console: Console,
) -> ConnectionInfo:
    """Connect with a sign-in; a connection that is there keeps its address and its other fields."""
    existing = _existing(ws, options)
    base_url = options.base_url or (existing.base_url if existing else None)
    # The vendor gives the token, and the app is asked for with its guide.
    others = [field for field in fields if field.name not in (*TOKEN_FIELDS, "client_secret")]
    app_fields = [Parameter("client_id"), Parameter("client_secret", type="password")]
    given = _from_options(options, [*others, *app_fields])
    if way == NANGO:
        from revtops_tui.cli import nango

        signed_in = nango.sign_in(ws, options.connector, options.name, console)
    else:
        signed_in = sign_in.sign_in(options, ws, way, described, given, base_url, console)
    if console.interactive and not options.stdin and not existing:
        given |= values.ask_for([field for field in others if field.name not in given], console)
    _trying(described, console)
    return _connect(
        ws,
        console,
        partial(
            engine.connect, ws, options.connector, given, name=options.name, base_url=base_url, signed_in=signed_in
        ),
    )


def _existing(ws: Workspace, options: Namespace) -> ConnectionInfo | None:
    mine = (one for one in engine.connections(ws) if (one.slug, one.name) == (options.connector, options.name))
    return next(mine, None)


def _trying(described: Mapping[str, Any], console: Console) -> None:
    if console.interactive:
        console.say(f"Trying {described['name']}…", "dim")


def _say_proof(proof: Proof | None, console: Console) -> None:
    """What the vendor said besides whose the credentials are."""
    if proof and proof.scopes:
        console.say(f"Scopes: {', '.join(proof.scopes)}", "dim")
    if proof and proof.missing:
        console.say(f"Scopes that were not given: {', '.join(proof.missing)}", "yellow")
    if proof and proof.limits:
        console.say(f"Limits: {proof.limits}", "dim")


def _one_click(options: Namespace, ws: Workspace, console: Console) -> ConnectionInfo | None:
    """Connect a built-in connector with what the machine has; None where fields are given or have to be asked for."""
    if options.set or options.stdin or options.name != DEFAULT_NAME:
        return None
    try:
        return _connect(ws, console, partial(connect_builtin, ws, options.connector, base_url=options.base_url))
    except EngineError as error:
        if not console.interactive:
            raise
        console.say(error.message, "yellow")
        return None


def _connect(ws: Workspace, console: Console, attempt: Callable[[], ConnectionInfo]) -> ConnectionInfo:
    try:
        return attempt()
    except EngineError as error:
        if not offer_encrypted_file(ws, console, error):
            raise
        return attempt()


def _where(options: Namespace) -> dict[str, Any]:
    return {"name": options.name, "base_url": options.base_url}


def _from_options(options: Namespace, fields: Sequence[Parameter]) -> dict[str, Any]:
    given = _from_arguments(options.set, fields)
    if options.stdin:
        piped = values.read_object("-", "What came on stdin")
        if doubled := sorted(piped.keys() & given.keys()):
            raise EngineError("usage", f"{', '.join(doubled)} came with --set and on stdin.")
        given |= piped
    return given


def _given(options: Namespace, fields: Sequence[Parameter], console: Console) -> dict[str, Any]:
    given = _from_options(options, fields)
    open_fields = [field for field in fields if field.name not in given]
    if not options.stdin and console.interactive:
        return given | values.ask_for(open_fields, console)
    if missing := [field for field in open_fields if field.required and field.default is None]:
        raise EngineError("usage", f"Not given: {', '.join(f.name for f in missing)}.", hint=_how_to_give(missing))
    return given


def _from_arguments(texts: Sequence[str], fields: Sequence[Parameter]) -> dict[str, Any]:
    given = values.pairs(texts)
    for field in fields:
        if field.secret and field.name in given:
            raise EngineError(
                "usage",
                f"{field.name} is secret and cannot be an argument: other users of this machine could read it.",
                hint="Leave it out to be asked for it, or give it with --stdin, in a JSON object.",
            )
    known = [field.name for field in fields]
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) or f"There are: {', '.join(known) or 'none'}."
            raise EngineError("usage", f"{name} is not among the fields.", hint=hint)
    return coerce_text(fields, given)


def _how_to_give(missing: Sequence[Parameter]) -> str:
    example = ", ".join(f'"{field.name}": "…"' for field in missing)
    return f"Run it in a terminal to be asked, or use --stdin with {{{example}}}."


# -- connections -------------------------------------------------------------------------------------------------------


def add_connections(parser: Parser) -> None:
    parser.teach(
        "What is connected in this organization, how many records each connection brought, and how its last sync went.",
        ("revtops connections", "a table"),
        ("revtops connections --json | jq '.[] | select(.status != \"connected\")'", "those that need attention"),
    )
    parser.set_defaults(run=connections)


def connections(options: Namespace, ws: Workspace, console: Console) -> int:  # noqa: ARG001 - every command's signature
    found = engine.connections(ws)
    if console.as_json:
        console.document([document(info) for info in found])
        return 0
    if not found:
        console.say("Nothing is connected yet. See what there is: revtops connectors")
        return 0
    moment = now()
    console.table(
        ("connection", "status", "identity", "last sync", "next sync", "records"),
        [
            (i.selector, i.status, i.identity, ago(i.last_sync_at, moment), _next(i, moment), _counts(i.counts))
            for i in found
        ],
    )
    for info in found:
        if info.last_error:
            console.say(f"{info.selector}: {info.last_error}", "yellow")
    return 0


def _next(info: ConnectionInfo, moment: dt.datetime) -> str:
    return until(info.next_sync_at, moment) if info.next_sync_at else ""


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {entity}" for entity, count in counts.items())


def document(info: ConnectionInfo) -> dict[str, Any]:
    """A connection as `--json` shows it."""
    return {
        "slug": info.slug,
        "name": info.name,
        "organization_id": info.organization_id,
        "status": info.status,
        "identity": info.identity,
        "user_id": info.user_id,
        "base_url": info.base_url,
        "scopes": info.granted_scopes,
        "missing_scopes": info.missing_scopes,
        "last_sync_at": info.last_sync_at,
        "next_sync_at": info.next_sync_at,
        "last_error": info.last_error,
        "counts": info.counts,
    }


# -- test and disconnect -----------------------------------------------------------------------------------------------


def add_test(parser: Parser) -> None:
    parser.teach(
        "Try a connection's stored credentials with one harmless request, and say whose they are.",
        ("revtops test hubspot", "exit code 4 when they are refused"),
        ("revtops test hubspot -v", "with the exchange"),
    )
    parser.add_argument("connection", metavar="SLUG", help="which connection: its slug, or slug:name")
    parser.set_defaults(run=test)


def test(options: Namespace, ws: Workspace, console: Console) -> int:
    unlock(ws, console)
    proof = engine.prove(ws, options.connection)
    if console.as_json:
        said = {
            "identity": proof.identity,
            "scopes": proof.scopes,
            "missing_scopes": proof.missing,
            "limits": proof.limits,
        }
        console.document({"connection": options.connection, "status": "ok", **said})
    else:
        console.line(f"{options.connection} works{_identity(proof.identity)}")
        _say_proof(proof, console)
    return 0


def _identity(identity: str | None) -> str:
    return f": {identity}" if identity else ""


def add_rename(parser: Parser) -> None:
    parser.teach(
        "Give a connection another name of your own. Its records, runs, queries and credentials stay with it.",
        ("revtops rename hubspot emea", "from now on it is hubspot:emea"),
        ("revtops rename hubspot:emea default", "and hubspot again"),
    )
    parser.add_argument("connection", metavar="SLUG", help="which connection: its slug, or slug:name")
    parser.add_argument("to", metavar="NAME", help="the new name")
    parser.set_defaults(run=rename)


def rename(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine.renaming import rename as give_name

    unlock(ws, console)
    renamed = give_name(ws, options.connection, options.to)
    if console.as_json:
        console.document(document(renamed))
    else:
        console.line(f"{options.connection} is {renamed.selector} now.")
    return 0


def add_disconnect(parser: Parser) -> None:
    parser.teach(
        "Forget a connection's credentials. Its records stay in the local database unless --delete-data is given.",
        ("revtops disconnect hubspot", "keeps what was synced"),
        ("revtops disconnect hubspot:emea --delete-data", "and deletes it, also when it was disconnected before"),
    )
    parser.add_argument("connection", metavar="SLUG", help="which connection: its slug, or slug:name")
    parser.add_argument("--delete-data", action="store_true", help="delete its records from the local database")
    parser.set_defaults(run=disconnect)


def disconnect(options: Namespace, ws: Workspace, console: Console) -> int:
    unlock(ws, console)
    deleted = engine.disconnect(ws, options.connection, delete_data=options.delete_data)
    if console.as_json:
        console.document({"connection": options.connection, "status": "disconnected", "deleted": deleted})
    else:
        rows = f", {plural(deleted, 'record')} deleted" if options.delete_data else "; its records are kept"
        console.line(f"Disconnected {options.connection}{rows}.")
        if not options.delete_data:
            console.say(f"Delete them too: revtops disconnect {options.connection} --delete-data", "dim")
    return 0


COMMANDS = {
    "connect": add_connect,
    "connections": add_connections,
    "test": add_test,
    "rename": add_rename,
    "disconnect": add_disconnect,
}
