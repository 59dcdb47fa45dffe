"""`revtops connect`: with fields that are given or asked for, with a sign-in, or with what the machine has."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from connectors.oauth import TOKEN_FIELDS
from connectors.parameters import Parameter, coerce_text, parse_auth_fields
from connectors.registry import AuthField
from revtops_tui.cli import sign_in, values
from revtops_tui.cli.connections import document, identity_said, say_proof
from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import offer_encrypted_file, unlock
from revtops_tui.engine import connections as engine
from revtops_tui.engine.builtin import connect_builtin
from revtops_tui.engine.catalog import connector_info
from revtops_tui.engine.connected import DEFAULT_NAME
from revtops_tui.engine.connections import ConnectionInfo
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace

NANGO = "nango"
"""The way to connect by which a broker keeps the grant."""


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
        console.line(f"Connected {info.selector}{identity_said(info.identity)}")
        say_proof(info.proof, console)
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


COMMANDS = {"connect": add_connect}
