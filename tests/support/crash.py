"""Syncs in processes of their own that are killed, and a vendor that sees the moment for it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx2

from revtops_tui.simulators.hubspot import HubSpotSimulator
from revtops_tui.simulators.server import serve

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PASSPHRASE = {"REVTOPS_KEYRING_PASSPHRASE": "a passphrase for tests"}
_OWN = {"id", "run_id", "synced_at", "deleted_at", "connection_id", "source_system"}
_SECONDS = 60


@dataclass
class Vendor:
    """A simulated HubSpot that notes each page of deals it is asked for, and does something at the n-th.

    `pages` holds the page's `after` for a listing, "search" for a page of search results.
    """

    simulator: HubSpotSimulator
    url: str = ""
    pages: list[str] = field(default_factory=list)
    _at: dict[int, Callable[[], object]] = field(default_factory=dict)

    def at_page(self, number: int, act: Callable[[], object]) -> None:
        """Forget the pages so far, and before answering the n-th from now do that, once."""
        self.pages.clear()
        self._at = {number: act}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode())
        if scope["path"].endswith("/objects/deals") and "archived" not in query:
            self.pages.append(query.get("after", [""])[0])
        elif scope["path"].endswith("/objects/deals/search"):
            self.pages.append("search")
        if act := self._at.pop(len(self.pages), None):
            await asyncio.to_thread(act)
        await self.simulator.app(scope, receive, send)

    def change(self, what: str, count: int) -> None:
        """Touch or delete that many deals, spread over all."""
        with httpx2.Client(base_url=self.url) as client:
            client.post(f"/_simulator/{what}", json={"type": "deals", "count": count}).raise_for_status()


@contextmanager
def vendor(size: int, **options: Any) -> Iterator[Vendor]:
    """A vendor of that many deals on loopback."""
    watched = Vendor(HubSpotSimulator(size=size, **options))
    with serve(watched) as server:
        watched.url = server.url
        yield watched


class Home:
    """A data directory, and `revtops` over it in processes that can be killed."""

    def __init__(self, path: Path, *prefix: str) -> None:
        self.path = path
        self._prefix = prefix

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            [*self._prefix, sys.executable, "-m", "revtops_tui", "--home", str(self.path), *arguments],
            env={**os.environ, **PASSPHRASE},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, stdin: str = "") -> tuple[int, Any]:
        """Run a command with --json to its end; its exit code and its document."""
        process = self.start(*arguments, "--json")
        output, errors = process.communicate(stdin, timeout=_SECONDS)
        assert output, errors
        return process.returncode, json.loads(output)

    def connect(self, url: str, selector: str = "hubspot", *more: str) -> None:
        code, document = self.run(
            "connect", selector, "--base-url", url, "--stdin", *more, stdin='{"access_token": "simulated-token"}'
        )
        assert code == 0, document

    def sync(self, *options: str, selector: str = "hubspot") -> dict[str, Any]:
        """Sync deals to a good end; what the run reports."""
        code, document = self.run("sync", selector, "--entity", "deals", *options)
        assert code == 0, document
        (run,) = document["runs"]
        assert run["status"] == "success"
        return dict(run)

    def killed(self, at: Vendor, page: int, *options: str, committed: bool = False) -> None:
        """Start a sync of deals, and kill it when it asks for that page; with `committed`, once it committed rows."""
        with self.stopped(at, page, signal.SIGKILL, *options, committed=committed) as process:
            process.communicate(timeout=_SECONDS)
        assert process.returncode == -signal.SIGKILL

    @contextmanager
    def stopped(
        self, at: Vendor, page: int, number: signal.Signals, *options: str, committed: bool = False
    ) -> Iterator[subprocess.Popen[str]]:
        """A sync of deals that gets this signal when it asks for that page, and never sees the page."""

        def act() -> None:
            if committed:
                until(lambda: self.rows_of_last_run() > 0)
            os.killpg(process.pid, number)
            process.wait(_SECONDS)

        ready = _Later(act)
        at.at_page(page, ready)
        process = self.start("sync", "hubspot", "--entity", "deals", "--json", *options)
        ready.go()
        yield process

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"file:{self.path}/revtops.db?mode=ro", uri=True)) as database:
            yield database

    def rows_of_last_run(self) -> int:
        """How many deals the newest run has written so far."""
        with self.database() as database:
            query = "SELECT count(*) FROM deals WHERE run_id = (SELECT max(id) FROM sync_runs)"
            return int(database.execute(query).fetchone()[0])

    def count(self) -> int:
        """How many deals are stored."""
        with self.database() as database:
            return int(database.execute("SELECT count(*) FROM deals").fetchone()[0])

    def state(self) -> list[tuple[Any, ...]]:
        """Every deal of every connection, less what tells when and by which run it was written.

        Also asserts what holds whenever no run is unfinished: the file is whole, no checkpoint and no run is left open.
        """
        with self.database() as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
            assert database.execute("SELECT * FROM checkpoints").fetchall() == []
            assert database.execute("SELECT * FROM sync_runs WHERE status = 'running'").fetchall() == []
            assert database.execute("SELECT count(*) FROM watermarks WHERE entity = 'deals'").fetchone()[0] >= 1
            columns = [name for _, name, *_ in database.execute("PRAGMA table_info(deals)") if name not in _OWN]
            query = f"SELECT deleted_at IS NULL, {', '.join(columns)} FROM deals ORDER BY connection_id, source_id"
            return database.execute(query).fetchall()


class _Later:
    """Calls a function, but not before `go`: what it needs may not be there yet when an event comes early."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._may = threading.Event()

    def go(self) -> None:
        self._may.set()

    def __call__(self) -> None:
        self._may.wait(_SECONDS)
        self._act()


def until(condition: Callable[[], bool]) -> None:
    """Wait for another process to get somewhere; it is asked, not timed."""
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
