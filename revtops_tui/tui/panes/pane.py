"""What every workspace is: a container that knows the app it stands in, and which of its widgets comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.containers import Horizontal

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp


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
    }
    """

    @property
    def host(self) -> RevtopsApp:
        """The app."""
        return cast("RevtopsApp", self.app)

    def focus_main(self) -> None:
        """Focus what one most likely wants to use; called when the workspace is shown."""
        raise NotImplementedError
