"""The daemon as a process: it runs what is due, is told to stop, is killed, and is followed by another."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import httpx2
import pytest

from revtops_tui.engine.due import Spec
from revtops_tui.engine.schedules import ScheduleInfo, schedule, set_schedule
from revtops_tui.engine.sync import RunInfo, runs
from revtops_tui.engine.workspace import Workspace
from store.clock import moment_of
from tests.support.command_line import SECONDS, CommandLine, Shop, deals
from tests.support.crash import until

LONG_AGO = "2026-01-01T00:00:00.000000Z"
SHORT_LEASE = """
import datetime, sys, threading
from pathlib import Path
from revtops_tui.engine import daemon
from revtops_tui.engine.workspace import Workspace
daemon.run(Workspace(Path(sys.argv[1])), threading.Event(), lease=datetime.timedelta(seconds=2))
"""


class Scheduled:
    """A data directory with a shop that is synced every hour."""

    def __init__(self, revtops: CommandLine, shop: Shop) -> None:
        self.revtops, self.shop = revtops, shop
        shop.change(deals=deals(3))
        with Workspace(revtops.home) as ws:
            set_schedule(ws, "shop", Spec("UTC", every=dt.timedelta(hours=1), anchor=moment_of(LONG_AGO)))

    @property
    def runs(self) -> list[RunInfo]:
        """All runs, newest first."""
        with Workspace(self.revtops.home) as ws:
            return runs(ws)

    @property
    def statuses(self) -> list[str]:
        return [run.status for run in self.runs]

    @property
    def schedule(self) -> ScheduleInfo:
        with Workspace(self.revtops.home) as ws:
            return schedule(ws, "shop")

    def rows(self) -> int:
        with Workspace(self.revtops.home) as ws:
            return int(ws.database.reader().execute("SELECT count(*) FROM deals").fetchone()[0])

    def make_due(self) -> None:
        """Let its time have come long ago."""
        with closing(sqlite3.connect(self.revtops.home / "revtops.db")) as database, database:
            database.execute("UPDATE schedules SET next_due_at = ?", (LONG_AGO,))

    @contextmanager
    def daemon(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        """A daemon in the background, which does not outlive the block."""
        with closing_process(self.revtops.in_background("daemon", *options)) as process:
            yield process


@contextmanager
def closing_process(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=SECONDS)


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    """Have a daemon stop; its exit code, and what it told."""
    process.send_signal(number)
    _, told = process.communicate(timeout=SECONDS)
    return process.returncode, told


def is_there(home: Scheduled) -> Callable[[], bool]:
    return lambda: (home.revtops.home / "locks" / "daemon.json").exists()


@pytest.fixture
def scheduled(revtops: CommandLine, connected_shop: Shop) -> Scheduled:
    return Scheduled(revtops, connected_shop)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_what_is_due_until_it_is_told_to_stop(scheduled: Scheduled, number: signal.Signals) -> None:
    scheduled.make_due()
    with scheduled.daemon() as process:
        until(lambda: scheduled.statuses == ["success"])
        until(lambda: scheduled.schedule.last_status == "success")
        code, told = stop(process, number)
    assert code == 0
    assert "shop of default: success" in told
    log = (scheduled.revtops.home / "logs" / "revtops.log").read_text()
    assert "shop of default: success" in log
    assert not scheduled.schedule.running
    assert scheduled.schedule.next_due_at > moment_of(LONG_AGO)


def test_it_hears_of_schedules_while_it_runs(scheduled: Scheduled) -> None:
    with scheduled.daemon():
        until(is_there(scheduled))
        scheduled.make_due()
        until(lambda: scheduled.schedule.last_status == "success")
        scheduled.make_due()
        until(lambda: scheduled.statuses == ["success", "success"])


def test_told_to_stop_during_a_run_it_keeps_what_was_committed_and_the_next_one_goes_on(scheduled: Scheduled) -> None:
    scheduled.shop.change(closes_never=True)
    scheduled.make_due()
    with scheduled.daemon() as process:
        until(lambda: scheduled.rows() == 3)
        code, told = stop(process)
    assert code == 0
    assert "aborted" in told
    assert (scheduled.statuses, scheduled.rows()) == (["aborted"], 3)
    assert scheduled.schedule.next_due_at == moment_of(LONG_AGO)
    scheduled.shop.change(closes_never=False)
    done = scheduled.revtops("daemon", "--once", "--json")
    assert done.code == 0
    (run,) = done.json["runs"]
    assert (run["status"], run["entities"]["deals"]["unchanged"]) == ("success", 3)


def test_a_second_one_says_who_is_there(scheduled: Scheduled) -> None:
    with scheduled.daemon() as process:
        until(is_there(scheduled))
        second = scheduled.revtops("daemon", "--json")
        assert second.code == 5
        assert second.json["error"]["kind"] == "busy"
        assert f"process {process.pid}" in second.json["error"]["message"]
        status = scheduled.revtops("daemon", "status", "--json")
        assert (status.code, status.json["status"], status.json["pid"]) == (0, "running", process.pid)
        process.kill()
        process.wait(SECONDS)
        status = scheduled.revtops("daemon", "status", "--json")
        assert (status.code, status.json["status"], status.json["pid"]) == (1, "stopped", None)


def test_what_goes_wrong_in_one_run_is_not_the_end(scheduled: Scheduled) -> None:
    scheduled.shop.change(token="another")
    scheduled.make_due()
    with scheduled.daemon() as process:
        until(lambda: scheduled.schedule.last_status == "failed")
        scheduled.shop.change(token=json.loads(Shop.fields)["token"])
        scheduled.make_due()
        until(lambda: scheduled.schedule.last_status == "success")
        _, told = stop(process)
    assert "shop of default: failed" in told
    assert "The shop refused the token." in told


def test_no_secret_and_no_control_character_of_a_vendor_is_told(scheduled: Scheduled) -> None:
    scheduled.shop.change(stumbles=True)
    scheduled.make_due()
    with scheduled.daemon() as process:
        until(lambda: scheduled.schedule.last_status == "partial")
        _, told = stop(process)
    assert "stumbled over" in told
    log = (scheduled.revtops.home / "logs" / "revtops.log").read_text()
    for secret in ("hunter2secret", json.loads(Shop.fields)["token"]):
        assert secret not in told
        assert secret not in log


def test_a_killed_one_s_run_is_left_alone_while_its_lease_lasts(scheduled: Scheduled) -> None:
    scheduled.shop.change(closes_never=True)
    scheduled.make_due()
    with scheduled.daemon() as process:
        until(lambda: scheduled.rows() == 3)
        assert scheduled.statuses == ["running"]
        process.kill()
        process.wait(SECONDS)
    assert [(run.status, run.error) for run in scheduled.runs] == [("aborted", "The process ended in the middle.")]
    once = scheduled.revtops("daemon", "--once", "--json")
    assert (once.code, once.json) == (0, {"runs": []})


def test_another_one_takes_over_when_the_lease_of_a_killed_one_is_over(scheduled: Scheduled) -> None:
    scheduled.shop.change(closes_never=True)
    scheduled.make_due()
    first = subprocess.Popen(
        [sys.executable, "-c", SHORT_LEASE, str(scheduled.revtops.home)], env=os.environ, text=True
    )
    with closing_process(first):
        until(lambda: scheduled.rows() == 3)
        first.kill()
    scheduled.shop.change(closes_never=False)
    with scheduled.daemon():
        until(lambda: scheduled.schedule.last_status == "success")
    assert scheduled.statuses == ["success", "aborted"]
    assert scheduled.rows() == 3


def test_two_of_them_for_cron_run_what_is_due_once(scheduled: Scheduled) -> None:
    scheduled.shop.change(closes_never=True)
    scheduled.make_due()
    with scheduled.daemon("--once", "--json") as first:
        until(lambda: scheduled.rows() == 3)
        second = scheduled.revtops("daemon", "--once", "--json")
        assert (second.code, second.json) == (0, {"runs": []})
        first.terminate()
        output, _ = first.communicate(timeout=SECONDS)
    assert [run["status"] for run in json.loads(output)["runs"]] == ["aborted"]
    assert first.returncode == 130


def test_it_takes_webhooks_when_it_is_asked_to(scheduled: Scheduled) -> None:
    with scheduled.daemon("--listen", "--port", "0") as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "takes webhooks at" in line)
        answer = httpx2.post(f"{line.split()[-1]}/api/connectors/webhook/nobody/default", content=b"{}")
        assert answer.status_code == 404
        code, _ = stop(process)
    assert code == 0


def test_once_says_by_its_exit_code_how_it_went(scheduled: Scheduled) -> None:
    assert scheduled.revtops("daemon", "--once", "--json").json == {"runs": []}
    scheduled.shop.change(token="another")
    scheduled.make_due()
    done = scheduled.revtops("daemon", "--once")
    assert done.code == 4
    assert done.stdout == ""
    assert "shop of default: failed" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("--once", "--listen"), ("install", "--once"), ("--port", "8080"), ("--once", "status"), ("dance",)]
)
def test_what_makes_no_sense_is_refused(revtops: CommandLine, arguments: tuple[str, ...]) -> None:
    refused = revtops("daemon", *arguments, "--json")
    assert refused.code == 2
    assert refused.json["error"]["kind"] == "usage"
