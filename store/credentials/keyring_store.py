"""Credentials in the OS keyring: one item per connection, under the service name "revtops:<key>@<data directory>".

Where the keyring limits the size of an item (Windows), a longer document is split into chunks and the connection's item
holds a manifest instead. Chunks live in two slots: a write fills the slot not in use, then replaces the manifest, then
sweeps everything the manifest does not name. A crash at any point leaves the old or the new document, never a mixture.
"""

import contextlib
import hashlib
import importlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from uuid import uuid4

from store.credentials import Credentials, CredentialsError, damaged, from_document, not_kept, to_document
from store.credentials.keyring_errors import explain
from store.credentials.lock import one_writer

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Backend:
    """A keyring backend that keeps its items encrypted for one user of the machine.

    `limit` is the longest value of one item in UTF-16 code units, None where there is no practical limit.
    """

    label: str
    module: str
    class_name: str
    limit: int | None = None

    def load(self) -> "KeyringBackend":
        backend: KeyringBackend = getattr(importlib.import_module(self.module), self.class_name)()
        return backend


_SECRET_SERVICE = Backend("Secret Service", "keyring.backends.SecretService", "Keyring")
_MACOS = Backend("macOS Keychain", "keyring.backends.macOS", "Keyring")
# CRED_MAX_CREDENTIAL_BLOB_SIZE is 2,560 bytes, and keyring writes UTF-16.
_WINDOWS = Backend("Windows Credential Manager", "keyring.backends.Windows", "WinVaultKeyring", limit=1280)
_KWALLET = Backend("KWallet", "keyring.backends.kwallet", "DBusKeyring")
_LIBSECRET = Backend("libsecret", "keyring.backends.libsecret", "Keyring")

_ALLOWED = {
    f"{backend.module}.{backend.class_name}": backend
    for backend in (_SECRET_SERVICE, _MACOS, _WINDOWS, _KWALLET, _LIBSECRET)
}
_BY_PLATFORM = {"darwin": _MACOS, "win32": _WINDOWS}


def choose_backend() -> Backend:
    """This platform's keyring, or the one that PYTHON_KEYRING_BACKEND names if it is on the list of safe ones.

    `keyring.get_keyring()` is not asked on purpose: it loads any class that an installed package or a configuration
    file offers, and settles for one that writes plain text when nothing better runs.

    Raises `CredentialsError` "backend_refused"; a refused class is not imported.
    """
    asked = os.environ.get("PYTHON_KEYRING_BACKEND")
    if not asked:
        return _BY_PLATFORM.get(sys.platform, _SECRET_SERVICE)
    if asked not in _ALLOWED:
        raise CredentialsError(
            "backend_refused",
            f"PYTHON_KEYRING_BACKEND names {asked!r}, which is not known to keep credentials encrypted.",
            f"Unset it, or name one of: {', '.join(_ALLOWED)}.",
        )
    return _ALLOWED[asked]


_MANIFEST_PREFIX = "revtops-chunks/1 "  # cannot begin a JSON object, which is what the item holds otherwise
_SLOTS = ("a", "b")


class _Manifest(NamedTuple):
    """What a connection's item holds when its document is in chunks: `pieces` of them in `slot`, with this digest."""

    slot: str
    pieces: int
    digest: str

    def dump(self) -> str:
        return f"{_MANIFEST_PREFIX}{self.slot} {self.pieces} {self.digest}"


def _parse_manifest(head: str | None) -> _Manifest | None:
    """The manifest in an item, None when the item holds a document. Raises ValueError when it is damaged."""
    if head is None or not head.startswith(_MANIFEST_PREFIX):
        return None
    slot, pieces, digest = head.removeprefix(_MANIFEST_PREFIX).split(" ")
    return _Manifest(slot, int(pieces), digest)


