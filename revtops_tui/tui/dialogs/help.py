"""The keys that do something where one was when asking, made from the bindings themselves: never stale."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from textual.app import ComposeResult
from textual.binding import ActiveBinding

from revtops_tui.tui.dialogs.dialog import Box, Dialog
from revtops_tui.tui.text import fit, wrap
from revtops_tui.tui.widgets.sheet import Paper, Sheet

_KEYS = 14
_MARKS = "● connected   ○ not connected   ! needs attention   ⟳ at work   ✗ broken"


class HelpDialog(Dialog[None]):
    """Help for the screen beneath."""

    DEFAULT_CSS = """
    HelpDialog Sheet { height: auto; max-height: 28; padding: 0; }
    """

    def __init__(self, bindings: Sequence[ActiveBinding]) -> None:
        super().__init__()
        self._active = bindings

    def compose(self) -> ComposeResult:
        """The keys, grouped by where they work."""
        with Box("Keys", "↑ ↓ scroll · esc close"):
            yield Sheet(self._write)

    def _write(self, width: int) -> Paper:
        paper = Paper(width)
        for title, rows in self._groups().items():
            paper.heading(title)
            for keys, text in rows.values():
                texts = wrap(text, paper.width - _KEYS - 2)
                for named, line in zip_longest(wrap(" ".join(keys), _KEYS - 1), texts, fillvalue=""):
                    paper.line((f"  {fit(named.strip(), _KEYS)}", "key"), line)
        return paper.heading("Marks").text(_MARKS, "muted", indent=2).blank()

    def _groups(self) -> dict[str, dict[str, tuple[list[str], str]]]:
        groups: dict[str, dict[str, tuple[list[str], str]]] = {}
        for active in self._active:
            binding = active.binding
            if binding.system or not active.enabled or not binding.description:
                continue
            title = "Everywhere" if active.node is self.app else "Here" if binding.tooltip else "Moving about"
            rows = groups.setdefault(title, {})
            keys, _ = rows.setdefault(binding.action, ([], binding.tooltip or binding.description))
            keys.append(self.app.get_key_display(binding))
        return {title: groups[title] for title in ("Here", "Everywhere", "Moving about") if title in groups}
