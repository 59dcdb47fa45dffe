"""`HttpClient` against a real server on loopback that misbehaves as vendors and networks do."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import json
import logging
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.errors import (
    AuthenticationError,
    ConnectorError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitedError,
    SyncCancelledError,
    VendorUnavailableError,
)
from connectors.http import Exchange, HttpClient, RateBudget
from connectors.redaction import BODY_LIMIT
from tests.support.faulty import Answer, Fault, FaultyProxy, FaultyServer, running

NOW = dt.datetime(2026, 5, 1, 12, 0, 0, tzinfo=dt.UTC)


class Time:
    """A clock that only moves when somebody sleeps; `slept` is how long in all."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.begin = self.now

    @property
    def slept(self) -> float:
        return round(self.now - self.begin, 3)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with running(FaultyServer()) as server:
        yield server


@pytest.fixture
async def other() -> AsyncIterator[FaultyServer]:
    async with running(FaultyServer()) as server:
        yield server


def client(server: FaultyServer, time: Time, **options: Any) -> HttpClient:
    options = {"system": "Acme", "clock": time.clock, "sleep": time.sleep, **options}
    return HttpClient(options.pop("base_url", server.url), **options)


def bearer(token: str) -> Any:
    async def headers() -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    return headers


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class HastyServer:
    """Answers one request a connection, says that it may be kept, and closes it.

    In a thread: it does so while the event loop of the client stands still. `closed` says when.
    """

    def __init__(self, connections: int) -> None:
        self.seen: list[bytes] = []
        self.closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, args=[connections], daemon=True).start()

    def _serve(self, connections: int) -> None:
        with self._listener:
            for _ in range(connections):
                connection, _ = self._listener.accept()
                with connection:
                    self.seen.append(connection.recv(65536).partition(b" HTTP/")[0])
                    connection.sendall(Answer().raw())
                self.closed.set()


def unknown_certificate(folder: Path) -> ssl.SSLContext:
    """For a server that calls itself localhost and is trusted by nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@contextmanager
def lines_logged() -> Iterator[list[str]]:
    """Everything that any logger says at DEBUG."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


# -- asking ------------------------------------------------------------------------------------------------------


async def test_get_sends_parameters_and_authentication_below_the_base_url(server: FaultyServer, time: Time) -> None:
    server.script(Answer(body={"results": [1]}))
    async with client(server, time, base_url=f"{server.url}/prefix/", auth_headers=bearer("t")) as http:
        answer = await http.get(
            "/deals", params={"limit": 100, "archived": False, "after": None, "properties": ["a b", "c,d"]}
        )
    assert answer.json() == {"results": [1]}
    assert server.seen[0].target == "/prefix/deals?limit=100&archived=false&properties=a%20b&properties=c,d"
    assert server.seen[0].headers["authorization"] == "Bearer t"


async def test_an_empty_path_is_the_base_url_itself(server: FaultyServer, time: Time) -> None:
    async with client(server, time, base_url=f"{server.url}/graphql") as http:
        await http.post("", json={"query": "{ me }"})
    assert server.seen[0].target == "/graphql"


async def test_parameters_are_added_to_those_of_the_url(server: FaultyServer, time: Time) -> None:
    async with client(server, time) as http:
        await http.get(f"{server.url}/next?page=2", params={"limit": 5})
    assert server.seen[0].target == "/next?page=2&limit=5"


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ({"json": {"name": "Ä"}}, "application/json", '{"name":"Ä"}'.encode()),
        ({"data": {"grant_type": "x y", "n": 1}}, "application/x-www-form-urlencoded", b"grant_type=x%20y&n=1"),
        ({"content": "plain", "headers": {"Content-Type": "text/plain"}}, "text/plain", b"plain"),
    ],
)
async def test_bodies(server: FaultyServer, time: Time, body: dict[str, Any], content_type: str, sent: bytes) -> None:
    async with client(server, time) as http:
        await http.post("/x", **body)
    assert (server.seen[0].headers["content-type"], server.seen[0].body) == (content_type, sent)


async def test_a_file_is_sent_again_whole_after_a_refusal(server: FaultyServer, time: Time) -> None:
    server.script(Answer(429, headers={"Retry-After": "1"}))
    async with client(server, time) as http:
        await http.post("/files", data={"folder": "f"}, files={"file": ("a.txt", b"content of a")})
    first, second = server.seen
    assert first.body == second.body
    assert b"content of a" in first.body
    assert first.headers["content-type"].startswith("multipart/form-data; boundary=")


async def test_a_large_body_arrives_whole(server: FaultyServer, time: Time) -> None:
    large = bytes(range(256)) * 10_000
    async with client(server, time) as http:
        await http.post("/files", content=large)
    assert server.seen[0].body == large
    assert server.seen[0].headers["content-length"] == str(len(large))


