"""Connecting, testing and disconnecting by keyboard; the vendor is a file, the store and the form are real."""

from __future__ import annotations

from asyncio import to_thread

from revtops_tui.engine.connections import connections
from tests.support.command_line import TOKEN, Shop, deals
from tests.tui.driver import Driver, Visit
from tests.tui.shops import connect, synced


async def _open_form(visit: Visit) -> None:
    await visit.press("slash")
    await visit.type("shop")
    await visit.press("enter", "enter")
    await visit.sees("Connect Shop", "Data file *")


async def test_a_newcomer_is_told_three_ways_in(driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        await visit.sees("Welcome to revtops", "Connect a system", "revtops demo", "Write a connector")


async def test_the_list_is_filtered_by_name_and_by_capability(driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        await visit.sees("Customer Postgres", "Shop")
        await visit.press("slash")
        await visit.type("action")
        await visit.sees("/action")
        assert "Shop" in visit.screen
        assert "Customer Postgres" not in visit.screen
        await visit.press("escape")
        await visit.sees("Customer Postgres")


async def test_connecting_by_keyboard(driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        await _open_form(visit)
        await visit.paste("shop.json")
        await visit.press("tab", "tab", "tab")
        await visit.paste(TOKEN)
        assert TOKEN not in visit.screen
        await visit.press("enter")
        await visit.sees("● Shop", "Connected as Ada at port 80")
    (connection,) = connections(driver.ws)
    assert (connection.slug, connection.identity) == ("shop", "Ada at port 80")


async def test_what_is_missing_or_mistyped_is_said_beneath_its_field(driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        await _open_form(visit)
        await visit.type("x")
        await visit.press("tab", "end", "backspace", "backspace", "minus", "f5")
        await visit.sees("Required.", "It must be a whole number")
        assert connections(driver.ws) == []


async def test_refused_credentials_are_not_kept_and_the_form_stays(driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        await _open_form(visit)
        await visit.paste("shop.json")
        await visit.press("tab", "tab", "tab")
        await visit.type("wrong")
        await visit.press("f5")
        await visit.sees("The shop refused the token.")
        assert connections(driver.ws) == []
        shop.change(token="wrong")  # the vendor comes round: the form is still filled in
        await visit.press("f5")
        await visit.sees("Connected as Ada")


async def test_a_form_left_with_esc_keeps_what_was_typed_but_no_secret(driver: Driver, shop: Shop) -> None:
    async with driver() as visit:
        await _open_form(visit)
        await visit.type("shop-file")
        await visit.press("tab", "tab", "tab")
        await visit.paste(TOKEN)
        await visit.press("escape", "enter")
        await visit.sees("Connect Shop", "shop-file")
        assert "•" not in visit.screen
        assert TOKEN not in str(visit.app.drafts)


async def test_a_connection_is_tested(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    async with driver() as visit:
        await visit.press("t")
        await visit.sees("Works, as Ada at port 80.")
        shop.change(token="another")
        await visit.press("t")
        await visit.sees("! Shop", "The shop refused the token.")


async def test_disconnecting_asks_first_and_enter_alone_cancels(driver: Driver, shop: Shop) -> None:
    await to_thread(synced, driver.ws, shop, deals=deals(3))
    async with driver() as visit:
        await visit.press("D")
        await visit.sees("Disconnect Shop?", "The 3 records it brought stay")
        await visit.press("enter")
        await visit.until(lambda: "Disconnect Shop?" not in visit.screen)
        assert len(connections(driver.ws)) == 1
        await visit.press("D")
        await visit.sees("Disconnect Shop?")
        await visit.press("right", "right", "enter")
        await visit.sees("Disconnected; 3 records deleted.", "Welcome to revtops")
    assert connections(driver.ws) == []


async def test_a_broken_connector_is_listed_with_its_reason(driver: Driver, shop: Shop) -> None:
    (driver.ws.home / "connectors" / "torn.py").write_text("import nothing_of_this_name\n")
    async with driver() as visit:
        await visit.sees("✗ torn")
        await visit.press("G")
        await visit.sees("This connector cannot be used", "nothing_of_this_name")


async def test_a_database_that_cannot_be_opened_is_said_and_the_app_stays(driver: Driver, shop: Shop) -> None:
    await to_thread(connect, driver.ws, shop)
    driver.ws.close()
    for file in driver.ws.home.glob("*.db*"):
        file.unlink()
    (driver.ws.home / "revtops.db").write_text("this is no database, but long enough to be taken for one" * 40)
    app = driver.app()
    async with app.run_test(size=(100, 30)) as pilot:
        visit = Visit(app, pilot)
        await visit.sees("The database could not be opened")
        await visit.press("2")
        await visit.sees("Tables")
