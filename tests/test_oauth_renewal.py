"""Tokens that are renewed: before they expire, after a refusal, once for all processes, and never lost."""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revtops_tui.engine import connections
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.oauth import connecting
from revtops_tui.engine.oauth.client import ClientApp
from revtops_tui.engine.renaming import rename
from revtops_tui.engine.sync import sync
from revtops_tui.engine.workspace import Workspace
from store.credentials import Credentials, CredentialsError, CredentialStore
from tests.support.command_line import DROP_INS, CommandLine
from tests.support.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthDesk, oauth_desk

KEY = "default/desk/default"
SECONDS = 60


@pytest.fixture
def desk() -> Iterator[OAuthDesk]:
    with oauth_desk() as running:
        yield running


@pytest.fixture
def ws(home: Path, desk: OAuthDesk) -> Iterator[Workspace]:
    """A workspace in which the desk was signed in to."""
    (home / "connectors").mkdir(mode=0o700, parents=True)
    shutil.copy(DROP_INS / "desk.py", home / "connectors")
    with Workspace() as workspace:
        sign_in_again(workspace, desk)
        yield workspace


def sign_in_again(ws: Workspace, desk: OAuthDesk) -> None:
    with connecting.begin(ws, "desk", ClientApp(CLIENT_ID, CLIENT_SECRET), base_url=desk.url) as sign_in:
        httpx2.post(sign_in.url, data={"answer": "yes"}, follow_redirects=True)
        signed_in = connecting.brought(sign_in, sign_in.finish())
    connections.connect(ws, "desk", {}, base_url=desk.url, signed_in=signed_in)
    desk.calls.clear()
    desk.token_requests.clear()


def kept(ws: Workspace) -> Credentials:
    return ws.credentials.get(KEY) or {}


def age(ws: Workspace, *, expired: bool = False) -> None:
    """Let the token's time come: it is due, or over."""
    ws.credentials.set(KEY, {**kept(ws), "renew_at": 1, **({"expires_at": 2} if expired else {})})


def status(ws: Workspace) -> str:
    return connections.connection(ws, "desk").status


def rows(ws: Workspace) -> int:
    return connections.connection(ws, "desk").counts.get("deals", 0)


class TestInTime:
    def test_a_token_is_renewed_before_it_is_used_for_the_last_time(self, ws: Workspace, desk: OAuthDesk) -> None:
        age(ws)
        assert connections.test(ws, "desk") == "Ada"
        assert desk.refreshes == 1
        assert desk.calls == [desk.tokens[-1].access_token]
        assert kept(ws)["access_token"] == desk.tokens[-1].access_token
        assert kept(ws)["refresh_token"] == desk.tokens[-1].refresh_token
        assert kept(ws)["renew_at"] > 2
        assert kept(ws)["client_secret"] == CLIENT_SECRET

    def test_a_token_that_holds_is_left_alone(self, ws: Workspace, desk: OAuthDesk) -> None:
        connections.test(ws, "desk")
        assert desk.refreshes == 0

    def test_the_refresh_token_is_kept_where_the_answer_leaves_it_out(self, ws: Workspace, desk: OAuthDesk) -> None:
        desk.rotates = False
        before = kept(ws)["refresh_token"]
        for _ in range(2):
            age(ws)
            connections.test(ws, "desk")
        assert kept(ws)["refresh_token"] == before
        assert desk.refreshes == 2

    def test_one_renewal_serves_a_whole_sync(self, ws: Workspace, desk: OAuthDesk) -> None:
        age(ws)
        (run,) = sync(ws, ["desk"])
        assert run.status == "success"
        assert desk.refreshes == 1
        assert rows(ws) == 30


