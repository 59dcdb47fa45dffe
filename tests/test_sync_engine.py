"""Sync runs end to end: connectors as their authors write them, a real database, and what a vendor may do meanwhile."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from typing import Any

import pytest

from revtops_tui.engine.connections import connect, connection
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.run import LOOK_BACK, SyncOptions
from revtops_tui.engine.sync import Progress, RunResult, runs, sync
from store.clock import moment_of
from tests.support.bench import Bench, deals, vendor

pytest_plugins = ("tests.support.bench_fixtures",)

NOTHING = {"inserted": 0, "updated": 0, "unchanged": 0, "deleted": 0, "rejected": 0}

STREAM = """
async def sync_deals(self):
    vendor.since = self.sync_since
    vendor.resumed = self.resume_cursor
    for item in vendor.items:
        yield item() if callable(item) else item
"""
"""A connector that yields what the test puts into `vendor.items`; a function is called when its turn comes."""


def _watermark(bench: Bench, entity: str = "deals") -> str | None:
    return next((v for (v,) in bench.ask("SELECT value FROM watermarks WHERE entity = ?", entity)), None)


def _raise(error: Exception) -> Any:
    def fail() -> None:
        raise error

    return fail


# -- what sync_* may be --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method",
    [
        "async def sync_deals(self):\n    return [DealRecord(source_id=n, name='_ab'[int(n)]) for n in '12']",
        "async def sync_deals(self):\n    return [{'source_id': 1, 'name': 'a'}, {'source_id': 2, 'name': 'b'}]",
        "async def sync_deals(self):\n    return ({'source_id': str(n), 'name': 'ab'[n - 1]} for n in (1, 2))",
        """
        async def sync_deals(self) -> int:
            records = [DealRecord(source_id='1', name='a'), DealRecord(source_id='2', name='b')]
            return await persist_records(self.organization_id, 'deals', records, self.source_system)
        """,
        """
        async def sync_deals(self):
            yield Expect(2)
            yield DealRecord(source_id='1', name='a')
            yield {'source_id': '2', 'name': 'b'}
            yield Checkpoint({'after': 2})
        """,
        """
        async def sync_deals(self):
            yield Page('1', [b'a'], lambda: [{'source_id': '1', 'name': 'a'}], cursor='next')
            yield [{'source_id': '2', 'name': 'b'}, {'source_id': '3', 'name': 'c'}]
            yield Deleted(['3'])
        """,
        """
        async def sync_deals(self):
            yield DealRecord(source_id='1', name='a')
            await persist_records(self.organization_id, 'deals', [DealRecord(source_id='2', name='b')], 'bench')
        """,
    ],
    ids=["records", "mappings", "iterator", "stored itself", "stream", "pages", "both"],
)
def test_all_forms_of_a_sync_method_store_their_records(bench: Bench, method: str) -> None:
    bench.connector(method)
    result = bench.sync()
    assert (result.status, result.error) == ("success", None)
    assert bench.names() == {"1": "a", "2": "b"}
    assert result.entities["deals"]["inserted"] - result.entities["deals"]["deleted"] == 2
    again = bench.sync(full=True)
    assert (again.status, bench.names()) == ("success", {"1": "a", "2": "b"})


@pytest.mark.parametrize(
    "method", ["async def sync_deals(self):\n    return 0", "async def sync_deals(self):\n    ..."]
)
def test_a_method_that_returns_no_records_deletes_none(bench: Bench, method: str) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(1)]
    bench.sync()
    bench.write(method)
    assert bench.sync(full=True, allow_deletes=True).entities == {"deals": NOTHING}
    assert bench.names() == {"1": "deal 1"}


# -- when, from when -----------------------------------------------------------------------------------------------


def test_the_next_run_asks_from_before_the_start_of_the_last(bench: Bench) -> None:
    during: list[dt.datetime] = []
    bench.connector(STREAM)
    vendor.items = [deals(1), lambda: during.append(dt.datetime.now(dt.UTC)) or []]
    before = dt.datetime.now(dt.UTC)
    bench.sync()
    assert vendor.since is None
    bench.sync()
    assert before - LOOK_BACK <= vendor.since <= during[0] - LOOK_BACK
    assert dt.timedelta(minutes=5) == LOOK_BACK


@pytest.mark.parametrize(
    "method",
    [
        """
        async def sync_all(self):
            vendor.began = dt.datetime.now(dt.UTC)
            await persist_records(self.organization_id, "deals", vendor.items, "bench")
        """,
        """
        async def sync_deals(self) -> int:
            vendor.began = dt.datetime.now(dt.UTC)
            return await persist_records(self.organization_id, "deals", vendor.items, "bench")
        """,
        "async def sync_all(self):\n    vendor.began = dt.datetime.now(dt.UTC)",
    ],
    ids=["sync_all", "sync_deals", "nothing"],
)
def test_what_a_connector_stores_itself_is_known_from_when_its_fetch_began(bench: Bench, method: str) -> None:
    bench.connector(method)
    vendor.items = deals(1)
    assert bench.sync().status == "success"
    mark = _watermark(bench)
    assert mark is not None
    assert moment_of(mark) <= vendor.began


@pytest.mark.parametrize(
    ("method", "status"),
    [
        (STREAM, "partial"),
        (
            """
            async def sync_deals(self) -> int:
                stored = await persist_records(self.organization_id, "deals", vendor.items[0], "bench")
                vendor.items[1]()
                return stored
            """,
            "partial",
        ),
        (
            """
            async def sync_all(self):
                await persist_records(self.organization_id, "deals", vendor.items[0], "bench")
                vendor.items[1]()
            """,
            "failed",
        ),
    ],
    ids=["stream", "stored itself", "sync_all"],
)
def test_a_failure_keeps_rows_and_moves_no_watermark(bench: Bench, method: str, status: str) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(*range(10))]
    bench.sync()
    before = _watermark(bench)
    bench.write(method)
    vendor.items = [deals(1, 20, name="new"), _raise(RuntimeError("boom"))]
    result = bench.sync(full=True, allow_deletes=True)
    assert (result.status, result.error_kind) == (status, "bug")
    assert "RuntimeError: boom" in (result.error or "")
    assert _watermark(bench) == before
    assert len(bench.names()) == 11  # nothing was taken for deleted, and what came before the failure is kept
    assert result.entities["deals"] == {**NOTHING, "inserted": 1, "updated": 1}


def test_an_entity_is_not_complete_when_the_method_that_stored_into_it_failed(bench: Bench) -> None:
    methods = """
    async def sync_issues(self) -> int:
        await persist_records(self.organization_id, "teams", [{"source_id": "t", "name": "T"}], "bench")
        raise VendorUnavailableError("The tracker is away.")
    """
    bench.connector(methods, entities=["teams", "issues"])
    result = bench.sync()
    assert (result.error_kind, _watermark(bench, "tracker_teams")) == ("vendor_unavailable", None)
    assert bench.names("tracker_teams") == {"t": "T"}


def test_rows_added_by_another_method_do_not_delete_the_listed_ones(bench: Bench) -> None:
    methods = (
        STREAM
        + """
