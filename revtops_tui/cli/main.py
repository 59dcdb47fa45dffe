"""Runs one command: finds it, parses its arguments, and turns whatever goes wrong into a sentence and an exit code."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence

from revtops_tui.cli import commands
from revtops_tui.cli.console import Console
from revtops_tui.cli.parsing import EXIT_CODES, Parser, split
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.engine.workspace import Workspace

_WELCOME = """\
The data of the systems your company lives in, in one local SQLite file and one terminal.
Without a command: the terminal app.

start here:
  revtops demo             look around in a simulated company
  revtops connect hubspot  connect a system; you are asked for what it needs
  revtops sync             bring its data here
  revtops sql "SELECT stage, count(*), sum(amount) FROM deals GROUP BY stage\""""


def run(arguments: Sequence[str], faces: Mapping[str, Callable[..., int]]) -> int:
    """Run `revtops` with these arguments; returns the exit code.

    `faces` are the others, by name: `app(workspace, demo=…)` shows the terminal app and returns its exit code.
    """
    _open_missing_streams()
    # Python looks for garbage once more when it exits, in all that was ever imported: a tenth of a short command.
    atexit.register(gc.freeze)
    before, name, after = split(arguments)
    try:
        options = _parse(before, name, after)
        options.faces = faces
    except EngineError as error:
        Console(as_json=_wants_json(arguments)).failure(error)
        return error.exit_code
    console = Console(as_json=options.json, color=not options.no_color, verbose=options.verbose)
    try:
        code = _run(options, console)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the answer has left. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _open_missing_streams() -> None:
    """Where a process is started without stdin, stdout or stderr, its next files would take their places."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - open until the end


def _parse(before: list[str], name: str | None, after: list[str]) -> Namespace:
    options = Namespace(org=None, home=None, json=False, no_color=False, verbose=0)
    top_parser().parse_args(before, options)
    if name is None:
        from revtops_tui.cli.screens import app

        options.run = app
        return options
    if name == "_complete":  # for the shells' scripts: its words are not options, whatever they look like
        from revtops_tui.cli.completion import complete

        options.run, options.words = complete, after
        return options
    parser = commands.parser_for(name)
    if parser is None:
        hint = did_you_mean(name, commands.names()) or "revtops --help lists the commands."
        raise EngineError("usage", f"There is no command {name}.", hint=hint)
    return parser.parse_intermixed_args(after, options)


def _wants_json(arguments: Sequence[str]) -> bool:
    """For the time before the arguments could be understood."""
    ours = list(arguments)
    return "--json" in ours[: ours.index("--") if "--" in ours else None]


def _run(options: Namespace, console: Console) -> int:
    from pathlib import Path

    from revtops_tui.cli.log import keep_log, show_traceback, show_tracebacks

    home = Path(options.home).expanduser() if options.home else None
    with Workspace(home, options.org) as ws:
        keep_log(ws.home)
        if console.verbose:
            ws.on_exchange = console.exchange
        if console.verbose > 1:
            show_tracebacks()
        try:
            code: int = options.run(options, ws, console)
            _doubt_organization(ws, console)
        except BrokenPipeError:
            raise
        except BaseException as failure:
            if isinstance(failure, SystemExit) and isinstance(failure.code, int):
                raise  # on a signal; a connector that leaves with a text has it printed by Python, secrets and all
            error = people(failure)
            if console.verbose > 1 and error.kind != "bug":  # that one was shown when it was logged
                show_traceback(failure)
            console.failure(error)
            return error.exit_code
    return code


def _doubt_organization(ws: Workspace, console: Console) -> None:
    """Say so where the data of an organization was looked at that is not there: its name may have a slip in it."""
    if not ws.names_organization or not ws.is_open:
        return
    from revtops_tui.engine.organizations import organizations

    known = [organization.id for organization in organizations(ws)]
    if known and ws.organization_id not in known:
        console.say(f"There is no organization {ws.organization_id}; there are: {', '.join(known)}.", "yellow")


def top_parser() -> Parser:
    """The parser of what stands before a command, with the help of all of them."""
    from revtops_tui import __version__

    parser = Parser("revtops", usage="revtops [options] [COMMAND …]")
    parser.add_argument("--version", action="version", version=f"revtops {__version__}")
    listed = "\n\n".join(f"{title.lower()}:\n{_listed(group)}" for title, group in commands.GROUPS.items())
    parser.description = f"{_WELCOME}\n\n{listed}\n\n`revtops COMMAND --help` explains one of them."
    parser.epilog = "exit codes:\n" + "\n".join(f"  {code:<3}  {meaning}" for code, meaning in EXIT_CODES.items())
    return parser


def _listed(group: dict[str, tuple[str, str]]) -> str:
    return "\n".join(f"  {name:<12} {summary}" for name, (_, summary) in group.items())