class TestRefusal:
    def test_a_401_in_the_middle_of_a_sync_costs_one_renewal_and_no_row(self, ws: Workspace, desk: OAuthDesk) -> None:
        desk.on_call = lambda number: desk.expire() if number == 2 else None
        (run,) = sync(ws, ["desk"])
        assert run.status == "success"
        assert rows(ws) == 30
        assert desk.refreshes == 1
        assert len(desk.calls) == desk.pages + 1

    def test_a_write_that_was_refused_is_sent_once_more(self, ws: Workspace, desk: OAuthDesk) -> None:
        from revtops_tui.engine.operations import write

        desk.expire()
        assert write(ws, "desk", "create_deal", {}).status == "ok"
        assert desk.refreshes == 1

    def test_a_new_token_that_is_refused_too_is_no_loop(self, ws: Workspace, desk: OAuthDesk) -> None:
        desk.on_call = lambda _: desk.expire()
        (run,) = sync(ws, ["desk"])
        assert (run.status, run.error_kind) == ("failed", "authentication")
        assert desk.refreshes == 1
        assert len(desk.calls) == 2

    def test_many_requests_that_are_refused_together_share_one_renewal(self, ws: Workspace, desk: OAuthDesk) -> None:
        import asyncio

        together = threading.Barrier(4)
        desk.expire()

        def wait_for_the_others(number: int) -> None:
            if number <= 4:
                together.wait(SECONDS)

        desk.on_call = wait_for_the_others

        async def all_at_once(connector: Any) -> list[int]:
            answers = await asyncio.gather(*(connector.http.get("/api/me") for _ in range(4)))
            return [answer.status_code for answer in answers]

        assert connections.use(ws, "desk", all_at_once) == [200] * 4
        assert desk.refreshes == 1

    def test_a_pasted_token_that_is_refused_is_refused(self, ws: Workspace, desk: OAuthDesk) -> None:
        ws.credentials.set(KEY, {"access_token": "pasted-0123456789"})
        with pytest.raises(EngineError) as caught:
            connections.test(ws, "desk")
        assert caught.value.kind == "authentication"
        assert not desk.token_requests


class TestWithdrawn:
    def test_it_is_marked_and_asked_for_once(self, ws: Workspace, desk: OAuthDesk) -> None:
        sync(ws, ["desk"])
        desk.withdraw()
        for _ in range(3):
            (run,) = sync(ws, ["desk"])
            assert run.error_kind == "connection_revoked"
            assert "revtops connect desk" in (run.hint or "")
        assert len(desk.token_requests) == 1
        assert status(ws) == "revoked"
        assert rows(ws) == 30
        assert kept(ws)["refresh_token"]  # nothing is deleted

    def test_a_test_asks_the_vendor_again(self, ws: Workspace, desk: OAuthDesk) -> None:
        desk.withdraw()
        for _ in range(2):
            with pytest.raises(EngineError) as caught:
                connections.test(ws, "desk")
            assert (caught.value.kind, caught.value.exit_code) == ("connection_revoked", 4)
        assert len(desk.token_requests) == 2
        assert status(ws) == "revoked"

    def test_signing_in_again_mends_it_and_keeps_the_rows(self, ws: Workspace, desk: OAuthDesk) -> None:
        sync(ws, ["desk"])
        number = connections.connection(ws, "desk").id
        desk.withdraw()
        sync(ws, ["desk"])
        sign_in_again(ws, desk)
        assert status(ws) == "connected"
        (run,) = sync(ws, ["desk"])
        assert run.status == "success"
        assert (rows(ws), connections.connection(ws, "desk").id) == (30, number)


class TestTrouble:
    def test_a_vendor_that_is_away_for_a_moment_is_asked_again(self, ws: Workspace, desk: OAuthDesk) -> None:
        age(ws, expired=True)
        desk.fails = 2
        assert connections.test(ws, "desk") == "Ada"
        assert len(desk.token_requests) == 3

    def test_while_it_is_away_a_token_that_still_holds_is_used(self, ws: Workspace, desk: OAuthDesk) -> None:
        age(ws)
        desk.fails = 1000
        (run,) = sync(ws, ["desk"])
        assert run.status == "success"
        assert len(desk.token_requests) == 3  # the attempts of one renewal, not of one per request

    def test_it_is_no_withdrawal(self, ws: Workspace, desk: OAuthDesk) -> None:
        age(ws, expired=True)
        before = kept(ws)
        desk.fails = 1000
        with pytest.raises(EngineError) as caught:
            connections.test(ws, "desk")
        assert caught.value.kind == "vendor_unavailable"
        assert status(ws) == "error"
        assert kept(ws) == before
        desk.fails = 0
        assert connections.test(ws, "desk") == "Ada"

    def test_what_cannot_be_stored_is_not_asked_for(self, ws: Workspace, desk: OAuthDesk) -> None:
        age(ws)
        ws.credentials = _Locked(ws.credentials)
        with pytest.raises(EngineError) as caught:
            connections.test(ws, "desk")
        assert caught.value.kind == "keyring_locked"
        assert not desk.token_requests
        assert desk.refreshes == 0

    def test_a_place_that_stumbles_after_the_answer_is_asked_again(self, ws: Workspace, desk: OAuthDesk) -> None:
        age(ws)
        place = ws.credentials
        ws.credentials = _Locked(place, good=1, bad=2)
        assert connections.test(ws, "desk") == "Ada"
        assert (place.get(KEY) or {})["refresh_token"] == desk.tokens[-1].refresh_token


