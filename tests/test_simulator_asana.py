"""Asana's simulator: as `asana`, the vendor's own client, sees it, and over HTTP where it says no."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import asana
import httpx2
import pytest
from asana.rest import ApiException

from revtops_tui.simulators.asana import AsanaSimulator
from revtops_tui.simulators.limits import Limit
from revtops_tui.simulators.server import serve

HEADERS = {"Authorization": "Bearer simulated-token"}


@pytest.fixture
def simulator() -> AsanaSimulator:
    return AsanaSimulator(size=400)


@pytest.fixture
def http(simulator: AsanaSimulator) -> Iterator[httpx2.Client]:
    """The account over plain HTTP."""
    with serve(simulator.app) as server, httpx2.Client(base_url=f"{server.url}/api/1.0", headers=HEADERS) as client:
        yield client


@pytest.fixture
def client(http: httpx2.Client) -> asana.ApiClient:
    """The vendor's client, pointed at the account."""
    configuration = asana.Configuration()
    configuration.access_token = "simulated-token"
    configuration.host = str(http.base_url).rstrip("/")
    return asana.ApiClient(configuration)


def refusal(reply: httpx2.Response) -> tuple[int, str]:
    (error,) = reply.json()["errors"]
    assert error["help"].startswith("For more information")
    return reply.status_code, error["message"]


def office_of(http: httpx2.Client) -> str:
    """The organization's gid."""
    return str(http.get("/workspaces").json()["data"][0]["gid"])


class TestTheVendorsClient:
    def test_a_task_is_created_read_listed_updated_and_deleted(self, client: asana.ApiClient) -> None:
        tasks, projects = asana.TasksApi(client), asana.ProjectsApi(client)
        workspace = next(iter(asana.WorkspacesApi(client).get_workspaces({})))
        project = next(iter(projects.get_projects_for_workspace(workspace["gid"], {"opt_fields": "name,team.name"})))
        assert project["team"]["name"]
        made = tasks.create_task({"data": {"name": "By the client", "projects": [project["gid"]]}}, {})
        assert made["name"] == "By the client"
        assert made["projects"] == [{"gid": project["gid"], "resource_type": "project", "name": project["name"]}]
        read = tasks.get_task(made["gid"], {"opt_fields": "name,completed,assignee"})
        assert read == {"gid": made["gid"], "name": "By the client", "completed": False, "assignee": None}
        listed = list(tasks.get_tasks_for_project(project["gid"], {"opt_fields": "name", "limit": 7}))
        assert {"gid": made["gid"], "name": "By the client"} in listed
        changed = tasks.update_task({"data": {"completed": True, "assignee": "me"}}, made["gid"], {})
        assert changed["completed"] is True
        assert changed["assignee"]["gid"] == asana.UsersApi(client).get_user("me", {})["gid"]
        assert tasks.delete_task(made["gid"]) == {}
        with pytest.raises(ApiException) as caught:
            tasks.get_task(made["gid"], {})
        assert caught.value.status == 404

    def test_pages_are_walked_to_the_end(self, client: asana.ApiClient, simulator: AsanaSimulator) -> None:
        biggest = max(simulator.account.projects.values(), key=lambda project: len(project.tasks))
        options = {"project": biggest.gid, "limit": 10, "opt_fields": "name"}
        found = [task["gid"] for task in asana.TasksApi(client).get_tasks(options)]
        assert len(biggest.tasks) > 10
        assert found == list(biggest.tasks)

    def test_subtasks_sections_and_comments(self, client: asana.ApiClient, simulator: AsanaSimulator) -> None:
        tasks = asana.TasksApi(client)
        parent = next(task for task in simulator.account.tasks.values() if task.subtasks)
        below = tasks.create_subtask_for_task({"data": {"name": "Below"}}, parent.gid, {})
        assert below["parent"]["gid"] == parent.gid
        assert below["gid"] in [task["gid"] for task in tasks.get_subtasks_for_task(parent.gid, {})]
        project = next(iter(parent.projects))
        section = list(asana.SectionsApi(client).get_sections_for_project(project, {}))[-1]
        asana.SectionsApi(client).add_task_for_section(section["gid"], {"body": {"data": {"task": parent.gid}}})
        read = tasks.get_task(parent.gid, {"opt_fields": "memberships.section.name"})
        assert section["name"] in [membership["section"]["name"] for membership in read["memberships"]]
        stories = asana.StoriesApi(client)
        said = stories.create_story_for_task({"data": {"text": "Well done."}}, parent.gid, {})
        assert (said["text"], said["type"]) == ("Well done.", "comment")
        assert [story["text"] for story in stories.get_stories_for_task(parent.gid, {})] == ["Well done."]

    def test_events_come_behind_the_token_that_a_412_brings(
        self, client: asana.ApiClient, simulator: AsanaSimulator
    ) -> None:
        events = asana.EventsApi(client)
        project = next(p for p in simulator.account.projects.values() if p.tasks)
        with pytest.raises(ApiException) as caught:
            client.call_api(
                "/events", "GET", query_params={"resource": project.gid}, auth_settings=["personalAccessToken"]
            )
        assert caught.value.status == 412
        assert list(events.get_events(project.gid, {})) == []
        task = simulator.account.tasks[next(iter(project.tasks))]
        token = simulator.account.feeds.token(project.gid)
        simulator.account.change_task(task, name="Seen by the client")
        (event,) = events.get_events(project.gid, {"sync": token})
        assert (event["action"], event["resource"]["gid"], event["change"]["field"]) == ("changed", task.gid, "name")

    def test_projects_teams_people_and_search(self, client: asana.ApiClient, simulator: AsanaSimulator) -> None:
        office, labs = simulator.account.workspaces
        teams = list(asana.TeamsApi(client).get_teams_for_workspace(office, {}))
        made = asana.ProjectsApi(client).create_project({"data": {"name": "New", "team": teams[0]["gid"]}}, {})
        asana.ProjectsApi(client).update_project({"data": {"name": "Newer"}}, made["gid"], {})
        listed = asana.ProjectsApi(client).get_projects_for_team(teams[0]["gid"], {"limit": 50})
        assert "Newer" in [project["name"] for project in listed]
        assert asana.ProjectsApi(client).delete_project(made["gid"]) == {}
        people = list(asana.UsersApi(client).get_users({"workspace": labs, "opt_fields": "email"}))
        assert len(people) == 4
        found = list(
            asana.TasksApi(client).search_tasks_for_workspace(office, {"text": "kick-off", "completed": False})
        )
        assert found
        assert all("Kick-off" in task["name"] for task in found)
        typed = asana.TypeaheadApi(client).typeahead_for_workspace(labs, "task", {"query": "idea", "count": 5})
        assert len(list(typed)) == 5


