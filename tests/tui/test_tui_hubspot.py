"""The main job by keyboard alone, against the HubSpot simulator over HTTP: connect, sync, look."""

from __future__ import annotations

from revtops_tui.simulators.server import SimulatorServer
from tests.tui.driver import Driver


async def test_connect_sync_and_look(driver: Driver, hubspot: SimulatorServer) -> None:
    async with driver() as visit:
        await visit.press("slash", *"hubspot", "enter", "enter")
        await visit.sees("Connect HubSpot", "Access token *")
        await visit.paste("a wrong token")
        await visit.press("tab", "tab", "tab")
        await visit.paste(hubspot.url)
        await visit.press("enter")
        await visit.until(lambda: "-wrong" in visit.app.screen.query_one("#state").classes)
        await visit.press("end", "ctrl+u")
        await visit.paste("simulated-token")
        await visit.press("f5")
        await visit.sees("● HubSpot", "Connected as portal")
        await visit.press("s")
        await visit.sees("✓ Synced", "200 new")
        await visit.press("2", "slash", *"deals", "enter", "enter")
        await visit.sees("1 of 200", "amount")
