"""How a filter of rows is written."""

from __future__ import annotations

from textual.app import ComposeResult

from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.widgets.sheet import Paper, Sheet

_WORD = 22


class FilterWordsDialog(Dialog[None]):
    """Every kind of word, and what it lets through."""

    DEFAULT_CSS = """
    FilterWordsDialog Sheet { height: auto; max-height: 24; }
    """

    def compose(self) -> ComposeResult:
        """The words."""
        with Box("Which rows?", "↑ ↓ scroll · esc back to the filter"):
            yield Sheet(_words)


def _words(width: int) -> Paper:
    from revtops_tui.engine.filters import HELP

    paper = Paper(width)
    for word, what in HELP.items():
        if width >= 2 * _WORD + 10:
            paper.line((word.ljust(_WORD), "key"), (what, "muted"))
        else:
            paper.line((word, "key")).text(what, "muted", indent=2)
    return paper.blank().text("All of them hold: text, and as many conditions as one likes, side by side.")
