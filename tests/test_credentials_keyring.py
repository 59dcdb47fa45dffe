"""The OS keyring: a real Secret Service in every state that was seen to fail, and the size limit of Windows."""

import contextlib
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store.credentials import Credentials, CredentialsError, CredentialStore, open_credentials
from store.credentials.keyring_store import Backend, KeyringCredentials
from tests.support.secret_service import SecretService, no_secret_service, secret_service
from tests.support.small_keyring import UNITS, SmallKeyring

__all__ = ["no_secret_service", "secret_service"]  # fixtures

KEY = "acme/hubspot/default"
SECRET = "pat-eu1-0123456789"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REVTOPS_KEYRING_PASSPHRASE", raising=False)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)


def fails_everywhere(store: CredentialStore, kind: str) -> CredentialsError:
    """Assert that each operation fails with `kind`, in sentences, and without the secret; returns one of the errors."""
    operations = (
        lambda: store.get(KEY),
        lambda: store.set(KEY, {"access_token": SECRET}),
        lambda: store.delete(KEY),
        store.check,
    )
    for operation in operations:
        with pytest.raises(CredentialsError) as caught:
            operation()
        assert caught.value.kind == kind
        assert caught.value.message.endswith(".")
        assert "REVTOPS_KEYRING_PASSPHRASE" in caught.value.hint or kind == "keyring_timeout"
        assert SECRET not in "".join(traceback.format_exception(caught.value)) + caught.value.hint
    return caught.value


def patiently(operation: Callable[[], Credentials | None]) -> Credentials | None:
    """The operation's result, asked for again when a busy machine needed longer than the store's time-out."""
    while True:
        try:
            return operation()
        except CredentialsError as error:
            if error.kind != "keyring_timeout":
                raise


class TestSecretService:
    def test_an_item_is_found_under_the_connections_name(self, secret_service: SecretService, tmp_path: Path) -> None:
        store = open_credentials(tmp_path)
        store.set(KEY, {"access_token": SECRET})
        (label,) = secret_service.labels()
        assert f"revtops:{KEY}" in label
        assert str(tmp_path) in label
        assert store.name == "OS keyring (Secret Service)"

    def test_data_directories_do_not_share_credentials(self, secret_service: SecretService, tmp_path: Path) -> None:
        mine, other = open_credentials(tmp_path / "mine"), open_credentials(tmp_path / "other")
        mine.set(KEY, {"access_token": SECRET})
        assert other.get(KEY) is None
        other.set(KEY, {"access_token": "other"})
        assert other.delete(KEY) is True
        assert mine.get(KEY) == {"access_token": SECRET}

    def test_check_removes_its_item(self, secret_service: SecretService, tmp_path: Path) -> None:
        assert "Secret Service" in open_credentials(tmp_path).check()
        assert secret_service.labels() == []

    def test_many_threads_at_once(self, secret_service: SecretService, tmp_path: Path) -> None:
        store = open_credentials(tmp_path, timeout=60)

        def work(number: int) -> object:
            store.set(f"acme/{number}/default", {"number": number})
            return store.get(f"acme/{number}/default")

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(32))) == [{"number": number} for number in range(32)]

    def test_an_item_that_is_not_ours_is_damaged_not_returned(
        self, secret_service: SecretService, tmp_path: Path
    ) -> None:
        store = open_credentials(tmp_path)
        store.set(KEY, {"access_token": SECRET})
        secret_service.overwrite_all(f"not json, {SECRET}")
        with pytest.raises(CredentialsError) as caught:
            store.get(KEY)
        assert caught.value.kind == "damaged"
        assert KEY in caught.value.message
        assert SECRET not in "".join(traceback.format_exception(caught.value))

    def test_locked(self, secret_service: SecretService, tmp_path: Path) -> None:
        store = open_credentials(tmp_path)
        store.set(KEY, {"access_token": SECRET})
        secret_service.lock()
        assert "locked" in fails_everywhere(store, "keyring_locked").message

    def test_hung(self, secret_service: SecretService, tmp_path: Path) -> None:
        open_credentials(tmp_path).set(KEY, {"access_token": SECRET})
        store = open_credentials(tmp_path, timeout=0.5)
        secret_service.hang()
        assert "0.5 s" in fails_everywhere(store, "keyring_timeout").message
        secret_service.resume()
        assert open_credentials(tmp_path, timeout=60).get(KEY) == {"access_token": SECRET}

    def test_a_call_given_up_while_waiting_for_its_turn_never_runs(
        self, secret_service: SecretService, tmp_path: Path
    ) -> None:
        open_credentials(tmp_path, timeout=60).set(KEY, {"access_token": SECRET})
        store = open_credentials(tmp_path, timeout=0.5)
        secret_service.hang()
        with pytest.raises(CredentialsError, match="did not answer"):
            store.get(KEY)
        with pytest.raises(CredentialsError, match="did not answer"):
            store.set(KEY, {"access_token": "given up"})
        secret_service.resume()
        assert patiently(lambda: store.get(KEY)) == {"access_token": SECRET}

    def test_killed_and_started_again_by_the_bus_locked(self, secret_service: SecretService, tmp_path: Path) -> None:
        store = open_credentials(tmp_path, timeout=60)
        store.set(KEY, {"access_token": SECRET})
        secret_service.kill_daemon()
        fails_everywhere(store, "keyring_locked")

    def test_bus_gone(self, secret_service: SecretService, tmp_path: Path) -> None:
        store = open_credentials(tmp_path)
        store.set(KEY, {"access_token": SECRET})
        secret_service.kill_bus()
        fails_everywhere(store, "keyring_missing")

    def test_larger_than_the_bus_carries(self, secret_service: SecretService, tmp_path: Path) -> None:
        store = open_credentials(tmp_path, timeout=60)
        with pytest.raises(CredentialsError) as caught:
            store.set(KEY, {"blob": "x" * (64 * 1024 * 1024)})
        assert caught.value.kind == "too_big"
        assert store.get(KEY) is None


