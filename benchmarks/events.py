"""`python -m benchmarks events`: webhooks at a steady rate, a `kill -9` of the listener in the middle, nothing lost.

Slack's webhooks, as its simulator signs them, are sent to `revtops listen` in a process of its own. Half-way it is
killed and started again at once; what was not answered with 200 is sent again, as vendors do. The exit code is 1 when
an event that was answered is not in the inbox, or when one was not handled in the end.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

import httpx2

from benchmarks.contenders import WORK
from benchmarks.ours import REVTOPS
from revtops_tui.simulators.server import serve
from revtops_tui.simulators.slack import SlackSimulator
from revtops_tui.simulators.slack.feeds import signed_headers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ENVIRONMENT = {"REVTOPS_KEYRING_PASSPHRASE": "benchmark"}
_SENDERS = 16
_PAUSE = 0.2
"""Seconds until a webhook that was not answered is sent again."""
_PATIENCE = 120.0
"""Seconds that the inbox may take to be empty at last."""


class _Listener:
    """`revtops listen`, at the same port every time."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        command = [str(REVTOPS), "--home", str(self._home), "listen", "--port", str(self._port), "--json"]
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **_ENVIRONMENT},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        text = ""
        while not text.endswith("\n}\n"):
            text += self._process.stdout.readline()
        told: dict[str, Any] = json.loads(text)
        (self.url,) = (one["url"] for one in told["connections"])
        self._port = int(told["url"].rpartition(":")[2])

    def end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.communicate()


@dataclass
class _Sending:
    """What was sent: the seconds until each event was answered at last, and how often something was sent again."""

    seconds: dict[str, float] = field(default_factory=dict)
    again: int = 0
    behind: float = 0.0


def _message(simulator: SlackSimulator, number: int) -> tuple[str, bytes]:
    channel = next(c for c in simulator.workspace.channels.values() if c.is_member and not c.with_user)
    event = {
        "type": "message",
        "channel": channel.id,
        "channel_type": "channel",
        "user": simulator.workspace.bot.id,
        "text": f"Message {number}",
        "ts": f"17{number:08d}.000100",
    }
    name = f"Ev{number}"
    return name, json.dumps({"type": "event_callback", "event_id": name, "event": event}).encode()


def _send_all(
    simulator: SlackSimulator, listener: _Listener, rate: int, seconds: int, halfway: threading.Event
) -> _Sending:
    sending = _Sending()
    secret = simulator.credentials["signing_secret"]
    started = time.monotonic() + 0.5

    def send(number: int) -> None:
        name, body = _message(simulator, number)
        due = started + number / rate
        time.sleep(max(0.0, due - time.monotonic()))
        if number == rate * seconds // 2:
            halfway.set()
        first = time.monotonic()
        sending.behind = max(sending.behind, first - due)
        while True:
            try:
                reply = client.post(listener.url, content=body, headers=signed_headers(secret, body, time.time()))
                if reply.status_code == 200:
                    break
            except httpx2.HTTPError:
                pass
            sending.again += 1
            time.sleep(_PAUSE)
        sending.seconds[name] = time.monotonic() - first

    with httpx2.Client(timeout=30) as client, ThreadPoolExecutor(_SENDERS) as threads:
        list(threads.map(send, range(rate * seconds)))
    return sending


def _kill_and_start(listener: _Listener, halfway: threading.Event) -> None:
    halfway.wait()
    listener.end(signal.SIGKILL)
    listener.start()


def _statuses(home: Path) -> dict[str, str]:
    with closing(sqlite3.connect(home / "revtops.db")) as database:
        return dict(database.execute("SELECT event_id, status FROM events").fetchall())


def _until_handled(home: Path) -> float:
    began = time.monotonic()
    while time.monotonic() - began < _PATIENCE and set(_statuses(home).values()) != {"handled"}:
        time.sleep(0.1)
    return time.monotonic() - began


def measure(rate: int, seconds: int) -> bool:
    """Send, kill, send again; print how it went. Whether nothing was lost."""
    home = WORK / "data" / "events"
    shutil.rmtree(home, ignore_errors=True)
    simulator = SlackSimulator(size=20)
    with serve(simulator.app) as server:
        command = [str(REVTOPS), "--home", str(home), "connect", "slack", "--base-url", server.url, "--stdin"]
        credentials = json.dumps(simulator.credentials)
        environment = {**os.environ, **_ENVIRONMENT}
        subprocess.run(command, input=credentials, env=environment, text=True, check=True, capture_output=True)
        listener = _Listener(home)
        listener.start()
        halfway = threading.Event()
        killer = threading.Thread(target=_kill_and_start, args=(listener, halfway))
        killer.start()
        sending = _send_all(simulator, listener, rate, seconds, halfway)
        killer.join()
        late = _until_handled(home)
        listener.end(signal.SIGINT)
    statuses = _statuses(home)
    lost = sending.seconds.keys() - statuses.keys()
    unhandled = [name for name, status in statuses.items() if status != "handled"]
    shutil.rmtree(home)
    taken = sorted(sending.seconds.values())
    figures = {
        "sent": f"{rate} a second for {seconds} s, by {_SENDERS} senders, at most {sending.behind:.2f} s late",
        "answered, median": f"{median(taken) * 1000:.1f} ms",
        "answered, 99 of 100": f"{quantiles(taken, n=100)[98] * 1000:.0f} ms",
        "answered, at most": f"{taken[-1]:.2f} s (the kill is in between)",
        "sent again": f"{sending.again}",
        "lost": f"{len(lost)} of {len(taken)}",
        "not handled": f"{len(unhandled)}; all were {late:.1f} s after the last answer",
    }
    print("\n".join(f"{name:>20}  {value}" for name, value in figures.items()))
    return not lost and not unhandled


def main(arguments: Sequence[str]) -> int:
    """Read the command line; 1 when something was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks events", description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="webhooks a second")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args(arguments)
    WORK.mkdir(exist_ok=True)
    return 0 if measure(options.rate, options.seconds) else 1
