"""What must not be shown of a request or an answer, taken out: by name, and by value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit, urlunsplit

import orjson

MASK = "***"
BODY_LIMIT = 8 * 1024 * 1024
"""Bytes of a body that are kept for showing: a whole page of records, and no file."""

_SHORTEST_SECRET = 4
"""Credentials also hold flags and numbers; masking "1" wherever it stands would hide everything and protect nothing."""

_NAMES = (
    "authorization", "cookie", "token", "secret", "key", "signature", "password", "passphrase", "credential",
    "assertion", "verifier",
)  # fmt: skip
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


class Redactor:
    """Masks by name (see `is_sensitive`) and every value that `secrets` yields, however it is written.

    `secrets` is asked each time: a refreshed token is masked from its first use on.
    """

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        self._secrets = secrets
        self._known: frozenset[str] = frozenset()
        self._forms: list[bytes] = []

    def text(self, text: str) -> str:
        """`text` without the known secrets."""
        return self._mask_values(text.encode("utf-8", "replace")).decode("utf-8", "replace")

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
        known = frozenset(secret for secret in self._secrets() if len(secret) >= _SHORTEST_SECRET)
        if known == self._known:
            return
        forms = {form.encode("utf-8", "replace") for secret in known for form in _written_forms(secret)}
        # The longest first, in case one secret is a part of another.
        self._known, self._forms = known, sorted(forms, key=len, reverse=True)


def _written_forms(secret: str) -> Iterable[str]:
    return (
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    )


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
