"""The Slack connector against a simulated workspace."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from revtops_tui.cli.values import pairs
from revtops_tui.engine import inbox, operations
from revtops_tui.engine.connections import connect
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.rejected import rejected
from revtops_tui.engine.sync import Progress, SyncOptions, sync
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.limits import Limit
from revtops_tui.simulators.server import serve
from revtops_tui.simulators.slack import SlackSimulator
from revtops_tui.simulators.slack.simulator import ALL_SCOPES
from tests.support.command_line import CommandLine
from tests.support.following import Following
from tests.support.vendors import Connected, connected

PAGE = Path(__file__).parent.parent / "docs" / "connectors" / "slack.md"


@pytest.fixture
def office(home: Path) -> Iterator[Connected]:
    """A connection to a workspace of 40 deals."""
    with connected(home, SlackSimulator(size=40)) as office:
        yield office


def slack(office: Connected) -> SlackSimulator:
    assert isinstance(office.simulator, SlackSimulator)
    return office.simulator


def requests(office: Connected, method: str) -> int:
    """How often a method was called since the last time this was asked."""
    seen = slack(office).traffic.requests
    count = seen.pop(f"GET /api/{method}", 0) + seen.pop(f"POST /api/{method}", 0)
    return int(count)


# -- SYNC --------------------------------------------------------------------------------------------------------------


def test_all_channels_and_the_messages_of_those_that_it_is_in(office: Connected) -> None:
    office.synced()
    assert office.counts() == slack(office).counts()
    rows = office.rows("activities")
    channels = {row["subject"]: row for row in rows.values() if row["type"] == "channel"}
    assert set(channels) == {
        "#general",
        "#sales",
        "#support",
        "#deal-desk",
        "#wins",
        "#random",
        "#hiring",
        "#launch-2024",
    }
    hiring = channels["#hiring"]
    assert hiring["custom_fields"]["is_member"] is False
    assert not [row for row in rows.values() if row["type"] == "message" and row["subject"] == "#hiring"]
    assert requests(office, "conversations.join") == 0
    assert channels["#deal-desk"]["custom_fields"]["is_private"] is True
    assert channels["#support"]["description"] == "Questions of customers & who answers them"


def test_a_message_reads_as_in_slack(office: Connected) -> None:
    simulator = slack(office)
    author = next(iter(simulator.workspace.users.values()))
    sales = simulator.workspace.channel_named("sales")
    key = simulator.say(
        "sales",
        f"Hi <@{author.id}>, see <#{sales.id}> &amp; <#{sales.id}|old-name>: <https://a.example/x|the plan>, "
        "<https://b.example>, <mailto:a@b.example|a@b.example> &lt;b&gt; <!here> <!subteam^S1|@team> "
        "<!date^1^{date}|May>",
        reactions={"tada": [author.id]},
    )
    office.synced()
    row = office.rows("activities")[key]
    assert row["description"] == (
        f"Hi @{author.real_name}, see #sales & #old-name: the plan (https://a.example/x), "
        "https://b.example, a@b.example <b> @here @team May"
    )
    assert (row["type"], row["subject"], row["owner_email"]) == ("message", "#sales", author.email)
    ts = key.partition(":")[2]
    assert row["activity_date"].startswith("20")
    assert row["custom_fields"] == {
        "channel": sales.id,
        "user": author.id,
        "user_name": author.real_name,
        "ts": ts,
        "reactions": {"tada": 1},
        "permalink": f"https://larkspur.slack.com/archives/{sales.id}/p{ts.replace('.', '')}",
    }


def test_replies_files_guests_and_messages_without_text(office: Connected) -> None:
    office.synced()
    rows = [row for row in office.rows("activities").values() if row["type"] == "message"]
    reply = next(row for row in rows if row["custom_fields"].get("thread_ts") not in (None, row["custom_fields"]["ts"]))
    assert f"thread_ts={reply['custom_fields']['thread_ts']}&cid=" in reply["custom_fields"]["permalink"]
    quote = next(row for row in rows if "files" in row["custom_fields"])["custom_fields"]["files"][0]
    assert quote["mimetype"] == "text/plain"
    guest = next(row for row in rows if row["description"] == "Thank you for having us, @channel!")
    assert guest["custom_fields"]["user_name"]  # users.list has no people of other companies
    assert requests(office, "users.info") == 1
    won = next(row for row in rows if row["custom_fields"].get("subtype") == "bot_message")
    assert won["description"].endswith(" is won")
    assert won["custom_fields"]["user_name"] == "CRM"


def test_later_runs_ask_once_for_each_channel_and_for_the_threads_that_moved(office: Connected) -> None:
    office.synced()
    simulator = slack(office)
    members = sum(channel.is_member for channel in simulator.workspace.channels.values())
    assert requests(office, "conversations.replies") == 10
    requests(office, "conversations.history")
    done = office.synced()["activities"]
    assert (done["inserted"], done["updated"], done["deleted"]) == (0, 0, 0)
    assert (requests(office, "conversations.history"), requests(office, "conversations.replies")) == (members, 0)
    parent = simulator.workspace.channel_named("sales").order[0]  # months old, and still on the newest page
    key = simulator.say("sales", "One more thing", parent)
    done = office.synced()["activities"]
    assert requests(office, "conversations.replies") == 1
    assert done["inserted"] == 1
    assert office.rows("activities")[key]["custom_fields"]["thread_ts"] == parent


def test_edits_and_deletions_are_found(office: Connected) -> None:
    simulator = slack(office)
    key = simulator.say("sales", "First")
    _, _, parent = key.partition(":")
    replies = [simulator.say("sales", f"Reply {n}", parent) for n in range(2)]
    office.synced()
    edited, removed = simulator.change("activities"), simulator.remove("activities")
    simulator.unsay(replies[0])
    done = office.synced()["activities"]
    rows = office.rows("activities")
    assert rows[edited]["description"].endswith("(changed)")
    assert done["deleted"] == 2
    assert removed not in rows
    assert (replies[0] in rows, replies[1] in rows) == (False, True)
    simulator.unsay(key)  # leaves a tombstone, since there is a reply
    office.synced()
    rows = office.rows("activities")
    assert (key in rows, replies[1] in rows) == (False, True)
    assert office.counts() == simulator.counts()


def test_what_a_free_plan_hides_is_not_taken_as_deleted(office: Connected) -> None:
    simulator = slack(office)
    office.synced()
    simulator.hide_before(simulator.say("sales", "From here on"))
    assert office.synced()["activities"]["deleted"] == 0
    assert office.counts() == simulator.counts()


def test_a_channel_that_the_app_is_invited_to_later_is_read_to_its_beginning(office: Connected) -> None:
    office.synced()
    hiring = slack(office).workspace.channel_named("hiring")
    hiring.is_member = True
    done = office.synced()["activities"]
    assert done["inserted"] == 1
    assert office.counts() == slack(office).counts()
    hiring.is_member = False
    office.synced()
    assert f"{hiring.id}:{hiring.order[0]}" in office.rows("activities")  # it stays until a full run


def test_a_window_of_ones_own_is_no_place_to_go_on_from(office: Connected) -> None:
    office.synced()
    hiring = slack(office).workspace.channel_named("hiring")
    hiring.is_member = True
    office.synced(since=dt.datetime.now(dt.UTC))
    office.synced()
    assert office.counts() == slack(office).counts()


def test_a_long_history_and_a_long_thread_come_whole(home: Path) -> None:
    simulator = SlackSimulator(size=4)
    parent = simulator.say("general", "Everybody, say hello")
    for n in range(1_100):
        simulator.say("random", f"Message {n}")
        simulator.say("general", f"Hello {n}", parent.partition(":")[2])
    with connected(home, simulator) as office:
        office.synced()
        assert office.counts() == simulator.counts()
        requests(office, "conversations.history")
        gone = [simulator.unsay(f"{simulator.workspace.channel_named('random').id}:{ts}")
                for ts in list(simulator.workspace.channel_named("random").order[-900:-890])]  # fmt: skip
        assert office.synced()["activities"]["deleted"] == len(gone)  # further back than a page, within the week
        assert office.counts() == simulator.counts()


@pytest.mark.parametrize("path", ["conversations.history", "conversations.replies"])
@pytest.mark.parametrize("full", [True, False])
def test_an_aborted_run_is_gone_on_with(office: Connected, path: str, full: bool) -> None:
    simulator = slack(office)
    if not full:
        office.synced()
        for channel in ("sales", "general"):
            key = simulator.say(channel, "New")
            simulator.say(channel, "Reply", key.partition(":")[2])
        simulator.remove("activities")
    simulator.traffic.faults.append(Fault("revoked", path=path, after=1))
    assert office.sync().status != "success"
    simulator.traffic.faults.clear()
    office.synced()
    assert office.counts() == simulator.counts()
    simulator.remove("activities")
    office.synced()
    assert office.counts() == simulator.counts()


def test_the_small_limit_is_noticed_said_and_kept_to(home: Path) -> None:
    simulator = SlackSimulator(size=8, small=True, small_limit=Limit(6, 1.0))
    for n in range(40):
        simulator.say("random", f"Message {n}")
    said: set[str] = set()

    def note(progress: Progress) -> None:
        if progress.waiting_for:
            said.add(progress.waiting_for)

    with connected(home, simulator) as office:
        (result,) = sync(office.ws, ["slack"], SyncOptions(), on_progress=note)
        assert (result.status, result.error) == ("success", None)
        assert office.counts() == simulator.counts()
    assert any(words.startswith("Slack gives this app 15 messages a minute: ") for words in said)


def test_a_message_of_an_unexpected_shape_is_set_aside_alone(office: Connected) -> None:
    slack(office).traffic.faults.append(Fault("schema_drift", path="conversations.history", times=1))
    done = office.synced()["activities"]
    assert done["rejected"] == 1
    assert done["inserted"] == slack(office).counts()["activities"] - 1


def test_a_part_of_an_unexpected_shape_sets_its_message_aside(office: Connected) -> None:
    sales = slack(office).workspace.channel_named("sales").id
    event = {"type": "message", "channel": sales, "channel_type": "channel", "ts": "1700000000.000001", "text": "Hi"}
    body = orjson.dumps(slack(office).events.callback({**event, "reactions": {"tada": 1}}))
    office.receive(body, slack(office).events.signed(body))
    (refused,) = rejected(office.ws)
    assert "description" in refused.reason
    assert office.rows("activities") == {}


@pytest.mark.parametrize("fault", ["duplicates", "page_shift"])
def test_pages_that_repeat_themselves_do_no_harm(office: Connected, fault: Any) -> None:
    slack(office).traffic.faults.append(Fault(fault, path="conversations."))
    office.synced()
    assert office.counts() == slack(office).counts()


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "kind"), [("expired_token", "authentication"), ("revoked", "connection_revoked")])
def test_refusals_are_told_apart(office: Connected, fault: Any, kind: str) -> None:
    slack(office).traffic.faults.append(Fault(fault))
    assert office.sync().error_kind == kind


def test_a_missing_scope_is_named(home: Path) -> None:
    with connected(home, SlackSimulator(size=4, scopes=ALL_SCOPES - {"channels:history", "groups:history"})) as office:
        result = office.sync()
        assert result.error_kind == "permission"
        assert result.error == "Slack refused conversations.history: the token lacks the scope channels:history."
        assert "install it again" in str(result.hint)


def test_the_wrong_token_is_refused_when_connecting(home: Path) -> None:
    with connected(home, SlackSimulator(size=4)) as office, pytest.raises(EngineError) as caught:
        connect(office.ws, "slack", {"access_token": "xoxb-wrong"}, base_url=office.url)
    assert caught.value.kind == "authentication"


# -- QUERY -------------------------------------------------------------------------------------------------------------


def test_channels_can_be_listed_and_looked_at(office: Connected) -> None:
    answer = office.query("channels")
    assert len(answer["rows"]) == 8
    assert answer["columns"][:3] == ["id", "name", "is_member"]
    (row,) = office.query("channels deal-desk")["rows"]
    (same,) = office.query("channel #deal-desk")["rows"]
    assert row == same == office.query(f"channel {row[0]}")["rows"][0]


def test_history_and_threads_are_read_as_asked(office: Connected) -> None:
    simulator = slack(office)
    key = simulator.say("sales", "Hello &amp; welcome")
    simulator.say("sales", "Thanks", key.partition(":")[2])
    answer = office.query("history #sales limit 2")
    assert (len(answer["rows"]), answer["truncated"]) == (2, True)
    newest = dict(zip(answer["columns"], answer["rows"][0], strict=True))
    assert (newest["text"], newest["reply_count"]) == ("Hello & welcome", 1)
    assert [row[2] for row in office.query(f"thread #sales {newest['ts']}")["rows"]] == ["Hello & welcome", "Thanks"]
    assert len(office.query("history sales since 2026-01-01")["rows"]) == 1


def test_search_uses_the_users_token(office: Connected) -> None:
    slack(office).say("sales", "The zebra contract is signed")
    answer = office.query("search zebra in:#sales")
    assert [row[3] for row in answer["rows"]] == ["The zebra contract is signed"]
    assert not answer["truncated"]
    assert office.query("search the limit 1")["truncated"]


def test_without_a_users_token_there_is_no_search(home: Path) -> None:
    with connected(home, SlackSimulator(size=4), user_token="") as office, pytest.raises(EngineError) as caught:
        office.query("search zebra")
    assert caught.value.kind == "permission"
    assert "user_token" in caught.value.hint


def test_a_files_text_is_read(office: Connected) -> None:
    file = next(iter(slack(office).workspace.files.values()))
    answer = office.query(f"file {file.id}")
    assert answer["rows"][0][-1] == file.content.decode()
    file.content = b"\xff\xfe\x00binary"
    answer = office.query(f"file {file.id}")
    assert answer["rows"][0][-1] is None
    assert "no text" in answer["notice"]


@pytest.mark.parametrize("request_", ["", "everything", "history", "thread #sales", "history #sales since yesterday"])
def test_what_is_no_request_is_refused_with_examples(office: Connected, request_: str) -> None:
    with pytest.raises(EngineError) as caught:
        office.query(request_)
    assert caught.value.kind == "invalid_input"
    assert "Such as" in caught.value.hint


# -- ACTION ------------------------------------------------------------------------------------------------------------


def test_a_message_is_sent_as_it_was_written(office: Connected) -> None:
    text = "Deal closed! :tada: *#1* & <more>"
    sent = office.action("send_message", channel="#sales", text=text)
    channel = slack(office).workspace.channel_named("sales")
    assert channel.messages[sent["ts"]].text == text
    assert sent["id"] == f"{channel.id}:{sent['ts']}"
    assert sent["url"] == f"https://larkspur.slack.com/archives/{channel.id}/p{sent['ts'].replace('.', '')}"
    reply = office.action("send_message", channel=channel.id, text="And more", thread_ts=sent["ts"])
    assert channel.threads[sent["ts"]] == [reply["ts"]]
    assert f"thread_ts={sent['ts']}" in reply["url"]


def test_a_direct_message_goes_to_a_person_by_name_or_address(office: Connected) -> None:
    person = next(iter(slack(office).workspace.users.values()))
    first = office.action("send_message", user_id=person.email, text="Hello")
    second = office.action("send_message", user_id=person.real_name, text="Hello again")
    assert first["channel"] == second["channel"]
    assert slack(office).workspace.channels[first["channel"]].with_user == person.id


def test_a_channel_that_is_not_there_is_refused_with_candidates(office: Connected) -> None:
    done = operations.action(office.ws, "slack", "send_message", {"channel": "#sale", "text": "Hello"})
    assert done.status == "failed"
    assert done.error is not None
    assert (done.error.kind, done.error.message) == ("invalid_input", "There is no channel sale.")
    assert "Did you mean sales" in done.error.hint
    assert requests(office, "chat.postMessage") == 0


@pytest.mark.parametrize("target", [{}, {"channel": "#sales", "user_id": "U0123456789"}])
def test_a_message_has_one_target(office: Connected, target: dict[str, str]) -> None:
    try:
        done = operations.action(office.ws, "slack", "send_message", {"text": "Hello", **target})
        error = done.error
    except EngineError as refused:
        error = refused
    assert error is not None
    assert error.kind == "invalid_input"
    assert requests(office, "chat.postMessage") == 0


@pytest.mark.parametrize(
    ("channel", "kind", "hint"), [("#hiring", "permission", "/invite"), ("#launch-2024", "permission", "/invite")]
)
def test_a_channel_that_the_app_is_not_in_says_how_to_invite_it(
    office: Connected, channel: str, kind: str, hint: str
) -> None:
    done = operations.action(office.ws, "slack", "send_message", {"channel": channel, "text": "Hello"})
    assert done.error is not None
    assert (done.error.kind, hint in done.error.hint) == (kind, True)


def test_a_send_whose_answer_is_lost_is_not_repeated(office: Connected) -> None:
    slack(office).traffic.faults.append(Fault("lost_reply", path="chat.postMessage"))
    done = operations.action(office.ws, "slack", "send_message", {"channel": "#sales", "text": "Once only"})
    assert done.status == "unknown"
    texts = [message.text for message in slack(office).workspace.channel_named("sales").messages.values()]
    assert texts.count("Once only") == 1


def test_a_text_that_slack_would_cut_off_is_refused(office: Connected) -> None:
    done = operations.action(office.ws, "slack", "send_message", {"channel": "#sales", "text": "x" * 40_001})
    assert done.error is not None
    assert "40,000" in done.error.message


def test_a_reaction_is_added_once(office: Connected) -> None:
    sent = office.action("send_message", channel="#sales", text="Won")
    asked = {"channel": "#sales", "timestamp": sent["ts"], "name": ":tada:"}
    for added in (True, False):
        done = operations.action(office.ws, "slack", "add_reaction", asked)
        assert done.result == {"id": sent["id"], "name": "tada", "added": added}


def test_a_file_is_uploaded_and_shared(office: Connected) -> None:
    done = office.action(
        "upload_file", channel="#sales", filename="q1.csv", content="deal,amount\nAcme,1\n", comment="Q1"
    )
    file = slack(office).workspace.files[done["id"]]
    assert (file.content, file.name, file.mimetype) == (b"deal,amount\nAcme,1\n", "q1.csv", "text/csv")
    channel = slack(office).workspace.channel_named("sales")
    shared = channel.messages[channel.order[-1]]
    assert (shared.files, shared.text) == ([done["id"]], "Q1")
    assert done["url"]


def test_every_command_of_its_page_works(office: Connected) -> None:
    workspace = slack(office).workspace
    person, sales = next(iter(workspace.users.values())), workspace.channel_named("sales")
    examples = {"ada.hansen@larkspur.example": person.email, "1740273120.000028": sales.order[0]}
    commands = re.findall(r"^revtops ((?:query|action) slack .*)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 10
    for command in commands:
        for example, known in examples.items():
            command = command.replace(example, known)
        verb, _, what, *given = shlex.split(command)
        if verb == "query":
            assert office.query(what)["columns"]
        else:
            values = pairs([value for value in given if value != "--yes"])
            done = operations.action(office.ws, "slack", what, values, textual=True)
            assert (done.status, done.error) == ("ok", None)


def test_a_message_is_sent_from_the_command_line(revtops: CommandLine) -> None:
    simulator = SlackSimulator(size=4)
    with serve(simulator.app) as server:
        credentials = orjson.dumps(simulator.credentials).decode()
        connected = revtops("connect", "slack", "--base-url", server.url, "--stdin", stdin=credentials)
        assert (connected.code, "revtops in Larkspur Systems" in connected.stdout + connected.stderr) == (0, True)
        sent = revtops("action", "slack", "send_message", "channel=#sales", "text=Deal closed!", "--yes", "--json")
    assert (sent.code, sent.json["status"]) == (0, "ok")
    assert simulator.workspace.channel_named("sales").messages[sent.json["result"]["ts"]].text == "Deal closed!"


# -- LISTEN ------------------------------------------------------------------------------------------------------------


def test_the_address_of_the_events_is_proved_to_slack(office: Connected) -> None:
    body = orjson.dumps({"type": "url_verification", "challenge": "abc123"})
    reply = office.receive(body, slack(office).events.signed(body))
    assert (reply.status, reply.body) == (200, b"abc123")
    with pytest.raises(EngineError):
        office.receive(body, {})


def test_events_change_the_rows_at_once(office: Connected) -> None:
    simulator = slack(office)

    def heard(what: str, channel: str, key: str, text: str) -> None:
        place = simulator.workspace.channel_named(channel)
        ts = key.partition(":")[2]
        message = {"type": "message", "ts": ts, "text": text, "user": next(iter(simulator.workspace.users))}
        event: dict[str, Any] = {"type": "message", "channel": place.id, "channel_type": "channel"}
        if what == "created":
            event |= message
        elif what == "changed":
            event |= {"subtype": "message_changed", "message": message}
        else:
            event |= {"subtype": "message_deleted", "deleted_ts": ts}
        body = orjson.dumps(simulator.events.callback(event))
        assert office.receive(body, simulator.events.signed(body)).status == 200

    key = simulator.say("sales", "Hello")
    heard("created", "sales", key, "Hello")
    row = office.rows("activities")[key]
    assert (row["description"], row["subject"]) == ("Hello", "#sales")
    heard("changed", "sales", key, "Hello (changed)")
    assert office.rows("activities")[key]["description"] == "Hello (changed)"
    heard("deleted", "sales", key, "")
    assert key not in office.rows("activities")
    assert requests(office, "users.list") == 0  # one look-up of a person, not of everybody


@pytest.mark.parametrize(
    ("age", "change", "status"), [(0, b"", 200), (0, b" ", 401), (299, b"", 200), (301, b"", 401), (-301, b"", 401)]
)
def test_only_what_slack_signed_just_now_is_taken(office: Connected, age: int, change: bytes, status: int) -> None:
    body = orjson.dumps({"type": "event_callback", "event": {"type": "team_join"}, "event_id": "Ev1"})
    headers = slack(office).events.signed(body, time.time() - age)
    if status == 200:
        assert office.receive(body + change, headers).status == 200
        return
    with pytest.raises(EngineError) as caught:
        office.receive(body + change, headers)
    assert caught.value.kind == "webhook_refused"


def test_direct_messages_are_nobody_elses_business(office: Connected) -> None:
    event = {
        "type": "message",
        "channel": "D0123456789",
        "channel_type": "im",
        "ts": "1700000000.000001",
        "text": "psst",
    }
    body = orjson.dumps(slack(office).events.callback(event))
    office.receive(body, slack(office).events.signed(body))
    assert office.rows("activities") == {}


def test_socket_mode_needs_no_address(office: Connected) -> None:
    simulator = slack(office)
    sockets = simulator.events.sockets
    sockets.used = True  # events from before the socket was opened wait for it, as for one that was lost
    key = simulator.say("sales", "Hello")
    with Following(office) as following:
        sockets.wait(1)
        office.handle_events()
        assert office.rows("activities")[key]["description"] == "Hello"
        edited = simulator.change("activities")
        sockets.wait(2)
        sockets.disconnect()
        removed = simulator.unsay(edited)
        sockets.wait(3)
        parent = simulator.say("general", "Anyone?")
        reply = simulator.say("general", "Me", parent.partition(":")[2])
        simulator.unsay(parent)  # a tombstone is what is left of it
        sockets.wait(6)
    assert following.error is None
    office.handle_events()
    told = ["message_created", "message_changed", "message_deleted"]
    heard = [event.type for event in reversed(inbox.events(office.ws))]
    assert heard == [*told, "message_created", "message_created", "message_changed"]
    rows = office.rows("activities")
    assert (removed in rows, parent in rows, reply in rows) == (False, False, True)


def test_an_event_is_acknowledged_once_it_is_stored_and_handled_when_it_can_be(office: Connected) -> None:
    simulator = slack(office)
    sockets = simulator.events.sockets
    sockets.used = True
    key = simulator.say("sales", "Hello")
    simulator.traffic.faults.append(Fault("expired_token", path="users.info"))
    with Following(office):
        sockets.wait(1)
    inbox.handle_due(office.ws)
    (event,) = inbox.events(office.ws)
    assert (event.status, event.attempts) == ("failed", 1)
    simulator.traffic.faults.clear()
    (event,) = inbox.replay(office.ws, [event.id])
    assert event.status == "handled"
    assert key in office.rows("activities")


def test_socket_mode_that_was_turned_off_ends_the_listening(office: Connected) -> None:
    sockets = slack(office).events.sockets
    sockets.used = True
    slack(office).say("sales", "Hello")
    with Following(office) as following:
        sockets.wait(1)
        sockets.disconnect("link_disabled")
        following.join()
    assert following.error is not None
    assert "turned off" in following.error.message


def test_listening_needs_the_token_for_it(home: Path) -> None:
    with connected(home, SlackSimulator(size=4), app_token="") as office, pytest.raises(EngineError) as caught:
        inbox.follow(office.ws, "slack")
    assert "app_token" in caught.value.hint
