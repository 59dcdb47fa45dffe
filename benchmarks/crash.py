"""`python -m benchmarks crash`: kill a sync at random moments, run it again, compare with one that nobody disturbed.

Each round starts from the same data directory, kills the sync with SIGKILL once or twice, looks at what is left, and
lets one more run complete. The exit code is 1 when anything differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.contenders import WORK
from benchmarks.figures import size_name, size_of
from benchmarks.ours import REVTOPS, connect
from benchmarks.secret_service import Keyring
from benchmarks.serving import Server, server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PHASES = {"load": [], "incremental": [], "full-resync": ["--full"]}
"""What is killed: a first load; a run that fetches the 5 % that changed; a full listing when, besides, 2 % are gone."""

_TOUCHED, _REMOVED = 0.05, 0.02
_PAGE = 100
_ENTITY = "deals"
_OWN = {"id", "run_id", "synced_at", "deleted_at"}
"""Columns that tell when and by which run a row was written; of `deleted_at` only whether it is set."""
_EDGE = 0.15
"""The part of the rounds that is killed in the first second, and the part that is killed in the last tenth."""
_TWICE = 0.25
"""The part of the rounds in which the next run is killed as well."""
_KEYRING = Keyring("encrypted file", {"REVTOPS_KEYRING_PASSPHRASE": "benchmark"})
"""Kept in the data directory, and so copied with it."""


@dataclass
class Reference:
    """The undisturbed run. `mark`: the watermark before it."""

    seconds: float
    pages: int
    mark: str | None
    state: str
    rows: int


@dataclass
class Round:
    """One round: when the kills came, how many rows each left, what was asked for again, what is wrong.

    `seconds_again`: from when the first of the pages was asked for that were asked for again, to the kill. `resumed`:
    whether the last run had something to go on with, or to begin again.
    """

    number: int
    kills: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    pages_again: int = 0
    seconds_again: float = 0.0
    resumed: bool = True
    wrong: list[str] = field(default_factory=list)


# -- syncing and killing -----------------------------------------------------------------------------------------------


@contextmanager
def _sync(home: Path, phase: str) -> Iterator[subprocess.Popen[str]]:
    """A sync in a process group of its own, which is killed at the end if it still runs."""
    process = subprocess.Popen(
        [str(REVTOPS), "--home", str(home), "sync", "hubspot", "--entity", _ENTITY, "--json", *PHASES[phase]],
        env={**os.environ, **_KEYRING.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _killed(home: Path, phase: str, after: float) -> bool:
    """Kill a sync after that many seconds; False when it had ended before."""
    with _sync(home, phase) as process, suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=after)
    return process.returncode == -signal.SIGKILL


def _completed(home: Path, phase: str) -> list[str]:
    """Let a sync complete; what is wrong with how it ended."""
    with _sync(home, phase) as process:
        output, _ = process.communicate()
    try:
        (run,) = json.loads(output)["runs"]
    except (ValueError, KeyError):
        return [f"the completing run ended with {process.returncode} and said {output[:300]!r}"]
    if process.returncode or run["status"] != "success" or run["entities"][_ENTITY]["rejected"]:
        return [f"the completing run ended with {process.returncode}: {run}"]
    return []


def _moments(chance: random.Random, seconds: float) -> list[float]:
    """When to kill: seconds after the start of the first run, and perhaps of a second one."""
    draw = chance.random()
    if draw < _EDGE:
        first = chance.uniform(0, 1)
    elif draw < 2 * _EDGE:
        first = chance.uniform(0.9, 1) * seconds
    else:
        first = chance.uniform(0, seconds)
    again = [chance.uniform(0, seconds - first)] if chance.random() < _TWICE else []
    return [first, *again]


# -- looking -----------------------------------------------------------------------------------------------------------


@contextmanager
def _copy(home: Path) -> Iterator[sqlite3.Connection]:
    """The database as a crash left it, opened as a copy: opening the file itself would repair it."""
    folder = home.with_name("look")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in home.glob("revtops.db*"):
        if not file.name.endswith("-shm"):
            shutil.copy(file, folder)
    with closing(sqlite3.connect(folder / "revtops.db")) as database:
        yield database
    shutil.rmtree(folder)


def _damage(database: sqlite3.Connection) -> list[str]:
    found = [row[0] for row in database.execute("PRAGMA integrity_check")]
    orphans = database.execute("PRAGMA foreign_key_check").fetchall()
    return [f"integrity: {found[:3]}"] * (found != ["ok"]) + [f"foreign keys: {orphans[:3]}"] * bool(orphans)


def _state(database: sqlite3.Connection) -> tuple[str, int]:
    """Every row of the entity, less what tells when it was written, as a digest; and how many there are."""
    columns = [name for _, name, *_ in database.execute(f"PRAGMA table_info({_ENTITY})") if name not in _OWN]
    digest, rows = hashlib.sha256(), 0
    query = f"SELECT deleted_at IS NULL, {', '.join(columns)} FROM {_ENTITY} ORDER BY connection_id, source_id"
    for row in database.execute(query):
        digest.update(repr(row).encode())
        rows += 1
    return digest.hexdigest(), rows


def _left_over(database: sqlite3.Connection) -> tuple[int, str | None]:
    """Rows of the entity, and when the unfinished sync of it began, if it left a checkpoint."""
    (rows,) = database.execute(f"SELECT count(*) FROM {_ENTITY}").fetchone()
    began = database.execute("SELECT started_at FROM checkpoints WHERE entity = ?", (_ENTITY,)).fetchone()
    return rows, began and began[0]


def _watermark(database: sqlite3.Connection) -> str | None:
    found = database.execute("SELECT value FROM watermarks WHERE entity = ?", (_ENTITY,)).fetchone()
    return found and str(found[0])


def _differences(database: sqlite3.Connection, reference: Reference, began: str | None) -> list[str]:
    """What is not as the undisturbed run left it. `began`: the watermark that an unfinished sync stands for."""
    wrong = _damage(database)
    state, rows = _state(database)
    if (state, rows) != (reference.state, reference.rows):
        wrong.append(f"the content differs: {rows} rows, not {reference.rows}")
    if left := database.execute("SELECT * FROM checkpoints").fetchall():
        wrong.append(f"a checkpoint is left: {left[0][:4]}")
    if running := database.execute("SELECT id FROM sync_runs WHERE status = 'running'").fetchall():
        wrong.append(f"runs are still running: {running}")
    mark = _watermark(database)
    last = database.execute("SELECT started_at, finished_at FROM sync_runs ORDER BY id DESC LIMIT 1").fetchone()
    if mark is None or (began and mark != began) or mark > last[1]:
        wrong.append(f"the watermark is {mark}; the unfinished sync began {began}, the last run {last}")
    return wrong


# -- rounds ------------------------------------------------------------------------------------------------------------


def _pages(running: Server) -> list[float]:
    """When each page was asked for so far."""
    times: list[float] = running.admin("pages")
    return times


def _prepared(folder: Path, running: Server, phase: str) -> Path:
    """The data directory that every round starts from: connected and, for later phases, loaded before the change."""
    shutil.rmtree(folder, ignore_errors=True)
    base = folder / "base"
    connect(running.base_url, base, _KEYRING)
    if phase != "load":
        if wrong := _completed(base, "load"):
            sys.exit(wrong[0])
        running.admin("touch", fraction=_TOUCHED)
    if phase == "full-resync":
        running.admin("remove", fraction=_REMOVED)
    return base


def _fresh(base: Path) -> Path:
    home = base.with_name("home")
    shutil.rmtree(home, ignore_errors=True)
    return shutil.copytree(base, home)


def _undisturbed(base: Path, running: Server, phase: str) -> Reference:
    home, before = _fresh(base), len(_pages(running))
    with _copy(base) as database:
        mark = _watermark(database)
    start = time.monotonic()
    wrong = _completed(home, phase)
    seconds = time.monotonic() - start
    with _copy(home) as database:
        state, rows = _state(database)
        wrong += _differences(database, Reference(seconds, 0, mark, state, rows), None)
    if wrong:
        sys.exit(f"The undisturbed run: {wrong[0]}")
    return Reference(seconds, len(_pages(running)) - before, mark, state, rows)


def _round(number: int, seed: int, base: Path, running: Server, phase: str, reference: Reference) -> Round:
    done = Round(number)
    home, before, began = _fresh(base), len(_pages(running)), None
    for after in _moments(random.Random(f"{seed}/{number}"), reference.seconds):
        killed, at = _killed(home, phase, after), time.monotonic()
        with _copy(home) as database:
            done.wrong += _damage(database)
            rows, began = _left_over(database)
            done.resumed = done.resumed and _watermark(database) == reference.mark
        if killed:
            done.kills.append(after)
            done.rows.append(rows)
    asked = _pages(running)[before:]
    done.wrong += _completed(home, phase)
    with _copy(home) as database:
        done.wrong += _differences(database, reference, began)
    again = len(_pages(running)) - before - reference.pages
    if done.resumed and again > 0:
        done.pages_again, done.seconds_again = again, at - asked[-again]
    return done


def crash(phase: str, rows: int, kills: int, seed: int) -> list[Round]:
    """Kill, complete and compare until that many kills hit a running sync; prints a line for each round."""
    rounds: list[Round] = []
    with server(rows) as running:
        base = _prepared(WORK / "data" / f"crash-{phase}", running, phase)
        reference = _undisturbed(base, running, phase)
        print(f"{phase}: undisturbed {reference.seconds:.1f} s, {reference.pages} pages", file=sys.stderr)
        while sum(len(each.kills) for each in rounds) < kills:
            done = _round(len(rounds), seed, base, running, phase, reference)
            rounds.append(done)
            print(_line(done), *done.wrong, sep="\n    ", file=sys.stderr)
    print(_summary(phase, rows, seed, reference, rounds))
    shutil.rmtree(base.parent)
    return rounds


def _line(done: Round) -> str:
    kills = ", ".join(f"{at:.2f} s ({rows} rows)" for at, rows in zip(done.kills, done.rows, strict=True))
    again = f"{done.pages_again} pages again ({done.seconds_again:.2f} s)"
    return f"round {done.number}: killed at {kills or 'no time'}; {again}; {'WRONG' if done.wrong else 'equal'}"


def _summary(phase: str, rows: int, seed: int, reference: Reference, rounds: Sequence[Round]) -> str:
    once = [each for each in rounds if len(each.kills) == 1 and each.resumed]
    pages, seconds = [each.pages_again for each in once] or [0], [each.seconds_again for each in once] or [0.0]
    kills = [at for each in rounds for at in each.kills]
    figures = {
        "phase": phase,
        "rows": size_name(rows),
        "seed": seed,
        "undisturbed": f"{reference.seconds:.1f} s, {reference.pages} pages",
        "kills": f"{len(kills)} in {len(rounds)} rounds, at {min(kills):.2f} to {max(kills):.2f} s",
        "different": sum(bool(each.wrong) for each in rounds),
        "again after one kill, median": f"{median(pages):.0f} pages, {median(seconds):.2f} s",
        "again after one kill, at most": f"{max(pages)} pages of {_PAGE} records, {max(seconds):.2f} s",
    }
    return "\n".join(f"{name:>30}  {value}" for name, value in figures.items())


def main(arguments: Sequence[str]) -> int:
    """Read the command line; 1 when a round went wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rows", type=size_of, default="100k")
    parser.add_argument("--seed", type=int, default=1, help="the same seed kills at the same seconds")
    parser.add_argument("--phase", choices=PHASES, default="load", help="which run is killed")
    options = parser.parse_args(arguments)
    WORK.mkdir(exist_ok=True)
    rounds = crash(options.phase, options.rows, options.kills, options.seed)
    return int(any(each.wrong for each in rounds))
