"""The six vendors that let apps in with OAuth 2, each in its own way: sign in, use, renew, be withdrawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.context import ConnectorContext
from connectors.http import HeldBackError, HeldRequest
from connectors.oauth import OAuthApp
from connectors.pipedrive import PipedriveConnector
from revtops_tui.engine.connections import connect, connection, connector_class, disconnect
from revtops_tui.engine.connections import test as try_out
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.oauth.client import ClientApp
from revtops_tui.engine.oauth.connecting import PASTE, begin, brought
from revtops_tui.engine.oauth.sign_in import BrowserSignIn
from revtops_tui.engine.operations import action
from revtops_tui.engine.sync import sync
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.catalog import simulator_class
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.server import serve
from revtops_tui.simulators.signing_in import CLIENT_ID, CLIENT_SECRET, SignIn
from revtops_tui.simulators.vendor import VendorSimulator
from store.credentials import MemoryCredentials

VENDORS = ("hubspot", "pipedrive", "linear", "asana", "google_drive", "slack")
RENEWED = tuple(slug for slug in VENDORS if slug != "slack")  # an app without token rotation has nothing to renew
APP = ClientApp(CLIENT_ID, CLIENT_SECRET)


class Vendor:
    """A simulated vendor that is served, and a workspace beside it."""

    def __init__(self, ws: Workspace, simulator: VendorSimulator, url: str) -> None:
        self.ws, self.slug, self.url = ws, simulator.slug, url
        assert simulator.sign_in is not None
        self.sign_in: SignIn = simulator.sign_in
        self.faults = simulator.traffic.faults
        declared = connector_class(ws, self.slug).meta.oauth
        assert declared is not None
        self.declared: OAuthApp = declared

    def begin(self, app: ClientApp = APP) -> BrowserSignIn:
        begun = begin(self.ws, self.slug, app, way=PASTE, base_url=self.url)
        assert isinstance(begun, BrowserSignIn)
        return begun

    def signed_in(self, name: str = "default") -> dict[str, object]:
        """Sign in, connect, and return what is kept."""
        begun = self.begin()
        begun.submit(self.sign_in.agree(begun.url))
        connect(self.ws, self.slug, {}, signed_in=brought(begun, begun.finish()), base_url=self.url, name=name)
        return self.kept()

    def kept(self) -> dict[str, object]:
        return self.ws.credentials.get(f"default/{self.slug}/default") or {}


@pytest.fixture
def vendor_of(home: object) -> Iterator[Callable[[str], Vendor]]:
    """Serves the simulator of a slug."""
    opened = []

    def open_one(slug: str, **options: Any) -> Vendor:
        simulator = simulator_class(slug)(size=5, **options)
        server = serve(simulator.app)
        workspace = Workspace(credentials=MemoryCredentials())
        opened.append((server.__enter__(), workspace))
        return Vendor(workspace, simulator, opened[-1][0].url)

    yield open_one
    for server, workspace in opened:
        workspace.close()
        server.stop()


@pytest.mark.parametrize("slug", VENDORS)
def test_somebody_signs_in_and_the_token_works(vendor_of: Callable[[str], Vendor], slug: str) -> None:
    vendor = vendor_of(slug)
    kept = vendor.signed_in()
    token = str(kept["access_token"])
    assert vendor.sign_in.standing(token) == "good"
    assert ("refresh_token" in kept) == (slug in RENEWED)
    assert ("code_challenge" in vendor.begin().url) == vendor.declared.pkce
    assert try_out(vendor.ws, slug)


@pytest.mark.parametrize("slug", RENEWED)
def test_a_token_that_has_expired_is_renewed(vendor_of: Callable[[str], Vendor], slug: str) -> None:
    vendor = vendor_of(slug)
    before = vendor.signed_in()
    vendor.sign_in.skip(90_000)
    assert try_out(vendor.ws, slug)
    after = vendor.kept()
    assert after["access_token"] != before["access_token"]
    assert (after["refresh_token"] != before["refresh_token"]) == (slug == "linear")
    assert vendor.sign_in.renewals == 1


@pytest.mark.parametrize("slug", VENDORS)
def test_a_sign_in_that_was_withdrawn(vendor_of: Callable[[str], Vendor], slug: str) -> None:
    vendor = vendor_of(slug)
    vendor.signed_in()
    vendor.sign_in.revoke_all()
    with pytest.raises(EngineError) as refused:
        try_out(vendor.ws, slug)
    assert refused.value.exit_code == 4
    if slug in RENEWED:
        assert connection(vendor.ws, slug).status == "revoked"
    vendor.signed_in()
    assert connection(vendor.ws, slug).status == "connected"


@pytest.mark.parametrize("slug", VENDORS)
def test_what_is_wrong_is_refused(vendor_of: Callable[[str], Vendor], slug: str) -> None:
    vendor = vendor_of(slug)
    begun = vendor.begin(dataclasses.replace(APP, client_secret="another"))
    begun.submit(vendor.sign_in.agree(begun.url))
    with pytest.raises(EngineError, match=r"secret|this app"):
        begun.finish()
    begun = vendor.begin()
    begun.submit("no-code-of-theirs")
    with pytest.raises(EngineError):
        begun.finish()
    with pytest.raises(ValueError, match="no app"):
        vendor.sign_in.agree(vendor.begin(ClientApp("another", CLIENT_SECRET)).url)


@pytest.mark.parametrize("slug", ["pipedrive", "linear", "asana", "google_drive"])
def test_a_vendor_is_told_when_it_is_disconnected(vendor_of: Callable[[str], Vendor], slug: str) -> None:
    vendor = vendor_of(slug)
    token = str(vendor.signed_in()["access_token"])
    disconnect(vendor.ws, slug)
    assert vendor.sign_in.standing(token) == "revoked"
    assert vendor.kept() == {}


def test_a_vendor_that_is_away_keeps_nobody_from_disconnecting(vendor_of: Callable[[str], Vendor]) -> None:
    vendor = vendor_of("linear")
    vendor.signed_in()
    vendor.faults.append(Fault("500"))
    disconnect(vendor.ws, "linear")
    assert vendor.kept() == {}


def test_an_account_that_another_connection_uses_stays_signed_in(vendor_of: Callable[[str], Vendor]) -> None:
    vendor = vendor_of("google_drive")
    token = str(vendor.signed_in()["access_token"])
    vendor.signed_in(name="second")
    disconnect(vendor.ws, "google_drive:second")
    assert vendor.sign_in.standing(token) == "good"


def test_linear_takes_an_app_without_a_secret_that_is_bound_to_the_machine(
    vendor_of: Callable[[str], Vendor],
) -> None:
    vendor = vendor_of("linear")
    begun = vendor.begin(ClientApp(CLIENT_ID))
    begun.submit(vendor.sign_in.agree(begun.url))
    assert begun.finish().fields["access_token"]


def test_google_gives_no_refresh_token_unless_it_is_asked_for(vendor_of: Callable[[str], Vendor]) -> None:
    assert ("access_type", "offline") in parse_qsl(urlsplit(vendor_of("google_drive").begin().url).query)


def test_slack_gives_the_persons_own_token_too(vendor_of: Callable[[str], Vendor]) -> None:
    assert vendor_of("slack").signed_in()["user_token"] == "xoxp-simulated"


class TestSlackWithTokenRotation:
    """That a token's time is over comes with HTTP 200 there, and a word in the body."""

    @pytest.fixture
    def slack(self, vendor_of: Callable[..., Vendor]) -> Vendor:
        return vendor_of("slack", rotates=True)

    def test_it_is_renewed_and_asked_once_more(self, slack: Vendor) -> None:
        before = slack.signed_in()
        slack.sign_in.skip(90_000)
        assert try_out(slack.ws, "slack")
        after = slack.kept()
        assert (slack.sign_in.renewals, slack.sign_in.standing(str(after["access_token"]))) == (1, "good")
        assert after["refresh_token"] != before["refresh_token"]
        assert after["user_token"] == before["user_token"]

    def test_a_whole_sync_shares_one_renewal(self, slack: Vendor) -> None:
        slack.signed_in()
        slack.sign_in.skip(90_000)
        (run,) = sync(slack.ws, ["slack"])
        assert (run.status, slack.sign_in.renewals) == ("success", 1)
        assert connection(slack.ws, "slack").counts["activities"] > 0

    def test_a_message_is_sent_once(self, slack: Vendor) -> None:
        slack.signed_in()
        slack.sign_in.skip(90_000)
        sent = action(slack.ws, "slack", "send_message", {"channel": "#sales", "text": "hello"})
        assert (sent.status, slack.sign_in.renewals) == ("ok", 1)

    def test_a_new_one_that_is_refused_too_is_no_loop(self, slack: Vendor) -> None:
        slack.signed_in()
        slack.faults.append(Fault("expired_token", path="auth.test"))
        with pytest.raises(EngineError) as refused:
            try_out(slack.ws, "slack")
        assert refused.value.kind == "authentication"
        assert slack.sign_in.renewals == 1