async def test_of_an_answer_of_any_size_the_beginning_is_taken(server: FaultyServer, time: Time) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    server.script(
        Answer(body=b"x" * 3_000_000), Answer(body=b"short"), Answer(body=bomb, headers={"Content-Encoding": "gzip"})
    )
    async with client(server, time) as http:
        assert (await http.get("/stream", most=2_000_000)).content == b"x" * 2_000_000
        assert (await http.get("/stream", most=2_000_000)).content == b"short"
        assert (await http.get("/stream", most=2_000_000)).content == bomb


async def test_an_encoded_address_goes_out_as_it_is(server: FaultyServer, time: Time) -> None:
    target = "/files/a%2Fb%20c%2B?filter=%27x%27%20and%20%7B1%7D&time=10%3A00%2B02%3A00"
    async with client(server, time) as http:
        await http.get(f"{server.url}{target}")
    assert server.seen[0].target == target


@pytest.mark.parametrize("query", ["q='a'[1]%zz", "caf\u00e9=1", "a=%2f", "?", "x=1#part"])
async def test_any_other_query_goes_out_as_httpx2_encodes_it(server: FaultyServer, time: Time, query: str) -> None:
    expected = httpx2.URL(f"{server.url}/files?{query}")
    async with client(server, time) as http:
        answer = await http.get(f"/files?{query}")
    assert server.seen[0].target == expected.raw_path.decode()
    assert (answer.request.url, answer.raise_for_status()) == (expected, answer)


async def test_two_bodies_are_refused(server: FaultyServer, time: Time) -> None:
    async with client(server, time) as http:
        with pytest.raises(ValueError, match="one body"):
            await http.post("/x", json={}, content=b"x")
    assert server.seen == []


async def test_connections_are_reused_and_can_be_opened_again_after_closing(server: FaultyServer, time: Time) -> None:
    http = client(server, time)
    await http.get("/a")
    await http.aclose()
    await http.get("/b")
    await http.aclose()
    assert [seen.target for seen in server.seen] == ["/a", "/b"]


# -- answers that are errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidInputError),
        (401, AuthenticationError),
        (402, InvalidInputError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, InvalidInputError),
        (410, NotFoundError),
        (422, InvalidInputError),
        (501, VendorUnavailableError),
    ],
)
async def test_statuses_become_errors(
    server: FaultyServer, time: Time, status: int, error: type[ConnectorError]
) -> None:
    server.script(Answer(status, {"message": "No such deal"}))
    async with client(server, time) as http:
        with pytest.raises(ConnectorError) as caught:
            await http.post("/deals/1", params={"q": "hidden"}, json={})
    assert type(caught.value) is error
    assert caught.value.status == status
    assert caught.value.message == f"Acme answered POST /deals/1 with HTTP {status}: No such deal"
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "m", "error": "e"}, "m"),
        ({"error": "invalid_grant", "error_description": "Token expired"}, "Token expired"),
        ({"error": {"code": 400, "message": "Bad range"}}, "Bad range"),
        ({"errors": [{"message": "Cannot query field"}]}, "Cannot query field"),
        ({"message": "one\x1b[31m\r\ntwo\u202e"}, "one [31m two"),
        ({"message": "x" * 1000}, "x" * 200),
    ],
)
async def test_the_vendors_own_words_are_told_as_plain_text(
    server: FaultyServer, time: Time, body: object, words: str
) -> None:
    server.script(Answer(400, body))
    async with client(server, time) as http:
        with pytest.raises(InvalidInputError) as caught:
            await http.get("/x")
    assert caught.value.message == f"Acme answered GET /x with HTTP 400: {words}"


async def test_an_html_error_page_is_not_quoted(server: FaultyServer, time: Time) -> None:
    server.script(Answer(403, b"<html>Sorry</html>", {"Content-Type": "text/html"}))
    async with client(server, time) as http:
        with pytest.raises(PermissionDeniedError, match=r"^Acme answered GET /x with HTTP 403\.$"):
            await http.get("/x")


async def test_an_expected_status_is_an_answer(server: FaultyServer, time: Time) -> None:
    server.script(Answer(412, {"sync": "s"}), Answer(503))
    async with client(server, time) as http:
        assert (await http.get("/events", expect={412})).json() == {"sync": "s"}
        assert (await http.get("/events", expect=range(500, 600))).status_code == 503


# -- patience ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [("3", 3), ("0.25", 0.25), (format_datetime(NOW + dt.timedelta(seconds=7), usegmt=True), 7)],
)
async def test_retry_after_is_waited_for(server: FaultyServer, time: Time, retry_after: str, waits: float) -> None:
    date = format_datetime(NOW, usegmt=True)
    server.script(Answer(429, headers={"Retry-After": retry_after, "Date": date}))
    async with client(server, time) as http:
        await http.get("/x")
    assert time.slept == waits
    assert len(server.seen) == 2


