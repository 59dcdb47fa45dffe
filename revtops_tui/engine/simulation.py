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


@dataclass(frozen=True)
class Simulated:
    """A simulator that serves at `url`. `credentials` are good there and nowhere else."""

    slug: str
    url: str
    credentials: dict[str, Any]
    simulator: VendorSimulator


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
    for slug in slugs:
        if slug not in SIMULATORS:
            hint = did_you_mean(slug, SIMULATORS) or f"There are: {', '.join(SIMULATORS)}."
            raise EngineError("usage", f"There is no simulator of {slug}.", hint=hint)
    with ExitStack() as stack:
        running = []
        for number, slug in enumerate(slugs or SIMULATORS):
            own = [copy.copy(fault) for fault in faults]
            vendor = simulator_class(slug)(size=size, seed=seed, latency=latency, faults=own, limit=limit)
            try:
                server = stack.enter_context(SimulatorServer(vendor.app, port=port + number if port else 0))
            except SimulatorStartError as error:
                raise EngineError("usage", str(error)) from error
            running.append(Simulated(slug, server.url, vendor.credentials, vendor))
        yield running


def parse_fault(text: str) -> Fault:
    """A fault as it is written on a command line: `429`, or `500,path=/deals,after=3,times=1`. Raises EngineError."""
    kind, *settings = text.split(",")
    fields: dict[str, Any] = {"kind": kind}
    for setting in settings:
        name, separator, value = setting.partition("=")
        if not separator:
            raise EngineError("usage", f"{setting} in --fault {text} is not NAME=VALUE.")
        fields[name] = int(value) if value.isdecimal() and name != "retry_after" else value
    try:
        return Fault.parse(fields)
    except (TypeError, ValueError) as error:
        raise EngineError("usage", f"--fault {text}: {error}") from error
