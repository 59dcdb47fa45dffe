"""What every dialog is: a titled box in the middle of a dimmed screen, left with esc."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from revtops_tui.tui.text import plain

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp

T = TypeVar("T")


class Box(Vertical):
    """The dialog's frame: `title` above, the keys that work below."""

    def __init__(self, title: str, keys: str) -> None:
        super().__init__()
        self.border_title = Content(plain(title))
        self.border_subtitle = Content(keys)


class Dialog(ModalScreen[T]):
    """A modal screen with one box; esc dismisses it with None."""

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
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close", show=False, id="dialog.leave")]
    takes_every_key: ClassVar[bool] = False
    """Whether the app's own keys do nothing while it is open."""

    @property
    def host(self) -> RevtopsApp:
        """The app."""
        return cast("RevtopsApp", self.app)

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
