"""The listener: webhooks of each vendor, signed as its simulator signs them; what is taken, refused, and kept once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import orjson
import pytest

from revtops_tui import api
from revtops_tui.engine import inbox
from revtops_tui.engine.addresses import listening as addresses
from revtops_tui.engine.addresses import set_public_url, webhook_address
from revtops_tui.engine.connections import connect
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.asana import AsanaSimulator
from revtops_tui.simulators.asana.hooks import signed_headers as asana_signed
from revtops_tui.simulators.hubspot import HubSpotSimulator
from revtops_tui.simulators.hubspot.subscriptions import Subscriptions
from revtops_tui.simulators.linear import LinearSimulator
from revtops_tui.simulators.linear.simulator import signature as linear_signature
from revtops_tui.simulators.outbox import Outbox
from revtops_tui.simulators.samples import sample
from revtops_tui.simulators.slack import SlackSimulator
from revtops_tui.simulators.slack.feeds import signed_headers as slack_signed
from revtops_tui.simulators.twilio import TwilioSimulator
from revtops_tui.simulators.twilio.answers import signature as twilio_signature
from revtops_tui.simulators.vendor import VendorSimulator
from tests.support.serving import served
from tests.support.vendors import Connected, connected

Headers = dict[str, str]
Signed = Callable[[str, str, bytes, float], Headers]
"""The headers of a webhook by secret, address, body and the moment when it was sent."""


def _hubspot_signed(secret: str, url: str, body: bytes, moment: float) -> Headers:
    return Subscriptions(Outbox(), secret, url).signed(body, f"{moment * 1000:.0f}")


def _twilio_signed(secret: str, url: str, body: bytes, _: float) -> Headers:
    form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": twilio_signature(secret, url, form),
    }


@dataclass(frozen=True)
class Vendor:
    """How to sign for a vendor, which secret the connection has, and an event to tell of."""

    simulator: type[VendorSimulator]
    secret: str
    event: str
    signed: Signed

    @property
    def given(self) -> dict[str, Any]:
        """The credential that is not the simulator's own."""
        return {"webhook_secret": self.secret} if self.simulator is AsanaSimulator else {}


VENDORS = {
    "asana": Vendor(AsanaSimulator, "webhook_secret", "task_changed", lambda s, _, body, __: asana_signed(s, body)),
    "hubspot": Vendor(HubSpotSimulator, "client_secret", "deal_changed", _hubspot_signed),
    "linear": Vendor(
        LinearSimulator,
        "webhook_secret",
        "issue_updated",
        lambda s, _, b, __: {"Linear-Signature": linear_signature(s, b)},
    ),
    "slack": Vendor(SlackSimulator, "signing_secret", "message_deleted", lambda s, _, b, at: slack_signed(s, b, at)),
    "twilio": Vendor(TwilioSimulator, "auth_token", "message_received", _twilio_signed),
}


class Listener:
    """A served listener of an office that is connected to one vendor."""

    def __init__(self, office: Connected, vendor: Vendor, address: str) -> None:
        self.office, self.vendor = office, vendor
        self.address = address
        (connection,) = addresses(office.ws)
        self.url = webhook_address(office.ws, connection, address)
        self.secret = str({**office.simulator.credentials, **vendor.given}[vendor.secret])

    def sample(self, secret: str | None = None) -> tuple[Headers, bytes]:
        """A webhook that the vendor could have sent."""
        made = sample(self.office.slug, self.vendor.event, self.url, secret or self.secret)
        return made.headers, made.body

    def signed(self, body: bytes, sent: float = 0.0) -> tuple[Headers, bytes]:
        """A body that the vendor has signed, so many seconds ago."""
        return self.vendor.signed(self.secret, self.url, body, time.time() - sent), body

    def post(self, request: tuple[Headers, Any]) -> httpx2.Response:
        headers, body = request
        return httpx2.post(self.url, headers=headers, content=body)

    def refused(self, request: tuple[Headers, Any], status: int) -> str:
        """Post what must be refused with that status and leave nothing behind; returns what was said."""
        reply = self.post(request)
        assert reply.status_code == status, reply.text
        assert inbox.events(self.office.ws) == []
        return str(reply.json()["error"]["message"])


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return VENDORS[request.param]


@pytest.fixture
def listener(home: Path, vendor: Vendor) -> Iterator[Listener]:
    with connected(home, vendor.simulator(size=4), **vendor.given) as office, served(api.listen, office.ws) as address:
        yield Listener(office, vendor, address)


