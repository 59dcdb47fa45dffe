"""No secret is anywhere but in the keyring: a canary in every field of every auth type, a vendor that repeats them, a
connector that quotes them; then everything that was written, said, shown or handed to another program is searched."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pexpect
import pytest
from mcp import StdioServerParameters

from revtops_tui.engine import connections, operations
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from revtops_tui.simulators.server import SimulatorServer, serve
from store.credentials import MemoryCredentials
from tests.conftest import PASSPHRASE
from tests.support.agents import agent
from tests.support.canaries import Canaries, Parrot, Witnesses, credentials, install
from tests.support.command_line import SECONDS, CommandLine, ended
from tests.tui.driver import Driver, Visit


class Watched:
    """The command line with everything it says kept, and what it said searched at the end."""

    def __init__(self, revtops: CommandLine, witnesses: Witnesses, canaries: Canaries) -> None:
        self._revtops = revtops
        self._witnesses = witnesses
        self.canaries = canaries
        self.leaks: list[str] = []

    def __call__(self, *arguments: str, stdin: str = "", code: int | None = 0) -> str:
        """Run a command; what it said on stdout."""
        done = self._revtops(*arguments, stdin=stdin, env=self._witnesses.environment)
        command = " ".join(arguments)
        assert code is None or done.code == code, f"{command}: {done.code} {done.stdout} {done.stderr}"
        assert done.stdout + done.stderr, command
        self.heard(f"stdout of {command}", done.stdout)
        self.heard(f"stderr of {command}", done.stderr)
        return done.stdout

    def terminal(self, *arguments: str) -> pexpect.spawn[str]:
        """Start a command in a terminal."""
        return self._revtops.terminal(*arguments, width=400, env=self._witnesses.environment)

    def heard(self, where: str, text: str) -> None:
        """Search what was said or shown."""
        if found := self.canaries.found_on_screen(text):
            self.leaks.append(f"{where}: {', '.join(found)}")

    def search(self) -> str:
        """Everything that leaked: said so far, and written in the data directory by now."""
        return "\n".join(self._leaked())

    def _leaked(self) -> list[str]:
        return self.leaks + [
            f"{file.relative_to(self._revtops.home)}: {', '.join(found)}"
            for file in sorted(self._revtops.home.rglob("*"))
            if file.is_file() and (found := self.canaries.found(file.read_bytes()))
        ]


SECRET_VARIABLES = ("REVTOPS_KEYRING_PASSPHRASE", "REVTOPS_NANGO_SECRET_KEY", "TWILIO_AUTH_TOKEN", "E2B_API_KEY")
"""What no other program has a use for."""


@pytest.fixture(autouse=True)
def surroundings(home: Path, canaries: Canaries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in the environment, and something that is none."""
    for name in SECRET_VARIABLES[1:]:
        monkeypatch.setenv(name, canaries.plant(name))
    monkeypatch.setenv("PARROT", "polly")


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture
def witnesses(tmp_path: Path) -> Witnesses:
    return Witnesses(tmp_path / "witnesses")


@pytest.fixture
def parrot(canaries: Canaries) -> Parrot:
    return Parrot(canaries)


@pytest.fixture
def server(parrot: Parrot) -> Iterator[SimulatorServer]:
    with serve(parrot.app) as running:
        yield running


@pytest.fixture
def driver(home: Path) -> Iterator[Driver]:
    with Workspace(home, credentials=MemoryCredentials()) as ws:
        yield Driver(ws)


@pytest.fixture
def watched(revtops: CommandLine, witnesses: Witnesses, canaries: Canaries) -> Watched:
    return Watched(revtops, witnesses, canaries)


def connect(watched: Watched, home: Path, server: SimulatorServer, slug: str) -> dict[str, Any]:
    """Connect with secrets of its own; they are returned."""
    install(home, slug)
    secrets = credentials(watched.canaries, slug)
    given = json.dumps(secrets)
    watched("connect", slug, "--base-url", server.url, "--stdin", "-v", "--json", stdin=given)
    return secrets


def walk(watched: Watched, parrot: Parrot, slug: str) -> None:
    """The commands in which the auth types differ: going well, then going wrong."""
    watched("sync", slug, "--record", "-vv")
    watched("query", slug, "/page", "--json", "-v")
    watched("query", slug, "/status/401", "--json", "-vv", code=None)
    parrot.mood = "stumble and refuse"
    watched("test", slug, "-vv", code=4)
    watched("sync", slug, "--full", "--record", "-vv", code=None)
    parrot.mood = "fine"


@pytest.mark.parametrize("slug", ["parrot_oauth", "parrot_key", "parrot_bearer"])
def test_a_token(watched: Watched, parrot: Parrot, server: SimulatorServer, home: Path, slug: str) -> None:
    connect(watched, home, server, slug)
    walk(watched, parrot, slug)
    assert watched.search() == ""


