"""Yes or no, in words."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from revtops_tui.tui.command import command


class Toggle(Widget, can_focus=True):
    """Yes or no, said in words: a switch that one can also read without colours."""

    DEFAULT_CSS = """
    Toggle {
        height: 1;
        padding: 0 1;
        background: $panel;
        &:focus { background: $primary 18%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        command("toggle.next", "space,right", "change(1)", "Change", show=False),
        command("toggle.previous", "left", "change(-1)", "Change", show=False),
    ]

    class Changed(Message):
        """Another answer is chosen."""

    value: reactive[bool | None] = reactive[bool | None](False)

    def __init__(self, value: bool | None, *, optional: bool = False) -> None:
        """`optional`: it can be left open as well, which is None."""
        super().__init__()
        self._answers: dict[bool | None, str] = {True: "yes", False: "no"}
        if optional:
            self._answers[None] = "not given"
        self.set_reactive(Toggle.value, value)

    def render(self) -> Content:
        """All answers, the chosen one marked."""
        return Content("   ".join(f"({'•' if v is self.value else ' '}) {word}" for v, word in self._answers.items()))

    def action_change(self, by: int) -> None:
        """The next answer, or the one before."""
        answers = list(self._answers)
        self.value = answers[(answers.index(self.value) + by) % len(answers)]
        self.post_message(self.Changed())

    def on_click(self) -> None:
        """Likewise."""
        self.action_change(1)
