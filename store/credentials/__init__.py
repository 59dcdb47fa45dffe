"""Where the credentials of connections live: the OS keyring, or an encrypted file when a person chose one.

The faces and the engine need only this module: `open_credentials` picks the place, every place is a `CredentialStore`,
and everything that can go wrong is a `CredentialsError` with a sentence for a person.
Importing it is free of keyring, cryptography and D-Bus; they load when a store is chosen or first used.
"""

import contextlib
import json
import os
from pathlib import Path
from typing import Any, Protocol

Credentials = dict[str, Any]
"""The fields of one connection's credentials: a JSON object."""

PASSPHRASE_VARIABLE = "REVTOPS_KEYRING_PASSPHRASE"  # noqa: S105 - the variable's name, not a passphrase
VAULT_NAME = "credentials.vault"


class CredentialsError(Exception):
    """Credentials could not be read or stored.

    `kind` is stable and meant for programs, `message` says what happened, `hint` what to do next; `str()` gives the
    message. docs/credentials.md lists the kinds. None of the three ever holds a secret.
    """

    def __init__(self, kind: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint


class CredentialStore(Protocol):
    """One place for credentials, one item per connection.

    `key` is the connection's key, such as "acme/hubspot/default". Every method may raise `CredentialsError` and may
    block for the time-out that the store was opened with: call it from a thread where that matters.
    """

    @property
    def name(self) -> str:
        """The place, as shown to people: "OS keyring (Secret Service)"."""

    def get(self, key: str) -> Credentials | None:
        """The stored credentials, or None when there are none."""

    def set(self, key: str, value: Credentials) -> None:
        """Store `value`, replacing what was there, and read it back before returning."""

    def delete(self, key: str) -> bool:
        """Remove the credentials; False when there were none."""

    def check(self) -> str:
        """Try the place without leaving anything behind; a sentence saying that it works."""


class MemoryCredentials:
    """Credentials that end with the process: for the demo and for tests."""

    name = "memory (this session only)"

    def __init__(self) -> None:
        self._documents: dict[str, str] = {}

    def get(self, key: str) -> Credentials | None:
        document = self._documents.get(key)
        return None if document is None else from_document(key, document)

    def set(self, key: str, value: Credentials) -> None:
        self._documents[key] = to_document(key, value)

    def delete(self, key: str) -> bool:
        return self._documents.pop(key, None) is not None

    def check(self) -> str:
        return "Credentials are kept in memory and end with this session."


def open_credentials(home: Path, *, passphrase: str | None = None, timeout: float = 5.0) -> CredentialStore:
    """Choose where the credentials of the data directory `home` live.

    The encrypted file is chosen by giving a passphrase (`passphrase`, else REVTOPS_KEYRING_PASSPHRASE when it is not
    empty) or by already being there; otherwise the OS keyring is. Nothing is unlocked or contacted here, that happens
    with the first call. `timeout` is the longest wait for one answer of the keyring, in seconds.

    Raises `CredentialsError`: "vault_locked" when there is an encrypted file and no passphrase, "backend_refused" when
    PYTHON_KEYRING_BACKEND names a keyring that is not known to be safe.
    """
    # Imported late: a store costs 30 to 150 ms to import, and a process needs at most one of them.
    vault = home / VAULT_NAME
    secret = os.environ.get(PASSPHRASE_VARIABLE) or None if passphrase is None else passphrase
    if secret is not None:
        from store.credentials.vault import VaultCredentials

        return VaultCredentials(vault, secret)
    if vault.exists():
        raise CredentialsError(
            "vault_locked",
            f"The credentials are in the encrypted file {vault}, and no passphrase was given.",
            f"Enter the passphrase when asked, or set {PASSPHRASE_VARIABLE}.",
        )
    return open_keyring(home, timeout=timeout)


def open_keyring(home: Path, *, timeout: float = 5.0) -> CredentialStore:
    """The OS keyring, whatever is chosen for the data directory `home`. Raises `CredentialsError` "backend_refused"."""
    from store.credentials.keyring_store import KeyringCredentials, choose_backend

    return KeyringCredentials(choose_backend(), home, timeout=timeout)


def to_document(key: str, value: Credentials) -> str:
    """The JSON text that a store keeps for the connection `key`. It is ASCII: one character is one unit everywhere.

    Raises `CredentialsError` "not_json" when `value` cannot be written as a JSON object.
    """
    with contextlib.suppress(TypeError, ValueError):  # and not chained below: their text may quote the value
        if isinstance(value, dict):
            return json.dumps(value, allow_nan=False, separators=(",", ":"))
    raise CredentialsError(
        "not_json",
        f"The credentials of {key} were not stored: they are not a JSON object.",
        "Give each field a text, a number, true, false, a list or an object.",
    )


def from_document(key: str, document: str) -> Credentials:
    """The credentials in a stored JSON text. Raises `CredentialsError` "damaged" when it is none."""
    try:
        value = json.loads(document)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise damaged(key)
    return value


def damaged(key: str) -> CredentialsError:
    """The error for an item that is there but cannot be read back."""
    return CredentialsError(
        "damaged",
        f"The stored credentials of {key} are damaged or incomplete.",
        f"Connect {key} again; that replaces them.",
    )


def not_kept(key: str, place: str) -> CredentialsError:
    """The error for a write that reported success but did not read back the same."""
    return CredentialsError(
        "not_kept",
        f"The credentials of {key} were written to the {place}, but did not read back the same.",
        "Try again; if it stays so, run `revtops doctor`.",
    )
