"""The ten jobs that people come for most, each by keyboard alone in an app that was just opened: `jobs.JOBS`.

What came of it is looked up in the database, at the vendor or in the file, not on the screen alone.
"""

from __future__ import annotations

import csv
import sqlite3
from asyncio import to_thread
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from revtops_tui.engine.connections import connect, connections
from revtops_tui.engine.data import sql
from revtops_tui.engine.organizations import create_organization
from revtops_tui.engine.rejected import rejected
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.hubspot import HubSpotSimulator
from revtops_tui.simulators.server import SimulatorServer, serve
from revtops_tui.simulators.slack import SlackSimulator
from tests.support.command_line import Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.jobs import JOBS, table
from tests.tui.shops import synced

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"


async def _do(visit: Visit, name: str, **texts: str) -> None:
    job = JOBS[name]
    assert await job.do(visit, **texts) <= job.most


@pytest.fixture
def portal() -> Iterator[tuple[HubSpotSimulator, SimulatorServer]]:
    """A HubSpot account of thirty deals."""
    simulator = HubSpotSimulator(size=30)
    with serve(simulator.app) as server:
        yield simulator, server


@pytest.fixture
def hubspot_connected(ws: Workspace, portal: tuple[HubSpotSimulator, SimulatorServer]) -> HubSpotSimulator:
    """The account, connected."""
    simulator, server = portal
    connect(ws, "hubspot", simulator.credentials, base_url=server.url)
    return simulator


@pytest.fixture
def slack_connected(ws: Workspace) -> Iterator[SlackSimulator]:
    """A Slack workspace, connected."""
    simulator = SlackSimulator(size=20)
    with serve(simulator.app) as server:
        connect(ws, "slack", simulator.credentials, base_url=server.url)
        yield simulator


@pytest.fixture
def stocked(ws: Workspace, shop: Shop) -> Workspace:
    """A synced shop of twelve deals."""
    synced(ws, shop, deals=[*deals(11), {"source_id": "g", "name": "Globex rollout"}])
    return ws


def test_every_job_is_short_enough_and_the_page_says_how_it_is_done() -> None:
    assert [job.title for job in JOBS.values() if job.keys > job.most] == []
    assert table() in PAGE.read_text(encoding="utf-8"), "the table of docs/keys.md is tests.tui.jobs.table()"


async def test_connect(driver: Driver, portal: tuple[HubSpotSimulator, SimulatorServer]) -> None:
    simulator, server = portal
    async with driver() as visit:
        visit.app.drafts["hubspot"] = {"base URL": server.url}  # where a real one needs nothing
        await _do(visit, "connect", token=simulator.account_token)
    (connection,) = connections(driver.ws)
    assert (connection.slug, connection.status) == ("hubspot", "connected")


async def test_sync(driver: Driver, hubspot_connected: HubSpotSimulator) -> None:
    async with driver() as visit:
        await visit.sees("● HubSpot")
        await _do(visit, "sync")
    ((count,),) = sql(driver.ws, "select count(*) from deals").rows
    assert count == 30


async def test_find_a_record(driver: Driver, stocked: Workspace) -> None:
    async with driver() as visit:
        await _do(visit, "find")
        await visit.sees("Deals", "source_id", "Globex rollout")
        assert type(visit.app.screen).__name__ == "RecordDialog"


async def test_run_a_query(driver: Driver, stocked: Workspace) -> None:
    async with driver() as visit:
        await _do(visit, "query")
        await visit.sees("many", "12")


async def test_write_a_record(driver: Driver, hubspot_connected: HubSpotSimulator) -> None:
    store = hubspot_connected.state.stores["deals"]
    deal = min(store.seeded.live_ids)
    async with driver() as visit:
        await visit.sees("● HubSpot")
        await _do(visit, "write", id=str(deal))
    changed = store.get(deal)
    assert changed is not None
    assert changed.properties["amount"] == "77000"


async def test_send_a_message(driver: Driver, slack_connected: SlackSimulator) -> None:
    channel = slack_connected.workspace.channel_named("sales")
    async with driver() as visit:
        await visit.sees("● Slack")
        await _do(visit, "message", channel=channel.id)
    assert channel.messages[channel.order[-1]].text == "The deal is closed"


async def test_retry_a_rejected_record(driver: Driver, ws: Workspace, shop: Shop) -> None:
    await to_thread(synced, ws, shop, deals=[*deals(3), {"source_id": "bad", "name": "x", "amount": "lots"}])
    with closing(sqlite3.connect(ws.database.path)) as database, database:
        database.execute("UPDATE rejected_records SET payload = replace(payload, '\"lots\"', '5')")
    async with driver() as visit:
        await _do(visit, "retry")
    assert rejected(ws) == []
    assert sql(ws, "select amount from deals where source_id = 'bad'").rows == [(5.0,)]


async def test_export(driver: Driver, stocked: Workspace, tmp_path: Path) -> None:
    async with driver() as visit:
        await _do(visit, "export")
    (file,) = tmp_path.glob("*.csv")
    with file.open(encoding="utf-8", newline="") as lines:
        assert len(list(csv.reader(lines))) == 13


async def test_switch_the_organization(driver: Driver, stocked: Workspace) -> None:
    create_organization(stocked, "acme")
    async with driver() as visit:
        await visit.sees("● Shop")
        await _do(visit, "organization")
        assert visit.app.ws.organization_id == "acme"
        assert connections(visit.app.ws) == []


async def test_see_why_a_sync_waits(driver: Driver, hubspot_connected: HubSpotSimulator) -> None:
    hubspot_connected.traffic.faults.append(Fault("429", path="/crm/v3/objects", retry_after="60"))
    async with driver(110, 34) as visit:
        await visit.sees("● HubSpot")
        await visit.press("s", "2")
        await visit.sees("waits: rate limit", "Tables")
        await _do(visit, "waiting")
        await visit.press("x")
        await visit.until(lambda: not visit.app.jobs.running)
