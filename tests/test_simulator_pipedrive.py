"""The Pipedrive simulator over HTTP: cursors, filters, refusals, searches and webhooks, as Pipedrive documents them.

There is no client library of Pipedrive's for Python; what it answers is held against the official document instead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.limits import Limit
from revtops_tui.simulators.pipedrive import PipedriveSimulator
from revtops_tui.simulators.pipedrive.simulator import TOKEN
from revtops_tui.simulators.server import serve

SIZE = 40


@pytest.fixture(scope="module")
def seeded() -> Iterator[httpx2.Client]:
    """An account that no test changes."""
    with opened(PipedriveSimulator(size=SIZE)) as client:
        yield client


@pytest.fixture
def own() -> Iterator[httpx2.Client]:
    """An account of the test's own."""
    with opened(PipedriveSimulator(size=SIZE)) as client:
        yield client


@contextmanager
def opened(simulator: PipedriveSimulator) -> Iterator[httpx2.Client]:
    """A client of this account's."""
    with (
        serve(simulator.app) as server,
        httpx2.Client(base_url=server.url, headers={"x-api-token": TOKEN}) as client,
    ):
        yield client


def everything(client: httpx2.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        asked = {**params, **({"cursor": cursor} if cursor else {})}
        reply = client.get(f"/api/v2/{path}", params=asked).raise_for_status().json()
        found += reply["data"]
        cursor = reply["additional_data"]["next_cursor"]
        if cursor is None:
            return found


def refusal(reply: httpx2.Response) -> tuple[int, str]:
    body = reply.json()
    assert body["success"] is False
    return reply.status_code, body["error"]


class TestListings:
    @pytest.mark.parametrize("path", ["deals", "persons", "organizations", "activities", "pipelines", "stages"])
    def test_every_live_object_comes_once_in_order_of_id(self, seeded: httpx2.Client, path: str) -> None:
        ids = [item["id"] for item in everything(seeded, path, limit=3)]
        assert ids == sorted(set(ids))
        assert len(ids) > 3

    @pytest.mark.parametrize("direction", ["asc", "desc"])
    @pytest.mark.parametrize("field", ["update_time", "add_time"])
    def test_other_orders_are_complete_too(self, seeded: httpx2.Client, field: str, direction: str) -> None:
        found = everything(seeded, "deals", limit=7, sort_by=field, sort_direction=direction)
        places = [(item[field], item["id"]) for item in found]
        assert places == sorted(places, reverse=direction == "desc")
        assert len(set(places)) == SIZE

    def test_a_hundred_come_unless_it_is_said_otherwise(self) -> None:
        with opened(PipedriveSimulator(size=300)) as client:
            assert len(client.get("/api/v2/deals").json()["data"]) == 100
            assert len(client.get("/api/v2/deals", params={"limit": 500}).json()["data"]) == 300

    def test_archived_deals_have_a_listing_of_their_own(self, seeded: httpx2.Client) -> None:
        (archived,) = everything(seeded, "deals/archived")
        assert archived["is_archived"] is True
        assert archived["id"] not in [deal["id"] for deal in everything(seeded, "deals")]

    def test_filters_hold_together(self, seeded: httpx2.Client) -> None:
        deals = everything(seeded, "deals")
        wanted = [deal["id"] for deal in deals if deal["status"] == "won" and deal["org_id"] == deals[0]["org_id"]]
        found = everything(seeded, "deals", status="won", org_id=deals[0]["org_id"])
        assert [deal["id"] for deal in found] == wanted
        assert [deal["id"] for deal in everything(seeded, "deals", ids="3,5")] == [3, 5]
        assert all(one["done"] for one in everything(seeded, "activities", done="true"))

    def test_updated_since_takes_the_moment_in(self, seeded: httpx2.Client) -> None:
        deals = sorted(everything(seeded, "deals"), key=lambda deal: deal["update_time"])
        since, until = deals[20]["update_time"], deals[30]["update_time"]
        assert {deal["id"] for deal in everything(seeded, "deals", updated_since=since)} == {
            d["id"] for d in deals[20:]
        }
        between = everything(seeded, "deals", updated_since=since, updated_until=until)
        assert {deal["id"] for deal in between} == {deal["id"] for deal in deals[20:30]}

    @pytest.mark.parametrize("moment", ["2026-01-01T00:00:00.000Z", "2026-01-01 00:00:00", "2026-01-01", "soon"])
    def test_a_time_in_another_form_is_refused(self, seeded: httpx2.Client, moment: str) -> None:
        reply = seeded.get("/api/v2/persons", params={"updated_since": moment})
        assert refusal(reply) == (400, "Validation failed: updated_since: This value is not a valid datetime.")
        assert reply.json()["code"] == "ERR_SCHEMA_VALIDATION_FAILED"

    @pytest.mark.parametrize(
        ("path", "params", "name"),
        [
            ("pipelines", {"updated_since": "2026-01-01T00:00:00Z"}, "updated_since"),
            ("stages", {"updated_since": "2026-01-01T00:00:00Z"}, "updated_since"),
            ("deals", {"start": 0}, "start"),
            ("deals", {"limit": 501}, "limit"),
            ("deals", {"cursor": "nonsense"}, "cursor"),
            ("deals", {"sort_by": "title"}, "sort_by"),
            ("persons", {"status": "deleted"}, "status"),
        ],
    )
    def test_what_v2_does_not_know_is_refused(
        self, seeded: httpx2.Client, path: str, params: dict[str, Any], name: str
    ) -> None:
        status, error = refusal(seeded.get(f"/api/v2/{path}", params=params))
        assert (status, error.startswith(f"Validation failed: {name}: ")) == (400, True)

    def test_the_same_seed_gives_the_same_account_and_another_seed_another(self, seeded: httpx2.Client) -> None:
        with opened(PipedriveSimulator(size=SIZE)) as same, opened(PipedriveSimulator(size=SIZE, seed=2)) as other:
            assert everything(same, "deals") == everything(seeded, "deals")
            assert everything(other, "deals") != everything(seeded, "deals")


class TestObjects:
    def test_a_deal_is_created_read_changed_and_deleted(self, own: httpx2.Client) -> None:
        made = own.post("/api/v2/deals", json={"title": "New", "value": 12.5, "pipeline_id": 2}).json()["data"]
        assert (made["stage_id"], made["status"], made["person_id"]) == (6, "open", None)
        path = f"/api/v2/deals/{made['id']}"
        changed = own.patch(path, json={"status": "lost", "lost_reason": "Price"}).json()["data"]
        assert (changed["lost_time"], changed["won_time"], changed["title"]) == (changed["close_time"], None, "New")
        assert own.get(path).json()["data"] == changed
        assert own.delete(path).json()["data"] == {"id": made["id"]}
        assert own.get(path).json()["data"]["is_deleted"] is True
        assert [deal["id"] for deal in everything(own, "deals", status="deleted")] == [made["id"]]
        assert made["id"] not in [deal["id"] for deal in everything(own, "deals")]
        assert own.patch(path, json={"title": "x"}).status_code == 404

    def test_what_was_deleted_a_month_ago_is_listed_no_more(self) -> None:
        simulator = PipedriveSimulator(size=SIZE)
        with opened(simulator) as client:
            gone = simulator.state.collections["deal"].get(3)
            assert gone is not None
            simulator.state.delete("deal", gone)
            deleted = simulator.state.collections["deal"].changes[3]
            deleted["update_time"] = (dt.datetime.now(dt.UTC) - dt.timedelta(days=31)).strftime("%Y-%m-%dT%H:%M:%SZ")
            assert everything(client, "deals", status="deleted") == []

    def test_a_person_of_an_activity_is_the_primary_participant(self, own: httpx2.Client) -> None:
        body = {"subject": "Call", "participants": [{"person_id": 2, "primary": True}]}
        assert own.post("/api/v2/activities", json=body).json()["data"]["person_id"] == 2
        status, error = refusal(own.post("/api/v2/activities", json={"subject": "Call", "person_id": 2}))
        assert (status, "person_id" in error) == (400, True)

    @pytest.mark.parametrize(
        ("path", "body", "name"),
        [
            ("deals", {"value": 1}, "title"),
            ("deals", {"title": "x", "colour": "red"}, "colour"),
            ("deals", {"title": "x", "value": "12"}, "value"),
            ("deals", {"title": "x", "value": True}, "value"),
            ("deals", {"title": "x", "org_id": 9999}, "org_id"),
            ("deals", {"title": "x", "status": "deleted"}, "status"),
            ("deals", {"title": "x", "custom_fields": {"0" * 40: 1}}, "custom_fields"),
            ("deals", {"title": "x", "0" * 40: 1}, "0" * 40),
            ("stages", {"name": "x"}, "pipeline_id"),
        ],
    )
    def test_a_body_that_does_not_fit_is_refused(
        self, seeded: httpx2.Client, path: str, body: dict[str, Any], name: str
    ) -> None:
        status, error = refusal(seeded.post(f"/api/v2/{path}", json=body))
        assert (status, error.startswith(f"Validation failed: {name}")) == (400, True)

    def test_a_stage_of_another_pipeline_is_refused(self, own: httpx2.Client) -> None:
        (deal,) = everything(own, "deals", ids="1")
        other = next(s for s in everything(own, "stages") if s["pipeline_id"] != deal["pipeline_id"])
        assert own.patch("/api/v2/deals/1", json={"stage_id": other["id"]}).status_code == 400
        both = {"stage_id": other["id"], "pipeline_id": other["pipeline_id"]}
        assert own.patch("/api/v2/deals/1", json=both).json()["data"]["stage_id"] == other["id"]

    def test_with_a_pipeline_its_stages_go(self, own: httpx2.Client) -> None:
        stages = {stage["id"] for stage in everything(own, "stages", pipeline_id=3)}
        assert len(stages) == 2
        own.delete("/api/v2/pipelines/3")
        assert not stages & {stage["id"] for stage in everything(own, "stages")}

    def test_fields_come_page_by_page_and_alone(self, seeded: httpx2.Client) -> None:
        fields = everything(seeded, "dealFields", limit=5)
        custom = [field for field in fields if field["is_custom_field"]]
        assert len(fields) > 10
        assert {len(field["field_code"]) for field in custom} == {40}
        assert seeded.get(f"/api/v2/dealFields/{custom[0]['field_code']}").json()["data"] == custom[0]
        assert seeded.get("/api/v2/dealFields/none").status_code == 404


class TestSearch:
    def test_all_types_and_one(self, seeded: httpx2.Client) -> None:
        found = seeded.get("/api/v2/itemSearch", params={"term": "maple"}).json()["data"]["items"]
        assert {hit["item"]["type"] for hit in found} == {"deal", "person", "organization"}
        only = seeded.get("/api/v2/itemSearch", params={"term": "maple", "item_types": "person"}).json()["data"][
            "items"
        ]
        assert {hit["item"]["type"] for hit in only} == {"person"}
        assert seeded.get("/api/v2/leads/search", params={"term": "maple"}).json()["data"]["items"] == []

    def test_exact_matches_only(self, seeded: httpx2.Client) -> None:
        params = {"term": "MAPLE DYNAMICS", "exact_match": "true"}
        (hit,) = seeded.get("/api/v2/organizations/search", params=params).json()["data"]["items"]
        assert hit["item"]["name"] == "Maple Dynamics"
        params["term"] = "Maple"
        assert seeded.get("/api/v2/organizations/search", params=params).json()["data"]["items"] == []

    def test_pages_of_hits_are_complete(self, seeded: httpx2.Client) -> None:
        found: list[int] = []
        cursor = None
        while True:
            params: dict[str, Any] = {"term": "example", "limit": 3, **({"cursor": cursor} if cursor else {})}
            reply = seeded.get("/api/v2/persons/search", params=params).json()
            found += [hit["item"]["id"] for hit in reply["data"]["items"]]
            if (cursor := reply["additional_data"]["next_cursor"]) is None:
                break
        assert sorted(found) == [person["id"] for person in everything(seeded, "persons")]

    @pytest.mark.parametrize("params", [{}, {"term": "a"}, {"term": "ab", "limit": 101}, {"term": "ab", "start": 0}])
    def test_a_search_that_does_not_fit_is_refused(self, seeded: httpx2.Client, params: dict[str, Any]) -> None:
        assert refusal(seeded.get("/api/v2/itemSearch", params=params))[0] == 400


class TestAccount:
    @pytest.mark.parametrize("base", ["/v1", "/api/v1"])
    def test_v1_answers_at_both_addresses(self, seeded: httpx2.Client, base: str) -> None:
        users = seeded.get(f"{base}/users").json()["data"]
        me = seeded.get(f"{base}/users/me").json()["data"]
        assert (users[0]["id"], me["company_domain"]) == (me["id"], "larkspur")
        assert not all(user["active_flag"] for user in users)
        assert seeded.get(f"{base}/users/{users[3]['id']}").json()["data"] == users[3]
        assert refusal(seeded.get(f"{base}/users/1"))[0] == 404
        assert "call" in [kind["key_string"] for kind in seeded.get(f"{base}/activityTypes").json()["data"]]

    @pytest.mark.parametrize("path", ["/v1/deals", "/api/v2/users", "/api/v2/unicorns"])
    def test_what_a_version_does_not_have_is_not_found(self, seeded: httpx2.Client, path: str) -> None:
        assert seeded.get(path).status_code == 404

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 401),
            ({"x-api-token": "wrong"}, 401),
            ({"Authorization": "Bearer wrong"}, 401),
            ({"x-api-token": TOKEN}, 200),
            ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ],
    )
    def test_tokens_go_into_headers(self, seeded: httpx2.Client, headers: dict[str, str], status: int) -> None:
        url = seeded.base_url.join(f"/v1/users/me?api_token={TOKEN}")
        assert httpx2.get(url, headers=headers).status_code == status

    def test_the_burst_limit_says_what_is_left_in_relative_seconds(self) -> None:
        with opened(PipedriveSimulator(size=4, limit=Limit(2, 30))) as client:
            first, _, third = (client.get("/v1/users/me") for _ in range(3))
        assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("2", "1")
        assert third.status_code == 429
        assert 0 < float(third.headers["x-ratelimit-reset"].split(",")[0]) <= 30

    @pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500), ("expired_token", 401), ("revoked", 401)])
    def test_faults_are_worded_as_pipedrive_does(self, kind: Any, status: int) -> None:
        with opened(PipedriveSimulator(size=4, faults=[Fault(kind, times=1)])) as client:
            assert refusal(client.get("/api/v2/deals"))[0] == status


