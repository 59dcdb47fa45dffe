"""Going to anything on the screen in two keys: a letter on every widget that can be focused, and on every workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from revtops_tui.tui.dialogs.dialog import Overlay
from revtops_tui.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from revtops_tui.tui.app import RevtopsApp

_LETTERS = "asdfghjkl" + "".join(letter for letter in ascii_lowercase if letter not in "asdfghjkl")


@dataclass(frozen=True)
class Goal:
    """Somewhere to go: where its letter stands, and the widget to focus or the app's action to run."""

    x: int
    y: int
    widget: Widget | None = None
    action: str = ""


class _Letter(Widget):
    DEFAULT_CSS = """
    _Letter {
        width: 3; height: 1; position: absolute; text-align: center;
        background: $accent; color: $background; text-style: bold;
    }
    """

    def __init__(self, letter: str, goal: Goal) -> None:
        super().__init__()
        self._content = Content(letter)
        self.styles.offset = (goal.x, goal.y)

    def render(self) -> Content:
        """The letter."""
        return self._content


class JumpOverlay(Overlay[None]):
    """The letters, over the screen as it is. A letter goes there; any other key leaves."""

    DEFAULT_CSS = """
    JumpOverlay { background: $background 30%; }
    """

    def __init__(self, goals: Sequence[Goal]) -> None:
        super().__init__()
        self._goals = dict(zip(_LETTERS, goals, strict=False))

    @classmethod
    def over(cls, screen: Screen[object]) -> JumpOverlay:
        """The overlay for a screen: its workspaces first, then what can be focused, from top to bottom."""
        goals = [
            Goal(start, line.region.y, action=action)
            for line in screen.query(StatusLine)
            for start, action in line.places()
        ]
        focusable = sorted(screen.focus_chain, key=lambda widget: (widget.region.y, widget.region.x))
        goals += [
            Goal(widget.region.x + (1 if widget.region.width > _ROOMY else 0), widget.region.y, widget)
            for widget in focusable
            if widget.region.area and screen.region.contains_region(widget.region)
        ]
        return cls(goals)

    def compose(self) -> ComposeResult:
        """A letter on each."""
        for letter, goal in self._goals.items():
            yield _Letter(letter, goal)

    async def on_key(self, event: events.Key) -> None:
        """Go, or leave."""
        event.stop()
        event.prevent_default()
        goal = self._goals.get(event.key) if self.is_on_top else None
        self.dismiss()
        if goal is None:
            return
        app = cast("RevtopsApp", self.app)
        if goal.widget is not None:
            app.call_later(goal.widget.focus)
        else:
            app.call_later(app.run_action, goal.action)

    def on_click(self) -> None:
        """A click leaves."""
        self.dismiss()


_ROOMY = 6
"""Columns from which a letter stands beside the corner of a widget, where a border's title begins."""
