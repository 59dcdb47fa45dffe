"""The sides from which a connection can be looked at. A new one is a module here and a line in `PANELS`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from revtops_tui.tui.panels.panel import Panel
    from revtops_tui.tui.panes.connectors.inventory import Entry


def _nothing(_: Entry) -> str:
    return ""


def _lacks(capability: str, what: str) -> Callable[[Entry], str]:
    def missing(entry: Entry) -> str:
        if entry.manifest is None:
            return "Its connector is not there any more."
        return "" if capability in entry.capabilities else what

    return missing


def _cannot_act(entry: Entry) -> str:
    return "" if entry.can_act else "Its connector declares nothing that can be written to it or done in it."


@dataclass(frozen=True)
class PanelTab:
    """A panel: its title, and the module and class of its widget, imported on the first visit.

    `missing` says why a connection has no such side; nothing where it has.
    """

    id: str
    title: str
    module: str
    panel: str
    missing: Callable[[Entry], str] = _nothing

    def load(self) -> Panel:
        """A new panel."""
        return cast("Panel", getattr(importlib.import_module(self.module), self.panel)(id=self.id))


_HERE = "revtops_tui.tui.panels"

PANELS = (
    PanelTab("overview", "Overview", f"{_HERE}.overview", "OverviewPanel"),
    PanelTab(
        "sync",
        "Sync",
        f"{_HERE}.sync",
        "SyncPanel",
        _lacks("sync", "Its connector copies no records here: it declares no sync."),
    ),
    PanelTab("act", "Act", f"{_HERE}.act", "ActPanel", _cannot_act),
    PanelTab(
        "events",
        "Events",
        f"{_HERE}.events",
        "EventsPanel",
        _lacks("listen", "Its connector does not listen: it declares no events."),
    ),
    PanelTab(
        "rejected",
        "Rejected",
        f"{_HERE}.rejected",
        "RejectedPanel",
        _lacks("sync", "Nothing is rejected where nothing is synced."),
    ),
    PanelTab(
        "query",
        "Query",
        f"{_HERE}.query",
        "QueryPanel",
        _lacks("query", "Its connector answers no queries: it declares none."),
    ),
    PanelTab("traffic", "Traffic", f"{_HERE}.traffic", "TrafficPanel"),
)

__all__ = ["PANELS", "PanelTab"]
