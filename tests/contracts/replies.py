"""Checking a reply: its status and its body, as far as they are described."""

from __future__ import annotations

import json
from collections.abc import Iterator

from revtops_tui.simulators.server import ServedExchange
from tests.contracts.operation import Json, Operation, Problems, kind_of, media_for


def reply_problems(operation: Operation, exchange: ServedExchange) -> Problems:
    """What is wrong with a reply. One that was bent or broken off on purpose is not judged."""
    if not exchange.whole or exchange.fault == "schema_drift":
        return
    described = operation.reply(exchange.status, exchange.reply_body)
    if described is None:
        if exchange.status < 400:  # refusals are left out of most documents
            known = ", ".join(operation.content["responses"])
            yield f"is answered with {exchange.status}; described are {known}", "replies"
    elif described:
        kind = kind_of(exchange.reply_headers.get("content-type", ""))
        for problem in _body_problems(operation, exchange, described, kind):
            yield problem, f"reply {exchange.status}, {kind}"


def _body_problems(operation: Operation, exchange: ServedExchange, described: Json, kind: str) -> Iterator[str]:
    media = media_for(described, kind)
    if exchange.status == 204:
        if exchange.reply_body:
            yield "is answered with 204 and a body"
    elif media is None:
        yield f"is answered with {kind or 'no content type'}, not {' or '.join(described)}"
    elif "schema" in media and "json" in kind:
        try:
            value = json.loads(exchange.reply_body)
        except ValueError as error:
            yield f"the reply is not JSON: {error}"
            return
        for problem in operation.check(id(media), operation.received, media["schema"])(value):
            yield f"in the reply, {problem}"