def test_everything_else(watched: Watched, parrot: Parrot, server: SimulatorServer, home: Path) -> None:
    connect(watched, home, server, "parrot")
    walk(watched, parrot, "parrot")
    watched("rejected", "--json")
    for path in ("/echo", "/status/400", "/status/500", "fail"):
        watched("query", "parrot", path, "-vv", code=None)
    watched("schema", "parrot", "-v")
    for operation in ("note", "refused", "fail"):
        watched("write", "parrot", operation, "text=hello", "quoted=this", "-vv", code=None)
    watched("write", "parrot", "note", "text=hello", "quoted=this", "--dry-run", "--json")
    for operation in ("shout", "lost", "fail_once"):
        watched("action", "parrot", operation, "text=hello", "--json", "-vv", code=None)
    watched("undo", "1", "--yes", code=1)  # what it was is not known: there was a secret in it
    watched("write", "parrot", "note", "text=again")
    undone = watched("undo", str(json.loads(watched("ledger", "--json"))[0]["id"]), "--yes", "--json", code=None)
    assert '"ok"' in undone, undone
    watched("ledger", "--json")
    watched("connections", "--json")
    watched("traffic", "list", "--json")
    watched("traffic", "show", "1", "--curl")
    watched("traffic", "export", str(home / "all.har"))
    watched("sql", "SELECT * FROM accounts", "--json")
    watched("export", "accounts", str(home / "accounts.csv"))
    watched("backup", str(home / "backup.db"))
    watched("doctor", "--json", code=None)
    watched("credentials", "--json")
    new = json.dumps({"passphrase": PASSPHRASE, "new": watched.canaries.plant("a passphrase")})
    watched("credentials", "rotate-passphrase", "--stdin", "-vv", stdin=new)
    assert watched.search() == ""
    assert (home / "logs" / "revtops.log").exists(), "nothing was logged, so the log proves nothing"


def test_it_would_find_a_leak(watched: Watched, home: Path, canaries: Canaries) -> None:
    secret = canaries.plant("a secret")
    home.mkdir()
    assert watched.search() == ""
    leaks = {
        "raw": secret,
        "address": quote(secret),
        "json": json.dumps({"body": json.dumps(secret)}),
        "html": escape(secret),
        "base64": b64encode(f"user:{secret}".encode()).decode(),
        "hexadecimal": secret.encode().hex(),
    }
    for name, text in leaks.items():
        (home / name).write_text(f"so {text} it is")
    watched.heard("a screen", f"│ {secret[:9]}\x1b[0m │\n│ {secret[9:]} │")
    assert {leak.partition(":")[0] for leak in watched.search().splitlines()} == {"a screen", *leaks}


def test_what_is_typed_and_what_is_refused(
    watched: Watched, parrot: Parrot, server: SimulatorServer, home: Path
) -> None:
    install(home, "parrot")
    secrets = credentials(watched.canaries, "parrot")
    given = json.dumps(secrets)
    parrot.mood = "refuse"
    refused = watched("connect", "parrot", "--base-url", server.url, "--stdin", "-vv", stdin=given, code=4)
    assert refused == ""
    watched("connect", "parrot", "--stdin", stdin=f"{given[:-1]},", code=2)
    mistaken = json.dumps({**secrets, "port": watched.canaries.plant("what was pasted into a wrong field")})
    watched("connect", "parrot", "--stdin", "--json", stdin=mistaken, code=2)
    parrot.mood = "fine"
    secrets |= {"hook_url": "https://parrot.example/in", "pin_secret": 7}  # these are shown as they are typed
    with watched.terminal("connect", "parrot", "--base-url", server.url, "-v") as screen:
        screen.logfile_read = shown = StringIO()
        prompts = {"Username": "username", "Password": "password", "API token": "api_token", "call": "hook_url"}
        prompts |= {"PIN": "pin_secret", "Signing secret": "signing_secret", "Tenant": "tenant", "Port": "port"}
        for prompt, name in prompts.items():
            screen.expect(f"{prompt}[^:]*: ")
            screen.sendline(str(secrets[name]))
        for prompt in ("Sign ", "Kind"):
            screen.expect(f"{prompt}[^:]*: ")
            screen.sendline("")
        screen.expect("Connected parrot")
        screen.expect(pexpect.EOF)
    watched.heard("the terminal", shown.getvalue())
    assert watched.search() == ""


def test_signing_in_and_renewing(
    watched: Watched, witnesses: Witnesses, parrot: Parrot, server: SimulatorServer, home: Path
) -> None:
    install(home, "parrot_signed")
    secret = json.dumps({"client_id": "app", "client_secret": watched.canaries.plant("client secret")})
    sign_in = ("connect", "parrot_signed", "--sign-in", "browser", "--base-url", server.url, "--stdin", "-vv")
    parrot.mood = "refuse"
    watched(*sign_in, stdin=secret, code=4)
    parrot.mood, parrot.lifetime = "fine", 1
    watched(*sign_in, stdin=secret)
    walk(watched, parrot, "parrot_signed")
    assert len(watched.canaries.cores) > 10, "no token was renewed"
    assert watched.search() == ""
    assert told_of(watched.canaries, witnesses, "browser") == {"PARROT"}


