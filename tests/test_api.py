"""The local API over real HTTP: who may ask, what is answered, and how it says no."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectors.discovery import discover
from connectors.parameters import json_schema, parse_parameters
from revtops_tui import api
from revtops_tui.engine import approvals, tokens
from revtops_tui.simulators.linear import LinearSimulator
from tests.support.serving import served
from tests.support.vendors import Connected, connected


@dataclass
class Api:
    """The served API of an office, asked by somebody who has the token."""

    office: Connected
    client: httpx2.Client

    def get(self, path: str) -> Any:
        reply = self.client.get(path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def post(self, path: str, status: int = 200, **document: Any) -> Any:
        reply = self.client.post(path, json=document)
        assert reply.status_code == status, reply.text
        return reply.json()

    def refused(self, path: str, status: int, **document: Any) -> dict[str, str]:
        error: dict[str, str] = self.post(path, status, **document)["error"]
        assert error["message"].endswith((".", "!"))
        return error


@pytest.fixture
def served_api(home: Path) -> Iterator[Api]:
    with (
        connected(home, LinearSimulator(size=10)) as office,
        served(api.serve, office.ws) as address,
        httpx2.Client(
            base_url=address, headers={"Authorization": f"Bearer {tokens.token(office.ws, 'api')}"}, timeout=30
        ) as client,
    ):
        yield Api(office, client)


# -- who may ask -------------------------------------------------------------------------------------------------------


WHO: list[tuple[Any, int]] = [
    ({}, 200),
    ({"Authorization": ""}, 401),
    ({"Authorization": "Bearer wrong"}, 401),
    ({"Authorization": "Bearer é".encode()}, 401),
    ({"Host": "localhost:8780"}, 200),
    ({"Host": "[::1]:8780"}, 200),
    ({"Host": "rebound.example"}, 403),
    ({"Host": "127.0.0.1.evil.example"}, 403),
    ({"Host": "evil.example:8780@127.0.0.1.evil.example"}, 403),
    ({"Host": "[::1"}, 403),
    ({"Origin": "http://localhost:3000"}, 200),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
]


def test_only_this_machine_with_the_token_is_answered(served_api: Api) -> None:
    for headers, status in WHO:
        reply = served_api.client.get("/api/connections", headers=headers)
        assert reply.status_code == status, (headers, reply.text)
        if status != 200:
            assert set(reply.json()["error"]) == {"kind", "message", "hint"}
        if status == 401:
            assert reply.headers["www-authenticate"] == "Bearer"


def test_the_token_is_kept_and_not_said(served_api: Api) -> None:
    token = tokens.token(served_api.office.ws, "api")
    assert token == tokens.token(served_api.office.ws, "api")
    assert len(token) > 40
    assert token not in served_api.client.get("/api/connections", headers={"Authorization": f"Basic {token}"}).text


# -- what is answered --------------------------------------------------------------------------------------------------


def test_connectors_are_those_of_the_command_line_with_their_schemas(served_api: Api) -> None:
    listed = served_api.get("/api/connectors")
    assert [one["slug"] for one in listed] == list(discover())
    for one in listed:
        manifest = discover()[one["slug"]].manifest
        for kind in ("write_operations", "actions"):
            for operation, declared in zip(one[kind], manifest[kind], strict=True):
                assert operation["parameters"] == declared["parameters"]
                assert operation["input_schema"] == json_schema(parse_parameters(declared["parameters"]))


def test_a_sync_is_started_and_told_of(served_api: Api) -> None:
    started = served_api.post("/api/sync", 202, connections=["linear"], entities=["issues"])
    deadline = time.monotonic() + 60
    while (told := served_api.get(f"/api/sync/{started['id']}"))["status"] == "running":
        assert time.monotonic() < deadline
    (run,) = told["runs"]
    assert (told["status"], run["slug"]) == ("success", "linear")
    assert run["entities"]["tracker_issues"]["inserted"] == served_api.office.simulator.counts()["tracker_issues"]
    (connection,) = served_api.get("/api/connections")
    assert connection["counts"] == {"tracker_issues": run["entities"]["tracker_issues"]["inserted"]}


def test_a_sync_of_what_is_not_there_is_not_started(served_api: Api) -> None:
    assert served_api.refused("/api/sync", 404, connections=["hubspot"])["kind"] == "not_connected"
    assert served_api.refused("/api/sync", 409, entities=["deals"])["kind"] == "usage"


def test_a_system_is_asked(served_api: Api) -> None:
    answer = served_api.post("/api/query", connection="linear", query="{ teams { nodes { name } } }")
    assert answer


def test_a_write_waits_is_approved_and_is_carried_out_once(served_api: Api) -> None:
    team = served_api.office.simulator.account.teams[0]["key"]
    asked = {"connection": "linear", "operation": "create_issue", "data": {"team_key": team, "title": "From a program"}}
    waiting = served_api.post("/api/write", 202, **asked, reason="It was asked for.")
    assert (waiting["status"], waiting["ledger_id"]) == ("waiting", None)
    (listed,) = served_api.get("/api/approvals")
    assert (listed["id"], listed["reason"]) == (waiting["approval_id"], "It was asked for.")
    path = f"/api/approvals/{listed['id']}"
    done = served_api.post(f"{path}/approve")
    assert done["status"] == "ok"
    assert served_api.get(path)["ledger_id"] == done["ledger_id"]
    assert served_api.refused(f"{path}/approve", 409)["kind"] == "decided"
    titles = [node["title"] for node in served_api.office.simulator.account.issues]
    assert titles.count("From a program") == 1


def test_a_write_is_rejected(served_api: Api) -> None:
    asked = {"connection": "linear", "operation": "update_issue", "data": {"issue_identifier": "ENG-1", "title": "x"}}
    waiting = served_api.post("/api/write", 202, **asked)
    rejected = served_api.post(f"/api/approvals/{waiting['approval_id']}/reject", note="Not that one.")
    assert (rejected["status"], rejected["note"], rejected["decided_by"]) == ("rejected", "Not that one.", "api")
    assert served_api.get("/api/approvals") == []


def test_what_a_policy_allows_is_carried_out_at_once_and_what_it_denies_never(served_api: Api) -> None:
    team = served_api.office.simulator.account.teams[0]["key"]
    asked = {"connection": "linear", "operation": "create_issue", "data": {"team_key": team, "title": "Allowed"}}
    approvals.set_policy(served_api.office.ws, "linear", "create_issue", "api", "allow")
    assert served_api.post("/api/write", **asked)["status"] == "ok"
    approvals.set_policy(served_api.office.ws, "linear", "create_issue", "api", "deny")
    denied = served_api.post("/api/write", 403, **asked)
    assert (denied["status"], denied["error"]["kind"]) == ("denied", "denied")


def test_what_was_tried_and_failed_is_in_the_ledger(served_api: Api) -> None:
    approvals.set_policy(served_api.office.ws, "linear", "*", "api", "allow")
    data = {"team_key": "NOPE", "title": "Nowhere"}
    failed = served_api.post("/api/write", 422, connection="linear", operation="create_issue", data=data)
    assert (failed["status"], failed["error"]["kind"]) == ("failed", "invalid_input")
    assert failed["ledger_id"] is not None


def test_a_built_in_connector_is_connected_with_what_the_machine_has(served_api: Api) -> None:
    assert served_api.refused("/integrations/connect-builtin", 409, slug="linear")["kind"] == "usage"
    assert served_api.refused("/integrations/connect-builtin", 404, slug="nonsense")["kind"] == "unknown_connector"
    assert "TWILIO" in served_api.refused("/integrations/connect-builtin", 409, slug="twilio")["message"]


# -- how it says no ----------------------------------------------------------------------------------------------------


WRONG: list[tuple[str, dict[str, Any], int, str]] = [
    ("/api/query", {"connection": "hubspot", "query": "x"}, 404, "not_connected"),
    ("/api/query", {"connection": "nonsense", "query": "x"}, 404, "unknown_connector"),
    ("/api/query", {"connection": "linear"}, 422, "invalid_input"),
    ("/api/query", {"connection": "linear", "query": "x", "more": 1}, 422, "invalid_input"),
    ("/api/query", {"connection": "linear", "query": 3}, 422, "invalid_input"),
    ("/api/sync", {"full": "yes"}, 422, "invalid_input"),
    ("/api/write", {"connection": "linear", "operation": "nonsense"}, 409, "usage"),
    ("/api/write", {"connection": "linear", "operation": "create_issue", "data": {}}, 422, "invalid_input"),
    ("/api/action", {"connection": "linear", "action": "anything"}, 409, "usage"),
    ("/api/approvals/1/approve", {}, 404, "not_found"),
    ("/api/approvals/x/approve", {}, 422, "invalid_input"),
    ("/api/nonsense", {}, 404, "not_found"),
]


def test_errors_have_one_shape(served_api: Api) -> None:
    for path, document, status, kind in WRONG:
        assert served_api.refused(path, status, **document)["kind"] == kind, path


def test_bodies_that_are_none(served_api: Api) -> None:
    assert served_api.client.post("/api/query", content=b"{").status_code == 422
    parts = (b" " * 65_536 for _ in range(20))
    for body in (b" " * 1_000_001, parts):
        reply = served_api.client.post("/api/query", content=body)
        assert (reply.status_code, reply.json()["error"]["kind"]) == (413, "too_large")
    refused = served_api.client.put("/api/query", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


# -- the document ------------------------------------------------------------------------------------------------------


def test_the_document_has_every_operation_of_every_connector(served_api: Api) -> None:
    document = httpx2.get(f"{served_api.client.base_url}/openapi.json").json()
    schemas = document["components"]["schemas"]
    for slug, info in discover().items():
        for operation in (*info.manifest["write_operations"], *info.manifest["actions"]):
            declared = json_schema(parse_parameters(operation["parameters"]))
            shown = schemas[f"{slug}.{operation['name']}"]
            assert {name: shown.get(name) for name in ("properties", "required", "allOf")} == {
                name: declared.get(name) for name in ("properties", "required", "allOf")
            }
    assert document["security"] == [{"token": []}]
