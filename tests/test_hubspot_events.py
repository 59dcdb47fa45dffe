"""HubSpot's webhooks: what is accepted, and what becomes of the rows they are about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hubspot.utils.signature import Signature

from revtops_tui.engine.errors import EngineError
from revtops_tui.simulators.hubspot import HubSpotSimulator
from revtops_tui.simulators.hubspot.state import now_ms
from tests.support.vendors import Connected, connected

URL = "https://hooks.example/in"
DEAL, OTHER, CONTACT, COMPANY = "30000000001", "30000000002", "20000000001", "10000000001"


class Portal:
    """A synced portal, whose webhooks are held here until `deliver` hands them over."""

    def __init__(self, office: Connected, simulator: HubSpotSimulator) -> None:
        self.office, self.simulator = office, simulator
        self.subscriptions = simulator.subscriptions
        office.synced()
        simulator.traffic.requests.clear()

    def send(self, events: Any, *, url: str = URL, age: float = 0.0, secret: str = "simulated-client-secret") -> None:
        """Deliver these events, signed as HubSpot's own client signs, `age` seconds ago."""
        body, moment = orjson.dumps(events).decode(), str(now_ms() - int(age * 1000))
        signature = Signature.get_signature(secret, body, "v3", http_uri=url, http_method="POST", timestamp=moment)
        headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": moment}
        self.office.receive(body.encode(), headers, url)

    def event(self, subscription: str, **fields: Any) -> dict[str, Any]:
        return self.subscriptions.event(subscription, **fields)

    def update(self, kind: str, object_id: str, **properties: str | None) -> None:
        """A user changes an object; nothing is sent."""
        self.simulator.state.stores[kind].update(int(object_id), properties, now_ms())

    def archive(self, kind: str, object_id: str) -> None:
        """A user deletes an object; nothing is sent."""
        self.simulator.state.stores[kind].archive(int(object_id), now_ms())


@pytest.fixture
def portal(home: Path) -> Iterator[Portal]:
    simulator = HubSpotSimulator(size=40)
    with connected(home, simulator) as office:
        yield Portal(office, simulator)


class TestRows:
    def test_changed_objects_are_read_again_together(self, portal: Portal) -> None:
        portal.update("deals", DEAL, dealname="Renamed", dealstage="closedwon", pipeline="default")
        portal.update("deals", OTHER, next_step="Sign")
        portal.update("contacts", CONTACT, lastname="Byron")
        portal.update("companies", COMPANY, name="Acme")
        portal.send(
            [
                portal.event("deal.propertyChange", objectId=int(DEAL), propertyName="dealname", propertyValue="stale"),
                portal.event("deal.propertyChange", objectId=int(DEAL), propertyName="dealstage", propertyValue="x"),
                portal.event("deal.propertyChange", objectId=int(OTHER), propertyName="next_step", propertyValue="x"),
                portal.event("contact.propertyChange", objectId=int(CONTACT), propertyName="lastname"),
                portal.event("object.propertyChange", objectId=int(COMPANY), objectTypeId="0-2", propertyName="name"),
                portal.event("ticket.creation", objectId=1),
            ]
        )
        deals = portal.office.rows("deals")
        assert (deals[DEAL]["name"], deals[DEAL]["stage"], deals[DEAL]["account_source_id"]) == (
            "Renamed",
            "Closed Won",
            COMPANY,
        )
        assert deals[OTHER]["custom_fields"]["next_step"] == "Sign"
        assert portal.office.rows("contacts")[CONTACT]["name"].endswith(" Byron")
        assert portal.office.rows("accounts")[COMPANY]["name"] == "Acme"
        assert portal.simulator.traffic.requests["POST /crm/v3/objects/deals/batch/read"] == 1

    def test_rows_are_what_a_sync_makes_of_them(self, portal: Portal) -> None:
        ids = [int(source_id) for source_id in portal.office.rows("deals")]
        portal.send([portal.event("deal.propertyChange", objectId=object_id, propertyName="x") for object_id in ids])
        again = portal.office.synced(full=True)["deals"]
        assert (again["unchanged"], again["updated"]) == (40, 0)

    def test_a_new_deal_comes_a_deleted_one_goes_and_late_events_do_not_undo_it(self, portal: Portal) -> None:
        made = portal.simulator.create("deals")
        portal.archive("deals", DEAL)
        portal.send(
            [portal.event("deal.creation", objectId=int(made)), portal.event("deal.deletion", objectId=int(DEAL))]
        )
        assert made in portal.office.rows("deals")
        assert DEAL in portal.office.rows("deals", deleted=True)
        portal.send(
            [portal.event("deal.deletion", objectId=int(made)), portal.event("deal.restore", objectId=int(DEAL))]
        )
        assert made in portal.office.rows("deals")
        assert DEAL in portal.office.rows("deals", deleted=True)

    def test_a_contact_forgotten_for_privacy_goes(self, portal: Portal) -> None:
        portal.archive("contacts", CONTACT)
        portal.send([portal.event("contact.privacyDeletion", objectId=int(CONTACT))])
        assert CONTACT in portal.office.rows("contacts", deleted=True)

    @pytest.mark.parametrize("survivor", [{"newObjectId": int(OTHER)}, {"primaryObjectId": int(OTHER)}])
    def test_what_was_merged_into_another_goes(self, portal: Portal, survivor: dict[str, int]) -> None:
        portal.archive("deals", DEAL)
        portal.update("deals", OTHER, dealname="Both")
        portal.send([portal.event("deal.merge", objectId=int(OTHER), mergedObjectIds=[int(DEAL)], **survivor)])
        assert portal.office.rows("deals")[OTHER]["name"] == "Both"
        assert DEAL in portal.office.rows("deals", deleted=True)

    @pytest.mark.parametrize(
        "subscription",
        [
            {"subscription": "deal.associationChange"},
            {"subscription": "object.associationChange", "fromObjectTypeId": "0-3"},
        ],
    )
    def test_a_new_association_moves_a_deal_to_another_company(
        self, portal: Portal, subscription: dict[str, str]
    ) -> None:
        state = portal.simulator.state
        primary = state.types("deals", "companies", [{"associationTypeId": 5}])
        state.associations.add("deals", int(DEAL), "companies", int(COMPANY) + 1, primary)
        portal.send([portal.event(**subscription, fromObjectId=int(DEAL), toObjectId=int(COMPANY) + 1)])
        assert portal.office.rows("deals")[DEAL]["account_source_id"] == str(int(COMPANY) + 1)

    def test_more_objects_than_one_request_takes(self, home: Path) -> None:
        simulator = HubSpotSimulator(size=150)
        with connected(home, simulator) as office:
            portal = Portal(office, simulator)
            ids = [int(source_id) for source_id in office.rows("deals")]
            for object_id in ids:
                portal.update("deals", str(object_id), next_step="Sign")
            portal.send([portal.event("deal.propertyChange", objectId=object_id) for object_id in ids])
            assert {row["custom_fields"]["next_step"] for row in office.rows("deals").values()} == {"Sign"}


