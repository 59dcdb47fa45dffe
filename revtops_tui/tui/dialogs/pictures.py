"""The ready pictures of the local data, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from revtops_tui.tui.background import in_background
from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import plain
from revtops_tui.tui.widgets.picture import write_parts
from revtops_tui.tui.widgets.sheet import Paper, Sheet

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError
    from revtops_tui.engine.pictures import Part
    from revtops_tui.engine.workspace import Workspace

TITLES = ("Pipeline by stage", "Won by month", "Activity", "Syncs")
"""The pictures, in the order of `engine.pictures.PICTURES`."""


class PicturesDialog(Dialog[None]):
    """Left and right, or a digit, show another picture; the one that was shown last is shown first the next time."""

    DEFAULT_CSS = """
    PicturesDialog > Box { width: 110; height: 92%; padding: 0; }
    PicturesDialog Sheet { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("pictures.next", "right,l,n", "go(1)", "Next picture", show=False),
        command("pictures.previous", "left,h,p", "go(-1)", "Previous picture", show=False),
        *[
            command(f"pictures.{number}", str(number), f"show({number - 1})", title, show=False)
            for number, title in enumerate(TITLES, start=1)
        ],
        command("pictures.reload", "r", "reload", "Read again", show=False),
        command("pictures.close", "q,enter", "leave", "Close", show=False),
    ]

    def __init__(self, number: int | None = None) -> None:
        """`number` is the place of a picture in `TITLES`; without one it is the one that was shown last."""
        super().__init__()
        self._given = number
        self._number = number or 0

    def compose(self) -> ComposeResult:
        """The picture."""
        with Box("Pictures", "← → another picture · ↑ ↓ scroll · esc close"):
            yield Sheet()

    def on_mount(self) -> None:
        """Draw the first."""
        if self._given is None:
            kept = self.host.state.get("pictures.shown", 0)
            self._number = kept if isinstance(kept, int) and 0 <= kept < len(TITLES) else 0
        self.query_one(Sheet).focus()
        self.action_reload()

    def action_go(self, by: int) -> None:
        """Show a neighbour; after the last comes the first."""
        self.action_show((self._number + by) % len(TITLES))

    def action_show(self, number: int) -> None:
        """Show this picture."""
        self._number = number
        self.host.state["pictures.shown"] = number
        self.action_reload()

    def action_reload(self) -> None:
        """Read the data and draw."""
        names = [f"[{title}]" if at == self._number else title for at, title in enumerate(TITLES)]
        self.query_one(Box).border_title = Content(plain("  ".join(names)))
        self.query_one(Sheet).show(lambda width: Paper(width).line(("Reading…", "muted")))
        in_background(
            self, partial(_load, self.host.ws, self._number), self._show, self._failed, group="picture", exclusive=True
        )

    def _show(self, loaded: tuple[Sequence[Part], str]) -> None:
        parts, empty = loaded
        self.query_one(Sheet).show(lambda width: write_parts(width, parts, empty))

    def _failed(self, error: EngineError) -> None:
        self.query_one(Sheet).fail(error)


def _load(ws: Workspace, number: int) -> tuple[Sequence[Part], str]:
    from revtops_tui.engine.pictures import PICTURES

    picture = PICTURES[number]
    return picture.load(ws), picture.empty
