"""What a simulated HubSpot account has besides objects: associations, owners, pipelines, properties, limits."""

from __future__ import annotations

import httpx2
import pytest

from revtops_tui.simulators.hubspot import HubSpotSimulator, RateLimit
from revtops_tui.simulators.server import serve
from tests.support.hubspot import (
    TYPES,
    account,
    everything,
    links,
    own,
    refusal,
    seeded,
)

__all__ = ["own", "seeded"]  # fixtures


class TestAssociations:
    def test_batch_read_lists_links_and_names_those_without(self, seeded: httpx2.Client) -> None:
        asked = [f"{30_000_000_000 + n}" for n in range(1, 51)]
        reply = seeded.post(
            "/crm/v4/associations/deals/companies/batch/read", json={"inputs": [{"id": i} for i in asked]}
        )
        body = reply.json()
        assert reply.status_code == 207
        linked = [result["from"]["id"] for result in body["results"]]
        alone = [error["context"]["fromObjectId"][0] for error in body["errors"]]
        assert sorted([*linked, *alone]) == asked
        assert body["numErrors"] == len(alone) == 1
        assert body["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
        types = [(t["typeId"], t["label"]) for t in body["results"][0]["to"][0]["associationTypes"]]
        assert types == [(341, None), (5, "Primary")]

    @pytest.mark.parametrize(
        ("source", "target"),
        [("deals", "companies"), ("deals", "contacts"), ("contacts", "companies")]
        + [(activity, other) for activity in TYPES[3:8] for other in ("deals", "companies", "contacts")],
    )
    def test_both_ends_agree(self, seeded: httpx2.Client, source: str, target: str) -> None:
        forward = {(a, b) for a, b in links(seeded, source, target)}
        backward = {(a, b) for b, a in links(seeded, target, source)}
        assert forward == backward != set()

    def test_a_link_is_made_both_ways_and_a_new_primary_replaces_the_old(self, own: httpx2.Client) -> None:
        new = own.post("/crm/v3/objects/companies", json={"properties": {"name": "New"}}).json()["id"]
        primary = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]
        made = own.put(f"/crm/v4/objects/deals/30000000001/associations/companies/{new}", json=primary)
        assert (made.status_code, made.json()["labels"]) == (201, ["Primary"])
        found = own.get("/crm/v4/objects/deals/30000000001/associations/companies").json()["results"]
        labels = {link["toObjectId"]: [t["typeId"] for t in link["associationTypes"]] for link in found}
        assert labels == {"10000000001": [341], new: [341, 5]}
        back = own.get(f"/crm/v4/objects/companies/{new}/associations/deals").json()["results"]
        assert [t["typeId"] for t in back[0]["associationTypes"]] == [342, 6]
        assert own.delete(f"/crm/v4/objects/deals/30000000001/associations/companies/{new}").status_code == 204
        assert own.get(f"/crm/v4/objects/companies/{new}/associations/deals").json()["results"] == []

    def test_a_new_object_brings_its_links(self, own: httpx2.Client) -> None:
        link = {
            "to": {"id": "30000000007"},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 214}],
        }
        note = own.post(
            "/crm/v3/objects/notes",
            json={"properties": {"hs_note_body": "hi", "hs_timestamp": "1767225600000"}, "associations": [link]},
        )
        found = own.get(f"/crm/v4/objects/notes/{note.json()['id']}/associations/deals").json()["results"]
        assert [f["toObjectId"] for f in found] == ["30000000007"]

    def test_archived_objects_are_linked_to_nothing(self, own: httpx2.Client) -> None:
        own.delete("/crm/v3/objects/companies/10000000001")
        asked = {"inputs": [{"id": "30000000001"}]}
        assert own.post("/crm/v4/associations/deals/companies/batch/read", json=asked).json()["results"] == []

    def test_a_batch_takes_a_thousand(self, seeded: httpx2.Client) -> None:
        path = "/crm/v4/associations/deals/companies/batch/read"
        assert seeded.post(path, json={"inputs": [{"id": "30000000001"}] * 1000}).status_code == 200
        assert seeded.post(path, json={"inputs": [{"id": "30000000001"}] * 1001}).status_code == 400


