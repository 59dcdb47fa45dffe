"""Moving the credentials of a data directory from one place to the other, so that a crash in between loses nothing.

Which place is in use goes by whether the encrypted file is there. So the file appears, or disappears, in one step,
after everything was copied and read back; what is left behind in the other place is removed last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from store.credentials import VAULT_NAME, CredentialsError, CredentialStore, open_keyring
from store.credentials.vault import VaultCredentials

_UNFINISHED = "credentials.moving"
_RETIRED = "credentials.vault.old"


@dataclass(frozen=True)
class Moved:
    """What was moved, from where to where. `left`: keys whose copy could not be removed from the old place.

    `retired`: the former encrypted file, kept because it holds items that no connection names.
    """

    source: str
    target: str
    keys: list[str]
    left: list[str]
    retired: Path | None = None


def to_file(home: Path, keys: Iterable[str], passphrase: str) -> Moved:
    """Move from the OS keyring into an encrypted file under `passphrase`.

    Raises `CredentialsError`, and everything is where it was: "in_use" when the file is the place already.
    """
    if (home / VAULT_NAME).exists():
        raise CredentialsError(
            "in_use", "The credentials are in the encrypted file already.", "There is nothing to do."
        )
    keyring = open_keyring(home)
    unfinished = home / _UNFINISHED
    unfinished.unlink(missing_ok=True)
    try:
        copied = _copy(keyring, VaultCredentials(unfinished, passphrase), keys)
        if copied:
            unfinished.rename(home / VAULT_NAME)
    finally:
        unfinished.unlink(missing_ok=True)
    return Moved(keyring.name, VaultCredentials.name, copied, _remove(keyring, copied))


def to_keyring(home: Path, keys: Iterable[str], passphrase: str) -> Moved:
    """Move from the encrypted file, which `passphrase` opens, into the OS keyring.

    Raises `CredentialsError`, and the file is as it was: "vault_missing" when there is none.
    """
    path = home / VAULT_NAME
    if not path.exists():
        raise CredentialsError("vault_missing", f"There is no encrypted file {path}.", "There is nothing to do.")
    vault = VaultCredentials(path, passphrase)
    keyring = open_keyring(home)
    copied = _copy(vault, keyring, keys)
    if vault.count() > len(copied):
        retired = path.rename(home / _RETIRED)
        return Moved(vault.name, keyring.name, copied, [], retired)
    path.unlink()
    return Moved(vault.name, keyring.name, copied, [])


def _copy(source: CredentialStore, target: CredentialStore, keys: Iterable[str]) -> list[str]:
    """Copy what there is; `set` reads each one back."""
    copied = []
    for key in keys:
        value = source.get(key)
        if value is not None:
            target.set(key, value)
            copied.append(key)
    return copied


def _remove(source: CredentialStore, keys: Iterable[str]) -> list[str]:
    """Remove what was copied; returns what could not be removed."""
    left = []
    for key in keys:
        try:
            source.delete(key)
        except CredentialsError:
            left.append(key)
    return left
