"""Is everything in order, and keeping a copy of it."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from revtops_tui import __version__
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.workspace import Workspace
from store import database as store
from store.errors import store_error


@dataclass(frozen=True)
class Check:
    """One finding of `doctor`. `ok` is None for plain information."""

    name: str
    ok: bool | None
    message: str
    hint: str = ""


def doctor(ws: Workspace) -> list[Check]:
    """Look at everything that a working installation needs."""
    return [
        Check(
            "version", None, f"revtops {__version__}, Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"
        ),
        Check("home", None, str(ws.home)),
        Check("log", None, str(ws.home / "logs" / "revtops.log")),
        *_guarded("database", lambda: _database(ws)),
        *_guarded("credentials", lambda: f"{ws.credentials.name}: {ws.credentials.check()}"),
        *_connectors(ws),
    ]


def backup(ws: Workspace, target: Path) -> int:
    """Copy the live database to a file that does not exist yet; returns its size in bytes. Raises EngineError."""
    try:
        return store.backup(ws.database.path, target)
    except FileExistsError as error:
        raise EngineError("usage", f"{target} exists already.", hint="Choose another name.") from error
    except OSError as error:
        raise EngineError("usage", f"{target} cannot be written: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise people(store_error(error)) from error


def _guarded(name: str, look: Callable[[], str]) -> Iterator[Check]:
    try:
        yield Check(name, ok=True, message=look())
    except Exception as error:  # noqa: BLE001 - a finding, whatever it is
        found = people(error)
        yield Check(name, ok=False, message=found.message, hint=found.hint)


def _database(ws: Workspace) -> str:
    path = ws.database.path
    (verdict,) = ws.database.reader().execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise EngineError("damaged", f"{path} is damaged: {verdict}", hint="Restore it from a backup.")
    mode = path.stat().st_mode & 0o777
    if mode & 0o077 and sys.platform != "win32":
        raise EngineError("exposed", f"{path} can be read by others (mode {mode:o}).", hint=f"chmod 600 {path}")
    return f"{path} is whole, {path.stat().st_size / 1e6:,.1f} MB"


def _connectors(ws: Workspace) -> list[Check]:
    found = [Check("connectors", ok=True, message=f"{len(ws.catalog)} found: {', '.join(ws.catalog)}")]
    return found + [
        Check("connector", ok=False, message=f"{b.name}: {b.reason}", hint=f"Mend {b.source}, or take it away.")
        for b in ws.catalog.broken
    ]
