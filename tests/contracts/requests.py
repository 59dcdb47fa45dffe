"""Checking a request, strictly: nothing may be in it that is not described."""

from __future__ import annotations

import json
from typing import Any

from revtops_tui.simulators.server import ServedExchange
from tests.contracts.operation import Json, Operation, Problems, kind_of, media_for
from tests.contracts.texts import members, pairs, parts, texts


def request_problems(operation: Operation, path: dict[str, str], exchange: ServedExchange) -> Problems:
    """What is wrong with a request; `path` has the parameters in its path."""
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
    given, objects = _objects(operation, given)
    for name, value in objects.items():
        schema = operation.parameters["query", name]["schema"]
        for problem in operation.check(("query", name), operation.sent, schema)(value):
            yield f"the query parameter {name} = {value!r}: {problem}", "query parameters"
    for name, texts_ in given.items():
        if name not in known:
            yield f"the query parameter {name!r} is not in the document", "query parameters"
            continue
        for problem in operation.parameter_problems("query", name, texts_):
            yield f"the query parameter {name} = {','.join(texts_)!r}: {problem}", "query parameters"
    for name in sorted(known):
        if operation.parameters["query", name].get("required") and name not in {*given, *objects}:
            yield f"the query parameter {name!r} is missing", "query parameters"


def _objects(operation: Operation, given: dict[str, list[str]]) -> tuple[dict[str, list[str]], dict[str, Json]]:
    """The parameters that are written one by one, and those that are objects: `tags[name]=value` (style deepObject)."""
    plain: dict[str, list[str]] = {}
    objects: dict[str, Json] = {}
    for name, texts_ in given.items():
        whole, bracket, key = name.partition("[")
        if bracket and operation.parameters.get(("query", whole), {}).get("style") == "deepObject":
            objects.setdefault(whole, {})[key.rstrip("]")] = texts_[-1]
        else:
            plain[name] = texts_
    return plain, objects


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
    kind = kind_of(exchange.request_headers.get("content-type", ""))
    media = media_for(body["content"], kind)
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
    return json.loads(body) if "json" in kind else body.decode("latin-1")
