"""What is chosen, in short: how it stands, what it brought, how its last syncs went."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from revtops_tui.tui.background import in_background
from revtops_tui.tui.panels.paper_panel import PaperPanel
from revtops_tui.tui.papers.overview import overview
from revtops_tui.tui.widgets.sheet import Paper

if TYPE_CHECKING:
    from revtops_tui.engine.sync import RunInfo
    from revtops_tui.engine.workspace import Workspace

_RUNS = 30


class OverviewPanel(PaperPanel):
    """A connection, a connector that can be added, or one that is broken."""

    _runs: Sequence[RunInfo] | None = None
    _runs_of = ""

    def read(self) -> None:
        """Its last runs."""
        entry = self.entry
        if entry is None or entry.connection is None:
            return
        if entry.id != self._runs_of:
            self._runs, self._runs_of = None, entry.id
        done = partial(self._have, entry.id)
        in_background(self, partial(recent_runs, self.host.ws, entry.id), done, _later, group="runs", exclusive=True)

    def _have(self, of: str, runs: Sequence[RunInfo]) -> None:
        if of == self._runs_of:
            self._runs = runs
            self.rewrite()

    def write(self, width: int) -> Paper:
        """The overview."""
        entry, host = self.entry, self.host
        if entry is None:
            return Paper(width).text("Nothing chosen.", "muted")
        runs = self._runs if entry.id == self._runs_of else None
        jobs = host.jobs
        return overview(width, entry, runs, host.clock(), jobs.running.get(entry.id), jobs.ended.get(entry.id))


def recent_runs(ws: Workspace, selector: str) -> Sequence[RunInfo]:
    """The last runs of a connection. In a thread."""
    from revtops_tui.engine.sync import runs

    return runs(ws, selector, _RUNS)


def _later(_: object) -> None:
    """The page stands without its runs, and the next reading tries again."""