@pytest.mark.parametrize("retry_after", ["0", "-5", "soon", "nan", "inf", "Mon, 99 Foo 2026 00:00:00 GMT", None])
async def test_an_unusable_retry_after_means_backing_off(
    server: FaultyServer, time: Time, retry_after: str | None
) -> None:
    server.script(*[Answer(429, headers={"Retry-After": retry_after} if retry_after else {})] * 3)
    waits: list[str | None] = []
    async with client(server, time, on_wait=waits.append) as http:
        await http.get("/x")
    assert len(server.seen) == 4
    assert 0.5 + 1 + 2 <= time.slept <= 0.5 + 1 + 2 + 3 * 0.5
    assert waits[0] == "rate limit: 1 s"
    assert waits[1] is None


@pytest.mark.parametrize("status", [429, 503])
async def test_more_patience_than_a_run_should_have_is_an_error_at_once(
    server: FaultyServer, time: Time, status: int
) -> None:
    server.script(Answer(status, {"message": "Daily limit"}, {"Retry-After": "3600"}))
    async with client(server, time, longest_wait=60) as http:
        with pytest.raises(RateLimitedError, match="Daily limit") as caught:
            await http.get("/x")
    assert (caught.value.retry_after, caught.value.status, time.slept) == (3600, status, 0)


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(429),
        Answer(503, headers={"Retry-After": "1"}),
        Answer(403, headers={"Retry-After": "1"}),
        Answer(403, {"error": {"errors": [{"reason": "userRateLimitExceeded"}], "message": "Slow down"}}),
        Answer(403, {"error": {"errors": [{"reason": "rateLimitExceeded"}]}}),
        Answer(400, {"errors": [{"message": "Slow down", "extensions": {"code": "RATELIMITED"}}]}),
    ],
)
async def test_a_refused_post_is_sent_again(server: FaultyServer, time: Time, refusal: Answer) -> None:
    server.script(refusal)
    async with client(server, time) as http:
        await http.post("/deals", json={"name": "x"})
    assert [seen.body for seen in server.seen] == [b'{"name":"x"}'] * 2


async def test_github_says_with_403_that_nothing_remains(server: FaultyServer, time: Time) -> None:
    resets = int(NOW.timestamp()) + 900
    headers = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(resets),
        "Date": format_datetime(NOW, usegmt=True),
    }
    server.script(Answer(403, {"message": "API rate limit exceeded"}, headers))
    async with client(server, time) as http:
        with pytest.raises(RateLimitedError) as caught:
            await http.get("/x")
    assert len(server.seen) == 1
    assert caught.value.retry_after == pytest.approx(900, abs=2)


async def test_an_unrepeatable_request_is_not_sent_again_even_after_a_refusal(server: FaultyServer, time: Time) -> None:
    server.script(Answer(429, headers={"Retry-After": "1"}))
    async with client(server, time) as http:
        with pytest.raises(RateLimitedError) as caught:
            await http.post("/send", repeatable=False)
    assert caught.value.retry_after == 1
    assert len(server.seen) == 1


async def test_a_refusal_that_lasts_is_told(server: FaultyServer, time: Time) -> None:
    server.script(*[Answer(429, headers={"Retry-After": "2"})] * 5)
    async with client(server, time, attempts=3) as http:
        with pytest.raises(RateLimitedError) as caught:
            await http.get("/x")
    assert (caught.value.retry_after, len(server.seen), time.slept) == (2, 3, 4)


# -- faults ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Answer(500),
        Answer(502),
        Answer(503),
        Answer(fault=Fault.RESET),
        Answer(fault=Fault.TRUNCATED),
        Answer(fault=Fault.LOST),
        Answer(body=b'{"results": [{"id"', length=False),
        Answer(body=b"a,b\n1,2\n", headers={"Content-Type": "text/csv"}, fault=Fault.RESET, length=False),
        Answer(body=b"not gzip", headers={"Content-Encoding": "gzip"}),
    ],
    ids=lambda answer: f"{answer.status}-{answer.fault.name}-{answer.body!r}",
)
async def test_a_get_survives_one_fault(server: FaultyServer, time: Time, fault: Answer) -> None:
    server.script(fault, Answer(body={"ok": True}))
    async with client(server, time) as http:
        assert (await http.get("/x")).json() == {"ok": True}
    assert len(server.seen) == 2
    assert 0.5 <= time.slept <= 1


