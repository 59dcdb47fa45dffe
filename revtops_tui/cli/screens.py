"""`revtops` and `revtops demo`: the terminal app."""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace


def app(options: Namespace, ws: Workspace, console: Console) -> int:
    """The terminal app; without a terminal the help, as a mistake."""
    if not _has_terminal():
        if not console.as_json:
            from revtops_tui.cli.main import top_parser

            top_parser().print_help()
        raise EngineError("usage", "The app needs a terminal.", hint="revtops --help lists the commands.")
    unlock(ws, console)
    code: int = options.faces["app"](ws)
    return code


def add_demo(parser: Parser) -> None:
    parser.teach(
        "The terminal app over a simulated company, on this machine and without a network. Nothing is kept.",
        ("revtops demo", "look around"),
    )
    parser.set_defaults(run=demo)


def demo(options: Namespace, ws: Workspace, console: Console) -> int:  # noqa: ARG001 - every command's signature
    if not _has_terminal():
        raise EngineError("usage", "The demo needs a terminal.", hint="revtops --help lists the commands without one.")
    console.say("Starting a simulated company…")
    from revtops_tui.engine.demo import Demo

    with Demo() as demo_ws:
        code: int = options.faces["app"](demo_ws, demo=True)
    return code


def _has_terminal() -> bool:
    if os.environ.get("TEXTUAL_DRIVER"):
        return True  # `revtops web` draws it in a browser
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


COMMANDS = {"demo": add_demo}
