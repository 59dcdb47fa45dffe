"""Pipedrive's connector against its simulator: what becomes of what, what a run costs, operations, search, webhooks."""

from __future__ import annotations

import datetime as dt
import json
import shlex
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors._pipedrive.operations import OPERATIONS
from connectors.parameters import coerce_text, parse_parameters, validate_arguments
from revtops_tui.engine import operations
from revtops_tui.engine.connections import connect, use
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.limits import Limit
from revtops_tui.simulators.pipedrive import PipedriveSimulator
from revtops_tui.simulators.pipedrive.seeded import key
from revtops_tui.simulators.pipedrive.state import State
from revtops_tui.simulators.server import serve
from store.credentials import MemoryCredentials
from store.database import FILE_NAME
from tests.support.vendors import Connected, connected

SIZE = 40
TOKEN = "simulated-token"


@pytest.fixture
def office(home: Path) -> Iterator[Connected]:
    """A connection to a simulated account, not yet synced."""
    with connected(home, PipedriveSimulator(size=SIZE), webhook_password="a password") as office:
        yield office


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    """A connection that the tests which share it only read with."""
    with connected(tmp_path_factory.mktemp("pipedrive") / "home", PipedriveSimulator(size=SIZE)) as office:
        yield office


def state(office: Connected) -> State:
    assert isinstance(office.simulator, PipedriveSimulator)
    return office.simulator.state


def item(office: Connected, kind: str, object_id: Any) -> dict[str, Any]:
    found = state(office).collections[kind].get(int(object_id))
    assert found is not None
    return found


def deal_with(office: Connected, **values: Any) -> str:
    return str(state(office).create("deal", {"title": "Planted", **values})["id"])


def requests(office: Connected) -> dict[str, int]:
    """The requests since it was last asked."""
    made = dict(office.simulator.traffic.requests)
    office.simulator.traffic.requests.clear()
    return made


def email(office: Connected, user_id: int) -> str:
    return str(next(user["email"] for user in state(office).users if user["id"] == user_id))


