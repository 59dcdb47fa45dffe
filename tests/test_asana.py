"""Asana from end to end: what is particular to it. `test_every_connector` has what holds for all."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.asana import AsanaConnector
from revtops_tui.engine import inbox, operations
from revtops_tui.engine.connections import connections
from revtops_tui.engine.errors import EngineError
from revtops_tui.simulators.asana import AsanaSimulator
from revtops_tui.simulators.asana.things import Project, Task, Team
from revtops_tui.simulators.faults import Fault
from tests.support.crash import until
from tests.support.following import Following
from tests.support.vendors import Connected, connected


@pytest.fixture
def office(home: Path) -> Iterator[Connected]:
    """A connection to a small account, not yet synced."""
    with connected(home, AsanaSimulator(size=40)) as office:
        yield office


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    """A connection that is synced and then only looked at: most of a test's time goes into making one."""
    with connected(tmp_path_factory.mktemp("asana") / "home", AsanaSimulator(size=40)) as office:
        office.synced()
        yield office


@pytest.fixture
def synced(office: Connected) -> Connected:
    """A connection to a small account, synced once."""
    office.synced()
    office.simulator.traffic.requests.clear()
    return office


def account(office: Connected) -> Any:
    return office.simulator.account


def task(office: Connected, start: str) -> Task:
    """The first task whose name begins so."""
    return next(each for each in account(office).tasks.values() if each.name.startswith(start))


def project(office: Connected, name: str) -> Project:
    return next(each for each in account(office).projects.values() if each.name == name)


def team(office: Connected, name: str) -> Team:
    return next(each for each in account(office).teams.values() if each.name == name)


def asked(office: Connected, path: str) -> int:
    """How many requests came for a path."""
    return sum(n for name, n in office.simulator.traffic.requests.items() if name.endswith(path))


def refused(office: Connected, operation: str, **data: Any) -> EngineError:
    """The error of a write that fails."""
    done = operations.write(office.ws, "asana", operation, data)
    assert done.status == "failed"
    assert done.error is not None
    return done.error


class TestMapping:
    def test_a_task_becomes_an_issue(self, settled: Connected) -> None:
        rollout = next(
            t for t in account(settled).tasks.values() if len(t.projects) == 1 and t.fields and t.assignee and t.tags
        )
        home = account(settled).projects[next(iter(rollout.projects))]
        assignee = account(settled).users[rollout.assignee]
        row = settled.rows("tracker_issues")[rollout.gid]
        priority = row["custom_fields"]["Priority"]
        assert priority in ("High", "Medium", "Low")
        assert {name: row[name] for name in row if name in EXPECTED} == {
            "identifier": rollout.gid,
            "title": rollout.name,
            "description": rollout.notes,
            "state_name": account(settled).sections[rollout.projects[home.gid]].name,
            "state_type": "not completed" if rollout.completed_at is None else "completed",
            "priority_label": priority,
            "issue_type": "default_task",
            "assignee_name": assignee.name,
            "assignee_email": assignee.email,
            "creator_name": account(settled).users[rollout.creator].name,
            "project_source_id": home.gid,
            "team_source_id": home.team,
            "parent_source_id": None,
            "due_date": rollout.due_on,
            "labels": [account(settled).tags[gid].name for gid in rollout.tags],
        }
        assert row["custom_fields"]["Customer"] == rollout.fields[account_field(settled, "Customer")]
        assert row["custom_fields"].get("Deal amount") == rollout.fields[account_field(settled, "Deal amount")]
        assert rollout.gid in row["url"]

    def test_a_project_and_a_team(self, settled: Connected) -> None:
        found = project(settled, "Enterprise rollouts 1")
        row = settled.rows("tracker_projects")[found.gid]
        assert (row["name"], row["state"]) == ("Enterprise rollouts 1", "on track")
        assert (row["start_date"], row["target_date"]) == (found.start_on, found.due_on)
        assert row["lead_name"] == account(settled).users[found.owner].name
        assert row["team_source_ids"] == [found.team]
        assert row["custom_fields"] == {"Customer": "All of them"}
        assert settled.rows("tracker_teams")[found.team]["name"] == "Enterprise"

    def test_every_workspace_is_synced(self, settled: Connected) -> None:
        ideas = project(settled, "Ideas 1")
        assert len({each.workspace for each in account(settled).projects.values()}) == 2
        assert ideas.gid in settled.rows("tracker_projects")
        assert set(ideas.tasks) <= settled.rows("tracker_issues").keys()
        (info,) = connections(settled.ws)
        assert info.identity is not None
        assert info.identity.endswith("workspaces Larkspur Systems, Larkspur Systems Labs")

    def test_a_task_in_two_projects_comes_once_and_counts_to_the_first(self, office: Connected) -> None:
        counts = office.synced()["tracker_issues"]
        shared = next(t for t in account(office).tasks.values() if len(t.projects) == 2)
        assert counts["inserted"] == office.simulator.counts()["tracker_issues"]
        assert counts["unchanged"] == counts["updated"] == 0
        assert office.rows("tracker_issues")[shared.gid]["project_source_id"] == next(iter(shared.projects))

    def test_subtasks_at_every_depth_count_to_the_project_of_the_task_above(self, settled: Connected) -> None:
        lowest = task(settled, "Remind")
        middle = account(settled).tasks[lowest.parent]
        rows = settled.rows("tracker_issues")
        assert rows[lowest.gid]["parent_source_id"] == middle.gid
        assert rows[middle.gid]["parent_source_id"] == middle.parent
        assert rows[lowest.gid]["project_source_id"] == rows[middle.parent]["project_source_id"]

    def test_a_task_without_a_project_is_none_of_ours(self, synced: Connected) -> None:
        alone = synced.write("create_issue", title="For me alone", workspace="Larkspur Systems")
        synced.synced()
        assert alone["id"] not in synced.rows("tracker_issues")


