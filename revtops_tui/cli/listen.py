"""`revtops listen`: vendors tell what happened, and the rows it is about change at once."""

from __future__ import annotations

import sys
import threading
from argparse import Namespace

from revtops_tui.cli.console import Console
from revtops_tui.cli.interrupt import run_cancellable
from revtops_tui.cli.log import narrate
from revtops_tui.cli.numbers import port
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.engine.addresses import listening, public_url, set_public_url, webhook_address
from revtops_tui.engine.workspace import Workspace


def add_listen(parser: Parser) -> None:
    parser.teach(
        "Take webhooks on 127.0.0.1 until Ctrl-C, for every organization of the data directory, and follow the feeds "
        "that need no public address. What comes is stored before its sender is answered, and handled afterwards: see "
        "revtops events. Vendors reach this machine through a tunnel or proxy of yours; its address is kept.",
        ("revtops listen", "at port 8781"),
        ("revtops listen --public-url https://hooks.example.com", "what your tunnel or proxy is called"),
        ("revtops listen --json | jq .", "the addresses to enter at the vendors"),
    )
    parser.add_argument("--port", type=port, metavar="N", help="at this port; 0 takes a free one")
    parser.add_argument(
        "--public-url", metavar="URL", help="the address that vendors call, kept for later; '' forgets it"
    )
    parser.set_defaults(run=listen)


def listen(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import daemon

    if options.public_url is not None:
        set_public_url(ws, options.public_url)
    unlock(ws, console)
    narrate(console)

    def work(cancel: threading.Event) -> None:
        with daemon.hearing(ws):
            options.faces["listener"](
                ws, port=options.port, cancel=cancel, on_serving=lambda url: _introduce(url, ws, console)
            )

    run_cancellable(work, lambda _: None)
    return 0


def _introduce(url: str, ws: Workspace, console: Console) -> None:
    base = public_url(ws) or url
    found = [(one.selector, webhook_address(ws, one, base)) for one in listening(ws)]
    if console.as_json:
        addresses = [{"connection": selector, "url": address} for selector, address in found]
        console.document({"url": url, "connections": addresses})
        sys.stdout.flush()
        return
    console.say(f"Listening at {url}")
    if found:
        console.table(("connection", "its vendor sends webhooks to"), found)
    else:
        console.say("Nothing is connected that sends webhooks.", "yellow")
    console.say("Ctrl-C ends it.", "dim")


COMMANDS = {"listen": add_listen}
