"""What a system can be asked, and what can be named in that."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from revtops_tui.tui.background import in_background
from revtops_tui.tui.panels.paper_panel import PaperPanel
from revtops_tui.tui.panes.query.targets import names, target_of
from revtops_tui.tui.sql.names import Name
from revtops_tui.tui.widgets.sheet import Paper

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError


class QueryPanel(PaperPanel):
    """How it is asked, and its schema, which it is asked for on the first look."""

    def on_mount(self) -> None:
        """Nothing is known yet."""
        self._known: dict[str, Sequence[Name]] = {}
        self._problems: dict[str, EngineError] = {}
        self._gone = threading.Event()

    def on_unmount(self) -> None:
        """Nobody waits for an answer any more."""
        self._gone.set()

    def tick(self) -> None:
        """Nothing here has an age."""

    def read(self) -> None:
        """Ask for the schema, once."""
        target = target_of(self.entry) if self.entry else None
        if target is None or target.id in self._known:
            return
        ask = partial(names, self.host.ws, target, self._gone)
        have, failed = partial(self._have, target.id), partial(self._failed, target.id)
        in_background(self, ask, have, failed, group="schema", exclusive=True)

    def _have(self, of: str, known: Sequence[Name]) -> None:
        self._known[of] = known
        self._problems.pop(of, None)
        self.rewrite()

    def _failed(self, of: str, error: EngineError) -> None:
        self._problems[of] = error
        self.rewrite()

    def write(self, width: int) -> Paper:
        """What it is asked with, and its tables or objects."""
        paper = Paper(width)
        entry = self.entry
        if entry is None or entry.manifest is None:
            return paper
        paper.text(entry.manifest["query_description"] or "It answers queries of its own kind.")
        paper.blank().line(("e", "key"), (" asks it", "muted"))
        if problem := self._problems.get(entry.id):
            return paper.heading("Schema").text(problem.message, "bad", indent=2).text(problem.hint, "muted", indent=2)
        if entry.id not in self._known:
            return paper.heading("Schema").line(("  Asking…", "muted"))
        return self._write_names(paper, self._known[entry.id])

    def _write_names(self, paper: Paper, known: Sequence[Name]) -> Paper:
        paper.heading("Schema", "" if known else "it tells none")
        for table in known:
            paper.line((f"  {table.label}", "key"), (f"  {table.note}" if table.note else "", "muted"))
            paper.text(", ".join(column.label for column in table.columns), "muted", indent=4, limit=4)
        return paper