class TestWebhooks:
    def test_a_webhook_hears_of_what_it_asked_for_and_of_nothing_else(self) -> None:
        simulator = PipedriveSimulator(size=SIZE)
        with opened(simulator) as client:
            hook = {
                "subscription_url": str(client.base_url.join("/nowhere")),
                "event_action": "delete",
                "event_object": "person",
                "name": "Gone",
            }
            made = client.post("/v1/webhooks", json={**hook, "http_auth_user": "u", "http_auth_password": "p"})
            assert (made.status_code, made.json()["data"]["version"]) == (201, "2.0")
            simulator.create("contacts")
            simulator.remove("accounts")
            gone = simulator.remove("contacts")
            (delivery,) = simulator.outbox.wait()
            told = httpx2.Response(200, content=delivery.body).json()
            assert (told["meta"]["action"], told["meta"]["entity"], told["meta"]["entity_id"]) == (
                "delete",
                "person",
                gone,
            )
            assert (told["data"], str(told["previous"]["id"])) == (None, gone)
            assert delivery.headers["authorization"] == "Basic dTpw"
            (listed,) = client.get("/v1/webhooks").json()["data"]
            assert client.delete(f"/v1/webhooks/{listed['id']}").json() == {"status": "ok", "success": True}
            assert client.delete(f"/v1/webhooks/{listed['id']}").status_code == 404
            assert client.post("/v1/webhooks", json={"name": "x"}).status_code == 400
