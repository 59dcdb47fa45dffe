"""What is written to HubSpot and looked up there: real HTTP to the simulator, through the engine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from revtops_tui.engine import operations
from revtops_tui.engine.errors import EngineError
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.hubspot import HubSpotSimulator
from tests.support.command_line import CommandLine
from tests.support.vendors import Connected, connected

PAGE = Path(__file__).parent.parent / "docs" / "connectors" / "hubspot.md"
DEAL = "30000000001"
RENEWAL_STAGES = "Up for Renewal, Negotiation, Renewed, Churned"


@pytest.fixture
def portal(home: Path) -> Iterator[Connected]:
    with connected(home, HubSpotSimulator(size=40)) as portal:
        yield portal


def held(portal: Connected, kind: str, object_id: str) -> dict[str, Any]:
    """The properties of an object in the account."""
    item = portal.simulator.state.stores[kind].get(int(object_id))
    assert item is not None
    return dict(item.properties)


def total(portal: Connected, kind: str) -> int:
    """How many objects there are."""
    return int(portal.simulator.state.stores[kind].count())


def refused(portal: Connected, operation: str, **data: Any) -> EngineError:
    """The error of a write, once it is sure that nothing was sent which could have changed something."""
    portal.simulator.traffic.requests.clear()
    done = operations.write(portal.ws, "hubspot", operation, data)
    assert done.status == "failed"
    assert done.error is not None
    assert [request for request in portal.simulator.traffic.requests if not request.startswith("GET ")] == []
    return done.error


class TestDeals:
    def test_a_deal_is_created_with_everything_named_as_people_name_it(self, portal: Connected) -> None:
        made = portal.write(
            "create_deal",
            dealname="Big deal",
            amount=50_000,
            dealstage="negotiation",
            pipeline="RENEWALS",
            closedate="2026-03-31",
            hubspot_owner_id=portal.simulator.story.company.colleagues[2].email,
            company_id="10000000003",
            contact_id="20000000002",
            properties={"competitor": "Pipelane", "discount_pct": 2.5, "description": None},
        )
        found = held(portal, "deals", made["id"])
        assert {name: found[name] for name in ("dealname", "amount", "pipeline", "dealstage", "closedate")} == {
            "dealname": "Big deal",
            "amount": "50000",
            "pipeline": "71900312",
            "dealstage": "139211002",
            "closedate": "2026-03-31T12:00:00.000Z",
        }
        assert (found["competitor"], found["discount_pct"], found["description"]) == ("Pipelane", "2.5", None)
        assert found["hubspot_owner_id"] == "51000003"
        assert made == {
            "id": made["id"],
            "url": f"https://app.hubspot.com/contacts/4242424/record/0-3/{made['id']}",
            "created": True,
        }
        portal.synced()
        row = portal.rows("deals")[made["id"]]
        assert (row["stage"], row["close_date"], row["account_source_id"]) == (
            "Negotiation",
            "2026-03-31",
            "10000000003",
        )

    def test_a_deal_is_updated(self, portal: Connected) -> None:
        portal.write("update_deal", id=DEAL, dealname="Renamed", amount=1, hubspot_owner_id="51000001")
        found = held(portal, "deals", DEAL)
        assert (found["dealname"], found["amount"], found["hubspot_owner_id"]) == ("Renamed", "1", "51000001")
        portal.write("update_deal", deal_id=DEAL, properties={"amount": None, "next_step": "Call"})
        found = held(portal, "deals", DEAL)
        assert (found["dealname"], found["amount"], found["next_step"]) == ("Renamed", None, "Call")

    @pytest.mark.parametrize(
        ("pipeline", "stage", "expected"),
        [("default", "Closed Won", "closedwon"), ("71900312", "renewed", "139211003")],
    )
    def test_a_stage_is_one_of_the_pipeline_that_the_deal_is_in(
        self, portal: Connected, pipeline: str, stage: str, expected: str
    ) -> None:
        deals = portal.simulator.state.stores["deals"].page(0, 40)
        deal = next(str(deal.id) for deal in deals if deal.properties["pipeline"] == pipeline)
        portal.write("update_deal", id=deal, dealstage=stage)
        found = held(portal, "deals", deal)
        assert (found["pipeline"], found["dealstage"]) == (pipeline, expected)

    def test_a_stage_of_another_pipeline_is_refused_with_those_that_there_are(self, portal: Connected) -> None:
        portal.write("update_deal", id=DEAL, pipeline="Renewals", dealstage="Churned")
        error = refused(portal, "update_deal", id=DEAL, dealstage="Contract Sent")
        assert error.message == "There is no stage Contract Sent in the pipeline Renewals."
        assert "Negotiation (139211002)" in (error.hint or "")

    def test_names_that_do_not_fit_are_refused_before_anything_is_sent(self, portal: Connected) -> None:
        nobody = refused(portal, "create_deal", dealname="x", hubspot_owner_id="nobody@larkspur.example")
        assert "There is no owner nobody@larkspur.example." in nobody.message
        assert "@larkspur.example" in (nobody.hint or "")
        gone = portal.simulator.story.company.colleagues[13]
        assert not gone.active
        assert "There is no owner" in refused(portal, "create_deal", dealname="x", hubspot_owner_id=gone.email).message
        misspelt = refused(portal, "create_deal", dealname="x", dealstage="Closed Wonn")
        assert (misspelt.hint or "").startswith("Did you mean Closed Won (closedwon)")
        alone = refused(portal, "update_deal", id=DEAL, pipeline="Renewals")
        assert (alone.message, alone.hint) == (
            "A deal in the pipeline Renewals needs a dealstage of it.",
            f"There are: {RENEWAL_STAGES}.",
        )

    def test_what_cannot_be_meant_is_refused(self, portal: Connected) -> None:
        assert "is no id of a deal" in refused(portal, "update_deal", id="7/../8", dealname="x").message
        assert "nothing to change" in refused(portal, "update_deal", id=DEAL).message
        twice = refused(portal, "update_deal", id=DEAL, amount=1, properties={"amount": 2})
        assert twice.message == "`amount` is given twice: by itself and among the properties."
        assert "cannot be an object" in refused(portal, "update_deal", id=DEAL, properties={"amount": {}}).message

    def test_only_declared_names_are_taken(self, portal: Connected) -> None:
        with pytest.raises(EngineError, match="`deal_stage` is not a parameter; did you mean `dealstage`"):
            operations.write(portal.ws, "hubspot", "update_deal", {"id": DEAL, "deal_stage": "won"})

    def test_what_hubspot_refuses_is_told_in_its_words(self, portal: Connected) -> None:
        done = operations.write(
            portal.ws, "hubspot", "create_deal", {"dealname": "x", "properties": {"no_such_thing": 1}}
        )
        assert done.status == "failed"
        assert done.error is not None
        assert 'Property \\"no_such_thing\\" does not exist' in done.error.message
        missing = operations.write(portal.ws, "hubspot", "update_deal", {"id": "999", "dealname": "x"})
        assert missing.error is not None
        assert missing.error.kind == "not_found"

    def test_a_deal_whose_answer_was_lost_is_not_created_twice(self, portal: Connected) -> None:
        before = total(portal, "deals")
        lost = Fault("lost_reply", method="POST", path="/objects/deals", times=1)
        portal.simulator.traffic.faults.append(lost)
        done = operations.write(portal.ws, "hubspot", "create_deal", {"dealname": "once"})
        assert done.status == "unknown"
        assert done.error is not None
        assert "Look in the other system" in (done.error.hint or "")
        assert (lost.hits, total(portal, "deals")) == (1, before + 1)

    def test_an_update_whose_answer_was_lost_is_sent_again(self, portal: Connected) -> None:
        lost = Fault("lost_reply", method="PATCH", times=1)
        portal.simulator.traffic.faults.append(lost)
        portal.write("update_deal", id=DEAL, dealname="Renamed")
        assert (lost.hits, held(portal, "deals", DEAL)["dealname"]) == (1, "Renamed")


class TestContacts:
    def test_a_contact_is_created_once(self, portal: Connected) -> None:
        made = portal.write("create_contact", email="New@Acme.example", firstname="Ada", company_id="10000000001")
        again = portal.write("create_contact", email="new@acme.example", firstname="Eve")
        assert (made["created"], again) == (True, {**made, "created": False})
        assert held(portal, "contacts", made["id"])["firstname"] == "Ada"
        portal.synced()
        assert portal.rows("contacts")[made["id"]]["account_source_id"] == "10000000001"

    def test_a_contact_that_the_account_has_is_answered_with(self, portal: Connected) -> None:
        known = portal.simulator.story.company.person(0, 0).email
        before = total(portal, "contacts")
        assert portal.write("create_contact", email=known, jobtitle="x")["id"] == "20000000001"
        assert total(portal, "contacts") == before
        assert held(portal, "contacts", "20000000001")["jobtitle"] != "x"

    def test_a_contact_whose_answer_was_lost_is_found_by_its_address(self, portal: Connected) -> None:
        before = total(portal, "contacts")
        portal.simulator.traffic.faults.append(Fault("lost_reply", method="POST", path="/objects/contacts", times=1))
        made = portal.write("create_contact", email="new@acme.example")
        assert total(portal, "contacts") == before + 1
        assert held(portal, "contacts", made["id"])["email"] == "new@acme.example"

    def test_a_contact_is_updated(self, portal: Connected) -> None:
        done = portal.write("update_contact", contact_id="20000000001", lastname="Byron", jobtitle="Countess")
        found = held(portal, "contacts", "20000000001")
        assert (done["id"], found["lastname"], found["jobtitle"]) == ("20000000001", "Byron", "Countess")

    def test_an_address_that_another_contact_has_is_refused(self, portal: Connected) -> None:
        known = portal.simulator.story.company.person(0, 0).email
        done = operations.write(portal.ws, "hubspot", "update_contact", {"id": "20000000002", "email": known})
        assert done.error is not None
        assert "Existing ID: 20000000001" in done.error.message


class TestCompanies:
    def test_a_company_is_created_once_by_its_domain(self, portal: Connected) -> None:
        made = portal.write("create_company", name="New", domain="https://www.New.example/about", numberofemployees=7)
        found = held(portal, "companies", made["id"])
        assert (found["domain"], found["numberofemployees"]) == ("new.example", "7")
        assert portal.write("create_company", name="Newer", domain="new.example") == {**made, "created": False}
        assert held(portal, "companies", made["id"])["name"] == "New"

    def test_without_a_domain_nothing_tells_two_apart(self, portal: Connected) -> None:
        first, second = (portal.write("create_company", name="Twin") for _ in range(2))
        assert first["id"] != second["id"]

    def test_two_companies_with_the_domain_are_named(self, portal: Connected) -> None:
        domain = portal.simulator.story.company.customer_domain(0)
        portal.write("update_company", id="10000000002", name="Second", domain=domain)
        done = operations.write(portal.ws, "hubspot", "create_company", {"name": "Third", "domain": domain})
        assert done.error is not None
        assert "Second (10000000002)" in done.error.message


class TestNotes:
    def test_a_note_is_on_its_records_from_the_start(self, portal: Connected) -> None:
        links = {"deal_id": DEAL, "company_id": "10000000001", "contact_id": "20000000001"}
        portal.simulator.traffic.requests.clear()
        made = portal.write(
            "create_note", hs_note_body="<p>Called.</p>", hs_timestamp="2026-01-31T10:30:00+01:00", **links
        )
        assert dict(portal.simulator.traffic.requests) == {"POST /crm/v3/objects/notes": 1}
        portal.synced()
        row = portal.rows("activities")[f"note:{made['id']}"]
        assert (row["description"], row["activity_date"][:16]) == ("<p>Called.</p>", "2026-01-31T09:30")
        assert [row[name] for name in ("deal_source_id", "account_source_id", "contact_source_id")] == [*links.values()]

    def test_a_note_is_updated_by_the_id_that_it_has_here(self, portal: Connected) -> None:
        made = portal.write("create_note", hs_note_body="x", deal_id=DEAL)
        portal.write("update_note", id=f"note:{made['id']}", hs_note_body="y")
        assert held(portal, "notes", made["id"])["hs_note_body"] == "y"
        assert held(portal, "notes", made["id"])["hs_timestamp"]

    def test_a_note_on_nothing_is_refused(self, portal: Connected) -> None:
        with pytest.raises(EngineError, match="at least one of `deal_id`, `contact_id`, `company_id`"):
            operations.write(portal.ws, "hubspot", "create_note", {"hs_note_body": "x"})


class TestLookUps:
    def test_marketing_emails_in_pages(self, portal: Connected) -> None:
        first = portal.action("list_marketing_emails", limit=2)
        second = portal.action("list_marketing_emails", limit=2, after=first["after"])
        assert (len(first["emails"]), len(second["emails"]), first["total"], second["after"]) == (2, 1, 3, None)
        assert "content" not in first["emails"][0]
        email = portal.action("get_marketing_email", id=first["emails"][0]["id"])
        assert email["content"]
        assert email["stats"]["counters"]["sent"] == 20

    def test_email_events_of_one_person(self, portal: Connected) -> None:
        recipient = portal.simulator.story.company.person(0, 0).email
        found = portal.action("list_email_events", recipient=recipient)
        assert {event["recipient"] for event in found["events"]} == {recipient}
        assert found["offset"] is None
        opened = portal.action("list_email_events", eventType="OPEN", limit=1)
        assert [event["type"] for event in opened["events"]] == ["OPEN"]
        moment = opened["events"][0]["created"]
        later = portal.action("list_email_events", startTimestamp="2099-01-01T00:00:00Z", excludeFilteredEvents=True)
        assert later["events"] == []
        next_one = portal.action("list_email_events", eventType="OPEN", limit=1, offset=opened["offset"])
        assert next_one["events"][0]["created"] <= moment

    def test_a_contact_by_id_and_by_address(self, portal: Connected) -> None:
        email = portal.simulator.story.company.person(0, 0).email
        contact = portal.action("find_contact_by_email", email=email, properties=["email", "city"])
        assert contact == portal.action("get_contact", id="20000000001", properties=["email", "city"])
        assert contact["properties"]["email"] == email
        assert "jobtitle" in portal.action("get_contact", id="20000000001")["properties"]

    @pytest.mark.parametrize(
        ("action", "parameter", "wanted"),
        [("get_contact", "id", "9"), ("find_contact_by_email", "email", "x@y.example")],
    )
    def test_nobody_is_an_error_that_says_so(self, portal: Connected, action: str, parameter: str, wanted: str) -> None:
        done = operations.action(portal.ws, "hubspot", action, {parameter: wanted})
        assert done.error is not None
        assert (done.error.kind, done.error.message) == ("not_found", f"HubSpot has no contact {wanted}.")

    def test_contacts_by_filters_in_pages(self, portal: Connected) -> None:
        asked = {
            "filters": [{"propertyName": "lifecyclestage", "operator": "IN", "values": ["lead", "customer"]}],
            "sorts": [{"propertyName": "lastname", "direction": "DESCENDING"}],
            "properties": ["lastname", "lifecyclestage"],
            "limit": 5,
        }
        first = portal.action("search_contacts", **asked)
        second = portal.action("search_contacts", **asked, after=first["after"])
        found = [*first["contacts"], *second["contacts"]]
        assert first["total"] >= len(found) == 10
        names = [contact["properties"]["lastname"] for contact in found]
        assert names == sorted(names, reverse=True)
        assert {contact["properties"]["lifecyclestage"] for contact in found} == {"lead", "customer"}

    @pytest.mark.parametrize(
        ("action", "data", "problem"),
        [
            ("search_contacts", {"filters": [], "limit": 101}, "`limit` must be from 1 to 100; it was 101."),
            ("list_marketing_emails", {"limit": 0}, "`limit` must be from 1 to 100; it was 0."),
            ("list_email_events", {"campaignId": "7"}, "`campaignId` and `appId` name a campaign together"),
        ],
    )
    def test_what_cannot_be_asked(self, portal: Connected, action: str, data: dict[str, Any], problem: str) -> None:
        done = operations.action(portal.ws, "hubspot", action, data)
        assert done.error is not None
        assert problem in done.error.message


@pytest.fixture
def at_the_prompt(portal: Connected, revtops: CommandLine) -> Callable[..., Any]:
    """Runs a command against the same portal from a shell; returns its document."""
    credentials = '{"access_token": "simulated-token"}'
    assert revtops("connect", "hubspot", "--base-url", portal.url, "--stdin", stdin=credentials).code == 0

    def run(*arguments: str) -> Any:
        done = revtops(*arguments, "--json")
        assert done.code == 0, done.stdout + done.stderr
        return done.json["result"]

    return run


def test_writes_and_look_ups_from_the_command_line(at_the_prompt: Callable[..., Any], portal: Connected) -> None:
    made = at_the_prompt("write", "hubspot", "create_deal", "dealname=Typed", "amount=1200", "dealstage=Contract Sent")
    assert held(portal, "deals", made["id"])["amount"] == "1200"
    at_the_prompt("write", "hubspot", "update_deal", f"id={made['id']}", 'properties={"competitor": "Salesmill"}')
    assert held(portal, "deals", made["id"])["competitor"] == "Salesmill"
    contact = at_the_prompt("action", "hubspot", "get_contact", "id=20000000001", "properties=email,phone", "--yes")
    assert contact["properties"]["phone"].startswith("+1")


def test_the_commands_of_the_page_run(at_the_prompt: Callable[..., Any], portal: Connected) -> None:
    company = portal.simulator.story.company
    people = {"ada@acme.com": company.person(0, 0).email, "grace@ourselves.com": company.colleagues[0].email}
    commands = re.findall(r"^revtops ((?:write|action|query) hubspot .*)", PAGE.read_text(), re.MULTILINE)
    assert len(commands) == 9
    for command in commands:
        for example, known in people.items():
            command = command.replace(example, known)
        arguments = shlex.split(command)
        if arguments[0] == "query":
            assert portal.query(arguments[2])["columns"]
        else:
            assert at_the_prompt(*arguments)


def test_a_refusal_of_the_token_is_told(portal: Connected) -> None:
    portal.simulator.traffic.faults.append(Fault("expired_token"))
    done = operations.write(portal.ws, "hubspot", "update_deal", {"id": DEAL, "dealname": "x"})
    assert done.error is not None
    assert done.error.kind == "authentication"
