"""`revtops serve` and `revtops api`: the local API, its token and its document."""

from __future__ import annotations

import sys
from argparse import Namespace

from revtops_tui.cli.console import Console
from revtops_tui.cli.interrupt import run_cancellable
from revtops_tui.cli.numbers import port
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.engine.workspace import Workspace


def add_serve(parser: Parser) -> None:
    parser.teach(
        "Serve the local HTTP API on 127.0.0.1, until Ctrl-C: connectors and connections, sync, query, write, action "
        "and approvals. Whoever asks brings the token. What it wants to write or do waits until somebody agrees, "
        "unless a policy allows it (revtops policy).",
        ("revtops serve", "at port 8780"),
        ("revtops serve --port 0 --json", "at a free port, which the document names"),
    )
    parser.add_argument("--port", type=port, metavar="N", help="at this port; 0 takes a free one")
    parser.set_defaults(run=serve)


def serve(options: Namespace, ws: Workspace, console: Console) -> int:
    unlock(ws, console)
    run_cancellable(
        lambda cancel: options.faces["api"](
            ws, port=options.port, cancel=cancel, on_serving=lambda url: _introduce(url, console)
        ),
        lambda _: None,
    )
    return 0


def _introduce(url: str, console: Console) -> None:
    if console.as_json:
        console.document({"url": url})
        sys.stdout.flush()
    else:
        console.say(f"The API is at {url}, its description at {url}/openapi.json\nThe token: revtops api token")
        console.say("Ctrl-C ends it.", "dim")


def add_api(parser: Parser) -> None:
    parser.teach(
        "The token of the local API. It is made when it is first needed and kept with the credentials.",
        ("revtops api token", "what requests bring as Authorization: Bearer …"),
        ("revtops api token --renew", "a new one; a server that runs takes the old one until it ends"),
    )
    parser.add_argument("what", choices=("token",), metavar="token", help="the token")
    parser.add_argument("--renew", action="store_true", help="a new one in the place of the old one")
    parser.set_defaults(run=token)


def token(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import tokens

    unlock(ws, console)
    found = (tokens.renew if options.renew else tokens.token)(ws, "api")
    if console.as_json:
        console.document({"token": found})
    else:
        console.line(found)
    return 0


COMMANDS = {"serve": add_serve, "api": add_api}
