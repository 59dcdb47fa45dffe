"""The format of the encrypted credentials file, and its cryptography. Nothing here touches a disk.

A random 32-byte key encrypts the items; a key derived from the passphrase (argon2id) encrypts that random key, so a new
passphrase re-wraps 32 bytes instead of every item. All encryption is AES-256-GCM with a random 96-bit nonce. Item names
are keyed hashes: without the passphrase the file tells how many connections there are, not which.
"""

import base64
import hmac
import json
import os
import unicodedata
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

FORMAT = "revtops-credentials"
VERSION = 1
_KEY_BYTES = 32
_NONCE_BYTES = 12
_SALT_BYTES = 16


class SealError(Exception):
    """Sealed content cannot be used; the subclasses say why."""


class UnknownFormatError(SealError):
    """The file is of a version, or asks for key derivation, that this program does not accept."""


class MalformedError(SealError):
    """The file is not complete, or not a credentials file at all."""


class WrongKeyError(SealError):
    """The passphrase does not open the file, or what it protects was altered."""


@dataclass(frozen=True)
class Kdf:
    """Parameters of argon2id. The defaults are the second recommendation of RFC 9106 (about 0.2 s)."""

    salt: str
    memory_kib: int = 64 * 1024
    iterations: int = 3
    lanes: int = 4
    name: str = "argon2id"

    def acceptable(self) -> bool:
        """Whether a file may ask for this: weaker would be a downgrade, much stronger would stall the machine."""
        return (
            self.name == "argon2id"
            and 64 * 1024 <= self.memory_kib <= 1024 * 1024
            and 3 <= self.iterations <= 16
            and 1 <= self.lanes <= 16
            and len(_unpack(self.salt)) == _SALT_BYTES
        )

    def derive(self, passphrase: str) -> bytes:
        # One person types the same accented letter as one or as two code points, depending on the keyboard.
        secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogateescape")
        return Argon2id(
            salt=_unpack(self.salt),
            length=_KEY_BYTES,
            iterations=self.iterations,
            lanes=self.lanes,
            memory_cost=self.memory_kib,
        ).derive(secret)


@dataclass(frozen=True)
class SealedFile:
    """The content of a credentials file: a header in the clear, and the sealed items by their hashed names."""

    vault_id: str
    kdf: Kdf
    wrapped_key: str
    items: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Raises `MalformedError` or `UnknownFormatError`."""
        try:
            fields = json.loads(content)
            if fields["format"] != FORMAT:
                raise MalformedError
            if fields["version"] != VERSION:
                raise UnknownFormatError
            kdf = Kdf(**fields["kdf"])
            sealed = cls(str(fields["id"]), kdf, str(fields["wrapped_key"]), _texts(fields["items"]))
            acceptable = kdf.acceptable()
        except (KeyError, TypeError, ValueError):
            raise MalformedError from None
        if not acceptable:
            raise UnknownFormatError
        return sealed

    def dump(self) -> bytes:
        header = {"format": FORMAT, "version": VERSION, "id": self.vault_id, "kdf": asdict(self.kdf)}
        return json.dumps({**header, "wrapped_key": self.wrapped_key, "items": self.items}, indent=1).encode()

    def with_items(self, items: dict[str, str]) -> Self:
        return replace(self, items=items)


@dataclass(frozen=True, repr=False)
class Keys:
    """The keys of one unlocked credentials file. They stay valid when its passphrase changes."""

    vault_id: str
    _content_key: bytes

    def item_id(self, key: str) -> str:
        """The name under which the item of connection `key` is filed."""
        return hmac.digest(self._subkey(b"item names"), key.encode(), "sha256").hex()

    def seal(self, key: str, document: str) -> str:
        return _seal(self._subkey(b"items"), document.encode(), self._bound_to(key))

    def open(self, key: str, sealed: str) -> str:
        """Raises `WrongKeyError` when the item was altered or belongs to another connection or file."""
        return _open(self._subkey(b"items"), sealed, self._bound_to(key)).decode()

    def _bound_to(self, key: str) -> bytes:
        return _canonical([FORMAT, VERSION, self.vault_id, self.item_id(key)])

    def _subkey(self, purpose: bytes) -> bytes:
        return HKDFExpand(SHA256(), _KEY_BYTES, b"revtops credentials: " + purpose).derive(self._content_key)


def create(passphrase: str) -> tuple[SealedFile, Keys]:
    """A new empty file, and its keys."""
    keys = Keys(os.urandom(16).hex(), os.urandom(_KEY_BYTES))
    return _wrap(keys, passphrase, {}), keys


def unlock(sealed: SealedFile, passphrase: str) -> Keys:
    """The keys of a file. Takes about 0.2 s by design. Raises `WrongKeyError`."""
    bound_to = _header(sealed.vault_id, sealed.kdf)
    return Keys(sealed.vault_id, _open(sealed.kdf.derive(passphrase), sealed.wrapped_key, bound_to))


def rewrap(sealed: SealedFile, keys: Keys, passphrase: str) -> SealedFile:
    """The same file, whose keys these are, under another passphrase."""
    return _wrap(keys, passphrase, sealed.items)


def _wrap(keys: Keys, passphrase: str, items: dict[str, str]) -> SealedFile:
    kdf = Kdf(salt=_pack(os.urandom(_SALT_BYTES)))
    wrapped = _seal(kdf.derive(passphrase), keys._content_key, _header(keys.vault_id, kdf))
    return SealedFile(keys.vault_id, kdf, wrapped, items)


def _header(vault_id: str, kdf: Kdf) -> bytes:
    return _canonical([FORMAT, VERSION, vault_id, asdict(kdf)])


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _seal(key: bytes, plain: bytes, bound_to: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return _pack(nonce + AESGCM(key).encrypt(nonce, plain, bound_to))


def _open(key: bytes, sealed: str, bound_to: bytes) -> bytes:
    try:
        data = _unpack(sealed)
        return AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        raise WrongKeyError from None


def _pack(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unpack(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise MalformedError
    return value
