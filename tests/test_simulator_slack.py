"""The simulated Slack, as its official client and its documentation see it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import orjson
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.limits import Limit
from revtops_tui.simulators.server import SimulatorServer, serve
from revtops_tui.simulators.slack import SlackSimulator


@pytest.fixture
def simulator() -> SlackSimulator:
    return SlackSimulator(size=40)


@pytest.fixture
def server(simulator: SlackSimulator) -> Iterator[SimulatorServer]:
    with serve(simulator.app) as server:
        yield server


@pytest.fixture
def client(simulator: SlackSimulator, server: SimulatorServer) -> WebClient:
    """The official client with the bot's token."""
    return WebClient(simulator.bot_token, base_url=f"{server.url}/api/")


def refused(error: pytest.ExceptionInfo[SlackApiError]) -> dict[str, Any]:
    found = error.value.response.data
    assert isinstance(found, dict)
    return found


def test_the_official_client_lists_creates_updates_and_deletes(client: WebClient) -> None:
    assert client.auth_test()["team"] == "Larkspur Systems"
    listed = client.conversations_list(types="public_channel,private_channel", limit=3)
    pages = [page["channels"] for page in listed]  # the client's response is one object, page after page
    channels = {channel["name"]: channel for page in pages for channel in page}
    assert (len(pages), len(channels)) == (3, 8)
    sales = channels["sales"]["id"]
    assert client.conversations_info(channel=sales)["channel"]["name"] == "sales"
    sent = client.chat_postMessage(channel=sales, text="Hello")
    reply = client.chat_postMessage(channel=sales, text="And more", thread_ts=sent["ts"])
    client.chat_update(channel=sales, ts=sent["ts"], text="Hello again")
    client.reactions_add(channel=sales, name="tada", timestamp=sent["ts"])
    newest = client.conversations_history(channel=sales, limit=1)["messages"][0]
    assert (newest["text"], newest["reply_count"], newest["latest_reply"]) == ("Hello again", 1, reply["ts"])
    assert newest["reactions"][0]["name"] == "tada"
    assert [m["ts"] for m in client.conversations_replies(channel=sales, ts=sent["ts"])["messages"]] == [
        sent["ts"],
        reply["ts"],
    ]
    assert sent["ts"].replace(".", "") in client.chat_getPermalink(channel=sales, message_ts=sent["ts"])["permalink"]
    client.chat_delete(channel=sales, ts=reply["ts"])
    client.chat_delete(channel=sales, ts=sent["ts"])
    with pytest.raises(SlackApiError) as error:
        client.conversations_replies(channel=sales, ts=sent["ts"])
    assert refused(error)["error"] == "thread_not_found"


def test_history_is_paged_by_cursor_and_time(client: WebClient, simulator: SlackSimulator) -> None:
    sales = simulator.workspace.channel_named("sales")
    listed = client.conversations_history(channel=sales.id, limit=2)
    pages = [(page["has_more"], [message["ts"] for message in page["messages"]]) for page in listed]
    assert [ts for _, page in pages for ts in page] == sales.order[::-1]
    assert [more for more, _ in pages] == [True] * (len(pages) - 1) + [False]
    third = sales.order[2]
    newer = client.conversations_history(channel=sales.id, oldest=third)["messages"]
    assert [message["ts"] for message in newer] == sales.order[:2:-1]
    assert (
        len(client.conversations_history(channel=sales.id, oldest=third, inclusive=True)["messages"]) == len(newer) + 1
    )
    assert len(client.conversations_history(channel=sales.id, latest=third)["messages"]) == 2


def test_people_are_listed_and_looked_up(client: WebClient, simulator: SlackSimulator) -> None:
    members = [member for page in client.users_list(limit=5) for member in page["members"]]
    assert len({member["id"] for member in members}) == len(members) == 16
    assert sum(member["deleted"] for member in members) == 2
    email = simulator.story.company.colleagues[0].email
    assert client.users_lookupByEmail(email=email)["user"]["profile"]["email"] == email
    guest = next(user for user in simulator.workspace.users.values() if user.stranger)
    assert guest.id not in {member["id"] for member in members}
    assert client.users_info(user=guest.id)["user"]["real_name"] == guest.real_name