class TestWhoSentIt:
    def test_what_the_account_sends_itself_is_accepted(self, portal: Portal) -> None:
        """The simulator's own deliveries, taken from its outbox: nobody listens at their address."""
        portal.subscriptions.url = "http://127.0.0.1:9/hooks"
        portal.simulator.change("deals")
        portal.simulator.remove("contacts")
        portal.simulator.create("goals")
        for delivery in portal.simulator.outbox.wait():
            portal.office.receive(delivery.body, delivery.headers, delivery.url)
        assert portal.office.rows("deals")[DEAL]["name"].endswith(" (changed)")
        assert portal.office.counts()["contacts"] == portal.simulator.counts()["contacts"]
        assert [
            orjson.loads(delivery.body)[0]["subscriptionType"] for delivery in portal.simulator.outbox.deliveries
        ] == [
            "deal.propertyChange",
            "contact.deletion",
        ]

    def test_an_address_with_escapes_is_signed_as_it_reads(self, portal: Portal) -> None:
        body, moment = b"[]", str(now_ms())
        plain = f"{URL}?to=a@b.example&path=/x%20y"
        signature = Signature.get_signature(
            "simulated-client-secret", "[]", "v3", http_uri=plain, http_method="POST", timestamp=moment
        )
        headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": moment}
        portal.office.receive(body, headers, f"{URL}?to=a%40b.example&path=%2fx%20y")

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"secret": "another"}, "not signed with this connection's secret"),
            ({"age": 301}, "was sent 301 seconds ago; 300 are allowed"),
            ({"age": -301}, "301 seconds ago"),
        ],
    )
    def test_what_somebody_else_sent_or_sends_again_is_refused(
        self, portal: Portal, options: dict[str, Any], problem: str
    ) -> None:
        portal.archive("deals", DEAL)
        with pytest.raises(EngineError, match=problem):
            portal.send([portal.event("deal.deletion", objectId=int(DEAL))], **options)
        assert DEAL in portal.office.rows("deals")

    def test_a_body_that_was_changed_on_the_way_is_refused(self, portal: Portal) -> None:
        headers = portal.subscriptions.signed(b"[]", str(now_ms()))
        with pytest.raises(EngineError, match="not signed"):
            portal.office.receive(b"[ ]", headers, portal.subscriptions.url)

    def test_a_request_without_a_signature_or_a_time_is_refused(self, portal: Portal) -> None:
        with pytest.raises(EngineError, match="not signed"):
            portal.office.receive(b"[]", {})

    @pytest.mark.parametrize("body", [{"objectId": 1}, [1]])
    def test_what_is_no_list_of_events_is_refused(self, portal: Portal, body: Any) -> None:
        with pytest.raises(EngineError, match="no list of events"):
            portal.send(body)

    def test_without_the_secret_nothing_is_believed(self, home: Path) -> None:
        simulator = HubSpotSimulator(size=5)
        with (
            connected(home, simulator, client_secret="") as office,
            pytest.raises(EngineError, match="no webhook secret"),
        ):
            office.receive(b"[]", simulator.subscriptions.signed(b"[]", str(now_ms())))
