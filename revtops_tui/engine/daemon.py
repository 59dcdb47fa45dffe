"""The daemon: what goes on while nobody looks. Schedules, feeds, and the inbox, of every organization.

Nothing that goes wrong in one of them stops the others: it is logged, and tried again after a while.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from connectors.base import BaseConnector
from connectors.registry import Capability
from revtops_tui.engine import inbox
from revtops_tui.engine.connections import connector_class
from revtops_tui.engine.errors import EngineError, people
from revtops_tui.engine.locks import daemon_lock
from revtops_tui.engine.schedules import LEASE, Scheduler, run_due
from revtops_tui.engine.sync import RunResult
from revtops_tui.engine.workspace import Workspace
from store import connections as store
from store.connections import Connection

_log = logging.getLogger("revtops.daemon")

Service = Callable[[threading.Event], object]
"""Works until the event is set. What it raises is logged, and it is started again."""

_TICK_SECONDS = 0.5
_LOOK_AROUND_SECONDS = 3.0
"""How often it looks for connections that came or went."""
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 300.0
_STEADY_SECONDS = 60.0
"""After so long without a failure the next one is the first again."""


def run(
    ws: Workspace,
    cancel: threading.Event,
    *,
    services: Mapping[str, Service] | None = None,
    lease: dt.timedelta = LEASE,
) -> None:
    """Be the data directory's daemon until `cancel` is set; a sync under way is stopped then, what it committed stays.

    `services` are further ones by name, such as the listener for webhooks. Raises EngineError (busy) where there is a
    daemon already.
    """
    with (
        daemon_lock(ws.home),
        Scheduler(ws, cancel, lease=lease) as scheduler,
        hearing(ws),
        _Running() as further,
    ):
        _log.info("started over %s", ws.home)
        further.only(services or {})
        complaint = ""
        while not cancel.is_set():
            try:
                scheduler.start_due()
                scheduler.ended()
                complaint = ""
            except Exception as failure:  # noqa: BLE001 - a full disk, a locked database: the next round may do better
                complaint = _complain("schedules", people(failure), complaint)
            cancel.wait(_TICK_SECONDS)
        _log.info("stopping")


@contextmanager
def hearing(ws: Workspace) -> Iterator[None]:
    """Work on the inbox of every organization, and follow the feeds, in the background until the block ends."""
    stop = threading.Event()
    with _Running() as running:
        thread = threading.Thread(target=_keep_hearing, args=(ws, running, stop), name="hearing", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _keep_hearing(ws: Workspace, running: _Running, stop: threading.Event) -> None:
    complaint = ""
    while not stop.is_set():
        try:
            running.only(dict(_of_connections(ws)))
            complaint = ""
        except Exception as failure:  # noqa: BLE001 - likewise
            complaint = _complain("inbox", people(failure), complaint)
        stop.wait(_LOOK_AROUND_SECONDS)


def run_once(ws: Workspace, cancel: threading.Event) -> list[RunResult]:
    """Run what is due, handle the events that are, and be done: for cron. Raises EngineError."""
    results = run_due(ws, cancel=cancel)
    for organization_id in _listening(ws):
        if not cancel.is_set():
            inbox.handle_due(ws.seen_by(organization_id))
    return results


# -- what there is to do -----------------------------------------------------------------------------------------------


def _of_connections(ws: Workspace) -> Iterator[tuple[str, Service]]:
    """The inbox of each organization that hears from something, and the feeds of its connections."""
    for organization_id, connections in _listening(ws).items():
        theirs = ws.seen_by(organization_id)
        yield f"inbox of {organization_id}", partial(inbox.work, theirs)
        for connection in connections:
            if _has_feed(theirs, connection):
                yield f"feed of {connection.selector} of {organization_id}", partial(_follow, theirs, connection)


def _follow(ws: Workspace, connection: Connection, cancel: threading.Event) -> None:
    inbox.follow(ws, connection.selector, cancel=cancel)


def _listening(ws: Workspace) -> dict[str, list[Connection]]:
    """Organization -> its connections that something can be heard from, organizations without one left out."""
    hear = {slug for slug, info in ws.catalog.items() if Capability.LISTEN in info.manifest["capabilities"]}
    found = {
        organization.id: [c for c in store.connections(ws.database, organization.id) if c.slug in hear]
        for organization in store.organizations(ws.database)
    }
    return {organization_id: connections for organization_id, connections in found.items() if connections}


def _has_feed(ws: Workspace, connection: Connection) -> bool:
    try:
        return connector_class(ws, connection.slug).listen is not BaseConnector.listen
    except EngineError:  # a broken connector, which `revtops connectors` explains
        return False


# -- keeping it going --------------------------------------------------------------------------------------------------


class _Running:
    """Services in threads of their own, each started again when it fails. Leaving stops all and waits for them."""

    def __init__(self) -> None:
        self._services: dict[str, tuple[threading.Thread, threading.Event]] = {}

    def only(self, wanted: Mapping[str, Service]) -> None:
        """Start those that do not run yet, and stop those that are not wanted any more."""
        for name in self._services.keys() - wanted.keys():
            self._services.pop(name)[1].set()
        for name in wanted.keys() - self._services.keys():
            stop = threading.Event()
            thread = threading.Thread(target=_keep_going, args=(name, wanted[name], stop), name=name, daemon=True)
            self._services[name] = thread, stop
            thread.start()

    def __enter__(self) -> _Running:
        return self

    def __exit__(self, *_: object) -> None:
        for _thread, stop in self._services.values():
            stop.set()
        for thread, _stop in self._services.values():
            thread.join()


def _keep_going(name: str, service: Service, stop: threading.Event) -> None:
    pause, complaint = _FIRST_PAUSE, ""
    _log.info("%s: started", name)
    while not stop.is_set():
        started = time.monotonic()
        try:
            service(stop)
        except Exception as failure:  # noqa: BLE001 - whatever a vendor or a connector does, the others go on
            error = people(failure)
            if time.monotonic() - started > _STEADY_SECONDS:
                pause, complaint = _FIRST_PAUSE, ""
            complaint = _complain(name, error, complaint)
            # Credentials that were refused do not get better by themselves; a feed that was not set up neither.
            pause = _LONGEST_PAUSE if error.exit_code == _NEEDS_SOMEBODY else min(pause * 2, _LONGEST_PAUSE)
        stop.wait(pause)
    _log.info("%s: stopped", name)


_NEEDS_SOMEBODY = 4


def _complain(name: str, error: EngineError, before: str) -> str:
    """Log an error, once while it stays the same; returns what was said."""
    said = f"{error.message} {error.hint}".strip()
    if said != before:
        _log.warning("%s: %s", name, said)
    return said
