"""`revtops web`: the terminal app in a browser of this machine."""

from __future__ import annotations

import ipaddress
import os
import sys
import tempfile
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

from revtops_tui.cli import prompts
from revtops_tui.cli.console import Console
from revtops_tui.cli.interrupt import run_cancellable
from revtops_tui.cli.numbers import port
from revtops_tui.cli.parsing import Parser
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from store.credentials import PASSPHRASE_VARIABLE, VAULT_NAME, open_credentials


def add_web(parser: Parser) -> None:
    parser.teach(
        "The terminal app in a browser of this machine, until Ctrl-C. The address that is printed has a token in it: "
        "it opens the app once, in one browser, and nobody else gets in. Each tab is an app of its own.",
        ("revtops web", "open it in the browser"),
        ("revtops web --demo", "look around in a simulated company"),
        (
            "revtops web --no-open --port 8790",
            "print the address only; through ssh -L 8790:127.0.0.1:8790 from elsewhere",
        ),
    )
    parser.add_argument("--port", type=port, default=0, metavar="N", help="at this port; otherwise at a free one")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="this machine; no other is taken")
    parser.add_argument("--demo", action="store_true", help="over a simulated company, nothing kept")
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")
    parser.set_defaults(run=web)


def web(options: Namespace, ws: Workspace, console: Console) -> int:
    _refuse_other_hosts(options.host)
    passphrase = None if options.demo else _passphrase(ws, console)
    with ExitStack() as until_the_end:

        def introduce(address: str) -> None:
            _introduce(address, console)
            if not options.no_open:
                _open(ws, address, until_the_end)

        run_cancellable(
            lambda cancel: options.faces["web"](
                ws,
                port=options.port,
                demo=options.demo,
                passphrase=passphrase,
                cancel=cancel,
                on_serving=introduce,
            ),
            lambda _: None,
        )
    return 0


def _refuse_other_hosts(host: str) -> None:
    if host in ("127.0.0.1", "localhost"):
        return
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    hint = "Leave --host out." if is_loopback else "From another machine: ssh -L PORT:127.0.0.1:PORT, then its browser."
    raise EngineError("usage", f"The app is served at 127.0.0.1, not at {host}.", hint=hint)


def _passphrase(ws: Workspace, console: Console) -> str | None:
    """Of the encrypted file, asked for here where it is needed: a browser's app has nobody to ask before it starts."""
    if not (ws.home / VAULT_NAME).exists() or os.environ.get(PASSPHRASE_VARIABLE) or not console.interactive:
        return None
    passphrase = prompts.secret("Passphrase of the encrypted credentials: ")
    open_credentials(ws.home, passphrase=passphrase)
    return passphrase


def _introduce(address: str, console: Console) -> None:
    if console.as_json:
        console.document({"url": address})
    else:
        console.line(address)
        console.say("It opens once, in one browser. Ctrl-C ends it.", "dim")
    sys.stdout.flush()


def _open(ws: Workspace, address: str, until_the_end: ExitStack) -> None:
    """Have the browser open it, by a file of the user's own: an address given as an argument is seen by everybody."""
    folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="revtops-web-")))
    page = folder / "open.html"
    page.touch(0o600)
    page.write_text(f'<!DOCTYPE html><meta http-equiv="refresh" content="0;url={address}">', encoding="utf-8")
    from revtops_tui.engine.oauth.browser import launch

    launch(ws, page.as_uri())


COMMANDS = {"web": add_web}