async def sync_activities(self) -> int:
    return await persist_records(self.organization_id, "deals", [{"source_id": "extra", "name": "x"}], "bench")
"""
    )
    bench.connector(methods, entities=["deals", "activities"])
    vendor.items = [deals(1, 2)]
    for _ in range(2):
        result = bench.sync(full=True, allow_deletes=True)
        assert result.status == "success"
        assert set(bench.names()) == {"1", "2", "extra"}


@pytest.mark.parametrize(("gap", "moves"), [(dt.timedelta(hours=-1), True), (dt.timedelta(hours=1), False)])
def test_since_moves_the_watermark_only_where_it_leaves_no_gap(bench: Bench, gap: dt.timedelta, moves: bool) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(1)]
    bench.sync()
    before = _watermark(bench)
    assert before is not None
    since = moment_of(before) + gap
    bench.sync(since=since)
    assert vendor.since == since
    assert (_watermark(bench) != before) is moves


def test_since_on_a_first_run_leaves_the_first_load_to_come(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(1)]
    bench.sync(since=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert (_watermark(bench), bench.names()) == (None, {"1": "deal 1"})
    bench.sync()
    assert vendor.since is None


def test_full_asks_for_everything(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(1)]
    bench.sync()
    bench.sync(full=True)
    assert vendor.since is None


def test_a_connection_renewed_for_another_account_is_fetched_whole(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(1)]
    bench.sync()
    connect(bench.ws, "bench", {})
    bench.sync()
    assert vendor.since is not None
    vendor.account = "Grace at another Bench"
    connect(bench.ws, "bench", {})
    bench.sync()
    assert vendor.since is None


# -- entities ------------------------------------------------------------------------------------------------------

TWO = (
    STREAM
    + """
