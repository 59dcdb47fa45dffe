"""What can be named in queries, read once for each target and kept while the app is open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from revtops_tui.tui.background import in_background
from revtops_tui.tui.panes.pane import Pane
from revtops_tui.tui.panes.query.targets import Target, names, row_counts
from revtops_tui.tui.sql.names import Name

if TYPE_CHECKING:
    from revtops_tui.engine.errors import EngineError


class KnownNames:
    """The names of each target. Reading them is work for a thread; until they are here, there are none."""

    def __init__(self, pane: Pane, tell: Callable[[str], object]) -> None:
        """`tell` is called with a target's id when something new is known about it."""
        self._pane = pane
        self._tell = tell
        self._names: dict[str, Sequence[Name]] = {}
        self._asked: set[str] = set()
        self.errors: dict[str, EngineError] = {}
        self.counts: dict[str, Mapping[str, str]] = {}
        self.gone = threading.Event()
        """Set when nobody waits any more."""

    def of(self, target: Target) -> Sequence[Name]:
        """The names that are known by now; the first question for them has them read."""
        if target.id not in self._asked:
            self._asked.add(target.id)
            self._read(partial(names, self._pane.host.ws, target, self.gone), target, self._have)
        return self._names.get(target.id, ())

    def is_known(self, target: Target) -> bool:
        """Whether the names have been read."""
        return target.id in self._names

    def forget(self, target: Target) -> None:
        """Read them again when they are wanted next."""
        for known in (self._names, self.errors, self.counts):
            known.pop(target.id, None)
        self._asked.discard(target.id)

    def count(self, target: Target) -> None:
        """Count the rows of the local tables, once; of a system, its schema says what it knows."""
        if not target.is_live and target.id not in self.counts:
            self.counts[target.id] = {}
            self._read(partial(row_counts, self._pane.host.ws, self.gone), target, self._have_counts)

    def _read(self, work: Callable[[], Any], target: Target, done: Callable[[str, Any], None]) -> None:
        in_background(
            self._pane, work, partial(done, target.id), partial(self._failed, target.id), group=f"names {target.id}"
        )

    def _have(self, target_id: str, found: Sequence[Name]) -> None:
        self._names[target_id] = found
        self.errors.pop(target_id, None)
        self._tell(target_id)

    def _have_counts(self, target_id: str, found: Mapping[str, str]) -> None:
        self.counts[target_id] = found
        self._tell(target_id)

    def _failed(self, target_id: str, error: EngineError) -> None:
        self.errors[target_id] = error
        self._tell(target_id)
