"""A connection's own feed, followed as the daemon does."""

from __future__ import annotations

import threading

from revtops_tui.engine import inbox
from revtops_tui.engine.errors import EngineError
from tests.support.vendors import Connected


class Following:
    """`inbox.follow` in a thread, until the block ends."""

    def __init__(self, office: Connected) -> None:
        self.office = office
        self.error: EngineError | None = None
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            inbox.follow(self.office.ws, self.office.slug, cancel=self._cancel)
        except EngineError as error:
            self.error = error

    def __enter__(self) -> Following:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._cancel.set()
        self.join()

    def join(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()
