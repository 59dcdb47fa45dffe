"""Fetching pages that somebody else has chosen: each way back into the own network, and each way to exhaust it.

Two real servers on loopback: one stands for the internet, since the tests allow its address, the other for the inside.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.errors import (
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    VendorUnavailableError,
)
from connectors.http.addresses import is_public
from connectors.http.public import PublicWeb

OUTSIDE, INSIDE = "127.0.0.1", "127.0.0.2"
KINDS = ("text/html", "text/plain")
MEGABYTE = 1024**2


class _Server(BaseHTTPRequestHandler):
    """Answers by path; `?to=`, `?status=` and `?type=` say how."""

    seen: list[dict[str, str]]
    done: threading.Event

    def do_GET(self) -> None:
        self.seen.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        getattr(self, f"_{parts.path.strip('/') or 'page'}")(asked)

    def _page(self, asked: dict[str, str]) -> None:
        self._reply(b"<p>hello</p>", {"Content-Type": asked.get("type", "text/html; charset=utf-8")})

    def _redirect(self, asked: dict[str, str]) -> None:
        self._reply(b"", {"Location": asked["to"], "Set-Cookie": "session=1"}, int(asked.get("status", 302)))

    def _circle(self, _: dict[str, str]) -> None:
        self._reply(b"", {"Location": "/circle"}, 302)

    def _status(self, asked: dict[str, str]) -> None:
        self._reply(b"no", {"Content-Type": "text/html"}, int(asked["is"]))

    def _untyped(self, _: dict[str, str]) -> None:
        self._reply(b"hello", {})

    def _packed(self, asked: dict[str, str]) -> None:
        body = gzip.compress(b"hello " * 1000)
        body = body[: int(asked["cut"])] if "cut" in asked else body + asked.get("more", "").encode()
        self._reply(body, {"Content-Type": "text/html", "Content-Encoding": asked.get("as", "gzip")})

    def _bomb(self, _: dict[str, str]) -> None:
        body = gzip.compress(bytes(50 * MEGABYTE), 1)
        self._reply(body, {"Content-Type": "text/html", "Content-Encoding": "gzip"})

    def _endless(self, asked: dict[str, str]) -> None:
        """Bytes without a length, until nobody reads them; a drop at a time with `?slow=1`."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.done.is_set():
                self.wfile.write(b"x" if "slow" in asked else bytes(64 * 1024))
                self.done.wait(0.05 if "slow" in asked else 0)

    def _reply(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Site:
    """A server at one of the two addresses, and what it was asked."""

    def __init__(self, address: str, context: ssl.SSLContext | None = None) -> None:
        self.seen: list[dict[str, str]] = []
        self._done = threading.Event()
        handler = type("Handler", (_Server,), {"seen": self.seen, "done": self._done})
        self._server = ThreadingHTTPServer((address, 0), handler)
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"{'https' if context else 'http'}://{address}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Names(AbstractResolver):
    """Names that tests give addresses to; each look-up takes the next answer, the last one stays."""

    def __init__(self, **names: list[list[str]]) -> None:
        self.left = {name.replace("_", "."): answers for name, answers in names.items()}
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        self.asked += 1
        answers = self.left.get(host)
        if not answers:
            raise OSError(f"no such name: {host}")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        v6 = socket.AF_INET6
        return [
            ResolveResult(
                hostname=host, host=ip, port=port, family=v6 if ":" in ip else socket.AF_INET, proto=0, flags=0
            )
            for ip in addresses
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Callable[..., Site]]:
    """Opens servers."""
    opened: list[Site] = []

    def open_one(*arguments: Any) -> Site:
        opened.append(Site(*arguments))
        return opened[-1]

    yield open_one
    for each in opened:
        each.stop()


@pytest.fixture
def outside(site: Callable[..., Site]) -> Site:
    return site(OUTSIDE)


@pytest.fixture
def inside(site: Callable[..., Site]) -> Site:
    return site(INSIDE)


def web(*sites: Site, **options: Any) -> PublicWeb:
    """The guard as it is, but that one of the two servers counts as public."""
    ports = {80, 443, *(each.port for each in sites)}
    return PublicWeb(**{"allowed": lambda ip: ip == OUTSIDE or is_public(ip), "ports": ports, **options})


async def test_a_page_is_fetched_without_credentials_and_cookies(outside: Site) -> None:
    page = await web(outside).get(f"{outside.url}/redirect?to=/page#part", KINDS)
    assert (page.url, page.kind, page.charset, page.body) == (
        f"{outside.url}/page",
        "text/html",
        "utf-8",
        b"<p>hello</p>",
    )
    allowed = {"path", "host", "user-agent", "accept", "accept-encoding", "connection"}
    assert [request["path"] for request in outside.seen] == ["/redirect?to=/page", "/page"]
    assert all(request.keys() <= allowed for request in outside.seen)


# -- the way back in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "169.254.169.254",
        "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1",
        "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "168.63.129.16", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
        "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:53aa:64c:0:fbff:f5f5:f5f5", "2001:db8::1",
        "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo",
        "2606:4700::1%lo", "fec0::1", "ff02::1", "", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1",
    ],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"]
)
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.2", "127.0.0.2.", "0x7f.2", "017700000002", "2130706434", "127.2", "①②⑦.⓪.⓪.②", "[::ffff:127.0.0.2]"],
)
async def test_no_way_of_writing_an_address_leads_inside(inside: Site, host: str) -> None:
    with pytest.raises((InvalidInputError, VendorUnavailableError)):
        await web(inside).get(f"http://{host}:{inside.port}/", KINDS)
    assert inside.seen == []