async def test_a_whole_answer_without_length_is_taken(server: FaultyServer, time: Time) -> None:
    server.script(Answer(body=b'{"ok": true}', length=False))
    async with client(server, time) as http:
        assert (await http.get("/x")).json() == {"ok": True}
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("fault", "options", "words"),
    [
        (Fault.STALLED, {"timeout": 0.1}, "nothing came or went for 0.1 s"),
        (Fault.DRIPPING, {"timeout": 0.3, "deadline": 0.3}, "the answer was not complete after 0.3 s"),
        (Fault.TRUNCATED, {}, "the answer broke off or was not HTTP"),
    ],
)
async def test_a_fault_that_lasts_is_told(
    server: FaultyServer, time: Time, fault: Fault, options: dict[str, Any], words: str
) -> None:
    server.script(*[Answer(body={"long": "x" * 1000}, fault=fault)] * 2)
    async with client(server, time, attempts=2, **options) as http:
        with pytest.raises(VendorUnavailableError) as caught:
            await http.get("/deals")
    assert caught.value.message == f"Acme gave no usable answer to GET /deals: {words}."
    assert caught.value.status is None
    assert len(server.seen) == 2


async def test_a_refused_connection_is_tried_again_even_for_a_post(time: Time) -> None:
    port = free_port()
    late = FaultyServer()
    listeners: list[asyncio.Server] = []

    async def sleep(seconds: float) -> None:
        if not listeners:
            listeners.append(await asyncio.start_server(late.serve, "127.0.0.1", port))
        await time.sleep(seconds)

    async with HttpClient(f"http://127.0.0.1:{port}", clock=time.clock, sleep=sleep) as http:
        await http.post("/deals", json={}, repeatable=False)
    listeners[0].close()
    assert len(late.seen) == 1


async def test_nobody_listens(time: Time) -> None:
    async with HttpClient(f"http://127.0.0.1:{free_port()}", clock=time.clock, sleep=time.sleep, system="Acme") as http:
        with pytest.raises(VendorUnavailableError, match="no connection could be made") as caught:
            await http.post("/deals", json={})
    assert not isinstance(caught.value, OutcomeUnknownError)


@pytest.mark.parametrize(
    "fault", [Answer(fault=Fault.LOST), Answer(fault=Fault.RESET), Answer(fault=Fault.TRUNCATED), Answer(504)]
)
async def test_a_post_whose_answer_is_lost_is_not_sent_again(server: FaultyServer, time: Time, fault: Answer) -> None:
    server.script(fault)
    async with client(server, time) as http:
        with pytest.raises(OutcomeUnknownError) as caught:
            await http.post("/deals", json={})
    assert "POST /deals" in caught.value.message
    assert len(server.seen) == 1


async def test_a_post_takes_no_connection_that_the_server_has_closed(time: Time) -> None:
    server = HastyServer(connections=2)
    async with HttpClient(server.url, clock=time.clock, sleep=time.sleep) as http:
        await http.get("/a")
        assert server.closed.wait(30)
        await http.post("/b")
    assert server.seen == [b"GET /a", b"POST /b"]


async def test_nothing_is_sent_to_a_server_with_an_unknown_certificate(
    server: FaultyServer, time: Time, tmp_path: Path
) -> None:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=unknown_certificate(tmp_path))
    url = f"https://localhost:{listener.sockets[0].getsockname()[1]}"
    async with client(server, time, base_url=url, attempts=1) as http:
        with pytest.raises(VendorUnavailableError, match=r"no connection could be made .*certificate verify failed"):
            await http.post("/x", json={})
    listener.close()
    assert server.seen == []


async def test_a_post_that_failed_is_not_sent_again(server: FaultyServer, time: Time) -> None:
    server.script(Answer(500))
    async with client(server, time) as http:
        with pytest.raises(VendorUnavailableError) as caught:
            await http.post("/deals", json={})
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert len(server.seen) == 1


async def test_a_search_by_post_is_repeated(server: FaultyServer, time: Time) -> None:
    server.script(Answer(fault=Fault.LOST), Answer(500), Answer(body={"total": 1}))
    async with client(server, time) as http:
        assert (await http.post("/search", json={}, repeatable=True)).json() == {"total": 1}
    assert len(server.seen) == 3


async def test_a_put_that_must_run_once_is_not_repeated(server: FaultyServer, time: Time) -> None:
    server.script(Answer(fault=Fault.LOST))
    async with client(server, time) as http:
        with pytest.raises(OutcomeUnknownError):
            await http.put("/x", json={}, repeatable=False)
    assert len(server.seen) == 1


async def test_through_a_proxy_that_loses_an_answer_the_upstream_sees_one_post(
    server: FaultyServer, time: Time
) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    async with running(FaultyProxy(host, int(port))) as proxy, client(proxy, time) as http:
        proxy.spoil(Fault.NONE, Fault.LOST)
        assert (await http.get("/a")).status_code == 200
        with pytest.raises(OutcomeUnknownError):
            await http.post("/b", json={})
    assert [seen.target for seen in server.seen] == ["/a", "/b"]


# -- redirects ---------------------------------------------------------------------------------------------------