async def sync_accounts(self):
    for item in vendor.accounts:
        yield item() if callable(item) else item
"""
)


def test_one_entity_can_be_chosen_by_either_of_its_names(bench: Bench) -> None:
    methods = (
        "async def sync_issues(self):\n    return [{'source_id': '1', 'identifier': 'A', 'title': 'a'}]\n" + STREAM
    )
    bench.connector(methods, entities=["issues", "deals"])
    vendor.items = [deals(1)]
    for name in ("issues", "tracker_issues"):
        assert set(bench.sync(entities=(name,)).entities) == {"tracker_issues"}
    assert bench.names() == {}
    assert _watermark(bench) is None


def test_an_unknown_entity_is_refused_with_a_suggestion(bench: Bench) -> None:
    bench.connector(STREAM)
    with pytest.raises(EngineError, match="no entity deal") as failure:
        bench.sync(entities=("deal",))
    assert (failure.value.exit_code, failure.value.hint) == (2, "Did you mean deals?")


def test_an_entity_is_asked_of_those_that_have_it(bench: Bench) -> None:
    bench.connector(STREAM)
    bench.connector("async def sync_accounts(self):\n    return []", slug="other", entities=["accounts"])
    vendor.items = [deals(1)]
    assert [r.slug for r in sync(bench.ws, options=SyncOptions(entities=("deals",)))] == ["bench"]
    assert [r.slug for r in sync(bench.ws, options=SyncOptions(entities=("deals", "accounts")))] == ["bench", "other"]
    with pytest.raises(EngineError, match="Nothing that is connected has an entity account") as failure:
        sync(bench.ws, options=SyncOptions(entities=("account",)))
    assert failure.value.hint == "Did you mean accounts?"


def test_persist_records_leaves_out_entities_that_were_not_chosen(bench: Bench) -> None:
    methods = """
    async def sync_all(self):
        for entity in ("deals", "accounts"):
            await persist_records(self.organization_id, entity, [{"source_id": "1", "name": "a"}], "bench")
    """
    bench.connector(methods, entities=["deals", "accounts"])
    bench.sync(entities=("accounts",))
    assert (bench.names("deals"), bench.names("accounts")) == ({}, {"1": "a"})


@pytest.mark.parametrize(
    ("error", "kind"),
    [("VendorUnavailableError('It is away.')", "vendor_unavailable"), ("KeyError('results')", "bug")],
)
def test_a_failing_entity_does_not_stop_the_others(bench: Bench, error: str, kind: str) -> None:
    bench.connector(
        TWO.replace("for item in vendor.accounts", f"raise {error}\n    for item in ()"), entities=["accounts", "deals"]
    )
    vendor.items = [deals(1)]
    result = bench.sync()
    assert (result.status, result.error_kind) == ("partial", kind)
    assert bench.names() == {"1": "deal 1"}
    assert (_watermark(bench, "accounts"), _watermark(bench) is None) == (None, False)
    assert [run.status for run in runs(bench.ws)] == ["partial"]
    assert connection(bench.ws, "bench").last_error == result.error


@pytest.mark.parametrize(("error", "status"), [("AuthenticationError", "error"), ("ConnectionRevokedError", "revoked")])
def test_refused_credentials_end_the_run(bench: Bench, error: str, status: str) -> None:
    waiting = "    await asyncio.Event().wait()\n"
    methods = f"concurrent_entities = 2\nasync def sync_accounts(self):\n    raise {error}('No.')\n" + STREAM + waiting
    bench.connector(methods, entities=["accounts", "deals"])
    vendor.items = [deals(1)]
    seen: list[Progress] = []
    (result,) = sync(bench.ws, on_progress=seen.append)
    assert (result.status, result.error) == ("failed", "No.")
    assert EngineError(result.error_kind or "", "").exit_code == 4
    assert connection(bench.ws, "bench").status == status
    other = seen[-1].entities["deals"]
    assert (other.state, other.error) == ("failed", "It was stopped before it was complete.")


def test_a_connector_without_credentials_says_what_to_do(bench: Bench) -> None:
    bench.connector("async def sync_deals(self):\n    await self.get_credentials()\n    return []")
    bench.credentials.delete("acme/bench/default")
    result = bench.sync()
    assert (result.status, result.error_kind, result.hint) == ("failed", "authentication", "revtops connect bench")


# -- rejected, dry, deleted ----------------------------------------------------------------------------------------


def test_counts_equal_rows(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(*range(100)), deals(*range(50)), [{"source_id": "bad"}], [{"name": "no id"}]]
    result = bench.sync()
    assert result.entities["deals"] == {**NOTHING, "inserted": 100, "unchanged": 0, "rejected": 2}
    assert len(bench.names()) == 100
    vendor.items = [deals(*range(90)), deals(1, name="new"), deals(200)]
    result = bench.sync(full=True)
    assert result.entities["deals"] == {"inserted": 1, "updated": 1, "unchanged": 89, "deleted": 10, "rejected": 0}
    assert len(bench.names()) == 91
    assert runs(bench.ws)[0].entities == result.entities


def test_persist_records_says_how_many_are_good(bench: Bench) -> None:
    methods = """
    async def sync_all(self):
        for batch in vendor.items:
            vendor.told.append(await persist_records(self.organization_id, "deals", batch, "bench"))
    """
    bench.connector(methods)
    vendor.told = []
    vendor.items = [[*deals(1), {"source_id": "2"}], deals(3, 4), [{"source_id": "5"}]]
    assert bench.sync().entities["deals"]["rejected"] == 2
    assert vendor.told == [1, 2, 0]


def test_a_dry_run_counts_and_changes_nothing(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(*range(10)), [{"source_id": "was bad", "name": None}]]
    bench.sync()
    before = bench.dump()
    vendor.items = [deals(*range(9)), deals(1, name="new"), deals("was bad"), Ellipsis]
    vendor.items[-1] = [{"source_id": "bad"}]
    result = bench.sync(dry_run=True, full=True)
    assert result.entities["deals"] == {"inserted": 1, "updated": 1, "unchanged": 8, "deleted": 1, "rejected": 1}
    assert (result.status, result.run_id) == ("success", None)
    assert bench.dump() == before


def test_a_sweep_marks_what_is_gone_and_takes_it_back(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(1, 2, 3)]
    bench.sync()
    vendor.items = [deals(1, 3)]
    assert bench.sync().entities["deals"]["deleted"] == 0  # it was not asked for everything
    assert bench.sync(full=True).entities["deals"] == {**NOTHING, "unchanged": 2, "deleted": 1}
    assert set(bench.names()) == {"1", "3"}
    vendor.items = [deals(1, 2, 3)]
    assert bench.sync(full=True).entities["deals"] == {**NOTHING, "unchanged": 2, "updated": 1}
    assert set(bench.names()) == {"1", "2", "3"}


def test_a_sweep_of_more_than_half_asks_first(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(*range(10))]
    bench.sync()
    vendor.items = [deals(*range(4))]
    result = bench.sync(full=True)
    assert (result.status, result.error_kind) == ("partial", "sweep_refused")
    assert "6 of 10 deals" in (result.error or "")
    assert "--allow-deletes" in (result.hint or "")
    assert len(bench.names()) == 10
    assert bench.sync(full=True, allow_deletes=True).entities["deals"]["deleted"] == 6
    assert len(bench.names()) == 4
    vendor.items = [deals(*range(2))]
    assert bench.sync(full=True).status == "success"  # half is not more than half


@pytest.mark.parametrize("dry_run", [False, True])
def test_new_rows_do_not_make_up_for_those_that_are_gone(bench: Bench, dry_run: bool) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(*range(10))]
    bench.sync()
    vendor.items = [deals(*range(100, 200))]  # the listing of another account
    result = bench.sync(full=True, dry_run=dry_run)
    assert (result.error_kind, "10 of 10 deals" in (result.error or "")) == ("sweep_refused", True)
    vendor.items = [deals(*range(6)), deals(*range(100, 200))]
    assert bench.sync(full=True, dry_run=dry_run).entities["deals"]["deleted"] == 4


@pytest.mark.parametrize("dry_run", [False, True])
def test_as_many_records_as_before_may_be_others(bench: Bench, dry_run: bool) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(*range(10))]
    bench.sync()
    vendor.items = [deals(*range(9), 100)]
    counts = bench.sync(full=True, dry_run=dry_run).entities["deals"]
    assert (counts["inserted"], counts["unchanged"], counts["deleted"]) == (1, 9, 1)


def test_a_sweep_leaves_other_connections_alone(bench: Bench) -> None:
    bench.connector(STREAM)
    connect(bench.ws, "bench", {}, name="second")
    vendor.items = [deals(1, 2)]
    bench.sync("bench:default")
    vendor.items = [deals(1, 3, name="other")]
    bench.sync("bench:second")
    vendor.items = [deals(3, name="other")]
    bench.sync("bench:second", full=True)
    rows = bench.ask("SELECT name FROM deals WHERE deleted_at IS NULL ORDER BY connection_id, source_id")
    assert rows == [("deal 1",), ("deal 2",), ("other 3",)]


def test_organizations_do_not_share(bench: Bench) -> None:
    bench.connector(STREAM)
    globex = bench.workspace("globex")
    connect(globex, "bench", {})
    vendor.items = [deals(1)]
    sync(globex)
    assert bench.ask("SELECT organization_id FROM deals") == [("globex",)]
    assert connection(bench.ws, "bench").counts == {}
    assert connection(globex, "bench").counts == {"deals": 1}


# -- stopping and going on ------------------------------------------------------------------------------------------

RESUMABLE = """
async def sync_deals(self):
    vendor.resumed.append(self.resume_cursor)
    for page in range(self.resume_cursor or 0, vendor.pages):
        yield Page(str(page), [b"%d" % page], lambda: vendor.records(page), cursor=page + 1)
        await vendor.after(page)
