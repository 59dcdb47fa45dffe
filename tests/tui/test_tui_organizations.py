"""Looking at another organization: nothing of the one before stays, and what runs there goes on."""

from __future__ import annotations

from asyncio import to_thread

import pytest

from revtops_tui.engine.organizations import create_organization
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.shops import connect, synced


@pytest.fixture
def two(ws: Workspace, shop: Shop) -> Workspace:
    """The shop with three deals, and an organization that has nothing yet."""
    synced(ws, shop, deals=deals(3))
    create_organization(ws, "acme")
    return ws


async def _switch(visit: Visit, name: str) -> None:
    await visit.press("O")
    await visit.sees("Organization", "acme · ")
    await visit.press("slash", *name, "enter", "enter")
    await visit.sees(f"org {name}")


async def test_another_organization_is_looked_at(driver: Driver, two: Workspace) -> None:
    async with driver() as visit:
        await visit.sees("● Shop", "org default")
        await _switch(visit, "acme")
        await visit.sees("Welcome to revtops", "○ Shop")
        await visit.press("2")
        await visit.sees("Tables")
        await visit.settle()
        assert "● Shop" not in visit.screen
        assert visit.app.ws.organization_id == "acme"
        await _switch(visit, "default")
        await visit.sees("● Shop", "Deals")


async def test_the_choice_holds_for_the_next_start(driver: Driver, two: Workspace) -> None:
    async with driver() as visit:
        await _switch(visit, "acme")
    with Workspace(two.home, credentials=two.credentials) as again:
        assert again.organization_id == "acme"


async def test_a_new_organization_is_made_and_looked_at(driver: Driver, two: Workspace) -> None:
    async with driver() as visit:
        await visit.press("O")
        await visit.sees("acme · 0 connections")
        await visit.press("n")
        await visit.sees("A new organization")
        await visit.press(*"globex", "enter")
        await visit.sees("org globex", "Welcome to revtops")


async def test_a_name_that_is_taken_is_refused(driver: Driver, two: Workspace) -> None:
    async with driver() as visit:
        await visit.press("O")
        await visit.sees("acme · 0 connections")
        await visit.press("n")
        await visit.sees("A new organization")
        await visit.press(*"acme", "enter")
        await visit.sees("There is an organization acme already.")


async def test_a_sync_of_the_other_organization_goes_on_and_is_shown(
    driver: Driver, two: Workspace, shop: Shop
) -> None:
    shop.change(deals=deals(500), expect=1000, closes_never=True)
    async with driver() as visit:
        await visit.press("s")
        await visit.sees("⟳ Shop", "50%")
        await _switch(visit, "acme")
        await visit.sees("⟳ Shop of default 50%")
        await visit.press("q")
        await visit.sees("Stop and quit", "Stay")
        await visit.press("enter")
        await _switch(visit, "default")
        await visit.press("x")
        await visit.sees("Stopped")


async def test_what_was_typed_for_one_organization_is_not_offered_to_another(
    driver: Driver, two: Workspace, shop: Shop
) -> None:
    with Workspace(two.home, "acme", credentials=two.credentials) as theirs:
        await to_thread(connect, theirs, shop)
    async with driver() as visit:
        await visit.press("w", "slash", *"send", "enter", "enter")
        await visit.sees("Shop › send_message")
        await visit.type("for default only")
        await visit.press("escape")
        await _switch(visit, "acme")
        await visit.press("w", "slash", *"send", "enter", "enter")
        await visit.sees("Shop › send_message")
        assert "for default only" not in visit.screen
