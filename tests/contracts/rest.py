"""Checking HTTP exchanges against OpenAPI, Swagger and discovery documents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Any

from revtops_tui.simulators.server import ServedExchange
from tests.contracts.changes import Overlay
from tests.contracts.documents import SOURCES, Described, Document
from tests.contracts.overlays import OVERLAYS
from tests.contracts.routes import Routes
from tests.contracts.schemas import Reading
from tests.contracts.texts import coerced, is_list, members, pairs, parts, texts
from tests.contracts.uncovered import UNCOVERED
from tests.contracts.violation import Violation

Json = dict[str, Any]
Check = Callable[[Any], list[str]]


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


class RestContract:
    """All documents of a vendor."""

    def __init__(self, vendor: str) -> None:
        self.vendor = vendor
        self.overlays = tuple(OVERLAYS.get(vendor, ()))
        self.described = [each for source in SOURCES[vendor] for each in Document.load(source).operations]
        self._operations: dict[Described, Operation] = {}
        self._routes = Routes((each.name, each) for each in self.described)
        self._uncovered = Routes(UNCOVERED.get(vendor, {}).items())

    def operation(self, described: Described) -> Operation:
        """An operation, read when first asked for."""
        if described not in self._operations:
            self._operations[described] = Operation(described, self.overlays)
        return self._operations[described]

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation that a request is for, and its path's parameters."""
        found = self._routes.find(method, path)
        return None if found is None else (self.operation(found[0]), found[1])

    def check(self, exchange: ServedExchange) -> Iterator[Violation]:
        """What does not fit: the request if a connector made it, the reply always."""
        say = partial(Violation, self.vendor, f"{exchange.method} {exchange.path}")
        found = self.find(exchange.method, exchange.path)
        from_connector = exchange.request_headers.get("user-agent") == "revtops"
        if found is None:
            if from_connector and self._uncovered.find(exchange.method, exchange.path) is None:
                files = ", ".join(source.file for source in SOURCES[self.vendor])
                others = self._routes.methods(exchange.path)
                hint = f"that path has {', '.join(others)}" if others else "no document has this path"
                yield say(f"is not an operation: {hint}, and it is not listed in uncovered.py", files)
            return
        operation, path = found
        if from_connector:
            for what, where in _request_problems(operation, path, exchange):
                yield say(what, f"{operation.place}, {where}")
        for what, where in _reply_problems(operation, exchange):
            yield say(what, f"{operation.place}, {where}")


# -- requests ----------------------------------------------------------------------------------------------------------

Problems = Iterator[tuple[str, str]]


def _request_problems(operation: Operation, path: dict[str, str], exchange: ServedExchange) -> Problems:
    for name, text in path.items():
        if ("path", name) in operation.parameters:
            for problem in operation.parameter_problems("path", name, [text]):
                yield f"in the path, {name} = {text!r}: {problem}", "path parameters"
    yield from _query_problems(operation, pairs(exchange.query))
    for (where, name), parameter in operation.parameters.items():
        if where == "header" and parameter.get("required") and name not in exchange.request_headers:
            yield f"the header {name} is missing", "headers"
    yield from _body_problems(operation, exchange)


def _query_problems(operation: Operation, given: dict[str, list[str]]) -> Problems:
    known = {name for where, name in operation.parameters if where == "query"}
    for name, texts_ in given.items():
        if name not in known:
            yield f"the query parameter {name!r} is not in the document", "query parameters"
            continue
        for problem in operation.parameter_problems("query", name, texts_):
            yield f"the query parameter {name} = {','.join(texts_)!r}: {problem}", "query parameters"
    for name in sorted(known):
        if operation.parameters["query", name].get("required") and name not in given:
            yield f"the query parameter {name!r} is missing", "query parameters"


def _body_problems(operation: Operation, exchange: ServedExchange) -> Problems:
    body = operation.content.get("requestBody")
    if body is None:
        if exchange.request_body.strip() not in (b"", b"{}"):
            yield "a body is sent, where none is described", "request body"
        return
    if not exchange.request_body:
        if body.get("required"):
            yield "the body is missing", "request body"
        return
    kind = _kind(exchange.request_headers.get("content-type", ""))
    media = _media(body["content"], kind)
    if media is None:
        yield f"the body is {kind or 'of no type'}, not {' or '.join(body['content'])}", "request body"
    elif "schema" in media:
        where = f"request body, {kind}"
        try:
            value = _sent_value(operation, media["schema"], kind, exchange)
        except ValueError as error:
            yield f"the body cannot be read: {error}", where
            return
        for problem in operation.check(("body", kind), operation.sent, media["schema"])(value):
            yield f"in the body, {problem}", where


def _sent_value(operation: Operation, schema: Json, kind: str, exchange: ServedExchange) -> Any:
    body = exchange.request_body
    resolve = operation.sent.resolved
    if kind == "application/x-www-form-urlencoded":
        return members(pairs(body.decode()), schema, resolve)
    if kind == "multipart/form-data":
        return members(texts(parts(exchange.request_headers["content-type"], body)), schema, resolve)
    if kind == "multipart/related":
        return json.loads(parts(exchange.request_headers["content-type"], body)[0].content)
    return json.loads(body)


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _media(content: Json, kind: str) -> Json | None:
    for described, media in content.items():
        if _kind(described) == kind:
            found: Json = media
            return found
    return next((media for described, media in content.items() if _covers(_kind(described), kind)), None)


def _covers(described: str, kind: str) -> bool:
    return described == "*/*" or (described.endswith("/*") and kind.startswith(described[:-1]))


# -- replies -----------------------------------------------------------------------------------------------------------


def _reply_problems(operation: Operation, exchange: ServedExchange) -> Problems:
    if not exchange.whole or exchange.fault == "schema_drift":  # broken on purpose
        return
    described = operation.reply(exchange.status, exchange.reply_body)
    if described is None:
        if exchange.status < 400:  # refusals are left out of most documents
            known = ", ".join(operation.content["responses"])
            yield f"is answered with {exchange.status}; described are {known}", "replies"
        return
    if not described:
        return
    kind = _kind(exchange.reply_headers.get("content-type", ""))
    where = f"reply {exchange.status}, {kind}"
    media = _media(described, kind)
    if media is None:
        if exchange.reply_body:
            yield f"is answered with {kind or 'no content type'}, not {' or '.join(described)}", where
    elif "schema" in media and "json" in kind:
        value = json.loads(exchange.reply_body)
        for problem in operation.check(id(media), operation.received, media["schema"])(value):
            yield f"in the reply, {problem}", where
