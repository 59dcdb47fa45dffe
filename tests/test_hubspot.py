"""The HubSpot connector against the simulator: real HTTP, the real engine, a real database."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.context import ConnectorContext
from connectors.errors import InvalidInputError, NotFoundError, RateLimitedError
from connectors.http import Exchange, RateBudget
from connectors.hubspot import HubSpotConnector
from revtops_tui.engine import connections, operations, rejected, sync
from revtops_tui.engine.sync import RunResult, SyncOptions
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.hubspot import HubSpotSimulator
from revtops_tui.simulators.hubspot.associations import association_types
from revtops_tui.simulators.hubspot.schema import STAGES
from revtops_tui.simulators.server import serve
from store.credentials import MemoryCredentials

TOKEN = "simulated-token"
ENTITIES = {
    "accounts": ["companies"],
    "contacts": ["contacts"],
    "deals": ["deals"],
    "goals": ["goal_targets"],
    "activities": ["calls", "emails", "meetings", "notes", "tasks"],
}


class Portal:
    """A simulated HubSpot account, connected in a workspace of its own."""

    def __init__(self, simulator: HubSpotSimulator, url: str, ws: Workspace) -> None:
        self.simulator, self.url, self.ws = simulator, url, ws
        self.state = simulator.state
        self.faults = simulator.traffic.faults
        connections.connect(ws, "hubspot", {"access_token": TOKEN}, base_url=url)

    @property
    def requests(self) -> Counter[str]:
        """Requests so far, by method and path."""
        return self.simulator.traffic.requests

    def run(self, *entities: str, **options: Any) -> RunResult:
        """Sync, and forget the requests before it."""
        self.requests.clear()
        return sync.sync(self.ws, ["hubspot"], SyncOptions(entities=entities, **options))[0]

    def admin(self, verb: str, kind: str, **values: Any) -> list[str]:
        """What a test does behind HubSpot's back: touch, delete or create objects; returns their ids."""
        answer = httpx2.post(f"{self.url}/_simulator/{verb}", json={"type": kind, **values}).raise_for_status()
        ids: list[str] = answer.json()["ids"]
        return ids

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A request of another client's."""
        answer = httpx2.post(self.url + path, json=body, headers={"Authorization": f"Bearer {TOKEN}"})
        document: dict[str, Any] = answer.raise_for_status().json()
        return document

    def first(self, kind: str) -> int:
        """The lowest id of an object type."""
        return self.state.stores[kind].seeded.first

    def truth(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of every live object, by id."""
        return {str(item.id): item.properties for item in self.state.stores[kind].page(0, 1_000_000)}

    def primary(self, kind: str, object_id: str, target: str) -> str | None:
        """The id of the object that another one belongs to, according to the simulator."""
        links = self.state.associations.of(kind, int(object_id), target)
        labelled = [linked for linked, types in links.items() if any(t.label == "Primary" for t in types)]
        return str(next(iter(labelled or links))) if links else None

    def rows(self, table: str, *, deleted: bool = False) -> dict[str, dict[str, Any]]:
        """The stored rows by source id; those marked deleted with `deleted`."""
        condition = "deleted_at IS NOT NULL" if deleted else "deleted_at IS NULL"
        cursor = self.ws.database.reader().execute(f'SELECT * FROM "{table}" WHERE {condition}')
        names = [column[0] for column in cursor.description]
        return {row[names.index("source_id")]: dict(zip(names, row, strict=True)) for row in cursor}


@pytest.fixture
def open_portal(tmp_path: Path) -> Iterator[Callable[..., Portal]]:
    """Opens a portal; `size` is its number of deals, `replies` what is answered below a path in place of its own."""
    with ExitStack() as stack:

        def open_one(size: int = 300, replies: Mapping[str, bytes] | None = None) -> Portal:
            simulator = HubSpotSimulator(size=size)
            server = stack.enter_context(serve(_answering(simulator.app, replies or {})))
            ws = stack.enter_context(Workspace(tmp_path / "home", "acme", credentials=MemoryCredentials()))
            return Portal(simulator, server.url, ws)

        yield open_one


def _answering(app: ASGIApp, replies: Mapping[str, bytes]) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        reply = next((reply for path, reply in replies.items() if scope["path"].startswith(path)), None)
        await (app if reply is None else Response(reply))(scope, receive, send)

    return answer


@pytest.fixture
def portal(open_portal: Callable[..., Portal]) -> Portal:
    """A portal of 300 deals."""
    return open_portal()


def outcome(result: RunResult) -> dict[str, int]:
    """What a run of one entity did, without the zeros."""
    assert result.status == "success", result.error
    (counts,) = result.entities.values()
    return {name: count for name, count in counts.items() if count}


def asked(portal: Portal, part: str) -> int:
    """How many requests had this in their method and path."""
    return sum(count for path, count in portal.requests.items() if part in path)


# -- a full sync -------------------------------------------------------------------------------------------------------


def test_a_first_sync_stores_everything_there_is(portal: Portal) -> None:
    result = portal.run()
    assert result.status == "success"
    for entity, kinds in ENTITIES.items():
        live = sum(portal.state.stores[kind].count() for kind in kinds)
        assert result.entities[entity] == {
            "inserted": live, "updated": 0, "unchanged": 0, "deleted": 0, "rejected": 0
        }  # fmt: skip
        assert len(portal.rows(entity)) == live
    assert {name: len(portal.rows(name)) for name in ("pipelines", "pipeline_stages")} == {
        "pipelines": 2,
        "pipeline_stages": 11,
    }


def test_deals_are_what_hubspot_says_they_are(portal: Portal) -> None:
    portal.run("deals")
    rows, truth = portal.rows("deals"), portal.truth("deals")
    owners = dict(zip(portal.state.account.owners, portal.state.account.company.colleagues, strict=True))
    labels = {stage.id: stage.label for stage in STAGES.values()}
    assert rows.keys() == truth.keys()
    for deal_id, deal in truth.items():
        row = rows[deal_id]
        assert row["name"] == (deal["dealname"] or "")
        assert row["amount"] == (None if deal["amount"] is None else float(deal["amount"]))
        assert row["stage"] == labels[deal["dealstage"]]
        assert row["probability"] == float(deal["hs_deal_stage_probability"])
        assert row["pipeline_source_id"] == deal["pipeline"]
        assert row["close_date"] == deal["closedate"][:10]
        assert row["created_date"][:19] == deal["createdate"][:19]
        assert row["last_modified_date"][:19] == deal["hs_lastmodifieddate"][:19]
        assert row["currency"] == deal["deal_currency_code"]
        assert row["owner_email"] == owners[int(deal["hubspot_owner_id"])].email
        assert row["account_source_id"] == portal.primary("deals", deal_id, "companies")
        custom = ("competitor", "dealtype", "discount_pct", "next_step", "renewal_date")
        assert json.loads(row["custom_fields"]) == {name: deal[name] for name in custom if deal.get(name)}
    assert not all(colleague.active for colleague in owners.values()), "no owner has left, so nothing was shown"


def test_accounts_contacts_goals_and_activities_have_their_fields(portal: Portal) -> None:
    portal.run("accounts", "contacts", "goals", "activities")
    company_id, contact_id = str(portal.first("companies")), str(portal.first("contacts"))
    call_id, goal_id = str(portal.first("calls")), str(portal.first("goal_targets"))
    company, contact = portal.truth("companies")[company_id], portal.truth("contacts")[contact_id]
    call, goal = portal.truth("calls")[call_id], portal.truth("goal_targets")[goal_id]

    row = portal.rows("accounts")[company_id]
    assert (row["name"], row["domain"], row["industry"]) == (company["name"], company["domain"], company["industry"])
    assert row["employee_count"] == int(company["numberofemployees"])
    assert row["annual_revenue"] == float(company["annualrevenue"])
    assert json.loads(row["custom_fields"])["health_score"] == company["health_score"]

    row = portal.rows("contacts")[contact_id]
    assert row["name"] == f"{contact['firstname']} {contact['lastname']}"
    assert (row["email"], row["title"], row["phone"]) == (contact["email"], contact["jobtitle"], contact["phone"])
    assert row["account_source_id"] == portal.primary("contacts", contact_id, "companies")

    row = portal.rows("activities")[f"call:{call_id}"]
    assert (row["type"], row["subject"]) == ("call", call["hs_call_title"])
    assert row["description"] == call["hs_call_body"]
    assert row["activity_date"][:19] == call["hs_timestamp"][:19]
    for field, kind in (("deal", "deals"), ("account", "companies"), ("contact", "contacts")):
        assert row[f"{field}_source_id"] == portal.primary("calls", call_id, kind)
    assert {r["type"] for r in portal.rows("activities").values()} == {"call", "email", "meeting", "note", "task"}

    row = portal.rows("goals")[goal_id]
    assert (row["name"], row["target_amount"]) == (goal["hs_goal_name"], float(goal["hs_target_amount"]))
    assert (row["start_date"], row["end_date"]) == (goal["hs_start_datetime"][:10], goal["hs_end_datetime"][:10])


def test_pipelines_come_with_their_stages_in_one_request(portal: Portal) -> None:
    portal.run("pipelines", "pipeline_stages")
    assert sum(portal.requests.values()) == 1
    assert portal.rows("pipelines")["default"]["is_default"] == 1
    stages = portal.rows("pipeline_stages")
    assert (stages["closedwon"]["is_closed_won"], stages["closedwon"]["is_closed_lost"]) == (1, 0)
    assert (stages["closedlost"]["is_closed_won"], stages["closedlost"]["is_closed_lost"]) == (0, 1)
    assert (stages["contractsent"]["is_closed_won"], stages["contractsent"]["probability"]) == (0, 0.9)
    assert stages["139211001"]["pipeline_source_id"] == "71900312"


def test_associations_are_read_for_a_thousand_deals_at_a_time(open_portal: Callable[..., Portal]) -> None:
    portal = open_portal(2_050)
    portal.run("deals")
    assert asked(portal, "GET /crm/v3/objects/deals") == 21
    assert asked(portal, "/associations/") == 3


def test_an_unchanged_full_listing_changes_nothing_and_a_new_association_is_found(portal: Portal) -> None:
    portal.run("deals")
    assert outcome(portal.run("deals", full=True)) == {"unchanged": 300}
    deal = portal.first("deals")
    other = link_primary(portal, deal, portal.first("companies") + 7)
    assert outcome(portal.run("deals", full=True)) == {"unchanged": 299, "updated": 1}
    assert portal.rows("deals")[str(deal)]["account_source_id"] == other


def test_a_full_sync_marks_what_is_gone(portal: Portal) -> None:
    portal.run("deals")
    gone = portal.admin("delete", "deals", count=5)
    assert outcome(portal.run("deals", full=True)) == {"unchanged": 295, "deleted": 5}
    assert set(portal.rows("deals", deleted=True)) == set(gone)


# -- an incremental sync -----------------------------------------------------------------------------------------------


def test_with_nothing_new_each_object_type_costs_two_requests(portal: Portal) -> None:
    portal.run()
    result = portal.run()
    assert result.status == "success"
    for kind in (kind for kinds in ENTITIES.values() for kind in kinds):
        assert portal.requests.pop(f"POST /crm/v3/objects/{kind}/search") == 1
        assert portal.requests.pop(f"GET /crm/v3/objects/{kind}") == 1
    assert portal.requests == {"GET /crm/v3/pipelines/deals": 1}
    assert not any(counts["updated"] or counts["deleted"] for counts in result.entities.values())


@pytest.mark.parametrize("entity", ["accounts", "contacts", "deals"])
def test_created_changed_and_archived_objects_are_seen(portal: Portal, entity: str) -> None:
    portal.run(entity)
    (kind,) = ENTITIES[entity]
    name = {"accounts": "name", "contacts": "firstname", "deals": "dealname"}[entity]
    created = portal.admin("create", kind, count=2, properties={name: "Brand new"})
    archived = portal.admin("delete", kind, count=3)
    changed = portal.admin("touch", kind, ids=[portal.first(kind) + 5], properties={name: "Renamed"})
    assert outcome(portal.run(entity)) == {"inserted": 2, "updated": 1, "deleted": 3}
    rows = portal.rows(entity)
    assert all(rows[object_id]["name"].startswith("Brand new") for object_id in created)
    assert all(rows[object_id]["name"].startswith("Renamed") for object_id in changed)
    assert set(portal.rows(entity, deleted=True)) == set(archived)


def test_activities_are_archived_under_their_own_type(portal: Portal) -> None:
    portal.run("activities")
    (task,) = portal.admin("delete", "tasks", count=1)
    (note,) = portal.admin("touch", "notes", count=1, properties={"hs_note_body": "Call back"})
    assert outcome(portal.run("activities")) == {"updated": 1, "deleted": 1}
    assert set(portal.rows("activities", deleted=True)) == {f"task:{task}"}
    assert portal.rows("activities")[f"note:{note}"]["description"] == "Call back"


def test_more_changes_than_a_search_answers_are_all_seen(open_portal: Callable[..., Portal]) -> None:
    portal = open_portal(10_350)
    assert outcome(portal.run("deals", since=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))) == {"inserted": 10_350}
    assert portal.rows("deals").keys() == portal.truth("deals").keys()


def test_the_primary_company_wins_on_the_incremental_path_too(portal: Portal) -> None:
    portal.run("deals")
    deal = portal.first("deals") + 20
    first = portal.primary("deals", str(deal), "companies")
    link_plainly(portal, deal, portal.first("companies"))
    portal.admin("touch", "deals", ids=[deal])
    assert outcome(portal.run("deals")) == {"updated": 1}
    assert portal.rows("deals")[str(deal)]["account_source_id"] == first
    other = link_primary(portal, deal, portal.first("companies") + 3)
    portal.admin("touch", "deals", ids=[deal])
    portal.run("deals")
    assert portal.rows("deals")[str(deal)]["account_source_id"] == other


def test_a_deal_without_a_company_has_none_on_both_paths(portal: Portal) -> None:
    portal.run("deals")
    deal = str(portal.first("deals") + 49)
    assert portal.rows("deals")[deal]["account_source_id"] is None
    portal.admin("touch", "deals", ids=[deal], properties={"dealname": "Still alone"})
    assert outcome(portal.run("deals")) == {"updated": 1}
    assert portal.rows("deals")[deal]["account_source_id"] is None


def test_an_object_that_was_merged_into_another_is_gone(portal: Portal) -> None:
    portal.post("/crm/v3/properties/contacts", {"name": "hs_merged_object_ids", "type": "string"})
    portal.run("contacts")
    winner, loser = portal.first("contacts"), portal.first("contacts") + 1
    portal.admin("touch", "contacts", ids=[winner], properties={"hs_merged_object_ids": f"{loser};{winner}"})
    portal.run("contacts")
    assert set(portal.rows("contacts", deleted=True)) == {str(loser)}


# -- values ------------------------------------------------------------------------------------------------------------


def test_an_owner_nobody_knows_stays_with_the_deal(portal: Portal) -> None:
    (deal,) = portal.admin("create", "deals", properties={"dealname": "Orphan", "hubspot_owner_id": "999"})
    portal.run("deals")
    row = portal.rows("deals")[deal]
    assert row["owner_email"] is None
    assert json.loads(row["custom_fields"]) == {"hubspot_owner_id": "999"}


def test_custom_properties_are_kept_and_a_cleared_one_disappears(portal: Portal) -> None:
    portal.post("/crm/v3/properties/deals", {"name": "our_score", "type": "string"})
    (deal,) = portal.admin("create", "deals", properties={"dealname": "Scored", "our_score": "A+", "competitor": ""})
    portal.run("deals")
    assert json.loads(portal.rows("deals")[deal]["custom_fields"]) == {"our_score": "A+"}
    portal.admin("touch", "deals", ids=[deal], properties={"our_score": "", "amount": ""})
    portal.run("deals")
    assert json.loads(portal.rows("deals")[deal]["custom_fields"]) == {}
    assert portal.rows("deals")[deal]["amount"] is None


def test_a_portal_with_more_properties_than_a_url_holds_loses_none(portal: Portal) -> None:
    names = [f"a_rather_long_name_for_a_property_{n:04}" for n in range(500)]
    for name in names:
        portal.state.add_property(portal.state.stores["deals"], {"name": name, "type": "string"})
    values = {names[0]: "first", names[-1]: "last", "dealname": "Wide"}
    (deal,) = portal.admin("create", "deals", properties=values)
    portal.run("deals")
    row = portal.rows("deals")[deal]
    assert row["name"] == "Wide"
    assert json.loads(row["custom_fields"]) == {names[0]: "first", names[-1]: "last"}
    assert outcome(portal.run("deals", full=True)) == {"unchanged": 301}
    portal.admin("touch", "deals", ids=[deal], properties={names[-1]: "changed"})
    assert outcome(portal.run("deals")) == {"updated": 1}


def test_a_bad_value_is_set_aside_with_its_reason_and_as_it_was(portal: Portal) -> None:
    (bad,) = portal.admin("create", "deals", properties={"dealname": "Bad", "amount": "abc"})
    (late,) = portal.admin("create", "deals", properties={"dealname": "Late", "closedate": "next quarter"})
    assert outcome(portal.run("deals")) == {"inserted": 300, "rejected": 2}
    set_aside = {record.source_id: record for record in rejected.rejected(portal.ws)}
    assert set_aside[bad].field == "amount"
    assert set_aside[bad].payload["amount"] == "abc"
    assert set_aside[late].field == "close_date"
    assert set_aside[late].payload["close_date"] == "next quarter"


def test_a_close_date_is_the_day_whatever_the_time(portal: Portal) -> None:
    (deal,) = portal.admin("create", "deals", properties={"dealname": "X", "closedate": "2026-03-31T21:59:59.123Z"})
    portal.run("deals")
    assert portal.rows("deals")[deal]["close_date"] == "2026-03-31"


# -- a bad day ---------------------------------------------------------------------------------------------------------


def test_what_can_be_repeated_is_repeated(open_portal: Callable[..., Portal]) -> None:
    portal = open_portal(1_300)
    portal.faults += [
        Fault("429", "/crm/v3/objects/deals", after=2, times=1, retry_after="0.05"),
        Fault("500", "/crm/v3/objects/deals", after=4, times=1),
        Fault("half_body", "/crm/v3/objects/deals", after=6, times=1),
        Fault("disconnect", "/crm/v4/associations/", times=1),
        Fault("lost_reply", "/crm/v3/owners", times=1),
    ]
    assert outcome(portal.run("deals")) == {"inserted": 1_300}
    assert all(fault.hits == 1 for fault in portal.faults)
    portal.admin("touch", "deals", count=3, properties={"dealname": "Again"})
    portal.faults[:] = [Fault("500", "/search", times=1), Fault("half_body", "/search", after=1, times=1)]
    assert outcome(portal.run("deals")) == {"updated": 3}
    assert all(fault.hits == 1 for fault in portal.faults)


@pytest.mark.parametrize("kind", ["duplicates", "page_shift"])
def test_an_object_that_comes_twice_is_stored_once(open_portal: Callable[..., Portal], kind: Any) -> None:
    portal = open_portal(1_300)
    portal.faults.append(Fault(kind, "/crm/v3/objects/deals"))
    assert portal.run("deals").status == "success"
    assert portal.rows("deals").keys() == portal.truth("deals").keys()
    portal.admin("touch", "deals", count=450, properties={"dealname": "Twice"})
    assert outcome(portal.run("deals"))["updated"] == 450


def test_a_value_of_another_shape_than_documented_is_set_aside_alone(portal: Portal) -> None:
    portal.faults.append(Fault("schema_drift", "/crm/v3/objects/deals", times=1))
    assert outcome(portal.run("deals")) == {"inserted": 299, "rejected": 1}
    assert [record.field for record in rejected.rejected(portal.ws)] == ["amount"]


def test_a_refused_token_ends_the_run_and_says_so(portal: Portal) -> None:
    portal.run("deals")
    portal.faults.append(Fault("revoked"))
    result = portal.run()
    assert (result.status, result.error_kind) == ("failed", "authentication")
    assert len(portal.rows("deals")) == 300


def test_one_entity_that_fails_leaves_the_others_alone(portal: Portal) -> None:
    portal.faults.append(Fault("429", "/crm/v3/objects/goal_targets", retry_after="900"))
    result = portal.run("goals", "accounts", "pipelines")
    assert result.status == "partial"
    assert "goal_targets" in str(result.error)
    assert len(portal.rows("accounts")) == portal.state.stores["companies"].count()


@pytest.mark.parametrize(
    ("path", "reply", "sentence"),
    [
        ("/crm/v3/objects/deals", b"<html>Sign in</html>", "it is not a JSON object"),
        ("/crm/v3/objects/deals", b"[]", "it is not a JSON object"),
        ("/crm/v3/objects/deals", b'{"status": "ok"}', "its page of results has another shape"),
        ("/crm/v3/objects/deals", b'{"results": [{"properties": {}}]}', "an object in it has no id"),
        (
            "/crm/v3/objects/deals",
            b'{"results": [{"id": "1", "properties": {}}], "paging": {"next": {"after": "7"}}}',
            "its listing does not go on after 7",
        ),
        ("/crm/v4/associations/", b'{"results": [{"from": {}}]}', "its reply about associations has another shape"),
        (
            "/crm/v4/associations/",
            b'{"results": [], "errors": [{"category": "INTERNAL_ERROR"}]}',
            "a batch was answered in part only (INTERNAL_ERROR)",
        ),
    ],
)
def test_an_answer_that_cannot_be_used_stores_nothing_and_says_why(
    open_portal: Callable[..., Portal], path: str, reply: bytes, sentence: str
) -> None:
    portal = open_portal(replies={path: reply})
    result = portal.run("deals")
    assert (result.status, result.error_kind) == ("failed", "vendor_unavailable")
    assert sentence in str(result.error)
    assert portal.rows("deals") == {}


def test_a_cancelled_listing_goes_on_where_it_was(open_portal: Callable[..., Portal]) -> None:
    portal = open_portal(6_000)
    listing = "/crm/v3/objects/deals"
    stop_at(portal, listing, after=55)
    assert portal.run("deals").status == "success"
    assert portal.rows("deals").keys() == portal.truth("deals").keys()
    # The first thousand deals at least were stored, and their ten pages are not asked for again.
    assert asked(portal, f"GET {listing}") <= 50


def test_a_cancelled_search_goes_on_where_it_was(open_portal: Callable[..., Portal]) -> None:
    portal = open_portal(6_000)
    portal.run("deals")
    portal.admin("touch", "deals", count=6_000, properties={"dealname": "Changed"})
    search = "/crm/v3/objects/deals/search"
    stop_at(portal, search, after=28)
    assert portal.run("deals").status == "success"
    assert {row["name"] for row in portal.rows("deals").values()} == {"Changed"}
    assert asked(portal, f"POST {search}") <= 26


def stop_at(portal: Portal, path: str, *, after: int) -> None:
    """Cancel a sync of deals when so many of these requests were answered: the next ones never are."""
    cancel, answered = threading.Event(), Counter[str]()

    def watch(exchange: Exchange) -> None:
        answered[httpx2.URL(exchange.url).path] += 1
        if answered[path] == after:
            cancel.set()

    portal.faults.append(Fault("timeout", path, after=after))
    options = SyncOptions(entities=("deals",))
    (result,) = sync.sync(portal.ws, ["hubspot"], options, on_exchange=watch, cancel=cancel)
    portal.faults.clear()
    assert result.status == "aborted"


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_home", [True, False])
async def test_declared_budgets_hold_at_the_vendors_own_address_only(portal: Portal, at_home: bool) -> None:
    class Patient(HubSpotConnector):
        base_url = portal.url if at_home else HubSpotConnector.base_url
        rate_budgets = (RateBudget(1, per=3600), RateBudget(1, per=3600, name="search"))

    connector = live(portal, Patient)
    await connector.query("deals: maple")
    if at_home:
        with pytest.raises(RateLimitedError):
            await connector.query("deals: maple")
    else:
        await connector.query("deals: maple")
    await connector.aclose()


# -- live --------------------------------------------------------------------------------------------------------------


def test_the_identity_names_the_portal_and_the_scopes(portal: Portal) -> None:
    identity = connections.test(portal.ws, "hubspot")
    assert identity.startswith("portal 4242424 (")
    assert "crm.objects.deals.read" in identity


def test_the_identity_of_a_private_app_does_without_scopes(portal: Portal) -> None:
    portal.faults.append(Fault("expired_token", "/oauth/"))
    assert connections.test(portal.ws, "hubspot") == "portal 4242424 (app.hubspot.com)"


def test_the_schema_lists_every_property(portal: Portal) -> None:
    schema = {table["name"]: table for table in operations.schema(portal.ws, "hubspot")}
    assert schema.keys() == portal.state.stores.keys()
    for kind, store in portal.state.stores.items():
        assert {column["name"] for column in schema[kind]["columns"]} == set(store.type.properties)


def test_a_query_filters_orders_and_is_cut(portal: Portal) -> None:
    request = "deals where amount > 100000 and dealstage in (closedwon, closedlost) order by amount desc limit 7"
    answer = operations.query(portal.ws, "hubspot", request)
    closed = [deal for deal in portal.truth("deals").values() if deal["dealstage"] in ("closedwon", "closedlost")]
    amounts = sorted((float(deal["amount"]) for deal in closed if float(deal["amount"] or 0) > 100_000), reverse=True)
    at = answer["columns"].index("amount")
    assert [float(row[at]) for row in answer["rows"]] == amounts[:7]
    assert answer["truncated"] is True


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ("amount is null", lambda deal: not deal["amount"]),
        ("amount is not null", lambda deal: bool(deal["amount"])),
        ("closedate between 2024-06-01 and 2024-08-31",
         lambda deal: "2024-06" <= deal["closedate"][:10] <= "2024-08-31"),
        ("closedate < 2024-06-01T00:00Z", lambda deal: deal["closedate"] < "2024-06"),
        ("dealstage = closedwon or dealtype != 'newbusiness'",
         lambda deal: deal["dealstage"] == "closedwon" or deal["dealtype"] != "newbusiness"),
        ('dealstage not in ("closedwon", closedlost) and deal_currency_code = EUR',
         lambda deal: deal["dealstage"] not in ("closedwon", "closedlost") and deal["deal_currency_code"] == "EUR"),
        ("next_step contains legal", lambda deal: "legal" in (deal["next_step"] or "")),
        ("hs_object_id >= 30000000200", lambda deal: int(deal["hs_object_id"]) >= 30_000_000_200),
    ],
)  # fmt: skip
def test_a_query_finds_what_its_condition_says(portal: Portal, condition: str, matches: Any) -> None:
    answer = operations.query(portal.ws, "hubspot", f"deals where {condition} limit 1000")
    expected = {deal_id for deal_id, deal in portal.truth("deals").items() if matches(deal)}
    assert {row[0] for row in answer["rows"]} == expected
    assert expected
    assert answer["truncated"] is False


def test_words_and_hubspots_own_json_are_queries_too(portal: Portal) -> None:
    found = operations.query(portal.ws, "hubspot", "accounts: maple")
    assert found["rows"]
    assert all("maple" in row[found["columns"].index("name")].lower() for row in found["rows"])
    body = {"objectType": "0-3", "filters": [{"propertyName": "amount", "operator": "HAS_PROPERTY"}], "limit": 2,
            "properties": ["dealname"], "sorts": ["-hs_object_id"]}  # fmt: skip
    found = operations.query(portal.ws, "hubspot", json.dumps(body))
    assert found["columns"][:2] == ["id", "dealname"]
    assert len(found["rows"]) == 2
    assert found["truncated"] is True


@pytest.mark.parametrize(
    ("request_text", "sentence"),
    [
        ("", "After the beginning: expected an object type"),
        ("deals wher amount > 3", "After deals: expected where"),
        ("deals where amount >", "After deals where amount >: expected a value, found the end."),
        ("deals where amount", "expected an operator, found the end"),
        ("deals where amount like 3", "expected =, !=, <"),
        ("deals where amount between 1", "expected and, found the end"),
        ("deals where amount in 3", "expected (, found 3"),
        ("deals where amount in (3", "expected ), found the end"),
        ("deals where amount is 3", "expected null, found 3"),
        ("deals where dealname = 'open", "cannot be read from here on"),
        ("deals where (amount = 3)", "expected a property, found ("),
        ("deals order amount", "expected by, found amount"),
        ("deals limit 0", "The limit must be a number from 1 to 10,000; it was 0."),
        ("deals where closedate > soon", "soon is not a date."),
        ("deals where stage = x", "HubSpot's deals have no property stage."),
        ("deals order by dealnam", "HubSpot's deals have no property dealnam."),
        ("{", "The request is not JSON"),
        ('{"filters": []}', "needs an objectType"),
        ('{"objectType": "deals", "limit": "many"}', "The limit must be a number"),
    ],
)
async def test_a_query_that_makes_no_sense_is_told_where(portal: Portal, request_text: str, sentence: str) -> None:
    connector = live(portal)
    with pytest.raises(InvalidInputError) as refusal:
        await connector.query(request_text)
    assert sentence in refusal.value.message
    await connector.aclose()


async def test_one_deal_is_fetched_with_all_its_properties(portal: Portal) -> None:
    connector = live(portal)
    deal = str(portal.first("deals"))
    fetched = await connector.fetch_deal(deal)
    assert fetched["properties"]["next_step"] == portal.truth("deals")[deal]["next_step"]
    with pytest.raises(NotFoundError, match="no object 1 among its deals"):
        await connector.fetch_deal("1")
    await connector.aclose()


async def test_requests_that_start_together_read_the_credentials_once(portal: Portal) -> None:
    read: list[str] = []

    def credentials() -> dict[str, Any]:
        read.append(TOKEN)
        return {"access_token": TOKEN}

    connector = HubSpotConnector("acme", context=ConnectorContext("acme", credentials, base_url=portal.url))
    await connector.reader.lookups()
    await connector.aclose()
    assert asked(portal, "owners") > 1
    assert read == [TOKEN]


def live(portal: Portal, cls: type[HubSpotConnector] = HubSpotConnector) -> HubSpotConnector:
    """The connector without the engine."""
    return cls("acme", context=ConnectorContext("acme", lambda: {"access_token": TOKEN}, base_url=portal.url))


def link_plainly(portal: Portal, deal: int, company: int) -> None:
    """Associate a deal with one more company."""
    portal.state.associations.add("deals", deal, "companies", company, association_types("deals", "companies")[:1])


def link_primary(portal: Portal, deal: int, company: int) -> str:
    """Make a company a deal's primary one; returns its id."""
    portal.state.associations.add("deals", deal, "companies", company, association_types("deals", "companies"))
    return str(company)
