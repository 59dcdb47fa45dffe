"""The one question: what is wrong with this exchange?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Protocol

from revtops_tui.simulators.server import ServedExchange
from tests.contracts.documents import SOURCES
from tests.contracts.violation import Violation


class Contract(Protocol):
    """A vendor's documents."""

    def check(self, exchange: ServedExchange) -> Iterator[Violation]: ...


@cache
def contract_of(vendor: str) -> Contract:
    """The documents of a vendor, read at the first question about it. Raises KeyError where there are none."""
    if vendor == "linear":
        from tests.contracts.linear import LinearContract

        return LinearContract()
    from tests.contracts.rest import RestContract

    return RestContract(vendor)


def check(exchange: ServedExchange) -> list[Violation]:
    """What does not fit its vendor's documents; nothing for what is no vendor's, such as a test's own server."""
    if not exchange.vendor or exchange.path.startswith("/_simulator/"):
        return []
    if exchange.vendor != "linear" and exchange.vendor not in SOURCES:
        return [Violation(exchange.vendor, f"{exchange.method} {exchange.path}", "has no document", "documents.py")]
    return list(contract_of(exchange.vendor).check(exchange))
