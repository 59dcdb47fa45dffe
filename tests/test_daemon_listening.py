"""What the daemon hears: feeds go to the inbox and are handled, and one that fails stops no other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from revtops_tui.engine import daemon
from revtops_tui.engine.connections import connect
from revtops_tui.engine.daemon import Service
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.slack import SlackSimulator
from tests.support.crash import until
from tests.support.vendors import Connected, connected


@pytest.fixture
def simulator() -> SlackSimulator:
    simulator = SlackSimulator(size=4)
    simulator.events.sockets.used = True  # events from before the socket was opened wait for it
    return simulator


@contextmanager
def running(ws: Workspace, **services: Service) -> Iterator[threading.Event]:
    """The daemon in a thread, until the block ends or the event is set."""
    cancel = threading.Event()
    thread = threading.Thread(target=daemon.run, args=(ws, cancel), kwargs={"services": services})
    thread.start()
    try:
        yield cancel
    finally:
        cancel.set()
        thread.join(30)
        assert not thread.is_alive()


def stored(office: Connected, key: str) -> bool:
    return key in office.rows("activities")


def test_what_a_feed_says_is_stored_and_handled(home: Path, simulator: SlackSimulator) -> None:
    with connected(home, simulator) as office:
        key = simulator.say("sales", "Hello")
        with running(office.ws):
            until(lambda: stored(office, key))
            another = simulator.say("sales", "Still there?")
            until(lambda: stored(office, another))


def test_a_connection_that_is_made_while_it_runs_is_heard_too_whichever_organization_s(
    home: Path, simulator: SlackSimulator
) -> None:
    with connected(home, simulator) as office, running(office.ws):
        first = simulator.say("sales", "Hello")
        until(lambda: stored(office, first))
        other = office.ws.seen_by("other")
        connect(other, "slack", simulator.credentials, base_url=office.url)

        def heard_by_both() -> bool:
            # An event goes to one socket of an app: it takes a few until each had one.
            simulator.say("sales", "Anyone?")
            query = "SELECT DISTINCT organization_id FROM activities ORDER BY 1"
            return office.ws.database.reader().execute(query).fetchall() == [("acme",), ("other",)]

        until(heard_by_both)


def test_a_feed_that_was_not_set_up_is_told_once_and_the_rest_goes_on(
    home: Path, simulator: SlackSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "revtops")
    with connected(home, simulator) as office:
        key = simulator.say("sales", "Hello")
        credentials = {**simulator.credentials, "app_token": ""}
        connect(office.ws, "slack", credentials, name="quiet", base_url=office.url)
        with running(office.ws):
            until(lambda: stored(office, key))
            until(lambda: "app_token" in caplog.text)
    assert caplog.text.count("app_token") == 1


def test_a_service_that_fails_is_started_again(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    def stumbles(stop: threading.Event) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise EngineError("usage", "The port is taken.")
        stop.wait()

    with Workspace(home) as ws, running(ws, listener=stumbles):
        until(lambda: len(tries) == 3)
    assert caplog.text.count("listener: The port is taken.") == 1
