"""The fixture of `bench`; a test module names this module in `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bench import Bench, vendor


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A data directory with a database and no connection, which is also `REVTOPS_HOME`."""
    vendor.__dict__.clear()
    vendor.account = "Ada at Bench"
    home = tmp_path / "bench"
    monkeypatch.setenv("REVTOPS_HOME", str(home))
    bench = Bench(home)
    yield bench
    bench.close()
