"""Who is compared: the floor and the peers, each in a virtual environment of its own made from its hash-pinned list."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HERE = Path(__file__).parent
WORK = HERE / ".work"

LOAD, RESYNC, NOTHING_NEW, DELTA, SCATTERED, SLOW = (
    "load",
    "resync",
    "nothing new",
    "1 % changed",
    "10 % changed",
    "20 ms",
)
"""The phases: a first load; everything listed again, unchanged; an incremental run with nothing new; one after a
hundredth of the deals changed; one after a tenth did (at 1M only); a first load with 20 ms before each answer."""

_QUIET = {"DO_NOT_TRACK": "1", "AIRBYTE_OFFLINE_MODE": "1", "RUNTIME__DLTHUB_TELEMETRY": "false", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Contender:
    """A program that loads the deals of a HubSpot at a base URL into a folder."""

    name: str
    command: Callable[[str, str, Path], list[str]]
    """(phase, base URL, folder) -> what to run."""
    database: str
    """Glob in the folder of the files that hold the rows afterwards."""
    phases: tuple[str, ...] = (LOAD, RESYNC, DELTA)
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] | None = None
    """Whatever must be there before the first run; not measured."""
    set_up: Callable[[str, Path], None] | None = None
    """(base URL, folder): what comes before a first load; not measured."""
    changed_rows: Callable[[str], int] | None = None
    """A run's output -> how many rows it wrote; None where it does not say."""


def peer(name: str, script: str, database: str, *flags: str, phases: tuple[str, ...] | None = None) -> Contender:
    """A contender that is a script in `peers/`; `name` up to a + is that of its list of requirements."""
    packages = name.partition("+")[0]
    python = WORK / "venvs" / packages / "bin" / "python"

    def command(_: str, base_url: str, folder: Path) -> list[str]:
        return [str(python), str(HERE / "peers" / script), "--base-url", base_url, "--folder", str(folder), *flags]

    return Contender(
        name,
        command,
        database,
        phases=phases or (LOAD, RESYNC, DELTA),
        env=_QUIET,
        prepare=lambda: make_environment(packages),
    )


def peers() -> list[Contender]:
    """The floor first: it is what the others are divided by."""
    return [
        peer("floor", "floor.py", "floor.db*", phases=(LOAD, RESYNC, DELTA, SCATTERED, SLOW)),
        peer("floor+companies", "floor.py", "floor.db*", "--companies"),
        peer("sqlite-utils", "sqlite_utils_peer.py", "sqlite-utils.db*"),
        peer("dlt", "dlt_peer.py", "dlt__crm.db*"),
        peer("airbyte", "airbyte_peer.py", "*.duckdb"),
    ]


def make_environment(name: str) -> None:
    """Install a peer's packages, once, and again when its list changed."""
    listed = HERE / "requirements" / f"{name}.txt"
    folder = WORK / "venvs" / name
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == listed.read_bytes():
        return
    print(f"installing {name} ...", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(listed)], check=True)
    stamp.write_bytes(listed.read_bytes())
