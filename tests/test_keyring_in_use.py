"""The product over a real gnome-keyring that is unlocked, locked, absent, or dies at the worst moment: each has a clear
sentence, and nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from revtops_tui.engine import connections
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.oauth import connecting
from revtops_tui.engine.oauth.client import ClientApp
from revtops_tui.engine.sync import sync
from revtops_tui.engine.workspace import Workspace
from store.credentials import Credentials, open_keyring
from tests.support.command_line import DROP_INS, CommandLine, Finished, Shop, deals
from tests.support.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthDesk, oauth_desk
from tests.support.secret_service import SecretService, no_secret_service, secret_service
from tests.tui.driver import Driver

__all__ = ["no_secret_service", "secret_service"]  # fixtures

KEY = "default/desk/default"


@pytest.fixture(autouse=True)
def _no_passphrase(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyring it is, in every process."""
    monkeypatch.delenv("REVTOPS_KEYRING_PASSPHRASE")


def failed(done: Finished) -> str:
    """The kind of an error that says what to do next."""
    error = done.json["error"]
    assert done.code == 4
    assert error["hint"]
    return str(error["kind"])


@pytest.fixture
def in_keyring(revtops: CommandLine, shop: Shop, secret_service: SecretService) -> SecretService:
    """The shop, connected and synced, its credentials in the keyring."""
    shop.change(deals=deals(3))
    assert revtops("connect", "shop", "--stdin", stdin=Shop.fields).code == 0
    assert revtops("sync").code == 0
    assert len(secret_service.labels()) == 1
    return secret_service


class TestShop:
    def test_locked_it_says_so_and_keeps_everything(self, revtops: CommandLine, in_keyring: SecretService) -> None:
        in_keyring.lock()
        assert failed(revtops("test", "shop", "--json")) == "keyring_locked"
        (run,) = revtops("sync", "--json").json["runs"]
        assert (run["status"], run["error_kind"]) == ("failed", "keyring_locked")
        assert failed(revtops("connect", "shop", "--stdin", "--json", stdin=Shop.fields)) == "keyring_locked"
        assert failed(revtops("disconnect", "shop", "--json")) == "keyring_locked"
        (connection,) = revtops("connections", "--json").json
        assert (connection["counts"], connection["status"]) == ({"deals": 3}, "error")
        assert revtops("sql", "SELECT count(*) FROM deals", "--json").json["rows"] == [[3]]

    def test_without_one_nothing_is_half_connected(
        self, revtops: CommandLine, shop: Shop, no_secret_service: None
    ) -> None:
        assert failed(revtops("connect", "shop", "--stdin", "--json", stdin=Shop.fields)) == "keyring_missing"
        assert revtops("connections", "--json").json == []

    def test_a_daemon_that_was_killed_comes_back_locked(self, revtops: CommandLine, in_keyring: SecretService) -> None:
        in_keyring.kill_daemon()
        assert failed(revtops("query", "shop", "any", "--json")) in ("keyring_locked", "keyring_missing")
        assert revtops("connections").code == 0

    def test_a_bus_that_is_gone(self, revtops: CommandLine, in_keyring: SecretService) -> None:
        in_keyring.kill_bus()
        assert failed(revtops("action", "shop", "send_message", "text=x", "--yes", "--json")) == "keyring_missing"
        assert revtops("ledger", "--json").json == [], "nothing was sent, so nothing was meant to be"


@pytest.fixture
def desk() -> Iterator[OAuthDesk]:
    with oauth_desk() as running:
        yield running


@pytest.fixture
def ws(home: Path, desk: OAuthDesk, secret_service: SecretService) -> Iterator[Workspace]:
    """A workspace in which the desk was signed in to; its token is over."""
    (home / "connectors").mkdir(mode=0o700, parents=True)
    shutil.copy(DROP_INS / "desk.py", home / "connectors")
    with Workspace(home) as workspace:
        with connecting.begin(workspace, "desk", ClientApp(CLIENT_ID, CLIENT_SECRET), base_url=desk.url) as sign_in:
            httpx2.post(sign_in.url, data={"answer": "yes"}, follow_redirects=True)
            signed_in = connecting.brought(sign_in, sign_in.finish())
        connections.connect(workspace, "desk", {}, base_url=desk.url, signed_in=signed_in)
        workspace.credentials.set(KEY, {**kept(workspace), "renew_at": 1, "expires_at": 2})
        desk.token_requests.clear()
        yield workspace


def kept(ws: Workspace) -> Credentials:
    found = open_keyring(ws.home).get(KEY)
    assert found is not None
    return found


class TestRenewal:
    def test_it_is_renewed_and_kept(self, ws: Workspace, desk: OAuthDesk) -> None:
        before = kept(ws)["refresh_token"]
        (run,) = sync(ws)
        assert (run.status, desk.refreshes) == ("success", 1)
        assert kept(ws)["refresh_token"] != before

    def test_a_locked_keyring_is_not_asked_for_what_it_could_not_keep(
        self, ws: Workspace, desk: OAuthDesk, secret_service: SecretService
    ) -> None:
        secret_service.lock()
        (run,) = sync(ws)
        assert (run.status, run.error_kind) == ("failed", "keyring_locked")
        assert desk.token_requests == []

    @pytest.mark.parametrize("trouble", ["lock", "kill_daemon", "kill_bus"])
    def test_trouble_between_the_vendors_answer_and_its_keeping(
        self, ws: Workspace, desk: OAuthDesk, secret_service: SecretService, trouble: str
    ) -> None:
        """The vendor has taken the old refresh token by then: the new one is used from memory, and its loss is said."""
        desk.on_rotated = getattr(secret_service, trouble)
        assert [sync(ws)[0].status for _ in range(2)] == ["success", "success"]
        assert len(desk.token_requests) == 1
        ws.close()
        with Workspace(ws.home) as later:
            left = connections.connection(later, "desk")
        assert left.status == "error"
        assert "sign in again" in (left.last_error or "")

    def test_a_keyring_that_is_locked_for_a_moment_gets_the_new_token(
        self, ws: Workspace, desk: OAuthDesk, secret_service: SecretService
    ) -> None:
        desk.on_rotated = secret_service.hang
        desk.after_reply = secret_service.resume
        (run,) = sync(ws)
        assert (run.status, desk.refreshes) == ("success", 1)
        assert desk.by_access(str(kept(ws)["access_token"])) is not None


async def test_the_app_says_it_too(shop: Shop, in_keyring: SecretService, home: Path) -> None:
    with Workspace(home) as ws:
        in_keyring.lock()
        async with Driver(ws)(100, 30) as visit:
            await visit.press("t")
            await visit.sees("keyring", "locked")


def test_what_is_said_is_the_same_everywhere(in_keyring: SecretService, home: Path) -> None:
    in_keyring.lock()
    with Workspace(home) as ws, pytest.raises(EngineError) as locked:
        connections.test(ws, "shop")
    assert locked.value.kind == "keyring_locked"
    assert "nlock" in locked.value.hint
