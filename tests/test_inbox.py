"""The inbox: in order, again after a while, set aside at last; and what a `kill -9` in the middle leaves."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from connectors.webhooks import WebhookRequest
from revtops_tui.engine import inbox, samples
from revtops_tui.engine.connections import connect
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.events import ATTEMPTS
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.catalog import simulator_class
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.hubspot import HubSpotSimulator
from revtops_tui.simulators.server import serve
from revtops_tui.simulators.slack import SlackSimulator
from revtops_tui.simulators.slack.feeds import signed_headers
from store.database import FILE_NAME
from tests.support.command_line import CommandLine
from tests.support.vendors import Connected, connected

SECRET = SlackSimulator(size=4).credentials["signing_secret"]


@pytest.fixture
def office(home: Path) -> Iterator[Connected]:
    """A connection to a Slack workspace."""
    with connected(home, SlackSimulator(size=4)) as office:
        yield office


def message(office: Connected, number: int) -> bytes:
    """A webhook about a new message of that number."""
    simulator = office.simulator
    assert isinstance(simulator, SlackSimulator)
    channel = next(c for c in simulator.workspace.channels.values() if c.is_member and not c.with_user)
    event = {
        "type": "message",
        "channel": channel.id,
        "channel_type": "channel",
        "user": simulator.workspace.bot.id,
        "text": f"Message {number}",
        "ts": f"17{number:08d}.000100",
    }
    return orjson.dumps({"type": "event_callback", "event_id": f"Ev{number}", "event": event})


def unreadable(office: Connected, number: int) -> bytes:
    """A webhook about a change that does not say what was changed: it is signed, and cannot be handled."""
    document = orjson.loads(message(office, number))
    document["event"]["subtype"] = "message_changed"
    return orjson.dumps(document)


def take(office: Connected, body: bytes) -> None:
    headers = {name.lower(): value for name, value in signed_headers(SECRET, body, time.time()).items()}
    assert inbox.take(office.ws, "slack", WebhookRequest("POST", "https://x.example/", headers, body)).status == 200


def statuses(office: Connected) -> dict[str, str]:
    return {event.event_id: event.status for event in inbox.events(office.ws)}


def change(office: Connected, sql: str) -> None:
    """Change the stored events, as time does."""
    with closing(sqlite3.connect(office.ws.home / FILE_NAME)) as file, file:
        file.execute(sql)


def test_what_cannot_be_handled_steps_aside_and_is_set_aside_at_last(office: Connected) -> None:
    take(office, unreadable(office, 1))
    take(office, message(office, 2))
    assert inbox.handle_due(office.ws)
    assert statuses(office) == {"Ev1": "failed", "Ev2": "handled"}
    failed = inbox.events(office.ws, status="failed")[0]
    assert failed.next_attempt_at is not None
    assert failed.next_attempt_at > failed.received_at
    assert failed.error == "Slack sent an event about a message without the message."
    change(office, f"UPDATE events SET attempts = {ATTEMPTS - 1}, next_attempt_at = '2026' WHERE status = 'failed'")
    assert inbox.handle_due(office.ws)
    assert statuses(office) == {"Ev1": "set_aside", "Ev2": "handled"}
    assert inbox.counts(office.ws) == {"handled": 1, "set_aside": 1}
    (event,) = inbox.replay(office.ws, [failed.id])
    assert (event.status, event.attempts) == ("failed", 1)


def test_while_the_vendor_is_down_all_wait_in_their_order_and_none_is_set_aside(office: Connected) -> None:
    fault = Fault("expired_token", path="users.info")
    office.simulator.traffic.faults.append(fault)
    for number in (1, 2):
        take(office, message(office, number))
    change(office, f"UPDATE events SET attempts = {ATTEMPTS + 5} WHERE event_id = 'Ev1'")
    assert inbox.handle_due(office.ws)
    assert statuses(office) == {"Ev1": "failed", "Ev2": "waiting"}
    office.simulator.traffic.faults.clear()
    change(office, "UPDATE events SET next_attempt_at = '2026' WHERE status = 'failed'")
    office.handle_events()
    assert len(office.rows("activities")) == 2


def test_look_ups_are_made_once_for_many_events(home: Path) -> None:
    with connected(home, HubSpotSimulator(size=20)) as office:
        office.synced()
        told = [
            event.id
            for deal in list(office.rows("deals"))[:3]
            for event in samples.simulate(office.ws, "hubspot", "deal_changed", record_id=deal)
        ]
        requests = office.simulator.traffic.requests
        requests.clear()
        assert {event.status for event in inbox.replay(office.ws, told)} == {"handled"}
        assert requests["POST /crm/v3/objects/deals/batch/read"] == 3
        assert requests["GET /crm/v3/properties/deals"] == requests["GET /crm/v3/pipelines/deals"] == 1


def test_one_process_works_on_an_inbox_and_the_next_one_takes_over(office: Connected) -> None:
    first, second = threading.Event(), threading.Event()
    workers = [threading.Thread(target=inbox.work, args=(office.ws, stop)) for stop in (first, second)]
    for worker in workers:
        worker.start()
    first.set()
    workers[0].join(30)
    second.set()
    workers[1].join(30)
    assert not any(worker.is_alive() for worker in workers)
    take(office, message(office, 1))
    office.handle_events()


def test_events_of_others_are_not_seen(office: Connected) -> None:
    take(office, message(office, 1))
    (event,) = inbox.events(office.ws)
    other = office.ws.seen_by("globex")
    assert inbox.events(other) == []
    for look in (lambda: inbox.event(other, event.id), lambda: inbox.replay(other, [event.id])):
        with pytest.raises(EngineError, match=f"There is no event {event.id}"):
            look()


def test_a_sample_needs_a_declared_event(office: Connected) -> None:
    with pytest.raises(EngineError, match="Slack declares no event message_chnged") as caught:
        samples.simulate(office.ws, "slack", "message_chnged")
    assert "message_changed" in caught.value.hint


@pytest.mark.parametrize(("slug", "event"), [("linear", "issue_done"), ("pipedrive", "deal_deleted")])
def test_without_a_secret_there_is_no_sample(slug: str, event: str, home: Path) -> None:
    given = {"linear": {"webhook_secret": ""}, "pipedrive": {}}[slug]
    with (
        connected(home, simulator_class(slug)(size=4), **given) as office,
        pytest.raises(EngineError, match="no webhook secret"),
    ):
        samples.simulate(office.ws, slug, event)


# -- kill -9 -----------------------------------------------------------------------------------------------------------

COUNT = 600
KILL_AT = 250


class Process:
    """`revtops listen` in a process of its own."""

    def __init__(self, revtops: CommandLine) -> None:
        self._process: subprocess.Popen[str] = revtops.in_background("listen", "--port", "0", "--json")
        text = ""
        assert self._process.stdout is not None
        while not text.endswith("\n}\n"):
            line = self._process.stdout.readline()
            assert line, self._process.communicate()
            text += line
        document: dict[str, Any] = json.loads(text)
        (self.url,) = (one["url"] for one in document["connections"])

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0


def send(url: str, bodies: list[bytes], *, until: threading.Event | None = None, kill_at: int = 0) -> set[bytes]:
    """Post from eight threads; the bodies that were answered. `until` is set with the answer of that number."""
    answered: set[bytes] = set()

    def post(body: bytes) -> None:
        try:
            reply = client.post(url, content=body, headers=signed_headers(SECRET, body, time.time()))
        except httpx2.HTTPError:
            return
        if reply.status_code == 200:
            answered.add(body)
            if until is not None and len(answered) >= kill_at:
                until.set()

    with httpx2.Client(timeout=30) as client, ThreadPoolExecutor(8) as threads:
        list(threads.map(post, bodies))
    return answered


def test_a_killed_listener_has_lost_nothing_that_it_answered(revtops: CommandLine, home: Path) -> None:
    simulator = SlackSimulator(size=4)
    with serve(simulator.app) as server, Workspace(home) as ws:
        connect(ws, "slack", simulator.credentials, base_url=server.url)
        office = Connected(ws, simulator, server.url)
        bodies = [message(office, number) for number in range(COUNT)]
        listener = Process(revtops)
        now = threading.Event()
        killer = threading.Thread(target=lambda: (now.wait(60), listener.kill()))
        killer.start()
        answered = send(listener.url, bodies, until=now, kill_at=KILL_AT)
        killer.join()
        assert KILL_AT <= len(answered) < COUNT
        kept = {event.event_id for event in inbox.events(ws, limit=-1)}
        assert {orjson.loads(body)["event_id"] for body in answered} <= kept

        listener = Process(revtops)
        missing = [body for body in bodies if body not in answered]
        assert send(listener.url, missing) == set(missing), "the vendor sends again what was not answered"
        listener.stop()
        office.handle_events()
        found = inbox.events(ws, limit=-1)
        assert (len(found), {event.status for event in found}) == (COUNT, {"handled"})
        texts = {row["description"] for row in office.rows("activities").values()}
        assert texts == {f"Message {number}" for number in range(COUNT)}
