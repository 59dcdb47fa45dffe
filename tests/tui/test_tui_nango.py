"""Connecting through Nango from the app."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx2
import pytest
from textual.widgets import Input

from revtops_tui.engine.connections import connections
from revtops_tui.engine.nango import SECRET_KEY
from revtops_tui.engine.settings_file import save
from revtops_tui.simulators.nango import NangoSimulator
from revtops_tui.simulators.server import SimulatorServer, serve
from tests.tui.driver import Driver, Visit


@pytest.fixture
def broker(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Iterator[NangoSimulator]:
    simulator = NangoSimulator({"hubspot": {"type": "OAUTH2", "access_token": "simulated-token"}})
    monkeypatch.setenv(SECRET_KEY, simulator.secret_key)
    monkeypatch.setenv("SSH_CONNECTION", "1")
    driver.ws.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with serve(simulator.app) as server:
        save(driver.ws.home, {"nango.host": server.url})
        yield simulator


async def open_dialog(visit: Visit, base_url: str) -> None:
    await visit.press("slash")
    await visit.type("hubspot")
    await visit.press("enter", "n")
    await visit.sees("Connect HubSpot", "Nango…")
    form = list(visit.app.screen.query(Input))
    form[-1].value = base_url
    visit.app.screen.query_one("#nango").focus()
    await visit.press("enter")
    await visit.sees("through Nango", "Open it in any browser", "/connect/")


@pytest.mark.parametrize(("width", "height"), [(100, 30), (60, 20)])
async def test_somebody_agrees_elsewhere(
    driver: Driver, broker: NangoSimulator, hubspot: SimulatorServer, width: int, height: int
) -> None:
    async with driver(width, height) as visit:
        await open_dialog(visit, hubspot.url)
        (token,) = broker.sessions
        link = f"{driver.ws.settings.nango.host}/connect/{token}"
        await asyncio.to_thread(httpx2.post, link)
        await visit.sees("● HubSpot")
    (connection,) = connections(driver.ws)
    assert (connection.slug, connection.status) == ("hubspot", "connected")
    assert driver.ws.credentials.get("default/hubspot/default") == {
        "nango_connection_id": "connection-2",
        "nango_integration_id": "hubspot",
    }


async def test_esc_ends_the_wait(driver: Driver, broker: NangoSimulator, hubspot: SimulatorServer) -> None:
    async with driver() as visit:
        await open_dialog(visit, hubspot.url)
        await visit.press("escape")
        await visit.sees("Connect HubSpot", "Access token")
        await visit.settle()
    assert connections(driver.ws) == []


async def test_it_is_not_offered_without_a_key(driver: Driver, hubspot: SimulatorServer) -> None:
    async with driver() as visit:
        await visit.press("slash")
        await visit.type("hubspot")
        await visit.press("enter", "n")
        await visit.sees("Connect HubSpot")
        assert "Nango" not in visit.screen
