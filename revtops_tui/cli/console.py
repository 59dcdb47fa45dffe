"""Where a command speaks: data on stdout, talk on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from revtops_tui.cli.text import columns, plain

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the import: this is on the path of every command
if TYPE_CHECKING:
    from typing import Any, TextIO

    from connectors.http import Exchange
    from revtops_tui.engine.errors import EngineError

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


class Console:
    """Output in the form that was asked for: text for people, or one JSON document.

    Everything passes through `plain` on its way to the terminal, or is JSON with what does not print escaped.
    """

    def __init__(self, *, as_json: bool = False, color: bool = True, verbose: int = 0) -> None:
        self.as_json = as_json
        self.verbose = verbose
        self._color = color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a terminal that cannot show a character gets its number
                stream.reconfigure(errors="backslashreplace")

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def live(self) -> bool:
        """Whether lines on stderr can be drawn again."""
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def style(self, text: str, name: str, stream: TextIO | None = None) -> str:
        """`text` in bold, dim, red, green or yellow, where the stream shows it."""
        shows = self._color and (stream or sys.stdout).isatty()
        return f"\x1b[{_STYLES[name]}m{text}\x1b[0m" if shows else text

    # -- data --------------------------------------------------------------------------------------------------------

    def document(self, value: Any) -> None:
        """Print the one JSON document."""
        from revtops_tui.engine.documents import to_json

        sys.stdout.write(to_json(value) + "\n")

    def line(self, text: str = "") -> None:
        """A line of the answer, as people read it; a text of several lines is as many."""
        for part in text.split("\n"):
            sys.stdout.write(plain(part) + "\n")

    def heading(self, text: str) -> None:
        """A line that names what follows."""
        sys.stdout.write(self.style(plain(text), "bold") + "\n")

    def table(self, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Rows under their names; cut to the terminal's width, and whole where it goes into a file or a pipe."""
        first, *others = columns(head, rows, _width(sys.stdout))
        self.heading(first)
        for text in others:
            sys.stdout.write(text + "\n")

    # -- talk --------------------------------------------------------------------------------------------------------

    def say(self, text: str, style: str = "") -> None:
        """A remark about what is going on."""
        for part in map(plain, text.split("\n")):
            sys.stderr.write((self.style(part, style, sys.stderr) if style else part) + "\n")
        sys.stderr.flush()

    def failure(self, error: EngineError) -> None:
        """What went wrong and what to do next; with --json the document says it."""
        if self.as_json:
            self.document(error.document())
            return
        sys.stdout.flush()
        self.say(error.message, "red")
        if error.hint:
            self.say(error.hint, "dim")

    def exchange(self, exchange: Exchange) -> None:
        """One HTTP exchange, as -v shows it; it was redacted when it was recorded."""
        outcome = exchange.error or str(exchange.status)
        repeated = f" (attempt {exchange.attempt})" if exchange.attempt > 1 else ""
        self.say(f"{exchange.method} {outcome} {exchange.seconds * 1000:.0f} ms {exchange.url}{repeated}", "dim")


def _width(stream: TextIO) -> int | None:
    """The width of the terminal behind a stream, or None where there is none."""
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except OSError:
        return None
