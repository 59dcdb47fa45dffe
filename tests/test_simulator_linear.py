"""The Linear simulator as a client of Linear's sees it: GraphQL, pages, filters, refusals, limits, webhooks.

Linear has no client library for Python. That names and types are Linear's own is checked against its schema, here and
in each exchange of every test.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import httpx2
import pytest
from graphql import GraphQLSchema

from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.limits import Limit
from revtops_tui.simulators.linear import LinearSimulator
from revtops_tui.simulators.linear.api import schema
from revtops_tui.simulators.linear.simulator import API_KEY
from revtops_tui.simulators.server import serve
from tests.contracts.checking import contract_of
from tests.contracts.documents import SPECS

Node = dict[str, Any]
Ask = Callable[..., Node]


@pytest.fixture
def simulator() -> LinearSimulator:
    return LinearSimulator(size=40)


@pytest.fixture
def url(simulator: LinearSimulator) -> Iterator[str]:
    with serve(simulator.app) as server:
        yield f"{server.url}/graphql"


def post(url: str, query: str, variables: Node | None = None, key: str = API_KEY) -> httpx2.Response:
    body = {"query": query, **({"variables": variables} if variables else {})}
    return httpx2.post(url, json=body, headers={"Authorization": key})


@pytest.fixture
def ask(url: str) -> Ask:
    """The data of a reply without errors."""

    def asked(query: str, **variables: Any) -> Node:
        reply = post(url, query, variables)
        assert reply.status_code == 200, reply.text
        document = reply.json()
        assert "errors" not in document, document
        return cast("Node", document["data"])

    return asked


def refused(reply: httpx2.Response) -> tuple[int, str, str]:
    """Status, message and code of a refusal."""
    (error,) = reply.json()["errors"]
    return reply.status_code, error["message"], error["extensions"]["code"]


# -- the schema --------------------------------------------------------------------------------------------------------


def _differences(ours: GraphQLSchema, theirs: GraphQLSchema) -> Iterator[str]:
    for name, kind in ours.type_map.items():
        official: Any = theirs.type_map.get(name)
        for field, definition in getattr(kind, "fields", {}).items() if not name.startswith("__") else ():
            known = official and official.fields.get(field)
            if known is None or str(known.type) != str(definition.type):
                yield f"{name}.{field}: {definition.type}"
                continue
            for argument, declared in getattr(definition, "args", {}).items():
                if argument not in known.args or str(known.args[argument].type) != str(declared.type):
                    yield f"{name}.{field}({argument}): {declared.type}"


def test_names_and_types_are_those_of_linears_schema() -> None:
    if not SPECS.is_dir():
        pytest.skip(f"the vendors' documents are not at {SPECS}")
    contract: Any = contract_of("linear")
    assert list(_differences(schema(), contract.schema)) == []


# -- queries -----------------------------------------------------------------------------------------------------------


def test_a_client_creates_reads_lists_updates_and_deletes(ask: Ask) -> None:
    own = str(uuid.uuid4())
    team = ask('{ team(id: "ENG") { id states { nodes { id name } } } }')["team"]
    made = ask(
        "mutation issueCreate($input: IssueCreateInput!) { issueCreate(input: $input) { __typename success lastSyncId "
        "issue { id identifier state { name } } } }",
        input={"id": own, "teamId": team["id"], "title": "A client", "priority": 3},
    )["issueCreate"]
    assert (made["success"], made["issue"]["id"], made["issue"]["state"]["name"]) == (True, own, "Backlog")
    identifier = made["issue"]["identifier"]
    read = ask(
        "query issue($id: String!) { issue(id: $id) { ...Issue } } "
        "fragment Issue on Issue { __typename title priorityLabel branchName creator { isMe } "
        "labels { nodes { id } } }",
        id=identifier,
    )["issue"]
    assert read == {
        "__typename": "Issue",
        "title": "A client",
        "priorityLabel": "Medium",
        "branchName": identifier.lower(),
        "creator": {"isMe": True},
        "labels": {"nodes": []},
    }
    done = next(state["id"] for state in team["states"]["nodes"] if state["name"] == "Done")
    update = "mutation ($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { issue { "
    ask(f"{update} completedAt }} }} }}", id=own, input={"stateId": done, "title": "Another"})
    (first,) = ask("{ issues(first: 1) { nodes { title completedAt startedAt } } }")["issues"]["nodes"]
    assert (first["title"], first["completedAt"] is None, first["startedAt"] is None) == ("Another", False, False)
    gone = ask("mutation ($id: String!) { issueDelete(id: $id) { entity { trashed archivedAt } } }", id=own)
    assert gone["issueDelete"]["entity"]["trashed"] is True
    assert gone["issueDelete"]["entity"]["archivedAt"]
    assert ask("{ issues(first: 1) { nodes { title } } }")["issues"]["nodes"][0]["title"] != "Another"


def test_projects_teams_labels_comments_and_webhooks_are_made_changed_and_removed(ask: Ask) -> None:
    team = ask('mutation { teamCreate(input: {name: "Legal"}) { team { id key } } }')["teamCreate"]["team"]
    assert team["key"] == "LEG"
    ask('mutation ($id: String!) { teamUpdate(id: $id, input: {name: "Law"}) { team { displayName } } }', id=team["id"])
    create = (
        "mutation ($input: ProjectCreateInput!) { projectCreate(input: $input) { project { id status { type } } } }"
    )
    project = ask(create, input={"name": "Contracts", "teamIds": [team["id"]]})["projectCreate"]["project"]
    assert project["status"]["type"] == "backlog"
    change = "mutation ($id: String!) { projectUpdate(id: $id, input: {priority: 2}) { project { priority } } }"
    assert ask(change, id=project["id"])["projectUpdate"]["project"]["priority"] == 2
    label = ask('mutation { issueLabelCreate(input: {name: "Urgent"}) { issueLabel { id } } }')["issueLabelCreate"]
    batch = "mutation ($input: IssueBatchCreateInput!) { issueBatchCreate(input: $input) { issues { id number } } }"
    one = {"teamId": team["id"], "title": "NDA", "projectId": project["id"], "labelIds": [label["issueLabel"]["id"]]}
    issues = ask(batch, input={"issues": [one, one]})["issueBatchCreate"]["issues"]
    assert [issue["number"] for issue in issues] == [1, 2]
    comment = "mutation ($input: CommentCreateInput!) { commentCreate(input: $input) { comment { id issueId } } }"
    said = ask(comment, input={"issueId": "LEG-1", "body": "?"})["commentCreate"]["comment"]
    assert said["issueId"] == issues[0]["id"]
    edit = 'mutation ($id: String!) { commentUpdate(id: $id, input: {body: "!"}) { comment { editedAt } } }'
    assert ask(edit, id=said["id"])["commentUpdate"]["comment"]["editedAt"]
    shown = ask('{ issue(id: "LEG-1") { comments { nodes { body user { isMe } } } project { name } } }')
    assert shown["issue"]["comments"]["nodes"] == [{"body": "!", "user": {"isMe": True}}]
    for mutation, key in (("commentDelete", said["id"]), ("projectDelete", project["id"]), ("teamDelete", team["id"])):
        assert ask(f"mutation ($id: String!) {{ {mutation}(id: $id) {{ success }} }}", id=key)[mutation]["success"]
    counted = ask('{ team(id: "LEG") { archivedAt issueCount issues { nodes { id } } } }')["team"]
    assert (counted["archivedAt"] is None, counted["issueCount"], counted["issues"]["nodes"]) == (False, 0, [])
    hook = "mutation ($input: WebhookCreateInput!) { webhookCreate(input: $input) { webhook { id secret enabled } } }"
    given = {"url": "https://hooks.example/in", "resourceTypes": ["Issue"], "allPublicTeams": True}
    webhook = ask(hook, input=given)["webhookCreate"]["webhook"]
    assert webhook["secret"].startswith("lin_wh_")
    off = "mutation ($id: String!) { webhookUpdate(id: $id, input: {enabled: false}) { webhook { enabled } } }"
    assert ask(off, id=webhook["id"])["webhookUpdate"]["webhook"] == {"enabled": False}
    ask("mutation ($id: String!) { webhookDelete(id: $id) { entityId } }", id=webhook["id"])
    assert ask("{ webhooks { nodes { id } } }")["webhooks"]["nodes"] == []


def test_pages_go_forward_and_back_and_hold_everything_once(ask: Ask, simulator: LinearSimulator) -> None:
    query = (
        "query ($first: Int, $after: String, $last: Int, $before: String) { issues(first: $first, after: $after, "
        "last: $last, before: $before, includeArchived: true) { edges { cursor node { id createdAt } } "
        "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    )
    seen: list[str] = []
    page = ask(query, first=100)["issues"]
    while True:
        seen += [edge["node"]["id"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        last = page
        page = ask(query, first=100, after=page["pageInfo"]["endCursor"])["issues"]
    assert seen == [issue["id"] for issue in reversed(simulator.account.issues)]
    assert page["pageInfo"]["hasPreviousPage"] is True
    back = ask(query, last=100, before=page["pageInfo"]["startCursor"])["issues"]
    assert back["edges"] == last["edges"]
    assert [edge["cursor"] for edge in back["edges"]] == [edge["node"]["id"] for edge in back["edges"]]


def test_without_a_size_a_page_has_fifty_and_the_archived_are_left_out(ask: Ask, simulator: LinearSimulator) -> None:
    nodes = ask("{ issues { nodes { archivedAt updatedAt } } }")["issues"]["nodes"]
    assert (len(nodes), {node["archivedAt"] for node in nodes}) == (50, {None})
    changed = simulator.change("tracker_issues")
    assert ask("{ issues(first: 1, orderBy: updatedAt) { nodes { id } } }")["issues"]["nodes"] == [{"id": changed}]


def test_a_page_goes_on_behind_a_node_that_left_the_list(ask: Ask) -> None:
    query = "query ($after: String) { issues(first: 2, after: $after) { nodes { id } pageInfo { endCursor } } }"
    cursor = ask(query)["issues"]["pageInfo"]["endCursor"]
    following = ask(query, after=cursor)
    ask("mutation ($id: String!) { issueArchive(id: $id) { success } }", id=cursor)
    assert ask(query, after=cursor) == following


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({"team": {"key": {"eq": "SEC"}}}, lambda issue: issue["team"]["key"] == "SEC"),
        ({"assignee": {"null": True}}, lambda issue: issue["assignee"] is None),
        ({"assignee": {"isMe": {"eq": True}}}, lambda issue: issue["assignee"] and issue["assignee"]["isMe"]),
        ({"state": {"type": {"nin": ["completed", "canceled"]}}}, lambda i: not (i["completedAt"] or i["canceledAt"])),
        ({"labels": {"some": {"name": {"eq": "Bug"}}}}, lambda i: any(x["name"] == "Bug" for x in i["labels"])),
        ({"labels": {"name": {"eqIgnoreCase": "bug"}}}, lambda i: any(x["name"] == "Bug" for x in i["labels"])),
        ({"labels": {"length": {"eq": 0}}}, lambda issue: not issue["labels"]),
        ({"labels": {"every": {"name": {"eq": "Bug"}}}}, lambda i: all(x["name"] == "Bug" for x in i["labels"])),
        ({"priority": {"lte": 2, "gt": 0}}, lambda issue: issue["priority"] in (1, 2)),
        ({"updatedAt": {"gte": "2025-06"}}, lambda issue: issue["updatedAt"] >= "2025-06-01"),
        ({"updatedAt": {"gt": "2025-06-01T02:00:00+02:00"}}, lambda issue: issue["updatedAt"] > "2025-06-01T00:00"),
        ({"updatedAt": {"gt": "-P1D"}}, lambda issue: False),
        ({"dueDate": {"null": False}}, lambda issue: issue["dueDate"] is not None),
        ({"dueDate": {"lt": "2025-01-01"}}, lambda issue: (issue["dueDate"] or "9") < "2025-01-01"),
        (
            {"project": {"name": {"startsWith": "Go-live"}}},
            lambda i: i["project"] and "Go-live" in i["project"]["name"],
        ),
        (
            {"or": [{"title": {"contains": "billing"}}, {"number": {"in": [3, 4]}}]},
            lambda issue: "billing" in issue["title"] or issue["number"] in (3, 4),
        ),
        (
            {"and": [{"title": {"notContainsIgnoreCase": "THE"}}, {"estimate": {"null": True}}]},
            lambda issue: "the" not in issue["title"].lower() and issue["estimate"] is None,
        ),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_filters(ask: Ask, simulator: LinearSimulator, wanted: Node, fits: Callable[[Node], bool]) -> None:
    query = "query ($f: IssueFilter) { issues(first: 250, includeArchived: true, filter: $f) { nodes { id } } }"
    expected = [issue["id"] for issue in reversed(simulator.account.issues) if fits(issue)]
    assert [node["id"] for node in ask(query, f=wanted)["issues"]["nodes"]] == expected[:250]


def test_collections_are_filtered_from_the_other_side_too(ask: Ask, simulator: LinearSimulator) -> None:
    team = simulator.account.teams[2]
    query = (
        "query ($id: ID!) { projects(filter: {accessibleTeams: {some: {id: {eq: $id}}}}) { nodes { name } } "
        "users { nodes { active } } all: users(includeDisabled: true) { nodes { active } } "
        "organization { userCount teams(includeArchived: true) { nodes { key } } } "
        "viewer { assignedIssues(first: 3) { nodes { assignee { isMe } } } } }"
    )
    data = ask(query, id=team["id"])
    expected = [p["name"] for p in simulator.account.projects if team in p["teams"]]
    assert [project["name"] for project in data["projects"]["nodes"]] == expected[::-1]
    assert (len(data["users"]["nodes"]), len(data["all"]["nodes"])) == (12, 14)
    assert data["organization"]["userCount"] == 14
    assert len(data["organization"]["teams"]["nodes"]) == 7
    assert data["viewer"]["assignedIssues"]["nodes"][0] == {"assignee": {"isMe": True}}


def test_a_search_finds_words_in_titles_descriptions_and_comments(ask: Ask) -> None:
    query = "query ($term: String!, $c: Boolean) { searchIssues(term: $term, includeComments: $c) { totalCount } }"
    assert ask(query, term="audit LOG")["searchIssues"]["totalCount"] > 0
    assert ask(query, term="linear.app")["searchIssues"]["totalCount"] == 0
    assert ask(query, term="linear.app", c=True)["searchIssues"]["totalCount"] > 0


def test_the_seed_decides_what_there_is() -> None:
    one, same, other = (LinearSimulator(size=40, seed=seed) for seed in (1, 1, 2))
    shown = [[(i["id"], i["title"], i["updatedAt"]) for i in each.account.issues] for each in (one, same, other)]
    assert shown[0] == shown[1] != shown[2]


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_request_without_the_key_is_refused(url: str) -> None:
    code = "AUTHENTICATION_ERROR"
    assert refused(post(url, "{ viewer { id } }", key="lin_api_other")) == (
        401,
        "Authentication required, not authenticated",
        code,
    )
    status, message, given = refused(post(url, "{ viewer { id } }", key=f"Bearer {API_KEY}"))
    assert (status, given) == (400, code)
    assert "Remove the Bearer prefix" in message


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ viewer { shoeSize } }", "Cannot query field 'shoeSize' on type 'User'."),
        ("{ viewer { id ", "Syntax Error: Expected Name, found <EOF>."),
        ("query ($n: Int!) { issues(first: $n) { nodes { id } } }", "of non-null type 'Int!' to be provided"),
        ('{ issues(filter: {updatedAt: {gt: "yesterday"}}) { nodes { id } } }', "yesterday"),
    ],
)
def test_what_is_not_valid_is_refused(url: str, query: str, message: str) -> None:
    reply = post(url, query)
    assert reply.status_code == 400
    assert message in reply.json()["errors"][0]["message"]
    assert reply.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "data" not in reply.json()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('{ issue(id: "ENG-0") { id } }', "Entity not found: Issue"),
        ('{ team(id: "NOPE") { id } }', "Entity not found: Team"),
        ("{ issues(first: 251) { nodes { id } } }", "first must be between 1 and 250"),
        ("{ issues(last: -1) { nodes { id } } }", "last must be between 1 and 250"),
        ('{ issues(after: "x") { nodes { id } } }', "x is no cursor"),
        ('mutation { issueCreate(input: {teamId: "ENG", title: ""}) { success } }', "title must not be empty"),
        ('mutation { issueCreate(input: {teamId: "ENG", title: "x", priority: 5}) { success } }', "between 0 and 4"),
        ('mutation { issueCreate(input: {teamId: "ENG", title: "x", id: "1"}) { success } }', "id must be a UUID"),
        ('mutation { commentCreate(input: {issueId: "ENG-1", body: ""}) { success } }', "body must not be empty"),
        ('mutation { issueLabelCreate(input: {name: "bug"}) { success } }', "Duplicate label name"),
        ('mutation { teamCreate(input: {name: "x", key: "ENG"}) { success } }', "Duplicate team key"),
        ('mutation { webhookCreate(input: {url: "x", resourceTypes: []}) { success } }', "either teamId or"),
    ],
)
def test_what_cannot_be_is_refused_without_data(url: str, query: str, message: str) -> None:
    reply = post(url, query)
    assert (reply.status_code, reply.json()["data"]) == (200, None)
    (error,) = reply.json()["errors"]
    assert message in error["message"]
    assert error["extensions"]["type"] == "invalid input"
    assert error["extensions"]["userPresentableMessage"]


def test_an_id_is_taken_once(ask: Ask, url: str) -> None:
    create = "mutation ($i: IssueCreateInput!) { issueCreate(input: $i) { success } }"
    given = {"i": {"id": str(uuid.uuid4()), "teamId": "ENG", "title": "x"}}
    ask(create, **given)
    assert "already exists" in refused(post(url, create, given))[1]


def test_states_projects_and_groups_of_labels_do_not_fit_everywhere(url: str, simulator: LinearSimulator) -> None:
    account = simulator.account
    update = 'mutation ($i: IssueUpdateInput!) { issueUpdate(id: "ENG-1", input: $i) { success } }'
    group = next(label for label in account.labels if label["isGroup"])
    alone = account.add_project("Elsewhere", [account.teams[5]])
    wrong = {"stateId": account.teams[1]["states"][0]["id"], "projectId": alone["id"], "labelIds": [group["id"]]}
    words = ["Invalid state", "Project not in same team", "Label is a group"]
    assert [refused(post(url, update, {"i": {k: v}}))[1] for k, v in wrong.items()] == words


def test_what_is_no_graphql_at_all(url: str) -> None:
    headers = {"Authorization": API_KEY}
    assert httpx2.post(url, content=b"{}", headers=headers).status_code == 400
    assert httpx2.post(url, content=b"\xff", headers=headers).status_code == 400


def test_paths_that_there_are_not(simulator: LinearSimulator, url: str) -> None:
    simulator.traffic.requests.clear()
    assert httpx2.get(url.replace("/graphql", "/rest"), headers={"Authorization": API_KEY}).status_code == 404


# -- limits and faults -------------------------------------------------------------------------------------------------


def test_a_query_costs_what_it_asks_for_and_one_that_asks_too_much_is_refused(url: str) -> None:
    cost = post(url, "{ issues(first: 10) { nodes { id title assignee { name } } } }").headers["x-complexity"]
    assert cost == "24"  # ten times: the issue 1, two properties 0.2, the assignee 1.1; and the connection 1
    query = "{ issues(first: 250) { nodes { labels { nodes { name } } } } }"
    assert refused(post(url, query)) == (400, "Query too complex", "INPUT_ERROR")


def test_a_spent_limit_of_requests_is_http_400() -> None:
    with serve(LinearSimulator(size=4, limit=Limit(2, 3600)).app) as server:
        url = f"{server.url}/graphql"
        left = [post(url, "{ viewer { id } }").headers["x-ratelimit-requests-remaining"] for _ in range(2)]
        over = post(url, "{ viewer { id } }")
    assert left == ["1", "0"]
    assert refused(over)[::2] == (400, "RATELIMITED")
    assert int(over.headers["x-ratelimit-requests-reset"]) > 1_700_000_000_000
    assert 3_500 < int(over.headers["retry-after"]) <= 3_600


def test_a_spent_limit_of_complexity_changes_nothing() -> None:
    simulator = LinearSimulator(size=4, complexity=5)
    with serve(simulator.app) as server:
        url = f"{server.url}/graphql"
        first = post(url, "{ viewer { id } }")
        before = len(simulator.account.issues)
        query = 'mutation { issueCreate(input: {teamId: "ENG", title: "x"}) { issue { id title url team { key } } } }'
        over = post(url, query)
    assert first.headers["x-ratelimit-complexity-limit"] == "5"
    assert refused(over)[::2] == (400, "RATELIMITED")
    assert len(simulator.account.issues) == before


def test_faults_are_worded_as_linear_words_them(simulator: LinearSimulator, url: str) -> None:
    expected = {
        "429": (400, "RATELIMITED"),
        "500": (500, "INTERNAL_SERVER_ERROR"),
        "expired_token": (401, "AUTHENTICATION_ERROR"),
        "revoked": (401, "AUTHENTICATION_ERROR"),
    }
    for kind, (status, code) in expected.items():
        simulator.traffic.faults[:] = [Fault(cast("Any", kind))]
        assert refused(post(url, "{ viewer { id } }"))[::2] == (status, code)


def test_faults_of_content_are_in_the_page(simulator: LinearSimulator, ask: Ask) -> None:
    query = "query ($after: String) { issues(first: 2, after: $after) { nodes { id title } pageInfo { endCursor } } }"
    first = ask(query)["issues"]
    simulator.traffic.faults[:] = [Fault("duplicates")]
    assert [node["id"] for node in ask(query)["issues"]["nodes"]] == [
        first["nodes"][0]["id"],
        first["nodes"][1]["id"],
        first["nodes"][0]["id"],
    ]
    simulator.traffic.faults[:] = [Fault("page_shift")]
    assert ask(query, after=first["pageInfo"]["endCursor"])["issues"]["nodes"][0] == first["nodes"][1]
    simulator.traffic.faults[:] = [Fault("schema_drift")]
    assert ask(query)["issues"]["nodes"][0]["title"] == {"text": first["nodes"][0]["title"]}


# -- webhooks ----------------------------------------------------------------------------------------------------------


class _Receiver(BaseHTTPRequestHandler):
    received: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """Somebody who takes webhooks: the address, and what came."""
    handler = type("Handler", (_Receiver,), {"received": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/in", handler.received
    server.shutdown()
    thread.join()
    server.server_close()


def test_webhooks_are_signed_and_sent_to_those_who_asked(
    simulator: LinearSimulator, ask: Ask, receiver: tuple[str, list[tuple[dict[str, str], bytes]]]
) -> None:
    url, received = receiver
    hook = "mutation ($input: WebhookCreateInput!) { webhookCreate(input: $input) { webhook { id } } }"
    given = {"url": url, "resourceTypes": ["Issue"], "teamId": "ENG", "secret": "shh"}
    made = ask(hook, input=given)["webhookCreate"]["webhook"]
    create = "mutation ($i: IssueCreateInput!) { issueCreate(input: $i) { issue { id identifier } } }"
    ask(create, i={"teamId": "SEC", "title": "Of another team"})
    issue = ask(create, i={"teamId": "ENG", "title": "Told"})["issueCreate"]["issue"]
    ask('mutation ($id: String!) { commentCreate(input: {issueId: $id, body: "!"}) { success } }', id=issue["id"])
    ask('mutation ($id: String!) { issueUpdate(id: $id, input: {title: "New"}) { success } }', id=issue["id"])
    ask("mutation ($id: String!) { issueDelete(id: $id) { success } }", id=issue["id"])
    simulator.outbox.wait()
    bodies = [json.loads(body) for _, body in received]
    assert [(body["action"], body["type"]) for body in bodies] == [
        ("create", "Issue"),
        ("update", "Issue"),
        ("remove", "Issue"),
    ]
    assert {body["webhookId"] for body in bodies} == {made["id"]}
    assert bodies[0]["data"]["identifier"] == issue["identifier"]
    assert bodies[0]["data"]["team"]["key"] == "ENG"
    assert bodies[0]["actor"]["id"] == simulator.account.viewer["id"]
    assert bodies[1]["updatedFrom"] == {"title": "Told"}
    for headers, body in received:
        assert headers["linear-signature"] == hmac.new(b"shh", body, hashlib.sha256).hexdigest()
        assert headers["linear-event"] == "Issue"
    assert len({headers["linear-delivery"] for headers, _ in received}) == 3
