"""The app in a pseudo-terminal: its first frame next to an empty Textual app's, keys typed ahead, its event loop."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

from benchmarks import measure, ours
from benchmarks.contenders import HERE, WORK
from benchmarks.figures import Figures
from benchmarks.serving import server
from benchmarks.terminal import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.secret_service import Keyring

_KEYS = 20
_DOWN = b"\x1b[B"
_FRAME_RUNS = 10


def measure_app(runs: int, keyring: Keyring) -> Figures:
    """`app/revtops`, `app/empty`: a start to the first frame; `app/keys`: typed ahead; `app/lag`: during a sync."""
    figures = Figures()
    home = WORK / "data" / "app"
    shutil.rmtree(home, ignore_errors=True)
    _drive(ours.APP, home, keyring)  # once unmeasured: byte code, and the database of the new home
    for _ in range(max(runs, _FRAME_RUNS)):
        for name, app in (("empty", "benchmarks.drive:empty"), ("revtops", ours.APP)):
            used, seen = _drive(app, home, keyring)
            figures.add(f"app/{name}", cpu=used.cpu, wall=used.wall, peak_mb=used.peak_mb, focused=seen["focused"])
    for _ in range(runs):
        _, seen = _drive(ours.APP, home, keyring, "--keys", str(_KEYS), typed=_DOWN * _KEYS)
        figures.add("app/keys", lost=_KEYS - seen["keys"])
    with server(100_000) as running:
        for run in range(runs):
            folder = home / str(run)
            ours.connect(running.base_url, folder, keyring)
            _, seen = _drive(ours.APP, folder, keyring, "--busy", ours.SYNC_HERE, str(folder))
            figures.add("app/lag", **seen)
    return figures


def _drive(
    app: str, home: Path, keyring: Keyring, *flags: str, typed: bytes = b""
) -> tuple[measure.Usage, dict[str, float]]:
    """Run an app under `drive.py`: its cost and what was seen. `typed` is in the terminal before the app starts."""
    home.mkdir(parents=True, exist_ok=True)
    report = WORK / "seen.json"
    command = [sys.executable, str(HERE / "drive.py"), "--app", app, "--report", str(report), *flags]
    env = {"REVTOPS_HOME": str(home), "PYTHONPATH": str(HERE.parent), "TERM": "xterm-256color", **keyring.env}
    screen = bytearray()
    try:
        with terminal(typed, screen) as program:
            used = measure.run(command, env=env, terminal=program)
    except measure.CommandError as error:
        error.add_note(screen[-4000:].decode(errors="replace"))
        raise
    return used, json.loads(report.read_text())
