"""The app in a pseudo-terminal: its first frame next to an empty Textual app's, Posting's and Harlequin's; keys typed
ahead; its event loop, and how soon a key shows, while a sync runs.
"""

from __future__ import annotations

import json
import shutil
import sys
from bisect import bisect
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from benchmarks import measure, ours
from benchmarks.contenders import HERE, WORK, make_environment
from benchmarks.figures import Figures
from benchmarks.serving import server
from benchmarks.terminal import Typist, terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.secret_service import Keyring

_KEYS = 22
_DOWN, _UP = b"\x1b[B", b"\x1b[A"
_FRAME_RUNS = 10
_PEERS = ("posting", "harlequin")


def measure_app(runs: int, keyring: Keyring) -> Figures:
    """`app/NAME`: a start to the first frame; `app/keys`: typed ahead; `app/lag`, `app/echo`: during a sync."""
    figures = Figures()
    home = WORK / "data" / "app"
    shutil.rmtree(home, ignore_errors=True)
    apps = {"empty": "benchmarks.drive:empty", "revtops": ours.APP}
    for peer in _PEERS:
        make_environment(peer)
        apps[peer] = f"benchmarks.peers.{peer}_app:app"
    for name, app in apps.items():  # once unmeasured: byte code, and the database of the new home
        _drive(name, app, home, keyring)
    for _ in range(max(runs, _FRAME_RUNS)):
        for name, app in apps.items():
            used, seen = _drive(name, app, home, keyring)
            figures.add(f"app/{name}", cpu=used.cpu, wall=used.wall, peak_mb=used.peak_mb, focused=seen["focused"])
    for _ in range(runs):
        _, seen = _drive("revtops", ours.APP, home, keyring, "--keys", str(_KEYS), typed=_DOWN * _KEYS)
        figures.add("app/keys", lost=_KEYS - seen["keys"])
    with server(100_000) as running:
        for run in range(runs):
            folder = home / str(run)
            ours.connect(running.base_url, folder, keyring)
            typist = Typist((_DOWN, _UP))
            busy = ("--busy", ours.OPENED, ours.SYNC_DEALS)
            _, seen = _drive("revtops", ours.APP, folder, keyring, *busy, typist=typist)
            figures.add("app/echo", **_echo(typist.pressed, seen.pop("painted"), *seen.pop("span")))
            figures.add("app/lag", **seen)
    return figures


def _echo(pressed: Sequence[float], painted: Sequence[float], since: float, until: float) -> dict[str, float]:
    """How long after a key of that time the screen showed what it did, in milliseconds.

    One that was not shown before the next was pressed counts until something was: it is slow, and not left out.
    """
    delays, late = [], 0
    for moment, following in pairwise(pressed):
        place = bisect(painted, moment)
        if since <= moment and following <= until and place < len(painted):
            delays.append((painted[place] - moment) * 1000)
            late += painted[place] > following
    delays.sort()
    shown = {f"p{p}_ms": delays[min(len(delays) - 1, len(delays) * p // 100)] for p in (50, 95)}
    return {**shown, "keys": float(len(delays)), "late": float(late)}


def _drive(
    name: str,
    app: str,
    home: Path,
    keyring: Keyring,
    *flags: str,
    typed: bytes = b"",
    typist: Typist | None = None,
) -> tuple[measure.Usage, dict[str, Any]]:
    """Run an app under `drive.py`, in the environment that has it: its cost and what was seen.

    `typed` is in the terminal before the app starts.
    """
    home.mkdir(parents=True, exist_ok=True)
    report = WORK / "seen.json"
    python = str(WORK / "venvs" / name / "bin" / "python") if name in _PEERS else sys.executable
    command = [python, str(HERE / "drive.py"), "--app", app, "--report", str(report), *flags]
    env = {"REVTOPS_HOME": str(home), "PYTHONPATH": str(HERE.parent), "TERM": "xterm-256color", **keyring.env}
    if name in _PEERS:
        env |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home)}
    screen = bytearray()
    try:
        with terminal(typed, screen, typist) as program:
            used = measure.run(command, env=env, terminal=program)
    except measure.CommandError as error:
        error.add_note(screen[-4000:].decode(errors="replace"))
        raise
    return used, json.loads(report.read_text())
