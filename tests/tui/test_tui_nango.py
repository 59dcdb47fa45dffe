"""Connecting through Nango from the app."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from textual.widgets import Input

from revtops_tui.engine.connections import connections
from revtops_tui.engine.nango import SECRET_KEY
from revtops_tui.engine.settings_file import save
from revtops_tui.simulators.nango import NangoSimulator
from revtops_tui.simulators.server import SimulatorServer, serve
from revtops_tui.tui.dialogs.nango import NangoDialog
from tests.tui.driver import PATIENCE, Driver, Visit
from tests.tui.pictures import SIZES, Compare, picture


@pytest.fixture
def broker(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Iterator[NangoSimulator]:
    simulator = NangoSimulator({"hubspot": {"type": "OAUTH2", "access_token": "simulated-token"}})
    monkeypatch.setenv(SECRET_KEY, simulator.secret_key)
    monkeypatch.setenv("SSH_CONNECTION", "1")
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


async def ask_for_a_link(visit: Visit) -> None:
    await visit.until(lambda: visit.app.is_open)
    await visit.press("slash", *"hubspot", "enter", "n")
    await visit.sees("Connect HubSpot", "Nango…")
    visit.app.screen.query_one("#nango").focus()
    await visit.press("enter")
    await visit.sees("through Nango")


@SIZES
@pytest.mark.usefixtures("broker")
def test_a_link_is_waited_for(compare: Compare, driver: Driver, size: tuple[int, int]) -> None:
    answers = threading.Event()

    async def refuse(_: Request) -> Response:
        await asyncio.to_thread(answers.wait, PATIENCE)
        return Response(status_code=401)

    async def walk(visit: Visit) -> None:
        await ask_for_a_link(visit)
        await visit.sees("Asking Nango for a link…")

    with serve(Starlette(routes=[Route("/connect/sessions", refuse, methods=["POST"])])) as server:
        save(driver.ws.home, {"nango.host": server.url})
        assert picture(compare, driver.ws, size, walk, release=answers.set)


@SIZES
def test_somebody_is_waited_for(
    compare: Compare, driver: Driver, broker: NangoSimulator, size: tuple[int, int]
) -> None:
    broker.page = "https://connect.nango.dev"
    waits: list[NangoDialog] = []

    async def walk(visit: Visit) -> None:
        await ask_for_a_link(visit)
        await visit.sees("https://connect.nango.dev", "Waiting for you: 30 min left")
        assert isinstance(visit.app.screen, NangoDialog)
        waits.append(visit.app.screen)

    assert picture(compare, driver.ws, size, walk, release=lambda: waits[0].is_over.set())


@SIZES
@pytest.mark.usefixtures("broker")
def test_a_key_that_nango_refuses(
    compare: Compare, driver: Driver, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_KEY, "another-secret-key")

    async def walk(visit: Visit) -> None:
        await ask_for_a_link(visit)
        await visit.sees("Nango refused the secret key.")

    assert picture(compare, driver.ws, size, walk)


async def test_it_is_not_offered_without_a_key(driver: Driver, hubspot: SimulatorServer) -> None:
    async with driver() as visit:
        await visit.press("slash")
        await visit.type("hubspot")
        await visit.press("enter", "n")
        await visit.sees("Connect HubSpot")
        assert "Nango" not in visit.screen
