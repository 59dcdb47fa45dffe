"""Where JSON is written: in colour, in which nothing that was pasted does anything to the terminal."""

from __future__ import annotations

import re
from typing import ClassVar

from rich.text import Text
from textual.widgets import TextArea

from revtops_tui.tui.widgets.harmless import TextEditor
from revtops_tui.tui.widgets.line import ink

_TOKENS = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<string>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<word>\b(?:true|false|null)\b)"
)


class JsonEditor(TextEditor):
    """A text area of a few lines. A text of JSON never runs over the end of a line, so each is coloured by itself."""

    DEFAULT_CSS = """
    JsonEditor {
        & > .json--key { color: $primary; }
        & > .json--string { color: $secondary; }
        & > .json--number { color: $accent; }
        & > .json--word { color: $accent; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *TextArea.COMPONENT_CLASSES,
        "json--key",
        "json--string",
        "json--number",
        "json--word",
    }

    def __init__(self, text: str, *, placeholder: str) -> None:
        super().__init__(text, tab_behavior="focus", placeholder=placeholder, highlight_cursor_line=False)

    def get_line(self, line_index: int) -> Text:
        """A line with its colours."""
        line = super().get_line(line_index)
        for token in _TOKENS.finditer(line.plain):
            line.stylize(ink(self, f"json--{token.lastgroup}"), *token.span())
        return line
