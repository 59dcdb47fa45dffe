"""A demo of everything without an account: simulated vendors, a database that is gone afterwards."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from revtops_tui.engine.connections import connect
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.hubspot import HubSpotSimulator
from revtops_tui.simulators.server import serve
from store.credentials import MemoryCredentials

ORGANIZATION = "demo"
_TOKEN = "simulated-token"  # noqa: S105 - the simulator's, worth nothing anywhere else


class Demo:
    """A workspace over simulators in a temporary data directory. Use as a context manager.

    Args:
        size: how many deals the simulated company has; everything else is in proportion.
        seed: which company it is.
    """

    def __init__(self, *, size: int = 2_000, seed: int = 1) -> None:
        self._size, self._seed = size, seed
        self._stack = ExitStack()

    def __enter__(self) -> Workspace:
        home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="revtops-demo-")))
        simulator = HubSpotSimulator(seed=self._seed, size=self._size, token=_TOKEN)
        server = self._stack.enter_context(serve(simulator.app))
        ws = self._stack.enter_context(Workspace(home, ORGANIZATION, credentials=MemoryCredentials()))
        connect(ws, "hubspot", {"access_token": _TOKEN}, base_url=server.url)
        return ws

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