def test_a_file_is_uploaded_in_three_steps_and_downloaded(client: WebClient, simulator: SlackSimulator) -> None:
    sales = simulator.workspace.channel_named("sales")
    done = client.files_upload_v2(channel=sales.id, content="a,b\n1,2\n", filename="t.csv", initial_comment="Here")
    (file,) = done["files"]
    assert client.conversations_history(channel=sales.id, limit=1)["messages"][0]["files"][0]["id"] == file["id"]
    shown = client.files_info(file=file["id"])["file"]
    headers = {"Authorization": f"Bearer {simulator.bot_token}"}
    assert httpx2.get(shown["url_private"], headers=headers).text == "a,b\n1,2\n"
    assert b"not_authed" in httpx2.get(shown["url_private"]).content
    client.files_delete(file=file["id"])
    with pytest.raises(SlackApiError) as error:
        client.files_info(file=file["id"])
    assert refused(error)["error"] == "file_not_found"


def test_search_is_for_people_only(client: WebClient, simulator: SlackSimulator) -> None:
    simulator.say("sales", "The zebra contract")
    with pytest.raises(SlackApiError) as error:
        client.search_messages(query="zebra")
    assert refused(error)["error"] == "not_allowed_token_type"
    person = WebClient(simulator.user_token, base_url=client.base_url)
    found = person.search_messages(query="zebra in:#sales")["messages"]
    assert (found["total"], found["matches"][0]["channel"]["name"]) == (1, "sales")


def test_refusals_come_with_http_200_and_name_what_is_missing(server: SimulatorServer, client: WebClient) -> None:
    assert httpx2.get(f"{server.url}/api/auth.test").json() == {"ok": False, "error": "not_authed"}
    assert client.api_call("users.list").status_code == 200
    with pytest.raises(SlackApiError) as caught:
        WebClient("xoxb-wrong", base_url=client.base_url).auth_test()
    assert refused(caught) == {"ok": False, "error": "invalid_auth"}
    with pytest.raises(SlackApiError) as caught:
        client.api_call("nonsense")
    assert refused(caught)["error"] == "unknown_method"
    few = SlackSimulator(size=4, scopes=frozenset({"chat:write"}))
    with serve(few.app) as other, pytest.raises(SlackApiError) as caught:
        WebClient(few.bot_token, base_url=f"{other.url}/api/").conversations_list()
    assert refused(caught) == {
        "ok": False,
        "error": "missing_scope",
        "needed": "channels:read",
        "provided": "chat:write",
    }


def test_a_channel_that_the_app_is_not_in_is_closed_to_it(client: WebClient, simulator: SlackSimulator) -> None:
    hiring = simulator.workspace.channel_named("hiring")
    with pytest.raises(SlackApiError) as error:
        client.conversations_history(channel=hiring.id)
    assert refused(error)["error"] == "not_in_channel"
    client.conversations_join(channel=hiring.id)
    assert client.conversations_history(channel=hiring.id)["messages"]


def test_tiers_refuse_with_the_time_to_wait() -> None:
    simulator = SlackSimulator(size=4, tiers=True)
    with serve(simulator.app) as server:
        client = WebClient(simulator.bot_token, base_url=f"{server.url}/api/")
        for _ in range(20):
            client.conversations_list()
        with pytest.raises(SlackApiError) as error:
            client.conversations_list()
        assert refused(error)["error"] == "ratelimited"
        assert error.value.response.status_code == 429
        assert 1 <= int(error.value.response.headers["retry-after"]) <= 60
        client.users_list()  # each method has its own


