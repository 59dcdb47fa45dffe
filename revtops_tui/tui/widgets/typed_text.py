"""A short text typed into a widget that takes every key itself: what a list is filtered by, what is searched for.

An input of its own would take the focus, and keys that arrive faster than the screen would fall between the two.
"""

from __future__ import annotations

from textual import events

from revtops_tui.tui.text import plain


class TypedText:
    """The text, and whether it is being typed."""

    def __init__(self) -> None:
        self.text = ""
        self.is_open = False

    def begin(self, text: str) -> None:
        """Type it, from this on."""
        self.text, self.is_open = text, True

    def drop(self) -> None:
        """Have no text, and type none."""
        self.text, self.is_open = "", False

    def take(self, event: events.Key) -> bool:
        """Whether the key was for the text: esc drops it, enter keeps it, both end the typing."""
        if not self.is_open:
            return False
        if event.key == "escape":
            self.drop()
        elif event.key == "enter":
            self.is_open = False
        elif event.key == "backspace":
            self.is_open = bool(self.text)
            self.text = self.text[:-1]
        elif event.is_printable and event.character:
            self.text += event.character
        else:
            return False
        return True

    def paste(self, event: events.Paste) -> bool:
        """Whether the paste was for the text."""
        if self.is_open:
            self.text += plain(event.text)
            event.stop()
        return self.is_open

    def shown(self, width: int) -> str:
        """Its end, as it stands on a border; empty where there is none."""
        if not self.text and not self.is_open:
            return ""
        return f"/{plain(self.text)[-width:]}{'▏' if self.is_open else ''}"
