"""A parrot, secrets in every place that it and the environment have for them, and everything said over them kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from revtops_tui.simulators.server import SimulatorServer, serve
from tests.support.canaries import SECRET_VARIABLES, Canaries, Parrot, Watched, Witnesses
from tests.support.command_line import CommandLine
from tests.support.prepared import prepared
from tests.support.secret_service import PROGRAMS, secret_service

__all__ = ["secret_service"]  # a fixture


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture(autouse=True)
def surroundings(home: Path, canaries: Canaries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in the environment, and something that is none."""
    for name in SECRET_VARIABLES:
        monkeypatch.setenv(name, canaries.plant(name))
    monkeypatch.setenv("PARROT", "polly")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))


@pytest.fixture
def witnesses(tmp_path: Path) -> Witnesses:
    return Witnesses(tmp_path / "witnesses")


@pytest.fixture
def parrot(canaries: Canaries) -> Parrot:
    return Parrot(canaries)


@pytest.fixture
def server(parrot: Parrot) -> Iterator[SimulatorServer]:
    with serve(parrot.app) as running:
        yield running


@pytest.fixture(scope="session")
def run() -> Iterator[Any]:
    """Runs commands; most of a canary's would be the start of Python."""
    with prepared() as ready:
        yield ready


@pytest.fixture
def watched(revtops: CommandLine, run: Any, witnesses: Witnesses, canaries: Canaries) -> Watched:
    return Watched(revtops, run, witnesses, canaries)


@pytest.fixture
def in_keyring(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials are in a real keyring where there is one: its answer costs a tenth of the encrypted file's key."""
    if all(map(shutil.which, PROGRAMS)):
        request.getfixturevalue("secret_service")
        monkeypatch.delenv("REVTOPS_KEYRING_PASSPHRASE")