def test_an_app_from_outside_of_the_marketplace_gets_fifteen() -> None:
    simulator = SlackSimulator(size=4, small=True, small_limit=Limit(2, 60))
    for n in range(20):
        simulator.say("random", f"Message {n}")
    random = simulator.workspace.channel_named("random").id
    with serve(simulator.app) as server:
        client = WebClient(simulator.bot_token, base_url=f"{server.url}/api/")
        pages = [client.conversations_history(channel=random, limit=999), client.conversations_history(channel=random)]
        assert [len(page["messages"]) for page in pages] == [15, 15]
        with pytest.raises(SlackApiError) as error:
            client.conversations_history(channel=random)
        assert error.value.response.status_code == 429


def test_faults_are_worded_as_slack_words_them(client: WebClient, simulator: SlackSimulator) -> None:
    for fault, status, error in (
        (Fault("429", times=1, retry_after="7"), 429, "ratelimited"),
        (Fault("500", times=1), 500, "internal_error"),
        (Fault("expired_token", times=1), 200, "token_expired"),
        (Fault("revoked", times=1), 200, "token_revoked"),
    ):
        simulator.traffic.faults[:] = [fault]
        with pytest.raises(SlackApiError) as caught:
            client.auth_test()
        assert (caught.value.response.status_code, refused(caught)["error"]) == (status, error)


def test_events_are_sent_signed_to_the_request_url(simulator: SlackSimulator) -> None:
    came: list[tuple[dict[str, str], bytes]] = []

    async def take(request: Request) -> Response:
        body = await request.body()
        came.append((dict(request.headers), body))
        return PlainTextResponse(orjson.loads(body).get("challenge", ""))

    with serve(Starlette(routes=[Route("/slack", take, methods=["POST"])])) as app:
        simulator.events.subscribe(f"{app.url}/slack")
        created = simulator.create("activities")
        changed = simulator.change("activities")
        simulator.unsay(changed)
        assert [delivery.status for delivery in simulator.outbox.wait()] == [200] * 4
    verifier = SignatureVerifier(simulator.signing_secret)
    assert all(verifier.is_valid_request(body, headers) for headers, body in came)
    documents = [orjson.loads(body) for _, body in came]
    assert documents[0]["type"] == "url_verification"
    told = [document["event"] for document in documents[1:]]
    assert [event.get("subtype") for event in told] == [None, "message_changed", "message_deleted"]
    assert f"{told[0]['channel']}:{told[0]['ts']}" == created
    assert told[1]["message"]["text"].endswith("(changed)")
    assert len({document["event_id"] for document in documents[1:]}) == 3


def test_the_official_socket_mode_client_hears_events(client: WebClient, simulator: SlackSimulator) -> None:
    heard: list[Any] = []

    def answer(listener: Any, request: SocketModeRequest) -> None:
        heard.append(request.payload["event"]["text"])
        listener.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    sockets = SocketModeClient(simulator.app_token, web_client=client)
    sockets.socket_mode_request_listeners.append(answer)
    sockets.connect()
    try:
        simulator.say("sales", "Hello over the socket")
        simulator.events.sockets.wait(1)
    finally:
        sockets.close()
    assert heard == ["Hello over the socket"]


async def test_a_socket_needs_a_ticket_and_an_app_token(client: WebClient, server: SimulatorServer) -> None:
    import aiohttp

    with pytest.raises(SlackApiError) as error:
        await asyncio.to_thread(client.apps_connections_open, app_token=client.token or "")
    assert refused(error)["error"] == "not_allowed_token_type"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{server.url}/link/?ticket=none")


def test_the_workspace_is_the_same_for_the_same_seed() -> None:
    one, two, other = (SlackSimulator(seed=seed, size=20).workspace for seed in (1, 1, 2))
    assert list(one.channels) == list(two.channels) != list(other.channels)
    assert one.channel_named("sales").messages == two.channel_named("sales").messages


def test_key_deals_have_their_thread(simulator: SlackSimulator) -> None:
    texts = [m.text for c in simulator.workspace.channels.values() for m in c.messages.values()]
    for index in list(simulator.story.key_deals())[:3]:
        assert any(simulator.story.deal(index).name in text for text in texts)
