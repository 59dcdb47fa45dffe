"""HubSpot's own client library, pointed at the simulator: it must not be able to tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import hubspot
import pytest
from hubspot.crm.associations import v4
from hubspot.crm.contacts.exceptions import ApiException
from hubspot.crm.objects import models
from hubspot.utils.objects import fetch_all

from revtops_tui.simulators.hubspot import HubSpotSimulator, RateLimit
from revtops_tui.simulators.server import serve

SIZE = 120
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
KINDS: dict[str, tuple[dict[str, str], dict[str, str], int]] = {
    "deals": ({"dealname": "New", "amount": "5", "dealstage": "contractsent"}, {"dealname": "Newer"}, SIZE),
    "contacts": ({"email": "ada@new.example", "lastname": "Byron"}, {"lastname": "Lovelace"}, SIZE // 2),
    "companies": ({"name": "New", "domain": "new.example"}, {"name": "Newer"}, SIZE // 5),
    "notes": ({"hs_note_body": "Called.", "hs_timestamp": NOW.isoformat()}, {"hs_note_body": "Met."}, SIZE // 10),
}
"""Object type -> what is created, what is changed of it, and how many there are already."""


@pytest.fixture
def client() -> Iterator[hubspot.HubSpot]:
    """The client with the token and the address of a simulator."""
    with serve(HubSpotSimulator(size=SIZE).app) as server:
        yield hubspot.HubSpot(access_token="simulated-token", host=server.url)


def api(client: hubspot.HubSpot, kind: str) -> Any:
    """The part of the client that is about one object type."""
    return client.crm.objects.notes if kind == "notes" else getattr(client.crm, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_is_created_read_listed_found_updated_and_archived(client: hubspot.HubSpot, kind: str) -> None:
    given, change, seeded = KINDS[kind]
    of = api(client, kind)
    made = of.basic_api.create(models.SimplePublicObjectInputForCreate(properties=given, associations=[]))
    read = of.basic_api.get_by_id(made.id, properties=[*given], archived=False)
    assert {name: read.properties[name] for name in change} == {name: given[name] for name in change}
    listed = fetch_all(of.basic_api, properties=[*given])
    assert len(listed) == seeded + 1
    assert (listed[-1].id, listed[-1].created_at.tzinfo is not None) == (made.id, True)
    updated = of.basic_api.update(made.id, models.SimplePublicObjectInput(properties=change))
    assert updated.properties[next(iter(change))] == next(iter(change.values()))
    wanted = [{"propertyName": "hs_object_id", "operator": "EQ", "value": made.id}]
    request = models.PublicObjectSearchRequest(filter_groups=[{"filters": wanted}], properties=[*given], limit=10)
    found = of.search_api.do_search(request)
    assert (found.total, found.results[0].id) == (1, made.id)
    of.basic_api.archive(made.id)
    assert len(of.basic_api.get_page(limit=100, archived=True).results) == seeded // 50 + 1
    with pytest.raises(Exception, match="resource not found"):
        of.basic_api.get_by_id(made.id)


@pytest.mark.parametrize("kind", KINDS)
def test_objects_in_batches(client: hubspot.HubSpot, kind: str) -> None:
    given, change, _ = KINDS[kind]
    of = api(client, kind)
    new = models.SimplePublicObjectBatchInputForCreate(properties=given, associations=[])
    made = of.batch_api.create(models.BatchInputSimplePublicObjectBatchInputForCreate(inputs=[new])).results[0]
    changed = models.SimplePublicObjectBatchInput(id=made.id, properties=change)
    of.batch_api.update(models.BatchInputSimplePublicObjectBatchInput(inputs=[changed]))
    asked = {"inputs": [{"id": made.id}, {"id": "9"}], "properties": [*given], "propertiesWithHistory": []}
    read = of.batch_api.read(asked)
    assert [(item.id, item.properties[next(iter(change))]) for item in read.results] == [
        (made.id, next(iter(change.values())))
    ]
    assert (read.status, read.num_errors) == ("COMPLETE", 1)
    of.batch_api.archive(models.BatchInputSimplePublicObjectId(inputs=[models.SimplePublicObjectId(id=made.id)]))
    assert of.batch_api.read(asked).num_errors == 1


def test_contacts_are_created_or_updated_by_their_address(client: hubspot.HubSpot) -> None:
    of = client.crm.contacts
    one = models.SimplePublicObjectBatchInputUpsert(id="a@b.example", id_property="email", properties={"lastname": "A"})
    batch = models.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[one])
    first, second = (of.batch_api.upsert(batch).results[0] for _ in range(2))
    assert (first.new, second.new, first.id == second.id) == (True, False, True)
    with pytest.raises(ApiException, match=r"Contact already exists\. Existing ID: ") as conflict:
        of.basic_api.create({"properties": {"email": "a@b.example"}, "associations": []})
    assert conflict.value.status == 409
    assert of.basic_api.get_by_id("a@b.example", id_property="email").id == first.id


def test_a_note_comes_with_its_associations(client: hubspot.HubSpot) -> None:
    link = models.PublicAssociationsForObject(
        to={"id": "30000000001"},
        types=[models.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=214)],
    )
    given = KINDS["notes"][0]
    note = client.crm.objects.notes.basic_api.create(
        models.SimplePublicObjectInputForCreate(properties=given, associations=[link])
    )
    read = client.crm.objects.notes.basic_api.get_by_id(note.id, associations=["deals"])
    assert [(item.id, item.type) for item in read.associations["deals"].results] == [("30000000001", "note_to_deal")]


def test_associations_of_version_4(client: hubspot.HubSpot) -> None:
    links = client.crm.associations.v4
    made = client.crm.companies.basic_api.create({"properties": {"name": "New"}, "associations": []}).id
    primary = v4.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=5)
    labels = links.basic_api.create("deals", "30000000001", "companies", made, [primary]).labels
    assert labels == ["Primary"]
    links.basic_api.create_default("deals", "30000000002", "companies", made)
    page = links.basic_api.get_page("deals", "30000000001", "companies")
    assert {str(link.to_object_id) for link in page.results} == {"10000000001", made}
    both = v4.BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": "30000000001"}, {"id": "30000000002"}])
    read = links.batch_api.get_page("deals", "companies", both).results
    found = {str(one._from.id): [str(link.to_object_id) for link in one.to] for one in read}
    assert found == {"30000000001": ["10000000001", made], "30000000002": ["10000000002", made]}
    pair = v4.PublicAssociationMultiPost(types=[primary], _from={"id": "30000000003"}, to={"id": made})
    created = links.batch_api.create("deals", "companies", v4.BatchInputPublicAssociationMultiPost(inputs=[pair]))
    assert [one.labels for one in created.results] == [["Primary"]]
    several = v4.PublicAssociationMultiArchive(_from={"id": "30000000003"}, to=[{"id": made}])
    links.batch_api.archive("deals", "companies", v4.BatchInputPublicAssociationMultiArchive(inputs=[several]))
    assert made not in [
        str(link.to_object_id) for link in links.basic_api.get_page("deals", "30000000003", "companies").results
    ]
    links.basic_api.archive("deals", "30000000001", "companies", made)
    assert len(links.basic_api.get_page("deals", "30000000001", "companies").results) == 1
    labels_known = links.schema.definitions_api.get_all("deals", "companies").results
    assert [(one.type_id, one.label) for one in labels_known] == [(341, None), (5, "Primary")]


def test_owners_properties_and_pipelines(client: hubspot.HubSpot) -> None:
    owners = client.crm.owners.owners_api.get_page(limit=5)
    assert (len(owners.results), owners.paging.next.after) == (5, owners.results[-1].id)
    first = owners.results[0]
    assert client.crm.owners.owners_api.get_by_id(int(first.id)).email == first.email
    assert [one.id for one in client.crm.owners.owners_api.get_page(email=first.email).results] == [first.id]
    pipelines = client.crm.pipelines.pipelines_api.get_all("deals").results
    assert [len(pipeline.stages) for pipeline in pipelines] == [7, 4]
    assert client.crm.pipelines.pipelines_api.get_by_id("deals", "default").label == "Sales Pipeline"
    names = {prop.name for prop in client.crm.properties.core_api.get_all("deals").results}
    assert client.crm.properties.core_api.get_by_name("deals", "amount").name in names
    new = {"name": "erp_id", "label": "ERP", "type": "string", "fieldType": "text", "groupName": "dealinformation"}
    assert client.crm.properties.core_api.create("deals", new).name == "erp_id"
    assert client.oauth.access_tokens_api.get("simulated-token").hub_id == 4242424


def test_marketing_emails(client: hubspot.HubSpot) -> None:
    of = client.marketing.emails.marketing_emails_api
    page = of.get_page(limit=2)
    assert (len(page.results), page.total, page.paging.next.after) == (2, 3, "2")
    assert of.get_by_id(page.results[0].id, include_stats=True).stats.counters["sent"] == 20


def test_email_events(client: hubspot.HubSpot) -> None:
    def ask(**query: Any) -> Any:
        options = {"base_url": client.config["host"], "path": "/email/public/v1/events", "qs": query}
        return client.api_request(options).json()

    bounces = ask(limit=5, eventType="BOUNCE")["events"]
    assert {event["type"] for event in bounces} == {"BOUNCE"}
    campaign = {"campaignId": bounces[0]["emailCampaignId"], "appId": bounces[0]["appId"], "eventType": "SENT"}
    first = ask(**campaign)
    second = ask(**campaign, offset=first["offset"])
    assert [len(first["events"]), first["hasMore"], len(second["events"]), second["hasMore"]] == [10, True, 10, False]
    assert ask(campaignId=1)["category"] == "VALIDATION_ERROR"


def test_refusals_and_limits_in_hubspot_s_words() -> None:
    with serve(HubSpotSimulator(size=5, limit=RateLimit(requests=1, per=3600)).app) as server:
        stranger = hubspot.HubSpot(access_token="wrong", host=server.url)
        with pytest.raises(Exception, match="INVALID_AUTHENTICATION"):
            stranger.crm.deals.basic_api.get_page()
        known = hubspot.HubSpot(access_token="simulated-token", host=server.url)
        known.crm.deals.basic_api.get_page()
        with pytest.raises(Exception, match="TEN_SECONDLY_ROLLING"):
            known.crm.deals.basic_api.get_page()