class TestAPlaceThatStaysShut:
    """It was good until the vendor had given new tokens, and took none of them."""

    @pytest.fixture
    def place(self, ws: Workspace) -> _Locked:
        age(ws)
        ws.credentials = locked = _Locked(ws.credentials, good=1)
        return locked

    def test_the_new_token_is_used_from_memory_and_stored_later(
        self, ws: Workspace, desk: OAuthDesk, place: _Locked
    ) -> None:
        for _ in range(2):
            assert connections.test(ws, "desk") == "Ada"
            assert "held in memory" in (connections.connection(ws, "desk").last_error or "")
        assert (desk.refreshes, set(desk.calls)) == (1, {desk.tokens[-1].access_token})
        assert kept(ws)["refresh_token"] != desk.tokens[-1].refresh_token
        place.unlock()
        assert connections.test(ws, "desk") == "Ada"
        assert kept(ws)["refresh_token"] == desk.tokens[-1].refresh_token
        assert connections.connection(ws, "desk").last_error is None

    def test_who_signs_in_again_meanwhile_is_right(self, ws: Workspace, desk: OAuthDesk, place: _Locked) -> None:
        connections.test(ws, "desk")
        place.unlock()
        sign_in_again(ws, desk)
        connections.test(ws, "desk")
        assert desk.calls == [desk.tokens[-1].access_token]
        assert kept(ws)["access_token"] == desk.tokens[-1].access_token

    def test_it_is_offered_a_last_time_when_the_program_ends(
        self, ws: Workspace, desk: OAuthDesk, place: _Locked
    ) -> None:
        connections.test(ws, "desk")
        place.unlock()
        ws.close()
        assert kept(ws)["refresh_token"] == desk.tokens[-1].refresh_token
        assert connections.connection(ws, "desk").last_error is None

    @pytest.mark.usefixtures("desk", "place")
    def test_what_is_lost_is_said(self, ws: Workspace) -> None:
        connections.test(ws, "desk")
        ws.close()
        with Workspace(ws.home) as later:
            found = connections.connection(later, "desk")
        assert found.status == "error"
        assert "sign in again" in (found.last_error or "")

    def test_a_connection_that_is_renamed_takes_it_along(self, ws: Workspace, desk: OAuthDesk, place: _Locked) -> None:
        connections.test(ws, "desk")
        place.unlock()
        rename(ws, "desk", "emea")
        assert (ws.credentials.get("default/desk/emea") or {})["refresh_token"] == desk.tokens[-1].refresh_token


class _Locked:
    """A place that can be read, and written `good` times, then refuses `bad` times."""

    name = "a locked place"

    def __init__(self, place: CredentialStore, *, good: int = 0, bad: int = 1000) -> None:
        self._place, self._good, self._bad = place, good, bad

    def unlock(self) -> None:
        self._bad = 0

    def get(self, key: str) -> Credentials | None:
        return self._place.get(key)

    def set(self, key: str, value: Credentials) -> None:
        if self._good > 0:
            self._good -= 1
        elif self._bad > 0:
            self._bad -= 1
            raise CredentialsError("keyring_locked", "It is locked.", "Unlock it.")
        self._place.set(key, value)

    def delete(self, key: str) -> bool:
        return self._place.delete(key)

    def check(self) -> str:
        return self._place.check()


