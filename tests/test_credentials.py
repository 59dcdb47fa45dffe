"""Choosing where credentials live, and what every place promises alike."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from store.credentials import CredentialsError, CredentialStore, MemoryCredentials, open_credentials
from tests.support.secret_service import SecretService, no_secret_service, secret_service

__all__ = ["no_secret_service", "secret_service"]  # fixtures

KEY = "acme/hubspot/default"
SECRET = "pat-eu1-0123456789"

pytestmark = pytest.mark.usefixtures("clean_environment")


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REVTOPS_KEYRING_PASSPHRASE", raising=False)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)


@pytest.fixture(params=["keyring", "file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> CredentialStore:
    if request.param == "memory":
        return MemoryCredentials()
    if request.param == "file":
        return open_credentials(tmp_path, passphrase="correct horse")
    request.getfixturevalue("secret_service")
    return open_credentials(tmp_path)


class TestEveryStore:
    def test_keeps_replaces_and_removes(self, store: CredentialStore) -> None:
        assert store.get(KEY) is None
        store.set(KEY, {"access_token": SECRET})
        store.set("acme/linear/default", {"api_key": "other"})
        store.set(KEY, {"access_token": "renewed", "expires_at": 1795400000})
        assert store.get(KEY) == {"access_token": "renewed", "expires_at": 1795400000}
        assert store.delete(KEY) is True
        assert store.get(KEY) is None
        assert store.delete(KEY) is False
        assert store.get("acme/linear/default") == {"api_key": "other"}

    def test_any_text_comes_back_the_same(self, store: CredentialStore) -> None:
        value = {"password": "grüße 密码 😀 \x00\x1b[31m\n'\"\\", "empty": "", "nested": {"list": [1, None, True]}}
        store.set("ünïcode/キー/😀", value)
        assert store.get("ünïcode/キー/😀") == value

    def test_a_long_value_comes_back_the_same(self, store: CredentialStore) -> None:
        value = {"private_key": "0123456789abcdef" * 16_000}
        store.set(KEY, value)
        assert store.get(KEY) == value

    def test_what_is_returned_is_a_copy(self, store: CredentialStore) -> None:
        value = {"scopes": ["read"]}
        store.set(KEY, value)
        value["scopes"].append("write")
        got = store.get(KEY)
        assert got == {"scopes": ["read"]}

    def test_refuses_what_is_not_a_json_object_without_quoting_it(self, store: CredentialStore) -> None:
        for value in ({"token": {SECRET}}, {"token": float("nan")}, [SECRET]):
            with pytest.raises(CredentialsError) as caught:
                store.set(KEY, value)
            assert caught.value.kind == "not_json"
            assert KEY in caught.value.message
            assert SECRET not in repr(caught.value) + caught.value.hint
        assert store.get(KEY) is None

    def test_check_leaves_the_credentials_alone(self, store: CredentialStore) -> None:
        store.set(KEY, {"access_token": SECRET})
        assert store.check().endswith(".")
        assert store.get(KEY) == {"access_token": SECRET}

    def test_shows_no_secret(self, store: CredentialStore) -> None:
        store.set(KEY, {"access_token": SECRET})
        store.get(KEY)
        shown = repr(store) + str(store) + store.name
        assert SECRET not in shown
        assert "correct horse" not in shown


def test_the_guide_explains_every_message() -> None:
    project = Path(__file__).parent.parent
    sources = "".join(path.read_text() for path in (project / "store" / "credentials").glob("*.py"))
    kinds = set(re.findall(r'(?:CredentialsError|_Failure)\(\s*"(\w+)"', sources))
    assert kinds >= {"keyring_locked", "vault_damaged", "busy"}
    explained = set(re.findall(r"^\| `(\w+)` \|", (project / "docs" / "credentials.md").read_text(), re.MULTILINE))
    assert explained == kinds


class TestChoice:
    def test_a_passphrase_chooses_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert open_credentials(tmp_path, passphrase="given").name == "encrypted file"
        monkeypatch.setenv("REVTOPS_KEYRING_PASSPHRASE", "from the environment")
        assert open_credentials(tmp_path).name == "encrypted file"

    def test_an_empty_variable_is_no_choice(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REVTOPS_KEYRING_PASSPHRASE", "")
        assert open_credentials(tmp_path).name.startswith("OS keyring")

    def test_an_existing_file_asks_for_its_passphrase(self, tmp_path: Path) -> None:
        open_credentials(tmp_path, passphrase="given").set(KEY, {"token": SECRET})
        with pytest.raises(CredentialsError) as caught:
            open_credentials(tmp_path)
        assert caught.value.kind == "vault_locked"
        assert "REVTOPS_KEYRING_PASSPHRASE" in caught.value.hint

    def test_checking_does_not_choose_the_file(self, tmp_path: Path) -> None:
        open_credentials(tmp_path, passphrase="given").check()
        assert open_credentials(tmp_path).name.startswith("OS keyring")

    @pytest.mark.parametrize(
        "name",
        [
            "keyrings.alt.file.PlaintextKeyring",
            "keyring.backends.null.Keyring",
            "keyring.backends.chainer.ChainerBackend",
            "planted.Keyring",
            "nonsense",
        ],
    )
    def test_an_unknown_backend_is_refused_and_not_imported(
        self, name: str, tmp_path: Path, planted: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
        with pytest.raises(CredentialsError) as caught:
            open_credentials(tmp_path)
        assert caught.value.kind == "backend_refused"
        assert name in caught.value.message
        assert "keyring.backends.SecretService.Keyring" in caught.value.hint
        assert not planted.exists()

    def test_a_known_backend_can_be_named(
        self, tmp_path: Path, secret_service: SecretService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.SecretService.Keyring")
        store = open_credentials(tmp_path)
        store.set(KEY, {"token": SECRET})
        assert store.get(KEY) == {"token": SECRET}

    def test_a_configured_plaintext_backend_is_never_used(
        self, tmp_path: Path, planted: Path, no_secret_service: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configuration = tmp_path / "config" / "python_keyring"
        configuration.mkdir(parents=True)
        (configuration / "keyringrc.cfg").write_text("[backend]\ndefault-keyring=planted.Keyring\n")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        with pytest.raises(CredentialsError) as caught:
            open_credentials(tmp_path).set(KEY, {"token": SECRET})
        assert caught.value.kind == "keyring_missing"
        assert not planted.exists()

    def test_choosing_contacts_and_imports_nothing(self, tmp_path: Path) -> None:
        program = (
            "import sys, pathlib, store.credentials as c\n"
            "heavy = {'keyring', 'cryptography', 'filelock', 'secretstorage', 'jeepney'}\n"
            "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
            "c.open_credentials(pathlib.Path(sys.argv[1]))\n"
            "assert 'keyring' not in sys.modules\n"
        )
        environment = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent", "PATH": "/nonexistent"}
        subprocess.run([sys.executable, "-c", program, str(tmp_path / "home")], env=environment, check=True)
        assert not (tmp_path / "home").exists()


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plaintext backend that leaves this file behind when it is imported."""
    marker = tmp_path / "imported"
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "planted.py").write_text(
        f"open({str(marker)!r}, 'w').close()\n"
        "from keyring.backends.null import Keyring as Null\n"
        "class Keyring(Null):\n"
        "    priority = 9\n"
    )
    monkeypatch.syspath_prepend(str(modules))
    return marker