class TestWhatBecomesOfWhat:
    def test_a_deal(self, office: Connected) -> None:
        custom = {
            key("deal", "Contract"): 42,
            key("deal", "Products"): [51, 53],
            key("deal", "Setup fee"): {"value": 500, "currency": "EUR"},
            key("deal", "Competitor"): None,
        }
        values = {"value": 1200.5, "currency": "GBP", "org_id": 3, "person_id": 4, "expected_close_date": "2027-03-04"}
        planted = deal_with(office, **values, label_ids=[31], custom_fields=custom)
        owner = state(office).users[0]["email"]
        office.synced()
        row = office.rows("deals")[planted]
        expected = {
            "name": "Planted",
            "amount": 1200.5,
            "currency": "GBP",
            "stage": "Appointment Scheduled",
            "probability": 0.2,
            "close_date": "2027-03-04",
            "account_source_id": "3",
            "pipeline_source_id": "1",
            "owner_email": owner,
            "url": f"https://larkspur.pipedrive.com/deal/{planted}",
        }
        assert {name: row[name] for name in expected} == expected
        kept = row["custom_fields"]
        assert (kept["status"], kept["person_id"], kept["stage_id"]) == ("open", 4, 1)
        assert (kept["Contract"], kept["Products"], kept["label_ids"]) == (
            "Annual",
            ["Insights Platform", "Data Hub"],
            ["Hot"],
        )
        assert kept["Setup fee"] == {"value": 500, "currency": "EUR"}
        assert not {"Competitor", "owner_id", "title", "is_deleted"} & kept.keys()

    def test_custom_fields_of_one_name_do_not_hide_each_other(self, office: Connected) -> None:
        first, second, status = (key("deal", name) for name in ("Region", "Region (2)", "status"))
        planted = deal_with(office, custom_fields={first: "North", second: 62, status: "on hold"})
        office.synced()
        kept = office.rows("deals")[planted]["custom_fields"]
        assert (kept[f"Region ({first})"], kept[f"Region ({second})"]) == ("North", "Americas")
        assert (kept["status"], kept[f"status ({status})"]) == ("open", "on hold")

    @pytest.mark.parametrize(("status", "probability"), [("won", 1.0), ("lost", 0.0)])
    def test_a_closed_deal_is_certain_and_has_the_day_that_it_closed(
        self, status: str, probability: float, office: Connected
    ) -> None:
        planted = deal_with(office, status=status, probability=60, expected_close_date="2030-01-01")
        closed = item(office, "deal", planted)["close_time"]
        office.synced()
        row = office.rows("deals")[planted]
        assert (row["probability"], row["close_date"]) == (probability, closed[:10])
        assert (row["stage"], row["custom_fields"]["status"]) == ("Appointment Scheduled", status)
        assert row["custom_fields"]["expected_close_date"] == "2030-01-01"

    def test_a_deal_s_own_percentage_comes_before_its_stage_s(self, office: Connected) -> None:
        planted = deal_with(office, probability=35)
        office.synced()
        assert office.rows("deals")[planted]["probability"] == 0.35

    def test_a_person(self, office: Connected) -> None:
        emails = [
            {"value": "home@ada.example", "primary": False, "label": "home"},
            {"value": "ada@work.example", "primary": True, "label": "work"},
        ]
        phones = [{"value": "+49 1", "primary": False, "label": "work"}]
        made = state(office).create("person", {"name": "Ada Ellis", "emails": emails, "phones": phones, "org_id": 2})
        office.synced()
        row = office.rows("contacts")[str(made["id"])]
        assert (row["name"], row["email"], row["phone"], row["account_source_id"]) == (
            "Ada Ellis",
            "ada@work.example",
            "+49 1",
            "2",
        )
        assert row["url"] == f"https://larkspur.pipedrive.com/person/{made['id']}"
        assert row["custom_fields"]["emails"] == emails

    @pytest.mark.parametrize(
        ("website", "domain"),
        [
            ("https://www.maple.example/about", "maple.example"),
            ("Maple.example", "maple.example"),
            ("http://[half", None),
            (None, None),
        ],
    )
    def test_an_organization(self, website: str | None, domain: str | None, office: Connected) -> None:
        values = {"website": website, "industry": 4, "employee_count": 12, "annual_revenue": 99}
        made = state(office).create("organization", {"name": "Maple", **values})
        office.synced()
        row = office.rows("accounts")[str(made["id"])]
        assert (row["domain"], row["industry"], row["employee_count"], row["annual_revenue"]) == (
            domain,
            "Logistics",
            12,
            99,
        )
        assert row["custom_fields"].get("website") == website

    @pytest.mark.parametrize(
        ("due", "expected"),
        [
            ({"due_date": "2026-05-06", "due_time": "15:30:00"}, "2026-05-06T15:30:00.000000Z"),
            ({"due_date": "2026-05-06", "due_time": "15:30"}, "2026-05-06T15:30:00.000000Z"),
            ({"due_date": "2026-05-06"}, "2026-05-06T00:00:00.000000Z"),
        ],
    )
    def test_an_activity(self, due: dict[str, str], expected: str, office: Connected) -> None:
        people = [{"person_id": 3, "primary": False}, {"person_id": 5, "primary": True}]
        values = {"subject": "Demo", "type": "meeting", "deal_id": 7, "org_id": 2, "note": "<b>Bring</b> slides"}
        made = state(office).create("activity", {**values, "participants": people, **due})
        office.synced()
        row = office.rows("activities")[str(made["id"])]
        assert (row["type"], row["subject"], row["description"]) == ("meeting", "Demo", "<b>Bring</b> slides")
        assert (row["deal_source_id"], row["account_source_id"], row["contact_source_id"]) == ("7", "2", "5")
        assert row["activity_date"] == expected
        assert row["custom_fields"]["participants"] == people

    def test_an_activity_without_a_day_has_that_of_its_creation(self, office: Connected) -> None:
        made = state(office).create("activity", {"subject": "Some day"})
        office.synced()
        row = office.rows("activities")[str(made["id"])]
        assert row["activity_date"][:19] == made["add_time"][:19]

    def test_an_owner_whom_pipedrive_does_not_list_stays_as_an_id(self, office: Connected) -> None:
        planted = deal_with(office, owner_id=99)
        office.synced()
        row = office.rows("deals")[planted]
        assert (row["owner_email"], row["custom_fields"]["owner_id"]) == (None, 99)