async def test_the_app(
    watched: Watched,
    witnesses: Witnesses,
    driver: Driver,
    server: SimulatorServer,
    canaries: Canaries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in witnesses.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("SSH_CONNECTION", "SSH_TTY", "TMUX", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    install(driver.ws.home, "parrot")
    secrets = credentials(canaries, "parrot") | {"hook_url": "https://parrot.example/in", "pin_secret": 7}
    async with driver(100, 40) as visit:
        await visit.press("slash")
        await visit.type("parrot")
        await visit.press("enter", "n")
        await visit.sees("Connect Parrot")
        for name in ("username", "password", "api_token", "hook_url", "pin_secret", "signing_secret", "tenant"):
            await visit.paste(str(secrets[name]))
            look(watched, visit, f"typing {name}")
            await visit.press("tab")
        await visit.press("escape")
        look(watched, visit, "having left the form")
        await asyncio.to_thread(connections.connect, driver.ws, "parrot", secrets, base_url=server.url)
        visit.app.tell_error(await asyncio.to_thread(refused, driver.ws), title="Parrot")
        await visit.sees("Parrot answered")
        look(watched, visit, "an error")
        await visit.press("5")
        await visit.sees("/status/400")
        look(watched, visit, "looking at traffic")
        visit.app.copy(visit.screen, "the screen")
        await visit.sees("Copied the screen")
    driver.ws.close()
    assert watched.search() == ""
    assert told_of(canaries, witnesses, "wl-copy") == {"PARROT"}


@pytest.mark.parametrize(
    ("program", "walk_to_it"),
    [("editor", [("3", "runs the query"), ("\x05", "")]), ("pager", [("!", "p pager"), ("p", "")])],
    ids=["editor", "pager"],
)
def test_programs_that_the_app_steps_aside_for(
    watched: Watched,
    witnesses: Witnesses,
    revtops: CommandLine,
    server: SimulatorServer,
    home: Path,
    program: str,
    walk_to_it: list[tuple[str, str]],
) -> None:
    connect(watched, home, server, "parrot")
    with revtops.terminal(env=witnesses.environment) as screen:
        screen.expect_exact("Parrot")
        for key, seen in walk_to_it:
            screen.send(key)
            screen.expect_exact(seen)
        until_started(screen, witnesses, program)
        screen.send("\x11")
        assert ended(screen) == 0
    assert told_of(watched.canaries, witnesses, program) == {"PARROT"}
    assert watched.search() == ""


def until_started(screen: pexpect.spawn[str], witnesses: Witnesses, program: str) -> None:
    """Read what the app draws until it has started a program: a terminal that nobody reads holds it up."""
    deadline = time.monotonic() + SECONDS
    while program not in witnesses.told():
        assert time.monotonic() < deadline, f"no {program} was started"
        with contextlib.suppress(pexpect.TIMEOUT):
            screen.read_nonblocking(65_536, timeout=0.1)


def refused(ws: Workspace) -> EngineError:
    """A query that the vendor refuses, with everything that it was told."""
    with pytest.raises(EngineError) as failed:
        operations.query(ws, "parrot", "/status/400")
    return failed.value


def look(watched: Watched, visit: Visit, doing: str) -> None:
    """Search what is on the screen, and in a picture of it."""
    watched.heard(f"the screen while {doing}", visit.screen)
    watched.heard(f"a picture of {doing}", visit.app.export_screenshot())


def told_of(canaries: Canaries, witnesses: Witnesses, program: str) -> set[str]:
    """Which of these a program found in its environment, once it is sure that it was told no secret."""
    told = witnesses.told()[program]
    assert [found for each in told if (found := canaries.found(json.dumps(each)))] == []
    return {name for each in told for name in ("PARROT", *SECRET_VARIABLES) if name in each["environ"]}


def test_what_serves_others(watched: Watched, server: SimulatorServer, home: Path) -> None:
    secrets = connect(watched, home, server, "parrot")
    for command in ("listen", "serve"):
        with watched.terminal(command, "--port", "0", "-v", "--json") as screen:
            screen.logfile_read = shown = StringIO()
            screen.expect(r'"url": "(http://127\.0\.0\.1:\d+)"')
            assert screen.match
            address = f"{screen.match.group(1)}/api/connectors/webhook/parrot/default"
            word = {"x-word": secrets["signing_secret"], "x-note": secrets["password"]}
            told = httpx2.post(address, headers=word, json={"said": secrets["api_token"]})
            wrong = httpx2.post(address, headers={"x-word": secrets["password"]}, json={})
            screen.sendintr()
            screen.expect(pexpect.EOF)
        assert wrong.status_code >= 400
        watched.heard(f"the answers of {command}", told.text + wrong.text)
        watched.heard(command, shown.getvalue())
    watched("events", "--json")
    process = StdioServerParameters(command=sys.executable, args=["-m", "revtops_tui", "mcp"], env=dict(os.environ))
    with agent(process) as ask:
        answers = [ask("query_system", system="parrot", query=path) for path in ("/echo", "/status/400", "fail")]
        answers += [ask("run_action", system="parrot", action="shout", params={"text": secrets["password"]})]
    watched.heard("the agent", repr(answers))
    assert watched.search() == ""
