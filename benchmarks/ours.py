"""revtops as a contender: the commands that a user types, and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contenders import DELTA, LOAD, NOTHING_NEW, RESYNC, SCATTERED, SLOW, Contender

if TYPE_CHECKING:
    from textual.app import App

    from benchmarks.secret_service import Keyring
    from revtops_tui.tui.app import RevtopsApp

REVTOPS = Path(sys.executable).parent / "revtops"
APP = "benchmarks.ours:app"
OPENED, SYNC_DEALS = "benchmarks.ours:opened", "benchmarks.ours:sync_deals"
CONNECTOR_MODULES = {"connectors.hubspot", "connectors.customer_postgres"}
"""What listing the connectors must not import, nor their helpers `connectors._…`."""
_TOKEN = json.dumps({"access_token": "pat-na1-00000000-0000-4000-8000-000000000000"})
"""Of a real one's form: what is stored is looked through for it, and for a shorter word it would not be."""
_ready = asyncio.Event()


def contender(keyring: Keyring) -> Contender:
    """The command line over a connection to HubSpot; with associations, which the peers leave out."""
    return Contender(
        "revtops",
        _command,
        "home/revtops.db*",
        phases=(LOAD, RESYNC, NOTHING_NEW, DELTA, SCATTERED, SLOW),
        env=keyring.env,
        set_up=lambda base_url, folder: connect(base_url, folder / "home", keyring),
        changed_rows=_changed_rows,
    )


def connect(base_url: str, home: Path, keyring: Keyring) -> None:
    """Connect HubSpot at that address, in a home of its own."""
    command = [str(REVTOPS), "--home", str(home), "connect", "hubspot", "--base-url", base_url, "--stdin"]
    subprocess.run(command, input=_TOKEN, env={**os.environ, **keyring.env}, stdout=sys.stderr, text=True, check=True)


def _command(phase: str, _: str, folder: Path) -> list[str]:
    full = ["--full"] if phase == RESYNC else []
    return [str(REVTOPS), "--home", str(folder / "home"), "sync", "hubspot", "--entity", "deals", "--json", *full]


def _changed_rows(output: str) -> int:
    """Rows that a sync wrote, from the document of `sync --json`."""
    entities = [run["entities"]["deals"] for run in json.loads(output)["runs"]]
    return sum(counts[kind] for counts in entities for kind in ("inserted", "updated", "deleted"))


def app() -> App[None]:
    """The app as `revtops` opens it, over the data directory of the environment."""
    from revtops_tui.engine.workspace import Workspace
    from revtops_tui.tui.app import RevtopsApp

    return RevtopsApp(Workspace(), on_ready=lambda _: _ready.set())


async def opened(_: RevtopsApp) -> None:
    """Wait until the app has read what there is."""
    await _ready.wait()


async def sync_deals(app: RevtopsApp) -> None:
    """Sync deals as the key for it does, in the app and with all that it shows of it. Raises where that fails."""
    from revtops_tui.tui.shell.jobs import Extent

    over = asyncio.Event()
    app.start_sync("hubspot", "HubSpot", Extent(entities=("deals",)))
    app.progressed.subscribe(app, lambda _: None if app.jobs.everywhere else over.set())
    await over.wait()
    outcome = app.jobs.ended["hubspot"]
    if not outcome.is_good:
        raise RuntimeError(f"the sync did not succeed: {outcome}")
