"""Simulated vendors on loopback: what `revtops simulate` and the demo start."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.suggestions import did_you_mean
from revtops_tui.simulators.catalog import SIMULATORS, simulator_class
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.limits import Limit
from revtops_tui.simulators.server import SimulatorServer, SimulatorStartError

if TYPE_CHECKING:
    from revtops_tui.simulators.vendor import VendorSimulator

POSTGRES = "customer_postgres"


@dataclass(frozen=True)
class Simulated:
    """A vendor that is served at `url`. `credentials` are good there and nowhere else.

    `simulator` is None for a customer's PostgreSQL, which is a real one; its address is part of its credentials.
    """

    slug: str
    url: str
    credentials: dict[str, Any]
    simulator: VendorSimulator | None = None

    @property
    def base_url(self) -> str | None:
        """The base URL that a connection to it takes."""
        return self.url if self.simulator else None


@contextmanager
def simulate(
    slugs: Sequence[str] = (),
    *,
    size: int = 1_000,
    seed: int = 1,
    latency: float = 0.0,
    faults: Sequence[Fault] = (),
    limit: Limit | None = None,
    port: int = 0,
) -> Iterator[list[Simulated]]:
    """Serve these vendors, or all of them, each with an address of its own, until the block ends.

    Args:
        size: how many deals the simulated company has; everything else comes in proportion.
        latency: seconds that every answer takes at least.
        port: the first one's port, the others take the next ones; 0 takes free ones.

    Raises EngineError for a vendor that has no simulator, and for a port that is taken.
    """
    known = [*SIMULATORS, POSTGRES]
    for slug in slugs:
        if slug not in known:
            hint = did_you_mean(slug, known) or f"There are: {', '.join(known)}."
            raise EngineError("usage", f"There is no simulator of {slug}.", hint=hint)
    with ExitStack() as stack:
        running = []
        for number, slug in enumerate(slugs or (*SIMULATORS, *([POSTGRES] if has_postgres() else []))):
            if slug == POSTGRES:
                running.append(stack.enter_context(_postgres(size, seed)))
                continue
            own = [copy.copy(fault) for fault in faults]
            vendor = simulator_class(slug)(size=size, seed=seed, latency=latency, faults=own, limit=limit)
            try:
                server = stack.enter_context(SimulatorServer(vendor.app, port=port + number if port else 0))
            except SimulatorStartError as error:
                raise EngineError("usage", str(error)) from error
            running.append(Simulated(slug, server.url, vendor.credentials, vendor))
        yield running


def has_postgres() -> bool:
    """Whether this machine has a PostgreSQL server that can be run."""
    from revtops_tui.simulators.postgres_server import PostgresMissingError, programs

    try:
        programs()
    except PostgresMissingError:
        return False
    return True


@contextmanager
def _postgres(size: int, seed: int) -> Iterator[Simulated]:
    from revtops_tui.simulators.customer_postgres import customer_postgres
    from revtops_tui.simulators.postgres_server import PostgresMissingError

    try:
        with customer_postgres(size=size, seed=seed) as database:
            yield Simulated(POSTGRES, database.url, database.credentials)
    except PostgresMissingError as error:
        raise EngineError("not_available", str(error)) from error


def parse_fault(text: str) -> Fault:
    """A fault as it is written on a command line: `429`, or `500,path=/deals,after=3,times=1`. Raises EngineError."""
    kind, *settings = text.split(",")
    fields: dict[str, Any] = {"kind": kind}
    for setting in settings:
        name, separator, value = setting.partition("=")
        if not separator:
            raise EngineError(
                "usage",
                f"{setting} in --fault {text} is not NAME=VALUE.",
                hint="Such as: 500,path=/deals,after=3,times=1",
            )
        fields[name] = int(value) if value.isdecimal() and name != "retry_after" else value
    try:
        return Fault.parse(fields)
    except (TypeError, ValueError) as error:
        raise EngineError("usage", f"--fault {text}: {error}") from error
