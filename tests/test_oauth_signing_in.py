"""Signing in at a real OAuth 2 server: by browser, by a pasted code, on another device; and what goes wrong."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from connectors.oauth import Redirect
from revtops_tui.engine import connections
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.oauth import connecting
from revtops_tui.engine.oauth.client import ClientApp, Grant, OAuthClient
from revtops_tui.engine.oauth.sign_in import BrowserSignIn
from revtops_tui.engine.secrets import without_secrets
from revtops_tui.engine.workspace import Workspace
from tests.support.command_line import DROP_INS
from tests.support.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthDesk, oauth_desk

APP = ClientApp(CLIENT_ID, CLIENT_SECRET)


@pytest.fixture
def desk() -> Iterator[OAuthDesk]:
    with oauth_desk() as running:
        yield running


@pytest.fixture
def ws(home: Path) -> Iterator[Workspace]:
    (home / "connectors").mkdir(mode=0o700, parents=True)
    shutil.copy(DROP_INS / "desk.py", home / "connectors")
    with Workspace() as workspace:
        yield workspace


@pytest.fixture
def begin(ws: Workspace, desk: OAuthDesk) -> Iterator[Callable[..., Any]]:
    """Start a sign-in at the desk."""
    started: list[Any] = []

    def start(way: str = "browser", app: ClientApp = APP, **options: Any) -> Any:
        started.append(connecting.begin(ws, "desk", app, way=way, base_url=desk.url, **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


def waiting(sign_in: Any, **options: Any) -> Future[Grant]:
    """The sign-in's end, waited for in a thread as faces do."""
    return ThreadPoolExecutor(1).submit(sign_in.finish, **options)


def answer(url: str, yes: bool = True) -> httpx2.Response:
    """What the browser does when its user agrees, or not: follows the vendor back to this machine."""
    return httpx2.post(url, data={"answer": "yes" if yes else "no"}, follow_redirects=True)


def where_it_goes(url: str) -> str:
    """The address that the vendor sends the browser to after its user agreed."""
    return str(httpx2.post(url, data={"answer": "yes"}).headers["location"])


def changed(address: str, **parameters: str) -> str:
    """The address with other parameters."""
    parts = urlsplit(address)
    return parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **parameters})).geturl()


def refused(sign_in: Any, **options: Any) -> EngineError:
    with pytest.raises(EngineError) as caught:
        sign_in.finish(**options)
    return caught.value


