"""Syncs that are killed, stopped, starved of disk, or left alone by their vendor: the next run completes them.

Each compares what is stored in the end with what a sync leaves that nobody disturbed.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from revtops_tui.simulators.faults import Fault
from tests.support.crash import Home, Vendor, vendor

SIZE = 3_000
PAGES = SIZE // 100
GROUP = 10
"""Pages that the connector completes together."""
DROP_INS = Path(__file__).parent / "support" / "drop_ins"

State = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def still() -> Iterator[Vendor]:
    """A vendor whose deals do not change."""
    with vendor(SIZE) as running:
        yield running


@pytest.fixture(scope="module")
def connected(still: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A data directory with a connection to the still vendor, to be copied."""
    home = Home(tmp_path_factory.mktemp("crash") / "home")
    home.connect(still.url)
    return home


@pytest.fixture(scope="module")
def undisturbed(connected: Home) -> State:
    """The still vendor's deals as a sync that nobody disturbed leaves them."""
    home = Home(copied(connected, "undisturbed"))
    assert home.sync()["entities"]["deals"]["inserted"] == SIZE
    return home.state()


@pytest.fixture
def home(connected: Home, tmp_path: Path) -> Home:
    """A data directory of the test's own, connected to the still vendor."""
    return Home(Path(shutil.copytree(connected.path, tmp_path / "home")))


def copied(home: Home, name: str) -> Path:
    return Path(shutil.copytree(home.path, home.path.with_name(name)))


# -- kill -9 -----------------------------------------------------------------------------------------------------------


def test_ten_kills_in_a_row(home: Home, still: Vendor, undisturbed: State) -> None:
    chance = random.Random(7)
    for kill in range(10):
        committed = kill in (3, 6)  # what a run of one group more has committed is not asked for again
        home.killed(still, GROUP + 1 if committed else chance.randint(1, GROUP), committed=committed)
    assert home.count() == 2 * GROUP * 100
    still.pages.clear()
    assert home.sync()["entities"]["deals"]["inserted"] == SIZE - 2 * GROUP * 100
    assert len(still.pages) == PAGES - 2 * GROUP
    assert home.state() == undisturbed


@pytest.mark.parametrize("page", [1, 2, 11, PAGES])
def test_a_killed_load(page: int, home: Home, still: Vendor, undisturbed: State) -> None:
    home.killed(still, page)
    home.sync()
    assert home.state() == undisturbed


def test_the_next_run_goes_on_behind_what_was_committed(home: Home, still: Vendor, undisturbed: State) -> None:
    home.killed(still, 25, committed=True)
    stored = home.count()
    assert stored >= 1_000
    with home.database() as database:
        ((status,),) = database.execute("SELECT status FROM sync_runs").fetchall()
        ((began,),) = database.execute("SELECT started_at FROM checkpoints").fetchall()
    assert status == "running"
    still.pages.clear()
    assert home.sync()["entities"]["deals"] == {
        **dict.fromkeys(("updated", "unchanged", "deleted", "rejected"), 0),
        "inserted": SIZE - stored,
    }
    assert still.pages[0] != ""
    assert len(still.pages) == PAGES - stored // 100
    assert home.state() == undisturbed
    with home.database() as database:
        statuses = [row[0] for row in database.execute("SELECT status FROM sync_runs ORDER BY id")]
        ((mark,),) = database.execute("SELECT value FROM watermarks").fetchall()
    assert statuses == ["aborted", "success"]
    assert mark == began, "what changed since the first of the two began is still to be fetched"


@dataclass(frozen=True)
class Changed:
    """A vendor where much changed since it was loaded into `home`; `since` lies between two waves of changes.

    `searches`: how many searches an incremental run makes: one that counts, and one for each 200 deals.
    """

    vendor: Vendor
    home: Home
    since: str
    searches: int
    state: State


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    with vendor(SIZE) as account:
        home = Home(tmp_path_factory.mktemp("changed") / "home")
        home.connect(account.url)
        home.sync()
        account.change("touch", 1_500)
        since = dt.datetime.now(dt.UTC).isoformat()
        account.change("touch", 1_400)
        account.change("delete", 40)
        calm = Home(copied(home, "calm"))
        counts = calm.sync("--full")["entities"]["deals"]
        assert counts["deleted"] == 40
        yield Changed(account, home, since, 1 + math.ceil(counts["updated"] / 200), calm.state())


@pytest.fixture
def outdated(changed: Changed, tmp_path: Path) -> Home:
    """A data directory as it was before the changes."""
    return Home(Path(shutil.copytree(changed.home.path, tmp_path / "home")))


