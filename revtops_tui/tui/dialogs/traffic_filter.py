"""Asking which exchanges are wanted, beside the words that can say so."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import wrap
from revtops_tui.tui.widgets.sheet import Paper, Sheet

_WORD = 18


class TrafficFilter(Dialog[str]):
    """Dismissed with the words, or None where the filter stays as it is."""

    DEFAULT_CSS = """
    TrafficFilter Input { margin-bottom: 1; }
    TrafficFilter Sheet { height: auto; max-height: 16; }
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The line, and what can stand in it."""
        with Box("Which exchanges?", "enter shows them · empty: all · esc"):
            yield Input(self._text, placeholder="system:hubspot status:>=400", compact=True)
            yield Sheet(_words)

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        self.dismiss(message.value.strip())


def _words(width: int) -> Paper:
    from revtops_tui.engine.traffic_filter import HELP

    paper = Paper(width)
    for word, what in HELP.items():
        first, *rest = wrap(what, paper.width - _WORD)
        paper.line((word.ljust(_WORD), "key"), (first, "muted"))
        for line in rest:
            paper.text(line, "muted", indent=_WORD)
    return paper
