"""`python -m benchmarks [sync] [start] [app] [search] [grid] [body]`: measure, write results.md, say which bars hold.

Or `crash`, `events` or `export`: those have reports of their own.

The exit code is 1 if a bar does not hold.
"""

from __future__ import annotations

import argparse
import fcntl
import signal
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import app, body, crash, events, export, grid, ours, report, search, start, sync
from benchmarks.bars import judge
from benchmarks.contenders import HERE, WORK, Contender, peers
from benchmarks.figures import Figures, size_name, size_of
from benchmarks.secret_service import Keyring, keyring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PARTS = ("sync", "start", "app", "search", "grid", "body")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="|".join(_PARTS), help="what to measure; everything if left out")
    parser.add_argument("--rows", default="10k,100k,1M", help="sizes of the comparison (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, of which the median counts")
    parser.add_argument("--only", help="names of contenders, with commas between; slow peers can be left out so")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(_PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return options


def _chosen(only: str | None, vault: Keyring) -> list[Contender]:
    everyone = [*peers(), ours.contender(vault)]
    if only is None:
        return everyone
    names = only.split(",")
    if missing := set(names) - {each.name for each in everyone}:
        sys.exit(f"no such contender: {', '.join(sorted(missing))}; there are {', '.join(e.name for e in everyone)}")
    return [each for each in everyone if each.name in names]


def _measurements(options: argparse.Namespace, vault: Keyring) -> dict[str, Callable[[], Figures]]:
    """Part -> how to measure it, for what was asked."""
    asked = options.parts or _PARTS
    todo: dict[str, Callable[[], Figures]] = {}
    if "sync" in asked:
        contenders = _chosen(options.only, vault)
        for rows in map(size_of, options.rows.split(",")):
            todo[size_name(rows)] = partial(sync.compare, contenders, rows, options.runs)
    if "start" in asked:
        todo["start"] = partial(start.measure_start, options.runs)
    if "app" in asked:
        todo["app"] = partial(app.measure_app, options.runs, vault)
    if "search" in asked:
        todo["search"] = partial(search.measure_search, options.runs)
    if "grid" in asked:
        todo["grid"] = partial(grid.measure_grid, options.runs)
    if "body" in asked:
        todo["body"] = partial(body.measure_body, options.runs)
    return todo


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other run measures in this folder: they would spoil each other's figures, and share their data."""
    with (WORK / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another run is measuring; waiting for its end ...", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Measure what was asked; figures of parts that were not are taken from the last run of those."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and daemons are stopped then, too
    if sys.argv[1:2] == ["crash"]:
        return crash.main(sys.argv[2:])
    if sys.argv[1:2] == ["events"]:
        return events.main(sys.argv[2:])
    if sys.argv[1:2] == ["export"]:
        return export.main(sys.argv[2:])
    options = _arguments()
    WORK.mkdir(exist_ok=True)
    kept = WORK / "figures.json"
    with _alone(), keyring() as vault:
        figures = Figures.read(kept)
        for part, measured in _measurements(options, vault).items():
            figures.replace(part, measured())
            figures.write(kept)
            (HERE / "results.md").write_text(report.render(figures, vault.name))
    verdicts = judge(figures)
    print(*verdicts, sep="\n")
    return 1 if any(verdict.holds is False for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
