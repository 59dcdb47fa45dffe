"""A demo of everything without an account: simulated vendors that go on working, a database that is gone afterwards."""

from __future__ import annotations

import random
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from types import TracebackType

from revtops_tui.engine.connections import connect
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.simulation import POSTGRES, Simulated, has_postgres, simulate
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.catalog import SIMULATORS
from store.credentials import MemoryCredentials

ORGANIZATION = "demo"
LOCAL = "code_sandbox"
"""Needs no vendor: it runs on this machine."""


class Demo:
    """A workspace over simulators in a temporary data directory. Use as a context manager.

    Args:
        size: how many deals the simulated company has; everything else is in proportion.
        seed: which company it is.
        pace: seconds after which somebody there changes something in one of the systems; None: nobody works.
    """

    def __init__(self, *, size: int = 500, seed: int = 1, pace: float | None = 5.0) -> None:
        self._size, self._seed, self._pace = size, seed, pace
        self._stack = ExitStack()

    def __enter__(self) -> Workspace:
        with ExitStack() as stack:
            ws = self._start(stack)
            self._stack = stack.pop_all()
        return ws

    def _start(self, stack: ExitStack) -> Workspace:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="revtops-demo-")))
        database = stack.enter_context(ExitStack())
        with ThreadPoolExecutor(1) as other:  # making a database takes as long as everything else here
            postgres = other.submit(database.enter_context, self._simulate(POSTGRES)) if has_postgres() else None
            vendors = stack.enter_context(self._simulate(*(slug for slug in SIMULATORS if slug != LOCAL)))
            ws = stack.enter_context(Workspace(home, ORGANIZATION, credentials=MemoryCredentials()))
            _connect(ws, vendors)
            with suppress(EngineError):  # a server that is there, and cannot be run: the others do without it
                _connect(ws, postgres.result() if postgres else [])
        with suppress(EngineError):  # a machine that cannot sandbox demonstrates the other nine
            connect(ws, LOCAL, {})
        if self._pace is not None:
            stack.enter_context(_Life(vendors, self._seed, self._pace))
        return ws

    def _simulate(self, *slugs: str) -> AbstractContextManager[list[Simulated]]:
        return simulate(slugs, size=self._size, seed=self._seed)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _connect(ws: Workspace, vendors: Sequence[Simulated]) -> None:
    for one in vendors:
        connect(ws, one.slug, one.credentials, base_url=one.base_url)


class _Life:
    """Colleagues at work: now and then one creates or changes something in one of the systems."""

    def __init__(self, running: Sequence[Simulated], seed: int, pace: float) -> None:
        self._pace = pace
        self._places = [
            (one.simulator, entity) for one in running if one.simulator for entity in one.simulator.changeable
        ]
        self._chance = random.Random(seed)  # noqa: S311 - fiction, not secrets
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo life", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._pace):
            simulator, entity = self._chance.choice(self._places)
            self._chance.choice((simulator.create, simulator.change))(entity)
