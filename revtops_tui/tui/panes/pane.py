"""What every workspace is: a container that knows the app it stands in, and which of its widgets comes first.

Where the terminal is too narrow for a list and its detail side by side, a pane shows one of them: its first child, the
list, or the rest. Enter goes in, esc comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget

from revtops_tui.tui.command import command
from revtops_tui.tui.widgets.item_list import ItemList

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp

NARROW = 72
"""Columns below which a list and its detail do not stand side by side."""


class Pane(Horizontal):
    """A workspace under the tabs."""

    DEFAULT_CSS = """
    Pane {
        height: 1fr;
        & > Sheet {
            width: 1fr;
            border: round $border-blurred;
            border-title-color: $foreground;
            border-title-style: bold;
            &:focus { border: round $primary; }
        }
        & > .-alone { width: 1fr !important; max-width: 100% !important; }
        & > .-aside { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("pane.out", "escape", "go_out", "Back", show=False),
        command("pane.choose", "enter", "choose", "Choose", show=False),
    ]
    is_narrow = False
    """Whether one side is shown at a time."""
    is_inside = False
    """Whether that one is the detail."""

    @property
    def host(self) -> RevtopsApp:
        """The app."""
        return cast("RevtopsApp", self.app)

    def focus_main(self) -> None:
        """Focus what one most likely wants to use; called when the workspace is shown."""
        raise NotImplementedError

    def arrive(self) -> None:
        """The workspace is shown: focus what one most likely wants to use of what can be seen."""
        if self.is_narrow and self.is_inside:
            self.go_in()
        else:
            self.focus_main()

    @property
    def _sides(self) -> tuple[Widget, list[Widget]] | None:
        """The list and the detail; None where there is no list."""
        first, *rest = self.children or [self]
        return (first, rest) if rest and (isinstance(first, ItemList) or first.query(ItemList)) else None

    def on_resize(self, event: events.Resize) -> None:
        """See whether there is room for both sides."""
        narrow = event.size.width < NARROW
        if narrow != self.is_narrow:
            self.is_narrow = narrow
            self._arrange()

    def go_in(self) -> None:
        """Show the detail where there is room for one side only, and focus what is in it."""
        sides = self._sides
        if not self.is_narrow or sides is None:
            return
        self.is_inside = True
        self._arrange()
        inside = [widget for side in sides[1] for widget in side.walk_children(Widget, with_self=True)]
        if target := next((widget for widget in inside if widget.focusable), None):
            target.focus()

    def action_go_out(self) -> None:
        """Back to the list, where it is not in sight."""
        if self.is_narrow and self.is_inside:
            self.is_inside = False
            self._arrange()
            self.focus_main()

    def action_choose(self) -> None:
        """In the detail of a narrow terminal: open what is chosen in the list, as enter there does elsewhere."""
        if self.is_narrow and self.is_inside and (sides := self._sides) and isinstance(sides[0], ItemList):
            sides[0].action_choose()

    def post_message(self, message: Message) -> bool:
        """Enter on a list first shows what stands beside it, where that is not in sight."""
        if isinstance(message, ItemList.Chosen) and self.is_narrow and not self.is_inside and self._sides:
            self.call_later(self.go_in)
            return True
        return super().post_message(message)

    def _arrange(self) -> None:
        if (sides := self._sides) is None:
            return
        first, rest = sides
        first.set_class(self.is_narrow, "-alone")
        first.display = not (self.is_narrow and self.is_inside)
        for each in rest:
            each.set_class(self.is_narrow and not self.is_inside, "-aside")