@pytest.mark.parametrize(("page", "committed"), [(1, False), (2, False), (9, True)])
def test_a_killed_incremental_run(page: int, committed: bool, outdated: Home, changed: Changed) -> None:
    outdated.killed(changed.vendor, page, committed=committed)
    changed.vendor.pages.clear()
    outdated.sync()
    assert len(changed.vendor.pages) == changed.searches - (5 if committed else 0)
    assert outdated.state() == changed.state


@pytest.mark.parametrize(
    ("page", "committed", "again"), [(1, False, ["--full"]), (25, True, ["--full"]), (25, True, [])]
)
def test_a_killed_full_listing(page: int, committed: bool, again: list[str], outdated: Home, changed: Changed) -> None:
    outdated.killed(changed.vendor, page, "--full", committed=committed)
    changed.vendor.pages.clear()
    outdated.sync(*again)
    assert "search" not in changed.vendor.pages, "an unfinished listing is gone on with, whatever was asked for"
    assert len(changed.vendor.pages) < PAGES or not committed
    assert outdated.state() == changed.state


def test_a_stopped_window_hides_nothing_from_the_next_run(outdated: Home, changed: Changed) -> None:
    with outdated.stopped(changed.vendor, 8, signal.SIGINT, "--since", changed.since, committed=True) as process:
        process.communicate(timeout=60)
    assert outdated.rows_of_last_run() == 1_000
    outdated.sync()
    assert outdated.state() == changed.state


def test_a_window_leaves_an_unfinished_listing_to_the_next_run(home: Home, still: Vendor, undisturbed: State) -> None:
    home.killed(still, 25, committed=True)
    stored = home.count()
    home.sync("--since", "1h")
    still.pages.clear()
    home.sync()
    assert len(still.pages) == PAGES - stored // 100
    assert home.state() == undisturbed


# -- stopped -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "page"), [(signal.SIGINT, 1), (signal.SIGINT, PAGES), (signal.SIGTERM, 15)])
def test_a_stopped_sync_keeps_what_it_took(
    number: signal.Signals, page: int, home: Home, still: Vendor, undisturbed: State
) -> None:
    with home.stopped(still, page, number) as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert '"aborted"' in output
    with home.database() as database:
        assert database.execute("SELECT status FROM sync_runs").fetchall() == [("aborted",)]
    stored = home.count()
    still.pages.clear()
    assert home.sync()["entities"]["deals"]["inserted"] == SIZE - stored
    assert len(still.pages) == PAGES - stored // 100
    assert home.state() == undisturbed


# -- the disk ----------------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of that size. Only root may mount one; without the right it is a failure in CI, else a skip."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = f"needs the right to mount a file system: {done.stderr.strip()}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Leave that many bytes free; returns the file that takes the rest."""
    filler = disk / "filler"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    filler.write_bytes(bytes(free - leave))
    return filler


@pytest.mark.parametrize("leave", [0, 64_000, 600_000])
def test_a_full_disk(leave: int, connected: Home, tmp_path: Path, undisturbed: State) -> None:
    with small_disk(tmp_path / "disk", 16) as disk:
        home = Home(Path(shutil.copytree(connected.path, disk / "home")))
        filler = fill(disk, leave)
        code, document = home.run("sync", "hubspot", "--entity", "deals")
        (run,) = document.get("runs", [None])
        error = run or document["error"]
        assert (code, error.get("error_kind", error.get("kind"))) == (1, "disk_full"), document
        assert error.get("error", error.get("message")) == "The disk is full."
        assert "Free some space" in error["hint"]
        filler.unlink()
        code, counted = home.run("sql", "SELECT count(*) FROM deals")
        reported = run["entities"]["deals"]["inserted"] if run and run["entities"] else 0
        assert (code, counted["rows"]) == (0, [[reported]])
        home.sync()
        assert home.state() == undisturbed


def ordinary_user() -> list[str]:
    """What a command is started with so that permissions hold for it: for root they do not."""
    if os.geteuid():
        return []
    return ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--"]


@pytest.mark.parametrize("closed", ["file", "directory"])
def test_what_cannot_be_written_is_said(closed: str, home: Home, undisturbed: State) -> None:
    file = home.path / "revtops.db"
    for path, mode in ((file, 0o400), *(((home.path, 0o500),) if closed == "directory" else ())):
        path.chmod(mode)
    limited = Home(home.path, *ordinary_user())
    code, document = limited.run("sync", "hubspot", "--entity", "deals")
    error = document.get("error") or document["runs"][0]
    assert code == 1, document
    assert error.get("kind", error.get("error_kind")) in ("read_only", "no_access"), document
    said = f"{error.get('message', error.get('error'))} {error['hint']}"
    assert "unexpected" not in said
    assert "ermission" in said or "writable" in said
    home.path.chmod(0o700)
    file.chmod(0o600)
    limited.sync()
    assert home.state() == undisturbed


