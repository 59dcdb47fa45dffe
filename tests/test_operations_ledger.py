"""Dry runs, what was there before, and taking a change back; at the simulated vendors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from revtops_tui.engine import ledger, operations
from revtops_tui.engine.connections import connect
from revtops_tui.engine.data import sql
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.preview import preview
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.catalog import simulator_class
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.server import ServedExchange, observers
from store.credentials import MemoryCredentials
from tests.support.vendors import Connected, connected

UPDATES: list[Any] = [
    (
        "hubspot",
        "update_deal",
        "deals",
        {"dealname": "New", "amount": None, "dealstage": "Closed Won", "pipeline": "Sales Pipeline",
         "hubspot_owner_id": "", "closedate": "2027-01-02", "properties": {"description": "x"}},
    ),
    ("hubspot", "update_contact", "contacts", {"firstname": "Ada", "phone": "", "properties": {"jobtitle": "Poet"}}),
    ("hubspot", "update_company", "accounts", {"name": "New", "numberofemployees": None, "industry": ""}),
    ("hubspot", "update_note", "activities", {"hs_note_body": "New"}),
    (
        "linear",
        "update_issue",
        "tracker_issues",
        {"title": "New", "description": "d", "priority": 1, "assignee": "", "project": "", "labels": [],
         "due_date": "2027-01-02", "estimate": None},
    ),
    (
        "asana",
        "update_issue",
        "tracker_issues",
        {"title": "New", "description": "d", "assignee": "", "state": "completed", "due_date": "2027-01-02"},
    ),
    ("pipedrive", "update_deal", "deals", {"title": "New", "amount": 5, "status": "won", "currency": "CHF"}),
    ("pipedrive", "update_person", "contacts", {"name": "New", "email": "new@x.example", "phone": "+1 555 1234"}),
    ("pipedrive", "update_activity", "activities", {"subject": "New", "type": "call", "due_time": "10:30"}),
]  # fmt: skip
"""Connector, operation, the entity that it changes, and values."""
_NOTE = "type = 'note'"


@pytest.fixture
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connected]:
    """A connection that was synced."""
    slug = request.param if hasattr(request, "param") else "hubspot"
    with connected(tmp_path, simulator_class(slug)(size=20)) as one:
        one.synced()
        yield one


def id_of(office: Connected, entity: str, where: str = "1 = 1") -> str:
    found = sql(office.ws, f"SELECT source_id FROM {entity} WHERE {where} ORDER BY source_id LIMIT 1").rows
    return str(found[0][0]).removeprefix("note:")


@pytest.mark.parametrize(
    ("office", "operation", "entity", "values"),
    UPDATES,
    indirect=["office"],
    ids=[f"{slug} {operation}" for slug, operation, *_ in UPDATES],
)
def test_a_change_is_shown_made_and_taken_back(
    office: Connected, operation: str, entity: str, values: dict[str, Any]
) -> None:
    record = id_of(office, entity, _NOTE if operation == "update_note" else "1 = 1")
    given = {"id": record, **values}
    shown = preview(office.ws, office.slug, "write", operation, given)
    assert shown.request is not None
    assert shown.changes
    assert ledger.entries(office.ws) == []
    assert preview(office.ws, office.slug, "write", operation, given).changes == shown.changes  # nothing was changed

    done = operations.write(office.ws, office.slug, operation, given)
    assert (done.status, done.error) == ("ok", None)
    assert done.ledger_id is not None
    assert not {change.name for change in preview(office.ws, office.slug, "write", operation, given).changes or ()}
    before = ledger.entry(office.ws, done.ledger_id).before
    assert before is not None

    back = ledger.undo(office.ws, done.ledger_id)
    assert (back.status, back.error) == ("ok", None)
    assert preview(office.ws, office.slug, "write", operation, {"id": record, **before}).changes == []
    (newest, first) = ledger.entries(office.ws)
    assert (newest.undoes, first.undone_by) == (first.id, newest.id)
    with pytest.raises(EngineError, match=f"the entry {newest.id} undid it already"):
        ledger.undo(office.ws, first.id)
    assert ledger.undo(office.ws, newest.id).status == "ok"  # an undo can be undone
    assert preview(office.ws, office.slug, "write", operation, given).changes == []


ACTING: list[Any] = [
    ("hubspot", "write", "create_deal", {"dealname": "x", "dealstage": "Contract Sent"}, "POST", "/objects/deals"),
    ("linear", "write", "create_issue", {"team": "ENG", "title": "x"}, "POST", "/graphql"),
    ("asana", "write", "comment", {"issue": "{tracker_issues}", "body": "x"}, "POST", "/stories"),
    ("pipedrive", "write", "create_deal", {"title": "x", "stage": "Contract Sent"}, "POST", "/deals"),
    ("google_drive", "write", "create_folder", {"name": "x"}, "POST", "/files"),
    ("slack", "action", "send_message", {"channel": "#sales", "text": "x"}, "POST", "/chat.postMessage"),
    ("twilio", "action", "send_sms", {"to": "+14155552671", "body": "x"}, "POST", "/Messages.json"),
]


@pytest.mark.parametrize(
    ("office", "kind", "name", "data", "method", "path"),
    ACTING,
    indirect=["office"],
    ids=[f"{slug} {name}" for slug, _, name, *_ in ACTING],
)
def test_a_dry_run_shows_the_request_and_sends_nothing_that_changes(
    office: Connected, kind: str, name: str, data: dict[str, Any], method: str, path: str
) -> None:
    given = {key: id_of(office, value.strip("{}")) if "{" in value else value for key, value in data.items()}
    arrived: list[ServedExchange] = []
    observers.append(arrived.append)
    try:
        shown = preview(office.ws, office.slug, kind, name, given)
    finally:
        observers.remove(arrived.append)
    assert shown.request is not None
    assert (shown.request.method, path in shown.request.url) == (method, True)
    assert (shown.result, shown.changes) == (None, None)
    assert not any(one.method == method and one.path.endswith(path) and _changes(one) for one in arrived)
    assert ledger.entries(office.ws) == []
    secret = str(next(iter(office.simulator.credentials.values())))
    assert secret not in repr(shown)


def _changes(exchange: ServedExchange) -> bool:
    return exchange.vendor != "linear" or b"mutation" in exchange.request_body


def test_a_dry_run_of_what_only_reads_is_its_answer(office: Connected) -> None:
    shown = preview(office.ws, "hubspot", "action", "list_marketing_emails", {"limit": 1})
    assert (shown.request, len(shown.result["emails"])) == (None, 1)


def test_a_dry_run_refuses_what_would_be_refused(office: Connected) -> None:
    with pytest.raises(EngineError, match="There is no stage"):
        preview(office.ws, "hubspot", "write", "create_deal", {"dealname": "x", "dealstage": "Nowhere"})
    with pytest.raises(EngineError, match="dealname"):
        preview(office.ws, "hubspot", "write", "create_deal", {})


def test_what_cannot_be_held_back_is_not_tried(tmp_path: Path) -> None:
    with Workspace(tmp_path, "acme", credentials=MemoryCredentials()) as ws:
        connect(ws, "code_sandbox", {})
        with pytest.raises(EngineError, match="without doing it"):
            preview(ws, "code_sandbox", "action", "execute_code", {"code": "print(1)"})


def test_who_changed_the_record_meanwhile_is_told(office: Connected) -> None:
    deal = {"id": id_of(office, "deals"), "amount": 1}
    assert preview(office.ws, "hubspot", "write", "update_deal", deal).changed_at is None
    office.simulator.change("deals")
    changed = {
        one: preview(office.ws, "hubspot", "write", "update_deal", {"id": one, "amount": 1}).changed_at
        for one in office.rows("deals")
    }
    (moment,) = [moment for moment in changed.values() if moment is not None]
    assert moment > dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    office.synced()
    assert all(
        preview(office.ws, "hubspot", "write", "update_deal", {"id": one, "amount": 1}).changed_at is None
        for one in office.rows("deals")
    )


# -- the ledger --------------------------------------------------------------------------------------------------------


def test_what_was_created_or_failed_cannot_be_undone(office: Connected) -> None:
    operations.write(office.ws, "hubspot", "create_deal", {"dealname": "x"})
    operations.write(office.ws, "hubspot", "update_deal", {"id": id_of(office, "deals"), "properties": {"nope": 1}})
    operations.action(office.ws, "hubspot", "list_marketing_emails", {})
    for entry, why in zip(
        reversed(ledger.entries(office.ws)),
        ("not known what was there", "it failed", "not known what was"),
        strict=True,
    ):
        with pytest.raises(EngineError, match=why):
            ledger.undo(office.ws, entry.id)
    with pytest.raises(EngineError, match="no entry 99"):
        ledger.undo(office.ws, 99)


def test_what_was_empty_and_cannot_be_emptied_is_not_undone(tmp_path: Path) -> None:
    with connected(tmp_path, simulator_class("pipedrive")(size=20)) as office:
        office.synced()
        made = office.write("create_activity", subject="x")
        done = operations.write(office.ws, "pipedrive", "update_activity", {"id": made["id"], "due_date": "2027-01-02"})
        assert done.ledger_id is not None
        with pytest.raises(EngineError, match="`due_date` was empty, and update_activity cannot empty it"):
            ledger.undo(office.ws, done.ledger_id)


def test_an_agent_undoes_only_what_it_may_do(office: Connected) -> None:
    done = operations.write(office.ws, "hubspot", "update_deal", {"id": id_of(office, "deals"), "amount": 1})
    assert done.ledger_id is not None
    assert ledger.undo(office.ws, done.ledger_id, requested_by="agent").status == "denied"
    assert len(ledger.entries(office.ws)) == 1


def test_a_write_without_its_state_before_is_made_all_the_same(office: Connected) -> None:
    deal = id_of(office, "deals")
    office.simulator.traffic.faults.append(Fault("revoked", method="GET", path=f"/objects/deals/{deal}", times=1))
    done = operations.write(office.ws, "hubspot", "update_deal", {"id": deal, "amount": 1})
    assert done.status == "ok"
    assert done.ledger_id is not None
    assert ledger.entry(office.ws, done.ledger_id).before is None


def test_the_ledger_is_searched(office: Connected) -> None:
    first = office.write("create_deal", dealname="Zürich 100%_renewal")
    office.write("create_contact", email="ada@new.example")
    operations.write(office.ws, "hubspot", "create_deal", {"dealname": "x", "properties": {"nope": 1}})

    def found(search: str, **more: Any) -> list[str]:
        return [one.operation for one in ledger.entries(office.ws, search=search, **more)]

    assert found("") == ["create_deal", "create_contact", "create_deal"]
    assert found("Zürich renewal") == found("100%_") == found(first["id"]) == ["create_deal"]
    assert (found("zzz"), found("_d_"), found("ada@new.example")) == ([], [], ["create_contact"])
    assert found("person", status="failed") == ["create_deal"]
    (_, second, _) = ledger.entries(office.ws)
    assert [one.operation for one in ledger.entries(office.ws, "hubspot", older_than=second.id)] == ["create_deal"]
    assert len(ledger.entries(office.ws, limit=2)) == 2
    entry = ledger.entry(office.ws, second.id)
    assert (entry.requested_by, entry.vendor_id is not None, entry.seconds is not None) == ("person", True, True)
