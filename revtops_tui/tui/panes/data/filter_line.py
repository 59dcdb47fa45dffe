"""The line under the rows in which their filter is typed, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

_TYPING_PAUSE = 0.15
_LANGUAGE = "stage:won · amount:>10k · -stage:lost · f2 more"


class FilterLine(Vertical):
    """Hidden until it is asked for, or something is filtered."""

    DEFAULT_CSS = """
    FilterLine {
        height: auto;
        display: none;
        &.-open { display: block; }
        & Input {
            height: 1;
            border: none;
            padding: 0 1;
            margin: 0 1;
            background: $panel;
            &:focus { border: none; background: $primary 18%; }
        }
        & .filter-says { height: auto; max-height: 3; padding: 0 2; color: $text-muted; }
        & .filter-says.-bad { color: $error; }
    }
    """

    @dataclass
    class Typed(Message):
        """Somebody typed, and paused; or, where it is `done`, pressed enter."""

        text: str
        done: bool

    def __init__(self) -> None:
        super().__init__()
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        """The line, and what is said of it."""
        yield Input(placeholder="Show rows that…", id="filter", select_on_focus=False)
        yield Static(_LANGUAGE, classes="filter-says", markup=False)

    @property
    def is_open(self) -> bool:
        """Whether it is in sight."""
        return self.has_class("-open")

    def begin(self) -> None:
        """Type what rows must be like."""
        self.add_class("-open")
        self.query_one(Input).focus()

    def show(self, text: str) -> None:
        """Have this in the line; nothing hides it."""
        self._forget()
        with self.prevent(Input.Changed):
            self.query_one(Input).value = text
        self.set_class(bool(text), "-open")
        self.say()

    def say(self, mistake: str = "") -> None:
        """What is wrong with what was typed; nothing: how a filter is written."""
        if mistake:
            self.add_class("-open")
        says = self.query_one(".filter-says", Static)
        says.update(mistake or _LANGUAGE)
        says.set_class(bool(mistake), "-bad")

    def _forget(self) -> None:
        if self._typing:
            self._typing.stop()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._forget()
        self._typing = self.set_timer(_TYPING_PAUSE, partial(self._tell, event.value, done=False))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self._forget()
        self._tell(event.value, done=True)

    def _tell(self, text: str, *, done: bool) -> None:
        self.post_message(self.Typed(text, done))
