"""A request as the connector means it, through all its attempts."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypedDict

import orjson

from connectors.http.rates import Pacer
from connectors.http.urls import Params, encode_pairs

READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing (RFC 9110, 9.2.1), of those that APIs use."""
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Of the methods that HTTP defines as idempotent (RFC 9110, 9.2.2), those that APIs use."""


_numbers = count(1)


class RequestOptions(TypedDict, total=False):
    """The keywords of `HttpClient.request`, for its shortcuts."""

    params: Params | None
    json: Any
    content: bytes | str | None
    data: Params | None
    files: Any
    headers: Mapping[str, str] | None
    repeatable: bool | None
    reads: bool
    expect: Container[int]
    budget: str
    timeout: float | None
    most: int | None


@dataclass
class Call:
    """What is asked, with its body encoded, and how far it got: `attempt` counts from 1, `waited` in seconds.

    `renewed`: it was refused, and sent again with other credentials. `number` tells it from every other call of this
    process.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    repeatable: bool | None
    expect: Container[int]
    pacer: Pacer
    timeout: float | None
    most: int | None = None
    reads: bool = False
    attempt: int = 0
    waited: float = 0.0
    renewed: bool = False
    number: int = field(default_factory=_numbers.__next__)

    @property
    def may_change(self) -> bool:
        """Whether it may change something at the vendor."""
        return not self.reads and self.method not in READING

    @property
    def may_run_twice(self) -> bool:
        """Whether it may be sent again although it may have been carried out."""
        return self.method in _REPEATABLE if self.repeatable is None else self.repeatable

    @property
    def may_follow_refusal(self) -> bool:
        """Whether it may be sent again after it was refused, and so surely not carried out."""
        return self.repeatable is not False


@dataclass(frozen=True)
class Failure:
    """Why no usable answer came. `words` complete "no usable answer: …"; `sent` if it may have been carried out."""

    cause: Exception | None
    words: str
    sent: bool = True


class UnsendableError(Exception):
    """The request cannot be put on the wire. Its text names no value: the offending one may be the credentials."""


def encode_body(json: Any, content: bytes | str | None, data: Params | None, files: Any) -> tuple[bytes | None, str]:
    """The bytes of a request's body and their content type. Bytes, and not a stream: they may be sent again."""
    if sum(given is not None for given in (json, content, data if files is None else files)) > 1:
        raise ValueError("a request has one body: json, content, data, or files with data")
    if json is not None:
        return orjson.dumps(json), "application/json"
    if files is not None:
        from connectors.http.wire import encode_multipart

        return encode_multipart(data, files)
    if data is not None:
        return encode_pairs(data).encode("ascii"), "application/x-www-form-urlencoded"
    return (content.encode() if isinstance(content, str) else content), ""
