"""`revtops doctor` and `revtops backup`."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.engine import maintenance as engine
from revtops_tui.engine.workspace import Workspace

_MARKS = {True: ("ok", "green"), False: ("problem", "red"), None: ("note", "yellow")}


def add_doctor(parser: Parser) -> None:
    parser.teach(
        "Check what revtops needs: the data directory, the database, the keyring, the connectors. Exit code 1 when "
        "something is wrong.",
        ("revtops doctor", "what is in order, what is not, and what to do"),
        ("revtops doctor --json", "for a bug report: it holds no secret"),
    )
    parser.set_defaults(run=doctor)


def doctor(options: Namespace, ws: Workspace, console: Console) -> int:  # noqa: ARG001 - every command's signature
    unlock(ws, console)
    checks = engine.doctor(ws)
    if console.as_json:
        console.document([asdict(check) for check in checks])
    else:
        console.table(("check", "", "result"), [(c.name, _MARKS[c.ok][0], c.message) for c in checks])
        for check in checks:
            if check.hint and not check.ok:
                console.say(f"{check.name}: {check.hint}", _MARKS[check.ok][1])
    return 1 if any(check.ok is False for check in checks) else 0


def add_backup(parser: Parser) -> None:
    parser.teach(
        "Copy the local database into a file, consistently, while it is in use. Credentials are not in it.",
        ("revtops backup ~/revtops.db", "a plain SQLite file"),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="where to; it must not exist yet")
    parser.set_defaults(run=backup)


def backup(options: Namespace, ws: Workspace, console: Console) -> int:
    size = engine.backup(ws, options.file.expanduser())
    if console.as_json:
        console.document({"file": str(options.file), "bytes": size})
    else:
        console.line(f"Wrote {options.file} ({size / 1e6:,.1f} MB).")
    return 0


COMMANDS = {"doctor": add_doctor, "backup": add_backup}