class TestNeighbours:
    """What the connector does not ask for; the contract tests hold the answers against Asana's document."""

    def test_lists_of_everything(self, http: httpx2.Client, simulator: AsanaSimulator) -> None:
        account = simulator.account
        office = office_of(http)
        team, section = next(iter(account.teams)), next(iter(account.sections))
        for path, found in {
            f"/workspaces/{office}/users": len(account.users),
            f"/workspaces/{office}/tags": 2,
            f"/teams/{team}/projects": sum(project.team == team for project in account.projects.values()),
            f"/sections/{section}/tasks": sum(section in task.projects.values() for task in account.tasks.values()),
        }.items():
            assert len(http.get(path).json()["data"]) == found, path
        for path in (f"/workspaces/{office}", f"/teams/{team}", f"/sections/{section}", f"/users/{account.me}"):
            assert http.get(path).json()["data"]["gid"] == path.rpartition("/")[2]

    def test_tasks_by_section_tag_and_person(self, http: httpx2.Client, simulator: AsanaSimulator) -> None:
        account = simulator.account
        tag, me, office = next(iter(account.tags)), account.me, office_of(http)
        tagged = http.get("/tasks", params={"tag": tag}).json()["data"]
        assert len(tagged) == sum(tag in task.tags for task in account.tasks.values())
        mine = http.get("/tasks", params={"assignee": "me", "workspace": office, "completed_since": "now"}).json()[
            "data"
        ]
        open_ = [t for t in account.tasks.values() if t.assignee == me and t.workspace == office and not t.completed_at]
        assert {task["gid"] for task in mine} == {task.gid for task in open_}

    def test_a_task_goes_into_a_project_and_out_of_it(self, http: httpx2.Client, simulator: AsanaSimulator) -> None:
        task = next(iter(simulator.account.tasks.values()))
        project = next(gid for gid in simulator.account.projects if gid not in task.projects)
        section = http.post(f"/projects/{project}/sections", json={"data": {"name": "New"}}).json()["data"]["gid"]
        body = {"data": {"project": project, "section": section}}
        assert http.post(f"/tasks/{task.gid}/addProject", json=body).json() == {"data": {}}
        assert task.projects[project] == section
        assert http.post(f"/tasks/{task.gid}/removeProject", json={"data": {"project": project}}).is_success
        assert project not in task.projects

    def test_a_workspace_has_events_too(self, http: httpx2.Client, simulator: AsanaSimulator) -> None:
        task = next(iter(simulator.account.tasks.values()))
        path = f"/workspaces/{task.workspace}/events"
        first = http.get(path)
        assert refusal(first)[0] == 412
        simulator.account.change_task(task, name="Somewhere")
        answer = http.get(path, params={"sync": first.json()["sync"], "opt_fields": "action,resource.name"}).json()
        assert answer["data"] == [{"action": "changed", "resource": {"gid": task.gid, "name": "Somewhere"}}]
        assert answer["has_more"] is False


