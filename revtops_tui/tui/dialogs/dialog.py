"""What every dialog is: a titled box in the middle of a dimmed screen, left with esc."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from rich.cells import cell_len
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from revtops_tui.tui.command import command
from revtops_tui.tui.text import plain

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp

T = TypeVar("T")
_BETWEEN = " · "
_CORNERS = 6
"""Cells of a frame's lower line that no key can take."""


class Box(Vertical):
    """The dialog's frame: `title` above, the keys that work below: as many as fit, and how it is left in any case."""

    def __init__(self, title: str, keys: str) -> None:
        """`keys`: those that work, with ` · ` between them; the last one leaves."""
        super().__init__()
        self.border_title = Content(plain(title))
        self._keys = keys.split(_BETWEEN)

    def name_keys(self, keys: str) -> None:
        """Other keys work now."""
        self._keys = keys.split(_BETWEEN)
        self._show_keys()

    def on_resize(self) -> None:
        """More or fewer of the keys fit."""
        self._show_keys()

    def _show_keys(self) -> None:
        *others, last = self._keys
        while others and cell_len(_BETWEEN.join([*others, last])) > self.outer_size.width - _CORNERS:
            others.pop()
        self.border_subtitle = Content(_BETWEEN.join([*others, last]))


class Overlay(ModalScreen[T]):
    """A modal screen that is left once: a key behind the one that left it reaches it still, and closes no other."""

    @property
    def is_on_top(self) -> bool:
        """Whether it is what keys are meant for."""
        return self in self.app.screen_stack[-1:]

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Textual's own, which closes whatever screen is on top by then."""
        return super().dismiss(result) if self.is_on_top else AwaitComplete.nothing()  # type: ignore[no-untyped-call]  # it has no types


class Dialog(Overlay[T]):
    """An overlay with one box; esc dismisses it with None."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 60%;
        & > Box {
            width: 72;
            max-width: 94%;
            height: auto;
            max-height: 92%;
            padding: 1 2 0 2;
            background: $surface;
            border: round $primary;
            border-title-color: $foreground;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
        }
        & .buttons { height: auto; width: 100%; align-horizontal: right; margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [command("dialog.leave", "escape", "leave", "Close", show=False)]
    takes_every_key: ClassVar[bool] = False
    """Whether the app's own keys do nothing while it is open."""

    @property
    def host(self) -> RevtopsApp:
        """The app."""
        return cast("RevtopsApp", self.app)

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