class TestSync:
    def test_archived_deals_are_there_and_go_on_being_seen(self, office: Connected) -> None:
        office.synced()
        (archived,) = (row for row in office.rows("deals").values() if row["custom_fields"]["is_archived"])
        deals = state(office).collections["deal"]
        state(office).update("deal", item(office, "deal", archived["source_id"]), {"title": "Renamed in the archive"})
        state(office).update("deal", item(office, "deal", 2), {"is_archived": True})
        assert office.synced()["deals"]["updated"] == 2
        rows = office.rows("deals")
        assert rows[archived["source_id"]]["name"] == "Renamed in the archive"
        assert rows["2"]["custom_fields"]["is_archived"] is True
        assert len(rows) == deals.count()

    def test_deleted_deals_are_seen_at_once_archived_ones_too(self, office: Connected) -> None:
        office.synced()
        (archived,) = (i for i, row in office.rows("deals").items() if row["custom_fields"]["is_archived"])
        for deal in ("3", archived):
            state(office).delete("deal", item(office, "deal", deal))
        assert office.synced()["deals"]["deleted"] == 2
        assert {"3", archived} == office.rows("deals", deleted=True).keys()

    def test_a_run_without_news_asks_for_nothing_but_changes(self, office: Connected) -> None:
        office.synced()
        requests(office)
        office.synced()
        assert requests(office) == {
            "GET /api/v2/pipelines": 1,
            "GET /api/v2/stages": 1,
            "GET /api/v2/organizations": 1,
            "GET /api/v2/persons": 1,
            "GET /api/v2/deals": 2,
            "GET /api/v2/deals/archived": 2,
            "GET /api/v2/activities": 1,
        }

    @pytest.mark.parametrize(
        ("entity", "hours"), [("contacts", 24), ("accounts", 24), ("activities", 24), ("deals", 25 * 24)]
    )
    def test_what_has_no_lasting_list_of_deletions_is_listed_in_full_when_it_is_time(
        self, entity: str, hours: int, office: Connected
    ) -> None:
        office.synced()
        gone = office.simulator.remove(entity)
        if entity != "deals":
            assert office.synced()[entity]["deleted"] == 0, "nothing tells of it yet"
        office.simulator.change(entity)
        age(office, entity, dt.timedelta(hours=hours - 1))
        requests(office)
        assert office.synced()[entity]["unchanged"] == 0
        age(office, entity, dt.timedelta(hours=hours))
        state(office).users[1]["email"] = "moved@larkspur.example"
        found = office.synced()[entity]
        assert found["unchanged"] > 0
        assert gone in office.rows(entity, deleted=True)
        assert office.counts()[entity] == office.simulator.counts()[entity]
        assert office.synced()[entity]["unchanged"] <= 1, "and not again before it is time again"

    def test_a_full_run_sees_every_deletion(self, office: Connected) -> None:
        office.synced()
        gone = {entity: office.simulator.remove(entity) for entity in ("contacts", "accounts", "activities")}
        office.synced(full=True)
        assert all(source_id in office.rows(entity, deleted=True) for entity, source_id in gone.items())

    def test_a_window_of_the_user_s_is_no_reason_to_list_everything(self, office: Connected) -> None:
        office.synced()
        age(office, "contacts", dt.timedelta(days=9))
        found = office.synced(since=dt.datetime.now(dt.UTC) - dt.timedelta(days=1))
        assert found["contacts"]["unchanged"] == 0

    def test_listings_of_many_pages_are_complete(self, home: Path) -> None:
        with connected(home, PipedriveSimulator(size=1_100)) as office:
            office.synced()
            assert office.counts() == office.simulator.counts()
            made = requests(office)
            assert (made["GET /api/v2/deals"], made["GET /api/v2/activities"]) == (3, 5)

    def test_the_stated_burst_limit_is_kept(self, home: Path) -> None:
        with connected(home, PipedriveSimulator(size=SIZE, limit=Limit(4, 0.2))) as office:
            office.synced()
            assert office.counts() == office.simulator.counts()

    def test_fetching_one_deal(self, office: Connected) -> None:
        assert use(office.ws, "pipedrive", lambda connector: connector.fetch_deal("3")) == item(office, "deal", 3)


