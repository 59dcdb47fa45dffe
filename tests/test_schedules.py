"""Running what is due: once, by one process, of every organization, whatever becomes of it."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from revtops_tui.engine.connections import connect, connections, disconnect
from revtops_tui.engine.due import Spec
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.locks import run_lock
from revtops_tui.engine.schedules import (
    LEASE,
    remove_schedule,
    run_due,
    schedule,
    schedules,
    set_schedule,
    switch_schedule,
)
from revtops_tui.engine.sync import runs, sync
from revtops_tui.engine.workspace import Workspace
from store.clock import text_of
from store.credentials import MemoryCredentials
from store.schedules import lease_due
from tests.support.command_line import Shop, deals
from tests.support.crash import until

NOW = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)
EVERY_HOUR = Spec("UTC", every=dt.timedelta(hours=1), anchor=NOW)


def clock(hours: float = 0) -> Callable[[], dt.datetime]:
    """A clock that stands still, so long after NOW."""
    return lambda: NOW + dt.timedelta(hours=hours)


@pytest.fixture
def ws(home: Path) -> Iterator[Workspace]:
    with Workspace(home, credentials=MemoryCredentials()) as workspace:
        yield workspace


@pytest.fixture
def due(ws: Workspace, shop: Shop) -> Workspace:
    """A workspace whose shop is due an hour after NOW."""
    shop.change(deals=deals(3))
    connect(ws, "shop", json.loads(Shop.fields))
    set_schedule(ws, "shop", EVERY_HOUR, clock=clock())
    return ws


def statuses(ws: Workspace) -> list[str]:
    return [run.status for run in runs(ws)]


def next_due_of(ws: Workspace) -> dt.datetime:
    (found,) = schedules(ws)
    return found.next_due_at


# -- setting -----------------------------------------------------------------------------------------------------------


def test_a_schedule_is_due_at_its_next_time_and_the_connection_says_so(due: Workspace) -> None:
    (found,) = schedules(due)
    assert (found.selector, found.enabled, found.running, found.last_status) == ("shop", True, False, None)
    assert found.next_due_at == NOW + dt.timedelta(hours=1)
    assert [info.next_sync_at for info in connections(due)] == [found.next_due_at]


def test_a_schedule_that_is_off_is_not_due(due: Workspace) -> None:
    assert not switch_schedule(due, "shop", enabled=False, clock=clock()).enabled
    assert [info.next_sync_at for info in connections(due)] == [None]
    assert run_due(due, clock=clock(5)) == []
    # Switched on again, it goes on from now: what it would have done meanwhile was not wanted.
    assert switch_schedule(due, "shop", enabled=True, clock=clock(5.5)).next_due_at == NOW + dt.timedelta(hours=6)


def test_setting_it_again_replaces_it(due: Workspace) -> None:
    switch_schedule(due, "shop", enabled=False)
    set_schedule(due, "shop", Spec("Europe/Berlin", cron="0 6 * * *"), clock=clock())
    (found,) = schedules(due)
    assert (found.enabled, found.spec.cron, found.spec.every) == (True, "0 6 * * *", None)
    assert found.next_due_at == dt.datetime(2026, 11, 24, 5, 0, tzinfo=dt.UTC)


def test_a_removed_schedule_is_gone(due: Workspace) -> None:
    remove_schedule(due, "shop")
    assert schedules(due) == []
    for use in (schedule, remove_schedule):
        with pytest.raises(EngineError, match="shop has no schedule"):
            use(due, "shop")


def test_what_cannot_be_synced_has_no_schedule(ws: Workspace, shop: Shop) -> None:
    with pytest.raises(EngineError, match="not connected"):
        set_schedule(ws, "shop", EVERY_HOUR)
    connect(ws, "code_sandbox", {}, test=False)
    with pytest.raises(EngineError, match="cannot be synced"):
        set_schedule(ws, "code_sandbox", EVERY_HOUR)


# -- running -----------------------------------------------------------------------------------------------------------


def test_what_is_due_runs_and_is_due_again_at_the_next_time(due: Workspace) -> None:
    assert run_due(due, clock=clock(0.99)) == []
    (result,) = run_due(due, clock=clock(1))
    assert (result.status, result.entities["deals"]["inserted"]) == ("success", 3)
    (found,) = schedules(due)
    assert (found.last_status, found.last_run_at) == ("success", NOW + dt.timedelta(hours=1))
    assert found.next_due_at == NOW + dt.timedelta(hours=2)
    assert not found.running
    assert run_due(due, clock=clock(1)) == []


def test_what_was_missed_is_caught_up_once(due: Workspace) -> None:
    assert len(run_due(due, clock=clock(24 * 30 + 0.5))) == 1
    assert run_due(due, clock=clock(24 * 30 + 0.5)) == []
    assert next_due_of(due) == NOW + dt.timedelta(hours=24 * 30 + 1)


def test_every_organization_s_are_run_each_with_its_own_rows(due: Workspace, shop: Shop) -> None:
    other = due.seen_by("acme")
    connect(other, "shop", json.loads(Shop.fields), name="emea")
    set_schedule(other, "shop:emea", EVERY_HOUR, clock=clock())
    results = run_due(due, clock=clock(1))
    assert sorted((result.name, result.status) for result in results) == [("default", "success"), ("emea", "success")]
    assert [info.counts for info in (*connections(due), *connections(other))] == [{"deals": 3}, {"deals": 3}]
    assert [found.selector for found in schedules(due)] == ["shop"]


def test_more_than_fit_at_once_are_all_run(due: Workspace) -> None:
    names = [f"n{number}" for number in range(9)]
    for name in names:
        connect(due, "shop", json.loads(Shop.fields), name=name)
        set_schedule(due, f"shop:{name}", EVERY_HOUR, clock=clock())
    results = run_due(due, clock=clock(1))
    assert sorted(result.name for result in results) == ["default", *names]
    assert {result.status for result in results} == {"success"}


def test_a_failure_is_kept_and_the_next_time_is_another_chance(due: Workspace, shop: Shop) -> None:
    shop.change(token="another")
    (result,) = run_due(due, clock=clock(1))
    assert (result.status, result.error_kind) == ("failed", "authentication")
    (found,) = schedules(due)
    assert (found.last_status, found.next_due_at) == ("failed", NOW + dt.timedelta(hours=2))
    shop.change(token=json.loads(Shop.fields)["token"])
    assert [result.status for result in run_due(due, clock=clock(2))] == ["success"]


def test_a_connector_that_is_gone_stops_no_other(due: Workspace, home: Path) -> None:
    connect(due, "code_sandbox", {}, test=False)
    connect(due, "shop", json.loads(Shop.fields), name="two")
    set_schedule(due, "shop:two", EVERY_HOUR, clock=clock())
    (home / "connectors" / "shop.py").write_text("1 / 0")
    with Workspace(home, credentials=due.credentials) as afresh:
        results = run_due(afresh, clock=clock(1))
        assert [(result.status, bool(result.error)) for result in results] == [("failed", True)] * 2
        assert {found.next_due_at for found in schedules(afresh)} == {NOW + dt.timedelta(hours=2)}


def test_a_disconnected_one_rests_and_goes_on_when_it_is_connected_again(due: Workspace) -> None:
    disconnect(due, "shop")
    assert run_due(due, clock=clock(3)) == []
    assert schedules(due) == []
    connect(due, "shop", json.loads(Shop.fields))
    assert [result.status for result in run_due(due, clock=clock(3))] == ["success"]


def test_a_run_that_somebody_else_started_counts(due: Workspace) -> None:
    """The rows will be fresh; a second run right behind it would bring nothing."""
    (connection,) = connections(due)
    with run_lock(due.home, connection.id, "shop"):
        (result,) = run_due(due, clock=clock(1))
    assert result.error_kind == "busy"
    (found,) = schedules(due)
    assert (found.last_status, found.next_due_at) == ("busy", NOW + dt.timedelta(hours=2))


def test_one_that_was_stopped_stays_due_and_keeps_what_it_had(due: Workspace, shop: Shop) -> None:
    shop.change(closes_never=True)
    cancel = threading.Event()
    threading.Thread(target=lambda: (until(lambda: bool(connections(due)[0].counts)), cancel.set())).start()
    (result,) = run_due(due, cancel=cancel, clock=clock(1))
    assert result.status == "aborted"
    (found,) = schedules(due)
    assert (found.last_status, found.next_due_at) == ("aborted", NOW + dt.timedelta(hours=1))
    shop.change(closes_never=False)
    (result,) = run_due(due, clock=clock(1))
    assert (result.status, result.entities["deals"]["unchanged"]) == ("success", 3)


def test_it_is_a_full_run_when_the_last_one_is_long_ago(due: Workspace, shop: Shop) -> None:
    weekly = Spec("UTC", every=dt.timedelta(days=1), anchor=NOW, full_every=dt.timedelta(days=7))
    set_schedule(due, "shop", weekly, clock=clock())
    sync(due, ["shop"])
    real = dt.datetime.now(dt.UTC) - NOW  # when a run began is the machine's own time
    modes = []
    for day in (1, 6, 8):
        moment = NOW + real + dt.timedelta(days=day)
        run_due(due, clock=lambda moment=moment: moment)
        modes.append(runs(due)[0].mode)
    assert modes == ["incremental", "incremental", "full"]


# -- leases ------------------------------------------------------------------------------------------------------------


def test_one_that_a_process_has_taken_on_is_left_alone_until_the_lease_is_over(due: Workspace) -> None:
    moment = NOW + dt.timedelta(hours=1)
    taken = lease_due(due.database, "another", moment=text_of(moment), until=text_of(moment + LEASE))
    assert taken is not None
    assert taken.slug == "shop"
    assert run_due(due, clock=lambda: moment + LEASE - dt.timedelta(seconds=1)) == []
    assert [result.status for result in run_due(due, clock=lambda: moment + LEASE)] == ["success"]


def test_a_lease_is_renewed_while_the_run_goes_on(due: Workspace, shop: Shop) -> None:
    shop.change(closes_never=True)
    cancel = threading.Event()
    short = dt.timedelta(seconds=0.3)
    running = threading.Thread(target=run_due, args=(due,), kwargs={"cancel": cancel, "lease": short})
    switch_schedule(due, "shop", enabled=True, clock=clock(-24 * 365))  # long due by the machine's clock
    running.start()
    seen: set[str | None] = set()

    def renewed_twice() -> bool:
        row = due.database.reader().execute("SELECT leased_until FROM schedules").fetchone()
        seen.add(row[0])
        return len(seen - {None}) >= 3

    until(renewed_twice)
    cancel.set()
    running.join()
    assert schedule(due, "shop").last_status == "aborted"


TAKER = """
import sys
from pathlib import Path
from store.database import Database
from store.schedules import lease_due
with Database.open(Path(sys.argv[1])) as database:
    print("ready", flush=True)
    sys.stdin.readline()
    while (found := lease_due(database, sys.argv[2], moment="2027-01-01", until="2028-01-01")) is not None:
        print(found.connection_id)
"""


def test_of_two_processes_one_gets_each(due: Workspace, home: Path) -> None:
    for number in range(60):
        connect(due, "shop", json.loads(Shop.fields), name=f"n{number}", test=False)
        set_schedule(due, f"shop:n{number}", EVERY_HOUR, clock=clock())
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKER, str(home), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    for taker in takers:
        assert taker.stdout is not None
        assert taker.stdout.readline() == "ready\n"
    for taker in takers:
        assert taker.stdin is not None
        taker.stdin.write("\n")
        taker.stdin.flush()
    taken = [taker.communicate(timeout=60)[0].split() for taker in takers]
    assert all(taker.returncode == 0 for taker in takers)
    assert sorted(map(int, taken[0] + taken[1])) == sorted(info.id for info in connections(due))
    rows = due.database.reader().execute("SELECT leased_by, count(*) FROM schedules GROUP BY leased_by")
    assert dict(rows) == {name: len(ids) for name, ids in zip(("one", "two"), taken, strict=True) if ids}