async def test_a_redirect_to_another_origin_leaves_the_credentials_behind(
    server: FaultyServer, other: FaultyServer, time: Time
) -> None:
    server.script(Answer(302, headers={"Location": f"{other.url}/file?sig=1"}))
    other.script(Answer(body={"file": 1}))
    headers = {"X-Api-Key": "canary-key", "X-Auth": "known-canary", "Accept": "text/csv"}
    async with client(server, time, auth_headers=bearer("canary-token"), secrets=lambda: ["known-canary"]) as http:
        answer = await http.get("/download", headers=headers)
    assert answer.json() == {"file": 1}
    assert server.seen[0].headers["authorization"] == "Bearer canary-token"
    assert b"canary" not in other.seen[0].raw
    assert other.seen[0].headers["accept"] == "text/csv"


async def test_a_redirect_on_the_same_origin_keeps_them(server: FaultyServer, time: Time) -> None:
    server.script(Answer(301, headers={"Location": "/new"}))
    async with client(server, time, auth_headers=bearer("t")) as http:
        await http.get("/old")
    assert [(seen.target, seen.headers["authorization"]) for seen in server.seen] == [
        ("/old", "Bearer t"),
        ("/new", "Bearer t"),
    ]


async def test_an_absolute_url_elsewhere_gets_no_credentials(
    server: FaultyServer, other: FaultyServer, time: Time
) -> None:
    async with client(server, time, auth_headers=bearer("canary-token")) as http:
        await http.get(f"{other.url}/x")
        await http.get(f"{server.url}/x")
    assert b"canary" not in other.seen[0].raw
    assert b"canary" in server.seen[0].raw


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
async def test_a_redirected_body_is_not_sent_elsewhere(
    server: FaultyServer, other: FaultyServer, time: Time, method: str
) -> None:
    server.script(Answer(307, headers={"Location": f"{other.url}/x"}))
    async with client(server, time) as http:
        with pytest.raises(InvalidInputError, match="must not be sent elsewhere"):
            await http.request(method, "/x", json={"name": "x"})
    assert other.seen == []


async def test_a_redirected_post_without_body_is_not_followed(
    server: FaultyServer, other: FaultyServer, time: Time
) -> None:
    server.script(Answer(302, headers={"Location": f"{other.url}/x"}))
    async with client(server, time) as http:
        with pytest.raises(InvalidInputError, match="must not be sent elsewhere"):
            await http.post("/x")
    assert other.seen == []


@pytest.mark.parametrize("location", ["http://[bad", "http://vendor.invalid:99999/", "ftp://vendor.invalid/"])
async def test_a_redirect_to_no_web_address_is_told(server: FaultyServer, time: Time, location: str) -> None:
    server.script(Answer(302, headers={"Location": location}))
    shown: list[Exchange] = []
    async with client(server, time, on_exchange=shown.append) as http:
        with pytest.raises(InvalidInputError):
            await http.get("/x")
    assert [e.status for e in shown] == [302]


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:99999", "http://[bad", "ftp://127.0.0.1", "nonsense"])
async def test_a_base_url_that_is_none_is_told(server: FaultyServer, time: Time, base_url: str) -> None:
    async with client(server, time, base_url=base_url, auth_headers=bearer("t")) as http:
        with pytest.raises(InvalidInputError, match="could not be sent") as caught:
            await http.get("/x")
    assert "Check the base URL" in caught.value.hint


async def test_the_address_of_a_redirect_is_shown_without_its_signature(server: FaultyServer, time: Time) -> None:
    server.script(Answer(302, headers={"Location": "/file?X-Amz-Signature=canary&part=2"}))
    shown: list[Exchange] = []
    async with client(server, time, on_exchange=shown.append) as http:
        await http.get("/x")
    assert shown[0].response_headers["location"] == "/file?X-Amz-Signature=***&part=2"
    assert shown[1].url == f"{server.url}/file?X-Amz-Signature=***&part=2"
    assert server.seen[1].target == "/file?X-Amz-Signature=canary&part=2"


async def test_redirects_end(server: FaultyServer, time: Time) -> None:
    server.script(*[Answer(302, headers={"Location": "/again"})] * 20)
    async with client(server, time) as http:
        with pytest.raises(InvalidInputError, match="redirects without end"):
            await http.get("/x")
    assert len(server.seen) == 6


# -- budgets -----------------------------------------------------------------------------------------------------


async def test_a_budget_is_kept_in_any_span(server: FaultyServer, time: Time) -> None:
    async with client(server, time, budgets=[RateBudget(3, 10)]) as http:
        sent = []
        for n in range(8):
            await http.get(f"/{n}")
            sent.append(time.slept)
            time.now += 1
    assert sent == [0, 1, 2, 10, 11, 12, 20, 21]