def only(*slugs: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vendor", [VENDORS[slug] for slug in slugs], ids=slugs)


# -- taken -------------------------------------------------------------------------------------------------------------


def test_what_the_vendor_signed_is_stored_and_then_handled(listener: Listener) -> None:
    assert listener.post(listener.sample()).status_code == 200
    (event,) = inbox.events(listener.office.ws)
    assert (event.connection, event.type, event.status) == (listener.office.slug, listener.vendor.event, "waiting")
    listener.office.handle_events()


def test_the_same_webhook_is_the_same_event(listener: Listener) -> None:
    request = listener.sample()
    assert [listener.post(request).status_code for _ in range(3)] == [200] * 3
    listener.office.handle_events()
    assert listener.post(request).status_code == 200
    (event,) = inbox.events(listener.office.ws)
    assert (event.status, event.attempts) == ("handled", 1)


@only("twilio")
def test_the_answer_is_the_one_that_the_vendor_wants(listener: Listener) -> None:
    reply = listener.post(listener.sample())
    assert "xml" in reply.headers["content-type"]
    assert "<Response" in reply.text


@only("hubspot", "twilio")
def test_behind_a_tunnel_the_public_address_is_what_was_signed(home: Path, vendor: Vendor) -> None:
    with connected(home, vendor.simulator(size=4)) as office:
        set_public_url(office.ws, "https://hooks.example/revtops/")
        with served(api.listen, office.ws) as address:
            listener = Listener(office, vendor, address)
            (connection,) = addresses(office.ws)
            public = webhook_address(office.ws, connection, "https://hooks.example/revtops")
            assert listener.post(listener.sample()).status_code == 401, "the address of this machine is not theirs"
            made = sample(office.slug, vendor.event, public, listener.secret)
            assert listener.post((made.headers, made.body)).status_code == 200


def test_what_is_no_public_address_is_refused(home: Path) -> None:
    with Workspace(home) as ws:
        for url in ("hooks.example", "ftp://hooks.example", "https://hooks.example/?a=b", "https://"):
            with pytest.raises(EngineError, match="is no address"):
                set_public_url(ws, url)


@only("linear")
def test_a_further_connection_has_an_address_of_its_own(listener: Listener) -> None:
    office = listener.office
    secret = {**office.simulator.credentials, "webhook_secret": "of the other one"}
    connect(office.ws, "linear", secret, name="emea", base_url=office.url)
    _, second = addresses(office.ws)
    listener.url = webhook_address(office.ws, second, listener.address)
    assert listener.url.endswith("/linear:emea/acme")
    assert listener.refused(listener.sample(), 401)
    assert listener.post(listener.sample("of the other one")).status_code == 200
    assert [event.connection for event in inbox.events(office.ws)] == ["linear:emea"]


@only("linear")
def test_another_organization_of_the_data_directory_is_served_too(listener: Listener) -> None:
    office = listener.office
    other = office.ws.seen_by("globex")
    connect(other, "linear", office.simulator.credentials, base_url=office.url)
    (connection,) = addresses(other)
    listener.url = webhook_address(office.ws, connection, listener.address)
    assert listener.post(listener.sample()).status_code == 200
    assert (len(inbox.events(office.ws)), len(inbox.events(other))) == (0, 1)


# -- asked -------------------------------------------------------------------------------------------------------------


@only("slack")
def test_slack_makes_sure_of_the_address_and_tells_what_happens(listener: Listener) -> None:
    simulator = listener.office.simulator
    assert isinstance(simulator, SlackSimulator)
    simulator.events.subscribe(listener.url)
    key = simulator.say("sales", "Hello")
    assert [delivery.status for delivery in simulator.outbox.wait()] == [200, 200]
    listener.office.handle_events()
    assert listener.office.rows("activities")[key]["description"] == "Hello"


@only("asana")
def test_asana_agrees_on_a_secret_which_signs_from_then_on(listener: Listener) -> None:
    reply = listener.post(({"X-Hook-Secret": "a new webhook's"}, b""))
    assert (reply.status_code, reply.headers["x-hook-secret"]) == (200, "a new webhook's")
    assert listener.post(listener.sample("a new webhook's")).status_code == 200


@only("linear")
def test_a_secret_that_was_changed_holds_at_once(listener: Listener) -> None:
    office = listener.office
    assert listener.post(listener.sample()).status_code == 200
    connect(office.ws, "linear", {**office.simulator.credentials, "webhook_secret": "a new one"}, base_url=office.url)
    assert listener.post(listener.sample("a new one")).status_code == 200
    assert listener.post(listener.sample()).status_code == 401


# -- refused -----------------------------------------------------------------------------------------------------------


def test_what_somebody_else_signed_is_refused(listener: Listener) -> None:
    headers, body = listener.sample()
    assert listener.refused(listener.sample("somebody else's"), 401)
    assert listener.refused(({name: headers[name] for name in headers if name.lower() == "content-type"}, body), 401)


def test_what_was_changed_on_its_way_is_refused(listener: Listener) -> None:
    headers, body = listener.sample()
    assert listener.refused((headers, body + (b"&NumMedia=1" if listener.office.slug == "twilio" else b" ")), 401)


@only("hubspot", "linear", "slack")
def test_what_was_not_sent_now_is_refused(listener: Listener) -> None:
    for seconds in (400, -400):
        moment = int((time.time() - seconds) * 1000)
        document: Any = {"type": "Issue", "action": "create", "data": {"id": "1"}, "webhookTimestamp": moment}
        if listener.office.slug == "hubspot":
            document = [{"subscriptionType": "deal.creation", "objectId": 1, "eventId": 1, "occurredAt": moment}]
        assert "are allowed" in listener.refused(listener.signed(orjson.dumps(document), seconds), 401)


def test_what_is_too_large_is_refused_before_anything_is_made_of_it(listener: Listener) -> None:
    headers, _ = listener.sample()
    body = b"x" * 1_000_001
    parts = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
    for content in (body, parts):  # announced, and not
        assert "1,000,000 bytes" in listener.refused((headers, content), 413)


@only("asana", "hubspot", "linear", "slack")
def test_what_is_signed_and_cannot_be_read_leaves_nothing(listener: Listener) -> None:
    for body in (b"", b"{", b"\xff\xfe", b"null", b"3", b'"text"', b"[[]]", b'{"events": 3, "data": 3}'):
        reply = listener.post(listener.signed(body))
        assert reply.status_code in (200, 400, 401), (body, reply.text)
    assert inbox.events(listener.office.ws) == []


@only("twilio")
def test_a_form_about_no_message_leaves_nothing(listener: Listener) -> None:
    for body in (b"", b"%%%=1", b"MessageSid=1", b"MessageSid=%00"):
        assert listener.post(listener.signed(body)).status_code == 200, body
    assert inbox.events(listener.office.ws) == []


@only("linear")
def test_what_nobody_has_connected_is_not_there(listener: Listener) -> None:
    request = listener.sample()
    for path in ("hubspot/acme", "linear:emea/acme", "linear/globex", "nonsense/acme", "linear/acme/more", "linear"):
        reply = httpx2.post(f"{listener.address}/api/connectors/webhook/{path}", headers=request[0], content=request[1])
        assert reply.status_code == 404, path
    assert httpx2.get(listener.url).status_code == 405
    for path in ("/", "/openapi.json", "/api/connections"):
        assert httpx2.get(f"{listener.address}{path}").status_code == 404, "the public finds nothing else here"


def test_a_port_that_is_taken_is_said(home: Path) -> None:
    with connected(home, LinearSimulator(size=4)) as office, served(api.listen, office.ws) as address:
        port = int(address.rpartition(":")[2])
        with pytest.raises(EngineError, match=f"Port {port} cannot be used"):
            api.listen(office.ws, port=port, cancel=None)  # type: ignore[arg-type] - it gets no further


# -- what nobody signs -------------------------------------------------------------------------------------------------

DOORBELL = """
from connectors.base import BaseConnector
from connectors.persistence import persist_records
from connectors.models import DealRecord
from connectors.registry import AuthField, AuthType, Capability, ConnectorMeta, EventType


class DoorbellConnector(BaseConnector):
    meta = ConnectorMeta(
        name="Doorbell",
        slug="doorbell",
        auth_type=AuthType.CUSTOM,
        capabilities=[Capability.LISTEN],
        auth_fields=[AuthField(name="door", required=False)],
        event_types=[EventType("rang"), EventType("broke")],
    )

    async def handle_event(self, event_type, payload):
        deal = DealRecord(source_id=payload["id"], name=event_type)
        await persist_records(self.organization_id, "deals", [deal], self.source_system)
"""


def test_a_connector_that_only_handles_events_has_a_secret_address(home: Path) -> None:
    folder = home / "connectors"
    folder.mkdir(mode=0o700, parents=True)
    (folder / "doorbell.py").write_text(DOORBELL)
    with Workspace(home, "acme") as ws, served(api.listen, ws) as address:
        connect(ws, "doorbell", {})
        (connection,) = addresses(ws)
        url = webhook_address(ws, connection, address)
        start, _, secret = url.rpartition("/")
        assert len(secret) == 32
        for guess in (start, f"{start}/", f"{start}/{'0' * 32}"):
            assert httpx2.post(guess, json={"event": "rang", "id": "1"}).status_code == 404
        for body in ([], {"id": "1"}, {"event": "fell", "id": "1"}):
            assert httpx2.post(url, json=body).status_code == 400
        assert inbox.events(ws) == []
        for body in ({"event": "rang", "id": "1"}, {"type": "broke", "id": "2"}, {"type": "broke", "id": "2"}):
            assert httpx2.post(url, json=body).status_code == 200
        assert inbox.handle_due(ws)
        assert [(event.type, event.status) for event in inbox.events(ws)] == [("broke", "handled"), ("rang", "handled")]
