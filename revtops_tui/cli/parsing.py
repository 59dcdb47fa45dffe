"""What all parsers share: the options of every command, help that teaches, and errors that are not the end."""

from __future__ import annotations

import argparse
from argparse import SUPPRESS
from collections.abc import Iterable, Sequence

from revtops_tui.engine.errors import EngineError

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import: this is on the path of every command
if TYPE_CHECKING:
    from typing import NoReturn

EXIT_CODES = {
    0: "done",
    1: "failed",
    2: "bad usage or input",
    3: "done in part",
    4: "not connected, or credentials refused",
    5: "busy",
    130: "cancelled",
}


_WIDTH = 80


class _Help(argparse.RawDescriptionHelpFormatter):
    """Leaves the options of every command out of the usage line: they would bury the command's own.

    Of one width, because asking for the terminal's costs an import, even where no help is shown.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_WIDTH)

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, [action for action in actions if action.default is not SUPPRESS], groups, prefix)


class Parser(argparse.ArgumentParser):
    """A command's parser. A mistake raises EngineError instead of ending the process.

    `examples` holds pairs of a command line and what it is for; the help shows them, and so does the reference page.
    """

    def __init__(self, prog: str, usage: str | None = None) -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            formatter_class=_Help,
            conflict_handler="resolve",  # a command may take over --help
            allow_abbrev=False,  # a script that shortens an option would break when another one appears
        )
        self.examples: list[tuple[str, str]] = []
        self.common = self.add_argument_group("options of every command")
        add_common(self.common)

    def teach(self, description: str, *examples: tuple[str, str]) -> None:
        """Say what the command does, and show it."""
        self.description = description
        self.examples = list(examples)

    def format_help(self) -> str:
        """The help, with the description wrapped and the examples below."""
        if self.examples:
            from textwrap import fill

            self.description = fill(self.description or "", _WIDTH)
            self.epilog = "examples:\n" + "\n".join(f"  {line}\n      {purpose}" for line, purpose in self.examples)
        return super().format_help()

    def leave_help_to_command(self) -> None:
        """Let `--help` be an option like others: the command has more to tell than its parser knows."""
        self.add_argument("-h", "--help", action="store_true", help="explain the command, or what is named")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """As argparse does, whose own sentence has names in it that only the program's text knows."""
        if action.choices is not None and value not in action.choices:
            where = f"{'/'.join(action.option_strings)}: " if action.option_strings else ""
            listed = ", ".join(map(str, action.choices))
            raise argparse.ArgumentError(None, f"{where}'{value}' is none of {listed}")

    def error(self, message: str) -> NoReturn:
        raise EngineError("usage", f"{message[:1].upper()}{message[1:]}.", hint=f"{self.prog} --help")


def add_common(group: argparse._ArgumentGroup) -> None:
    """The options that every command takes, before its name and after it. Left out, they leave no trace."""
    group.add_argument("--org", metavar="NAME", default=SUPPRESS, help="the organization whose data it is about")
    group.add_argument("--home", metavar="DIR", default=SUPPRESS, help="the data directory (or set REVTOPS_HOME)")
    group.add_argument("--json", action="store_true", default=SUPPRESS, help="print one JSON document on stdout")
    group.add_argument("--no-color", action="store_true", default=SUPPRESS, help="no colours (or set NO_COLOR)")
    group.add_argument(
        "-v",
        dest="verbose",
        action="count",
        default=SUPPRESS,
        help="show each HTTP exchange on stderr; -vv also the traceback of a failure",
    )


_TAKES_VALUE = ("--org", "--home")


def split(arguments: Sequence[str]) -> tuple[list[str], str | None, list[str]]:
    """What stands before the command's name, the name, and what stands behind it."""
    position = 0
    while position < len(arguments) and arguments[position].startswith("-"):
        position += 2 if arguments[position] in _TAKES_VALUE else 1
    name = arguments[position] if position < len(arguments) else None
    return list(arguments[:position]), name, list(arguments[position + 1 :])
