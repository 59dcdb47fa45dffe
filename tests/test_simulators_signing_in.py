"""The six vendors that let apps in with OAuth 2, each in its own way: sign in, use, renew, be withdrawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.oauth import OAuthApp
from revtops_tui.engine.connections import connect, connection, connector_class, disconnect
from revtops_tui.engine.connections import test as try_out
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.oauth.client import ClientApp
from revtops_tui.engine.oauth.connecting import PASTE, BrowserSignIn, begin, brought
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

    def open_one(slug: str) -> Vendor:
        simulator = simulator_class(slug)(size=5)
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


def test_pipedrive_names_the_companys_own_address(vendor_of: Callable[[str], Vendor]) -> None:
    vendor = vendor_of("pipedrive")
    assert vendor.signed_in()["instance_url"] == vendor.url
