"""Signing in from the app: with a real browser, by a pasted address, and what a vendor may not do to the screen."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Iterator

import httpx2
import pytest
from textual.widgets import Input

from revtops_tui.engine.connections import connections
from revtops_tui.tui.dialogs.sign_in import SignInDialog
from tests.support.browser import as_browser
from tests.support.command_line import DROP_INS
from tests.support.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthDesk, oauth_desk
from tests.tui.driver import Driver, Visit
from tests.tui.pictures import SIZES, Compare, picture


@pytest.fixture
def desk(driver: Driver) -> Iterator[OAuthDesk]:
    (driver.ws.home / "connectors").mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy(DROP_INS / "desk.py", driver.ws.home / "connectors")
    with oauth_desk() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)


async def _open_sign_in(visit: Visit, desk: OAuthDesk) -> None:
    await visit.press("slash")
    await visit.type("desk")
    await visit.press("enter", "n")
    await visit.sees("Connect Desk", "Access token *", "ctrl+o sign in")
    await visit.press("shift+tab", "shift+tab", "shift+tab", "shift+tab")  # back over the buttons, to the base URL
    await visit.until(lambda: isinstance(visit.app.focused, Input))
    await visit.paste(desk.url)
    await visit.press("ctrl+o")
    await visit.sees("Sign in to Desk", "1. Make an app at the desk.", "Scopes: deals.read, deals.write", "Client id *")


async def _type_app(visit: Visit) -> None:
    await visit.paste(CLIENT_ID)
    await visit.press("tab")
    await visit.paste(CLIENT_SECRET)


def _address(visit: Visit) -> str:
    dialog = visit.app.screen
    assert isinstance(dialog, SignInDialog)
    assert dialog._started is not None
    return dialog._started.url


async def _agree(url: str) -> httpx2.Response:
    return await asyncio.to_thread(httpx2.post, url, data={"answer": "yes"}, follow_redirects=True)


@pytest.mark.parametrize(("width", "height"), [(100, 30), (80, 24), (60, 20)])
async def test_the_browser_comes_back_by_itself(driver: Driver, desk: OAuthDesk, width: int, height: int) -> None:
    async with driver(width, height) as visit:
        await _open_sign_in(visit, desk)
        await _type_app(visit)
        assert CLIENT_SECRET not in visit.screen
        await visit.press("ctrl+s")
        await visit.sees("Waiting for you", "left", "/oauth/authorize")
        await _agree(_address(visit))
        await visit.sees("● Desk", "Connected as Ada")
    (connection,) = connections(driver.ws)
    assert (connection.slug, connection.status) == ("desk", "connected")


async def test_what_was_not_given_is_named(driver: Driver, desk: OAuthDesk) -> None:
    async with driver() as visit:
        await _open_sign_in(visit, desk)
        await _type_app(visit)
        await visit.press("ctrl+s")
        await visit.sees("Waiting for you")
        await _agree(_address(visit).replace("deals.read+deals.write", "deals.write"))
        await visit.sees("● Desk", "what the vendor lets it do", "Not given, though its connector can use them:")
        assert "  deals.read " in visit.screen


async def test_a_real_browser_is_opened(driver: Driver, desk: OAuthDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", as_browser())
    async with driver() as visit:
        await _open_sign_in(visit, desk)
        await _type_app(visit)
        await visit.press("enter")
        await visit.sees("Connected as Ada")


async def test_over_ssh_the_address_is_pasted(driver: Driver, desk: OAuthDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    async with driver() as visit:
        await _open_sign_in(visit, desk)
        await _type_app(visit)
        await visit.press("ctrl+s")
        await visit.sees("paste where it ends up")
        await visit.paste("https://elsewhere.example/callback?code=1&state=forged")
        await visit.press("enter")
        await visit.sees("does not belong to this sign-in")
        sent = await asyncio.to_thread(httpx2.post, _address(visit), data={"answer": "yes"})
        await visit.paste(sent.headers["location"])
        await visit.press("enter")
        await visit.sees("Connected as Ada")


async def test_another_device_shows_its_code(driver: Driver, desk: OAuthDesk) -> None:
    async with driver() as visit:
        await _open_sign_in(visit, desk)
        await _type_app(visit)
        await visit.press("tab", "tab", "tab", "enter")
        await visit.sees("and enter the code", f"{desk.url}/device")
        desk.agree(next(iter(desk.devices.values()))["user_code"])
        await visit.sees("Connected as Ada")


async def test_who_is_refused_can_try_again(driver: Driver, desk: OAuthDesk) -> None:
    async with driver() as visit:
        await _open_sign_in(visit, desk)
        await visit.paste(CLIENT_ID)
        await visit.press("ctrl+s")
        await visit.sees("wants the app's client secret")
        await visit.press("tab")
        await visit.paste("not-the-secret-0123")
        await visit.press("ctrl+s")
        await visit.sees("Waiting for you")
        await _agree(_address(visit))
        await visit.sees("does not know this app", "Client id *")
        assert connections(driver.ws) == []


async def test_esc_ends_the_wait_and_gives_the_form_back(driver: Driver, desk: OAuthDesk) -> None:
    async with driver() as visit:
        await _open_sign_in(visit, desk)
        await _type_app(visit)
        await visit.press("ctrl+s")
        await visit.sees("Waiting for you")
        url = _address(visit)
        await visit.press("escape")
        await visit.sees("Connect Desk", "Access token *")
        await visit.settle()
        with pytest.raises(httpx2.ConnectError):
            await _agree(url)
        assert connections(driver.ws) == []


async def test_what_the_vendor_says_is_neither_markup_nor_control(driver: Driver, desk: OAuthDesk) -> None:
    async with driver() as visit:
        await _open_sign_in(visit, desk)
        await _type_app(visit)
        await visit.press("ctrl+s")
        await visit.sees("Waiting for you")
        started = visit.app.screen._started  # type: ignore[attr-defined]
        state = started.url.partition("state=")[2].partition("&")[0]
        hostile = {"error": "[bold red]no[/]", "error_description": "\x1b[2J\x07[link=x]y", "state": state}
        await asyncio.to_thread(httpx2.get, started.redirect_uri, params=hostile)
        await visit.sees("[bold red]no[/]", "[link=x]y")
        assert "\x1b" not in visit.screen


async def _ask_for_the_app(visit: Visit) -> None:
    await visit.press("slash", *"desk", "enter", "n")
    await visit.sees("Connect Desk")
    await visit.press("ctrl+o")
    await visit.sees("Sign in to Desk", "1. Make an app at the desk.")


@SIZES
def test_the_app_is_asked_for(compare: Compare, driver: Driver, desk: OAuthDesk, size: tuple[int, int]) -> None:
    assert picture(compare, driver.ws, size, _ask_for_the_app)


@SIZES
def test_the_vendor_is_waited_for(
    compare: Compare, driver: Driver, desk: OAuthDesk, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")  # with a listener its port is in the address
    monkeypatch.setattr(secrets, "token_urlsafe", lambda length: "x" * length)

    waits: list[SignInDialog] = []

    async def walk(visit: Visit) -> None:
        await visit.until(lambda: visit.app.is_open)
        await _ask_for_the_app(visit)
        await _type_app(visit)
        await visit.press("ctrl+s")
        await visit.sees("paste where it ends up", "min left")
        assert isinstance(visit.app.screen, SignInDialog)
        waits.append(visit.app.screen)

    assert picture(compare, driver.ws, size, walk, release=lambda: waits[0].is_over.set())


@SIZES
def test_a_secret_that_is_missing(compare: Compare, driver: Driver, desk: OAuthDesk, size: tuple[int, int]) -> None:
    async def walk(visit: Visit) -> None:
        await _ask_for_the_app(visit)
        await visit.paste(CLIENT_ID)
        await visit.press("ctrl+s")
        await visit.sees("wants the app's client secret")

    assert picture(compare, driver.ws, size, walk)