async def test_concurrent_requests_share_a_budget(server: FaultyServer, time: Time) -> None:
    waits: list[str | None] = []
    async with client(server, time, budgets=[RateBudget(2, 10)], on_wait=waits.append) as http:
        await asyncio.gather(*(http.get("/x") for _ in range(6)))
    assert len(server.seen) == 6
    assert time.slept >= 20
    assert waits[0] == "rate limit: 10 s"
    assert waits[-1] is None


async def test_each_wait_is_told_once(server: FaultyServer, time: Time) -> None:
    waits: list[str | None] = []
    async with client(server, time, budgets=[RateBudget(1, 0.7)], on_wait=waits.append) as http:
        for _ in range(50):
            await http.get("/x")
    assert waits == ["rate limit: 1 s", None] * 49


async def test_budgets_are_apart_by_name_and_several_of_a_name_hold_together(server: FaultyServer, time: Time) -> None:
    budgets = [RateBudget(2, 1), RateBudget(3, 50), RateBudget(1, 7, "search")]
    async with client(server, time, budgets=budgets) as http:
        await http.get("/1")
        await http.get("/2")
        await http.post("/search", budget="search", json={})
        assert time.slept == 0
        await http.get("/3")
        assert time.slept == 1
        await http.get("/4")
        assert time.slept == 50


async def test_an_undeclared_budget_is_a_mistake(server: FaultyServer, time: Time) -> None:
    async with client(server, time) as http:
        with pytest.raises(ValueError, match="no rate budget is named 'search'"):
            await http.get("/x", budget="search")


EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2"}, 2),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH + 20)}, 20),
        ({"X-RateLimit-Requests-Remaining": "0", "X-RateLimit-Requests-Reset": f"{EPOCH + 30}000"}, 30),
        ({"X-HubSpot-RateLimit-Remaining": "0", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}, 10),
        ({"X-HubSpot-RateLimit-Daily-Remaining": "0"}, 0),
        ({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "2"}, 0),
        ({"X-RateLimit-Remaining": "many", "X-RateLimit-Reset": "2"}, 0),
    ],
)
async def test_what_an_answer_states_of_its_limit_is_kept(
    server: FaultyServer, time: Time, headers: dict[str, str], waits: float
) -> None:
    server.script(Answer(headers={**headers, "Date": format_datetime(NOW, usegmt=True)}))
    async with client(server, time, budgets=[RateBudget(100, 10)]) as http:
        await http.get("/1")
        await http.get("/2")
    assert time.slept == waits