class TestPipedrivesCompany:
    """A sign-in names the company's own address, and its token goes there: but to no other's."""

    def test_an_address_of_the_connections_own_comes_first(self, vendor_of: Callable[[str], Vendor]) -> None:
        vendor = vendor_of("pipedrive")
        assert vendor.signed_in()["instance_url"] == vendor.url
        assert try_out(vendor.ws, "pipedrive")

    @pytest.mark.parametrize(
        ("named", "asked"),
        [
            ("https://acme.pipedrive.com", "acme.pipedrive.com"),
            ("https://acme.pipedrive.com/", "acme.pipedrive.com"),
            ("", "api.pipedrive.com"),
            ("http://acme.pipedrive.com", "api.pipedrive.com"),
            ("https://acme.pipedrive.com.evil.example", "api.pipedrive.com"),
            ("https://evilpipedrive.com", "api.pipedrive.com"),
            ("https://evil.example/acme.pipedrive.com", "api.pipedrive.com"),
            ("https://evil.example\\.pipedrive.com", "api.pipedrive.com"),
            ("https://evil.example#.pipedrive.com", "api.pipedrive.com"),
            ("https://evil.example@acme.pipedrive.com", "api.pipedrive.com"),
            ("https://acme.pipedrive.com:8443", "api.pipedrive.com"),
            ("https://acme.pipedrive.com\n", "api.pipedrive.com"),
        ],
    )
    async def test_where_a_request_would_go(self, named: str, asked: str) -> None:
        held: list[HeldRequest] = []
        kept = {"access_token": "a-token-0123456789", "instance_url": named}
        context = ConnectorContext(organization_id="default", credentials=lambda: kept, hold=held.append)
        connector = PipedriveConnector("default", context=context)
        with pytest.raises(HeldBackError):
            await connector.http.post("/api/v2/deals", json={"title": "A deal"})
        await connector.aclose()
        assert urlsplit(held[0].url).netloc == asked
