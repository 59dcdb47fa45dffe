"""`revtops mcp`: the server for agents, and what their clients have to be told about it."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from dataclasses import asdict

from revtops_tui.cli.console import Console
from revtops_tui.cli.numbers import port
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.engine.agent_clients import CLIENTS, TOKEN_VARIABLE, address, snippet
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace


def add_mcp(parser: Parser) -> None:
    parser.teach(
        "Serve the connected systems to an agent, over the Model Context Protocol: it can list, query, search and read "
        "on its own, and what it wants to write or do waits until somebody agrees (revtops approvals). An agent's "
        "client starts this itself, over stdin and stdout; `config` prints what to tell it.",
        ("revtops mcp config --client claude-code", "what to put into which file"),
        ("revtops mcp", "the server over stdin and stdout: what a client starts"),
        ("revtops mcp --http 8765", "over HTTP on this machine, until Ctrl-C"),
        ("revtops mcp config --client cursor --http 8765", "for a client that calls that one"),
        ("revtops mcp token", f"the bearer token that it wants; clients read it from {TOKEN_VARIABLE}"),
    )
    parser.add_argument(
        "what", nargs="?", choices=("config", "token"), help="config or token; without it, the server runs"
    )
    parser.add_argument(
        "--client", choices=tuple(CLIENTS), default="claude-desktop", help=f"for config: {', '.join(CLIENTS)}"
    )
    parser.add_argument(
        "--http", type=port, metavar="PORT", help="over HTTP on 127.0.0.1, at this port; 0 takes a free one"
    )
    parser.add_argument("--renew", action="store_true", help="for token: a new one in the place of the old one")
    parser.set_defaults(run=mcp)


def mcp(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.renew and options.what != "token":
        raise EngineError("usage", "--renew belongs to token.", hint="revtops mcp token --renew")
    if options.what == "config":
        return _config(options, ws, console)
    if options.what == "token":
        return _token(options, ws, console)
    if options.http is None and sys.stdin.isatty():
        raise EngineError(
            "usage",
            "Over stdin and stdout this speaks to a program, not to a person.",
            hint="revtops mcp config prints what to tell an agent's client; --http PORT serves here.",
        )
    unlock(ws, console)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was opened is closed too
    code: int = options.faces["mcp"](ws, port=options.http, on_serving=lambda url: _introduce(url, console))
    return code


def _introduce(url: str, console: Console) -> None:
    if console.as_json:
        console.document({"url": url})
        sys.stdout.flush()
    else:
        console.say(f"Serving agents at {url}\nThe bearer token: revtops mcp token\nCtrl-C ends it.")


def _config(options: Namespace, ws: Workspace, console: Console) -> int:
    url = None if options.http is None else address(options.http)
    made = snippet(ws, options.client, url=url)
    if console.as_json:
        console.document(asdict(made))
        return 0
    console.say(f"For {made.file}:", "dim")
    console.line(made.text)
    return 0


def _token(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import tokens

    unlock(ws, console)
    token = (tokens.renew if options.renew else tokens.token)(ws, "mcp")
    if console.as_json:
        console.document({"token": token})
    else:
        console.line(token)
    return 0


COMMANDS = {"mcp": add_mcp}
