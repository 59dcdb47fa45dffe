"""The line at the bottom: the keys that do something here and now, as many as fit; help and palette always do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from revtops_tui.tui.widgets.line import Line, ink

_ALWAYS = ("show('help')", "command_palette")


class KeyLine(Widget):
    """What a footer is, drawn as one line: no widget per key, and nothing is cut in the middle."""

    DEFAULT_CSS = """
    KeyLine {
        dock: bottom;
        height: 1;
        background: $panel;
        & > .keys--key { color: $primary; text-style: bold; }
        & > .keys--label { color: $text-muted; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--label"}

    def on_mount(self) -> None:
        """Follow the bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _screen: Screen[object]) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - there is one line
        """The line."""
        width = self.size.width
        shown = list(self._bindings_shown())
        right = self._line([binding for binding in shown if binding.action in _ALWAYS], width)
        left = self._line([binding for binding in shown if binding.action not in _ALWAYS], width - right.width)
        left.fill(width - right.width)
        return Strip.join([left.strip(left.width), right.strip(right.width)]).adjust_cell_length(width)

    def _line(self, bindings: list[Binding], room: int) -> Line:
        line = Line(self.rich_style).add(" ")
        for binding in bindings:
            key = self.app.get_key_display(binding)
            if line.width + len(key) + len(binding.description) + 3 > room:
                continue
            line.add(key, ink(self, "keys--key")).add(f" {binding.description}  ", ink(self, "keys--label"))
        return line

    def _bindings_shown(self) -> Iterator[Binding]:
        seen: set[str] = set()
        for active in self.screen.active_bindings.values():
            if active.binding.show and active.enabled and active.binding.action not in seen:
                seen.add(active.binding.action)
                yield active.binding
