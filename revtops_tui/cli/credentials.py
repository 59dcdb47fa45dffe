"""`revtops credentials`: where credentials are kept, moving them, and another passphrase. No secret is ever shown."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict

from revtops_tui.cli import prompts, values
from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import new_passphrase, unlock
from revtops_tui.engine import credentials as engine
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.words import plural
from store.credentials import PASSPHRASE_VARIABLE


def add_credentials(parser: Parser) -> None:
    parser.teach(
        "Where the credentials of connections are kept: the keyring of the operating system, or an encrypted file. "
        "They can move from one to the other, and the file can have another passphrase. Passphrases are asked for, or "
        "come with --stdin as a JSON object; no secret is ever shown.",
        ("revtops credentials list", "which fields are kept for which connection, and where"),
        ("revtops credentials move file", "from the keyring into an encrypted file"),
        ("revtops credentials move keyring", "and back"),
        ("revtops credentials rotate-passphrase", "the encrypted file under another passphrase"),
    )
    parser.add_argument(
        "verb", nargs="?", choices=("list", "move", "rotate-passphrase"), default="list", help="list by default"
    )
    parser.add_argument("place", nargs="?", choices=("keyring", "file"), help="where to move them")
    parser.add_argument("--stdin", action="store_true", help='read {"passphrase": …, "new": …} from stdin')
    parser.set_defaults(run=credentials)


def credentials(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.verb == "list":
        return _list(ws, console)
    given = values.read_object("-", "What came on stdin") if options.stdin else {}
    if options.verb == "rotate-passphrase":
        return _rotate(ws, console, given)
    if options.place is None:
        raise EngineError("usage", "Where to move them?", hint="revtops credentials move keyring|file")
    return _move(ws, console, options.place, given)


def _list(ws: Workspace, console: Console) -> int:
    unlock(ws, console)
    place = ws.credentials.name
    found = engine.kept(ws)
    if console.as_json:
        console.document({"place": place, "connections": [asdict(one) for one in found]})
    else:
        console.say(f"Kept in: {place}", "dim")
        rows = [(one.connection, one.organization_id, one.error or ", ".join(one.fields) or "none") for one in found]
        console.table(("connection", "organization", "fields"), rows)
    return 1 if any(one.error for one in found) else 0


def _move(ws: Workspace, console: Console, place: str, given: Mapping[str, object]) -> int:
    if place == "file":
        chosen = _text(given, "new") or os.environ.get(PASSPHRASE_VARIABLE) or new_passphrase(console)
        moved = engine.move_to_file(ws, chosen)
    else:
        moved = engine.move_to_keyring(ws, _current(given, console))
    if console.as_json:
        console.document({"from": moved.source, "to": moved.target, "moved": len(moved.keys), "left": moved.left})
        return 3 if moved.left else 0
    console.line(f"Moved the credentials of {plural(len(moved.keys), 'connection')} to: {moved.target}.")
    if moved.left:
        console.say(f"Not removed from {moved.source}: {', '.join(moved.left)}. Remove them there.", "yellow")
    if moved.retired:
        console.say(f"The file held more than that and is kept as {moved.retired}.", "yellow")
    if place == "keyring" and os.environ.get(PASSPHRASE_VARIABLE):
        console.say(f"Unset {PASSPHRASE_VARIABLE} now: while it is set, the encrypted file is looked for.", "yellow")
    if place == "file":
        console.say(f"From now on every command needs the passphrase: asked for, or in {PASSPHRASE_VARIABLE}.", "dim")
    return 3 if moved.left else 0


def _rotate(ws: Workspace, console: Console, given: Mapping[str, object]) -> int:
    engine.rotate_passphrase(ws, _current(given, console), _text(given, "new") or new_passphrase(console))
    if console.as_json:
        console.document({"rotated": True})
    else:
        console.line("The encrypted file has another passphrase.")
        console.say("Copies made earlier still open with the old one.", "dim")
    return 0


def _current(given: Mapping[str, object], console: Console) -> str:
    """The passphrase that opens the file as it is."""
    found = _text(given, "passphrase") or os.environ.get(PASSPHRASE_VARIABLE, "")
    if found:
        return found
    if not console.interactive:
        raise EngineError("vault_locked", "The passphrase of the encrypted file was not given.", hint="Use --stdin.")
    return prompts.secret("Passphrase of the encrypted credentials: ")


def _text(given: Mapping[str, object], name: str) -> str:
    value = given.get(name, "")
    return value if isinstance(value, str) else ""


COMMANDS = {"credentials": add_credentials}
