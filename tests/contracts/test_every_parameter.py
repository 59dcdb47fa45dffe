"""That each parameter a connector really sends is held against the document: every one is misspelt, and caught."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import orjson
import pytest
from graphql import FieldNode, Visitor, parse, visit

from revtops_tui.simulators.catalog import simulator_class
from revtops_tui.simulators.server import ServedExchange, observers
from tests.contracts.checking import check
from tests.contracts.documents import SPECS
from tests.contracts.routes import Routes
from tests.contracts.uncovered import UNCOVERED
from tests.support.vendors import connected
from tests.test_every_connector import SYNCING


def sent_by_a_sync(slug: str, home: Path) -> list[ServedExchange]:
    """What a connector sends in a full sync and in one that has something to fetch; each shape of a request once."""
    seen: dict[object, ServedExchange] = {}

    def keep(exchange: ServedExchange) -> None:
        if exchange.request_headers.get("user-agent") == "revtops" and exchange.status == 200:
            names = frozenset(name for name, _ in parse_qsl(exchange.query))
            seen.setdefault((exchange.method, exchange.path, names, exchange.request_body), exchange)

    observers.append(keep)
    try:
        with connected(home, simulator_class(slug)(size=10)) as office:
            office.synced()
            for entity in office.simulator.changeable:
                office.simulator.create(entity)
            office.synced()
    finally:
        observers.remove(keep)
    return list(seen.values())


def misspelt(exchange: ServedExchange) -> Iterator[tuple[str, ServedExchange]]:
    """The same request with one name in it misspelt, for each name."""
    pairs = parse_qsl(exchange.query, keep_blank_values=True)
    for at, (name, value) in enumerate(pairs):
        wrong = [*pairs[:at], (f"{name}x", value), *pairs[at + 1 :]]
        yield name, replace(exchange, query=urlencode(wrong))
    if exchange.vendor == "linear":
        yield from misspelt_fields(exchange)
    elif "json" in exchange.request_headers.get("content-type", ""):
        body = orjson.loads(exchange.request_body)
        for name in body:
            wrong_body = {f"{key}x" if key == name else key: value for key, value in body.items()}
            yield name, replace(exchange, request_body=orjson.dumps(wrong_body))


def misspelt_fields(exchange: ServedExchange) -> Iterator[tuple[str, ServedExchange]]:
    body = orjson.loads(exchange.request_body)
    text = body["query"]
    found: list[FieldNode] = []

    class Fields(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            found.append(node)

    visit(parse(text), Fields())
    for node in found:
        assert node.name.loc
        wrong = f"{text[: node.name.loc.end]}x{text[node.name.loc.end :]}"
        yield node.name.value, replace(exchange, request_body=orjson.dumps({**body, "query": wrong}))


@pytest.mark.skipif(not SPECS.is_dir(), reason=f"the vendors' documents are not at {SPECS}")
@pytest.mark.parametrize("slug", SYNCING)
def test_no_parameter_can_be_misspelt(slug: str, home: Path) -> None:
    sent = sent_by_a_sync(slug, home)
    tried = [(exchange, *wrong) for exchange in sent if not uncovered(exchange) for wrong in misspelt(exchange)]
    assert tried
    unnoticed = {f"{one.method} {one.path}: {name}" for one, name, wrong in tried if not check(wrong)}
    assert not unnoticed


def uncovered(exchange: ServedExchange) -> bool:
    """Whether no document describes it, so that the vendor's client library is the authority."""
    listed = Routes(UNCOVERED.get(exchange.vendor, {}).items())
    return listed.find(exchange.method, exchange.path) is not None
