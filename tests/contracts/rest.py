"""Checking HTTP exchanges against OpenAPI, Swagger and discovery documents."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from revtops_tui.simulators.server import ServedExchange
from tests.contracts.documents import SOURCES, Described, Document
from tests.contracts.operation import Operation
from tests.contracts.overlays import OVERLAYS
from tests.contracts.replies import reply_problems
from tests.contracts.requests import request_problems
from tests.contracts.routes import Routes
from tests.contracts.uncovered import UNCOVERED
from tests.contracts.violation import Violation


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
            for what, where in request_problems(operation, path, exchange):
                yield say(what, f"{operation.place}, {where}")
        for what, where in reply_problems(operation, exchange):
            yield say(what, f"{operation.place}, {where}")
