"""Where queries are written."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.widgets import TextArea

from revtops_tui.tui.history import History
from revtops_tui.tui.text import plain_lines


class Editor(TextArea):
    """A text area that goes to earlier and later queries from its first and last line.

    Each thing that can be asked has a text and a history of its own: what was meant for one is not sent to another.
    """

    DEFAULT_CSS = """
    Editor {
        height: 8;
        border: round $border-blurred;
        background: $surface;
        border-title-color: $foreground;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
        padding: 0 1;
        &:focus { border: round $primary; }
        & .text-area--cursor-line { background: $surface; }
        & .text-area--placeholder { color: $text-disabled; }
    }
    """

    def __init__(self) -> None:
        super().__init__(tab_behavior="focus", id="editor")
        self._histories: dict[str, History] = {}
        self._texts: dict[str, str] = {}
        self._whom = ""

    def turn_to(self, whom: str, placeholder: str) -> None:
        """Show the text for another one (its id), and keep this one. `placeholder` says what can be typed."""
        self._texts[self._whom] = self.text
        self._whom = whom
        self.placeholder = Content("\n".join(plain_lines(placeholder)))
        self._put(self._texts.get(whom, ""))

    def note(self) -> None:
        """What stands here is being run: it can be brought back."""
        self._history.add(self.text)

    @property
    def _history(self) -> History:
        return self._histories.setdefault(self._whom, History())

    def on_key(self, event: events.Key) -> None:
        """Up on the first line is the query before, down on the last line the one after."""
        row = self.cursor_location[0]
        if event.key == "up" and row == 0:
            text = self._history.back(self.text)
        elif event.key == "down" and row == self.document.line_count - 1:
            text = self._history.forward()
        else:
            return
        if text is not None:
            self._put(text)
            event.prevent_default()
            event.stop()

    def _put(self, text: str) -> None:
        self.text = text
        self.move_cursor(self.document.end)
