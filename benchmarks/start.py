"""What the command line costs before it does anything, next to a Python that does nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks import measure
from benchmarks.contenders import WORK
from benchmarks.figures import Figures
from benchmarks.ours import CONNECTOR_MODULES, REVTOPS

if TYPE_CHECKING:
    from collections.abc import Sequence

_RUNS = 20
_HEAVY = {"textual", "sqlalchemy", "aiohttp", "httpx", "httpx2", "keyring"}


def measure_start(runs: int) -> Figures:
    """`start/pass`, `start/version`, `start/connectors`: CPU, and how many modules were imported that must not be."""
    figures = Figures()
    home = WORK / "data" / "start"
    home.mkdir(parents=True, exist_ok=True)
    env = {"REVTOPS_HOME": str(home)}
    commands = {
        "pass": [sys.executable, "-c", "pass"],
        "version": [str(REVTOPS), "--version"],
        "connectors": [str(REVTOPS), "connectors", "--json"],
    }
    for command in commands.values():  # once unmeasured: byte code and the manifest of connectors are cached
        measure.run(command, env=env)
    for _ in range(max(runs, _RUNS)):
        for name, command in commands.items():
            used = measure.run(command, env=env)
            figures.add(f"start/{name}", cpu=used.cpu, wall=used.wall)
    for name in ("version", "connectors"):
        forbidden = sorted(m for m in _imported(commands[name], env) if _is_forbidden(m))
        if forbidden:
            print(f"revtops {name} imports {', '.join(forbidden)}", file=sys.stderr)
        figures.add(f"start/{name}", forbidden=len(forbidden))
    return figures


def _is_forbidden(module: str) -> bool:
    return module in _HEAVY or module in CONNECTOR_MODULES or module.startswith("connectors._")


def _imported(command: Sequence[str], env: dict[str, str]) -> set[str]:
    """Names of all modules that a command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command], env=env, capture_output=True, text=True, check=True
    )
    return set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))