class TestAccount:
    def test_owners_in_pages_and_those_who_left(self, seeded: httpx2.Client) -> None:
        first = seeded.get("/crm/v3/owners", params={"limit": 5}).json()
        rest = seeded.get("/crm/v3/owners", params={"after": first["paging"]["next"]["after"]}).json()
        gone = seeded.get("/crm/v3/owners", params={"archived": "true"}).json()
        everyone = [*first["results"], *rest["results"], *gone["results"]]
        assert len({owner["id"] for owner in everyone}) == len(everyone) == 14
        assert all(owner["archived"] and owner["userId"] is None for owner in gone["results"])
        used = {deal["properties"]["hubspot_owner_id"] for deal in everything(seeded, properties="hubspot_owner_id")}
        assert used <= {owner["id"] for owner in everyone}

    def test_deals_are_in_stages_of_their_pipeline(self, seeded: httpx2.Client) -> None:
        pipelines = seeded.get("/crm/v3/pipelines/deals").json()["results"]
        stages = {p["id"]: {s["id"]: s["metadata"] for s in p["stages"]} for p in pipelines}
        assert len(stages) == 2
        assert stages["default"]["closedwon"] == {"isClosed": "true", "probability": "1.0"}
        for deal in everything(seeded, properties="pipeline,dealstage,hs_deal_stage_probability"):
            found = deal["properties"]
            stage = stages[found["pipeline"]][found["dealstage"]]
            assert stage["probability"] == found["hs_deal_stage_probability"]

    @pytest.mark.parametrize("object_type", TYPES)
    def test_every_property_that_comes_is_declared(self, seeded: httpx2.Client, object_type: str) -> None:
        declared = {p["name"]: p for p in seeded.get(f"/crm/v3/properties/{object_type}").json()["results"]}
        truth = seeded.get(f"/_simulator/objects/{object_type}", params={"limit": 5}).json()["results"]
        assert set(truth[0]["properties"]) == set(declared)
        assert all(p["type"] and p["fieldType"] and p["label"] for p in declared.values())

    def test_a_custom_property_can_be_added_and_used(self, own: httpx2.Client) -> None:
        prop = {
            "name": "erp_id",
            "label": "ERP",
            "type": "string",
            "fieldType": "text",
            "groupName": "x",
            "hasUniqueValue": True,
        }
        assert own.post("/crm/v3/properties/deals", json=prop).status_code == 201
        assert own.post("/crm/v3/properties/deals", json=prop).status_code == 409
        made = own.post("/crm/v3/objects/deals", json={"properties": {"dealname": "x", "erp_id": "A-1"}}).json()
        assert own.get("/crm/v3/objects/deals/A-1", params={"idProperty": "erp_id"}).json()["id"] == made["id"]

    def test_who_is_asking(self, seeded: httpx2.Client) -> None:
        portal = seeded.get("/account-info/v3/details").json()["portalId"]
        assert seeded.get("/oauth/v1/access-tokens/simulated-token").json()["hub_id"] == portal

    @pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "simulated-token"}])
    def test_without_the_token_nothing_is_told(self, header: dict[str, str]) -> None:
        with serve(HubSpotSimulator(size=1).app) as server:
            reply = httpx2.get(f"{server.url}/crm/v3/objects/deals", headers=header)
        assert (reply.status_code, refusal(reply)["category"]) == (401, "INVALID_AUTHENTICATION")


class TestRateLimit:
    def test_headers_count_down_to_a_429_that_names_its_policy(self) -> None:
        with account(limit=RateLimit(requests=3, per=3600)) as client:
            replies = [client.get("/crm/v3/owners") for _ in range(4)]
        assert [r.status_code for r in replies] == [200, 200, 200, 429]
        assert [r.headers["X-HubSpot-RateLimit-Remaining"] for r in replies] == ["2", "1", "0", "0"]
        assert replies[0].headers["X-HubSpot-RateLimit-Max"] == "3"
        assert refusal(replies[3])["policyName"] == "TEN_SECONDLY_ROLLING"

    def test_the_day_has_a_limit_too(self) -> None:
        with account(limit=RateLimit(daily=1)) as client:
            client.get("/crm/v3/owners")
            assert refusal(client.get("/crm/v3/owners"))["policyName"] == "DAILY"

    def test_searches_have_their_own_limit_and_no_headers(self) -> None:
        with account(limit=RateLimit(searches_per_second=0)) as client:
            reply = client.post("/crm/v3/objects/deals/search", json={})
            assert (reply.status_code, refusal(reply)["policyName"]) == (429, "SECONDLY")
            assert "X-HubSpot-RateLimit-Max" not in reply.headers
            assert client.get("/crm/v3/owners").status_code == 200
