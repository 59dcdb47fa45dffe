"""Seeing every exchange of the test process, and failing the test in which one did not fit."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from revtops_tui.simulators.server import ServedExchange, observers
from tests.contracts.checking import check
from tests.contracts.documents import SPECS
from tests.contracts.violation import Violation

_SHOWN = 10
_seen: deque[ServedExchange] = deque()
"""Checked when a test ends and not when they happen: checking would take the simulators' time, in their threads."""


def watch() -> Iterator[None]:
    """See the exchanges of all simulators of this process, as a fixture of the session.

    Raises pytest.UsageError under CI where there are no documents.
    """
    if not SPECS.is_dir():
        if os.environ.get("CI"):
            raise pytest.UsageError(f"The vendors' documents are not at {SPECS}; set REVTOPS_SPECS to where they are.")
        yield
        return
    observers.append(_seen.append)
    yield
    observers.remove(_seen.append)
    _fail(_found())


def judge() -> Iterator[None]:
    """Fail if what was exchanged meanwhile does not fit, as a fixture of each test."""
    yield
    _fail(_found())


@contextmanager
def expected_violations() -> Iterator[list[Violation]]:
    """What does not fit in the block goes into the list, once the block is left, and fails nothing."""
    before = _found()
    caught: list[Violation] = []
    try:
        yield caught
    finally:
        caught.extend(_found())
        _kept.extend(before)


_kept: list[Violation] = []
"""Violations from before a block of expected ones."""


def _found() -> list[Violation]:
    found, _kept[:] = list(_kept), []
    while _seen:
        found.extend(check(_seen.popleft()))
    return list({violation.kind: violation for violation in reversed(found)}.values())[::-1]


def _fail(found: list[Violation]) -> None:
    if found:
        lines = [str(violation) for violation in found[:_SHOWN]]
        more = [f"… and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        pytest.fail("\n".join(["The vendors' documents say otherwise:", *lines, *more]), pytrace=False)
