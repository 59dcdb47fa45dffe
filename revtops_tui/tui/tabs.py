"""The workspaces there are. A new one is a module in `panes` and a line here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import cast

from revtops_tui.tui.panes.pane import Pane


@dataclass(frozen=True)
class Tab:
    """A workspace: its key, its title, and the module and class of its pane, imported on the first visit."""

    id: str
    key: str
    title: str
    module: str
    pane: str

    def load(self) -> Pane:
        """A new pane."""
        return self.pane_class()(id=self.id)

    def pane_class(self) -> type[Pane]:
        """The class of its pane, imported now."""
        return cast("type[Pane]", getattr(importlib.import_module(f"revtops_tui.tui.panes.{self.module}"), self.pane))


TABS = (
    Tab("connectors", "1", "Connectors", "connectors.pane", "ConnectorsPane"),
    Tab("data", "2", "Data", "data.pane", "DataPane"),
    Tab("query", "3", "Query", "query.pane", "QueryPane"),
    Tab("inbox", "4", "Inbox", "inbox.pane", "InboxPane"),
    Tab("traffic", "5", "Traffic", "traffic.pane", "TrafficPane"),
    Tab("runs", "6", "Runs", "runs", "RunsPane"),
)
