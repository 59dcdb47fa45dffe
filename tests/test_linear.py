"""The Linear connector against its simulator: what becomes of what, names into ids, what is never sent, webhooks."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest

from connectors.linear import LinearConnector
from connectors.webhooks import WebhookRequest
from revtops_tui.engine import operations
from revtops_tui.engine.connections import connect, connections
from revtops_tui.engine.errors import EngineError
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.linear import LinearSimulator
from revtops_tui.simulators.linear.simulator import API_KEY, OAUTH_TOKEN, WEBHOOK_SECRET, signature
from revtops_tui.simulators.server import ServedExchange, observers
from tests.support.vendors import Connected, connected

Node = dict[str, Any]


@pytest.fixture
def simulator() -> LinearSimulator:
    return LinearSimulator(size=40)


@pytest.fixture
def office(home: Path, simulator: LinearSimulator) -> Iterator[Connected]:
    """A connection to the simulated workspace, not yet synced."""
    with connected(home, simulator) as office:
        yield office


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    """A connection for tests that change nothing: one for all of them."""
    with connected(tmp_path_factory.mktemp("linear") / "home", LinearSimulator(size=40)) as office:
        yield office


def graphql(office: Connected, query: str, **variables: Any) -> Node:
    """What another client of the workspace does."""
    reply = httpx2.post(
        f"{office.url}/graphql", json={"query": query, "variables": variables}, headers={"Authorization": API_KEY}
    ).json()
    assert "errors" not in reply
    data: Node = reply["data"]
    return data


def live(nodes: list[Node]) -> list[Node]:
    return [node for node in nodes if node["archivedAt"] is None]


def failed(office: Connected, operation: str, **data: Any) -> EngineError:
    done = operations.write(office.ws, "linear", operation, data)
    assert done.status == "failed"
    assert done.error is not None
    return done.error


def requests(office: Connected) -> int:
    return office.simulator.traffic.requests.total()


# -- connecting --------------------------------------------------------------------------------------------------------


def test_a_connection_says_whose_key_it_is(office: Connected, simulator: LinearSimulator) -> None:
    viewer = simulator.account.viewer
    (info,) = connections(office.ws)
    assert info.identity == f"{viewer['name']} ({viewer['email']}) at Larkspur Systems"


def test_the_token_of_an_oauth_application_goes_with_bearer(home: Path, simulator: LinearSimulator) -> None:
    with connected(home, simulator, api_key=OAUTH_TOKEN) as office:
        office.synced()
        assert office.counts() == simulator.counts()


def test_a_key_that_linear_does_not_know_is_not_kept(office: Connected) -> None:
    with pytest.raises(EngineError, match="not authenticated") as caught:
        connect(office.ws, "linear", {"api_key": "lin_api_wrong"}, base_url=office.url, name="second")
    assert caught.value.kind == "authentication"
    assert "lin_api_wrong" not in f"{caught.value.message} {caught.value.hint}"


class _Answering(BaseHTTPRequestHandler):
    body: bytes

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], str]]:
    """A Linear that answers everything alike: makes its address from the answer."""
    handler = type("Handler", (_Answering,), {"body": b""})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def address(body: bytes) -> str:
        handler.body = body
        return f"http://127.0.0.1:{server.server_port}"

    yield address
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        ("authentication error", "authentication"),
        ("forbidden", "permission"),
        ("feature not accessible", "permission"),
        ("ratelimited", "rate_limited"),
        ("lock timeout", "vendor_unavailable"),
        ("user error", "invalid_input"),
        (None, "invalid_input"),
    ],
)
def test_an_error_that_comes_with_http_200_is_one(
    workspace: Connected, answering: Callable[[bytes], str], kind: str | None, becomes: str
) -> None:
    error = {"message": "No.", "extensions": {"type": kind, "userPresentableMessage": "Not \x1b[31mtoday."}}
    url = answering(json.dumps({"data": None, "errors": [error]}).encode())
    with pytest.raises(EngineError) as caught:
        connect(workspace.ws, "linear", {"api_key": "k"}, base_url=url, name="other")
    assert caught.value.kind == becomes
    assert caught.value.message == "Linear says: No. (Not [31mtoday.)"


def test_an_answer_that_is_no_json_is_none(workspace: Connected, answering: Callable[[bytes], str]) -> None:
    with pytest.raises(EngineError, match="not a JSON object") as caught:
        connect(workspace.ws, "linear", {"api_key": "k"}, base_url=answering(b"<html>"), name="other")
    assert caught.value.kind == "vendor_unavailable"


# -- SYNC --------------------------------------------------------------------------------------------------------------


def test_an_issue_becomes_a_row(office: Connected, simulator: LinearSimulator) -> None:
    account = simulator.account
    issue = next(node for node in live(account.issues) if node["dueDate"])
    done = next(state for state in issue["team"]["states"] if state["name"] == "Done")
    values = {"project": account.projects[0], "assignee": account.users[2], "estimate": 5, "priority": 2}
    account.update("Issue", issue, {**values, "state": done})
    office.synced()
    row = office.rows("tracker_issues")[issue["id"]]
    times = ("created_date", "updated_date", "completed_date")
    row |= {name: dt.datetime.fromisoformat(row[name]) for name in times}
    expected = {
        "source_system": "linear",
        "identifier": issue["identifier"],
        "title": issue["title"],
        "description": issue["description"],
        "state_name": "Done",
        "state_type": "completed",
        "priority": 2,
        "priority_label": "High",
        "assignee_name": issue["assignee"]["name"],
        "assignee_email": issue["assignee"]["email"],
        "creator_name": issue["creator"]["name"],
        "project_source_id": issue["project"]["id"],
        "team_source_id": issue["team"]["id"],
        "labels": ["Customer request", issue["labels"][1]["name"]],
        "estimate": issue["estimate"],
        "url": issue["url"],
        "due_date": issue["dueDate"],
        "created_date": dt.datetime.fromisoformat(issue["createdAt"]),
        "updated_date": dt.datetime.fromisoformat(issue["updatedAt"]),
        "completed_date": dt.datetime.fromisoformat(issue["completedAt"]),
        "cancelled_date": None,
    }
    assert {name: row[name] for name in expected} == expected


def test_teams_and_projects_become_rows(office: Connected, simulator: LinearSimulator) -> None:
    office.synced()
    team = simulator.account.teams[0]
    row = office.rows("tracker_teams")[team["id"]]
    assert (row["name"], row["key"], row["description"]) == ("Engineering", "ENG", team["description"])
    project = next(node for node in simulator.account.projects if node["name"].startswith("Go-live of"))
    row = office.rows("tracker_projects")[project["id"]]
    expected = {
        "name": project["name"],
        "description": project["description"],
        "state": project["status"]["name"],
        "progress": project["progress"],
        "target_date": project["targetDate"],
        "start_date": project["startDate"],
        "url": project["url"],
        "lead_name": project["lead"]["name"],
    }
    assert {name: row[name] for name in expected} == expected
    assert set(row["team_source_ids"]) == {team["id"] for team in project["teams"]}


def test_a_project_of_many_teams_has_all_of_them(office: Connected, simulator: LinearSimulator) -> None:
    teams = [simulator.account.add_team(f"Squad {n}", f"Q{n}") for n in range(60)]
    project = simulator.account.add_project("Everybody", teams)
    office.synced()
    row = office.rows("tracker_projects")[project["id"]]
    assert sorted(row["team_source_ids"]) == sorted(team["id"] for team in teams)


def test_only_what_changed_is_asked_for(office: Connected, simulator: LinearSimulator) -> None:
    office.synced()
    before = requests(office)
    changed = simulator.change("tracker_issues")
    entities = office.synced()
    assert entities["tracker_issues"] == {"inserted": 0, "updated": 1, "unchanged": 0, "deleted": 0, "rejected": 0}
    assert office.rows("tracker_issues")[changed]["title"].endswith("changed")
    assert requests(office) - before <= 4  # one for each entity, and one for the labels of the issue


@pytest.mark.parametrize(
    "mutation",
    ["issueArchive(id: $id)", "issueArchive(id: $id, trash: true)", "issueDelete(id: $id)"],
)
def test_what_is_archived_or_in_the_trash_is_deleted_until_it_comes_back(office: Connected, mutation: str) -> None:
    office.synced()
    (source_id, *_) = office.rows("tracker_issues")
    graphql(office, f"mutation ($id: String!) {{ {mutation} {{ success }} }}", id=source_id)
    assert office.synced()["tracker_issues"]["deleted"] == 1
    assert source_id in office.rows("tracker_issues", deleted=True)
    graphql(office, "mutation ($id: String!) { issueUnarchive(id: $id) { success } }", id=source_id)
    office.synced()
    assert source_id in office.rows("tracker_issues")


def test_what_linear_archives_by_itself_is_found_though_its_time_of_change_stays(
    office: Connected, simulator: LinearSimulator
) -> None:
    office.synced()
    source_id = simulator.archive_quietly()
    office.synced()
    assert source_id in office.rows("tracker_issues", deleted=True)
    assert office.counts() == simulator.counts()


def test_what_is_deleted_for_good_is_found_by_a_full_sync(office: Connected, simulator: LinearSimulator) -> None:
    office.synced()
    (source_id, *_) = office.rows("tracker_issues")
    graphql(
        office, "mutation ($id: String!) { issueDelete(id: $id, permanentlyDelete: true) { success } }", id=source_id
    )
    assert office.synced()["tracker_issues"]["deleted"] == 0
    assert office.synced(full=True)["tracker_issues"]["deleted"] == 1
    assert office.counts() == simulator.counts()


def test_labels_met_later_are_looked_up_and_renamed_ones_found_by_a_full_sync(
    office: Connected, simulator: LinearSimulator
) -> None:
    office.synced()
    label = simulator.account.add_label("Regression")
    issue = live(simulator.account.issues)[0]
    simulator.account.update("Issue", issue, {"labels": [label, *issue["labels"]]})
    office.synced()
    assert office.rows("tracker_issues")[issue["id"]]["labels"][0] == "Regression"
    label["name"] = "Worse than before"
    office.synced(full=True)
    assert office.rows("tracker_issues")[issue["id"]]["labels"][0] == "Worse than before"


def test_no_page_costs_nearly_what_a_query_may(office: Connected) -> None:
    costs: list[int] = []

    def look(exchange: ServedExchange) -> None:
        costs.append(int(exchange.reply_headers["x-complexity"]))

    observers.append(look)
    try:
        office.synced()
    finally:
        observers.remove(look)
    assert len(costs) > 5
    assert max(costs) < 4_000


def test_a_spent_budget_ends_the_run_and_keeps_what_came(home: Path) -> None:
    with connected(home, LinearSimulator(size=40, complexity=5_000)) as office:
        result = office.sync()
        assert (result.status, result.error_kind) == ("partial", "rate_limited")
        assert "Rate limit exceeded" in str(result.error)
        assert len(office.rows("tracker_issues")) > 50


# -- QUERY -------------------------------------------------------------------------------------------------------------


def test_words_search_issues(office: Connected, simulator: LinearSimulator) -> None:
    found = office.query("Single SIGN-ON limit 2")
    assert found["columns"][:3] == ["identifier", "title", "state"]
    titles = {node["title"] for node in live(simulator.account.issues) if "sign-on" in node["title"]}
    assert len(found["rows"]) == min(2, len(titles))
    assert found["truncated"] is (len(titles) > 2)
    assert {row[1] for row in found["rows"]} <= titles


def test_a_search_that_finds_more_than_it_shows_says_so(workspace: Connected) -> None:
    found = workspace.query("the limit 3")
    assert (len(found["rows"]), found["truncated"]) == (3, True)
    assert workspace.query("nothing of this kind")["rows"] == []


def test_graphql_is_answered_as_linear_answers(workspace: Connected) -> None:
    assert workspace.query('{ team(id: "ENG") { name } }') == {"team": {"name": "Engineering"}}
    request = {
        "query": "query ($query: String!) { teams(filter: {key: {eq: $query}}) { nodes { ...T } } } "
        "fragment T on Team { key }",
        "variables": {"query": "SEC"},
    }
    assert workspace.query(json.dumps(request)) == {"teams": {"nodes": [{"key": "SEC"}]}}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ('mutation { issueDelete(id: "ENG-1") { success } }', "this is a mutation"),
        ("subscription { issueCreated { id } }", "this is a subscription"),
        ('query A { viewer { id } } mutation B { issueDelete(id: "ENG-1") { success } }', "this is a mutation"),
        ('# query\n mutation\n{ issueDelete(id: "ENG-1") { success } }', "this is a mutation"),
        ('{"query": "mutation { issueDelete(id: 1) { success } }"}', "this is a mutation"),
        ("type Query { a: Int }", "this is a definition of a type"),
        ("query A { viewer { id } } query B { viewer { id } }", "One query at a time"),
        ("fragment A on Team { id }", "these are 0"),
        ("{ viewer { id }", "not valid GraphQL"),
        ("{ a " * 3_000 + "}" * 3_000, "nested too deeply"),
        ("{ viewer { id } }" + "{ a }" * 5_000, "not valid GraphQL"),
        ('{"variables": {}}', "has a `query`"),
        ('{"query": "{ viewer { id } }", "operation": "A"}', "has a `query`"),
        ("  ", "nothing to search for"),
        ("limits limit 251", "must be from 1 to 250"),
    ],
    ids=range(15),
)
def test_what_is_no_search_and_no_query_is_refused_before_sending(
    workspace: Connected, request_: str, words: str
) -> None:
    before = requests(workspace)
    with pytest.raises(EngineError, match=re.escape(words)) as caught:
        workspace.query(request_)
    assert caught.value.kind == "invalid_input"
    assert requests(workspace) == before


def test_a_query_that_linear_refuses_says_why(workspace: Connected) -> None:
    with pytest.raises(EngineError, match="Entity not found: Issue") as caught:
        workspace.query('{ issue(id: "ENG-99999") { id } }')
    assert caught.value.kind == "not_found"
    with pytest.raises(EngineError, match="Query too complex"):
        workspace.query(
            "{ issues(first: 250) { nodes { children(first: 250) { nodes { comments { nodes { body } } } } } } }"
        )


def test_the_schema_names_what_graphql_can_ask_for(workspace: Connected) -> None:
    schema = {each["name"]: each for each in operations.schema(workspace.ws, "linear")}
    assert {"issues", "projects", "teams", "users", "workflowStates", "issueLabels"} <= schema.keys()
    columns = {column["name"]: column["type"] for column in schema["issues"]["columns"]}
    assert columns["identifier"] == "String!"
    assert columns["labelIds"] == "[String!]!"
    assert columns["assignee"] == "User"


# -- WRITE -------------------------------------------------------------------------------------------------------------


def test_an_issue_is_created_with_names(office: Connected, simulator: LinearSimulator) -> None:
    person = live(simulator.account.users)[3]
    result = office.write(
        "create_issue",
        team="eng",
        title="Exports time out",
        description="Since *Monday*.",
        priority=1,
        assignee=person["email"],
        project="Reliability",
        state="in progress",
        labels=["bug", "Customer request"],
        due_date="2026-12-24",
        estimate=3,
    )
    issue = simulator.account.by_id[result["id"]]
    assert result == {
        "id": issue["id"],
        "identifier": issue["identifier"],
        "title": "Exports time out",
        "url": issue["url"],
        "state": "In Progress",
        "assignee": person["name"],
    }
    assert (issue["team"]["key"], issue["project"]["name"]) == ("ENG", "Reliability")
    assert [label["name"] for label in issue["labels"]] == ["Bug", "Customer request"]
    assert (issue["priority"], issue["estimate"], issue["dueDate"]) == (1, 3, "2026-12-24")
    assert issue["description"] == "Since *Monday*."


def test_the_command_lines_text_and_the_older_names_are_understood(
    office: Connected, simulator: LinearSimulator
) -> None:
    given = {
        "team_key": "ENG",
        "title": "From a terminal",
        "priority": "2",
        "assignee_name": "@me",
        "labels": "Bug,Feature",
    }
    done = operations.write(office.ws, "linear", "create_issue", given, textual=True)
    assert done.status == "ok"
    issue = simulator.account.by_id[done.result["id"]]
    assert (issue["assignee"], issue["priority"]) == (simulator.account.viewer, 2)
    assert [label["name"] for label in issue["labels"]] == ["Bug", "Feature"]
    given = {"issue_identifier": issue["identifier"], "state_name": "Done", "project_name": "Reliability"}
    done = operations.write(office.ws, "linear", "update_issue", given, textual=True)
    assert done.status == "ok"
    assert (issue["state"]["name"], issue["project"]["name"]) == ("Done", "Reliability")


@pytest.mark.parametrize(
    ("field", "value", "words", "hint"),
    [
        ("team", "ENGINE", "There is no team ENGINE.", "ENG (Engineering)"),
        ("assignee", "nobody", "There is no assignee nobody.", "There are:"),
        ("project", "Reliabillity", "There is no project Reliabillity in team ENG.", "Reliability"),
        ("state", "Doing", "There is no state Doing in team ENG.", "Did you mean Done?"),
        ("state", "Shipped", "There is no state Shipped in team ENG.", "There are: Backlog, Todo, In Progress"),
        ("labels", ["Bug", "Bugs"], "There is no label Bugs in team ENG.", "Bug"),
        ("labels", ["Product"], "There is no label Product in team ENG.", ""),
        ("labels", ["Pen test"], "There is no label Pen test in team ENG.", ""),
    ],
)
def test_a_name_that_is_not_found_creates_nothing(
    workspace: Connected, field: str, value: Any, words: str, hint: str
) -> None:
    simulator = cast("LinearSimulator", workspace.simulator)
    before = len(simulator.account.issues)
    error = failed(workspace, "create_issue", **{"team": "ENG", "title": "Half", field: value})
    assert (error.kind, error.message) == ("invalid_input", words)
    assert hint in (error.hint or "")
    assert len(simulator.account.issues) == before


def test_an_ambiguous_assignee_creates_nothing_and_lists_who_it_may_be(
    office: Connected, simulator: LinearSimulator
) -> None:
    one, other = live(simulator.account.users)[1:3]
    other["name"] = one["name"]
    before = len(simulator.account.issues)
    error = failed(office, "create_issue", team="ENG", title="Whose?", assignee=one["name"])
    assert error.message.startswith(f"2 assignees are called {one['name']}")
    assert one["email"] in error.message
    assert other["email"] in error.message
    assert len(simulator.account.issues) == before
    assert office.write("create_issue", team="ENG", title="Whose?", assignee=other["email"])["assignee"]


def test_who_left_is_assigned_nothing(office: Connected, simulator: LinearSimulator) -> None:
    gone = next(user for user in simulator.account.users if not user["active"])
    assert (
        "There is no assignee" in failed(office, "create_issue", team="ENG", title="x", assignee=gone["email"]).message
    )


def test_an_issue_given_its_own_id_is_created_once(office: Connected, simulator: LinearSimulator) -> None:
    own = str(uuid.uuid4())
    first = office.write("create_issue", team="ENG", title="Once", id=own)
    again = office.write("create_issue", team="ENG", title="Once", id=own)
    assert (first["id"], again) == (own, first)
    assert sum(issue["title"] == "Once" for issue in simulator.account.issues) == 1


@pytest.mark.parametrize("kind", ["lost_reply", "half_body"])
def test_a_lost_answer_does_not_create_twice(office: Connected, simulator: LinearSimulator, kind: Any) -> None:
    simulator.traffic.faults.append(fault := Fault(kind, after=1, times=1))
    created = office.write("create_issue", team="ENG", title="Only me")
    assert [issue["id"] for issue in simulator.account.issues if issue["title"] == "Only me"] == [created["id"]]
    fault.times, fault.after = 2, 2  # the comment's request is the next one
    comment = office.write("comment", issue=created["identifier"], body="Me too")
    assert [node["id"] for node in simulator.account.comments if node["body"] == "Me too"] == [comment["id"]]
    assert fault.hits == 2


def test_linear_has_the_last_word_on_an_issue(workspace: Connected) -> None:
    error = failed(workspace, "create_issue", team="ENG", title="  ")
    assert error.message == (
        "Linear says: Argument Validation Error: title must not be empty (An issue needs a title.)"
    )
    assert "id must be a UUID" in failed(workspace, "create_issue", team="ENG", title="x", id="mine").message


def test_an_update_changes_what_is_named_and_nothing_else(office: Connected, simulator: LinearSimulator) -> None:
    issue = next(
        node for node in live(simulator.account.issues) if node["assignee"] and node["project"] and node["labels"]
    )
    before = dict(issue)
    office.write("update_issue", id=issue["id"], title="Another title")
    assert issue["title"] == "Another title"
    assert {k for k in issue if issue[k] != before[k]} == {"title", "updatedAt"}
    office.write("update_issue", id=issue["identifier"], assignee="", project="", labels=[])
    assert (issue["assignee"], issue["project"], issue["labels"]) == (None, None, [])


def test_an_update_of_nothing_or_of_no_issue_is_refused(workspace: Connected) -> None:
    before = requests(workspace)
    with pytest.raises(EngineError, match="Give at least one of"):
        operations.write(workspace.ws, "linear", "update_issue", {"id": "ENG-1"})
    assert requests(workspace) == before
    error = failed(workspace, "update_issue", id="ENG-99999", title="x")
    assert (error.kind, "Entity not found" in error.message) == ("not_found", True)


def test_a_comment_is_made_and_repeated_without_a_second_one(office: Connected, simulator: LinearSimulator) -> None:
    issue = live(simulator.account.issues)[0]
    own = str(uuid.uuid4())
    first = office.write("comment", issue=issue["identifier"], body="Looks *good*", id=own)
    assert first == {"id": own, "url": simulator.account.by_id[own]["url"], "issue": issue["identifier"]}
    assert office.write("comment", issue_id=issue["id"], body="Looks *good*", id=own) == first
    assert sum(comment["body"] == "Looks *good*" for comment in simulator.account.comments) == 1
    assert failed(office, "comment", issue="ENG-99999", body="x").kind == "not_found"


# -- LISTEN ------------------------------------------------------------------------------------------------------------


def subscribed(office: Connected) -> None:
    graphql(
        office,
        "mutation ($input: WebhookCreateInput!) { webhookCreate(input: $input) { success } }",
        input={
            "url": f"{office.url}/nowhere",
            "resourceTypes": ["Issue", "Comment"],
            "allPublicTeams": True,
            "secret": WEBHOOK_SECRET,
        },
    )


def deliver(office: Connected) -> list[str]:
    """Hand over what Linear sent so far, and forget it; returns the types of the events."""
    types = []
    connector = LinearConnector("acme")
    for delivery in office.simulator.outbox.deliveries:
        assert office.receive(delivery.body, delivery.headers).status == 200
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        found = connector.process_webhook_payload(WebhookRequest("POST", "", headers, delivery.body))
        assert len({event.id for event in found}) == len(found)
        types += [event.type for event in found]
    office.simulator.outbox.deliveries.clear()
    return types


def test_an_issue_is_created_changed_done_and_deleted_as_linear_tells(
    office: Connected, simulator: LinearSimulator
) -> None:
    subscribed(office)
    source_id = simulator.create("tracker_issues")
    assert deliver(office) == ["issue_created"]
    assert office.rows("tracker_issues").keys() == {source_id}
    issue = simulator.account.by_id[source_id]
    simulator.account.update("Issue", issue, {"title": "Told"})
    assert deliver(office) == ["issue_updated"]
    assert office.rows("tracker_issues")[source_id]["title"] == "Told"
    office.write("update_issue", id=source_id, state="Done")
    assert deliver(office) == ["issue_updated", "issue_done"]
    assert office.rows("tracker_issues")[source_id]["state_type"] == "completed"
    office.write("comment", issue=source_id, body="Well done")
    assert deliver(office) == []
    simulator.account.archive("Issue", issue, trash=True)
    assert deliver(office) == ["issue_updated"]
    assert office.rows("tracker_issues", deleted=True).keys() == {source_id}


def test_what_is_gone_for_good_when_the_webhook_comes_is_deleted(office: Connected, simulator: LinearSimulator) -> None:
    office.synced()
    subscribed(office)
    issue = live(simulator.account.issues)[0]
    simulator.account.delete("Issue", simulator.account.issues, issue)
    deliver(office)
    assert issue["id"] in office.rows("tracker_issues", deleted=True)


def webhook(age: float = 0.0) -> bytes:
    stamp = int((time.time() - age) * 1000)
    return json.dumps({"action": "create", "type": "Issue", "data": {"id": "x"}, "webhookTimestamp": stamp}).encode()


@pytest.mark.parametrize(
    ("made", "secret", "words"),
    [
        (webhook, "another", "not signed with this connection's secret"),
        (lambda: webhook(age=90), WEBHOOK_SECRET, "60 are allowed"),
        (lambda: webhook(age=-90), WEBHOOK_SECRET, "60 are allowed"),
        (lambda: b'{"type": "Issue"}', WEBHOOK_SECRET, "does not say when it was sent"),
        (lambda: b"[]", WEBHOOK_SECRET, "no JSON object"),
    ],
    ids=["wrong secret", "replayed", "of the future", "without a time", "another shape"],
)
def test_a_webhook_that_linear_did_not_send_now_is_refused(
    workspace: Connected, made: Callable[[], bytes], secret: str, words: str
) -> None:
    body = made()
    with pytest.raises(EngineError, match=re.escape(words)) as caught:
        workspace.receive(body, {"Linear-Signature": signature(secret, body)})
    assert caught.value.kind == "webhook_refused"


def test_a_changed_body_does_not_pass_with_the_old_signature(workspace: Connected) -> None:
    body = webhook()
    with pytest.raises(EngineError, match="not signed"):
        workspace.receive(body + b" ", {"Linear-Signature": signature(WEBHOOK_SECRET, body)})
    with pytest.raises(EngineError, match="not signed"):
        workspace.receive(body, {})


def test_without_a_secret_no_webhook_is_believed(home: Path, simulator: LinearSimulator) -> None:
    with connected(home, simulator, webhook_secret="") as office, pytest.raises(EngineError, match="no webhook secret"):
        office.receive(webhook(), {"Linear-Signature": signature("", webhook())})
