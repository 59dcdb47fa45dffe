"""What was told in toasts, to be read again."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from revtops_tui.tui.command import command
from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.shell.notices import Notice
from revtops_tui.tui.widgets.sheet import Paper, Sheet

_MARKS = {"information": ("·", "muted"), "warning": ("!", "busy"), "error": ("✗", "bad")}


class NoticesDialog(Dialog[None]):
    """All of them, the last one first."""

    DEFAULT_CSS = """
    NoticesDialog Sheet { height: auto; max-height: 28; padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("notices.copy", "y", "copy", "Copy", "Copy all of them"),
        command("notices.page", "p", "page", "Pager", "Read them in the pager", show=False),
    ]

    def compose(self) -> ComposeResult:
        """One paragraph for each."""
        with Box("Messages", "↑ ↓ scroll · y copy · p pager · esc close"):
            yield Sheet(self._write)

    def on_mount(self) -> None:
        """They count as read."""
        self.host.notices.seen()

    def _write(self, width: int) -> Paper:
        paper = Paper(width)
        for notice in reversed(self.host.notices.told):
            mark, tone = _MARKS[notice.severity]
            title = notice.title or notice.severity.capitalize()
            paper.blank().line((f"{mark} ", tone), (f"{_time(notice)}  ", "muted"), (title, "title"))
            paper.text(notice.text, indent=2)
        return paper if paper.lines else paper.text("Nothing was told yet. What appears in a corner is kept here.")

    def action_copy(self) -> None:
        """Copy all that was told."""
        self.host.copy(self._text, "the messages")

    def action_page(self) -> None:
        """Show it in the pager."""
        self.host.page(self._text)

    @property
    def _text(self) -> str:
        return "\n".join(f"{_time(n)} {n.severity} {n.title}: {n.text}" for n in self.host.notices.told)


def _time(notice: Notice) -> str:
    return f"{notice.at.astimezone():%H:%M:%S}"