def age(office: Connected, entity: str, by: dt.timedelta) -> None:
    """Let it be that long since everything was listed."""
    listed = (dt.datetime.now(dt.UTC) - by).strftime("%Y-%m-%dT%H:%M:%SZ")
    with sqlite3.connect(office.ws.home / FILE_NAME) as file:
        file.execute("UPDATE watermarks SET bookmark = ? WHERE entity = ?", (json.dumps({"listed": listed}), entity))
    file.close()


class TestConnecting:
    def connect(self, home: Path, url: str, **credentials: str) -> str:
        with Workspace(home, "acme", credentials=MemoryCredentials()) as ws:
            return connect(ws, "pipedrive", credentials, base_url=url).identity or ""

    @pytest.mark.parametrize("field", ["api_token", "access_token"])
    def test_an_api_token_or_a_token_of_oauth(self, field: str, home: Path) -> None:
        with serve(PipedriveSimulator(size=4).app) as server:
            identity = self.connect(home, server.url, **{field: TOKEN})
        assert identity.endswith("@larkspur.example, Larkspur Systems (larkspur.pipedrive.com)")

    @pytest.mark.parametrize("credentials", [{}, {"webhook_password": "only this"}])
    def test_neither_is_refused_before_anything_is_asked(self, credentials: dict[str, str], home: Path) -> None:
        simulator = PipedriveSimulator(size=4)
        with serve(simulator.app) as server, pytest.raises(EngineError) as refused:
            self.connect(home, server.url, **credentials)
        assert refused.value.kind == "authentication"
        assert not simulator.traffic.requests

    @pytest.mark.parametrize(
        ("body", "kind", "words"),
        [
            (b'{"success": false, "error": "Account is suspended"}', "invalid_input", "Account is suspended"),
            (b"<html>just a moment</html>", "vendor_unavailable", "/v1/users/me"),
        ],
    )
    def test_a_refusal_in_a_good_answer_is_one(self, body: bytes, kind: str, words: str, home: Path) -> None:
        async def refuse(_: Request) -> Response:
            return Response(body, media_type="application/json")

        with (
            serve(Starlette(routes=[Route("/{path:path}", refuse)])) as server,
            pytest.raises(EngineError, match=words) as refused,
        ):
            self.connect(home, server.url, api_token=TOKEN)
        assert refused.value.kind == kind


