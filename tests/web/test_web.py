"""The app in a real browser: a job by keyboard, and who is not let in."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.command_line import SECONDS, CommandLine
from tests.web.conftest import CANARY
from tests.web.served import Screen, Served, until


def test_a_connection_is_synced_and_its_deals_are_found_by_keyboard(page: Page, served: Served) -> None:
    screen = Screen(page)
    page.goto(served.url)
    screen.sees("Shop", "Sync")
    assert "token" not in page.url
    for key in ("/", "s", "h", "o", "p", "Enter"):
        screen.press(key)
    screen.press("s")
    screen.sees("3 new")
    screen.press("2")
    screen.sees("Deals")
    (app,) = served.apps()
    told = (app / "environ").read_bytes() + (app / "cmdline").read_bytes()
    assert CANARY.encode() not in told
    assert served.token.encode() not in told
    screen.press("q")
    expect(page.get_by_text("revtops has ended.")).to_be_visible(timeout=SECONDS * 1000)
    until(lambda: served.apps() == [])


def test_a_closed_tab_ends_its_app_and_the_end_of_the_server_all_of_them(page: Page, served: Served) -> None:
    screen = Screen(page)
    page.goto(served.url)
    screen.sees("Shop")
    other = page.context.new_page()
    second = Screen(other)
    other.goto(f"http://{served.host}/")
    second.sees("Shop")
    assert len(served.apps()) == 2
    other.close()
    until(lambda: len(served.apps()) == 1)
    (app,) = served.apps()
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(SECONDS) == 0
    until(lambda: not app.exists())


def test_the_token_opens_it_once_and_the_cookie_is_out_of_reach(served: Served) -> None:
    assert served.get("/")[0] == 403
    assert served.get("/?token=guessed")[0] == 403
    status, headers, text = served.get(f"/?token={served.token}")
    assert status == 200
    assert served.token not in text
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    status, _, text = served.get(f"/?token={served.token}")
    assert status == 403
    assert "works once" in text
    assert served.get("/", Cookie=cookie.partition(";")[0])[0] == 200


@pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js", "/download/x", "/nowhere"])
def test_nothing_is_served_without_the_cookie(served: Served, path: str) -> None:
    assert served.get(path, Origin=f"http://{served.host}")[0] == 403


def test_names_and_pages_of_others_are_refused_with_the_cookie_too(served: Served) -> None:
    cookie = served.get(f"/?token={served.token}")[1]["Set-Cookie"].partition(";")[0]
    port = served.host.partition(":")[2]
    assert served.get("/", Cookie=cookie, Host=f"localhost:{port}")[0] == 200
    assert served.get("/", Cookie=cookie, Host=f"rebound.example:{port}")[0] == 403
    assert served.get("/ws", Cookie=cookie, Origin="http://evil.example")[0] == 403
    assert served.get("/ws", Cookie=cookie)[0] == 403
    assert served.get("/static/js/textual.js", Cookie=cookie)[0] == 200
    assert served.get("/download/x", Cookie=cookie)[0] == 404


def test_it_listens_on_this_machine_only_and_refuses_another_address(revtops: CommandLine, served: Served) -> None:
    refused = revtops("web", "--no-open", "--host", "0.0.0.0")
    assert refused.code == 2
    assert "ssh -L" in refused.stderr
    port = int(served.host.partition(":")[2])
    sockets = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    assert re.findall(rf"(\w+):{port:04X} 0+:0000 0A", sockets) == ["0100007F"]


def test_a_port_that_is_taken_is_said(revtops: CommandLine, served: Served) -> None:
    taken = revtops("web", "--no-open", "--port", served.host.partition(":")[2])
    assert taken.code == 2
    assert "cannot be used" in taken.stderr


def test_the_address_is_in_no_log(served: Served, home: Path) -> None:
    served.get(f"/?token={served.token}")
    served.process.send_signal(signal.SIGTERM)
    _, stderr = served.process.communicate(timeout=SECONDS)
    assert served.token not in stderr
    assert all(served.token.encode() not in file.read_bytes() for file in home.rglob("*") if file.is_file())
