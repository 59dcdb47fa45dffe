"""Credentials in an encrypted file, for machines without an OS keyring.

Writers hold a lock, write a new file beside the old one and rename it over: a reader or a crash sees the old content or
the new one, whole. `store.credentials.sealing` has the format and the cryptography.
"""

import os
import tempfile
import threading
from pathlib import Path
from uuid import uuid4

from store.credentials import (
    PASSPHRASE_VARIABLE,
    VAULT_NAME,
    Credentials,
    CredentialsError,
    damaged,
    from_document,
    not_kept,
    sealing,
    to_document,
)
from store.credentials.lock import one_writer
from store.credentials.sealing import Keys, SealedFile

_LOCK_SECONDS = 60.0  # a writer needs milliseconds, but many may be waiting on a slow disk
_TEMP_PREFIX = f".{VAULT_NAME}-"


class VaultCredentials:
    """Credentials in the encrypted file `path`, made with the first write.

    The key is derived from the passphrase with the first use and kept, so that is paid once per store (about 0.2 s).
    Another process may change the file or its passphrase meanwhile. Safe to use from several threads.
    """

    name = "encrypted file"

    def __init__(self, path: Path, passphrase: str) -> None:
        _require(passphrase)
        self._path = path
        self._passphrase = passphrase
        self._keys: Keys | None = None
        self._unlocking = threading.Lock()

    def get(self, key: str) -> Credentials | None:
        document = self._document(key)
        return None if document is None else from_document(key, document)

    def set(self, key: str, value: Credentials) -> None:
        document = to_document(key, value)
        sealed = _load(self._path)
        if sealed is not None:
            self._unlocked(sealed)  # before taking the lock: others need not wait for the key derivation
        with one_writer(self._path.parent, seconds=_LOCK_SECONDS):
            sealed = _load(self._path)
            if sealed is None:
                sealed, self._keys = sealing.create(self._passphrase)
            keys = self._unlocked(sealed)
            items = {**sealed.items, keys.item_id(key): keys.seal(key, document)}
            _replace(self._path, sealed.with_items(items))
            if self._document(key) != document:
                raise not_kept(key, self.name)

    def delete(self, key: str) -> bool:
        if self._document(key) is None:
            return False
        with one_writer(self._path.parent, seconds=_LOCK_SECONDS):
            sealed = _load(self._path)
            if sealed is None:
                return False
            item_id = self._unlocked(sealed).item_id(key)
            items = {name: item for name, item in sealed.items.items() if name != item_id}
            _replace(self._path, sealed.with_items(items))
        return len(items) < len(sealed.items)

    def count(self) -> int:
        """How many items the file holds."""
        sealed = _load(self._path)
        return 0 if sealed is None else len(sealed.items)

    def check(self) -> str:
        # Not by making the file: it being there is what chooses it, also for the next run without a passphrase.
        if _load(self._path) is None:
            return f"The {self.name} {self._path} is made when the first credentials are stored."
        key = f"revtops-check/{uuid4().hex}"
        self.set(key, {"check": key})
        self.delete(key)
        return f"The {self.name} {self._path} stored, returned and removed a test item."

    def _document(self, key: str) -> str | None:
        sealed = _load(self._path)
        if sealed is None:
            return None
        keys = self._unlocked(sealed)
        item = sealed.items.get(keys.item_id(key))
        try:
            return None if item is None else keys.open(key, item)
        except sealing.WrongKeyError:
            raise damaged(key) from None

    def _unlocked(self, sealed: SealedFile) -> Keys:
        with self._unlocking:
            if self._keys is None or self._keys.vault_id != sealed.vault_id:
                self._keys = _opened(self._path, sealed, self._passphrase)
            return self._keys


def change_passphrase(home: Path, old: str, new: str) -> None:
    """Put the encrypted file of the data directory `home` under another passphrase.

    Copies made earlier still open with the old one. Processes that have the file open keep working.
    Raises `CredentialsError`: "vault_missing", "vault_locked" when `old` is wrong or `new` is empty, and what reading
    and writing the file raise.
    """
    _require(new)
    path = home / VAULT_NAME
    with one_writer(home, seconds=_LOCK_SECONDS):
        sealed = _load(path)
        if sealed is None:
            raise CredentialsError(
                "vault_missing",
                f"There is no encrypted file {path}.",
                f"It is made when credentials are stored with {PASSPHRASE_VARIABLE} set.",
            )
        _replace(path, sealing.rewrap(sealed, _opened(path, sealed, old), new))


def _require(passphrase: str) -> None:
    if not passphrase:
        raise CredentialsError(
            "vault_locked", "The passphrase for the encrypted file is empty.", "Give a passphrase of some length."
        )


def _opened(path: Path, sealed: SealedFile, passphrase: str) -> Keys:
    try:
        return sealing.unlock(sealed, passphrase)
    except sealing.WrongKeyError:
        raise CredentialsError(
            "vault_locked",
            f"The passphrase does not open {path}, or the file's header was altered.",
            "Check the passphrase; if it is right, restore the file from a backup, or remove it and connect again.",
        ) from None


def _load(path: Path) -> SealedFile | None:
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise _exposed(path)
            return SealedFile.parse(file.read())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, "read", error) from error
    except sealing.UnknownFormatError:
        raise CredentialsError(
            "vault_unknown",
            f"{path} has a version or key derivation that this revtops does not accept.",
            "If a newer revtops wrote it, upgrade; otherwise somebody altered it: restore it from a backup.",
        ) from None
    except sealing.MalformedError:
        raise CredentialsError(
            "vault_damaged",
            f"{path} is damaged: it is not a complete credentials file.",
            "Restore it from a backup, or remove it and connect again.",
        ) from None


def _exposed(path: Path) -> CredentialsError:
    return CredentialsError(
        "vault_exposed",
        f"{path} can be opened by other users of this machine, so it is not used.",
        f"Run `chmod 600 {path}`; if others could read it, change the passphrase and renew the credentials.",
    )


def _unusable(path: Path, verb: str, error: OSError) -> CredentialsError:
    return CredentialsError(
        "vault_unusable",
        f"{path} could not be {verb}: {error.strerror or type(error).__name__}.",
        "Check the disk's free space and the permissions of the data directory; what was stored before is untouched.",
    )


def _replace(path: Path, sealed: SealedFile) -> None:
    """Put new content in place, whole or not at all. The caller holds the lock."""
    try:
        for stale in path.parent.glob(f"{_TEMP_PREFIX}*"):  # of writers that were killed or ran out of disk
            stale.unlink()
        with tempfile.NamedTemporaryFile(prefix=_TEMP_PREFIX, dir=path.parent, delete=False) as file:  # mode 0600
            file.write(sealed.dump())
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
        _sync_directory(path.parent)
    except OSError as error:
        raise _unusable(path, "written", error) from error


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":
        return  # Windows has no handle to flush; its rename is journalled
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