class TestWrite:
    def refused(self, office: Connected, operation: str, **data: Any) -> EngineError:
        """The refusal of a write; nothing was written."""
        requests(office)
        done = operations.write(office.ws, "pipedrive", operation, data)
        assert done.error is not None
        made = requests(office)
        assert not [name for name in made if name.startswith(("POST", "PATCH"))]
        return done.error

    def test_a_deal_with_names_for_everything(self, office: Connected) -> None:
        organization, person = item(office, "organization", 1), item(office, "person", 2)
        owner = next(user for user in state(office).users[1:] if user["active_flag"])
        told = office.write(
            "create_deal",
            title="Expansion",
            value=5000,
            currency="EUR",
            pipeline="renewals",
            stage="Negotiation",
            owner=owner["name"],
            organization=organization["name"].upper(),
            person=person["emails"][0]["value"],
            expected_close_date="2027-01-31",
            custom_fields={"Contract": "Annual", "Products": ["Forecasting"], "Competitor": "Initech"},
        )
        assert told == {
            "id": told["id"],
            "title": "Expansion",
            "url": f"https://larkspur.pipedrive.com/deal/{told['id']}",
            "created": True,
        }
        made = item(office, "deal", told["id"])
        assert (made["pipeline_id"], made["stage_id"], made["owner_id"]) == (2, 7, owner["id"])
        assert (made["org_id"], made["person_id"], made["value"]) == (1, 2, 5000)
        custom = made["custom_fields"]
        assert custom[key("deal", "Contract")] == 42
        assert custom[key("deal", "Products")] == [52]
        assert custom[key("deal", "Competitor")] == "Initech"

    @pytest.mark.parametrize(
        ("operation", "data"),
        [
            ("create_deal", {"title": "Twice", "value": 10, "organization": "3"}),
            ("create_person", {"name": "Twice Ada", "email": "twice@ada.example", "phone": "+49 30 1"}),
            ("create_activity", {"subject": "Twice", "person": "2", "due_date": "2027-01-02", "due_time": "09:00"}),
        ],
    )
    def test_creating_the_same_again_creates_nothing(
        self, operation: str, data: dict[str, Any], office: Connected
    ) -> None:
        first = office.write(operation, **data)
        again = office.write(operation, **data)
        assert (first["created"], again["created"], again["id"]) == (True, False, first["id"])
        name = next(iter(data))
        other = office.write(operation, **{**data, name: "Another"})
        assert other["created"]

    def test_what_was_created_long_ago_is_not_the_same(self, office: Connected) -> None:
        first = office.write("create_deal", title="Yearly renewal")
        made = item(office, "deal", first["id"])
        made["add_time"] = "2025-01-01T00:00:00Z"
        assert office.write("create_deal", title="Yearly renewal")["created"]

    def test_a_lost_answer_is_told_as_unknown_and_repeating_finds_the_deal(self, office: Connected) -> None:
        office.simulator.traffic.faults.append(Fault("lost_reply", method="POST"))
        done = operations.write(office.ws, "pipedrive", "create_deal", {"title": "Once"})
        assert done.status == "unknown"
        office.simulator.traffic.faults.clear()
        assert not office.write("create_deal", title="Once")["created"]

    def test_a_stage_of_two_pipelines_is_asked_about(self, office: Connected) -> None:
        state(office).create("stage", {"name": "Negotiation", "pipeline_id": 1, "deal_probability": 50})
        error = self.refused(office, "create_deal", title="x", stage="Negotiation")
        assert "2 stages are called Negotiation" in error.message
        assert "Renewals / Negotiation" in error.message
        told = office.write("create_deal", title="x", stage="Renewals / Negotiation")
        assert item(office, "deal", told["id"])["stage_id"] == 7

    @pytest.mark.parametrize(
        ("data", "message", "hint"),
        [
            ({"stage": "Contract Send"}, "no stage Contract Send", "Contract Sent"),
            ({"stage": "Registered", "pipeline": "Renewals"}, "no stage Registered in pipeline Renewals", "Renewals"),
            ({"pipeline": "Sales"}, "no pipeline Sales", "Sales Pipeline"),
            ({"owner": "Nobody"}, "no user Nobody", "There are"),
            ({"organization": "Dynamics"}, "no organization Dynamics", "Maple Dynamics"),
            ({"organization": "Zzzzz"}, "no organization Zzzzz", "finds nothing like it"),
            ({"person": "Q"}, "no person Q", "finds nothing like it"),
            ({"custom_fields": {"Contrakt": 1}}, "no custom field of a deal Contrakt", "Contract"),
            ({"custom_fields": {"Contract": "Weekly"}}, "no option of Contract Weekly", "Monthly"),
        ],
    )
    def test_a_name_that_is_none_is_refused_with_those_there_are(
        self, data: dict[str, Any], message: str, hint: str, reading: Connected
    ) -> None:
        error = self.refused(reading, "create_deal", title="x", **data)
        assert message in error.message
        assert hint in (error.hint or "")

    def test_two_of_one_name_are_told_with_their_ids(self, office: Connected) -> None:
        twins = [state(office).create("organization", {"name": "Twin Ltd"})["id"] for _ in range(2)]
        error = self.refused(office, "create_deal", title="x", organization="twin ltd")
        assert all(f"Twin Ltd ({twin})" in error.message for twin in twins)
        assert office.write("create_deal", title="x", organization=str(twins[1]))["created"]

    def test_somebody_who_left_gets_no_deals(self, reading: Connected) -> None:
        left = next(user for user in state(reading).users if not user["active_flag"])
        assert (
            f"no user {left['email']}" in self.refused(reading, "create_deal", title="x", owner=left["email"]).message
        )

    def test_a_deal_moves_within_its_own_pipeline(self, office: Connected) -> None:
        made = deal_with(office, pipeline_id=2)
        office.write("update_deal", id=made, stage="Negotiation", amount=7)
        assert (item(office, "deal", made)["stage_id"], item(office, "deal", made)["value"]) == (7, 7)
        error = self.refused(office, "update_deal", id=made, stage="Contract Sent")
        assert "no stage Contract Sent in pipeline Renewals" in error.message
        office.write("update_deal", id=made, pipeline="Sales Pipeline", stage="Contract Sent", status="won")
        moved = item(office, "deal", made)
        assert (moved["pipeline_id"], moved["stage_id"], moved["status"]) == (1, 5, "won")

    def test_a_custom_field_is_cleared_and_the_others_stay(self, office: Connected) -> None:
        contract, competitor = key("deal", "Contract"), key("deal", "Competitor")
        made = deal_with(office, custom_fields={contract: 41, competitor: "Globex"})
        office.write("update_deal", deal_id=made, custom_fields={"Contract": None})
        assert item(office, "deal", made)["custom_fields"] == {contract: None, competitor: "Globex"}

    def test_a_new_address_of_a_person_takes_none_of_the_others_away(self, office: Connected) -> None:
        emails = [
            {"value": "old@ada.example", "primary": True, "label": "work"},
            {"value": "home@ada.example", "primary": False, "label": "home"},
        ]
        made = str(state(office).create("person", {"name": "Ada", "emails": emails})["id"])
        office.write("update_person", id=made, email="home@ada.example", name="Ada Ellis")
        person = item(office, "person", made)
        assert person["name"] == "Ada Ellis"
        assert person["emails"] == [
            {"value": "home@ada.example", "primary": True, "label": "home"},
            {"value": "old@ada.example", "primary": False, "label": "work"},
        ]

    def test_an_activity_about_a_deal_with_a_person(self, office: Connected) -> None:
        title = item(office, "deal", 1)["title"]
        data = {"type": "Meeting", "due_date": "2027-02-03", "due_time": "10:30", "duration": "00:45"}
        told = office.write("create_activity", subject="Demo", deal=title, person="2", **data)
        made = item(office, "activity", told["id"])
        assert (made["type"], made["deal_id"], made["person_id"], made["due_time"]) == ("meeting", 1, 2, "10:30")
        office.write("update_activity", id=told["id"], done=True, note="Went well")
        assert (item(office, "activity", told["id"])["done"], told["subject"]) == (True, "Demo")
        error = self.refused(office, "create_activity", subject="x", type="Meating")
        assert "meeting (Meeting)" in (error.hint or "")

    def test_an_id_that_is_none_and_one_that_does_not_exist(self, reading: Connected) -> None:
        assert "is a number, not Maple" in self.refused(reading, "update_deal", id="Maple", value=1).message
        done = operations.write(reading.ws, "pipedrive", "update_deal", {"id": "99999", "value": 1})
        assert done.error is not None
        assert (done.error.kind, "Deal not found" in done.error.message) == ("not_found", True)

    def test_pipedrive_s_own_refusal_is_told_in_its_words(self, reading: Connected) -> None:
        done = operations.write(reading.ws, "pipedrive", "create_deal", {"title": "x", "organization": "99999"})
        assert done.error is not None
        assert (done.error.kind, "organization 99999 was not found" in done.error.message) == ("invalid_input", True)

    def test_the_page_s_examples_are_operations(self) -> None:
        page = (Path(__file__).parent.parent / "docs" / "connectors" / "pipedrive.md").read_text(encoding="utf-8")
        examples = [shlex.split(line)[3:] for line in page.splitlines() if line.startswith("revtops write pipedrive")]
        declared = {operation.name: parse_parameters(operation.parameters) for operation in OPERATIONS}
        assert {name for name, *_ in examples} == declared.keys()
        for name, *pairs in examples:
            texts = dict(pair.split("=", 1) for pair in pairs)
            validate_arguments(declared[name], coerce_text(declared[name], texts))


