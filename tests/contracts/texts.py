"""What HTTP carries as text, as the values that a schema is about: parameters, forms, the parts of a multipart body."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from email import policy
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

Json = dict[str, Any]
Resolve = Callable[[Json], Json]

_INTEGER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


def coerced(text: str, schema: Json, resolve: Resolve) -> Any:
    """The value that a text means by its schema; the text itself where it means none, which the schema then refuses."""
    types = _types(schema, resolve)
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    if types & {"integer", "number"} and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    return text


def is_list(schema: Json, resolve: Resolve) -> bool:
    """Whether a schema is one of lists."""
    return "array" in _types(schema, resolve)


def _types(schema: Json, resolve: Resolve) -> set[str]:
    schema = resolve(schema)
    kind = schema.get("type")
    found = {kind} if isinstance(kind, str) else set(kind or ())
    if "string" in found:  # a text is a text, even if a number were allowed too
        return {"string"}
    for key in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(key, ()):
            found |= _types(branch, resolve)
    return found


def pairs(text: str) -> dict[str, list[str]]:
    """A query or a form, in order, blanks kept."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def members(given: Mapping[str, Sequence[str]], schema: Json, resolve: Resolve) -> Json:
    """A form as the object that its schema describes. A name given twice is a list, whatever the schema says."""
    known = properties(schema, resolve)
    result: Json = {}
    for name, texts in given.items():
        described = known.get(name, {})
        if is_list(described, resolve):
            items = resolve(described).get("items") or {}
            result[name] = [coerced(text, items, resolve) for text in texts]
        else:
            values = [coerced(text, described, resolve) for text in texts]
            result[name] = values[0] if len(values) == 1 else values
    return result


def properties(schema: Json, resolve: Resolve) -> Json:
    """The keys that a schema describes, also in its alternatives."""
    schema = resolve(schema)
    found: Json = dict(schema.get("properties", {}))
    for key in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(key, ()):
            found.update(properties(branch, resolve))
    return found


class Part:
    """One part of a multipart body."""

    def __init__(self, name: str, kind: str, content: bytes, *, is_file: bool) -> None:
        self.name, self.kind, self.content, self.is_file = name, kind, content, is_file

    @property
    def text(self) -> str:
        """Its content; of a file a stand-in, because a schema says no more of it than `binary`."""
        return "(a file)" if self.is_file else self.content.decode("utf-8", "replace")


def parts(content_type: str, body: bytes) -> list[Part]:
    """The parts of a multipart body. Raises ValueError if it is none."""
    message = BytesParser(policy=policy.HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    if not message.is_multipart():
        raise ValueError("no multipart body")
    return [_part(part) for part in message.iter_parts()]


def _part(part: Any) -> Part:
    content = part.get_payload(decode=True) or b""
    name = part.get_param("name", header="content-disposition") or ""
    return Part(name, part.get_content_type(), content, is_file=part.get_filename() is not None)


def texts(given: Iterable[Part]) -> dict[str, list[str]]:
    """The parts as a form."""
    found: dict[str, list[str]] = {}
    for part in given:
        found.setdefault(part.name, []).append(part.text)
    return found
