"""Syncing from the app: progress, cancel, going on elsewhere, leaving; against a connector whose vendor is a file."""

from __future__ import annotations

from asyncio import to_thread

from revtops_tui.engine.sync import runs
from tests.support.command_line import Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.shops import connect, synced


async def _start(visit: Visit) -> None:
    """A sync that has stored what there is, and then waits for a vendor who says nothing more."""
    await visit.press("s")
    await visit.sees("Syncing", "Deals", "x Cancel", "⟳ Shop")


async def test_a_sync_shows_what_it_does_and_what_it_brought(driver: Driver, shop: Shop) -> None:
    shop.change(accounts=[{"source_id": "1", "name": "Acme"}], deals=deals(1200))
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await visit.sees("none yet")
        await visit.press("s")
        await visit.sees("Shop synced", "✓ Synced", "1,200 new", "Last runs")
        await visit.sees("synced")
        shop.change(deals=deals(1201))
        await visit.press("f")
        await visit.sees("1 new · 1,200 same")


async def test_progress_counts_against_the_total_the_vendor_gave(driver: Driver, shop: Shop) -> None:
    shop.change(deals=deals(500), expect=1000, closes_never=True)
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await _start(visit)
        await visit.sees("500", "50%")


async def test_cancelling_keeps_what_was_stored(driver: Driver, shop: Shop) -> None:
    shop.change(deals=deals(500), expect=1000, closes_never=True)
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await _start(visit)
        await visit.sees("50%")
        await visit.press("x")
        await visit.sees("Stopped", "500 new", "s Sync")
        assert "⟳" not in visit.screen
    assert [run.status for run in runs(driver.ws)] == ["aborted"]


async def test_a_sync_goes_on_while_one_is_elsewhere(driver: Driver, shop: Shop) -> None:
    shop.change(deals=deals(500), expect=1000, closes_never=True)
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await _start(visit)
        await visit.press("2")
        await visit.sees("Tables", "⟳ Shop")
        await visit.press("1", "x")
        await visit.sees("Stopped")


async def test_leaving_during_a_sync_asks_and_staying_is_the_default(driver: Driver, shop: Shop) -> None:
    shop.change(deals=deals(500), expect=1000, closes_never=True)
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await _start(visit)
        await visit.press("ctrl+q")
        await visit.sees("Leave while something runs?", "Stay")
        await visit.press("enter")
        await visit.until(lambda: "Stay" not in visit.screen)
        assert visit.app.jobs.running
        await visit.press("q")
        await visit.sees("Leave while something runs?")
        await visit.press("left", "enter")
        await visit.until(lambda: not visit.app.jobs.running)
        await visit.until(lambda: not visit.app.is_running)
    assert [run.status for run in runs(driver.ws)] == ["aborted"]


async def test_a_sync_can_be_finished_before_leaving(driver: Driver, shop: Shop) -> None:
    shop.change(deals=deals(500), expect=1000, closes_late=True)
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await _start(visit)
        await visit.press("q")
        await visit.sees("Finish, then quit")
        await visit.press("right", "enter")
        await visit.sees("Finishing")
        assert visit.app.jobs.running
        shop.change(closes_late=False)
        await visit.until(lambda: not visit.app.is_running)
    assert [run.status for run in runs(driver.ws)] == ["success"]


async def test_leaving_when_nothing_runs_does_not_ask(driver: Driver) -> None:
    async with driver() as visit:
        await visit.press("q")
        await visit.until(lambda: not visit.app.is_running)


async def test_a_failure_is_told_in_its_pane_and_the_app_stays(driver: Driver, shop: Shop) -> None:
    shop.change(deals=deals(3), stumbles=True)
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await visit.press("s")
        await visit.sees("! Synced in part", "stumbled over")
        shop.change(stumbles=False)
        await visit.press("s")
        await visit.sees("✓ Synced")


async def test_credentials_that_are_refused_now_mark_the_connection(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    shop.change(token="another")
    async with driver() as visit:
        await visit.press("s")
        await visit.sees("! Shop", "The shop refused the token.")


async def test_a_listing_that_lost_most_records_asks_before_marking_them_deleted(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(10))
    shop.change(deals=deals(1))
    async with driver() as visit:
        await visit.press("f")
        await visit.sees("most records are gone", "Keep them")
        await visit.press("right", "enter")
        await visit.sees("9 deleted")