class TestQuery:
    def test_words_in_all_types(self, reading: Connected) -> None:
        answer = reading.query("maple")
        kind, name = answer["columns"].index("type"), answer["columns"].index("name")
        assert {row[kind] for row in answer["rows"]} == {"deal", "person", "organization"}
        assert ["organization", "Maple Dynamics"] in [[row[kind], row[name]] for row in answer["rows"]]
        assert answer["truncated"] is False

    def test_words_in_one_type_with_a_limit(self, reading: Connected) -> None:
        answer = reading.query("Deals: maple limit 2")
        assert [row[answer["columns"].index("organization")] for row in answer["rows"]] == ["Maple Dynamics"] * 2
        assert answer["truncated"] is True

    def test_more_rows_than_a_page_has(self, home: Path) -> None:
        with connected(home, PipedriveSimulator(size=600)) as large:
            everything = large.query("activities limit 5000")
            assert everything["rows"] == []
            answer = large.query("persons: example limit 250")
            assert (len(answer["rows"]), answer["truncated"]) == (250, True)
            assert len({row[1] for row in answer["rows"]}) == 250

    def test_in_quotes_only_what_is_exactly_that(self, reading: Connected) -> None:
        address = item(reading, "person", 2)["emails"][0]["value"]
        (row,) = reading.query(f'contacts: "{address}"')["rows"]
        assert row[:2] == ["person", 2]
        assert reading.query('"Dynamics"')["rows"] == []

    def test_filters_as_json(self, reading: Connected) -> None:
        answer = reading.query('{"type": "deals", "term": "maple", "status": "won", "organization_id": 1}')
        assert {row[answer["columns"].index("status")] for row in answer["rows"]} == {"won"}

    @pytest.mark.parametrize(
        ("request_", "words"),
        [
            ("a", "at least two characters"),
            ("deals:", "at least two characters"),
            ('{"type": "deals", "term": "ab", "colour": 1}', "no colour"),
            ('{"type": "unicorns", "term": "ab"}', "no search of unicorns"),
            ('{"type": ', "not JSON"),
            ("maple limit 0", "from 1 on"),
        ],
    )
    def test_a_request_that_makes_no_sense_is_refused_here(self, request_: str, words: str, reading: Connected) -> None:
        requests(reading)
        with pytest.raises(EngineError, match=words):
            reading.query(request_)
        assert requests(reading) == {}

    def test_the_schema_has_the_names_of_custom_fields(self, reading: Connected) -> None:
        schema = {entry["name"]: entry["columns"] for entry in operations.schema(reading.ws, "pipedrive")}
        assert schema.keys() == {"deals", "persons", "organizations"}
        assert {"name": key("deal", "Contract"), "type": "enum", "label": "Contract"}.items() <= next(
            column for column in schema["deals"] if column["label"] == "Contract"
        ).items()