async def test_a_limit_that_lifts_too_late_is_an_error_before_sending(server: FaultyServer, time: Time) -> None:
    server.script(Answer(headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3000"}))
    async with client(server, time) as http:
        await http.get("/1")
        with pytest.raises(RateLimitedError) as caught:
            await http.get("/2")
    assert caught.value.retry_after == 3000
    assert len(server.seen) == 1


async def test_a_refusal_holds_back_the_other_requests_of_the_budget(server: FaultyServer, time: Time) -> None:
    server.script(Answer(429, headers={"Retry-After": "5"}))
    refused = asyncio.Event()
    waits: list[str | None] = []

    def on_wait(reason: str | None) -> None:
        waits.append(reason)
        refused.set()

    async def second() -> None:
        await refused.wait()
        await http.get("/2")

    async with client(server, time, on_wait=on_wait) as http:
        await asyncio.gather(http.get("/1"), second())
    assert waits == ["rate limit: 5 s", "rate limit: 5 s", None]
    assert len(server.seen) == 3


async def test_a_window_that_others_fill_too_is_waited_for_until_our_first_request_leaves_it(
    server: FaultyServer, time: Time
) -> None:
    stated = {"X-HubSpot-RateLimit-Remaining": "0", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}
    server.script(Answer(), Answer(headers=stated))
    async with client(server, time, budgets=[RateBudget(100, 10)]) as http:
        await http.get("/1")
        time.now += 4
        await http.get("/2")
        await http.get("/3")
    assert time.slept == 10


@pytest.mark.parametrize("remaining", [1, 3])
async def test_as_many_requests_are_sent_as_the_vendor_says_remain(
    server: FaultyServer, time: Time, remaining: int
) -> None:
    server.script(Answer(headers={"X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": "20"}))
    async with client(server, time) as http:
        for _ in range(1 + remaining):
            await http.get("/x")
        assert time.slept == 0
        await http.get("/x")
    assert time.slept == 20


async def test_requests_under_way_are_spending_what_remains(server: FaultyServer, time: Time) -> None:
    stalled = Answer(fault=Fault.STALLED)
    server.script(Answer(headers={"X-RateLimit-Remaining": "2", "X-RateLimit-Reset": "20"}), stalled, stalled)
    async with client(server, time) as http:
        tasks = [asyncio.create_task(http.get("/x")) for _ in range(3)]
        _, under_way = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await http.get("/y")
        assert time.slept == 20
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


# -- down, cancelled ---------------------------------------------------------------------------------------------


async def test_a_vendor_that_is_down_is_left_alone_then_tried_once(server: FaultyServer, time: Time) -> None:
    server.script(*[Answer(500)] * 6)
    async with client(server, time, attempts=1) as http:
        for _ in range(5):
            with pytest.raises(VendorUnavailableError, match="HTTP 500"):
                await http.get("/x")
        with pytest.raises(VendorUnavailableError, match="5 times in a row"):
            await http.get("/x")
        assert len(server.seen) == 5

        time.now += 30
        with pytest.raises(VendorUnavailableError, match="HTTP 500"):
            await http.get("/trial")
        with pytest.raises(VendorUnavailableError, match="in a row"):
            await http.get("/x")
        assert len(server.seen) == 6

        time.now += 30
        await http.get("/trial")
        await http.get("/x")
    assert len(server.seen) == 8


async def test_only_one_trial_at_a_time(server: FaultyServer, time: Time) -> None:
    server.script(*[Answer(500)] * 5)
    async with client(server, time, attempts=1) as http:
        for _ in range(5):
            with pytest.raises(VendorUnavailableError):
                await http.get("/x")
        time.now += 30
        results = await asyncio.gather(*(http.get("/trial") for _ in range(4)), return_exceptions=True)
    assert [isinstance(result, VendorUnavailableError) for result in results] == [False, True, True, True]


async def test_refusals_do_not_count_as_down(server: FaultyServer, time: Time) -> None:
    server.script(*[Answer(500)] * 4, Answer(404), *[Answer(500)] * 4)
    async with client(server, time, attempts=1) as http:
        for _ in range(9):
            with pytest.raises(ConnectorError):
                await http.get("/x")
        await http.get("/x")
    assert len(server.seen) == 10


async def test_cancelling_ends_a_wait_at_once(server: FaultyServer, time: Time) -> None:
    server.script(Answer(429, headers={"Retry-After": "50"}))
    waits: list[str | None] = []
    async with client(server, time, on_wait=waits.append, cancelled=lambda: time.slept > 0) as http:
        with pytest.raises(SyncCancelledError):
            await http.get("/x")
        assert time.slept <= 0.2
        with pytest.raises(SyncCancelledError):
            await http.get("/y")
    assert waits == ["rate limit: 50 s", None]
    assert len(server.seen) == 1


async def test_a_cancelled_client_sends_nothing(server: FaultyServer, time: Time) -> None:
    async with client(server, time, cancelled=lambda: True) as http:
        with pytest.raises(SyncCancelledError):
            await http.post("/x", json={})
    assert server.seen == []


# -- what is shown -----------------------------------------------------------------------------------------------


async def test_every_attempt_is_shown(server: FaultyServer, time: Time) -> None:
    server.script(Answer(429, {"message": "slow"}, {"Retry-After": "2"}), Answer(fault=Fault.LOST), Answer(body=[1]))
    shown: list[Exchange] = []
    async with client(server, time, on_exchange=shown.append) as http:
        await http.put("/x", json={"a": 1})
    assert [(e.method, e.url, e.status, e.attempt) for e in shown] == [
        ("PUT", f"{server.url}/x", 429, 1),
        ("PUT", f"{server.url}/x", None, 2),
        ("PUT", f"{server.url}/x", 200, 3),
    ]
    assert shown[0].waited == 0
    assert shown[1].waited == pytest.approx(2)
    assert shown[1].error == "the answer broke off or was not HTTP"
    assert shown[1].response_body is None
    assert (shown[2].request_body, shown[2].response_body, shown[2].error) == (b'{"a":1}', b"[1]", None)
    assert shown[0].started_at.tzinfo is dt.UTC
    assert len({e.call for e in shown}) == 1
    assert all(e.may_change for e in shown)


async def test_what_reads_is_told_from_what_may_change_something(server: FaultyServer, time: Time) -> None:
    shown: list[Exchange] = []
    async with client(server, time, on_exchange=shown.append) as http:
        await http.get("/x")
        await http.post("/search", json={}, reads=True)
        await http.post("/x", json={})
    assert [e.may_change for e in shown] == [False, False, True]
    assert len({e.call for e in shown}) == 3


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b'{"name":  "monkey", "n": 1.0}', b'{"name":  "monkey", "n": 1.0}'),
        (b'{"name": "key\\":", "n": 1}', b'{"name": "key\\":", "n": 1}'),
        (b'{"name": "key", "a \\" key \\" b" : 1}', b'{"name":"key","a \\" key \\" b":"***"}'),
        (b'["key", {"api_key": "canary"}]', b'["key",{"api_key":"***"}]'),
    ],
)
async def test_a_word_in_a_value_is_no_secrets_name(server: FaultyServer, time: Time, body: bytes, seen: bytes) -> None:
    server.script(Answer(200, body))
    shown: list[Exchange] = []
    async with client(server, time, on_exchange=shown.append) as http:
        await http.get("/x")
    assert shown[0].response_body == seen


