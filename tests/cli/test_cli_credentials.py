"""`revtops credentials` over a real Secret Service and a real encrypted file: nothing is shown, nothing is lost."""

from __future__ import annotations

import json
import random
import subprocess
from contextlib import suppress
from pathlib import Path

import pexpect
import pytest

from store.connections import credentials_key, save_connection
from store.credentials import VAULT_NAME, open_credentials, open_keyring
from store.database import Database
from tests.conftest import PASSPHRASE
from tests.support.command_line import TOKEN, CommandLine, Finished, Shop, deals
from tests.support.secret_service import SecretService, no_secret_service, secret_service

__all__ = ["no_secret_service", "secret_service"]  # fixtures

WITHOUT_PASSPHRASE = {"REVTOPS_KEYRING_PASSPHRASE": ""}
ANOTHER = "quite another passphrase"


def into_keyring(revtops: CommandLine) -> None:
    moved = revtops("credentials", "move", "keyring", "--json")
    assert moved.code == 0, moved.stderr
    assert moved.json == {"from": "encrypted file", "to": "OS keyring (Secret Service)", "moved": 1, "left": []}


def kind(failed: Finished) -> str:
    return str(failed.json["error"]["kind"])


def test_the_list_names_fields_and_never_values(revtops: CommandLine, connected_shop: Shop) -> None:
    shown = revtops("credentials")
    assert shown.code == 0
    assert "shop" in shown.stdout
    assert "token" in shown.stdout
    assert "encrypted file" in shown.stderr, shown.stderr
    listed = revtops("credentials", "list", "--json")
    assert listed.json["connections"] == [
        {"organization_id": "default", "connection": "shop", "fields": ["file", "port", "token"], "error": None}
    ]
    assert TOKEN not in shown.stdout + shown.stderr + listed.stdout


def test_from_the_file_to_the_keyring_and_back(
    revtops: CommandLine, connected_shop: Shop, secret_service: SecretService
) -> None:
    into_keyring(revtops)
    assert not (revtops.home / VAULT_NAME).exists()
    assert revtops("test", "shop", env=WITHOUT_PASSPHRASE).code == 0
    assert revtops("credentials", "--json", env=WITHOUT_PASSPHRASE).json["place"] == "OS keyring (Secret Service)"

    new = json.dumps({"new": ANOTHER})
    back = revtops("credentials", "move", "file", "--stdin", "--json", stdin=new, env=WITHOUT_PASSPHRASE)
    assert (back.code, back.json["moved"]) == (0, 1)
    assert secret_service.labels() == []
    assert revtops("test", "shop", env={"REVTOPS_KEYRING_PASSPHRASE": ANOTHER}).code == 0
    assert kind(revtops("test", "shop", "--json")) == "vault_locked"
    again = revtops("credentials", "move", "file", "--stdin", "--json", stdin=new, env=WITHOUT_PASSPHRASE)
    assert (again.code, again.json["error"]["kind"]) == (1, "in_use")


def test_who_has_the_passphrase_in_the_environment_is_told_to_unset_it(
    revtops: CommandLine, connected_shop: Shop, secret_service: SecretService
) -> None:
    moved = revtops("credentials", "move", "keyring")
    assert "Unset REVTOPS_KEYRING_PASSPHRASE" in moved.stderr


def test_another_passphrase(revtops: CommandLine, connected_shop: Shop) -> None:
    given = json.dumps({"passphrase": PASSPHRASE, "new": ANOTHER})
    rotated = revtops("credentials", "rotate-passphrase", "--stdin", stdin=given)
    assert rotated.code == 0
    assert PASSPHRASE not in rotated.stdout + rotated.stderr
    assert kind(revtops("test", "shop", "--json")) == "vault_locked"
    assert revtops("test", "shop", env={"REVTOPS_KEYRING_PASSPHRASE": ANOTHER}).code == 0
    wrong = revtops("credentials", "rotate-passphrase", "--stdin", "--json", stdin=given)
    assert wrong.json["error"]["kind"] == "vault_locked"


def test_a_passphrase_is_asked_for_twice_and_not_shown(revtops: CommandLine, connected_shop: Shop) -> None:
    with revtops.terminal("credentials", "rotate-passphrase", env=WITHOUT_PASSPHRASE) as screen:
        for prompt, typed in (("Passphrase of", PASSPHRASE), ("New passphrase", ANOTHER), ("once more", ANOTHER)):
            screen.expect(prompt)
            screen.sendline(typed)
        screen.expect("has another passphrase")
        told = screen.before
        screen.expect(pexpect.EOF)
    assert ANOTHER not in told
    assert revtops("test", "shop", env={"REVTOPS_KEYRING_PASSPHRASE": ANOTHER}).code == 0


def test_a_locked_keyring_takes_nothing_and_the_file_stays(
    revtops: CommandLine, connected_shop: Shop, secret_service: SecretService
) -> None:
    secret_service.lock()
    refused = revtops("credentials", "move", "keyring", "--json")
    assert (refused.code, refused.json["error"]["kind"]) == (4, "keyring_locked")
    assert revtops("test", "shop").code == 0


def test_a_missing_keyring_likewise(revtops: CommandLine, connected_shop: Shop, no_secret_service: None) -> None:
    refused = revtops("credentials", "move", "keyring", "--json")
    assert (refused.code, refused.json["error"]["kind"]) == (4, "keyring_missing")
    assert revtops("test", "shop").code == 0


def test_nothing_is_moved_under_a_sync(
    revtops: CommandLine, connected_shop: Shop, secret_service: SecretService
) -> None:
    connected_shop.change(deals=deals(5), expect=10, closes_never=True)
    with revtops.terminal("sync") as screen:
        screen.expect("5 of 10")
        refused = revtops("credentials", "move", "keyring", "--json")
        assert (refused.code, refused.json["error"]["kind"]) == (5, "busy")
        screen.sendintr()
        screen.expect(pexpect.EOF)


@pytest.mark.parametrize("to", ["keyring", "file"])
def test_a_kill_at_any_moment_loses_nothing(
    revtops: CommandLine, home: Path, secret_service: SecretService, to: str
) -> None:
    keys = [credentials_key("default", "hubspot", f"n{number}") for number in range(12)]
    with Database.open(home) as database:
        for number in range(12):
            save_connection(database, "default", "hubspot", name=f"n{number}")
    before = open_credentials(home, passphrase=PASSPHRASE) if to == "keyring" else open_keyring(home)
    for key in keys:
        before.set(key, {"access_token": f"token of {key}"})
    dice = random.Random(7)
    for _ in range(6):
        process = revtops.in_background("credentials", "move", to)
        with suppress(subprocess.TimeoutExpired):
            process.wait(dice.uniform(0.3, 1.5))
        process.kill()
        process.communicate()
        sealed = (home / VAULT_NAME).exists()
        place = open_credentials(home, passphrase=PASSPHRASE) if sealed else open_keyring(home)
        assert [place.get(key) for key in keys] == [{"access_token": f"token of {key}"} for key in keys]
