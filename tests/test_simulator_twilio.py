"""The Twilio simulator through Twilio's own client library, which must not be able to tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from revtops_tui.simulators.limits import Limit
from revtops_tui.simulators.server import serve
from revtops_tui.simulators.twilio import TwilioSimulator
from revtops_tui.simulators.twilio.messages import OWN_NUMBER, SERVICE_SID

TO = "+14155550123"


class _Here(TwilioHttpClient):
    """Twilio's transport, sent to another host."""

    def __init__(self, url: str) -> None:
        super().__init__(timeout=10)
        self._url = url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self._url), *args, **kwargs)


@pytest.fixture
def simulator() -> TwilioSimulator:
    return TwilioSimulator(size=40)


@pytest.fixture
def url(simulator: TwilioSimulator) -> Iterator[str]:
    with serve(simulator.app) as server:
        yield server.url


@pytest.fixture
def client(simulator: TwilioSimulator, url: str) -> Client:
    return Client(simulator.account_sid, simulator.auth_token, http_client=_Here(url))


def test_the_client_creates_reads_lists_updates_and_deletes(simulator: TwilioSimulator, client: Client) -> None:
    sent = client.messages.create(to=TO, from_=OWN_NUMBER, body="Hello", media_url=["https://larkspur.example/a.png"])
    assert (sent.status, sent.num_media, sent.date_sent, sent.price) == ("queued", "1", None, None)
    statuses = [client.messages(sent.sid).fetch().status for _ in range(3)]
    assert statuses == ["sending", "sent", "delivered"]
    assert [media.content_type for media in client.messages(sent.sid).media.list()] == ["application/pdf"]
    first = next(client.messages.stream())
    assert (first.sid, first.body, first.direction) == (sent.sid, "Hello", "outbound-api")
    assert first.date_sent is not None
    assert client.messages(sent.sid).update(body="").body == ""
    assert client.messages(sent.sid).delete()
    with pytest.raises(TwilioRestException, match="was not found") as caught:
        client.messages(sent.sid).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


def test_every_message_comes_once_newest_first(simulator: TwilioSimulator, client: Client) -> None:
    found = client.messages.list(page_size=7)
    assert len({message.sid for message in found}) == len(found) == simulator.counts()["activities"]
    dates = [message.date_sent for message in found]
    assert dates == sorted(dates, reverse=True)
    assert [message.sid for message in client.messages.list(page_size=1000)] == [message.sid for message in found]


def test_filters_find_what_was_sent_on_a_day_by_or_to_a_number(client: Client) -> None:
    everything = client.messages.list()
    day = everything[30].date_sent
    midnight = day.replace(hour=0, minute=0, second=0)
    for filters, holds in (
        ({"date_sent": day.date()}, lambda m: m.date_sent.date() == day.date()),
        ({"date_sent_after": midnight}, lambda m: m.date_sent >= midnight),
        ({"date_sent_before": midnight}, lambda m: m.date_sent < midnight + dt.timedelta(days=1)),
        ({"to": everything[-1].to}, lambda m: m.to == everything[-1].to),
        (
            {"from_": OWN_NUMBER, "date_sent_after": midnight},
            lambda m: m.from_ == OWN_NUMBER and m.date_sent >= midnight,
        ),
    ):
        expected = [message.sid for message in everything if holds(message)]
        assert [message.sid for message in client.messages.list(**filters)] == expected
        assert expected


def test_a_message_that_is_not_sent_yet_has_no_day(simulator: TwilioSimulator, client: Client) -> None:
    simulator.moves = False
    sent = client.messages.create(to=TO, from_=OWN_NUMBER, body="Hello")
    assert sent.sid in [message.sid for message in client.messages.list()]
    since = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    assert sent.sid not in [message.sid for message in client.messages.list(date_sent_after=since)]


@pytest.mark.parametrize(
    ("ending", "status", "code"),
    [("23", "delivered", None), ("97", "undelivered", 30005), ("98", "failed", 30006), ("99", "undelivered", 30003)],
)
def test_the_receiver_decides_how_it_ends(client: Client, ending: str, status: str, code: int | None) -> None:
    sent = client.messages.create(to=f"+141555501{ending}", messaging_service_sid=SERVICE_SID, body="Hi")
    assert sent.status == "accepted"
    last = [client.messages(sent.sid).fetch() for _ in range(4)][-1]
    assert (last.status, last.error_code) == (status, code)


