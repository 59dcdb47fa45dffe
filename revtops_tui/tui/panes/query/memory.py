"""The queries that were open, as they are remembered between two starts."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from revtops_tui.tui.panes.query.targets import LOCAL, Target
from revtops_tui.tui.text import label_of

_KEY = "query.tabs"
_LONGEST = 100_000
_MOST = 20


@dataclass(frozen=True)
class Remembered:
    """A tab: what it asks, and what stands in it."""

    target: Target
    text: str


@dataclass(frozen=True)
class Tabs:
    """The tabs, at least one, and which of them was shown."""

    tabs: Sequence[Remembered]
    current: int


def remember(state: MutableMapping[str, Any], tabs: Sequence[Remembered], current: int) -> None:
    """Keep the tabs; a text too long to have been typed is left out."""
    kept = [{"target": tab.target.id, "text": tab.text if len(tab.text) <= _LONGEST else ""} for tab in tabs[:_MOST]]
    state[_KEY] = {"tabs": kept, "current": current}


def recall(state: MutableMapping[str, Any]) -> Tabs:
    """The tabs there were, or an empty one. What was remembered may be anything: people edit files."""
    stored = state.get(_KEY)
    stored = stored if isinstance(stored, dict) else {}
    listed = stored.get("tabs")
    tabs = [_tab(each) for each in listed[:_MOST] if isinstance(each, dict)] if isinstance(listed, list) else []
    current = stored.get("current")
    return Tabs(
        tabs or [Remembered(LOCAL, "")], current if isinstance(current, int) and 0 <= current < len(tabs) else 0
    )


def _tab(stored: dict[str, Any]) -> Remembered:
    """A system is known by its selector until it is known what can be asked."""
    target, text = str(stored.get("target") or ""), str(stored.get("text") or "")
    return Remembered(Target(target, label_of(target), "") if target else LOCAL, text)