# -- processes -----------------------------------------------------------------------------------------------------


@contextmanager
def opened(folder: Path) -> Iterator[Callable[[], None]]:
    """Hands out a wait for the moment when a file in the folder is opened from now on; the kernel says so (inotify)."""
    libc = ctypes.CDLL(None, use_errno=True)
    watching = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(watching, os.fsencode(folder), _IN_OPEN) >= 0, os.strerror(ctypes.get_errno())

    def wait() -> None:
        assert select.select([watching], [], [], SECONDS)[0], "it never came to the lock"

    yield wait
    os.close(watching)


_IN_OPEN = 0x20


@pytest.mark.skipif(sys.platform != "linux", reason="asks inotify")
class TestProcesses:
    def test_two_that_need_a_renewal_at_the_same_moment_make_one(
        self, ws: Workspace, desk: OAuthDesk, revtops: CommandLine
    ) -> None:
        age(ws, expired=True)
        started: list[subprocess.Popen[str]] = []

        def second() -> None:  # the first holds the lock until it has its answer
            with opened(ws.home / "locks") as at_the_lock:
                started.append(revtops.in_background("test", "desk", "--json"))
                at_the_lock()

        desk.on_rotated = second
        first = revtops.in_background("test", "desk", "--json")
        assert first.communicate(timeout=SECONDS)[0].count('"ok"') == 1
        assert started[0].communicate(timeout=SECONDS)[0].count('"ok"') == 1
        assert (first.returncode, started[0].returncode) == (0, 0)
        assert desk.refreshes == 1
        assert set(desk.calls) == {desk.tokens[-1].access_token}

    def test_killed_between_the_answer_and_its_use_nothing_is_lost(
        self, ws: Workspace, desk: OAuthDesk, revtops: CommandLine
    ) -> None:
        age(ws, expired=True)
        victim = _Victim(revtops)
        desk.on_call = victim.kill
        victim.start()
        assert kept(ws)["refresh_token"] == desk.tokens[-1].refresh_token
        desk.on_call = lambda _: None
        assert revtops("test", "desk").code == 0
        assert desk.refreshes == 1

    def test_killed_anywhere_around_the_answer_the_next_one_goes_on(
        self, ws: Workspace, desk: OAuthDesk, revtops: CommandLine
    ) -> None:
        desk.replay_grace = 1800.0  # as Linear has
        for moment in ("on_rotated", "after_reply", "after_reply"):
            age(ws, expired=True)
            victim = _Victim(revtops)
            setattr(desk, moment, victim.kill)
            victim.start()
            setattr(desk, moment, lambda: None)
            age(ws, expired=True)
            assert revtops("test", "desk").code == 0
            assert kept(ws)["refresh_token"] == desk.tokens[-1].refresh_token

    def test_killed_before_the_answer_of_a_strict_vendor_it_is_said_and_nothing_deleted(
        self, ws: Workspace, desk: OAuthDesk, revtops: CommandLine
    ) -> None:
        age(ws, expired=True)
        victim = _Victim(revtops)
        desk.on_rotated = victim.kill
        victim.start()
        desk.on_rotated = lambda: None
        done = revtops("test", "desk", "--json")
        assert done.code == 4
        assert done.json["error"]["kind"] == "connection_revoked"
        assert revtops("connections", "--json").json[0]["status"] == "revoked"
        sign_in_again(ws, desk)
        assert revtops("test", "desk").code == 0


class _Victim:
    """A `revtops test` that is killed when the server says so."""

    def __init__(self, revtops: CommandLine) -> None:
        self._revtops = revtops
        self._process: subprocess.Popen[str] | None = None
        self._there = threading.Event()

    def start(self) -> None:
        """Run it to its violent end."""
        self._process = self._revtops.in_background("test", "desk")
        self._there.set()
        self._process.communicate(timeout=SECONDS)
        assert self._process.returncode == -signal.SIGKILL

    def kill(self, *_: object) -> None:
        self._there.wait(SECONDS)
        assert self._process is not None
        self._process.kill()
        self._process.wait(SECONDS)
