"""`revtops simulate`: vendors on this machine, to develop and to practise against."""

from __future__ import annotations

import json
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Sequence

from revtops_tui.cli.console import Console
from revtops_tui.cli.numbers import amount, count, port, whole
from revtops_tui.cli.parsing import Parser
from revtops_tui.engine.simulation import Simulated, parse_fault
from revtops_tui.engine.workspace import Workspace


def add_simulate(parser: Parser) -> None:
    parser.teach(
        "Simulate vendors on this machine, until Ctrl-C: the accounts of one fictional company, with the vendors' own "
        "paging, limits and errors. Requests are shown as they come.",
        ("revtops simulate", "all of them"),
        ("revtops simulate hubspot --size 100000", "one, with a hundred thousand deals"),
        ("revtops simulate slack --fault 429,after=10,times=3,retry_after=2", "one that has a bad day"),
        ("revtops simulate linear --json", "addresses and credentials, for a script"),
    )
    parser.add_argument("vendor", nargs="*", metavar="VENDOR", help="which ones; all without it")
    parser.add_argument(
        "--size", type=count, default=1_000, metavar="N", help="number of deals; the rest in proportion"
    )
    parser.add_argument("--seed", type=whole, default=1, help="the same seed gives the same company")
    parser.add_argument(
        "--latency", type=amount, default=0.0, metavar="MS", help="milliseconds an answer takes at least"
    )
    parser.add_argument("--rate-limit", type=count, metavar="N", help="requests in ten seconds; without it no limit")
    parser.add_argument("--port", type=port, default=0, help="port of the first one; 0 takes free ones")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[,NAME=VALUE]",
        help="429, 500, timeout, disconnect, lost_reply, half_body, expired_token, revoked, duplicates, page_shift, "
        "schema_drift or slow; with path, method, after, every, times, delay_ms, retry_after; repeat it",
    )
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when stdin ends")
    parser.set_defaults(run=simulate)


def simulate(options: Namespace, ws: Workspace, console: Console) -> int:  # noqa: ARG001 - every command's signature
    from revtops_tui.engine import simulation
    from revtops_tui.simulators.limits import Limit

    limit = None if options.rate_limit is None else Limit(options.rate_limit, 10)
    faults = [parse_fault(text) for text in options.fault]
    with simulation.simulate(
        options.vendor,
        size=options.size,
        seed=options.seed,
        latency=options.latency / 1000,
        faults=faults,
        limit=limit,
        port=options.port,
    ) as running:
        _introduce(running, console)
        if console.live:
            _show_requests(console)
        _until_told(options)
    return 0


def _introduce(running: Sequence[Simulated], console: Console) -> None:
    if console.as_json:
        found = [{"slug": one.slug, "url": one.url, "credentials": one.credentials} for one in running]
        console.document({"simulators": found})
    else:
        console.table(
            ("vendor", "address", "credentials"), [(o.slug, o.url, json.dumps(o.credentials)) for o in running]
        )
        first = running[0]
        console.say(
            f"Connect one from another terminal:\n  echo '{json.dumps(first.credentials)}' | "
            f"revtops connect {first.slug} --base-url {first.url} --stdin\nCtrl-C ends it.",
            "dim",
        )
    sys.stdout.flush()


def _show_requests(console: Console) -> None:
    from revtops_tui.simulators.server import ServedExchange, observers

    def show(exchange: ServedExchange) -> None:
        query = f"?{exchange.query}" if exchange.query else ""
        console.say(f"{exchange.vendor} {exchange.method} {exchange.path}{query} {exchange.status}", "dim")

    observers.append(show)


def _until_told(options: Namespace) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was started is stopped too
    if options.exit_with_parent:
        while sys.stdin.buffer.read(4096):
            pass
    else:
        threading.Event().wait()


COMMANDS = {"simulate": add_simulate}
