"""Signing in from the command line: with a real browser, by a pasted code, on another device, by pipe."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pexpect
import pytest

from tests.support.browser import as_browser, page_seen
from tests.support.command_line import DROP_INS, CommandLine, ended
from tests.support.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthDesk, oauth_desk

SECRET = json.dumps({"client_secret": CLIENT_SECRET})


@pytest.fixture
def desk(home: Path) -> Iterator[OAuthDesk]:
    (home / "connectors").mkdir(mode=0o700, parents=True)
    shutil.copy(DROP_INS / "desk.py", home / "connectors")
    with oauth_desk() as running:
        yield running


def address(screen: pexpect.spawn[str]) -> str:
    """The address that the terminal shows."""
    screen.expect(r"(http://\S+/oauth/authorize\?\S+)")
    assert screen.match
    return str(screen.match.group(1)).replace("\x1b[0m", "")


def sent_back(url: str) -> str:
    """The address that the browser of a user who agrees ends up at."""
    return str(httpx2.post(url, data={"answer": "yes"}).headers["location"])


def everything_said(home: Path) -> bytes:
    """All that was written, but for the sealed credentials."""
    return b"".join(p.read_bytes() for p in home.rglob("*") if p.is_file() and p.suffix != ".vault")


class TestChromium:
    def test_the_whole_way_with_a_real_browser(
        self, revtops: CommandLine, desk: OAuthDesk, tmp_path: Path, home: Path
    ) -> None:
        said = tmp_path / "said"
        browser = {"BROWSER": as_browser(said=said), "SSH_CONNECTION": "", "SSH_TTY": ""}
        arguments = ("connect", "desk", "--sign-in", "browser", "--base-url", desk.url)
        with revtops.terminal(*arguments, width=400, env=browser) as screen:
            screen.expect("Make an app at the desk")
            screen.expect("Client id: ")
            screen.sendline(CLIENT_ID)
            screen.expect("Client secret: ")
            screen.sendline(CLIENT_SECRET)
            screen.expect("waiting for you, [45]:")
            screen.expect("Signing secret")
            screen.sendline("")
            screen.expect("Connected desk: Ada")
            screen.expect(r"Scopes: deals\.read, deals\.write")
            screen.expect("Limits: 99 requests left")
            assert ended(screen) == 0
        page = page_seen(said)
        assert "Desk let you in" in page
        asked = [line for line in page.splitlines() if "://" in line]
        assert asked
        assert all(line.startswith("http://127.0.0.1:") for line in asked)  # nothing comes from elsewhere
        assert desk.token_requests[0]["code_verifier"]
        assert revtops("sync", "desk", "--json").json["runs"][0]["status"] == "success"
        for secret in (CLIENT_SECRET, desk.tokens[0].access_token, desk.tokens[0].refresh_token):
            assert secret.encode() not in everything_said(home)

    def test_who_denies_in_the_browser_is_told_in_both_places(
        self, revtops: CommandLine, desk: OAuthDesk, tmp_path: Path
    ) -> None:
        said = tmp_path / "said"
        browser = {"BROWSER": as_browser("#deny", said), "SSH_CONNECTION": "", "SSH_TTY": ""}
        done = revtops(
            *("connect", "desk", "--sign-in", "browser", "--client-id", CLIENT_ID, "--stdin"),
            *("--base-url", desk.url, "--json"),
            stdin=SECRET,
            env=browser,
        )
        assert done.code == 4
        assert "access was not granted" in done.json["error"]["message"]
        assert "access was not granted" in page_seen(said)
        assert revtops("connections", "--json").json == []


class TestPasting:
    def test_over_ssh_the_address_is_pasted(self, revtops: CommandLine, desk: OAuthDesk) -> None:
        ssh = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "BROWSER": "/bin/false"}
        arguments = ("connect", "desk", "--sign-in", "paste", "--client-id", CLIENT_ID, "--base-url", desk.url)
        with revtops.terminal(*arguments, width=400, env=ssh) as screen:
            screen.expect("Client secret: ")
            screen.sendline(CLIENT_SECRET)
            landed = sent_back(address(screen))
            screen.expect("it is not shown")
            screen.sendline(landed.replace("state=", "state=forged"))
            screen.expect("does not belong to this sign-in")
            screen.expect("it is not shown")
            screen.sendline(landed)
            screen.expect("Signing secret")
            assert landed.partition("code=")[2][:20] not in str(screen.before)
            screen.sendline("")
            screen.expect("Connected desk: Ada")
            assert ended(screen) == 0

    def test_the_app_is_remembered_for_the_next_connection(self, revtops: CommandLine, desk: OAuthDesk) -> None:
        arguments = ("connect", "desk", "--sign-in", "paste", "--base-url", desk.url)
        with revtops.terminal(*arguments, "--client-id", CLIENT_ID, width=400) as screen:
            screen.expect("Client secret: ")
            screen.sendline(CLIENT_SECRET)
            screen.sendline(sent_back(address(screen)))
            screen.expect("Signing secret")
            screen.sendline("")
            assert ended(screen) == 0
        with revtops.terminal(*arguments, "--name", "emea", width=400) as screen:
            screen.sendline(sent_back(address(screen)))
            screen.expect("Signing secret")
            screen.sendline("")
            screen.expect("Connected desk:emea: Ada")
            assert ended(screen) == 0


class TestAsking:
    def test_how_is_asked_and_a_token_is_the_default_without_an_app(
        self, revtops: CommandLine, desk: OAuthDesk
    ) -> None:
        with revtops.terminal("connect", "desk", "--base-url", desk.url) as screen:
            screen.expect("1  sign in with the browser")
            screen.expect("2  sign in on another device")
            screen.expect(r"How\? \[4\] ")
            screen.sendline("9")
            screen.expect("One of 1 to 4")
            screen.sendline("")
            screen.expect("Access token: ")
            screen.sendintr()
            assert ended(screen) == 130

    def test_ctrl_c_cancels_the_wait(self, revtops: CommandLine, desk: OAuthDesk) -> None:
        arguments = ("connect", "desk", "--sign-in", "browser", "--client-id", CLIENT_ID, "--base-url", desk.url)
        with revtops.terminal(*arguments, width=400, env={"BROWSER": "/bin/true"}) as screen:
            screen.expect("Client secret: ")
            screen.sendline(CLIENT_SECRET)
            screen.expect("waiting for you")
            screen.sendintr()
            screen.expect("The sign-in was cancelled")
            assert ended(screen) == 130
        assert revtops("connections", "--json").json == []


class TestPipes:
    def test_a_token_by_pipe_is_what_it_was(self, revtops: CommandLine, desk: OAuthDesk) -> None:
        done = revtops(
            "connect", "desk", "--stdin", "--base-url", desk.url, "--json", stdin='{"access_token": "made-up"}'
        )
        assert done.code == 4
        assert not desk.token_requests

    def test_another_device_needs_no_terminal(self, revtops: CommandLine, desk: OAuthDesk) -> None:
        arguments = ("connect", "desk", "--sign-in", "device", "--client-id", CLIENT_ID, "--stdin", "--json")
        process = subprocess.Popen(
            [sys.executable, "-m", "revtops_tui", *arguments, "--base-url", desk.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        assert process.stderr
        process.stdin.write(SECRET)
        process.stdin.close()
        said = ""
        while "enter the code" not in said:
            said = process.stderr.readline()
        desk.agree(said.rpartition(" ")[2].strip())
        assert process.stdout
        assert json.loads(process.stdout.read())["identity"] == "Ada"
        assert process.wait(60) == 0

    def test_what_is_missing_is_said(self, revtops: CommandLine, desk: OAuthDesk) -> None:
        done = revtops("connect", "desk", "--sign-in", "browser", "--json")
        assert done.code == 2
        assert "client id" in done.json["error"]["message"]
        done = revtops("connect", "twilio", "--sign-in", "browser", "--json")
        assert (done.code, done.json["error"]["kind"]) == (2, "usage")


class TestScopes:
    def test_a_missing_scope_is_named_where_it_is_missed(self, revtops: CommandLine, desk: OAuthDesk) -> None:
        with revtops.terminal(
            *("connect", "desk", "--sign-in", "paste", "--client-id", CLIENT_ID, "--base-url", desk.url), width=400
        ) as screen:
            screen.expect("Client secret: ")
            screen.sendline(CLIENT_SECRET)
            screen.sendline(sent_back(address(screen).replace("deals.read+deals.write", "deals.write")))
            screen.expect("Signing secret")
            screen.sendline("")
            assert ended(screen) == 0
        run = revtops("sync", "desk", "--json")
        assert "deals.read" in run.json["runs"][0]["hint"]
        (listed,) = revtops("connections", "--json").json
        assert (listed["scopes"], listed["missing_scopes"]) == (["deals.write"], ["deals.read"])
        tried = revtops("test", "desk", "--json").json
        assert (tried["identity"], tried["scopes"], tried["missing_scopes"]) == ("Ada", ["deals.write"], ["deals.read"])
        assert "not given: deals.read" in revtops("test", "desk").stderr

    def test_a_connector_shows_its_app_and_its_scopes(self, revtops: CommandLine, desk: OAuthDesk) -> None:
        shown = revtops("connectors", "desk").stdout
        assert "Make an app at the desk." in shown
        assert "create_deal  deals.write" in shown
