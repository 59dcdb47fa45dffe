"""`revtops daemon`: what is due is run, and what is sent is heard, while nobody looks."""

from __future__ import annotations

import logging
import threading
from argparse import Namespace
from functools import partial

from revtops_tui.cli.console import Console
from revtops_tui.cli.interrupt import run_cancellable
from revtops_tui.cli.log import narrate
from revtops_tui.cli.numbers import port
from revtops_tui.cli.parsing import Parser
from revtops_tui.cli.passphrase import unlock
from revtops_tui.cli.sync import document, exit_code
from revtops_tui.engine import units
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace

_STOPPED, _RUNNING = "stopped", "running"


def add_daemon(parser: Parser) -> None:
    parser.teach(
        "Run schedules, feeds and the inbox of every organization of the data directory, until Ctrl-C or SIGTERM. A "
        "sync under way is stopped then, and goes on at the next start. What it does is told on stderr and in the log "
        "file. There is one daemon for each data directory.",
        ("revtops daemon", "in this terminal"),
        ("revtops daemon --listen", "and take webhooks too, as revtops listen does"),
        ("revtops daemon --once", "run what is due and be done: for cron"),
        ("revtops daemon install --listen", "have it started with your session, by systemd or launchd"),
        ("revtops daemon status", "whether one runs, and whether it is installed; exit code 1 where none runs"),
    )
    parser.add_argument(
        "verb", nargs="?", choices=("run", "install", "uninstall", "status"), default="run", help="run by default"
    )
    parser.add_argument("--once", action="store_true", help="run what is due, wait for it, and end")
    parser.add_argument("--listen", action="store_true", help="take webhooks too")
    parser.add_argument("--port", type=port, metavar="N", help="the port for webhooks on 127.0.0.1")
    parser.set_defaults(run=daemon)


def daemon(options: Namespace, ws: Workspace, console: Console) -> int:
    if options.once and (options.listen or options.verb != "run"):
        raise EngineError("usage", "--once runs what is due and ends.", hint="revtops daemon --once")
    if options.port is not None and not options.listen:
        raise EngineError("usage", "--port is the port for webhooks.", hint=f"--listen --port {options.port}")
    if options.verb == "run":
        unlock(ws, console)
        narrate(console)
        return _once(ws, console) if options.once else _run(options, ws, console)
    return {"install": _install, "uninstall": _uninstall, "status": _status}[options.verb](options, ws, console)


def _run(options: Namespace, ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import daemon as engine

    services = {"listener": partial(_listen, options, ws)} if options.listen else {}
    run_cancellable(lambda cancel: engine.run(ws, cancel, services=services), lambda _: None)
    if console.as_json:
        console.document({"status": _STOPPED})
    return 0


def _listen(options: Namespace, ws: Workspace, cancel: threading.Event) -> None:
    log = logging.getLogger("revtops.daemon")
    options.faces["listener"](
        ws,
        port=options.port,
        cancel=cancel,
        on_serving=lambda address: log.info("listener: takes webhooks at %s", address),
    )


def _once(ws: Workspace, console: Console) -> int:
    from revtops_tui.engine import daemon as engine

    results = run_cancellable(lambda cancel: engine.run_once(ws, cancel), lambda _: None)
    if console.as_json:
        console.document({"runs": [document(result) for result in results]})
    return exit_code(results)


def _install(options: Namespace, ws: Workspace, console: Console) -> int:
    listening = ("--listen", *(("--port", str(options.port)) if options.port is not None else ()))
    unit = units.install(ws, listening if options.listen else ())
    if console.as_json:
        console.document({"status": "installed", "unit": str(unit.path), "next": list(unit.after_installing)})
        return 0
    console.line(f"Wrote {unit.path}.")
    console.say("Switch it on:\n  " + "\n  ".join(unit.after_installing), "dim")
    return 0


def _uninstall(options: Namespace, ws: Workspace, console: Console) -> int:  # noqa: ARG001 - as the others
    unit = units.uninstall(ws)
    if console.as_json:
        console.document({"status": "uninstalled", "unit": str(unit.path), "next": list(unit.after_removing)})
        return 0
    console.line(f"Removed {unit.path}.")
    console.say("Where it was switched on:\n  " + "\n  ".join(unit.after_removing), "dim")
    return 0


def _status(options: Namespace, ws: Workspace, console: Console) -> int:  # noqa: ARG001 - as the others
    found = units.status(ws)
    holder = found.holder
    if console.as_json:
        console.document(
            {
                "status": _RUNNING if holder else _STOPPED,
                "pid": holder.pid if holder else None,
                "since": holder.since if holder else None,
                "unit": str(found.unit) if found.unit else None,
            }
        )
        return 0 if holder else 1
    if holder:
        console.line(f"A daemon runs: process {holder.pid}, since {holder.since.astimezone():%Y-%m-%d %H:%M:%S}.")
    else:
        console.line("No daemon runs.")
    console.say(f"Installed: {found.unit}" if found.unit else "Not installed: revtops daemon install", "dim")
    return 0 if holder else 1


COMMANDS = {"daemon": add_daemon}