class TestNoSecretService:
    def test_no_session_bus(self, no_secret_service: None, tmp_path: Path) -> None:
        error = fails_everywhere(open_credentials(tmp_path), "keyring_missing")
        assert "Install and unlock a Secret Service" in error.hint
        assert "REVTOPS_KEYRING_PASSPHRASE" in error.hint

    @pytest.mark.parametrize("address", ["unix:path=/nonexistent/bus", "nonsense", ""])
    def test_an_address_that_leads_nowhere(self, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        fails_everywhere(open_credentials(tmp_path), "keyring_missing")

    def test_a_backend_whose_parts_are_not_installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.Windows.WinVaultKeyring")
        fails_everywhere(open_credentials(tmp_path), "keyring_missing")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[KeyringCredentials]:
    """A store over a keyring with the size limit of Windows."""
    SmallKeyring.reset()
    backend = Backend("small", SmallKeyring.__module__, SmallKeyring.__name__, limit=UNITS)
    yield KeyringCredentials(backend, tmp_path, timeout=60)
    SmallKeyring.reset()


def long_value(letter: str, pieces: int) -> dict[str, str]:
    return {"token": letter * (UNITS * pieces - 500)}


class TestSizeLimit:
    @pytest.mark.parametrize("length", [0, UNITS - 10, UNITS - 9, UNITS, 2 * UNITS, 50_000])
    def test_any_length_comes_back_the_same(self, small: KeyringCredentials, length: int) -> None:
        # The document is 10 units longer than the text: {"key":"…"}
        small.set(KEY, {"key": "x" * length})
        assert small.get(KEY) == {"key": "x" * length}

    def test_text_outside_ascii_is_counted_as_windows_counts(self, small: KeyringCredentials) -> None:
        small.set(KEY, {"key": "😀" * 900})
        assert small.get(KEY) == {"key": "😀" * 900}

    def test_a_short_document_is_one_readable_item(self, small: KeyringCredentials) -> None:
        small.set(KEY, {"access_token": SECRET})
        assert list(SmallKeyring.items.values()) == [f'{{"access_token":"{SECRET}"}}']

    def test_nothing_is_left_over(self, small: KeyringCredentials) -> None:
        small.set(KEY, long_value("a", 9))
        assert len(SmallKeyring.items) == 10
        small.set(KEY, long_value("b", 3))
        assert len(SmallKeyring.items) == 4
        small.set(KEY, {"token": "short"})
        assert len(SmallKeyring.items) == 1
        small.set(KEY, long_value("c", 5))
        assert small.delete(KEY) is True
        assert SmallKeyring.items == {}

    def test_interrupted_at_any_change_the_old_or_the_new_document_is_there(self, small: KeyringCredentials) -> None:
        old, new, last = long_value("o", 4), long_value("n", 6), long_value("l", 2)
        seen = set()
        for changes in range(11):  # 6 chunks, the manifest, then 4 old chunks swept
            SmallKeyring.reset()
            small.set(KEY, old)
            SmallKeyring.interrupt_after = changes
            with contextlib.suppress(CredentialsError):
                small.set(KEY, new)
            SmallKeyring.interrupt_after = None
            found = small.get(KEY)
            assert found in (old, new)
            seen.add(found == new)
            small.set(KEY, last)
            assert small.get(KEY) == last
            assert len(SmallKeyring.items) == 3
        assert seen == {False, True}

    def test_interrupted_while_deleting_can_be_deleted_again(self, small: KeyringCredentials) -> None:
        for changes in range(5):
            SmallKeyring.reset()
            small.set(KEY, long_value("o", 4))
            SmallKeyring.interrupt_after = changes
            with pytest.raises(CredentialsError):
                small.delete(KEY)
            SmallKeyring.interrupt_after = None
            small.delete(KEY)
            assert SmallKeyring.items == {}

    def test_a_missing_or_altered_chunk_is_damage_and_can_be_replaced(self, small: KeyringCredentials) -> None:
        for spoiled in (None, "x" * UNITS):
            small.set(KEY, long_value("o", 4))
            chunk = sorted(name for name in SmallKeyring.items if "#" in name)[1]  # without it the rest is JSON too
            if spoiled is None:
                del SmallKeyring.items[chunk]
            else:
                SmallKeyring.items[chunk] = spoiled
            with pytest.raises(CredentialsError) as caught:
                small.get(KEY)
            assert caught.value.kind == "damaged"
            small.set(KEY, {"token": "short"})
            assert small.get(KEY) == {"token": "short"}

    def test_a_backend_with_a_lower_limit_than_known_says_so(self, tmp_path: Path) -> None:
        SmallKeyring.reset()
        backend = Backend("small", SmallKeyring.__module__, SmallKeyring.__name__)
        store = KeyringCredentials(backend, tmp_path, timeout=60)
        with pytest.raises(CredentialsError) as caught:
            store.set(KEY, long_value(SECRET, 2))
        assert caught.value.kind == "too_big"
        assert SmallKeyring.items == {}
