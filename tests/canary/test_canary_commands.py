"""No secret is anywhere but in the keyring: a canary in every field of every auth type, a vendor that repeats them, a
connector that quotes them; then everything that commands wrote and said is searched. The other modules do the same for
the app, for programs that are started and for what serves others."""

from __future__ import annotations

import json
import sqlite3
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from html import escape
from io import StringIO
from pathlib import Path
from urllib.parse import quote

import pexpect
import pytest

from revtops_tui.engine.export import export_rows
from revtops_tui.simulators.server import SimulatorServer
from tests.support.canaries import Canaries, Parrot, Watched, Witnesses, connect, credentials, install, told_of
from tests.support.secret_service import SecretService

pytestmark = pytest.mark.xdist_group("canary")


def walk(watched: Watched, parrot: Parrot, slug: str) -> None:
    """The commands in which the auth types differ: going well, then going wrong."""
    watched("sync", slug, "--record", "-vv")
    watched("query", slug, "/page", "--json", "-v")
    watched("query", slug, "/status/401", "--json", "-vv", code=None)
    parrot.mood = "stumble and refuse"
    watched("test", slug, "-vv", code=4)
    watched("sync", slug, "--full", "--record", "-vv", code=None)
    parrot.mood = "fine"


IN_KEYRING = pytest.mark.usefixtures("in_keyring")


def test_a_token_in_the_encrypted_file(watched: Watched, parrot: Parrot, server: SimulatorServer) -> None:
    connect(watched, server.url, "parrot_oauth")
    walk(watched, parrot, "parrot_oauth")
    assert watched.search() == ""


@IN_KEYRING
@pytest.mark.parametrize("slug", ["parrot_key", "parrot_bearer"])
def test_a_token_in_the_keyring(watched: Watched, parrot: Parrot, server: SimulatorServer, slug: str) -> None:
    connect(watched, server.url, slug)
    walk(watched, parrot, slug)
    assert watched.search() == ""


@IN_KEYRING
def test_everything_else(watched: Watched, parrot: Parrot, server: SimulatorServer, home: Path) -> None:
    connect(watched, server.url, "parrot")
    walk(watched, parrot, "parrot")
    watched("rejected", "--json")
    for path in ("/echo", "/status/400", "/status/500"):
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
    traffic(watched, home)
    files(watched, home)
    watched("backup", str(home / "backup.db"))
    watched("doctor", "--json", code=None)
    watched("daemon", "install", "--json")
    for client in ("claude-desktop", "claude-code", "cursor", "vscode", "codex"):
        watched("mcp", "config", "--client", client)
    assert watched.search() == ""
    assert (home / "logs" / "revtops.log").exists(), "nothing was logged, so the log proves nothing"


def traffic(watched: Watched, home: Path) -> None:
    """Every exchange that was kept, in every form that it is given out in."""
    kept = json.loads(watched("traffic", "list", "--json", "--limit", "1000"))
    assert len(kept) > 10
    for exchange in kept[::8]:
        for form in ("--json", "--curl", "-v"):
            watched("traffic", "show", str(exchange["id"]), form)
    watched("traffic", "export", str(home / "all.har"))
    har = json.loads((home / "all.har").read_text())
    assert len(har["log"]["entries"]) == len(kept)


def files(watched: Watched, home: Path) -> None:
    """The search index, and exports of every kind."""
    assert "Called" in watched("search", "called", "--json")
    assert list((home / "search").glob("*.db"))
    watched("sql", "SELECT * FROM accounts", "--json")
    for ending in ("csv", "jsonl", "xlsx", "parquet"):
        watched("export", "accounts", str(home / f"accounts.{ending}"))
        watched("query", "parrot", "/rows", "--output", str(home / f"answer.{ending}"))