EXPECTED = frozenset({
    "identifier", "title", "description", "state_name", "state_type", "priority_label", "issue_type", "assignee_name",
    "assignee_email", "creator_name", "project_source_id", "team_source_id", "parent_source_id", "due_date", "labels",
})  # fmt: skip


def account_field(office: Connected, name: str) -> str:
    return next(gid for gid, field in account(office).fields.items() if field.name == name)


class TestEvents:
    def test_a_run_without_news_costs_one_request_a_project_and_a_look_around(self, synced: Connected) -> None:
        synced.synced()
        projects = len(account(synced).projects)
        assert asked(synced, "/events") == projects
        assert asked(synced, "/tasks") == 0
        assert synced.simulator.traffic.requests.total() == projects + 5

    def test_changed_added_moved_and_deleted_tasks_arrive_as_events(self, synced: Connected) -> None:
        changed, deleted, moved = task(synced, "Prepare contract"), task(synced, "Kick-off"), task(synced, "Idea")
        other = project(
            synced, "Ideas 2" if next(iter(moved.projects)) == project(synced, "Ideas 1").gid else "Ideas 1"
        )
        account(synced).change_task(changed, name="Another name", completed_at=1_760_000_000_000)
        account(synced).place_task(moved, other, other.sections[1])
        account(synced).take_task_out(moved, account(synced).projects[next(iter(moved.projects))])
        account(synced).remove_task(deleted)
        counts = synced.synced()["tracker_issues"]
        rows = synced.rows("tracker_issues")
        assert (counts["updated"], counts["deleted"], counts["inserted"]) == (2, 1, 0)
        assert rows[changed.gid]["title"] == "Another name"
        assert rows[changed.gid]["completed_date"] is not None
        assert rows[moved.gid]["project_source_id"] == other.gid
        assert rows[moved.gid]["state_name"] == "In progress"
        assert deleted.gid in synced.rows("tracker_issues", deleted=True)

    def test_subtasks_go_where_their_task_goes(self, synced: Connected) -> None:
        lowest = task(synced, "Remind")
        above = account(synced).tasks[account(synced).tasks[lowest.parent].parent]
        elsewhere = next(p for p in account(synced).projects.values() if p.team and p.gid not in above.projects)
        for gid in list(above.projects):
            account(synced).take_task_out(above, account(synced).projects[gid])
        synced.synced()
        assert {above.gid, lowest.gid} <= synced.rows("tracker_issues", deleted=True).keys()
        account(synced).place_task(above, elsewhere, elsewhere.sections[0])
        synced.synced()
        assert synced.rows("tracker_issues")[lowest.gid]["project_source_id"] == elsewhere.gid
        assert synced.counts() == synced.simulator.counts()

    def test_a_subtask_that_changes_keeps_the_project_of_the_task_above(self, synced: Connected) -> None:
        lowest = task(synced, "Remind")
        before = synced.rows("tracker_issues")[lowest.gid]
        account(synced).change_task(lowest, notes="Twice.")
        assert synced.synced()["tracker_issues"]["updated"] == 1
        after = synced.rows("tracker_issues")[lowest.gid]
        assert after["description"] == "Twice."
        assert after["project_source_id"] == before["project_source_id"] is not None

    def test_more_events_than_a_token_holds_are_all_read(self, synced: Connected) -> None:
        busy = task(synced, "Prepare contract")
        for number in range(250):
            account(synced).change_task(busy, name=f"Name {number}")
        synced.synced()
        assert synced.rows("tracker_issues")[busy.gid]["title"] == "Name 249"
        assert asked(synced, "/events") == len(account(synced).projects) + 2

    def test_a_comment_moves_the_time_of_its_task(self, synced: Connected) -> None:
        found = task(synced, "Kick-off")
        before = synced.rows("tracker_issues")[found.gid]["updated_date"]
        account(synced).comment(found, "Went well.")
        assert synced.synced()["tracker_issues"]["updated"] == 1
        assert synced.rows("tracker_issues")[found.gid]["updated_date"] > before

    def test_a_new_name_of_a_section_reaches_the_tasks_in_it(self, synced: Connected) -> None:
        anchor = task(synced, "Prepare contract")
        home = next(iter(anchor.projects))
        section = account(synced).sections[anchor.projects[home]]
        account(synced).change_section(section, "Parked")
        synced.synced()
        assert synced.rows("tracker_issues")[anchor.gid]["state_name"] == "Parked"

    def test_what_happens_between_token_and_listing_is_met_by_the_next_run(self, office: Connected) -> None:
        """The listing has passed the task's project when it changes; the project's token is from before that."""
        first = next(iter(sorted(account(office).projects)))
        changed = account(office).tasks[next(iter(account(office).projects[first].tasks))]
        pages = Fault("slow", path="/tasks", after=1, times=1, delay_ms=1)
        strikes = pages.strikes

        def change_behind_it(method: str, path: str) -> bool:
            hit = strikes(method, path)
            if hit:
                account(office).change_task(changed, name="Changed behind the listing")
            return hit

        pages.strikes = change_behind_it  # type: ignore[method-assign]
        office.simulator.traffic.faults.append(pages)
        office.synced()
        assert office.rows("tracker_issues")[changed.gid]["title"] != "Changed behind the listing"
        office.synced()
        assert office.rows("tracker_issues")[changed.gid]["title"] == "Changed behind the listing"

    def test_a_new_project_is_listed_and_then_followed(self, synced: Connected) -> None:
        gid = synced.simulator.create("tracker_projects")
        made = synced.write("create_issue", title="First one", project=gid)
        assert synced.synced()["tracker_issues"]["inserted"] == 1
        synced.write("update_issue", id=made["id"], title="First one, changed")
        assert synced.synced()["tracker_issues"]["updated"] == 1
        assert synced.rows("tracker_issues")[made["id"]]["project_source_id"] == gid

    def test_expired_tokens_lead_to_a_full_listing_that_finds_what_was_deleted_too(self, synced: Connected) -> None:
        deleted, changed = task(synced, "Kick-off"), task(synced, "Prepare contract")
        account(synced).remove_task(deleted)
        account(synced).change_task(changed, name="Another name")
        account(synced).feeds.expire()
        counts = synced.synced()["tracker_issues"]
        assert (counts["updated"], counts["deleted"]) == (1, 1)
        assert deleted.gid in synced.rows("tracker_issues", deleted=True)
        synced.simulator.traffic.requests.clear()
        synced.synced()
        assert asked(synced, "/tasks") == 0, "the run behind it has tokens again"

    def test_a_project_that_goes_takes_its_tasks_along_but_not_those_of_other_projects(self, synced: Connected) -> None:
        shared = next(t for t in account(synced).tasks.values() if len(t.projects) == 2)
        first, second = shared.projects
        alone = [gid for gid in account(synced).projects[first].tasks if gid != shared.gid]
        account(synced).remove_project(account(synced).projects[first])
        synced.synced()
        assert first in synced.rows("tracker_projects", deleted=True)
        assert set(alone) <= synced.rows("tracker_issues", deleted=True).keys()
        assert synced.rows("tracker_issues")[shared.gid]["project_source_id"] == second
        assert synced.counts() == synced.simulator.counts()

    def test_a_window_of_the_users_lists_all_and_leaves_the_tokens_alone(self, synced: Connected) -> None:
        deleted = task(synced, "Kick-off")
        account(synced).remove_task(deleted)
        synced.synced(since=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        assert deleted.gid in synced.rows("tracker_issues")
        synced.synced()
        assert deleted.gid in synced.rows("tracker_issues", deleted=True)


class TestListing:
    def test_a_page_token_that_expired_lets_the_listing_begin_again(self, home: Path) -> None:
        """A run that stopped inside of a project is gone on with a day later."""
        simulator = AsanaSimulator(size=400)
        big = next(iter(sorted(simulator.account.projects)))
        for number in range(250):
            simulator.create("tracker_issues")
            assert number < len(simulator.account.projects[big].tasks)
        with connected(home, simulator) as office:
            broken = Fault("revoked", path="/api/1.0/tasks", after=2)
            simulator.traffic.faults.append(broken)
            assert office.sync().error_kind == "authentication"
            assert office.rows("tracker_issues")
            simulator.traffic.faults.clear()
            simulator.replies.expire_offsets()
            office.synced()
            assert office.counts() == simulator.counts()

    def test_a_listing_that_is_gone_on_with_keeps_the_tokens_from_its_beginning(self, office: Connected) -> None:
        """What changed in a project that was listed before the stop is met by the run behind the one that goes on."""
        order = [gid for gid, it in sorted(account(office).projects.items()) if it.tasks]
        changed = account(office).tasks[next(iter(account(office).projects[order[0]].tasks))]
        office.simulator.traffic.faults.append(Fault("revoked", path="/api/1.0/tasks", after=2))
        assert office.sync().error_kind == "authentication"
        office.simulator.traffic.faults.clear()
        assert changed.gid in office.rows("tracker_issues")
        account(office).change_task(changed, name="Changed meanwhile")
        office.synced()
        office.synced()
        assert office.rows("tracker_issues")[changed.gid]["title"] == "Changed meanwhile"

    def test_tasks_of_another_shape_are_set_aside_alone_and_come_back_whole(self, office: Connected) -> None:
        office.simulator.traffic.faults.append(Fault("schema_drift", path="/api/1.0/tasks"))
        counts = office.synced()["tracker_issues"]
        held = office.simulator.counts()["tracker_issues"]
        assert counts["rejected"] > 1
        assert held > counts["inserted"] >= held - counts["rejected"]
        office.simulator.traffic.faults.clear()
        office.synced(full=True)
        assert office.counts() == office.simulator.counts()

    def test_an_unchanged_account_costs_no_write(self, synced: Connected) -> None:
        counts = synced.synced(full=True)["tracker_issues"]
        assert counts["unchanged"] == synced.simulator.counts()["tracker_issues"]
        assert counts["updated"] == counts["inserted"] == 0


class TestCreating:
    def test_a_task_goes_where_it_is_said_to_go(self, synced: Connected) -> None:
        made = synced.write(
            "create_issue",
            title="Call back",
            project="Enterprise rollouts 1",
            team="Enterprise",
            workspace="Larkspur Systems",
            description="On Monday.",
            assignee="@me",
            state="In progress",
            due_date="2026-12-01",
        )
        created = account(synced).tasks[made["id"]]
        home = project(synced, "Enterprise rollouts 1")
        assert made["created"] is True
        assert made["id"] in made["url"]
        assert (created.name, created.notes, created.due_on) == ("Call back", "On Monday.", "2026-12-01")
        assert created.assignee == account(synced).me
        assert account(synced).sections[created.projects[home.gid]].name == "In progress"
        assert synced.synced()["tracker_issues"]["inserted"] == 1
        assert synced.rows("tracker_issues")[made["id"]]["state_name"] == "In progress"

    def test_legacy_names_of_parameters_are_accepted(self, synced: Connected) -> None:
        home = project(synced, "Mid-Market rollouts 1")
        person = account(synced).users[account(synced).me]
        made = synced.write(
            "create_issue",
            title="Old words",
            team_key="Mid-Market",
            project_name=home.name,
            assignee_name=person.email,
            state_name="completed",
        )
        created = account(synced).tasks[made["id"]]
        assert created.assignee == person.gid
        assert created.completed_at is not None

    def test_the_same_again_makes_nothing_new(self, synced: Connected) -> None:
        said = {"title": "Once", "project": "Ideas 1", "due_date": "2026-12-01"}
        first = synced.write("create_issue", **said)
        again = synced.write("create_issue", **said)
        assert (again["id"], again["created"]) == (first["id"], False)
        assert synced.write("create_issue", **{**said, "due_date": "2026-12-02"})["id"] != first["id"]

    @pytest.mark.parametrize("place", [{"project": "Ideas 1"}, {"workspace": "Larkspur Systems Labs"}])
    def test_a_create_whose_answer_was_lost_is_looked_for_and_not_repeated(
        self, synced: Connected, place: dict[str, str]
    ) -> None:
        before = len(account(synced).tasks)
        synced.simulator.traffic.faults.append(Fault("lost_reply", method="POST", path="/tasks", times=1))
        made = synced.write("create_issue", title="Lost and found", **place)
        assert len(account(synced).tasks) == before + 1
        assert account(synced).tasks[made["id"]].name == "Lost and found"

    def test_an_id_of_ones_own_finds_the_task_however_much_it_changed(self, synced: Connected) -> None:
        said = {"project": "Ideas 1", "external_id": "crm:deal 42?"}
        first = synced.write("create_issue", title="By id", **said)
        synced.write("update_issue", id=first["id"], title="Renamed")
        again = synced.write("create_issue", title="By id", **said)
        assert (again["id"], again["title"], again["created"]) == (first["id"], "Renamed", False)
        assert account(synced).tasks[first["id"]].external == {"gid": "crm:deal 42?"}

    @pytest.mark.parametrize(
        ("data", "message", "hint"),
        [
            ({"project": "Enterprise rollout 1"}, "no project Enterprise rollout 1", "Enterprise rollouts 1"),
            (
                {"project": "Ideas 1", "team": "Enterprise"},
                "no project Ideas 1 in team Enterprise",
                "Enterprise rollouts",
            ),
            (
                {"team": "Enterprise"},
                "say which one of team Enterprise",
                "Enterprise rollouts 1, Enterprise rollouts 2",
            ),
            ({"workspace": "Elsewhere"}, "no workspace Elsewhere", "Larkspur Systems"),
            (
                {"team": "Enterprise", "workspace": "Larkspur Systems Labs"},
                "no team Enterprise in workspace",
                "no team",
            ),
            ({"project": "Ideas 1", "assignee": "Nobody Known"}, "no assignee Nobody Known", "@larkspur.example"),
            ({"project": "Ideas 1", "state": "Nearly"}, "no state Nearly", "In progress"),
            ({}, "project", ""),
        ],
    )
    def test_what_is_not_found_exactly_is_refused_and_nothing_is_made(
        self, settled: Connected, data: dict[str, str], message: str, hint: str
    ) -> None:
        before = len(account(settled).tasks)
        if data:
            error = refused(settled, "create_issue", title="Never", **data)
        else:
            with pytest.raises(EngineError) as caught:
                operations.write(settled.ws, "asana", "create_issue", {"title": "Never"})
            error = caught.value
        assert error.kind == "invalid_input"
        assert message in error.message
        assert hint in (error.hint or "")
        assert len(account(settled).tasks) == before
        assert not any(name.startswith("POST") for name in settled.simulator.traffic.requests)

    def test_a_name_that_two_have_is_refused_with_both(self, office: Connected) -> None:
        twin = account(office).add_project("Ideas 1", project(office, "Ideas 1").workspace)
        error = refused(office, "create_issue", title="Which?", project="Ideas 1")
        assert "2 projects are called Ideas 1" in error.message
        assert twin.gid in error.message
        assert office.write("create_issue", title="This one", project=twin.gid)["created"]


class TestUpdating:
    def test_fields_change_and_the_rest_stays(self, office: Connected) -> None:
        found = task(office, "Prepare contract")
        name, notes = found.name, found.notes
        office.write("update_issue", id=found.gid, due_date="2026-11-30", state="completed")
        assert (found.name, found.notes, found.due_on) == (name, notes, "2026-11-30")
        assert found.completed_at is not None
        office.write("update_issue", id=found.gid, state="not completed", assignee="")
        assert found.completed_at is None
        assert found.assignee is None

    def test_a_section_is_moved_to(self, office: Connected) -> None:
        found = task(office, "Prepare contract")
        (home,) = found.projects
        office.write("update_issue", issue_identifier=found.gid, state_name="waiting for customer")
        assert account(office).sections[found.projects[home]].name == "Waiting for customer"

    def test_a_section_that_two_projects_have_is_refused_with_its_gids(self, office: Connected) -> None:
        shared = next(t for t in account(office).tasks.values() if len(t.projects) == 2)
        error = refused(office, "update_issue", id=shared.gid, state="Done")
        assert "2 states are called Done" in error.message
        second = list(shared.projects)[1]
        office.write("update_issue", id=shared.gid, state=account(office).projects[second].sections[2])
        assert account(office).sections[shared.projects[second]].name == "Waiting for customer"

    @pytest.mark.parametrize(("gid", "kind"), [("999", "not_found"), ("../users/me", "invalid_input")])
    def test_a_task_that_is_none_is_refused(self, settled: Connected, gid: str, kind: str) -> None:
        assert refused(settled, "update_issue", id=gid, title="x").kind == kind

    def test_a_comment_is_made_once(self, office: Connected) -> None:
        found = task(office, "Prepare contract")
        office.simulator.traffic.faults.append(Fault("lost_reply", method="POST", path="/stories", times=1))
        first = office.write("comment", issue=found.gid, body="Signed?")
        assert office.write("comment", issue=found.gid, body="Signed?") == {**first, "created": False}
        assert [story.text for story in account(office).stories[found.gid]] == ["Signed?"]
        office.write("comment", issue=found.gid, body="Signed!")
        assert len(account(office).stories[found.gid]) == 2


class TestQuery:
    def test_words_search_where_there_is_a_plan_and_titles_elsewhere(self, settled: Connected) -> None:
        idea = task(settled, "Idea from")
        customer = idea.name.removeprefix("Idea from ")
        answer = settled.query(customer)
        by = {row[0]: row[-1] for row in answer["rows"]}
        assert by[idea.gid] == "title only: no paid plan"
        assert "search" in by.values()
        assert answer["truncated"] is False
        in_notes = next(t for t in account(settled).tasks.values() if "\nWith " in t.notes)
        assert in_notes.gid in [row[0] for row in settled.query(in_notes.notes.splitlines()[1])["rows"]]

    def test_nothing_found_without_a_plan_is_no_empty_answer(self, settled: Connected) -> None:
        with pytest.raises(EngineError) as caught:
            settled.query("words that nobody wrote")
        assert caught.value.kind == "permission"
        assert "paid plan (HTTP 402), and there is none for Larkspur Systems Labs" in caught.value.message
        assert "title: words" in (caught.value.hint or "")

    def test_parameters_are_asanas_own_and_the_plan_is_asked_for(self, settled: Connected) -> None:
        mine = json.dumps({"assignee.any": ["me"], "completed": True, "workspace": "Larkspur Systems"})
        rows = settled.query(mine)["rows"]
        done = [t for t in account(settled).tasks.values() if t.assignee == account(settled).me and t.completed_at]
        expected = {t.gid for t in done if t.workspace in paid(settled)}
        assert {row[0] for row in rows} == expected
        with pytest.raises(EngineError, match="paid plan"):
            settled.query('{"text": "rollout"}')

    def test_a_search_walks_behind_its_hundred(self, home: Path) -> None:
        with connected(home, AsanaSimulator(size=400)) as office:
            everything = {t.gid for t in account(office).tasks.values() if t.workspace in paid(office)}
            request = {"completed": False, "workspace": "Larkspur Systems", "limit": 1000}
            found = office.query(json.dumps(request))
            undone = {gid for gid in everything if account(office).tasks[gid].completed_at is None}
            assert len(undone) > 200
            assert {row[0] for row in found["rows"]} == undone
            assert found["truncated"] is False
            fewer = office.query(json.dumps({**request, "limit": 150}))
            assert (len(fewer["rows"]), fewer["truncated"]) == (150, True)

    def test_titles_projects_and_people_on_every_plan(self, settled: Connected) -> None:
        ideas = project(settled, "Ideas 1")
        titles = settled.query("title: idea from")["rows"]
        assert {row[0] for row in titles} == {
            t.gid for t in account(settled).tasks.values() if t.name.startswith("Idea")
        }
        listed = settled.query("project: ideas 1")["rows"]
        assert {row[0] for row in listed} == set(ideas.tasks)
        assert {row[5] for row in listed} == {"Ideas 1"}
        mine = {row[0] for row in settled.query("assignee: me")["rows"]}
        assert mine == {t.gid for t in account(settled).tasks.values() if t.assignee == account(settled).me}
        me = account(settled).users[account(settled).me]
        assert {row[0] for row in settled.query(f"assignee: {me.email}")["rows"]} == mine

    @pytest.mark.parametrize(
        "request_text", ["", "{", '{"limit": 5}', '{"text": "x", "limit": 0}', '{"text": "x", "sort_by": "likes"}']
    )
    def test_a_request_that_cannot_be_meant_is_refused(self, settled: Connected, request_text: str) -> None:
        with pytest.raises(EngineError) as caught:
            settled.query(request_text)
        assert caught.value.kind == "invalid_input"

    def test_the_schema_names_what_can_be_listed(self, settled: Connected) -> None:
        tables = {
            table["name"]: [c["name"] for c in table["columns"]] for table in operations.schema(settled.ws, "asana")
        }
        assert tables["tasks"] == settled.query("title: idea")["columns"]
        assert "Ideas 1" in tables["project"]
        assert account(settled).users[account(settled).me].name in tables["assignee"]


def paid(settled: Connected) -> set[str]:
    return {gid for gid, it in account(settled).workspaces.items() if it.paid}


SECRET = "of-the-webhook"


def signed(events: list[Any], secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    """A delivery as Asana signs it."""
    body = json.dumps({"events": events}).encode()
    return body, {"X-Hook-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def event(gid: str, action: str = "changed", kind: str = "task") -> dict[str, Any]:
    return {"action": action, "created_at": "2026-11-23T08:00:00.000Z", "resource": {"gid": gid, "resource_type": kind}}


class TestWebhooks:
    @pytest.fixture
    def hooked(self, synced: Connected) -> Connected:
        """A synced connection that a webhook was made for."""
        reply = synced.receive(b"{}", {"X-Hook-Secret": SECRET})
        assert (reply.status, dict(reply.headers)) == (200, {"X-Hook-Secret": SECRET})
        return synced

    def test_a_thin_event_makes_the_task_be_fetched_again(self, hooked: Connected) -> None:
        changed, deleted = task(hooked, "Prepare contract"), task(hooked, "Kick-off")
        account(hooked).change_task(changed, name="Told by a webhook")
        account(hooked).remove_task(deleted)
        made = hooked.simulator.create("tracker_issues")
        reply = hooked.receive(*signed([event(changed.gid), event(deleted.gid, "deleted"), event(made, "added")]))
        assert reply.status == 200
        rows = hooked.rows("tracker_issues")
        assert rows[changed.gid]["title"] == "Told by a webhook"
        assert made in rows
        assert deleted.gid in hooked.rows("tracker_issues", deleted=True)

    def test_what_is_about_no_task_and_what_is_empty_is_taken_and_left(self, hooked: Connected) -> None:
        hooked.simulator.traffic.requests.clear()
        assert hooked.receive(*signed([])).status == 200
        assert hooked.receive(*signed([event("1", kind="story")])).status == 200
        assert hooked.simulator.traffic.requests.total() == 0

    def test_several_webhooks_have_a_secret_each(self, hooked: Connected) -> None:
        assert hooked.receive(b"{}", {"X-Hook-Secret": "of-another"}).keep == {"webhook_secret": f"{SECRET} of-another"}

    @pytest.mark.parametrize("secret", ["a guess", ""])
    def test_a_wrong_signature_is_refused_and_nothing_is_fetched(self, hooked: Connected, secret: str) -> None:
        changed = task(hooked, "Prepare contract")
        account(hooked).change_task(changed, name="Not told")
        with pytest.raises(EngineError) as caught:
            hooked.receive(*signed([event(changed.gid)], secret))
        assert caught.value.kind == "webhook_refused"
        assert hooked.rows("tracker_issues")[changed.gid]["title"] != "Not told"

    def test_a_body_that_was_touched_is_refused(self, hooked: Connected) -> None:
        body, headers = signed([event("1")])
        with pytest.raises(EngineError, match="not signed"):
            hooked.receive(body + b" ", headers)

    def test_without_a_handshake_nothing_is_taken(self, synced: Connected) -> None:
        with pytest.raises(EngineError, match="no webhook secret"):
            synced.receive(*signed([event("1")]))


def heard(office: Connected, gid: str) -> list[str]:
    """The types of the events about a task in the inbox, the oldest first."""
    return [one.type for one in reversed(inbox.events(office.ws, limit=500)) if one.payload["resource"]["gid"] == gid]


def another_round(office: Connected) -> None:
    """Wait until the feeds of all projects were asked from now on, or taken up where nobody did so before."""
    # Each round begins with a list of projects for each workspace: this sees the end of the one behind the current.
    lists = asked(office, "/projects") + 2 * len(account(office).workspaces)
    until(lambda: asked(office, "/projects") >= lists)


@contextmanager
def followed(office: Connected) -> Iterator[None]:
    """The feeds are followed, and nothing keeps them from it until the block ends."""
    with Following(office) as following:
        another_round(office)
        yield
    assert following.error is None


class TestListening:
    """The feeds of projects, asked again and again by `inbox.follow`, for a machine without a public address."""

    @pytest.fixture(autouse=True)
    def _often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(AsanaConnector, "poll_seconds", 0.01)

    def test_what_happens_from_now_on_is_stored_without_an_address(self, synced: Connected) -> None:
        changed, deleted, before = task(synced, "Prepare contract"), task(synced, "Kick-off"), task(synced, "Idea")
        account(synced).change_task(before, name="Before anybody listened")
        with followed(synced):
            account(synced).change_task(changed, name="Told by the feed")
            account(synced).remove_task(deleted)
            made = synced.simulator.create("tracker_issues")
            until(lambda: all(heard(synced, gid) for gid in (changed.gid, deleted.gid, made)))
        synced.handle_events()
        assert heard(synced, before.gid) == []
        assert heard(synced, changed.gid) == ["task_changed"]
        assert heard(synced, made)[0] == "task_added"
        assert heard(synced, deleted.gid)[-1] == "task_deleted"
        rows = synced.rows("tracker_issues")
        assert rows[changed.gid]["title"] == "Told by the feed"
        assert made in rows
        assert deleted.gid in synced.rows("tracker_issues", deleted=True)

    def test_a_task_in_two_projects_whose_webhook_comes_too_makes_one_event(self, synced: Connected) -> None:
        synced.receive(b"{}", {"X-Hook-Secret": SECRET})
        shared = next(each for each in account(synced).tasks.values() if len(each.projects) == 2)
        with followed(synced):
            account(synced).change_task(shared, name="Told by two projects and a webhook")
            another_round(synced)
        (told,) = inbox.events(synced.ws)
        synced.receive(*signed([told.payload]))
        assert heard(synced, shared.gid) == ["task_changed"]

    def test_what_happens_while_asana_is_not_to_be_asked_is_heard_at_once_afterwards(self, synced: Connected) -> None:
        busy = task(synced, "Prepare contract")
        faults = synced.simulator.traffic.faults
        with followed(synced):
            closed = Fault("429", path="/projects", retry_after="3600")
            faults.append(closed)
            until(lambda: closed.hits > 0)
            for number in range(250):
                account(synced).change_task(busy, name=f"Name {number}")
            account(synced).remove_task(busy)
            # Two rounds are let through at most, and there are three pages of events.
            faults[:] = [Fault("429", path="/projects", retry_after="3600", after=2 * len(account(synced).workspaces))]
            until(lambda: "task_deleted" in heard(synced, busy.gid))

    def test_behind_a_token_that_is_too_old_it_goes_on_and_the_next_sync_has_the_rest(self, synced: Connected) -> None:
        changed, missed = task(synced, "Prepare contract"), task(synced, "Idea")
        with followed(synced):
            account(synced).change_task(missed, name="Nobody knows")
            account(synced).feeds.expire()
            another_round(synced)
            account(synced).change_task(changed, name="Behind the new token")
            until(lambda: heard(synced, changed.gid) == ["task_changed"])
        synced.synced()
        assert synced.rows("tracker_issues")[missed.gid]["title"] == "Nobody knows"

    def test_a_new_project_is_heard_and_one_that_went_is_left(self, synced: Connected) -> None:
        with followed(synced):
            account(synced).remove_project(next(iter(account(synced).projects.values())))
            gid = synced.simulator.create("tracker_projects")
            another_round(synced)
            made = synced.write("create_issue", title="First one", project=gid)
            until(lambda: "task_added" in heard(synced, made["id"]))

    def test_a_token_that_was_withdrawn_ends_it(self, synced: Connected) -> None:
        with Following(synced) as following:
            synced.simulator.traffic.faults.append(Fault("revoked"))
            following.join()
        assert following.error is not None
        assert following.error.exit_code == 4, "somebody has to connect again"