class TestFields:
    def test_a_list_is_compact_unless_fields_are_asked_for(self, http: httpx2.Client) -> None:
        project = http.get("/projects", params={"limit": 1}).json()["data"][0]
        assert project.keys() == {"gid", "resource_type", "name"}
        (asked,) = http.get(
            "/tasks", params={"project": project["gid"], "limit": 1, "opt_fields": "notes,assignee,projects.name,nope"}
        ).json()["data"]
        assert asked.keys() == {"gid", "notes", "assignee", "projects"}
        assert asked["projects"][0].keys() == {"gid", "name"}
        assert asked["assignee"] is None or asked["assignee"].keys() == {"gid", "resource_type"}

    def test_pretty_is_the_same_on_more_lines(self, http: httpx2.Client) -> None:
        plain, pretty = http.get("/users/me"), http.get("/users/me", params={"opt_pretty": "true"})
        assert plain.json() == pretty.json()
        assert b"\n" not in plain.content
        assert b"\n" in pretty.content


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "params", "expected"),
        [
            ("/tasks", {}, (400, "You should specify one of the following: project, tag, section")),
            ("/tasks", {"project": "1"}, (400, "project: Not a recognized ID: 1")),
            ("/tasks/1", {}, (404, "task: Unknown object: 1")),
            ("/projects", {"limit": "101"}, (400, "limit: Must be between 1 and 100")),
            ("/projects", {"limit": "0"}, (400, "limit: Must be between 1 and 100")),
            ("/projects", {"limit": "5", "offset": "made up"}, (400, "offset: Your pagination token is invalid.")),
            ("/projects", {"archived": "maybe"}, (400, "archived: Value is not a boolean: maybe")),
            ("/events", {"resource": "1"}, (404, "resource: Unknown object: 1")),
            ("/unicorns", {}, (404, "No matching route for request")),
        ],
    )
    def test_a_bad_request_is_refused_in_asanas_words(
        self, http: httpx2.Client, path: str, params: dict[str, str], expected: tuple[int, str]
    ) -> None:
        status, message = refusal(http.get(path, params=params))
        assert status == expected[0]
        assert message.startswith(expected[1])

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"name": "Nowhere"}, "You should specify one of workspace, parent, projects"),
            ({"name": "x", "projects": ["1"]}, "projects: Not a recognized ID: 1"),
            ({"name": "x", "assignee": "nobody@example.com"}, "assignee: Not a user in Workspace: nobody@example.com"),
            ({"name": "x", "due_on": "tomorrow"}, "due_on: Invalid date: tomorrow"),
        ],
    )
    def test_a_task_that_cannot_be_is_not_made(
        self, http: httpx2.Client, simulator: AsanaSimulator, body: dict[str, Any], message: str
    ) -> None:
        before = len(simulator.account.tasks)
        place = {} if body["name"] == "Nowhere" else {"workspace": office_of(http)}
        assert refusal(http.post("/tasks", json={"data": {**place, **body}})) == (400, message)
        assert len(simulator.account.tasks) == before

    def test_a_body_without_data_is_refused(self, http: httpx2.Client) -> None:
        assert refusal(http.post("/tasks", json={"name": "x"}))[0] == 400
        assert refusal(http.post("/tasks", content=b"{"))[0] == 400

    def test_a_list_without_pages_ends_at_a_thousand(self, http: httpx2.Client, simulator: AsanaSimulator) -> None:
        for _ in range(1_001):
            simulator.create("tracker_issues")
        project = next(iter(simulator.account.projects))
        assert refusal(http.get("/tasks", params={"project": project}))[1].startswith("The result is too large.")

    def test_a_page_token_expires_and_fits_one_list(self, http: httpx2.Client, simulator: AsanaSimulator) -> None:
        offset = http.get("/projects", params={"limit": 2}).json()["next_page"]["offset"]
        assert http.get("/projects", params={"limit": 2, "offset": offset}).json()["data"]
        assert refusal(http.get("/users", params={"limit": 2, "offset": offset}))[0] == 400
        simulator.replies.expire_offsets()
        expired = http.get("/projects", params={"limit": 2, "offset": offset})
        assert refusal(expired) == (400, "offset: Your pagination token has expired.")

    def test_a_wrong_token_and_too_many_requests(self) -> None:
        with serve(AsanaSimulator(size=4, limit=Limit(2, 60)).app) as server:
            get = httpx2.Client(base_url=server.url).get
            assert refusal(get("/api/1.0/users/me")) == (401, "Not Authorized")
            replies = [get("/api/1.0/users/me", headers=HEADERS) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [200, 200, 429]
        assert 50 <= int(replies[-1].headers["retry-after"]) <= 60

    def test_search_takes_a_plan(self, http: httpx2.Client, simulator: AsanaSimulator) -> None:
        _, labs = simulator.account.workspaces
        refused = refusal(http.get(f"/workspaces/{labs}/tasks/search", params={"text": "idea"}))
        assert refused == (402, "Search is only available to premium users.")

    def test_an_external_gid_is_one_tasks(self, http: httpx2.Client) -> None:
        body = {"data": {"name": "x", "workspace": office_of(http), "external": {"gid": "mine"}}}
        made = http.post("/tasks", json=body).json()["data"]["gid"]
        assert http.get("/tasks/external:mine").json()["data"]["gid"] == made
        assert refusal(http.post("/tasks", json=body))[0] == 400


class _Target(BaseHTTPRequestHandler):
    """Whom a webhook tells: keeps what comes, and echoes the secret where `echo` says so."""

    seen: list[tuple[dict[str, str], bytes]]
    echo: bool

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200)
        if self.echo and "X-Hook-Secret" in self.headers:
            self.send_header("X-Hook-Secret", self.headers["X-Hook-Secret"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def target() -> Iterator[tuple[str, type[_Target]]]:
    """An address for webhooks, and what came to it."""
    handler = type("Handler", (_Target,), {"seen": [], "echo": True})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", handler
    server.shutdown()
    thread.join()
    server.server_close()


class TestWebhooks:
    def test_the_secret_is_agreed_on_while_the_webhook_is_made_and_signs_what_follows(
        self, client: asana.ApiClient, simulator: AsanaSimulator, target: tuple[str, type[_Target]]
    ) -> None:
        url, told = target
        project = next(p for p in simulator.account.projects.values() if p.tasks)
        filters = [{"resource_type": "task", "action": "changed", "fields": ["name"]}]
        body = {"data": {"resource": project.gid, "target": url, "filters": filters}}
        made = asana.WebhooksApi(client).create_webhook(body, {})
        ((headers, _),) = told.seen
        secret = headers["x-hook-secret"]
        assert (made["target"], made["active"]) == (url, True)
        task = simulator.account.tasks[next(iter(project.tasks))]
        simulator.account.change_task(task, notes="No filter lets this through.")
        simulator.account.change_task(task, name="Told")
        simulator.outbox.wait()
        _, (headers, content) = told.seen
        assert headers["x-hook-signature"] == hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
        assert b"Told" not in content, "events are thin"
        assert task.gid.encode() in content
        workspace = task.workspace
        assert [hook["gid"] for hook in asana.WebhooksApi(client).get_webhooks(workspace, {})] == [made["gid"]]
        asana.WebhooksApi(client).delete_webhook(made["gid"])
        simulator.account.change_task(task, name="Not told")
        simulator.outbox.wait()
        assert len(told.seen) == 2

    def test_without_the_echo_there_is_no_webhook(
        self, http: httpx2.Client, simulator: AsanaSimulator, target: tuple[str, type[_Target]]
    ) -> None:
        url, told = target
        told.echo = False
        body = {"data": {"resource": office_of(http), "target": url}}
        assert refusal(http.post("/webhooks", json=body))[0] == 400
        body["data"]["target"] = "http://localhost:1/hook"
        assert refusal(http.post("/webhooks", json=body))[0] == 403
        assert simulator.hooks.webhooks == {}
