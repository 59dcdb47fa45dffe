"""What must not be shown of a request or an answer, taken out: by name, and by value."""

from __future__ import annotations

import html
import json
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit, urlunsplit

import orjson

from connectors.oauth import SECRETS

if TYPE_CHECKING:
    from connectors.registry import AuthField

MASK = "***"
BODY_LIMIT = 8 * 1024 * 1024
"""Bytes of a body that are kept for showing: a whole page of records, and no file."""

_SHORTEST_SECRET = 4
"""Credentials also hold flags and numbers; masking "1" wherever it stands would hide everything and protect nothing."""
SHORTEST_IN_DATA = 12
"""What is as short as a word stands in data for reasons of its own, and data that is changed is wrong."""
_SHORTEST_IN_BASE64 = 8

_NAMES = (
    "authorization", "cookie", "token", "secret", "key", "signature", "password", "passphrase", "credential",
    "assertion", "verifier",
)  # fmt: skip
_PLAIN_RUN = re.compile(r"[A-Za-z0-9_-]{16,}")
_URL_SAFE = str.maketrans("+/", "-_")
_SENSITIVE = re.compile("|".join(_NAMES), re.IGNORECASE)
_SENSITIVE_BYTES = tuple(name.encode() for name in _NAMES)
_REST_OF_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+"(\s*:)?', re.DOTALL)
_BROKEN_JSON_FIELD = re.compile(
    rb'("[^"\\]*(?:' + b"|".join(_SENSITIVE_BYTES) + rb')[^"\\]*"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[^\s",}\]]+)',
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_sensitive(name: str) -> bool:
    """Whether a header, parameter or field of this name holds a secret."""
    return _SENSITIVE.search(name) is not None


def secret_values(fields: Iterable[AuthField], credentials: Mapping[str, Any]) -> list[str]:
    """What nobody may see of some credentials: what is declared to be a password, what a sign-in left, whatever has
    the name of a secret, and what stands where an address has one."""
    declared = SECRETS | {field.name for field in fields if field.type == "password"}
    return [
        secret
        for name, value in credentials.items()
        if value and not isinstance(value, bool)
        for secret in ([str(value)] if name in declared or is_sensitive(name) else _in_address(str(value)))
    ]


def environment_secrets() -> Iterator[str]:
    """What this process was told by variables that have the name of a secret; which keyring is used is none."""
    return (value for name, value in os.environ.items() if is_sensitive(name.replace("KEYRING", "")))


def _in_address(text: str) -> Iterator[str]:
    """The password and the parameters with the name of a secret, where the text is a URL."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return
    if parts.scheme and parts.password:
        yield unquote(parts.password)
    for name, _, value in (pair.partition("=") for pair in parts.query.split("&")):
        if value and _holds_secret(name):
            yield unquote_plus(value)


class Redactor:
    """Masks by name (see `is_sensitive`) and every value that `secrets` yields, however it is written.

    `secrets` is asked each time: a refreshed token is masked from its first use on. `shortest`: how long they must be.
    """

    def __init__(self, secrets: Callable[[], Iterable[str]], *, shortest: int = _SHORTEST_SECRET) -> None:
        self._secrets = secrets
        self._shortest = shortest
        self._known: frozenset[str] = frozenset()
        self._forms: list[bytes] = []
        self._forms_in_json: list[bytes] = []

    def text(self, text: str) -> str:
        """`text` without the known secrets."""
        return self._mask_values(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    def finds(self, data: bytes) -> bool:
        """Whether a known secret is written in it."""
        self._refresh()
        return any(form in data for form in self._forms)

    def finds_in_json(self, data: bytes) -> bool:
        """Whether a known secret is written in a text of some JSON that orjson wrote."""
        self._refresh()
        return any(form in data for form in self._forms_in_json)

    def json(self, value: Any) -> Any:
        """A JSON value without the known secrets, names of fields included; the same one where there is none in it."""
        try:
            if not self.finds(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)):
                return value
        except (TypeError, RecursionError):
            pass  # looked at piece by piece: orjson takes no integer of more than 64 bits
        try:
            return self._masked(value)
        except RecursionError:  # it holds itself
            return MASK if self.finds(str(value).encode("utf-8", "replace")) else value

    def _masked(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {self.text(n) if isinstance(n, str) else n: self._masked(item) for n, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._masked(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def url(self, url: str) -> str:
        """A URL without user info, sensitive parameters and known secrets."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return MASK
        netloc = parts.netloc.rpartition("@")[2]
        path = "/".join(self._encoded(part, unquote) for part in parts.path.split("/"))
        query = self._pairs(parts.query)
        return urlunsplit(parts._replace(netloc=netloc, path=path, query=query, fragment=""))

    def headers(self, headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
        """Headers by lower-case name; repeated ones joined as HTTP joins them."""
        shown: dict[str, str] = {}
        for raw_name, raw_value in headers:
            name = raw_name.decode("latin-1").lower()
            value = self._header(name, raw_value.decode("latin-1"))
            shown[name] = f"{shown[name]}, {value}" if name in shown else value
        return shown

    def body(self, body: bytes, content_type: str) -> bytes:
        """A body fit to be shown: fields masked, cut at `BODY_LIMIT` bytes."""
        if content_type.startswith("multipart/"):
            return f"[{len(body)} bytes of {content_type.partition(';')[0]}]".encode()
        if "x-www-form-urlencoded" in content_type:
            body = self._pairs(body.decode("latin-1")).encode("latin-1")
        elif "json" in content_type or body[:1] in (b"{", b"["):
            body = _mask_json(body)
        return self._mask_values(body)[:BODY_LIMIT]  # not cut first: half a secret would not be found

    def _header(self, name: str, value: str) -> str:
        if is_sensitive(name):
            return MASK
        return self.url(value) if name == "location" else self.text(value)

    def _pairs(self, query: str) -> str:
        """A query or form."""
        return "&".join(map(self._pair, query.split("&")))

    def _pair(self, pair: str) -> str:
        name, _, value = pair.partition("=")
        return f"{name}={MASK}" if value and _holds_secret(name) else self._encoded(pair, unquote_plus)

    def _encoded(self, part: str, decode: Callable[[str], str]) -> str:
        """A part of a URL; which characters are percent-encoded in it is anybody's choice."""
        decoded = decode(part)
        masked = self.text(decoded)
        return part if masked == decoded else quote(masked, safe="=*")

    def _mask_values(self, data: bytes) -> bytes:
        self._refresh()
        for form in self._forms:
            if form in data:
                data = data.replace(form, MASK.encode())
        return data

    def _refresh(self) -> None:
        known = frozenset(secret for secret in self._secrets() if len(secret) >= self._shortest)
        if known == self._known:
            return
        forms = {form.encode("utf-8", "replace") for secret in known for form in _written_forms(secret)}
        # The longest first, in case one secret is a part of another.
        self._forms = sorted(forms, key=len, reverse=True)
        self._forms_in_json = [orjson.dumps(form.decode())[1:-1] for form in self._forms]
        self._known = known


def _written_forms(secret: str) -> Iterator[str]:
    """Once and twice: a request's body is JSON text, and stands in the JSON of an answer that quotes it. What is long
    in it and needs no other form is looked for by itself, however often the rest was escaped."""
    once = {secret, *_escaped(secret), *_PLAIN_RUN.findall(secret)}
    yield from once
    for form in once:
        yield from _escaped(form)
        if len(form) >= _SHORTEST_IN_BASE64:
            yield from _in_base64(form.encode("utf-8", "replace"))


def _escaped(text: str) -> Iterator[str]:
    in_json = json.dumps(text)[1:-1]
    yield from (quote(text, safe=""), quote_plus(text), html.escape(text), repr(text)[1:-1])
    yield from (in_json, json.dumps(text, ensure_ascii=False)[1:-1])
    yield in_json.replace("/", "\\/")  # PHP
    yield in_json.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")  # Go


def _in_base64(secret: bytes) -> Iterator[str]:
    """What of it is the same in the Base64 of every text that it stands in, at each of the three places it can have:
    `user:password` is written like that."""
    for before, begun in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(secret)) * 8 // 6
        encoded = b64encode(bytes(before) + secret).decode()[begun:whole]
        yield encoded
        yield encoded.translate(_URL_SAFE)


def _holds_secret(parameter: str) -> bool:
    """`code` is what OAuth calls a secret in queries and forms; in JSON it is what errors have."""
    return parameter == "code" or is_sensitive(parameter)


def _mask_json(body: bytes) -> bytes:
    lowered = body.lower()
    if not any(_names_a_field(lowered, name) for name in _SENSITIVE_BYTES):
        return body  # taking the document apart costs more than the request, and most have no such field
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _BROKEN_JSON_FIELD.sub(rb'\1"' + MASK.encode() + b'"', body)
    masked = _mask_fields(document)
    return body if masked == document else orjson.dumps(masked)


def _names_a_field(document: bytes, word: bytes) -> bool:
    """Whether the name of a field has the word in it: in the values of a page it stands more often than not."""
    at = document.find(word)
    while at >= 0:
        rest = _REST_OF_STRING.match(document, at)
        if rest is None or rest[1]:
            return True
        at = document.find(word, rest.end())
    return False


def _mask_fields(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if item and item is not True and is_sensitive(name) else _mask_fields(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_mask_fields(item) for item in value]
    return value
