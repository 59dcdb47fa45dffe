"""Fields whose text may be anybody's, such as an agent's that somebody edits: what they draw does nothing."""

from __future__ import annotations

from rich.highlighter import Highlighter
from rich.text import Text
from textual.widgets import TextArea

from revtops_tui.tui.text import pictured


class Pictured(Highlighter):
    """For an `Input`: draws pictures in place of control characters. Its value stays what it is."""

    def highlight(self, text: Text) -> None:
        """Change what is drawn."""
        text.plain = pictured(text.plain).replace("\t", " ")


class TextEditor(TextArea):
    """A text area that draws pictures in place of control characters."""

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn."""
        line = super().get_line(line_index)
        line.plain = pictured(line.plain)
        return line
