"""Nango as the broker: sessions, tokens, a grant that is gone. Every exchange is checked against its document."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from connectors.hubspot import HubSpotConnector
from connectors.registry import AuthType, ConnectorMeta
from revtops_tui.engine import nango
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.settings_file import save
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.nango import NangoSimulator
from revtops_tui.simulators.server import serve
from store.credentials import MemoryCredentials

META = HubSpotConnector.meta
BY_KEY = ConnectorMeta(name="Keyed", slug="keyed", auth_type=AuthType.API_KEY, nango_integration_id="keyed")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> NangoSimulator:
    """An environment with two integrations, whose key this machine has."""
    simulator = NangoSimulator(
        {
            "hubspot": {"type": "OAUTH2", "access_token": "simulated-token"},
            "keyed": {"type": "API_KEY", "apiKey": "simulated-key"},
        }
    )
    monkeypatch.setenv(nango.SECRET_KEY, simulator.secret_key)
    return simulator


@pytest.fixture
def ws(home: object, broker: NangoSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv(nango.SECRET_KEY, broker.secret_key)
    with serve(broker.app) as server, Workspace(credentials=MemoryCredentials()) as workspace:
        save(workspace.home, {"nango.host": server.url})
        yield workspace


def signed_in(ws: Workspace, broker: NangoSimulator, meta: ConnectorMeta = META) -> dict[str, object]:
    session = nango.start(ws, meta)
    broker.complete(session.link.rpartition("/")[2])
    return nango.wait(ws, session, threading.Event())


def test_somebody_signs_in_and_the_token_is_lent(ws: Workspace, broker: NangoSimulator) -> None:
    kept = signed_in(ws, broker)
    assert kept == {"nango_connection_id": "connection-2", "nango_integration_id": "hubspot"}
    lent = nango.credentials(ws, META, kept)
    assert lent.credentials == {"access_token": "simulated-token"}
    assert lent.expires_at is not None


def test_what_the_vendor_told_nango_is_known(ws: Workspace, broker: NangoSimulator) -> None:
    broker.integrations["hubspot"]["raw"] = {"scope": "oauth crm.objects.deals.read", "api_domain": "https://acme.test"}
    lent = nango.credentials(ws, META, signed_in(ws, broker))
    assert lent.credentials == {
        "access_token": "simulated-token",
        "granted_scopes": ["oauth", "crm.objects.deals.read"],
        "instance_url": "https://acme.test",
    }


def test_two_that_sign_in_at_once_each_get_their_own(ws: Workspace, broker: NangoSimulator) -> None:
    first, second = nango.start(ws, META), nango.start(ws, META)
    made = {session: broker.complete(session.link.rpartition("/")[2]) for session in (second, first)}
    for session, connection in made.items():
        assert nango.wait(ws, session, threading.Event())["nango_connection_id"] == connection


def test_a_key_is_named_as_the_connector_names_it(ws: Workspace, broker: NangoSimulator) -> None:
    lent = nango.credentials(ws, BY_KEY, signed_in(ws, broker, BY_KEY))
    assert (lent.credentials, lent.expires_at) == ({"api_key": "simulated-key"}, None)


def test_a_fresh_token_can_be_asked_for(ws: Workspace, broker: NangoSimulator) -> None:
    kept = signed_in(ws, broker)
    nango.credentials(ws, META, kept, renew=True)
    assert [grant.renewals for grant in broker.connections.values()] == [1]


def test_a_grant_that_is_gone_is_said_and_can_be_given_anew(ws: Workspace, broker: NangoSimulator) -> None:
    kept = signed_in(ws, broker)
    (grant,) = broker.connections.values()
    grant.revoked = True
    with pytest.raises(EngineError) as gone:
        nango.credentials(ws, META, kept)
    assert gone.value.kind == "connection_revoked"
    session = nango.start(ws, META, reconnect=kept)
    broker.complete(session.link.rpartition("/")[2])
    assert nango.wait(ws, session, threading.Event()) == kept
    assert nango.credentials(ws, META, kept).credentials == {"access_token": "simulated-token"}


def test_one_that_was_deleted_there(ws: Workspace, broker: NangoSimulator) -> None:
    kept = signed_in(ws, broker)
    broker.connections.clear()
    with pytest.raises(EngineError) as gone:
        nango.credentials(ws, META, kept)
    assert gone.value.kind == "connection_revoked"


def test_waiting_can_be_cancelled(ws: Workspace, broker: NangoSimulator) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(EngineError) as cancelled:
        nango.wait(ws, nango.start(ws, META), cancel)
    assert cancelled.value.kind == "cancelled"


def test_a_wrong_key_a_missing_one_and_an_unknown_integration(
    ws: Workspace, broker: NangoSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    del broker.integrations["hubspot"]
    with pytest.raises(EngineError, match="do not exist"):
        nango.start(ws, META)
    monkeypatch.setenv(nango.SECRET_KEY, "another")
    with pytest.raises(EngineError) as refused:
        nango.start(ws, META)
    assert (refused.value.kind, "another" in str(refused.value)) == ("authentication", False)
    monkeypatch.delenv(nango.SECRET_KEY)
    with pytest.raises(EngineError) as missing:
        nango.start(ws, META)
    assert nango.SECRET_KEY in missing.value.hint
