"""The encrypted file: several processes, kills while writing, tampering, passphrases."""

import json
import os
import random
import resource
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from store.credentials import CredentialsError, CredentialStore, open_credentials
from store.credentials.vault import change_passphrase
from tests.support import vault_writer

KEY = "acme/hubspot/default"
SECRET = "pat-eu1-0123456789"
PASSPHRASE = "correct horse"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> CredentialStore:
    """A store whose file holds credentials of two connections."""
    store = opened(home)
    store.set(KEY, {"access_token": SECRET})
    store.set("acme/linear/default", {"api_key": "other"})
    return store


def opened(home: Path, passphrase: str = PASSPHRASE) -> CredentialStore:
    return open_credentials(home, passphrase=passphrase)


def vault(home: Path) -> Path:
    return home / "credentials.vault"


def refused(operation: Callable[[], object], kind: str) -> CredentialsError:
    """Assert that `operation` fails with `kind`, in sentences, naming no secret; returns the error."""
    with pytest.raises(CredentialsError) as caught:
        operation()
    assert caught.value.kind == kind
    assert caught.value.message.endswith(".")
    assert caught.value.hint.endswith(".")
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.hint
    assert SECRET not in shown
    assert PASSPHRASE not in shown
    return caught.value


def start_writer(home: Path, name: str, count: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "REVTOPS_KEYRING_PASSPHRASE": PASSPHRASE}
    command = [sys.executable, vault_writer.__file__, str(home), name, str(count)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


class TestFile:
    def test_it_is_private_and_names_nothing(self, store: CredentialStore, home: Path) -> None:
        assert vault(home).stat().st_mode & 0o777 == 0o600
        assert home.stat().st_mode & 0o777 == 0o700
        content = vault(home).read_text()
        for word in (SECRET, "hubspot", "acme", "access_token", PASSPHRASE):
            assert word not in content

    def test_another_process_opens_it(self, store: CredentialStore, home: Path) -> None:
        assert opened(home).get(KEY) == {"access_token": SECRET}

    def test_reading_makes_no_file(self, home: Path) -> None:
        assert opened(home).get(KEY) is None
        assert opened(home).delete(KEY) is False
        assert not home.exists()

    def test_a_file_made_anew_by_another_process_is_used(self, store: CredentialStore, home: Path) -> None:
        vault(home).unlink()
        opened(home).set(KEY, {"access_token": "new"})
        assert store.get(KEY) == {"access_token": "new"}
        store.set("acme/linear/default", {"api_key": "newer"})
        assert opened(home).get("acme/linear/default") == {"api_key": "newer"}

    def test_eight_processes_write_at_once(self, home: Path) -> None:
        writers = [start_writer(home, f"writer-{number}", 10) for number in range(8)]
        for writer in writers:
            writer.communicate()
            assert writer.returncode == 0
        store = opened(home)
        for name in range(8):
            for number in range(10):
                found = store.get(f"writer-{name}/{number}")
                assert found is not None
                assert found["token"] == f"writer-{name} {number}"

    def test_threads_share_a_store(self, home: Path) -> None:
        store = opened(home)

        def work(number: int) -> object:
            store.set(f"acme/{number}/default", {"number": number})
            return store.get(f"acme/{number}/default")

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(32))) == [{"number": number} for number in range(32)]

    def test_killed_while_writing_twenty_times(self, home: Path) -> None:
        store = opened(home)
        for run in range(20):
            writer = start_writer(home, f"run-{run}", 100_000)
            assert writer.stdout is not None
            for done in range(random.randint(1, 15)):
                assert writer.stdout.readline() == f"{done}\n"
            writer.kill()
            done += len(writer.stdout.readlines())
            writer.wait()
            writer.stdout.close()
            for number in range(done + 1):
                found = store.get(f"run-{run}/{number}")
                assert found is not None, f"write {number} of run {run} was reported as done and is gone"
                assert found["token"] == f"run-{run} {number}"
        store.set(KEY, {"access_token": SECRET})
        assert sorted(path.name for path in home.iterdir()) == ["credentials.lock", "credentials.vault"]

    def test_what_a_killed_writer_left_is_removed(self, store: CredentialStore, home: Path) -> None:
        (home / ".credentials.vault-left").write_text("half")
        store.set(KEY, {"access_token": "renewed"})
        assert not (home / ".credentials.vault-left").exists()

    def test_a_directory_in_the_way_is_a_sentence(self, home: Path) -> None:
        vault(home).mkdir(parents=True)
        assert str(vault(home)) in refused(lambda: opened(home).get(KEY), "vault_unusable").message

    def test_a_data_directory_that_cannot_be_used_is_a_sentence(self, home: Path) -> None:
        home.mkdir()
        (home / "credentials.lock").mkdir()
        refused(lambda: opened(home).set(KEY, {"access_token": SECRET}), "home_unusable")

    def test_a_full_disk_leaves_the_file_as_it_was(self, store: CredentialStore, home: Path) -> None:
        before = vault(home).read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before), hard))  # the next file may not grow beyond the present
        try:
            refused(lambda: store.set(KEY, {"access_token": SECRET * 1000}), "vault_unusable")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert vault(home).read_bytes() == before
        store.set(KEY, {"access_token": "renewed"})
        assert sorted(path.name for path in home.iterdir()) == ["credentials.lock", "credentials.vault"]


