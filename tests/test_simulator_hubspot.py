"""The HubSpot simulator's objects over HTTP: lists, search, single objects and batches."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest

from tests.support.hubspot import (
    SIZE,
    TYPES,
    account,
    everything,
    ids,
    own,
    refusal,
    search,
    seeded,
    where,
    where_sort,
)

__all__ = ["own", "seeded"]  # fixtures


class TestList:
    @pytest.mark.parametrize("object_type", TYPES)
    def test_every_live_object_comes_once_in_order_of_id(self, seeded: httpx2.Client, object_type: str) -> None:
        found = [int(i) for i in ids(everything(seeded, object_type, limit=7))]
        counts = seeded.get("/_simulator/objects").json()[object_type]
        assert len(found) == counts["live"] > 0
        assert found == sorted(set(found))

    def test_the_next_page_is_also_given_as_a_link(self, seeded: httpx2.Client) -> None:
        page = seeded.get("/crm/v3/objects/deals", params={"limit": 5, "properties": "dealname"}).json()
        following = seeded.get(page["paging"]["next"]["link"]).json()["results"]
        assert int(following[0]["id"]) > int(page["results"][-1]["id"])
        assert "dealname" in following[0]["properties"]

    def test_only_the_asked_properties_come_and_those_that_always_do(self, seeded: httpx2.Client) -> None:
        deal = seeded.get("/crm/v3/objects/deals", params={"limit": 1, "properties": "amount,competitor,nope"}).json()
        assert set(deal["results"][0]["properties"]) == {
            "amount",
            "competitor",
            "createdate",
            "hs_lastmodifieddate",
            "hs_object_id",
        }

    def test_without_properties_the_default_ones_come(self, seeded: httpx2.Client) -> None:
        deal = seeded.get("/crm/v3/objects/deals").json()["results"][0]
        assert {"dealname", "amount", "dealstage", "pipeline", "closedate"} <= set(deal["properties"])
        assert deal["archived"] is False
        assert deal["updatedAt"] == deal["properties"]["hs_lastmodifieddate"]

    def test_archived_objects_come_only_when_asked_for(self, seeded: httpx2.Client) -> None:
        archived = everything(seeded, archived="true")
        assert archived
        assert all(deal["archived"] and deal["archivedAt"] for deal in archived)
        assert not set(ids(archived)) & set(ids(everything(seeded)))

    def test_associations_come_with_the_objects(self, seeded: httpx2.Client) -> None:
        deal = seeded.get("/crm/v3/objects/deals", params={"limit": 1, "associations": "companies,contacts"}).json()
        linked = deal["results"][0]["associations"]
        types = [link["type"] for link in linked["companies"]["results"]]
        assert types == ["deal_to_company_unlabeled", "deal_to_company"]
        assert linked["contacts"]["results"][0]["type"] == "deal_to_contact"

    @pytest.mark.parametrize("params", [{"limit": 101}, {"limit": 0}, {"limit": "many"}, {"after": "x"}])
    def test_a_bad_page_is_refused(self, seeded: httpx2.Client, params: dict[str, Any]) -> None:
        reply = seeded.get("/crm/v3/objects/deals", params=params)
        assert (reply.status_code, refusal(reply)["category"]) == (400, "VALIDATION_ERROR")

    def test_an_unknown_object_type_is_refused(self, seeded: httpx2.Client) -> None:
        reply = seeded.get("/crm/v3/objects/unicorns")
        assert (reply.status_code, "unicorns" in refusal(reply)["message"]) == (400, True)

    def test_the_same_seed_gives_the_same_account_and_another_seed_another(self, seeded: httpx2.Client) -> None:
        with account() as again, account(seed=2) as other:
            assert everything(again) == everything(seeded)
            assert everything(other) != everything(seeded)

    def test_awkward_names_are_there_as_they_are(self, seeded: httpx2.Client) -> None:
        names = [deal["properties"]["dealname"] for deal in everything(seeded)]
        assert None in names
        text = "".join(name for name in names if name)
        assert all(part in text for part in ("🚀", "\u202e", "[red]", "\x1b[31m", "'; DROP TABLE"))
        assert max(len(name) for name in names if name) > 200


class TestSearch:
    def test_total_counts_all_matches_and_pages_hold_each_once(self, seeded: httpx2.Client) -> None:
        first = search(seeded, where("pipeline", "EQ", "default"), limit=50)
        found, after = ids(first["results"]), first.get("paging")
        while after:
            page = search(seeded, where("pipeline", "EQ", "default"), limit=50, after=after["next"]["after"])
            found += ids(page["results"])
            after = page.get("paging")
        expected = [deal["id"] for deal in everything(seeded) if deal["properties"]["pipeline"] == "default"]
        assert sorted(found) == expected
        assert first["total"] == len(expected)

    @pytest.mark.parametrize(
        ("condition", "holds"),
        [
            (where("amount", "GT", "100000"), lambda p: p["amount"] is not None and float(p["amount"]) > 100000),
            (where("amount", "LTE", 50000), lambda p: p["amount"] is not None and float(p["amount"]) <= 50000),
            (where("amount", "BETWEEN", 50000, highValue=100000), lambda p: 50000 <= float(p["amount"] or 0) <= 100000),
            (where("dealstage", "NEQ", "closedwon"), lambda p: p["dealstage"] != "closedwon"),
            (where("dealtype", "IN", values=["newbusiness"]), lambda p: p["dealtype"] == "newbusiness"),
            (where("dealstage", "NOT_IN", values=["closedwon"]), lambda p: p["dealstage"] != "closedwon"),
            (where("competitor", "HAS_PROPERTY"), lambda p: p["competitor"] is not None),
            (where("competitor", "NOT_HAS_PROPERTY"), lambda p: p["competitor"] is None),
            (where("dealname", "CONTAINS_TOKEN", "renew*"), lambda p: "renewal" in (p["dealname"] or "")),
            (where("renewal_date", "GTE", "2025-06-01"), lambda p: (p["renewal_date"] or "") >= "2025-06-01"),
            (where("hs_object_id", "IN", values=["30000000003", "1"]), lambda p: p["hs_object_id"] == "30000000003"),
            (where("hs_object_id", "LT", "30000000011"), lambda p: int(p["hs_object_id"]) < 30000000011),
            (where("createdate", "LT", "2024-10-01T00:00:00Z"), lambda p: p["createdate"] < "2024-10-01"),
        ],
        ids=lambda value: value["operator"] if isinstance(value, dict) else "",
    )  # fmt: skip
    def test_operators(self, seeded: httpx2.Client, condition: dict[str, Any], holds: Any) -> None:
        names = ["amount", "dealstage", "dealtype", "competitor", "dealname", "renewal_date"]
        expected = [d["id"] for d in everything(seeded, properties=",".join(names)) if holds(d["properties"])]
        found = search(seeded, condition, sorts=[where_sort("hs_object_id")])
        assert found["total"] == len(expected) > 0
        assert ids(found["results"]) == expected[:200]

    def test_groups_are_alternatives(self, seeded: httpx2.Client) -> None:
        groups = [{"filters": [where("hs_object_id", "EQ", n)]} for n in ("30000000005", "30000000250")]
        found = search(seeded, filterGroups=groups)
        assert ids(found["results"]) == ["30000000005", "30000000250"]

    @pytest.mark.parametrize("name", ["hs_object_id", "hs_lastmodifieddate", "amount", "dealname"])
    def test_sort_up_is_the_reverse_of_sort_down(self, own: httpx2.Client, name: str) -> None:
        own.post("/_simulator/touch", json={"type": "deals", "count": 9})
        has = (
            where("amount", "HAS_PROPERTY"),
            where("dealname", "HAS_PROPERTY"),
            where("hs_object_id", "LTE", "30000000150"),
        )
        up = search(own, *has, sorts=[where_sort(name)])["results"]
        down = search(own, *has, sorts=[where_sort(name, "DESCENDING")])["results"]
        assert ids(up) == ids(down)[::-1]

    def test_query_looks_for_words(self, seeded: httpx2.Client) -> None:
        found = search(seeded, query="forecast renew", properties=["dealname"])["results"]
        assert found
        assert all("Forecasting renewal" in deal["properties"]["dealname"] for deal in found)

    def test_archived_objects_are_never_found(self, own: httpx2.Client) -> None:
        before = search(own)["total"]
        own.delete("/crm/v3/objects/deals/30000000001")
        assert search(own)["total"] == before - 1 == SIZE - 1
        assert search(own, where("hs_object_id", "EQ", "30000000001"))["results"] == []

    @pytest.mark.parametrize("object_type", ["deals", "contacts"])
    def test_what_changed_since_is_found_and_nothing_else(self, own: httpx2.Client, object_type: str) -> None:
        since = str(time.time_ns() // 1_000_000)
        modified = "lastmodifieddate" if object_type == "contacts" else "hs_lastmodifieddate"
        condition = where(modified, "GTE", since)
        assert search(own, condition, object_type=object_type)["total"] == 0
        touched = own.post("/_simulator/touch", json={"type": object_type, "count": 12}).json()["ids"]
        created = own.post("/_simulator/create", json={"type": object_type, "count": 2}).json()["ids"]
        found = search(own, condition, object_type=object_type, sorts=[where_sort("hs_object_id")])
        assert ids(found["results"]) == [*touched, *created]
        rest = search(own, condition, where("hs_object_id", "GT", touched[4]), object_type=object_type)
        assert rest["total"] == 9

    def test_beyond_ten_thousand_is_a_wall_around_which_ids_lead(self) -> None:
        with account(size=10_150) as client:
            by_id = [where_sort("hs_object_id")]
            assert search(client, sorts=by_id)["total"] == 10_150
            reply = client.post("/crm/v3/objects/deals/search", json={"limit": 200, "after": "9900", "sorts": by_id})
            assert (reply.status_code, "10000" in refusal(reply)["message"]) == (400, True)
            last = search(client, sorts=by_id, after="9800")["results"][-1]["id"]
            assert search(client, where("hs_object_id", "GT", last), sorts=by_id)["total"] == 150

    @pytest.mark.parametrize(
        "body",
        [
            {"limit": 201},
            {"query": "x" * 3001},
            {"filterGroups": [{"filters": []}] * 6},
            {"filterGroups": [{"filters": [{"propertyName": "nope", "operator": "EQ", "value": 1}]}]},
            {"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "ALMOST", "value": 1}]}]},
            {"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "EQ"}]}]},
            {"filterGroups": [{"filters": [{"propertyName": "amount", "operator": "GT", "value": "much"}]}]},
            {"filterGroups": [{"filters": ["amount"]}]},
            {"filterGroups": "all"},
            {"sorts": [{"propertyName": "amount"}, {"propertyName": "dealname"}]},
            {"sorts": [7]},
            {"sorts": [{"propertyName": "nope"}]},
            {"after": "next"},
        ],
    )
    def test_a_bad_search_is_refused(self, seeded: httpx2.Client, body: dict[str, Any]) -> None:
        reply = seeded.post("/crm/v3/objects/deals/search", json=body)
        assert (reply.status_code, refusal(reply)["category"]) == (400, "VALIDATION_ERROR")

    def test_two_billion_deals_are_searched_which_can_only_be_done_without_looking_at_each(self) -> None:
        with account(size=2_000_000_000) as client:
            client.post("/_simulator/touch", json={"type": "deals", "ids": ["31999999999"]})
            recent = where("hs_lastmodifieddate", "GTE", "2025-09-01T00:00:00Z")
            found = search(
                client, recent, where("hs_object_id", "GT", "31999999000"), sorts=[where_sort("hs_object_id")]
            )
            newest = search(client, recent, sorts=[where_sort("hs_lastmodifieddate", "DESCENDING")], limit=1)
        assert found["total"] == 1000
        assert ids(found["results"])[0] == "31999999001"
        assert ids(newest["results"]) == ["31999999999"]


class TestObjects:
    def test_create_read_update_archive(self, own: httpx2.Client) -> None:
        created = own.post("/crm/v3/objects/deals", json={"properties": {"dealname": "New", "amount": 12.5}})
        assert created.status_code == 201
        path = f"/crm/v3/objects/deals/{created.json()['id']}"
        assert own.get(path, params={"properties": "dealname,amount"}).json()["properties"]["amount"] == "12.5"

        changed = own.patch(path, json={"properties": {"dealstage": "closedwon", "closedate": "1767225600000"}})
        assert changed.json()["properties"]["closedate"] == "2026-01-01T00:00:00.000Z"
        assert changed.json()["updatedAt"] >= created.json()["updatedAt"]
        probability = own.get(path, params={"properties": "hs_deal_stage_probability"}).json()
        assert probability["properties"]["hs_deal_stage_probability"] == "1.0"

        assert own.delete(path).status_code == 204
        assert own.get(path).status_code == 404
        assert own.get(path, params={"archived": "true"}).json()["archived"] is True
        assert own.patch(path, json={"properties": {"amount": 1}}).status_code == 404

    def test_a_seeded_object_keeps_what_was_not_changed(self, own: httpx2.Client) -> None:
        path, params = "/crm/v3/objects/deals/30000000002", {"properties": "dealname,amount,next_step"}
        before = own.get(path, params=params).json()
        own.patch(path, json={"properties": {"amount": "1", "next_step": ""}})
        after = own.get(path, params=params).json()
        assert after["properties"]["dealname"] == before["properties"]["dealname"]
        assert (after["properties"]["amount"], after["properties"]["next_step"]) == ("1", None)
        assert after["updatedAt"] > before["updatedAt"]
        assert after["createdAt"] == before["createdAt"]

    @pytest.mark.parametrize(
        ("object_type", "properties", "code"),
        [
            ("deals", {"nope": "1"}, "PROPERTY_DOESNT_EXIST"),
            ("deals", {"amount": "much"}, "INVALID_NUMBER"),
            ("deals", {"dealstage": "wonderful"}, "INVALID_OPTION"),
            ("deals", {"closedate": "soon"}, "INVALID_DATE"),
            ("deals", {"renewal_date": "2026-01-01T10:00:00Z"}, "INVALID_DATE"),
            ("deals", {"hubspot_owner_id": "1"}, "INVALID_OWNER_ID"),
            ("deals", {"createdate": "2026-01-01"}, "READ_ONLY_VALUE"),
            ("contacts", {"email": "not an address"}, "INVALID_EMAIL"),
            ("contacts", {"newsletter_opt_in": "maybe"}, "INVALID_OPTION"),
        ],
    )
    def test_values_are_checked_as_hubspot_does(
        self, seeded: httpx2.Client, object_type: str, properties: dict[str, str], code: str
    ) -> None:
        reply = seeded.post(f"/crm/v3/objects/{object_type}", json={"properties": properties})
        body = refusal(reply)
        assert (reply.status_code, body["category"]) == (400, "VALIDATION_ERROR")
        assert body["message"].startswith("Property values were not valid: [{")
        assert body["errors"][0]["code"] == code
        assert body["errors"][0]["context"] == {"propertyName": list(properties)}

    def test_a_contact_is_found_by_its_email_and_is_the_only_one(self, own: httpx2.Client) -> None:
        contact = everything(own, "contacts")[40]
        email = contact["properties"]["email"]
        path = f"/crm/v3/objects/contacts/{email}"
        assert own.get(path, params={"idProperty": "email"}).json()["id"] == contact["id"]
        conflict = own.post("/crm/v3/objects/contacts", json={"properties": {"email": email.upper()}})
        assert conflict.status_code == 409
        assert contact["id"] in refusal(conflict)["message"]
        own.patch(path, params={"idProperty": "email"}, json={"properties": {"email": "moved@new.example"}})
        assert own.get(path, params={"idProperty": "email"}).status_code == 404
        moved = own.get("/crm/v3/objects/contacts/moved@new.example", params={"idProperty": "email"})
        assert moved.json()["id"] == contact["id"]

    def test_seeded_addresses_are_unique(self, seeded: httpx2.Client) -> None:
        found = [contact["properties"]["email"] for contact in everything(seeded, "contacts")]
        assert len(set(found)) == len(found)

    def test_batches(self, own: httpx2.Client) -> None:
        base = "/crm/v3/objects/companies/batch"
        made = own.post(f"{base}/create", json={"inputs": [{"properties": {"name": f"C{n}"}} for n in range(3)]})
        assert made.status_code == 201
        new = ids(made.json()["results"])
        changes = [{"id": i, "properties": {"city": "Porto"}} for i in new]
        assert own.post(f"{base}/update", json={"inputs": changes}).status_code == 200
        asked = {"inputs": [{"id": i} for i in [*new, "1"]], "properties": ["city"]}
        read = own.post(f"{base}/read", json=asked)
        assert read.status_code == 207
        assert [c["properties"]["city"] for c in read.json()["results"]] == ["Porto"] * 3
        assert read.json()["numErrors"] == 1
        assert read.json()["errors"][0]["context"] == {"ids": ["1"]}
        assert own.post(f"{base}/archive", json={"inputs": [{"id": i} for i in new]}).status_code == 204
        assert own.post(f"{base}/read", json=asked).json()["results"] == []

    def test_an_upsert_creates_once(self, own: httpx2.Client) -> None:
        asked = {"inputs": [{"id": "new@one.example", "idProperty": "email", "properties": {"firstname": "Ada"}}]}
        first = own.post("/crm/v3/objects/contacts/batch/upsert", json=asked).json()["results"][0]
        second = own.post("/crm/v3/objects/contacts/batch/upsert", json=asked).json()["results"][0]
        assert (first["new"], second["new"]) == (True, False)
        assert first["id"] == second["id"]

    def test_one_wrong_value_refuses_a_whole_batch(self, own: httpx2.Client) -> None:
        inputs = [{"properties": {"dealname": "good"}}, {"properties": {"amount": "much"}}]
        assert own.post("/crm/v3/objects/deals/batch/create", json={"inputs": inputs}).status_code == 400
        assert search(own)["total"] == SIZE

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("", {"properties": ["dealname"]}),
            ("", {"properties": {"dealname": "x"}, "associations": [{"to": "1"}]}),
            ("/batch/read", {"inputs": ["1"]}),
            ("/batch/read", {"inputs": [{"id": "30000000001"}], "properties": "dealname"}),
            ("/batch/upsert", {"inputs": [{"id": "1", "properties": {}}]}),
            ("/batch/update", [1]),
        ],
    )
    def test_a_body_of_another_shape_is_refused(self, seeded: httpx2.Client, path: str, body: Any) -> None:
        reply = seeded.post(f"/crm/v3/objects/deals{path}", json=body)
        assert (reply.status_code, refusal(reply)["category"]) == (400, "VALIDATION_ERROR")

    def test_a_body_that_is_not_json_is_refused(self, seeded: httpx2.Client) -> None:
        reply = seeded.post("/crm/v3/objects/deals", content=b"{oops")
        assert (reply.status_code, "line 1" in refusal(reply)["message"]) == (400, True)

    def test_a_batch_takes_a_hundred(self, seeded: httpx2.Client) -> None:
        reply = seeded.post("/crm/v3/objects/deals/batch/read", json={"inputs": [{"id": "1"}] * 101})
        assert (reply.status_code, "100" in refusal(reply)["message"]) == (400, True)