async def test_without_the_seam_of_tests_loopback_is_not_fetched(outside: Site) -> None:
    guard = PublicWeb(ports={outside.port})
    for host in (OUTSIDE, "localhost"):
        with pytest.raises(InvalidInputError, match="not on the public internet"):
            await guard.get(f"http://{host}:{outside.port}/", KINDS)
    assert outside.seen == []


async def test_a_name_that_leads_inside_is_refused(inside: Site) -> None:
    names = Names(metadata_example=[[INSIDE]], six_example=[["::1"]], mapped_example=[["::ffff:127.0.0.2"]])
    for name in names.left:
        with pytest.raises(InvalidInputError, match=f"{name}.* leads to .*not on the public internet"):
            await web(inside, resolver=names).get(f"http://{name}:{inside.port}/", KINDS)
    assert inside.seen == []


async def test_of_several_addresses_only_the_public_one_is_used(site: Callable[..., Site]) -> None:
    outside = site(OUTSIDE)
    names = Names(mixed_example=[[INSIDE, OUTSIDE, "10.0.0.1"]])
    page = await web(outside, resolver=names).get(f"http://mixed.example:{outside.port}/", KINDS)
    assert page.body == b"<p>hello</p>"


async def test_a_name_that_changes_between_two_look_ups_gains_nothing(outside: Site, inside: Site) -> None:
    """DNS rebinding: public for the one who checks, inside for the one who connects. Here they are the same."""
    names = Names(rebinding_example=[[OUTSIDE], [INSIDE]])
    guard = web(outside, inside, resolver=names)
    await guard.get(f"http://rebinding.example:{outside.port}/", KINDS)
    assert names.asked == 1
    with pytest.raises(InvalidInputError, match=r"leads to 127\.0\.0\.2"):
        await guard.get(f"http://rebinding.example:{inside.port}/", KINDS)
    assert inside.seen == []


async def test_a_name_that_changes_before_a_redirect_to_itself_gains_nothing(outside: Site, inside: Site) -> None:
    names = Names(turning_example=[[OUTSIDE], [INSIDE]])
    away = f"http://turning.example:{outside.port}/redirect?to=http://turning.example:{inside.port}/"
    with pytest.raises(InvalidInputError, match=r"leads to 127\.0\.0\.2"):
        await web(outside, inside, resolver=names).get(away, KINDS)
    assert inside.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_inside_is_refused(outside: Site, inside: Site, status: int) -> None:
    with pytest.raises(InvalidInputError, match="not on the public internet"):
        await web(outside, inside).get(f"{outside.url}/redirect?status={status}&to={inside.url}/", KINDS)
    assert inside.seen == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("file:///etc/passwd", "not a web address"),
        ("ftp://mirror.example/", "not a web address"),
        ("gopher://127.0.0.2:70/", "not a web address"),
        ("data:text/html,hello", "not a web address"),
        ("http://127.0.0.1:22/", "at port 22"),
        ("http://me:secret@mirror.example/", "no credentials are sent"),
        ("http://mirror.example\\@127.0.0.2/", "not a web address"),
        ("http:///nowhere", "not a web address"),
        ("http://[::1", "not a web address"),
        (" http://mirror.example/\r\nHost: x", "not a web address"),
        ("", "not a web address"),
        (f"http://mirror.example/{'x' * 5000}", "not a web address"),
    ],
)
async def test_what_is_no_address_of_a_page_is_refused(target: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        await PublicWeb().get(target, KINDS)
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost.", "api.LOCALHOST", "printer.local", "nas.home.arpa", "metadata.google.internal"),
        *(
            "intranet",
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
            "127.0.0.1.",
            "\uff11\uff12\uff17.0.0.1",
            "%3127.0.0.1",
        ),
        *("10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:8.8.8.8]", "[fe80::1%25eth0]", "a..example", "8.8.8.999"),
    ],
)
def test_no_address_of_the_inside_is_handed_on(host: str) -> None:
    with pytest.raises(InvalidInputError, match="not handed on") as caught:
        PublicWeb().handed_on(f"https://{host}/?token=secret#secret")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "target", ["ftp://acme.example/", "https://me:secret@acme.example/", "https://acme.example:81/"]
)
def test_what_is_not_fetched_is_not_handed_on_either(target: str) -> None:
    with pytest.raises(InvalidInputError):
        PublicWeb().handed_on(target)