class TestBrowser:
    def test_the_code_is_traded_in_and_the_connection_made(
        self, ws: Workspace, desk: OAuthDesk, begin: Callable[..., Any]
    ) -> None:
        sign_in = begin()
        assert sign_in.redirect_uri.startswith("http://127.0.0.1:")
        end = waiting(sign_in)
        page = answer(sign_in.url)
        info = connections.connect(
            ws, "desk", {}, base_url=desk.url, signed_in=connecting.brought(sign_in, end.result(30))
        )
        assert "Desk let you in" in page.text
        assert (info.identity, info.status) == ("Ada", "connected")
        assert info.proof is not None
        assert info.proof.scopes == ("deals.read", "deals.write")
        assert info.proof.limits == "99 requests left for 60 s"
        assert (info.proof.missing, info.missing_scopes) == ((), ())
        assert connections.connection(ws, "desk").granted_scopes == ("deals.read", "deals.write")
        kept = ws.credentials.get("default/desk/default") or {}
        assert (kept["client_id"], kept["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
        assert kept["refresh_token"] == desk.tokens[0].refresh_token
        assert connecting.known_app(ws, "desk") == APP  # and offered for the next one

    def test_the_page_holds_no_secret_and_loads_nothing(self, begin: Callable[..., Any], desk: OAuthDesk) -> None:
        sign_in = begin()
        end = waiting(sign_in)
        address = where_it_goes(sign_in.url)
        page = httpx2.get(address)
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert page.headers["cache-control"] == "no-store"
        query = dict(parse_qsl(urlsplit(address).query))
        assert query["code"] not in page.text
        assert query["state"] not in page.text
        assert "http" not in page.text
        end.result(30)

    def test_the_listener_is_gone_after_its_answer(self, begin: Callable[..., Any]) -> None:
        sign_in = begin()
        end = waiting(sign_in)
        address = where_it_goes(sign_in.url)
        httpx2.get(address)
        end.result(30)
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(address)

    def test_a_second_answer_is_not_taken(self, begin: Callable[..., Any]) -> None:
        sign_in = begin()
        first = where_it_goes(sign_in.url)
        assert httpx2.get(first).status_code == 200
        assert httpx2.get(changed(first, code="another")).status_code == 410
        assert sign_in.finish().fields["access_token"]

    def test_an_answer_with_another_state_is_turned_away_and_waited_on(self, begin: Callable[..., Any]) -> None:
        sign_in = begin()
        address = where_it_goes(sign_in.url)
        for strange in (changed(address, state="forged"), changed(address, state=""), address.partition("?")[0]):
            page = httpx2.get(strange)
            assert page.status_code == 400
            assert "another sign-in" in page.text
        httpx2.get(address)
        assert sign_in.finish().fields["access_token"]

    def test_only_strange_answers_are_told_of_when_time_is_up(self, begin: Callable[..., Any]) -> None:
        sign_in = begin(seconds=0.5)
        httpx2.get(changed(where_it_goes(sign_in.url), state="forged"))
        error = refused(sign_in)
        assert error.kind == "timeout"
        assert "turned away" in error.message

    @pytest.mark.parametrize("path", ["/favicon.ico", "/", "/callback/.."])
    def test_other_paths_are_not_answered(self, begin: Callable[..., Any], path: str) -> None:
        port = urlsplit(begin().redirect_uri).port
        with socket.create_connection(("127.0.0.1", port or 0)) as plain:
            plain.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert plain.recv(100).startswith(b"HTTP/1.0 404")

    def test_a_site_whose_name_points_here_is_turned_away(self, begin: Callable[..., Any]) -> None:
        sign_in = begin()
        address = where_it_goes(sign_in.url)
        assert httpx2.get(address, headers={"Host": "evil.example"}).status_code == 400
        assert httpx2.get(address).status_code == 200

    def test_who_denies_is_told_so_in_text(self, begin: Callable[..., Any]) -> None:
        sign_in = begin()
        page = answer(sign_in.url, yes=False)
        assert "access was not granted" in page.text
        error = refused(sign_in)
        assert error.kind == "authentication"
        assert "access was not granted" in error.message

    def test_what_the_vendor_says_is_text_and_no_markup(self, begin: Callable[..., Any]) -> None:
        sign_in = begin()
        state = dict(parse_qsl(urlsplit(sign_in.url).query))["state"]
        hostile = {"error": "<script>x</script>", "error_description": "\x1b[31m<img src=x onerror=y>", "state": state}
        page = httpx2.get(sign_in.redirect_uri, params=hostile)
        assert "<script>" not in page.text
        assert "<img" not in page.text
        assert "\x1b" not in refused(sign_in).message

    def test_the_waiting_ends(self, begin: Callable[..., Any]) -> None:
        left: list[float] = []
        error = refused(begin(seconds=0.3), tick=left.append)
        assert error.kind == "timeout"
        assert left == sorted(left, reverse=True)
        assert left

    def test_it_can_be_cancelled(self, begin: Callable[..., Any]) -> None:
        cancel = threading.Event()
        sign_in = begin()
        error = refused(sign_in, cancelled=cancel.is_set, tick=lambda _: cancel.set())
        assert (error.kind, error.exit_code) == ("cancelled", 130)
        assert not sign_in.listening

    def test_a_port_that_is_taken_is_named(self, begin: Callable[..., Any]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with pytest.raises(EngineError) as caught:
                begin(redirect_uri=f"http://localhost:{port}/callback")
        assert caught.value.kind == "busy"
        assert str(port) in caught.value.message

    def test_a_registered_port_serves_one_sign_in_after_the_other(self, begin: Callable[..., Any]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"http://localhost:{free.getsockname()[1]}/callback"
        for _ in range(2):
            sign_in = begin(redirect_uri=address)
            answer(sign_in.url)
            assert sign_in.finish().fields["access_token"]

    def test_a_silent_connection_does_not_keep_the_browser_off(self, begin: Callable[..., Any]) -> None:
        sign_in = begin()
        port = urlsplit(sign_in.redirect_uri).port
        with socket.create_connection(("127.0.0.1", port or 0)):
            answer(sign_in.url)
            assert sign_in.finish().fields["access_token"]


class TestCode:
    def test_a_pasted_code_will_do(self, begin: Callable[..., Any]) -> None:
        sign_in = begin("paste")
        assert not sign_in.listening
        sign_in.submit(dict(parse_qsl(urlsplit(where_it_goes(sign_in.url)).query))["code"])
        assert sign_in.finish().fields["access_token"]

    def test_the_whole_address_will_do(self, begin: Callable[..., Any]) -> None:
        sign_in = begin("paste")
        sign_in.submit(f"  {where_it_goes(sign_in.url)}\n")
        assert sign_in.finish().fields["access_token"]

    @pytest.mark.parametrize(
        "text", ["", "two words", "https://desk.example/callback", "http://x/?code=1&state=forged"]
    )
    def test_what_is_neither_is_refused_and_asked_for_again(self, begin: Callable[..., Any], text: str) -> None:
        sign_in = begin("paste")
        with pytest.raises(EngineError) as caught:
            sign_in.submit(text)
        assert caught.value.kind == "invalid_input"
        sign_in.submit(where_it_goes(sign_in.url))
        assert sign_in.finish().fields["access_token"]

    def test_a_wrong_code_is_refused_by_the_vendor(self, begin: Callable[..., Any]) -> None:
        sign_in = begin("paste")
        sign_in.submit("made-up-code-0123456789")
        error = refused(sign_in)
        assert error.kind == "authentication"
        assert "did not accept the code" in error.message

    def test_a_code_is_bound_to_the_sign_in_that_asked_for_it(self, begin: Callable[..., Any]) -> None:
        mine, other = begin("paste"), begin("paste")
        stolen = dict(parse_qsl(urlsplit(where_it_goes(other.url)).query))["code"]
        mine.submit(stolen)
        assert "did not accept the code" in refused(mine).message

    def test_one_can_paste_while_the_browser_is_waited_for(self, begin: Callable[..., Any]) -> None:
        sign_in = begin()
        end = waiting(sign_in)
        sign_in.submit(where_it_goes(sign_in.url))
        assert end.result(30).fields["access_token"]


class TestApp:
    def test_a_wrong_secret_is_named(self, begin: Callable[..., Any]) -> None:
        sign_in = begin("paste", ClientApp(CLIENT_ID, "not-the-secret-0123"))
        sign_in.submit(where_it_goes(sign_in.url))
        error = refused(sign_in)
        assert "does not know this app" in error.message
        assert "not-the-secret-0123" not in str(error) + error.hint

    def test_what_is_missing_is_said_before_anything_is_asked(self, begin: Callable[..., Any], desk: OAuthDesk) -> None:
        for app, word in ((ClientApp(""), "client id"), (ClientApp(CLIENT_ID), "client secret")):
            with pytest.raises(EngineError) as caught:
                begin(app=app)
            assert word in caught.value.message
        assert not desk.token_requests

    def test_secrets_are_known_from_the_start(self, begin: Callable[..., Any]) -> None:
        sign_in = begin()
        state = dict(parse_qsl(urlsplit(sign_in.url).query))["state"]
        assert without_secrets(f"{state} {CLIENT_SECRET}") == "*** ***"
        assert CLIENT_SECRET not in repr(sign_in.client.known_as)

    def test_another_issuer_is_a_mix_up(self, ws: Workspace, desk: OAuthDesk) -> None:
        declared = connections.connector_class(ws, "desk").meta.oauth
        assert declared is not None
        here = replace(
            declared,
            authorize_url=f"{desk.url}/oauth/authorize",
            token_url=f"{desk.url}/oauth/token",
            issuer="https://desk.example",
        )
        for issuer, good in (("https://evil.example", False), ("https://desk.example", True)):
            with BrowserSignIn(OAuthClient("Desk", here, APP), ["deals.read"], listen=False) as sign_in:
                sign_in.submit(changed(where_it_goes(sign_in.url), iss=issuer))
                if good:
                    assert sign_in.finish().fields["granted_scopes"] == ["deals.read"]
                else:
                    assert "another issuer" in refused(sign_in).message

    def test_where_nobody_can_listen_the_code_is_pasted(self, ws: Workspace, desk: OAuthDesk) -> None:
        declared = connections.connector_class(ws, "desk").meta.oauth
        assert declared is not None
        there = replace(declared, redirect=Redirect.PASTE, redirect_uri="https://localhost/callback")
        with BrowserSignIn(OAuthClient("Desk", there, APP, desk.url), ["deals.read"]) as sign_in:
            assert not sign_in.listening
            sign_in.submit(where_it_goes(sign_in.url))
            assert sign_in.finish().fields["access_token"]


class TestDevice:
    def test_it_waits_until_somebody_agreed_elsewhere(self, desk: OAuthDesk, begin: Callable[..., Any]) -> None:
        sign_in = begin("device")
        assert sign_in.url == f"{desk.url}/device"
        end = waiting(sign_in, tick=lambda _: desk.agree(sign_in.user_code))
        assert end.result(30).fields["refresh_token"]
        assert desk.polls == 2

    def test_too_fast_is_slowed_down(self, desk: OAuthDesk, begin: Callable[..., Any], monkeypatch: Any) -> None:
        desk.slow_downs = 1
        sign_in = begin("device")
        passed: list[float] = []
        monkeypatch.setattr(time, "sleep", passed.append)
        clock = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: clock() + sum(passed))
        ticks: list[float] = []

        def tick(left: float) -> None:
            ticks.append(left)
            if desk.polls == 1 and len(ticks) > 50:  # 5 s more than the interval of 1 s
                desk.agree(sign_in.user_code)

        assert sign_in.finish(tick=tick).fields["access_token"]
        assert desk.polls == 2

    def test_who_denies_is_told(self, desk: OAuthDesk, begin: Callable[..., Any]) -> None:
        sign_in = begin("device")
        desk.agree(sign_in.user_code, yes=False)
        assert "access was not granted" in refused(sign_in).message

    def test_a_code_has_its_time(self, desk: OAuthDesk, begin: Callable[..., Any]) -> None:
        sign_in = begin("device")
        next(iter(desk.devices.values()))["expires_at"] = 0
        assert "while the code was good" in refused(sign_in).message

    def test_it_can_be_cancelled(self, begin: Callable[..., Any]) -> None:
        assert refused(begin("device"), cancelled=lambda: True).kind == "cancelled"

    def test_a_vendor_that_is_away_for_a_moment_is_asked_again(
        self, desk: OAuthDesk, begin: Callable[..., Any]
    ) -> None:
        sign_in = begin("device")
        desk.fails = 1
        desk.agree(sign_in.user_code)
        assert sign_in.finish().fields["access_token"]


class TestConnecting:
    def test_signing_in_again_keeps_what_else_was_given(
        self, ws: Workspace, desk: OAuthDesk, begin: Callable[..., Any]
    ) -> None:
        for values in ({"signing_secret": "sign-0123456789"}, {}):
            sign_in = begin()
            answer(sign_in.url)
            signed_in = connecting.brought(sign_in, sign_in.finish())
            connections.connect(ws, "desk", values, base_url=desk.url, signed_in=signed_in)
        kept = ws.credentials.get("default/desk/default") or {}
        assert kept["signing_secret"] == "sign-0123456789"
        assert kept["access_token"] == desk.tokens[-1].access_token

    def test_a_secret_that_is_also_a_field_is_the_apps(
        self, ws: Workspace, desk: OAuthDesk, begin: Callable[..., Any]
    ) -> None:
        sign_in = begin()
        answer(sign_in.url)
        signed_in = connecting.brought(sign_in, sign_in.finish())
        typed = {"client_secret": "typed-into-the-form"}
        connections.connect(ws, "hubspot", typed, base_url=desk.url, signed_in=signed_in, test=False)
        assert (ws.credentials.get("default/hubspot/default") or {})["client_secret"] == CLIENT_SECRET

    def test_a_pasted_token_still_does(self, ws: Workspace, desk: OAuthDesk, begin: Callable[..., Any]) -> None:
        sign_in = begin()
        answer(sign_in.url)
        token = sign_in.finish().fields["access_token"]
        info = connections.connect(ws, "desk", {"access_token": token}, base_url=desk.url)
        assert info.identity == "Ada"
        assert ws.credentials.get("default/desk/default") == {"access_token": token}

    def test_a_connector_without_a_sign_in_says_so(self, ws: Workspace) -> None:
        with pytest.raises(EngineError) as caught:
            connecting.begin(ws, "twilio", APP)
        assert caught.value.kind == "usage"
