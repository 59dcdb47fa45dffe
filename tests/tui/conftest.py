"""The app over a real data directory, driven by keys; time, place and animations held still."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from revtops_tui.engine.workspace import Workspace
from store.credentials import MemoryCredentials
from tests.tui.driver import Driver
from tests.tui.pictures import Compare, comparing


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every screenshot is taken in UTC, in the same home, in colour."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()


@pytest.fixture
def ws(home: Path) -> Iterator[Workspace]:
    """A workspace of the test's own."""
    with Workspace(home, credentials=MemoryCredentials()) as workspace:
        yield workspace


@pytest.fixture
def driver(ws: Workspace) -> Driver:
    """Opens the app over `ws`."""
    return Driver(ws)


@pytest.fixture
def compare(snapshot: SnapshotAssertion) -> Compare:
    """Compares pictures with those that are kept."""
    return comparing(snapshot)