"""


def _resumable(bench: Bench, pages: int = 6) -> None:
    async def go_on(page: int) -> None:
        """Nothing happens."""

    bench.connector(RESUMABLE)
    vendor.resumed, vendor.pages, vendor.after = [], pages, go_on
    vendor.records = lambda page: deals(*range(page * 100, page * 100 + 100))


def _stopped(bench: Bench, page: int) -> RunResult:
    """A run that is cancelled while it waits behind a page."""
    import asyncio

    cancel = threading.Event()

    async def stop(after: int) -> None:
        if after == page:
            cancel.set()
            await asyncio.Event().wait()

    go_on, vendor.after = vendor.after, stop
    (result,) = sync(bench.ws, cancel=cancel)
    vendor.after = go_on
    return result


def test_a_cancelled_run_keeps_what_it_has_and_the_next_goes_on(bench: Bench) -> None:
    _resumable(bench)
    result = _stopped(bench, page=2)
    assert (result.status, result.error_kind) == ("aborted", "cancelled")
    assert len(bench.names()) == 300
    assert [run.status for run in runs(bench.ws)] == ["aborted"]
    result = bench.sync()
    assert (result.status, vendor.resumed) == ("success", [None, 3])
    assert result.entities["deals"]["inserted"] == 300
    assert len(bench.names()) == 600
    assert bench.ask("SELECT count(*) FROM checkpoints") == [(0,)]


def test_rows_of_the_first_attempt_are_not_swept_by_the_second(bench: Bench) -> None:
    _resumable(bench)
    bench.sync()
    vendor.records = lambda page: deals(*range(page * 100, page * 100 + 100 - (page == 1)))
    bench.change("DELETE FROM page_digests")
    bench.change("DELETE FROM watermarks")
    _stopped(bench, page=3)
    assert bench.sync().entities["deals"] == {**NOTHING, "unchanged": 200, "deleted": 1}
    assert len(bench.names()) == 599


def test_a_run_stopped_during_a_commit_loses_none_of_it(bench: Bench) -> None:
    _resumable(bench)
    holding, held = threading.Event(), threading.Event()

    def hold(_: Any) -> None:
        held.set()
        holding.wait(20)

    import asyncio

    cancel = threading.Event()

    async def stop(page: int) -> None:
        if page == 1:
            bench.ws.database.writer.submit(hold)
            held.wait(20)  # the writer is busy, so the commit of these pages is under way when the run is stopped
        if page == 3:
            cancel.set()
            asyncio.get_running_loop().call_later(0.3, holding.set)
            await asyncio.Event().wait()

    go_on, vendor.after = vendor.after, stop
    (result,) = sync(bench.ws, cancel=cancel)
    assert result.status == "aborted"
    vendor.after = go_on
    assert len(bench.names()) == 400
    bench.sync()
    assert (vendor.resumed, len(bench.names())) == ([None, 4], 600)


def test_a_cursor_that_the_vendor_forgot_is_tried_once(bench: Bench) -> None:
    _resumable(bench)
    _stopped(bench, page=2)
    bench.write(RESUMABLE + "    \n".join(["", ""]))
    bench.write(
        RESUMABLE.replace(
            "    for page", "    if self.resume_cursor:\n        raise InvalidInputError('Expired.')\n    for page"
        )
    )
    result = bench.sync()
    assert (result.status, vendor.resumed) == ("success", [None, 3, None])
    assert result.entities["deals"] == {**NOTHING, "inserted": 300, "unchanged": 300}


def test_a_request_that_is_wrong_without_a_cursor_is_not_repeated(bench: Bench) -> None:
    bench.connector(STREAM)
    from connectors.errors import InvalidInputError

    asked: list[int] = []
    vendor.items = [lambda: asked.append(1) or [], _raise(InvalidInputError("No such property."))]
    assert bench.sync().error == "No such property."
    assert asked == [1]


def test_a_cancel_reaches_connections_that_wait_for_their_turn(bench: Bench) -> None:
    methods = (
        "async def sync_deals(self):\n    vendor.begun += 1\n    vendor.cancel.set()\n    await asyncio.Event().wait()"
    )
    bench.connector(methods)
    for number in range(6):
        connect(bench.ws, "bench", {}, name=f"n{number}")
    vendor.begun, vendor.cancel = 0, threading.Event()
    results = sync(bench.ws, cancel=vendor.cancel)
    assert [r.status for r in results] == ["aborted"] * 7
    assert 1 <= vendor.begun < 7


def test_a_run_that_a_killed_process_left_is_closed_by_the_next(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = []
    bench.sync()
    bench.change("UPDATE sync_runs SET status = 'running', finished_at = NULL")
    bench.sync()
    assert [run.status for run in runs(bench.ws)] == ["success", "aborted"]


_HOLDER = """
import sys
from pathlib import Path
from revtops_tui.engine.locks import run_lock