def test_credentials_that_are_moved_and_locked(
    watched: Watched, server: SimulatorServer, secret_service: SecretService, canaries: Canaries, parrot: Parrot
) -> None:
    sealed = {"REVTOPS_KEYRING_PASSPHRASE": canaries.plant("the environment's passphrase")}
    bare = {"REVTOPS_KEYRING_PASSPHRASE": ""}
    given, third = canaries.plant("a passphrase on stdin"), canaries.plant("the next passphrase")
    install(watched.home, "parrot")
    secrets = json.dumps(credentials(canaries, "parrot"))

    def change(*words: str, code: int = 0, **passphrases: str) -> None:
        watched("credentials", *words, "--stdin", "-vv", stdin=json.dumps(passphrases), env=bare, code=code)

    watched("connect", "parrot", "--base-url", server.url, "--stdin", "-v", stdin=secrets, env=sealed)
    change("move", "keyring", passphrase=given, code=4)
    watched("credentials", "list", "--json", env=sealed)
    watched("credentials", "move", "keyring", "--json", env=sealed)
    watched.heard("the keyring's labels", repr(secret_service.labels()))
    watched("query", "parrot", "/status/400", "-vv", env=bare, code=2)
    watched("credentials", "--json", env=bare)
    change("move", "file", new=given)
    change("move", "file", new=third, code=1)
    change("rotate-passphrase", passphrase=third, new=given, code=4)
    change("rotate-passphrase", passphrase=given, new=third)
    watched("credentials", "list", "-vv", env={"REVTOPS_KEYRING_PASSPHRASE": third})
    watched("credentials", "list", "-vv", env={"REVTOPS_KEYRING_PASSPHRASE": given}, code=1)
    change("move", "keyring", passphrase=third)
    secret_service.overwrite_all(f"no credentials: {secrets}")
    watched("credentials", "list", "-vv", env=bare, code=1)
    change("move", "file", new=given, code=1)
    parrot.mood = "refuse"
    watched("test", "parrot", "-vv", env=bare, code=None)
    secret_service.lock()
    watched("credentials", "list", "--json", env=bare, code=1)
    change("move", "file", new=given, code=4)
    assert watched.search() == ""


@IN_KEYRING
def test_what_nobody_expected(watched: Watched, server: SimulatorServer, parrot: Parrot, home: Path) -> None:
    connect(watched, server.url, "parrot")
    for kind in ("fail", "leave", "many", "trap"):
        watched("query", "parrot", kind, "--json", code=1)
        watched("query", "parrot", kind, "-vv", code=1)
    watched("query", "parrot", "aside", "--json", "-vv")
    logged = (home / "logs" / "revtops.log").read_text()
    assert all(said in logged for said in ("warned of ***", "logged ***", "stumbled over", "the last words of ***"))
    (home / "connectors" / "torn.py").write_text('import os\nint(os.environ["E2B_API_KEY"])\n')
    assert "torn" in watched("connectors", "--json")
    watched("doctor", "-vv", code=None)
    (home / "settings.toml").write_text(f'[nango]\nsecret_key = "{watched.canaries.plant("in settings")}"\n')
    watched("settings", "list", "-vv", code=None)
    (home / "settings.toml").unlink()
    watched("schedule", "parrot", "--every", "15m")
    with closing(sqlite3.connect(home / "revtops.db")) as database, database:
        database.execute("UPDATE schedules SET next_due_at = '2026-01-01T00:00:00.000000Z'")
    parrot.mood = "stumble"
    assert '"stumbled' not in watched("daemon", "--once", "--json", "-vv", code=None)
    assert watched.search() == ""


def test_it_would_find_a_leak(watched: Watched, home: Path, canaries: Canaries) -> None:
    secret = canaries.plant("a secret")
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
    packed = dict(pack(home, secret))
    watched.heard("a screen", f"│ {secret[:9]}\x1b[0m │\n│ {secret[9:]} │")
    assert {leak.partition(":")[0] for leak in watched.search().splitlines()} == {"a screen", *leaks, *packed}
    assert not any(canaries.found(packed[name].read_bytes()) for name in ("rows.xlsx", "archive", "cell", "index"))


def pack(home: Path, secret: str) -> Iterator[tuple[str, Path]]:
    """Files in which the secret is packed."""
    for ending in ("xlsx", "parquet"):
        yield f"rows.{ending}", export_rows(["v"], [[secret * 20]], home / f"rows.{ending}").path
    with zipfile.ZipFile(home / "archive", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("said", secret)
    yield "archive", home / "archive"
    with closing(sqlite3.connect(home / "cell")) as database, database:
        database.execute("CREATE TABLE cells (cell BLOB)")
        database.execute("INSERT INTO cells VALUES (?)", (zlib.compress(secret.encode() * 20),))
    yield "cell", home / "cell"
    with closing(sqlite3.connect(home / "index")) as database, database:
        database.execute("CREATE VIRTUAL TABLE words USING fts5(word, content='')")
        begun = secret[:20].lower()
        database.executemany("INSERT INTO words (rowid, word) VALUES (?, ?)", enumerate((begun, secret), 1))
    yield "index", home / "index"


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


@IN_KEYRING
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