class TestPassphrase:
    def test_a_wrong_one_opens_nothing(self, store: CredentialStore, home: Path) -> None:
        before = vault(home).read_bytes()
        refused(lambda: opened(home, "battery staple").get(KEY), "vault_locked")
        refused(lambda: opened(home, "battery staple").set(KEY, {"access_token": "x"}), "vault_locked")
        refused(lambda: opened(home, "battery staple").delete(KEY), "vault_locked")
        assert vault(home).read_bytes() == before

    def test_an_empty_one_is_refused(self, home: Path) -> None:
        refused(lambda: opened(home, ""), "vault_locked")

    def test_an_accent_may_be_typed_either_way(self, home: Path) -> None:
        opened(home, "caf\u00e9").set(KEY, {"access_token": SECRET})
        assert opened(home, "cafe\u0301").get(KEY) == {"access_token": SECRET}

    def test_changing_it(self, store: CredentialStore, home: Path) -> None:
        change_passphrase(home, PASSPHRASE, "battery staple")
        refused(lambda: opened(home).get(KEY), "vault_locked")
        assert opened(home, "battery staple").get(KEY) == {"access_token": SECRET}
        store.set(KEY, {"access_token": "renewed"})  # a process that had it open
        assert opened(home, "battery staple").get(KEY) == {"access_token": "renewed"}

    def test_changing_it_needs_the_old_one_and_a_new_one(self, store: CredentialStore, home: Path) -> None:
        before = vault(home).read_bytes()
        refused(lambda: change_passphrase(home, "wrong", "new"), "vault_locked")
        refused(lambda: change_passphrase(home, PASSPHRASE, ""), "vault_locked")
        assert vault(home).read_bytes() == before

    def test_changing_it_needs_a_file(self, home: Path) -> None:
        refused(lambda: change_passphrase(home, PASSPHRASE, "new"), "vault_missing")


def flipped(sealed: str) -> str:
    """Sealed text with its last byte altered."""
    return sealed[:-4] + ("AAA=" if sealed[-4:] != "AAA=" else "BBB=")


def swap(content: dict[str, Any]) -> None:
    (one, first), (two, second) = content["items"].items()
    content["items"] = {one: second, two: first}


def alter(content: dict[str, Any]) -> None:
    content["items"] = {name: flipped(item) for name, item in content["items"].items()}


