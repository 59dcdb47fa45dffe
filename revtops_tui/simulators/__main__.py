"""`python -m revtops_tui.simulators hubspot`: a simulator in a process of its own."""

from __future__ import annotations

import argparse
import sys
import threading
from typing import TYPE_CHECKING

from revtops_tui.simulators.hubspot import HubSpotSimulator, RateLimit
from revtops_tui.simulators.server import SimulatorServer, SimulatorStartError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the first line on stdout is the simulator's address."""
    options = _parser().parse_args(arguments)
    limit = None if options.rate_limit is None else RateLimit(requests=options.rate_limit)
    simulator = HubSpotSimulator(
        seed=options.seed, size=options.size, token=options.token, latency=options.latency / 1000, limit=limit
    )
    try:
        server = SimulatorServer(simulator.app, port=options.port)
    except SimulatorStartError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    if options.exit_with_parent:
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    print(server.url, flush=True)  # noqa: T201 - the promised first line
    try:
        server.run()
    except KeyboardInterrupt:
        return 130
    return 0


def _stop_at_end_of_input(server: SimulatorServer) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    server.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m revtops_tui.simulators", description=main.__doc__)
    parser.add_argument("vendor", choices=["hubspot"], help="which vendor to simulate")
    parser.add_argument("--size", type=int, default=1_000, help="number of deals; the rest comes in proportion")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same account")
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="milliseconds a reply takes at least")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--token", default="simulated-token", help="the token that requests must carry")
    parser.add_argument("--rate-limit", type=int, metavar="N", help="requests in ten seconds; without it no limit")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when stdin ends")
    return parser


if __name__ == "__main__":
    sys.exit(main())