with run_lock(Path(sys.argv[1]), int(sys.argv[2]), "bench"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_hears_who_is_at_work(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(1)]
    arguments = [sys.executable, "-c", _HOLDER, str(bench.home), str(connection(bench.ws, "bench").id)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        result = bench.sync()
        assert (result.status, result.error_kind, result.run_id) == ("failed", "busy", None)
        assert f"process {holder.pid}" in (result.error or "")
        holder.kill()
    assert bench.sync().status == "success"  # the system lets go of the lock of a killed process


# -- Tier 2, several at once, progress ------------------------------------------------------------------------------

TRACKER = """
concurrent = 4

async def sync_all(self):
    async def store(entity, records):
        return await persist_records(self.organization_id, entity, records, self.source_system)

    await asyncio.gather(
        store("teams", [TrackerTeamRecord(source_id="t", name="Team")]),
        store("projects", [TrackerProjectRecord(source_id="p", name="Project", team_source_ids=["t"])]),
        *(store("issues", [self.issue(n) for n in range(k, 4000, 4)]) for k in range(4)),
    )

def issue(self, n):
    return TrackerIssueRecord(source_id=str(n), identifier=f"A-{n}", title=f"Issue {n}", priority=n % 5)
"""


def test_a_tracker_stores_its_entities_itself(bench: Bench) -> None:
    bench.connector(TRACKER, entities=["teams", "projects", "issues"])
    result = bench.sync()
    assert result.status == "success"
    assert {entity: counts["inserted"] for entity, counts in result.entities.items()} == {
        "tracker_teams": 1,
        "tracker_projects": 1,
        "tracker_issues": 4000,
    }
    assert all(_watermark(bench, entity) for entity in result.entities)
    assert bench.sync(full=True).entities["tracker_issues"] == {**NOTHING, "unchanged": 4000}


def test_progress_only_grows(bench: Bench) -> None:
    bench.connector(STREAM.replace("        yield", "        await asyncio.sleep(0.05)\n        yield"))
    from connectors.stream import Expect

    vendor.items = [Expect(1000), *(deals(*range(k * 100, k * 100 + 100)) for k in range(10))]
    seen: list[Progress] = []
    (result,) = sync(bench.ws, on_progress=seen.append)
    fetched = [p.entities["deals"].fetched for p in seen if "deals" in p.entities]
    assert fetched == sorted(fetched)
    assert len(set(fetched)) > 2
    last = seen[-1]
    assert (last.finished, last.entities["deals"].state, last.entities["deals"].total) == (True, "done", 1000)
    assert last.entities["deals"].inserted == result.entities["deals"]["inserted"] == len(bench.names()) == 1000


def test_connections_run_side_by_side_and_fail_alone(bench: Bench) -> None:
    bench.connector(STREAM)
    bench.connector("async def sync_deals(self):\n    raise VendorUnavailableError('It is away.')", slug="broken")
    vendor.items = [deals(1)]
    by_slug = {r.slug: r for r in sync(bench.ws)}
    assert (by_slug["bench"].status, by_slug["broken"].status) == ("success", "failed")
    assert (by_slug["broken"].error, bench.names()) == ("It is away.", {"1": "deal 1"})


def test_a_broken_connector_fails_alone(bench: Bench) -> None:
    bench.connector(STREAM)
    bench.connector(STREAM, slug="broken")
    vendor.items = [deals(1)]
    (bench.home / "connectors" / "broken.py").write_text("import nothing_like_this")
    for _ in range(2):  # found before it broke, and after
        by_slug = {r.slug: r for r in sync(bench.ws)}
        assert (by_slug["bench"].status, by_slug["broken"].status) == ("success", "failed")
        assert "nothing_like_this" in (by_slug["broken"].error or "")
        bench.ws.__dict__.pop("catalog")


def test_a_connection_that_is_named_twice_runs_once(bench: Bench) -> None:
    bench.connector(STREAM)
    vendor.items = [deals(1)]
    assert [r.status for r in sync(bench.ws, ["bench", "bench:default", "bench"])] == ["success"]


def test_nothing_connected_says_so(bench: Bench) -> None:
    with pytest.raises(EngineError, match="Nothing to sync is connected in acme") as failure:
        sync(bench.ws)
    assert failure.value.exit_code == 4


@pytest.mark.parametrize(("selector", "kind"), [("bench", "not_connected"), ("bensh", "unknown_connector")])
def test_what_is_not_connected_is_refused(bench: Bench, selector: str, kind: str) -> None:
    bench.write(STREAM)
    with pytest.raises(EngineError) as failure:
        sync(bench.ws, [selector], SyncOptions())
    assert failure.value.kind == kind


def test_a_connector_with_a_changed_helper_maps_unchanged_pages_again(bench: Bench) -> None:
    helper = bench.home / "connectors" / "_mapping.py"
    helper.write_text("def name(record):\n    return record\n")
    methods = (
        "async def sync_deals(self):\n    yield Page('1', [b'a'], lambda: [{'source_id': '1', 'name': name('a')}])"
    )
    bench.connector(methods, before="from ._mapping import name")
    bench.sync()
    helper.write_text("def name(record):\n    return record.upper() + '!'\n")
    bench.sync(full=True)
    assert bench.names() == {"1": "A!"}