class TestTampering:
    def rewrite(self, home: Path, change: Callable[[dict[str, Any]], object]) -> None:
        content = json.loads(vault(home).read_text())
        change(content)
        vault(home).write_text(json.dumps(content))

    @pytest.mark.parametrize(
        "change",
        [swap, alter, lambda content: content["items"].update(dict.fromkeys(content["items"], ""))],
        ids=["swapped", "altered", "emptied"],
    )
    def test_altered_items_are_refused(
        self, store: CredentialStore, home: Path, change: Callable[[dict[str, Any]], object]
    ) -> None:
        self.rewrite(home, change)
        for reader in (store, opened(home)):
            assert KEY in refused(lambda: reader.get(KEY), "damaged").message  # noqa: B023 - called at once
        store.set(KEY, {"access_token": "connected again"})
        assert opened(home).get(KEY) == {"access_token": "connected again"}

    def test_an_item_of_another_file_is_refused(self, store: CredentialStore, home: Path, tmp_path: Path) -> None:
        opened(tmp_path / "other").set(KEY, {"access_token": "planted"})
        planted = json.loads(vault(tmp_path / "other").read_text())["items"]
        self.rewrite(home, lambda content: content.update(items=dict.fromkeys(content["items"], *planted.values())))
        refused(lambda: opened(home).get(KEY), "damaged")

    @pytest.mark.parametrize(
        ("change", "kind"),
        [
            (lambda content: content["kdf"].update(iterations=1), "vault_unknown"),
            (lambda content: content["kdf"].update(memory_kib=8), "vault_unknown"),
            (lambda content: content["kdf"].update(memory_kib=64 * 1024 * 1024), "vault_unknown"),
            (lambda content: content["kdf"].update(name="none"), "vault_unknown"),
            (lambda content: content["kdf"].update(salt=""), "vault_unknown"),
            (lambda content: content.update(version=0), "vault_unknown"),
            (lambda content: content.update(version=2), "vault_unknown"),
            (lambda content: content["kdf"].update(iterations=4), "vault_locked"),
            (lambda content: content["kdf"].update(lanes=1), "vault_locked"),
            (lambda content: content.update(id="00" * 16), "vault_locked"),
            (lambda content: content.update(wrapped_key=flipped(content["wrapped_key"])), "vault_locked"),
            (lambda content: content.update(wrapped_key=""), "vault_locked"),
            (lambda content: content["kdf"].update(iterations="3"), "vault_damaged"),
            (lambda content: content["kdf"].update(extra=1), "vault_damaged"),
            (lambda content: content.update(items=[]), "vault_damaged"),
            (lambda content: content.update(format="other"), "vault_damaged"),
            (lambda content: content.pop("kdf"), "vault_damaged"),
        ],
    )
    def test_an_altered_header_is_refused(
        self, store: CredentialStore, home: Path, change: Callable[[dict[str, Any]], object], kind: str
    ) -> None:
        self.rewrite(home, change)
        before = vault(home).read_bytes()
        refused(lambda: opened(home).get(KEY), kind)
        refused(lambda: opened(home).set(KEY, {"access_token": SECRET}), kind)
        assert vault(home).read_bytes() == before

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"format":'])
    def test_half_a_file_is_refused(self, store: CredentialStore, home: Path, content: bytes) -> None:
        vault(home).write_bytes(content)
        refused(lambda: store.get(KEY), "vault_damaged")
        refused(lambda: store.set(KEY, {"access_token": SECRET}), "vault_damaged")
        assert vault(home).read_bytes() == content

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
    def test_a_file_open_to_others_is_refused(self, store: CredentialStore, home: Path, mode: int) -> None:
        vault(home).chmod(mode)
        assert "chmod 600" in refused(lambda: store.get(KEY), "vault_exposed").hint
        refused(lambda: store.set(KEY, {"access_token": SECRET}), "vault_exposed")
        vault(home).chmod(0o600)
        assert store.get(KEY) == {"access_token": SECRET}
