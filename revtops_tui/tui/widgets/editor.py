"""Where queries are written: coloured as SQL where they are SQL, completed as one types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.binding import BindingType
from textual.content import Content
from textual.document._document import EditResult
from textual.document._edit import Edit
from textual.geometry import Offset, Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from revtops_tui.tui.command import command
from revtops_tui.tui.panes.query.history import History
from revtops_tui.tui.sql.complete import complete
from revtops_tui.tui.sql.highlight import Highlights
from revtops_tui.tui.sql.mistakes import Place
from revtops_tui.tui.sql.names import Name
from revtops_tui.tui.sql.scan import FARTHEST
from revtops_tui.tui.sql.words import OWN, Language
from revtops_tui.tui.text import pictured, plain_lines
from revtops_tui.tui.widgets.completions import Completions
from revtops_tui.tui.widgets.line import ink

_ROLES = ("keyword", "function", "string", "number", "comment", "mistake")
_COMMENT = "--"


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
        & .text-area--placeholder { color: $text-disabled; }
        & .text-area--matching-bracket { background: $primary 35%; text-style: bold underline; }
        & > .sql--keyword { color: $primary; text-style: bold; }
        & > .sql--function { color: $secondary; }
        & > .sql--string { color: $success; }
        & > .sql--number { color: $accent; }
        & > .sql--comment { color: $text-muted; text-style: italic; }
        & > .sql--mistake { color: $error; text-style: bold underline; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"sql--{role}" for role in _ROLES}
    BINDINGS: ClassVar[list[BindingType]] = [
        command("query.edit", "ctrl+e", "outside", "Editor", "Write it in your own editor ($EDITOR)", show=False),
        command(
            "query.comment",
            "ctrl+underscore,ctrl+slash",
            "comment",
            "Comment",
            "Make the line, or the selected ones, a comment; again undoes that",
            mark="^/",
            show=False,
        ),
    ]

    @dataclass
    class Outside(Message):
        """The text is to be written elsewhere."""

        editor: Editor

    def __init__(self, popup: Completions, names: Callable[[], Sequence[Name]]) -> None:
        """`popup` shows what may come next, of these `names`; they are asked for at every key, so they must be here."""
        super().__init__(tab_behavior="focus", id="editor", highlight_cursor_line=False)
        self._popup = popup
        self._names = names
        self._language = OWN
        self._histories: dict[str, History] = {}
        self._texts: dict[str, str] = {}
        self._whom = ""
        self._is_typing = False
        self._mistake: Place | None = None
        self._colours = Highlights([], OWN)

    # -- what others use

    @property
    def query_text(self) -> tuple[str, int]:
        """What is to be run, the selection or all of it, and where in the text it begins."""
        start, end = sorted(self.selection)
        first, last = (0, len(self.source)) if start == end else (self._index(start), self._index(end))
        text = self.source[first:last]
        return text.strip(), first + len(text) - len(text.lstrip())

    @property
    def source(self) -> str:
        """The text, whatever its line breaks were."""
        return "\n".join(self.document.lines)

    def turn_to(self, whom: str, placeholder: str, language: Language) -> bool:
        """Show the text for another one (its id), and keep this one. `placeholder` says what can be typed.

        Whether it is asked for the first time, so that there is a history to `recall`.
        """
        self._texts[self._whom] = self.source
        self._whom, self._language = whom, language
        self.placeholder = Content("\n".join(plain_lines(placeholder)))
        self.put(self._texts.get(whom, ""))
        return whom not in self._histories

    def recall(self, whom: str, texts: Sequence[str]) -> None:
        """What earlier sessions asked, oldest first."""
        self._histories.setdefault(whom, History()).recall(texts)

    def note(self) -> None:
        """What stands here is being run: it can be brought back."""
        self._popup.close()
        self._history.add(self.source)

    def put(self, text: str) -> None:
        """Write this in place of what stands here."""
        self.text = text
        self.move_cursor(self.document.end)
        self._mistake = None
        self._popup.close()

    def mark(self, place: Place) -> None:
        """Underline what is wrong, and go there; the next change takes the line away."""
        self._mistake = place
        row, column = self._location(place[0])
        self.move_cursor((row, column))
        self.notify_style_update()
        self.refresh()

    # -- keys

    def on_key(self, event: events.Key) -> None:
        """What is offered comes first, then the history: up on the first line, down on the last one."""
        self._is_typing = event.is_printable or (event.key == "backspace" and self._popup.is_open)
        if self._popup.is_open and self._in_popup(event.key):
            event.prevent_default()
            event.stop()
            return
        row = self.cursor_location[0]
        if event.key == "up" and row == 0:
            text = self._history.back(self.source)
        elif event.key == "down" and row == self.document.line_count - 1:
            text = self._history.forward()
        else:
            return
        if text is not None:
            self.put(text)
            event.prevent_default()
            event.stop()

    def _in_popup(self, key: str) -> bool:
        """Whether a key was meant for what is offered. Enter is only where somebody chose: it ends lines otherwise."""
        if key in ("down", "up"):
            self._popup.move(1 if key == "down" else -1)
        elif key == "tab" or (key == "enter" and self._popup.chosen):
            self.take()
        elif key == "escape":
            self._popup.close()
        else:
            if not self._is_typing:
                self._popup.close()
            return False
        return True

    @on(Completions.Clicked)
    def take(self) -> None:
        """Write the candidate that is current in place of the word."""
        text, start = self._popup.current.text, self._popup.start
        self._popup.close()
        self.replace(
            "".join(plain_lines(text)), self._location(start), self.cursor_location, maintain_selection_offset=False
        )

    def on_blur(self) -> None:
        """Nobody types here any more."""
        self._popup.close()

    def edit(self, edit: Edit) -> EditResult:
        """Every change comes through here, in the order of the keys: so does what is offered."""
        result = super().edit(edit)
        self._mistake = None
        is_typing, self._is_typing = self._is_typing, False
        if is_typing:
            self._offer()
        else:
            self._popup.close()
        return result

    def _offer(self) -> None:
        at = self._index(self.cursor_location)
        found = complete(self.source, at, self._names(), self._language) if at <= FARTHEST else None
        if found is None:
            self._popup.close()
        else:
            self._popup.offer(found, self.cursor_screen_offset - Offset(at - found.start, 0))

    def action_outside(self) -> None:
        """Write it in another program."""
        self.post_message(self.Outside(self))

    def action_comment(self) -> None:
        """Put the lines in a comment, or out of one where all of them are."""
        (first, _), (last, _) = sorted(self.selection)
        lines = self.document.lines[first : last + 1]
        written = [line for line in lines if line.strip()]
        is_comment = all(line.lstrip().startswith(_COMMENT) for line in written) and bool(written)
        changed = [
            _uncommented(line) if is_comment else f"{_COMMENT} {line}" if line.strip() else line for line in lines
        ]
        self.replace("\n".join(changed), (first, 0), (last, len(lines[-1])))

    @property
    def _history(self) -> History:
        return self._histories.setdefault(self._whom, History())

    def _index(self, location: tuple[int, int]) -> int:
        row, column = location
        return sum(len(line) + 1 for line in self.document.lines[:row]) + column

    def _location(self, index: int) -> tuple[int, int]:
        for row, line in enumerate(self.document.lines):
            if index <= len(line):
                return row, index
            index -= len(line) + 1
        return self.document.end

    # -- drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Look at the text anew where it has changed, then draw the lines in view."""
        if self._colours.lines != self.document.lines:
            self._colours = Highlights(self.document.lines, self._language)
        return super().render_lines(crop)

    def get_line(self, line_index: int) -> Text:
        """A line with its colours, in which nothing pasted does anything to the terminal."""
        line = super().get_line(line_index)
        line.plain = pictured(line.plain)
        for start, end, role in self._colours.of(line_index):
            line.stylize(ink(self, f"sql--{role}"), start, end)
        if self._mistake:
            (row, start), (last, end) = map(self._location, self._mistake)
            if row <= line_index <= last:
                line.stylize(ink(self, "sql--mistake"), start, end if line_index == last else len(line))
        return line


def _uncommented(line: str) -> str:
    margin, _, text = line.partition(_COMMENT)
    return margin + text.removeprefix(" ")