# -- other processes ---------------------------------------------------------------------------------------------------


def test_a_second_sync_of_the_connection_hears_who_is_at_it(home: Home, still: Vendor, undisturbed: State) -> None:
    answers: list[tuple[int, Any]] = []
    still.at_page(5, lambda: answers.append(home.run("sync", "hubspot", "--entity", "deals")))
    process = home.start("sync", "hubspot", "--entity", "deals", "--json")
    process.communicate(timeout=60)
    assert process.returncode == 0
    ((code, document),) = answers
    assert code == 5
    (run,) = document["runs"]
    assert run["error_kind"] == "busy"
    assert f"process {process.pid}," in run["error"]
    assert home.state() == undisturbed
    home.killed(still, 1)
    home.sync()


def test_two_connections_sync_into_one_file_from_two_processes(home: Home, still: Vendor, undisturbed: State) -> None:
    home.connect(still.url, "hubspot", "--name", "twin")
    together = [
        home.start("sync", selector, "--entity", "deals", "--json") for selector in ("hubspot:default", "hubspot:twin")
    ]
    for process in together:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert home.state() == undisturbed + undisturbed


def test_two_processes_may_make_the_same_new_home(tmp_path: Path, still: Vendor) -> None:
    home = Home(tmp_path / "new")
    for process in [home.start("connections", "--json") for _ in range(4)]:
        output, errors = process.communicate(timeout=60)
        assert (process.returncode, output.strip()) == (0, "[]"), errors


# -- the vendor --------------------------------------------------------------------------------------------------------


@contextmanager
def faults(account: Vendor, *planned: Fault) -> Iterator[None]:
    account.simulator.traffic.faults[:] = planned
    try:
        yield
    finally:
        account.simulator.traffic.faults.clear()


DEALS = "/crm/v3/objects/deals"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("429", path=DEALS, after=7, times=2, retry_after="1"),
        Fault("429", path="/associations/", after=1, times=1),
        Fault("500", path=DEALS, after=7, times=2),
        Fault("half_body", path=DEALS, after=7, times=1),
        Fault("half_body", path="/associations/", after=1, times=1),
        Fault("lost_reply", path=DEALS, after=7, times=1),
        Fault("disconnect", path="/crm/v3/owners", times=1),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.path.strip('/').split('/')[-1]}",
)
def test_a_bad_moment_of_the_vendor_is_got_over(fault: Fault, home: Home, still: Vendor, undisturbed: State) -> None:
    with faults(still, fault):
        home.sync()
    assert fault.hits == fault.times
    assert home.state() == undisturbed


@pytest.fixture(scope="module")
def impatient(still: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A data directory with a connection whose client soon gives up."""
    home = Home(tmp_path_factory.mktemp("impatient") / "home")
    (home.path / "connectors").mkdir(parents=True, mode=0o700)
    shutil.copy(DROP_INS / "impatient.py", home.path / "connectors")
    home.connect(still.url, "impatient")
    return home


def test_a_silent_moment_of_the_vendor_is_got_over(impatient: Home, still: Vendor, undisturbed: State) -> None:
    home = Home(copied(impatient, "silent"))
    with faults(still, silence := Fault("timeout", path=DEALS, after=7, times=1)):
        home.sync(selector="impatient")
    assert silence.hits == 1
    assert home.state() == undisturbed


@pytest.mark.parametrize(
    ("kind", "after"), [("500", 0), ("429", 25), ("500", 25), ("timeout", 25), ("disconnect", 25), ("half_body", 25)]
)
def test_what_came_before_a_vendor_fell_silent_is_kept(
    kind: Any, after: int, impatient: Home, still: Vendor, undisturbed: State
) -> None:
    home = Home(copied(impatient, f"{kind}-{after}"))
    with faults(still, Fault(kind, path=DEALS, after=after, retry_after="3600" if kind == "429" else None)):
        code, document = home.run("sync", "impatient", "--entity", "deals")
    (run,) = document["runs"]
    assert (code, run["status"]) == ((3, "partial") if after else (1, "failed")), document
    assert run["error_kind"] == ("rate_limited" if kind == "429" else "vendor_unavailable")
    stored = home.count()
    assert run["entities"]["deals"]["inserted"] == stored
    assert stored == after // GROUP * 1_000
    still.pages.clear()
    home.sync(selector="impatient")
    assert len(still.pages) == PAGES - stored // 100
    assert home.state() == undisturbed
