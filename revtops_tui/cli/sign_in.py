"""Signing in from a terminal: asks how, opens the browser, and waits with a count of what is left."""

from __future__ import annotations

import sys
import threading
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from revtops_tui.cli import prompts
from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.text import countdown
from revtops_tui.cli.waiting import run_told
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from revtops_tui.engine.oauth.client import ClientApp, Grant
    from revtops_tui.engine.oauth.connecting import SignIn

TOKEN = "token"  # noqa: S105 - the name of a way
_WAYS = {
    "browser": "sign in with the browser",
    "device": "sign in on another device",
    "paste": "sign in with a browser elsewhere, and paste the code",
    TOKEN: "paste a token",
}


def add_options(parser: Parser) -> None:
    """What `revtops connect` takes for signing in."""
    parser.add_argument(
        "--sign-in", choices=list(_WAYS), metavar="HOW", help=f"how to connect: {', '.join(_WAYS)} (else it is asked)"
    )
    parser.add_argument("--client-id", metavar="ID", help="the client id of your own app at the vendor")
    parser.add_argument(
        "--redirect-uri", default="", metavar="URL", help="the address that your app is registered with, if another"
    )


def choose(options: Namespace, ws: Workspace, described: Mapping[str, Any], console: Console) -> str:
    """How to connect: as the options say, as somebody answers, or with a token. Raises EngineError."""
    app = described["oauth"]
    if app is None:
        if options.sign_in not in (None, TOKEN):
            raise EngineError("usage", f"{described['name']} has no sign-in.", hint="Leave --sign-in out.")
        return TOKEN
    if options.sign_in:
        return str(options.sign_in)
    if options.client_id:
        return "browser"
    if options.set or options.stdin or not console.interactive:
        return TOKEN
    from revtops_tui.engine.oauth.browser import is_remote
    from revtops_tui.engine.oauth.connecting import known_app

    ways = [way for way in _WAYS if way != "device" or app["device_url"]]
    default = "browser" if known_app(ws, options.connector, options.name) and not is_remote() else TOKEN
    for number, way in enumerate(ways, 1):
        console.say(f"  {number}  {_WAYS[way]}")
    return _answered(ways, default, console)


def _answered(ways: Sequence[str], default: str, console: Console) -> str:
    while True:
        typed = prompts.line(f"How? [{ways.index(default) + 1}] ")
        if not typed:
            return default
        if typed.isdigit() and 1 <= int(typed) <= len(ways):
            return ways[int(typed) - 1]
        console.say(f"One of 1 to {len(ways)}.", "yellow")


def sign_in(
    options: Namespace,
    ws: Workspace,
    way: str,
    described: Mapping[str, Any],
    given: dict[str, Any],
    base_url: str | None,
    console: Console,
) -> dict[str, Any]:
    """Sign in, and return what to keep of it. The app's `client_id` and `client_secret` are taken out of `given`.

    Raises EngineError.
    """
    from revtops_tui.engine.oauth.connecting import begin, brought

    app = _app(options, ws, described, given, console)
    with begin(ws, options.connector, app, way=way, base_url=base_url, redirect_uri=options.redirect_uri) as started:
        _show(ws, started, way, described["name"], console)
        grant = _finished(started, way, console)
        return brought(started, grant)


def _app(
    options: Namespace, ws: Workspace, described: Mapping[str, Any], given: dict[str, Any], console: Console
) -> ClientApp:
    """The user's app: as given, as it was used before, or as somebody who reads the guide makes and types it."""
    from connectors.oauth import ClientSecret
    from revtops_tui.engine.oauth.client import ClientApp
    from revtops_tui.engine.oauth.connecting import known_app

    known = known_app(ws, options.connector, options.name)
    given_id, secret = given.pop("client_id", ""), given.pop("client_secret", None)
    client_id = options.client_id or given_id or (known.client_id if known else "")
    if known and client_id == known.client_id:
        secret = secret or known.client_secret
    wanted = ClientSecret(described["oauth"]["client_secret"])
    if console.interactive and not client_id:
        _guide(described, console)
        client_id = prompts.line("Client id: ")
    if console.interactive and not secret and wanted is not ClientSecret.NONE:
        empty = " (may be empty)" if wanted is ClientSecret.OPTIONAL else ""
        secret = prompts.secret(f"Client secret{empty}: ")
    return ClientApp(str(client_id), str(secret) if secret else None)


def _guide(described: Mapping[str, Any], console: Console) -> None:
    app = described["oauth"]
    console.say(f"{described['name']} is signed in to with an app of your own, which is made once:")
    for number, step in enumerate(app["guide"].splitlines(), 1):
        console.say(f"  {number}. {step}")
    console.say(f"Scopes: {', '.join(described['oauth_scopes'])}", "dim")
    if app["app_manifest"]:
        console.say(f"The manifest: revtops connectors {described['slug']}", "dim")


def _show(ws: Workspace, started: SignIn, way: str, name: str, console: Console) -> None:
    """Where to go; the browser is opened there, unless it would open on the wrong machine."""
    from revtops_tui.engine.oauth.browser import open_browser

    console.say(f"Sign in to {name} at:")
    console.say(f"  {started.url}", "bold")
    if started.kind == "device":
        console.say(f"and enter the code {started.user_code}", "bold")  # type: ignore[union-attr]  # its kind says so
    elif way == "browser" and not open_browser(ws, started.url) and started.listening:
        console.say("Open it in a browser on this machine; on another one, use --sign-in paste.", "dim")


def _finished(started: SignIn, way: str, console: Console) -> Grant:
    pasting = way == "paste" or not started.listening
    if pasting and not console.interactive and sys.stdin.isatty():
        raise EngineError("usage", "There is nobody to paste the code.", hint="Run it in a terminal.")
    if pasting:
        _ask_for_code(started, console)
    left: list[float] = []

    def work(cancel: threading.Event) -> Grant:
        return started.finish(cancelled=cancel.is_set, tick=left.append)

    def words(_: float) -> str:
        return f"waiting for you, {countdown(left[-1])} left" if left and not pasting else ""

    return run_told(work, words, console, patience=0)


def _ask_for_code(started: SignIn, console: Console) -> None:
    while True:
        # It is not shown: a code is a secret until it is traded in.
        typed = prompts.secret("The code, or the whole address that the browser ends up at (it is not shown): ")
        try:
            started.submit(typed)  # type: ignore[union-attr]  # only a browser's sign-in is pasted into
        except EngineError as error:
            console.say(f"{error.message} {error.hint}", "yellow")
        else:
            return
