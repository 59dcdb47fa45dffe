"""The recorded traffic: what is kept of each exchange and what never is, found by a filter, led to rows and back."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import shlex
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.http import HttpClient
from revtops_tui.engine import connections, data, operations, sync, traffic
from revtops_tui.engine.curl import as_curl
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.har import export_har
from revtops_tui.engine.recording import watcher
from revtops_tui.engine.traffic import Log
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.server import SimulatorServer
from store.credentials import MemoryCredentials
from store.recorder import Recorder
from store.traffic import FILE_NAME, Recorded
from tests.support.faulty import Answer, FaultyServer, running

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
ONE = Recorded(
    "default", None, "shop", None, None, None, 0, 1, 0.0, NOON, 0.2, "GET", "https://shop.example/deals?limit=5",
    200, None, False, None, {"accept": "*/*"}, {"content-type": "application/json"}, None, b'{"a": 1}',
)  # fmt: skip


@pytest.fixture
def ws(home: Path) -> Iterator[Workspace]:
    with Workspace(home, credentials=MemoryCredentials()) as workspace:
        yield workspace


@pytest.fixture
def synced(ws: Workspace, hubspot: SimulatorServer) -> Workspace:
    """A HubSpot account that was synced once, its traffic recorded."""
    connections.connect(ws, "hubspot", {"access_token": "simulated-token"}, base_url=hubspot.url)
    (result,) = sync.sync(ws)
    assert result.status == "success", result.error
    return ws


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with running(FaultyServer()) as faulty:
        yield faulty


def record(ws: Workspace, *exchanges: Recorded) -> None:
    recorder = ws.recorder
    assert recorder is not None
    for exchange in exchanges:
        recorder.add(exchange)


def ids(ws: Workspace, text: str = "") -> list[int]:
    return [one.id for one in traffic.exchanges(ws, text)]


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_an_exchange_of_a_sync_is_kept_whole(synced: Workspace) -> None:
    found = traffic.exchanges(synced, "entity:deals path:/crm/v3/objects/deals run:1")
    assert found
    exchange = traffic.exchange(synced, found[-1].id)
    assert exchange.summary.selector == "hubspot"
    assert exchange.summary.run_id == 1
    assert exchange.summary.entity == "deals"
    assert exchange.summary.status == 200
    assert exchange.summary.seconds > 0
    assert exchange.contents.request_headers["authorization"] == "***"
    assert json.loads(exchange.contents.response_body or b"")["results"]


def test_the_test_of_a_new_connection_is_kept(synced: Workspace) -> None:
    first = traffic.exchanges(synced)[-1]
    assert (first.selector, first.run_id) == ("hubspot", None)


def test_the_exchange_of_a_write_is_found_from_the_ledger(synced: Workspace) -> None:
    deal = data.sql(synced, "select source_id from deals limit 1").rows[0][0]
    sent = operations.submit(synced, "hubspot", "write", "update_deal", {"deal_id": deal, "amount": 5})
    assert sent.status == "ok", sent.error
    changing = traffic.exchanges(synced, f"ledger:{sent.ledger_id} changes")
    assert [one.method for one in changing] == ["PATCH"]


def test_nothing_is_kept_where_it_is_not_wanted(ws: Workspace, hubspot: SimulatorServer) -> None:
    ws.records = False
    connections.connect(ws, "hubspot", {"access_token": "simulated-token"}, base_url=hubspot.url)
    assert traffic.exchanges(ws) == []
    assert not (ws.home / FILE_NAME).exists()


def test_the_setting_turns_it_off(ws: Workspace) -> None:
    (ws.home / "settings.toml").write_text("[traffic]\nrecord = false\n")
    assert ws.recorder is None


async def test_the_attempts_of_a_request_are_one_chain(ws: Workspace, server: FaultyServer) -> None:
    left = {"X-RateLimit-Remaining": "17", "X-RateLimit-Daily-Remaining": "900"}
    server.script(Answer(body=[1]), Answer(429, {"message": "slow"}, {"Retry-After": "0.01"}), Answer(headers=left))
    async with HttpClient(server.url, on_exchange=watcher(ws, "shop", None)) as http:
        await http.get("/other")
        await http.get("/x")
    exchange = traffic.exchange(ws, ids(ws)[0])
    assert [(one.attempt, one.status, one.budget) for one in exchange.attempts] == [(1, 429, None), (2, 200, 17)]
    assert [one.waited > 0 for one in exchange.attempts] == [False, True]


async def test_no_secret_is_in_the_file(ws: Workspace, server: FaultyServer) -> None:
    async def headers() -> dict[str, str]:
        return {"Authorization": "Bearer header-canary"}

    fresh = {"access_token": "canary-fresh", "refresh_token": "canary-refresh", "expires_in": 3600}
    server.script(*[Answer(200, fresh, {"Set-Cookie": "sid=canary-cookie"}) for _ in range(3)])
    async with HttpClient(
        server.url, auth_headers=headers, on_exchange=watcher(ws, "shop", None), secrets=lambda: ["header-canary"]
    ) as http:
        await http.post("/token", data={"grant_type": "code", "code": "canary-code", "client_secret": "canary-form"})
        await http.post("/token", json={"password": "canary-json", "note": "header-canary"})
        await http.get("/token/header-canary", params={"api_key": "canary-query"}, headers={"X-Api-Key": "canary-key"})
    assert len(ids(ws)) == 3
    contents = [traffic.exchange(ws, one).contents for one in ids(ws)]
    assert json.loads(contents[0].response_body or b"")["expires_in"] == 3600
    assert "canary" not in repr(contents)
    files = list(ws.home.glob(f"{FILE_NAME}*"))
    assert {file.name for file in files} == {FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"}
    assert not any(b"canary" in file.read_bytes() for file in files)


def test_the_file_is_its_owners_alone(ws: Workspace) -> None:
    record(ws, ONE)
    assert ids(ws)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in ws.home.glob(f"{FILE_NAME}*")}
    assert modes == {0o600}


def test_the_oldest_makes_room(home: Path) -> None:
    recorder = Recorder(home, keep_bytes=1_000_000)
    noise = random.Random(5)
    for number in range(300):
        recorder.add(replace(ONE, response_body=noise.randbytes(8192), url=f"https://shop.example/{number}"))
        if number % 50 == 0:
            recorder.flush()
    recorder.close()
    with Workspace(home) as ws:
        kept = traffic.exchanges(ws, limit=1000)
    assert 10 < len(kept) < 300
    assert kept[0].url.endswith("/299")
    assert [one.id for one in kept] == list(range(300, 300 - len(kept), -1))
    assert (home / FILE_NAME).stat().st_size < 1_500_000


def test_several_processes_write_at_once(home: Path) -> None:
    recorders = [Recorder(home, 10_000_000) for _ in range(4)]
    for number in range(100):
        for recorder in recorders:
            recorder.add(replace(ONE, call=number))
    for recorder in recorders:
        recorder.close()
    assert [recorder.lost for recorder in recorders] == [0, 0, 0, 0]
    with Workspace(home) as ws:
        assert len(traffic.exchanges(ws, limit=1000)) == 400


def test_a_file_that_cannot_be_written_loses_traffic_and_nothing_else(home: Path) -> None:
    (home / FILE_NAME).mkdir()
    recorder = Recorder(home, 10_000_000)
    recorder.add(ONE)
    recorder.flush()
    assert recorder.lost == 1
    recorder.close()


# -- finding it --------------------------------------------------------------------------------------------------------


@pytest.fixture
def some(ws: Workspace) -> Workspace:
    """Six exchanges, ids 1 to 6."""
    record(
        ws,
        replace(ONE, call=1, started_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=3)),
        replace(ONE, call=2, selector="shop:other", status=404, error=None, run_id=12, entity="deals"),
        replace(ONE, call=3, method="POST", may_change=True, seconds=0.9, request_body=b'{"Name": "J\\u00e4ger"}'),
        replace(ONE, call=4, status=None, error="no answer within 30 s", response_body=None),
        replace(ONE, call=4, attempt=2, waited=14.0, started_at=dt.datetime.now(dt.UTC)),
        replace(ONE, call=5, selector="hubspot", url="https://api.hubapi.com/crm/v3/a_b%25", ledger_id=7),
    )
    assert len(ids(ws)) == 6
    return ws


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [6, 5, 4, 3, 2, 1]),
        ("system:shop", [5, 4, 3, 2, 1]),
        ("system:shop:other", [2]),
        ("system:hubspot system:shop:other", [6, 2]),
        ("status:404", [2]),
        ("status:4xx", [2]),
        ("status:>=400", [2]),
        ("status:<300", [6, 5, 3, 1]),
        ("status:200-204", [6, 5, 3, 1]),
        ("status:none", [4]),
        ("err", [4, 2]),
        ("method:post", [3]),
        ("path:/crm", [6]),
        ("crm", [6]),
        ("a_b%", [6]),
        ("axb", []),
        ("'no answer'", [4]),
        ("run:12", [2]),
        ("ledger:7", [6]),
        ("entity:deals", [2]),
        ("ms:>500", [3]),
        ("ms:<500 method:get status:404", [2]),
        ("since:1h", [5]),
        ("until:2d status:200", [6, 3, 1]),
        ("since:2026-03-02T11:59:00+00:00 until:2026-03-02T12:01:00+00:00 waited", []),
        ("changes", [3]),
        ("waited", [5]),
        ("body:~'\"a\": 1'", [6, 5, 3, 2, 1]),
        ("body:NAME", [3]),
        ("marked", []),
        ("https://shop.example", [5, 4, 3, 2, 1]),
    ],
)
def test_a_filter_lets_through_what_it_says(some: Workspace, text: str, found: list[int]) -> None:
    assert ids(some, text) == found
    with_log = Log(some, text)
    with_log.catch_up()
    assert sorted(with_log.ids(0, 100), reverse=True) == found
    with_log.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("status:red", "red is no status"),
        ("ms:slow", "slow is no number"),
        ("run:x", "x is no number"),
        ("since:soon", "soon is no time"),
        ("sytem:shop", "Nothing is called sytem"),
        ("run:", "nothing to compare"),
        ("record:deals", "names no row"),
    ],
)
def test_a_misspelt_filter_says_which_word(some: Workspace, text: str, said: str) -> None:
    with pytest.raises(EngineError, match=re.escape(said)):
        traffic.exchanges(some, text)


def test_another_organizations_traffic_is_not_seen(some: Workspace) -> None:
    other = some.seen_by("other")
    assert ids(other) == []
    with pytest.raises(EngineError, match="no exchange 1"):
        traffic.exchange(other, 1)
    traffic.mark(other, 1)
    assert traffic.clear(other) == 0
    assert ids(some, "marked") == []
    assert len(ids(some)) == 6


def test_a_marked_exchange_is_found_again(some: Workspace) -> None:
    traffic.mark(some, 3)
    assert ids(some, "marked") == [3]
    traffic.mark(some, 3, marked=False)
    assert ids(some, "marked") == []


def test_pages_go_back_by_id(some: Workspace) -> None:
    first = traffic.exchanges(some, "system:shop", limit=2)
    assert [one.id for one in first] == [5, 4]
    assert [one.id for one in traffic.exchanges(some, "system:shop", limit=2, older_than=4)] == [3, 2]


def test_a_log_takes_in_what_comes_and_lets_go_of_what_goes(some: Workspace) -> None:
    log = Log(some, "system:shop")
    assert log.catch_up()
    assert log.ids(0, 3) == [4, 5, 3], "a request's attempts follow one another"
    assert not log.catch_up()
    record(some, replace(ONE, call=6), replace(ONE, call=4, attempt=3), replace(ONE, call=7, selector="hubspot"))
    assert ids(some)
    assert log.catch_up()
    assert log.ids(0, 10) == [7, 4, 5, 8, 3, 2, 1]
    assert log.place(8) == 3
    assert log.summaries([7, 99]).keys() == {7}
    assert traffic.clear(some) == 9
    assert log.catch_up()
    assert log.count == 0
    log.close()


# -- leaving with it ---------------------------------------------------------------------------------------------------


def test_curl_repeats_the_request_without_its_secrets(some: Workspace, tmp_path: Path) -> None:
    record(
        some,
        replace(
            ONE,
            method="POST",
            url="https://shop.example/x?api_key=***&q=it's",
            request_headers={
                "authorization": "***",
                "x-api-key": "***",
                "content-type": "application/json",
                "host": "h",
            },
            request_body=b"""{"note": "it's", "password": "***"}""",
        ),
    )
    command = as_curl(traffic.exchange(some, ids(some)[0]))
    assert command.count("$") == 4
    assert "***" not in command
    shell = {"PATH": str(tmp_path), "AUTHORIZATION": "a b", "X_API_KEY": "k", "PASSWORD": "p", "SECRET": "s"}
    (tmp_path / "curl").write_text('#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n')
    (tmp_path / "curl").chmod(0o755)
    said = subprocess.run(["/bin/sh", "-c", command], env=shell, capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == [
        "-X", "POST", "https://shop.example/x?api_key=s&q=it's", "-H", "authorization: Bearer a b", "-H",
        "x-api-key: k", "-H", "content-type: application/json", "--data-binary",
        """{"note": "it's", "password": "p"}""",
    ]  # fmt: skip


def test_a_plain_request_is_a_plain_command(some: Workspace) -> None:
    command = as_curl(traffic.exchange(some, 1))
    assert shlex.split(command.replace("\\\n", "")) == [
        "curl",
        "https://shop.example/deals?limit=5",
        "-H",
        "accept: */*",
    ]


def test_har_has_every_exchange_that_was_asked_for(some: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "out.har"
    assert export_har(some, file, traffic.exchanges(some, "system:shop")) == 5
    log = json.loads(file.read_bytes())["log"]
    assert log["version"] == "1.2"
    assert [entry["response"]["status"] for entry in log["entries"]] == [200, 404, 200, 0, 200]
    assert log["entries"][4]["timings"]["blocked"] == 14_000
    assert log["entries"][0]["request"]["queryString"] == [{"name": "limit", "value": "5"}]
    assert log["entries"][2]["request"]["postData"]["text"] == '{"Name": "J\\u00e4ger"}'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(EngineError, match="cannot be written"):
        export_har(some, file, [])


# -- rows --------------------------------------------------------------------------------------------------------------


def test_a_row_leads_to_the_exchange_that_brought_it_and_back(synced: Workspace) -> None:
    row_id, source_id = data.sql(synced, "select id, source_id from deals order by id desc limit 1").rows[0]
    brought = traffic.exchanges_of_record(synced, "deals", row_id)
    assert brought.note == ""
    answers = [traffic.exchange(synced, one.id).contents.response_body or b"" for one in brought.exchanges]
    assert all(source_id.encode() in answer for answer in answers)
    assert brought.exchanges[0].id in ids(synced, f"record:deals/{row_id}")
    listing = next(one for one in brought.exchanges if "/objects/deals" in one.url)
    rows = traffic.records_of_exchange(synced, listing.id)
    assert ("deals", row_id) in [(row.entity, row.id) for row in rows]
    assert rows[0].entity == "deals"
    assert rows[0].name


def test_a_row_with_a_kind_in_its_id_is_found_too(synced: Workspace) -> None:
    row_id, source_id = data.sql(
        synced, "select id, source_id from activities where source_id like '%:%' limit 1"
    ).rows[0]
    brought = traffic.exchanges_of_record(synced, "activities", row_id)
    assert brought.exchanges, source_id
    listing = brought.exchanges[0]
    assert ("activities", row_id) in [(row.entity, row.id) for row in traffic.records_of_exchange(synced, listing.id)]


def test_that_an_exchange_was_not_recorded_is_said(synced: Workspace) -> None:
    traffic.clear(synced)
    brought = traffic.exchanges_of_record(synced, "deals", 1)
    assert brought.exchanges == []
    assert "before traffic was recorded" in brought.note
    with pytest.raises(EngineError, match="no row 999999"):
        traffic.exchanges_of_record(synced, "deals", 999999)
    with pytest.raises(EngineError, match="no table nothing"):
        traffic.exchanges_of_record(synced, "nothing", 1)