def test_a_scheduled_message_waits_and_can_be_canceled(client: Client) -> None:
    at = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    sent = client.messages.create(
        to=TO, messaging_service_sid=SERVICE_SID, body="Later", schedule_type="fixed", send_at=at
    )
    assert client.messages(sent.sid).fetch().status == "scheduled"
    assert client.messages(sent.sid).update(status="canceled").status == "canceled"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"from_": OWN_NUMBER, "body": "x" * 1601}, 21617),
        ({"from_": OWN_NUMBER}, 21619),
        ({"body": "Hi"}, 21603),
        ({"from_": "+15550000001", "body": "Hi"}, 21606),
        ({"from_": OWN_NUMBER, "body": "Hi", "to": "+15005550009"}, 21614),
        ({"from_": OWN_NUMBER, "body": "Hi", "to": "4155550123"}, 21211),
        ({"from_": OWN_NUMBER, "body": "Hi", "to": ""}, 21604),
    ],
)
def test_refusals_have_twilio_s_codes(simulator: TwilioSimulator, client: Client, values: Any, code: int) -> None:
    before = simulator.counts()
    with pytest.raises(TwilioRestException) as caught:
        client.messages.create(**{"to": TO, **values})
    assert (caught.value.status, caught.value.code) == (400, code)
    assert simulator.counts() == before


def test_a_message_on_its_way_cannot_be_deleted(simulator: TwilioSimulator, client: Client) -> None:
    simulator.moves = False
    sent = client.messages.create(to=TO, from_=OWN_NUMBER, body="Hello")
    with pytest.raises(TwilioRestException) as caught:
        client.messages(sent.sid).delete()
    assert (caught.value.status, caught.value.code) == (409, 20009)


def test_the_account_answers_its_token_and_not_an_api_key(simulator: TwilioSimulator, url: str, client: Client) -> None:
    account = client.api.accounts(simulator.account_sid).fetch()
    assert (account.friendly_name, account.status) == ("Larkspur Systems", "active")
    key = Client(*simulator.api_key, simulator.account_sid, http_client=_Here(url))
    assert key.messages.list(limit=1)
    for stranger in (key, Client(simulator.account_sid, "wrong", http_client=_Here(url))):
        with pytest.raises(TwilioRestException) as caught:
            stranger.api.accounts(simulator.account_sid).fetch()
        assert (caught.value.status, caught.value.code) == (401, 20003)


def test_too_much_at_once_is_refused_with_429() -> None:
    simulator = TwilioSimulator(size=8, limit=Limit(2, per=60))
    with serve(simulator.app) as server:
        client = Client(simulator.account_sid, simulator.auth_token, http_client=_Here(server.url))
        newest = next(simulator.messages.newest_first())
        for _ in range(2):
            assert client.messages(newest.sid).fetch().sid == newest.sid
        with pytest.raises(TwilioRestException) as caught:
            client.messages(newest.sid).fetch()
        assert (caught.value.status, caught.value.code) == (429, 20429)


def test_webhooks_are_signed_as_twilio_s_validator_wants_them(
    simulator: TwilioSimulator, url: str, client: Client
) -> None:
    hook = f"{url}/nobody"
    (number,) = client.incoming_phone_numbers.list(phone_number=OWN_NUMBER)
    assert client.incoming_phone_numbers(number.sid).update(sms_url=hook).sms_url == hook
    received = simulator.create("activities")
    sent = client.messages.create(to=TO, from_=OWN_NUMBER, body="Hello ✓", status_callback=hook)
    for _ in range(3):
        simulator.advance()
    deliveries = simulator.outbox.wait()
    forms = [dict(parse_qsl(delivery.body.decode(), keep_blank_values=True)) for delivery in deliveries]
    assert [form["MessageSid"] for form in forms] == [received, sent.sid, sent.sid, sent.sid]
    assert [form["SmsStatus"] for form in forms] == ["received", "sending", "sent", "delivered"]
    validator = RequestValidator(simulator.auth_token)
    for delivery, form in zip(deliveries, forms, strict=True):
        assert validator.validate(delivery.url, form, delivery.headers["X-Twilio-Signature"])


def test_a_path_that_does_not_exist_is_answered_like_twilio_does(simulator: TwilioSimulator, url: str) -> None:
    auth = (simulator.account_sid, simulator.auth_token)
    reply = httpx2.get(f"{url}/2010-04-01/Accounts/{simulator.account_sid}/Nothing.json", auth=auth)
    assert (reply.status_code, reply.json()["code"]) == (404, 20404)