def _digest(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


class KeyringCredentials:
    """Credentials in the OS keyring. Each data directory has its own items, so two of them never mix.

    Keyring calls can block for ever (a hung service, a dialog nobody sees), so each runs in a daemon thread and is
    given up after `timeout` seconds. Calls run one after another: a late one cannot overwrite a newer one.
    """

    def __init__(self, backend: Backend, home: Path, *, timeout: float) -> None:
        self.name = f"OS keyring ({backend.label})"
        self._backend = backend
        self._home = home.resolve()
        self._timeout = timeout
        self._loaded: KeyringBackend | None = None
        self._in_turn = threading.Lock()

    def get(self, key: str) -> Credentials | None:
        document = self._document(key)
        return None if document is None else from_document(key, document)

    def set(self, key: str, value: Credentials) -> None:
        document = to_document(key, value)
        with self._writer():
            if self._backend.limit is None or len(document) <= self._backend.limit:
                self._write(self._service(key), document)
            else:
                self._write_chunks(key, document, self._backend.limit)
            if self._document(key) != document:
                raise not_kept(key, self.name)
            # The new credentials are safe by now; chunks that stay behind are swept by the next write.
            with contextlib.suppress(CredentialsError):
                self._sweep(key)

    def delete(self, key: str) -> bool:
        with self._writer():
            found = self._remove(self._service(key))
            self._sweep(key)
        return found

    def check(self) -> str:
        key = f"revtops-check/{uuid4().hex}"  # a name of its own: two checks at once must not meet
        self.set(key, {"check": key})
        self.delete(key)
        return f"The {self.name} stored, returned and removed a test item."

    # Documents and their chunks

    def _service(self, key: str) -> str:
        # The path itself is the item's user name, for the person who looks into the keyring.
        return f"revtops:{key}@{hashlib.sha256(str(self._home).encode()).hexdigest()[:8]}"

    def _chunk(self, key: str, slot: str, number: int) -> str:
        # Unique in the service name: Windows renames an item when a second user name appears under its service.
        return f"{self._service(key)}#{slot}{number}"

    def _document(self, key: str) -> str | None:
        head = self._read(self._service(key))
        while manifest := self._manifest(key, head):
            chunks = [self._read(self._chunk(key, manifest.slot, number)) for number in range(manifest.pieces)]
            document = "".join(chunk or "" for chunk in chunks)
            if _digest(document) == manifest.digest:
                return document
            # Another process may have replaced the document between the two reads; then the manifest is new.
            again = self._read(self._service(key))
            if again == head:
                raise damaged(key)
            head = again
        return head

    def _manifest(self, key: str, head: str | None) -> _Manifest | None:
        try:
            return _parse_manifest(head)
        except ValueError:
            raise damaged(key) from None

    def _write_chunks(self, key: str, document: str, limit: int) -> None:
        old = None
        with contextlib.suppress(ValueError):  # a damaged manifest is about to be replaced
            old = _parse_manifest(self._read(self._service(key)))
        slot = "b" if old is not None and old.slot == "a" else "a"
        chunks = [document[start : start + limit] for start in range(0, len(document), limit)]
        for number, chunk in enumerate(chunks):
            self._write(self._chunk(key, slot, number), chunk)
        self._write(self._service(key), _Manifest(slot, len(chunks), _digest(document)).dump())

    def _sweep(self, key: str) -> None:
        """Remove the chunks that the connection's item does not name."""
        if self._backend.limit is None:
            return
        manifest = self._manifest(key, self._read(self._service(key)))
        for slot in _SLOTS:
            first = end = manifest.pieces if manifest is not None and manifest.slot == slot else 0
            while self._read(self._chunk(key, slot, end)) is not None:
                end += 1
            # From the end, so that what an interrupted sweep leaves can be found by counting up again.
            for number in reversed(range(first, end)):
                self._remove(self._chunk(key, slot, number))

    def _writer(self) -> contextlib.AbstractContextManager[None]:
        # A single item is replaced at once by the keyring itself; several need one writer at a time.
        if self._backend.limit is None:
            return contextlib.nullcontext()
        return one_writer(self._home, seconds=self._timeout)

    # Single items of the keyring

    def _read(self, service: str) -> str | None:
        return self._call(lambda backend: backend.get_password(service, str(self._home)))

    def _write(self, service: str, text: str) -> None:
        self._call(lambda backend: backend.set_password(service, str(self._home), text))

    def _remove(self, service: str) -> bool:
        # Asked first: backends report a missing item and a refusal with the same error.
        if self._read(service) is None:
            return False
        self._call(lambda backend: backend.delete_password(service, str(self._home)))
        return True

    def _call(self, action: Callable[["KeyringBackend"], _Answer]) -> _Answer:
        future: Future[_Answer] = Future()

        def work() -> None:
            with self._in_turn:
                if not future.set_running_or_notify_cancel():
                    return  # given up while it waited for its turn
                try:
                    if self._loaded is None:
                        self._loaded = self._backend.load()
                    future.set_result(action(self._loaded))
                except BaseException as error:  # noqa: BLE001 - handed to the caller, who must not wait for ever
                    future.set_exception(error)

        try:
            threading.Thread(target=work, name="revtops-keyring", daemon=True).start()
            return future.result(self._timeout)
        except Exception as error:
            raise explain(error, self._backend.label, self._timeout) from error
        finally:
            future.cancel()  # also after Ctrl-C: nothing is stored behind the back of who gave up