CANARY = 'cänary/"s3 cret"&+1'


@pytest.mark.parametrize(
    "written",
    [CANARY, quote(CANARY, safe=""), quote_plus(CANARY), json.dumps(CANARY), json.dumps(CANARY, ensure_ascii=False)],
)
async def test_a_secret_is_masked_however_it_is_written(server: FaultyServer, time: Time, written: str) -> None:
    server.script(Answer(body=f"see {written.strip(chr(34))}".encode(), headers={"Content-Type": "text/plain"}))
    shown: list[Exchange] = []
    async with client(server, time, on_exchange=shown.append, secrets=lambda: [CANARY]) as http:
        await http.get("/x")
    assert shown[0].response_body == b"see ***"


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_no_secret_is_shown_anywhere(server: FaultyServer, time: Time, status: int) -> None:
    echo = {"message": f"bad token {CANARY}", "access_token": "fresh-canary", "nested": [{"clientSecret": "f-canary"}]}
    server.script(Answer(status, echo, {"Set-Cookie": "sid=cookie-canary", "X-Echo": "cookie-canary"}))
    shown: list[Exchange] = []
    texts: list[str] = []
    http = client(
        server,
        time,
        attempts=1,
        auth_headers=bearer("header-canary"),
        on_exchange=shown.append,
        secrets=lambda: [CANARY, "header-canary", "cookie-canary", "yes"],
    )
    with lines_logged() as lines:
        for body in (
            {"json": {"password": "p-canary", "note": CANARY}},
            {"data": {"code": "c-canary", "note": CANARY}},
        ):
            try:
                await http.post(
                    f"/hook/{CANARY.replace('/', '%2F')}",
                    params={"api_key": "q-canary", "note": CANARY, "limit": 5},
                    headers={"X-Api-Key": "k-canary", "X-Signature": "s-canary"},
                    **body,  # type: ignore[arg-type]
                )
            except ConnectorError as error:
                texts += [error.message, error.hint, repr(error), str(error), repr(error.__dict__)]
            server.script(Answer(status, echo))
        await http.aclose()
    said = " ".join([repr(shown), repr(http), *texts, *lines])
    assert len(shown) == 2
    assert "canary" not in said
    assert "cret" not in said.replace("clientSecret", "")
    assert "limit=5" in shown[0].url
    assert shown[0].request_headers["authorization"] == "***"


async def test_a_broken_off_answer_does_not_show_its_token(server: FaultyServer, time: Time) -> None:
    server.script(Answer(200, b'{"expires": 1, "access_token": "fresh-canary'))
    shown: list[Exchange] = []
    async with client(server, time, on_exchange=shown.append) as http:
        await http.get("/token")
    assert shown[0].response_body == b'{"expires": 1, "access_token": "***"'


async def test_shown_bodies_are_cut_and_no_secret_with_them(server: FaultyServer, time: Time) -> None:
    padding = b"x" * (BODY_LIMIT - 3)
    server.script(Answer(200, padding + b"canary-secret" + padding, {"Content-Type": "text/plain"}))
    shown: list[Exchange] = []
    async with client(server, time, on_exchange=shown.append, secrets=lambda: ["canary-secret"]) as http:
        answer = await http.get("/big")
    assert len(answer.content) > 2 * len(padding)
    assert shown[0].response_body == padding + b"***"


async def test_credentials_with_a_line_break_are_named_but_not_told(server: FaultyServer, time: Time) -> None:
    async with client(server, time, auth_headers=bearer("canary\r\nX-Evil: 1")) as http:
        with pytest.raises(InvalidInputError) as caught:
            await http.get("/x")
    assert "canary" not in repr([caught.value, caught.value.__cause__, caught.value.__context__])
    assert "line break" in caught.value.hint
    assert server.seen == []


@pytest.mark.parametrize("name", ["X Y", "X:", "Ä", ""])
async def test_a_header_that_is_none_is_told(server: FaultyServer, time: Time, name: str) -> None:
    async with client(server, time) as http:
        with pytest.raises(InvalidInputError, match="could not be sent"):
            await http.get("/x", headers={name: "1"})
    assert server.seen == []


async def test_loopback_is_reached_without_the_environments_proxy(
    server: FaultyServer, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    async with client(server, time, attempts=1) as http:
        await http.get("/x")
        with pytest.raises(VendorUnavailableError):
            await http.get("http://vendor.invalid/x")
    assert len(server.seen) == 1


def test_importing_the_client_imports_no_http_library() -> None:
    code = "import sys, connectors.http; print({'httpx2', 'aiohttp', 'yarl', 'tenacity'} & set(sys.modules))"
    root = Path(__file__).resolve().parent.parent
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert result.stdout.strip() == "set()"
