"""One operation of a document, ready to be checked against."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from tests.contracts.changes import Overlay
from tests.contracts.documents import Described
from tests.contracts.schemas import Reading
from tests.contracts.texts import coerced, is_list

Json = dict[str, Any]
Check = Callable[[Any], list[str]]
Problems = Iterator[tuple[str, str]]
"""What is wrong, and in which part of the operation that is described."""

_REFUSED = re.compile(rb'"ok":\s*false')


class Operation:
    """An operation of a document, overlays applied, with what checks its parts; each is compiled when first used."""

    def __init__(self, described: Described, overlays: tuple[Overlay, ...]) -> None:
        self.described = described
        self._checks: dict[object, Check] = {}
        source, self.schemas = described.document.source, described.document.schemas
        self.sent = Reading(self.schemas, closed=True, loose=source.loose)
        self.received = Reading(self.schemas, closed=False, loose=source.loose)
        self.content = _own(described.read())
        self.applied = [o for o in overlays if o.concerns(described.name) and o.apply(self.content, self.schemas)]

    @property
    def place(self) -> str:
        """Where the document has it."""
        return f"{self.described.document.source.file}: {self.described.name}"

    @cached_property
    def parameters(self) -> dict[tuple[str, str], Json]:
        """(in, name) -> parameter. Header names are in lower case."""
        found = {}
        for parameter in self.content["parameters"]:
            name = parameter["name"]
            found[parameter["in"], name.lower() if parameter["in"] == "header" else name] = parameter
        return found

    def parameter_problems(self, where: str, name: str, given: list[str]) -> list[str]:
        """What is wrong with the values of a parameter that is described."""
        parameter = self.parameters[where, name]
        schema = parameter.get("schema", {})
        if (
            "enum" in schema and "comma" in parameter.get("description", "").lower()
        ):  # Pipedrive's way of saying: a list
            schema, parameter = {"type": "array", "items": schema}, {"explode": False}
        if is_list(schema, self.sent.resolved):
            items = self.sent.resolved(schema).get("items") or {}
            exploded = parameter.get("explode", parameter.get("style", "form") == "form")
            if not exploded and len(given) > 1:
                return ["is given twice, where one list with commas is described"]
            singles = given if exploded else given[0].split(",")
            value: Any = [coerced(each, items, self.sent.resolved) for each in singles]
        elif len(given) > 1:
            return ["is given twice"]
        else:
            value = self._single(parameter, given[0])
        return self.check((where, name), self.sent, schema)(value)

    def _single(self, parameter: Json, text: str) -> Any:
        if "content" in parameter:
            return json.loads(text)
        return coerced(text, parameter.get("schema", {}), self.sent.resolved)

    def reply(self, status: int, body: bytes) -> Json | None:
        """The reply of this status: content type -> media type. None where none is described."""
        described = self.content["responses"]
        if self.described.document.source.refuses_with_200 and status == 200 and _REFUSED.search(body):
            status = 0
        for key in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
            if key in described:
                found: Json = described[key]["content"]
                return found
        return None

    def check(self, key: object, reading: Reading, schema: Json) -> Check:
        """The check of a schema, compiled once for the key."""
        if key not in self._checks:
            self._checks[key] = reading.validator(schema)
        return self._checks[key]


def _own(operation: Json) -> Json:
    """A copy as deep as overlays write."""
    result = {**operation, "parameters": list(operation["parameters"])}
    if "requestBody" in operation:
        body = operation["requestBody"]
        result["requestBody"] = {**body, "content": {k: dict(v) for k, v in body["content"].items()}}
    result["responses"] = {
        status: {"content": {kind: dict(media) for kind, media in reply["content"].items()}}
        for status, reply in operation["responses"].items()
    }
    return result


def kind_of(content_type: str) -> str:
    """A content type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def media_for(content: Json, kind: str) -> Json | None:
    """What is described for a content type, by its name or by a range such as `*/*`."""
    for described, media in content.items():
        if kind_of(described) == kind:
            found: Json = media
            return found
    return next((media for described, media in content.items() if _covers(kind_of(described), kind)), None)


def _covers(described: str, kind: str) -> bool:
    return described == "*/*" or (described.endswith("/*") and kind.startswith(described[:-1]))