def test_an_address_is_handed_on_whole() -> None:
    for target in ("https://acme.example/app?page=2#/prices", "http://8.8.8.8/", "https://localhost.example/"):
        assert PublicWeb().handed_on(target) == target


async def test_a_redirect_to_another_scheme_or_port_is_refused(outside: Site, inside: Site) -> None:
    for target in ("file:///etc/passwd", inside.url):
        with pytest.raises(InvalidInputError):
            await web(outside).get(f"{outside.url}/redirect?to={target}", KINDS)
    assert inside.seen == []


async def test_redirects_end(outside: Site) -> None:
    with pytest.raises(InvalidInputError, match="redirects without end"):
        await web(outside).get(f"{outside.url}/circle", KINDS)


async def test_a_proxy_of_the_environment_is_not_used(
    outside: Site, inside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, inside.url)
    await web(outside).get(outside.url, KINDS)
    assert inside.seen == []


async def test_passwords_of_the_user_s_files_are_not_sent(
    outside: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {OUTSIDE} login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    await web(outside).get(outside.url, KINDS)
    assert "authorization" not in outside.seen[0]


def _certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, OUTSIDE)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "site.pem").write_bytes(private + made.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem")
    return context


async def test_a_certificate_that_nobody_vouches_for_is_refused(site: Callable[..., Site], tmp_path: Path) -> None:
    secure = site(OUTSIDE, _certificate(tmp_path))
    with pytest.raises(VendorUnavailableError, match="certificate"):
        await web(secure).get(secure.url, KINDS)
    assert secure.seen == []


# -- exhaustion --------------------------------------------------------------------------------------------------------


async def test_a_page_that_never_ends_is_left_at_the_limit(outside: Site) -> None:
    with pytest.raises(InvalidInputError, match="larger than 1 MB"):
        await web(outside, most_bytes=MEGABYTE).get(f"{outside.url}/endless", KINDS)


async def test_a_page_that_drips_is_left_in_time(outside: Site) -> None:
    with pytest.raises(VendorUnavailableError, match=r"took more than 0\.3 s"):
        await web(outside, seconds=0.3).get(f"{outside.url}/endless?slow=1", KINDS)


async def test_a_server_that_never_answers_is_left_in_time() -> None:
    with socket.create_server((OUTSIDE, 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(VendorUnavailableError, match=r"took more than 0\.3 s"):
            await PublicWeb(allowed=lambda _: True, ports={port}, seconds=0.3).get(f"http://{OUTSIDE}:{port}/", KINDS)


async def test_a_packed_page_is_unpacked_and_a_bomb_is_not(outside: Site) -> None:
    page = await web(outside).get(f"{outside.url}/packed", KINDS)
    assert page.body == b"hello " * 1000
    with pytest.raises(InvalidInputError, match="larger than 1 MB"):
        await web(outside, most_bytes=MEGABYTE).get(f"{outside.url}/bomb", KINDS)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/packed?cut=20", "broke off"),
        ("/packed?more=trailing", "broke off"),
        ("/packed?as=br", "was not asked for"),
        ("/packed?as=gzip,%20gzip", "was not asked for"),
        ("/page?type=image/png", "is image/png"),
        ("/page?type=application/octet-stream", "is application/octet-stream"),
        ("/untyped", "of no type"),
    ],
)
async def test_what_cannot_be_read_is_refused(outside: Site, path: str, words: str) -> None:
    with pytest.raises((InvalidInputError, VendorUnavailableError), match=words):
        await web(outside).get(outside.url + path, KINDS)


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, NotFoundError), (403, PermissionDeniedError), (429, RateLimitedError), (503, VendorUnavailableError)],
)
async def test_a_refusal_is_an_error_of_its_kind(outside: Site, status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"HTTP {status}"):
        await web(outside).get(f"{outside.url}/status?is={status}", KINDS)


async def test_what_is_not_there_is_said(outside: Site) -> None:
    with pytest.raises(VendorUnavailableError, match="a name that nobody knows"):
        await web(outside, resolver=Names()).get("http://nobody.example/", KINDS)
    with socket.socket() as taken:
        taken.bind((OUTSIDE, 0))
        port = taken.getsockname()[1]
        with pytest.raises(VendorUnavailableError, match="does not accept connections"):
            await web(ports={port}).get(f"http://{OUTSIDE}:{port}/", KINDS)


async def test_many_pages_at_once_do_not_share_anything(outside: Site) -> None:
    guard = web(outside)
    pages = await asyncio.gather(*(guard.get(f"{outside.url}/page?type=text/plain&n={n}", KINDS) for n in range(5)))
    assert [page.url[-1] for page in pages] == list("01234")
