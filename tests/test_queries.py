"""The history of queries: each once, newest first, bounded, and everybody's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from revtops_tui.engine import queries
from revtops_tui.engine.errors import EngineError
from revtops_tui.engine.workspace import Workspace
from store.credentials import MemoryCredentials
from store.queries import KEPT


@pytest.fixture
def ws(home: Path) -> Iterator[Workspace]:
    """A workspace of the test's own."""
    with Workspace(home, credentials=MemoryCredentials()) as workspace:
        yield workspace


def _texts(ws: Workspace, connection: str | None = None) -> list[str]:
    return [query.text for query in queries.history(ws, connection)]


def test_newest_first_and_each_once(ws: Workspace) -> None:
    for text in ("one", "two", "one"):
        queries.remember(ws, None, text)
    assert _texts(ws) == ["one", "two"]


def test_every_target_and_organization_has_its_own(ws: Workspace) -> None:
    queries.remember(ws, None, "here")
    queries.remember(ws, "shop", "there")
    assert (_texts(ws), _texts(ws, "shop"), _texts(ws, "shop:emea")) == (["here"], ["there"], [])
    assert _texts(ws.seen_by("acme")) == []


def test_the_oldest_go_and_saved_ones_stay(ws: Workspace) -> None:
    queries.save(ws, "kept", "q0")
    for number in range(KEPT + 3):
        queries.remember(ws, None, f"q{number}")
    assert _texts(ws) == [f"q{number}" for number in range(KEPT + 2, 2, -1)]
    assert [query.name for query in queries.saved(ws)] == ["kept"]


def test_what_is_too_long_to_be_typed_is_not_kept(ws: Workspace) -> None:
    queries.remember(ws, None, "x" * (queries.LONGEST + 1))
    assert _texts(ws) == []


def test_renaming(ws: Workspace) -> None:
    first = queries.save(ws, "first", "select 1")
    queries.save(ws, "second", "select 2", connection="shop")
    assert queries.rename(ws, "first", "first") == first
    assert queries.rename(ws, "first", " other ").name == "other"
    with pytest.raises(EngineError, match="There is a query named second already"):
        queries.rename(ws, "other", "second")
    with pytest.raises(EngineError, match="There is no saved query first"):
        queries.rename(ws, "first", "third")
    assert [(query.name, query.connection) for query in queries.saved(ws)] == [("other", None), ("second", "shop")]


def test_forgetting(ws: Workspace) -> None:
    queries.remember(ws, None, "one")
    (query,) = queries.history(ws, None)
    queries.forget(ws, query)
    queries.forget(ws, query)  # twice is no mistake: another window may have been first
    assert _texts(ws) == []