@pytest.fixture
def listening(office: Connected) -> Iterator[Connected]:
    """An account whose webhooks arrive at the connection."""

    async def take(request: Request) -> Response:
        body, headers = await request.body(), dict(request.headers)
        try:
            await run_in_threadpool(office.receive, body, headers)
        except EngineError as error:
            return Response(error.message, 401)
        return Response()

    office.synced()
    with serve(Starlette(routes=[Route("/hooks", take, methods=["POST"])])) as server:
        hook = {"subscription_url": f"{server.url}/hooks", "event_action": "*", "event_object": "*", "name": "revtops"}
        auth = {"http_auth_user": "revtops", "http_auth_password": "a password"}
        reply = httpx2.post(f"{office.url}/v1/webhooks", json={**hook, **auth}, headers={"x-api-token": TOKEN})
        assert reply.status_code == 201
        yield office
        office.simulator.outbox.wait()


class TestListen:
    @pytest.mark.parametrize("entity", ["deals", "contacts", "accounts", "activities", "pipelines", "pipeline_stages"])
    def test_what_was_created_changed_and_deleted_is_known_at_once(self, entity: str, listening: Connected) -> None:
        simulator = listening.simulator
        created, changed, removed = simulator.create(entity), simulator.change(entity), simulator.remove(entity)
        assert {delivery.status for delivery in simulator.outbox.wait()} == {200}
        rows = listening.rows(entity)
        assert created in rows
        assert "changed" in json.dumps(rows[changed])
        assert removed in listening.rows(entity, deleted=True)

    def test_an_event_leaves_the_row_as_a_sync_would(self, listening: Connected) -> None:
        state(listening).update("deal", item(listening, "deal", 5), {"value": 4711})
        listening.simulator.outbox.wait()
        row = listening.rows("deals")["5"]
        assert row["amount"] == 4711
        listening.synced(full=True)
        again = listening.rows("deals")["5"]
        assert {**row, "synced_at": "", "run_id": 0} == {**again, "synced_at": "", "run_id": 0}

    def test_nothing_that_a_webhook_says_is_believed(self, listening: Connected) -> None:
        state(listening).delete("person", item(listening, "person", 3))
        (delivery,) = listening.simulator.outbox.wait()
        told = json.loads(delivery.body)
        told["meta"] |= {"entity_id": "4"}
        listening.receive(json.dumps(told).encode(), delivery.headers)
        assert "4" in listening.rows("contacts"), "it is there, whatever was said of it"
        state(listening).update("person", {**item(listening, "person", 3), "is_deleted": False}, {})
        listening.simulator.outbox.wait()
        listening.receive(delivery.body, delivery.headers)
        assert "3" in listening.rows("contacts"), "an old message changes nothing"

    @pytest.mark.parametrize(
        "authorization",
        [None, "Basic", "Basic !!!", "Basic cmV2dG9wczp3cm9uZw==", "Bearer a password", "Basic YSBwYXNzd29yZA=="],
    )
    def test_without_the_password_it_is_refused(self, authorization: str | None, office: Connected) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        requests(office)
        with pytest.raises(EngineError, match="password") as refused:
            office.receive(b'{"meta": {"version": "2.0", "entity": "deal", "action": "change"}}', headers)
        assert refused.value.kind == "webhook_refused"
        assert "a password" not in str(refused.value)
        assert requests(office) == {}

    def test_a_connection_without_a_password_takes_none(self, home: Path) -> None:
        with (
            connected(home, PipedriveSimulator(size=4)) as office,
            pytest.raises(EngineError, match="no webhook password"),
        ):
            office.receive(b"{}", {"Authorization": "Basic Og=="})

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b'{"v": 1, "meta": {"v": 1, "action": "updated", "object": "deal"}}', "no webhook of version 2"),
            (b"[]", "no webhook of version 2"),
            (b"{", "no JSON"),
        ],
    )
    def test_a_webhook_of_another_kind_is_told_what_is_wrong(self, body: bytes, words: str, office: Connected) -> None:
        with pytest.raises(EngineError, match=words):
            office.receive(body, {"Authorization": "Basic cmV2dG9wczphIHBhc3N3b3Jk"})

    def test_what_is_not_synced_is_left_alone(self, office: Connected) -> None:
        requests(office)
        body = b'{"meta": {"version": "2.0", "entity": "note", "action": "create", "entity_id": "1", "id": "x"}}'
        office.receive(body, {"Authorization": "Basic cmV2dG9wczphIHBhc3N3b3Jk"})
        assert requests(office) == {}
