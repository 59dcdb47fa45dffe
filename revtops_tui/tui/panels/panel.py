"""What every panel is: one side of what is chosen in the list of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.containers import Vertical

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp
    from revtops_tui.tui.panes.connectors.inventory import Entry


class Panel(Vertical):
    """Made on the first visit, and then kept for whatever is chosen next."""

    DEFAULT_CSS = """
    Panel {
        height: 1fr;
        & Sheet { height: 1fr; }
        & ItemList {
            height: auto;
            min-height: 3;
            max-height: 50%;
            border: none;
            border-bottom: solid $border-blurred;
            &:focus { border: none; border-bottom: solid $primary; }
        }
    }
    """

    BLANK = True
    """Nothing of its own is seen: its lines, which what stands in it covers, are not drawn one by one."""

    entry: Entry | None = None
    """What it shows; given by `show`."""

    @property
    def host(self) -> RevtopsApp:
        """The app."""
        return cast("RevtopsApp", self.app)

    def show(self, entry: Entry) -> None:
        """Something was chosen, or what is chosen has been read again."""
        is_other = self.entry is None or self.entry.id != entry.id
        self.entry = entry
        self.turn(is_other=is_other)

    def turn(self, *, is_other: bool) -> None:
        """Show `entry`: from the top where it `is_other` than what was shown."""
        raise NotImplementedError

    def tick(self) -> None:
        """Time has passed, or a sync got on."""

    def focus_main(self) -> None:
        """Focus what one most likely wants to use."""
        raise NotImplementedError
