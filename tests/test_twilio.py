"""The Twilio connector against the simulator: the messages' way, look-ups, sending, webhooks."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors._twilio.messages import Window
from revtops_tui.engine import operations, rejected
from revtops_tui.engine.connections import connect
from revtops_tui.engine.errors import EngineError
from revtops_tui.simulators.faults import Fault
from revtops_tui.simulators.twilio import TwilioSimulator
from revtops_tui.simulators.twilio.messages import OWN_NUMBER, SERVICE_SID, Message, phone
from tests.support.vendors import Connected, connected

TO = "+14155550123"
HOOK = "https://hooks.example/twilio"


@pytest.fixture
def simulator() -> TwilioSimulator:
    return TwilioSimulator(size=40)


@pytest.fixture
def office(home: Path, simulator: TwilioSimulator) -> Iterator[Connected]:
    with connected(home, simulator) as office:
        yield office


def message(simulator: TwilioSimulator, sid: str) -> Message:
    found = simulator.messages.get(sid)
    assert found is not None
    return found


def lists(simulator: TwilioSimulator) -> int:
    return sum(count for path, count in simulator.traffic.requests.items() if path.endswith("Messages.json"))


# -- SYNC --------------------------------------------------------------------------------------------------------------


def test_a_message_becomes_an_activity(office: Connected, simulator: TwilioSimulator) -> None:
    office.synced()
    rows = office.rows("activities")
    seeded = {m.sid: m for m in simulator.messages.newest_first()}
    assert rows.keys() == seeded.keys()
    waiting = simulator.messages.waiting[0]
    row = rows[waiting.sid]
    assert (row["type"], row["subject"]) == ("sms", f"SMS to {waiting.receiver}")
    assert row["description"] == waiting.body
    fields = row["custom_fields"]
    assert (fields["direction"], fields["status"], fields["price"]) == ("outbound-api", "sent", None)
    kinds = {row["type"] for row in rows.values()}
    assert kinds == {"sms", "mms", "whatsapp"}
    delivered = next(row for row in rows.values() if row["custom_fields"]["status"] == "delivered")
    assert delivered["custom_fields"]["price"].startswith("-0.0")
    assert delivered["activity_date"] > "2023"


def test_a_message_is_followed_until_its_status_is_final(office: Connected, simulator: TwilioSimulator) -> None:
    office.synced()
    simulator.moves = False
    sid = office.action("send_sms", to=TO, body="Hello")["id"]

    def status() -> Any:
        return office.rows("activities")[sid]["custom_fields"]["status"]

    office.synced(full=True)
    assert status() == "queued"
    for expected in ("sending", "sent", "delivered"):
        simulator.advance()
        counts = office.synced()["activities"]
        assert status() == expected
        assert counts["deleted"] == 0


def test_one_that_is_never_sent_is_asked_for_by_its_sid(office: Connected, simulator: TwilioSimulator) -> None:
    simulator.moves = False
    sids = [office.action("send_sms", to=TO, body=str(n))["id"] for n in range(2)]
    office.synced()
    simulator.messages.settle(message(simulator, sids[0]), "canceled")
    message(simulator, sids[1]).gone = True
    assert office.synced()["activities"]["deleted"] == 1
    assert office.rows("activities")[sids[0]]["custom_fields"]["status"] == "canceled"
    assert sids[1] in office.rows("activities", deleted=True)


def test_a_run_lists_only_the_days_that_may_have_changed(office: Connected, simulator: TwilioSimulator) -> None:
    office.synced()
    for _ in list(simulator.messages.waiting):
        simulator.change("activities")
    office.synced()
    simulator.traffic.requests.clear()
    office.synced()
    assert lists(simulator) == 1


def test_what_nobody_confirms_is_waited_for_a_week(office: Connected, simulator: TwilioSimulator) -> None:
    forgotten = simulator.messages.waiting[0]
    forgotten.sent = forgotten.created = forgotten.created - 9 * 86_400_000
    office.synced()
    simulator.messages.settle(forgotten, "delivered")
    office.synced()
    assert office.rows("activities")[forgotten.sid]["custom_fields"]["status"] == "sent"
    office.synced(full=True)
    assert office.rows("activities")[forgotten.sid]["custom_fields"]["status"] == "delivered"


def test_deletes_are_still_seen_after_a_run_that_was_gone_on_with(
    office: Connected, simulator: TwilioSimulator
) -> None:
    simulator.traffic.faults.append(Fault("revoked", after=3))
    assert office.sync().status != "success"
    simulator.traffic.faults.clear()
    office.synced()
    removed = simulator.remove("activities")
    assert office.synced()["activities"]["deleted"] == 1
    assert removed in office.rows("activities", deleted=True)


def test_a_busy_day_is_not_remembered_by_halves() -> None:
    started = dt.datetime(2026, 9, 30, 12, tzinfo=dt.UTC)
    window = Window(started.date() - dt.timedelta(days=1))
    for day, number in ((29, 20_000), (30, 10)):
        for n in range(number):
            sent = f"{['Tue', 'Wed'][day - 29]}, {day} Sep 2026 08:00:00 +0000"
            window.note({"sid": f"SM{day}{n}", "status": "delivered", "date_sent": sent})
    assert list(window.bookmark(started)["days"]) == ["2026-09-30"]


def test_a_message_of_another_shape_is_set_aside_with_its_reason(office: Connected, simulator: TwilioSimulator) -> None:
    simulator.traffic.faults.append(Fault("schema_drift", times=1))
    office.sync()
    (found,) = rejected.rejected(office.ws)
    assert "activity_date" in found.reason
    assert len(office.rows("activities")) == simulator.counts()["activities"] - 1


# -- QUERY -------------------------------------------------------------------------------------------------------------


def asked(office: Connected, request: str) -> list[dict[str, Any]]:
    answer = office.query(request)
    return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]


def test_messages_are_found_by_number_day_and_sid(office: Connected, simulator: TwilioSimulator) -> None:
    everything = list(simulator.messages.newest_first())
    them = phone(simulator.story.contact(simulator.story.deal(0)).phone)
    theirs = [m.sid for m in everything if them in (m.sender[-len(them) :], m.receiver[-len(them) :])]
    for request in (them, f"with {them}", f"WITH {them[:4]} {them[4:]} limit 500"):
        found = asked(office, request)
        assert sorted(row["sid"] for row in found) == sorted(theirs)
        dates = [row["date"] for row in found]
        assert dates == sorted(dates, reverse=True)
    outgoing = [m.sid for m in everything if m.receiver == them]
    assert [row["sid"] for row in asked(office, f"to {them} from {OWN_NUMBER}")] == outgoing
    (one,) = asked(office, theirs[0])
    assert one["sid"] == theirs[0]
    day = asked(office, "limit 1")[0]["date"][:10]
    assert {row["date"][:10] for row in asked(office, f"on {day}")} == {day}
    assert asked(office, f"since {day}") == asked(office, f"on {day}")
    assert all(row["date"][:10] <= "2025-01-31" for row in asked(office, "until 2025-01-31"))
    assert asked(office, "from whatsapp:+15550100000")[0]["type"] == "whatsapp"
    assert asked(office, "from Larkspur") == []


def test_an_answer_says_when_there_is_more(office: Connected, simulator: TwilioSimulator) -> None:
    total = simulator.counts()["activities"]
    for limit in (1, 25, total - 1):
        answer = office.query(f"limit {limit}")
        assert (len(answer["rows"]), answer["truncated"]) == (limit, True)
    answer = office.query(f"limit {total}")
    assert (len(answer["rows"]), answer["truncated"]) == (total, False)
    assert [column["name"] for column in operations.schema(office.ws, "twilio")[0]["columns"]] == answer["columns"]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ("on last tuesday", "is not a day"),
        ("limit many", "not a number from 1"),
        ("limit 0", "not a number from 1"),
        ("to 12", "not a telephone number"),
        ("with +14155552671 to +14155552671", "goes with neither"),
        ("SM" + "0" * 32, "was not found"),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(office: Connected, request_: str, words: str) -> None:
    with pytest.raises(EngineError, match=words):
        office.query(request_)


# -- ACTION ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "sent"),
    [("(415) 555-0123", "+14155550123"), ("+49 30 901820", "+4930901820"), ("14155550123", "+14155550123")],
)
def test_a_message_is_sent_from_the_number_of_the_connection(
    office: Connected, simulator: TwilioSimulator, given: str, sent: str
) -> None:
    result = office.action("send_sms", to=given, body="Hello", media_url="https://larkspur.example/offer.pdf")
    assert (result["to"], result["from"], result["status"]) == (sent, OWN_NUMBER, "queued")
    assert message(simulator, result["id"]).media == 1


def test_whatsapp_goes_over_the_same_number_or_its_own(home: Path, simulator: TwilioSimulator) -> None:
    with connected(home, simulator) as office:
        result = office.action("send_whatsapp", to=f"whatsapp:{TO}", body="Hello")
        assert (result["to"], result["from"]) == (f"whatsapp:{TO}", f"whatsapp:{OWN_NUMBER}")
        values = {**simulator.credentials, "from_number": "", "whatsapp_from": OWN_NUMBER}
        connect(office.ws, "twilio", values, base_url=office.url)
        assert office.action("send_whatsapp", to=TO, body="Hello")["from"] == f"whatsapp:{OWN_NUMBER}"
        assert "no number to send from" in refusal(office, to=TO, body="Hello")


def test_a_messaging_service_chooses_the_number(home: Path, simulator: TwilioSimulator) -> None:
    with connected(home, simulator, messaging_service_sid=SERVICE_SID) as office:
        result = office.action("send_sms", to=TO, body="Hello")
        assert result["status"] == "accepted"
        assert message(simulator, result["id"]).service == SERVICE_SID


def refusal(office: Connected, **params: Any) -> str:
    done = operations.action(office.ws, "twilio", "send_sms", params)
    assert done.status == "failed"
    assert done.error is not None
    return done.error.message


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"to": TO, "body": "x" * 1601}, "1,601 characters"),
        ({"to": TO, "body": " \n"}, "is empty"),
        ({"to": "0800 12345", "body": "Hi"}, "not a telephone number"),
        ({"to": "1-800-FLOWERS", "body": "Hi"}, "not a telephone number"),
        ({"to": "+1234567890123456", "body": "Hi"}, "not a telephone number"),
        ({"to": TO, "body": "Hi", "media_url": "offer.pdf"}, "no web address"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_twilio_hears_of_it(
    office: Connected, simulator: TwilioSimulator, params: dict[str, str], words: str
) -> None:
    before = simulator.traffic.requests.total()
    assert words in refusal(office, **params)
    assert simulator.traffic.requests.total() == before


def test_twilio_s_own_refusal_is_said_in_its_words(office: Connected) -> None:
    assert "not a mobile number" in refusal(office, to="+15005550009", body="Hi")


@pytest.mark.parametrize("kind", ["lost_reply", "disconnect", "500"])
def test_a_message_is_never_sent_twice(office: Connected, simulator: TwilioSimulator, kind: Any) -> None:
    before = simulator.counts()["activities"]
    simulator.traffic.faults.append(Fault(kind, method="POST", times=1))
    done = operations.action(office.ws, "twilio", "send_sms", {"to": TO, "body": "Hello"})
    assert done.status in ("unknown", "failed")
    assert simulator.counts()["activities"] == before + (kind == "lost_reply")
    assert sum(n for path, n in simulator.traffic.requests.items() if path.startswith("POST")) == 1


# -- LISTEN ------------------------------------------------------------------------------------------------------------


class _Address(BaseHTTPRequestHandler):
    """A public address that hands webhooks to the connection."""

    office: Connected
    url: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            reply = self.office.receive(body, dict(self.headers), self.url)
            status, headers, answer = reply.status, reply.headers, reply.body
        except EngineError:
            status, headers, answer = 401, {}, b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def heard(office: Connected) -> Iterator[str]:
    """An address at which the connection hears webhooks."""
    handler = type("Address", (_Address,), {"office": office})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield handler.url
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_message_that_comes_in_is_stored_at_once(office: Connected, simulator: TwilioSimulator, heard: str) -> None:
    simulator.inbound_url = heard
    sid = simulator.create("activities")
    (delivery,) = simulator.outbox.wait()
    assert (delivery.status, delivery.reply_headers["content-type"]) == (200, "text/xml")
    row = office.rows("activities")[sid]
    assert (row["custom_fields"]["direction"], row["description"]) == ("inbound", message(simulator, sid).body)


def test_the_way_of_a_message_is_heard_of(
    home: Path, simulator: TwilioSimulator, office: Connected, heard: str
) -> None:
    connect(office.ws, "twilio", {**simulator.credentials, "status_callback_url": heard}, base_url=office.url)
    simulator.moves = False
    sid = office.action("send_sms", to="+14155550199", body="Hello")["id"]
    for _ in range(3):
        simulator.advance()
    assert [delivery.status for delivery in simulator.outbox.wait()] == [200, 200, 200]
    fields = office.rows("activities")[sid]["custom_fields"]
    assert (fields["status"], fields["error_code"]) == ("undelivered", 30003)


def signed(url: str, form: dict[str, str] | list[tuple[str, str]], token: str = TwilioSimulator.auth_token) -> str:
    pairs = set(form.items() if isinstance(form, dict) else form)
    text = url + "".join(name + value for name, value in sorted(pairs))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def webhook(office: Connected, url: str, form: Any, signature: str) -> int:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return office.receive(urlencode(form).encode(), headers, url).status


@pytest.mark.parametrize(
    ("public", "as_signed"),
    [
        (HOOK, HOOK),
        ("https://hooks.example:443/twilio", HOOK),
        (HOOK, "https://hooks.example:443/twilio"),
        ("http://[::1]:8080/x?a=1", "http://[::1]/x?a=1"),
        ("http://me:secret@hooks.example/x", "http://me:secret@hooks.example:80/x"),
    ],
)
def test_the_address_is_signed_with_its_port_or_without(office: Connected, public: str, as_signed: str) -> None:
    form = [
        ("MessageSid", "SM" + "0" * 32),
        ("Body", "naïve ✓"),
        ("Tag", "b"),
        ("Tag", "a"),
        ("Tag", "a"),
        ("Empty", ""),
    ]
    assert webhook(office, public, form, signed(as_signed, form)) == 200


def test_what_twilio_did_not_sign_is_refused(office: Connected) -> None:
    form = {"MessageSid": "SM" + "0" * 32, "MessageStatus": "delivered"}
    good = signed(HOOK, form)
    assert webhook(office, HOOK, form, good) == 200
    for url, values, signature in (
        (HOOK, {**form, "MessageStatus": "failed"}, good),
        (f"{HOOK}/other", form, good),
        (HOOK, form, signed(HOOK, form, "another token")),
        (HOOK, form, ""),
    ):
        with pytest.raises(EngineError, match="not signed"):
            webhook(office, url, values, signature)


def test_a_json_body_is_signed_by_its_digest(office: Connected) -> None:
    body = json.dumps({"EventType": "onMessageAdded"}).encode()
    url = f"{HOOK}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": signed(url, {})}
    assert office.receive(body, headers, url).status == 200
    with pytest.raises(EngineError, match="not the one that Twilio signed"):
        office.receive(body + b" ", headers, url)


def test_a_message_that_is_gone_meanwhile_is_marked_so(office: Connected, simulator: TwilioSimulator) -> None:
    office.synced()
    sid = simulator.remove("activities")
    form = {"MessageSid": sid, "MessageStatus": "delivered"}
    webhook(office, HOOK, form, signed(HOOK, form))
    assert sid in office.rows("activities", deleted=True)


# -- credentials -------------------------------------------------------------------------------------------------------


def test_an_api_key_takes_the_place_of_the_token(home: Path, simulator: TwilioSimulator) -> None:
    key, secret = simulator.api_key
    with connected(home, simulator, auth_token="", api_key=key, api_key_secret=secret) as office:
        office.synced()
        assert office.counts() == simulator.counts()
        with pytest.raises(EngineError, match="no webhook secret"):
            webhook(office, HOOK, {}, "")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"auth_token": ""}, "neither an auth token nor an API key"),
        ({"auth_token": "wrong"}, "Authenticate"),
        ({"account_sid": "AC/../x"}, "account SID is not one"),
    ],
)
def test_credentials_that_do_not_work_are_refused(
    office: Connected, simulator: TwilioSimulator, values: dict[str, str], words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        connect(office.ws, "twilio", {**simulator.credentials, **values}, base_url=office.url)
